// What an operator does on the board, step by step, as a hand would: tick, press, read, confirm, undo.
import { check, same, until } from './check.mjs';
import { act, board } from './interface.mjs';

// Alarms of the world that no case has used yet, so that cases do not meddle with each other's.
export class Stock {
  constructor(daemon) {
    this.daemon = daemon;
    this.used = new Set();
  }

  // `n` alarms for which `fits` holds; of one site when `together`.
  async take(n, fits, { together = false } = {}) {
    const free = (await this.daemon.alarms()).filter((a) => !this.used.has(a.id) && /^SITE-/.test(a.site) && fits(a));
    let found = free;
    if (together) {
      const sites = Map.groupBy ? Map.groupBy(free, (a) => a.site) : group(free, (a) => a.site);
      found = [...sites.values()].find((of) => of.length >= n) ?? [];
    }
    check(found.length >= n, () => `the world has ${found.length} alarms for this case instead of ${n}`);
    for (const a of found.slice(0, n)) this.used.add(a.id);
    return found.slice(0, n);
  }
}

function group(list, by) {
  const groups = new Map();
  for (const one of list) groups.set(by(one), [...(groups.get(by(one)) ?? []), one]);
  return groups;
}

export const queue = (...names) => (a) => names.includes(a.queue);
export const FAILING = ['over-72h', 'over-24h', 'new'];

// Opens the board so that these alarms, and hardly others, stand on its first page.
export async function boardOf(visitor, alarms) {
  const query = [...new Set(alarms.map((a) => `host=${encodeURIComponent(a.host)}`))].join('&');
  const page = await visitor.open(`/?${query}&masked=show`);
  for (const a of alarms) check(await page.locator(board.rowOf(a.id)).count(), `no row of ${a.metric} on ${a.host}`);
  return page;
}

export async function tick(page, alarms) {
  for (const a of alarms) await page.locator(board.rowOf(a.id)).locator(board.box).check();
}

// Asks for an action and waits for the page that says what would be done.
export async function ask(page, what) {
  await page.locator(board.act(what)).click();
  await page.locator(act.heading).waitFor();
}

// Writes into the fields of that page.
export async function fill(page, { reason, text, until: day, leader, kind, cause } = {}) {
  const form = page.locator(act.page);
  if (reason) await form.locator(`[name="reason"][value="${reason}"]`).check();
  if (kind) await form.locator(`[name="kind"][value="${kind}"]`).check();
  if (leader) await form.locator(`[name="leader"][value^="${leader}:"]`).check();
  if (cause) await form.locator('[name="cause"]').selectOption({ label: await labelWith(form.locator('[name="cause"] option'), cause) });
  if (day) await form.locator('[name="until"]').fill(day);
  if (text) await form.locator('[name="text"]').fill(text);
}

async function labelWith(options, word) {
  const labels = await options.allInnerTexts();
  const found = labels.find((l) => l.includes(word));
  check(found, () => `no choice has “${word}”: ${labels.join(' | ')}`);
  return found;
}

export async function confirm(page) {
  await page.locator(act.confirm).first().click();
}

// What is said of what was done: `done`, `partly` or `refused`, and in which words.
export async function told(page, how = 'done') {
  const flash = page.locator(act.flash);
  const asked = async () => {
    const refused = await refusal(page);
    if (refused) return { refused };
    if (!(await flash.count())) return null;
    return flash.evaluate((f) => ({ classes: f.className.split(' '), text: f.innerText, role: f.getAttribute('role') }));
  };
  // While the page changes it cannot be asked.
  const { refused, classes, text, role } = await until('the page to say what became of it', () => asked().catch(() => null));
  check(!refused, () => `it was refused: ${refused}`);
  check(classes.includes(how), () => `“${how}” was expected, and it says: ${classes.join(' ')}: ${text}`);
  same(role, 'status', 'how it is announced');
  return text;
}

// What a page says that shows no answer of an action done: that it was refused, or what lacks.
async function refusal(page) {
  const text = await page.locator(act.page).filter({ has: page.locator(act.asked) }).or(page.locator(act.refused)).allInnerTexts();
  return text.length ? text[0].slice(0, 600) : null;
}

// All of it: tick, ask, write, confirm.
export async function doTo(page, alarms, what, fields) {
  await tick(page, alarms);
  await ask(page, what);
  await fill(page, fields);
  await confirm(page);
  return told(page);
}

export async function undo(page) {
  await page.locator(act.undo).click();
  return told(page);
}

// The ids of alarms that stand now.
export async function standing(daemon, query) {
  return new Set((await daemon.alarms(query)).map((a) => a.id));
}

// Whether these stand, or none of them does.
export async function expectStanding(daemon, alarms, stand, when) {
  const now = await standing(daemon);
  for (const a of alarms) check(now.has(a.id) === stand, `${when}: ${a.metric} on ${a.host} ${stand ? 'left the board' : 'is still on the board'}`);
}

// Without JavaScript everything can be done, from the board to the undo, and after the undo all is as it was.
import { ask, boardOf, confirm, doTo, expectStanding, FAILING, fill, queue, standing, Stock, tick, told, undo } from '../lib/acting.mjs';
import { shot } from '../lib/browser.mjs';
import { check, none, same, until } from '../lib/check.mjs';
import { act, board } from '../lib/interface.mjs';
import { full, visit } from '../lib/places.mjs';

export async function setUp(browser) {
  const w = await full(300);
  return { ...w, browser, stock: new Stock(w.daemon) };
}

export async function tearDown({ daemon }) {
  await daemon.stop();
}

const without = (w, work) => visit(w.browser, w.daemon, { javaScriptEnabled: false }, work);
const again = async (w, a) => (await w.daemon.alarms()).find((b) => b.id === a.id);

export default {
  async 'OK alarms are switched off by selection, and taken back'(w) {
    const alarms = await w.stock.take(3, queue('ok-stable'));
    await without(w, async (visitor) => {
      const page = await boardOf(visitor, alarms);
      const said = await doTo(page, alarms, 'switch-off');
      check(/3 alarms/.test(said), `it says: ${said}`);
      await expectStanding(w.daemon, alarms, false, 'after switching off');
      for (const a of alarms) same(await page.locator(board.rowOf(a.id)).count(), 0, `rows of ${a.host}`);
      await undo(page);
      await expectStanding(w.daemon, alarms, true, 'after the undo');
      for (const a of alarms) same((await again(w, a)).queue, a.queue, `the queue of ${a.host}`);
    });
  },

  async 'an OK alarm is switched off by the button of its own line'(w) {
    const [alarm] = await w.stock.take(1, queue('ok-stable'));
    await without(w, async (visitor) => {
      const page = await boardOf(visitor, [alarm]);
      await page.locator(board.rowOf(alarm.id)).locator(board.nextButton).click();
      await told(page);
      await expectStanding(w.daemon, [alarm], false, 'after the button');
      await undo(page);
      await expectStanding(w.daemon, [alarm], true, 'after the undo');
    });
  },

  async 'all that fit a filter are switched off: exactly those that were previewed, whatever comes meanwhile'(w) {
    const late = await w.stock.take(1, queue('new'));
    await without(w, async (visitor) => {
      const page = await visitor.open('/?queue=ok-stable&limit=10');
      await page.locator(board.which).selectOption('filter');
      await ask(page, 'switch-off');
      const before = (await w.daemon.alarms()).filter(queue('ok-stable')).map((a) => a.id).sort();
      const shown = (await page.locator(act.shown).evaluateAll((links) => links.map((a) => a.getAttribute('href').split('/').pop()))).sort();
      same(shown, before, 'what the preview shows');
      check(before.length > 10, 'the filter has one page only');
      await shot(page, 'preview of a filter');
      // Another one becomes stable OK under the preview.
      const at = Math.floor(Date.now() / 1000) - 5 * 3600;
      await w.daemon.observe([{ ...about(late[0]), state: 'OK', since: at, output: 'OK: again' }]);
      await until('it to be OK', async () => (await again(w, late[0])).state === 'OK');
      await confirm(page);
      const said = await told(page);
      check(said.includes(String(before.length)), `it says: ${said}`);
      const now = await standing(w.daemon);
      none(before.filter((id) => now.has(id)), 'still on the board');
      check(now.has(late[0].id), 'one that nobody saw in the preview was switched off');
      await undo(page);
      const back = await standing(w.daemon);
      none(before.filter((id) => !back.has(id)), 'not back after the undo');
    });
  },

  async 'a failing alarm is switched off with a reason only, which the trail keeps, and is taken back from there'(w) {
    const alarms = await w.stock.take(2, queue(...FAILING));
    await without(w, async (visitor) => {
      const page = await boardOf(visitor, alarms);
      await tick(page, alarms);
      await ask(page, 'switch-off');
      await shot(page, 'preview with a reason');
      visitor.expect('status of 4');
      await confirm(page);
      await expectStanding(w.daemon, alarms, true, 'without a reason');
      check(/reason/i.test(await page.locator('main').innerText()), 'nothing says that a reason lacks');
      await fill(page, { reason: 'monitoring-fault', text: 'the monitor ran out of memory', until: day(12) });
      await confirm(page);
      await told(page);
      await expectStanding(w.daemon, alarms, false, 'with a reason');
      await visitor.go(page, '/trail');
      const row = page.locator('table.trail tbody tr').first();
      const text = await row.innerText();
      check(/ana/.test(text) && /memory/.test(text) && /monitoring/i.test(text), `the trail says: ${text}`);
      for (const a of alarms) check((await row.innerHTML()).includes(a.id) || text.includes(a.host), `the trail does not name ${a.host}: ${text}`);
      await shot(page, 'trail');
      await row.locator(act.takeBack).click();
      await told(page);
      await expectStanding(w.daemon, alarms, true, 'after it was taken back');
    });
  },

  async 'alarms of a site are masked by one of them, unmasked on their page, and the mask is undone'(w) {
    const alarms = await w.stock.take(3, queue(...FAILING), { together: true });
    const [leader, follower, other] = alarms;
    await without(w, async (visitor) => {
      const page = await boardOf(visitor, alarms);
      await doTo(page, alarms, 'mask', { leader: leader.id });
      same((await again(w, follower)).queue, 'masked', 'the queue of a follower');
      same((await again(w, leader)).queue, leader.queue, 'the queue of the leader');
      await visitor.go(page, `/alarms/${follower.id}`);
      await shot(page, 'masked alarm');
      await press(page, /^Unmask/);
      same((await again(w, follower)).queue, follower.queue, 'the queue of one that was unmasked');
      same((await again(w, other)).queue, 'masked', 'the queue of the other');
      await undo(page);
      same((await again(w, follower)).queue, 'masked', 'the queue after the undo');
    });
    await without(w, async (visitor) => {
      const page = await visitor.open('/trail');
      const made = page.locator('table.trail tbody tr', { hasText: /[Mm]ask/ }).locator(act.takeBack);
      await made.last().click();
      // What somebody did to the follower since is not undone with it.
      await told(page, 'partly');
      same((await again(w, other)).queue, other.queue, 'the queue after the mask was taken back');
      same((await again(w, follower)).queue, 'masked', 'the queue of the one that was touched since');
    });
  },

  async 'alarms of several sites go under a common cause, another joins, one leaves, the cause ends and comes back'(w) {
    const [a, b, c] = await w.stock.take(3, queue(...FAILING));
    const words = 'the core router at the exchange';
    await without(w, async (visitor) => {
      let page = await boardOf(visitor, [a, b]);
      await doTo(page, [a, b], 'cause', { kind: 'network', text: words });
      for (const x of [a, b]) same((await again(w, x)).queue, 'common-cause', `the queue of ${x.host}`);
      page = await boardOf(visitor, [c]);
      await doTo(page, [c], 'cause', { cause: words });
      same((await again(w, c)).queue, 'common-cause', 'the queue of the one that joined');
      await visitor.go(page, `/alarms/${b.id}`);
      check((await page.locator('main').innerText()).includes(words), 'the alarm does not say under which cause it is');
      await press(page, /^(Take out|Leave)/);
      same((await again(w, b)).queue, b.queue, 'the queue of the one that left');
      await visitor.go(page, '/');
      const causes = page.locator('.causes details', { hasText: words });
      if (!(await causes.evaluate((d) => d.open))) await causes.locator('summary').click();
      await causes.getByRole('button', { name: /^End/ }).click();
      await page.locator(act.heading).waitFor();
      await confirm(page);
      await told(page);
      for (const x of [a, c]) same((await again(w, x)).queue, x.queue, `the queue of ${x.host} after the end`);
      await undo(page);
      for (const x of [a, c]) same((await again(w, x)).queue, 'common-cause', `the queue of ${x.host} after the undo`);
    });
  },

  async 'a metric that fails at several sites is proposed as a common cause, and taken as one (AL18)'(w) {
    await without(w, async (visitor) => {
      const page = await visitor.open('/');
      const metric = 'hr.srce.MyProxy-ProxyLifetime';
      const row = page.locator('.causes li', { hasText: metric });
      check((await row.count()) === 1, 'the board does not propose it');
      const fold = page.locator('.causes details', { hasText: metric });
      if (!(await fold.evaluate((d) => d.open))) await fold.locator('summary').click();
      await row.getByRole('button').click();
      await page.locator(act.heading).waitFor();
      const shown = await page.locator(act.shown).allInnerTexts();
      same(shown.length, 4, 'alarms under the proposal');
      await fill(page, { kind: 'core-service', text: 'the proxy server of the region' });
      await confirm(page);
      await told(page);
      const under = (await w.daemon.alarms()).filter((a) => a.metric === metric).map((a) => a.queue);
      same([...new Set(under)], ['common-cause'], 'their queues');
      await undo(page);
    });
  },

  async 'a note on an alarm stands in its line, on its page and in the notepad of its site (DE1), and is taken back'(w) {
    const [alarm] = await w.stock.take(1, queue(...FAILING));
    const words = 'the site looks into it, <b>call</b> again at noon';
    await without(w, async (visitor) => {
      const page = await boardOf(visitor, [alarm]);
      await doTo(page, [alarm], 'note', { text: words });
      const line = await page.locator(board.rowOf(alarm.id)).innerText();
      check(line.includes(words) && line.includes('ana'), `its line says: ${line}`);
      for (const path of [`/alarms/${alarm.id}`, `/sites/${encodeURIComponent(alarm.site)}`]) {
        const other = await visitor.open(path);
        check((await other.locator('main').innerText()).includes(words), `${path} does not have the note`);
        await other.close();
      }
      await undo(page);
      check(!(await page.locator(board.rowOf(alarm.id)).innerText()).includes(words), 'the note stands after the undo');
    });
  },

  async 'a note is written on the page of a site and of an alarm'(w) {
    const [alarm] = await w.stock.take(1, queue(...FAILING));
    await without(w, async (visitor) => {
      for (const path of [`/sites/${encodeURIComponent(alarm.site)}`, `/alarms/${alarm.id}`]) {
        const page = await visitor.open(path);
        const words = `written on ${path}`;
        const box = page.locator('form[action^="/act/"] textarea');
        if (await box.count()) {
          await box.fill(words);
          await page.locator('form[action^="/act/"]', { has: page.locator('textarea') }).getByRole('button').click();
        } else {
          await page.getByRole('button', { name: /note/i }).first().click();
          await page.locator(act.heading).waitFor();
          await fill(page, { text: words });
          await confirm(page);
        }
        await told(page);
        check((await page.locator('main').innerText()).includes(words), `${path} does not show what was written there`);
        await undo(page);
        check(!(await page.locator('main').innerText()).includes(words), `${path} shows it after the undo`);
      }
    });
  },

  async 'nothing chosen, nothing done, and that is said'(w) {
    await without(w, async (visitor) => {
      const page = await visitor.open('/');
      visitor.expect('status of 4');
      await page.locator(board.act('switch-off')).click();
      check(/no alarm|tick|choose|select/i.test(await page.locator('main').innerText()), 'nothing says that no alarm was chosen');
    });
  },

  async 'the list is filtered, sorted, grouped and paged by forms and links'(w) {
    await without(w, async (visitor) => {
      const page = await visitor.open('/');
      await page.locator(board.search).fill('SITE-03');
      await page.locator(board.search).press('Enter');
      await page.waitForURL(/q=SITE-03/);
      const sites = await page.locator(`${board.row} td.k-site`).allInnerTexts();
      check(sites.length > 0 && sites.every((s) => s === 'SITE-03'), `the filter lists ${[...new Set(sites)]}`);
      await visitor.go(page, '/?group=none');
      await page.locator('table.alarms thead').getByRole('link', { name: /^Host/ }).click();
      const hosts = await page.locator(`${board.row} td.k-host`).allInnerTexts();
      same(hosts, [...hosts].sort((x, y) => (x < y ? -1 : x > y)), 'hosts in their order');
      await page.getByRole('link', { name: 'Next' }).first().click();
      const more = await page.locator(`${board.row} td.k-host`).allInnerTexts();
      check(more.length > 0 && more[0] >= hosts.at(-1), 'the second page does not go on');
    });
  },
};

function about(alarm) {
  const { host, service, service_type, metric, site } = alarm;
  return { host, service, service_type, metric, site };
}

function day(ahead) {
  return new Date(Date.now() + ahead * 86_400_000).toISOString().slice(0, 10);
}

// A button of an alarm's page, and the page that asks before it is done, when there is one.
async function press(page, name) {
  await page.getByRole('button', { name }).first().click();
  await until('an answer', async () => (await page.locator(act.flash).count()) || (await page.locator(act.confirm).count()));
  if (!(await page.locator(act.flash).count())) await confirm(page);
  await told(page);
}

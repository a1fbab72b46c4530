// The open board follows what happens: rows change in place, nothing moves under the pointer or the focus, new alarms are
// announced and let in by the reader, gone ones stay until they are let go.
import { boardOf, doTo, FAILING, queue, Stock } from '../lib/acting.mjs';
import { check, none, same, until } from '../lib/check.mjs';
import { board, EVENTS } from '../lib/interface.mjs';
import { full, visit } from '../lib/places.mjs';

export async function setUp(browser) {
  const w = await full(200);
  return { ...w, browser, stock: new Stock(w.daemon) };
}

export async function tearDown({ daemon }) {
  await daemon.stop();
}

const about = ({ host, service, service_type, metric, site }) => ({ host, service, service_type, metric, site });
const say = (w, alarm, state, output) => w.daemon.observe([{ ...about(alarm), state, output: output ?? `${state}: said now` }]);
const row = (page, a) => page.locator(board.rowOf(a.id));

// The board, once its stream is open; a mark on it tells whether it was loaded anew since.
async function open(visitor, path = '/?group=none&sort=age') {
  const page = await visitor.context.newPage();
  const stream = page.waitForRequest((r) => new URL(r.url()).pathname === EVENTS);
  await page.goto(path);
  await stream;
  await page.evaluate(() => (globalThis.mark = 1));
  return page;
}

const unmoved = (page) => page.evaluate(() => globalThis.mark === 1);

// Where every row stands on the screen, by its id.
const places = (page) => page.locator(board.row).evaluateAll((rows) => rows.map((r) => `${r.id} ${Math.round(r.getBoundingClientRect().top)} ${Math.round(r.getBoundingClientRect().height)}`));
const focused = (page) => page.evaluate(() => {
  const e = document.activeElement;
  return e === document.body || !e ? 'nothing' : `${e.closest('tr')?.id ?? ''} ${e.tagName} ${e.getAttribute('href') ?? e.getAttribute('name') ?? ''}`;
});

async function rowsOnScreen(w, page, n) {
  const ids = await page.locator(board.row).evaluateAll((rows) => rows.filter((r) => {
    const box = r.getBoundingClientRect();
    return box.top > 0 && box.bottom < innerHeight - 40;
  }).map((r) => r.id.slice(2)));
  const alarms = await w.daemon.alarms();
  const found = ids.map((id) => alarms.find((a) => a.id === id)).filter((a) => a && FAILING.includes(a.queue) && /^SITE/.test(a.site) && !w.stock.used.has(a.id));
  check(found.length >= n, `${found.length} failing rows on the screen`);
  for (const a of found.slice(0, n)) w.stock.used.add(a.id);
  return found.slice(0, n);
}

const other = (a) => (a.state === 'CRITICAL' ? 'WARNING' : 'CRITICAL');

export default {
  async 'a row changes in place, and no row moves: not under the pointer, not under the focus'(w) {
    await visit(w.browser, w.daemon, {}, async (visitor) => {
      const page = await open(visitor);
      const [under, focus, ticked, third] = await rowsOnScreen(w, page, 4);
      await row(page, under).hover();
      await row(page, ticked).locator(board.box).check();
      await row(page, focus).locator('th a').focus();
      const before = [await places(page), await focused(page)];
      for (const a of [under, focus, ticked, third]) await say(w, a, other(a));
      for (const a of [under, focus, ticked, third]) {
        await until(`the row of ${a.host} to be ${other(a)}`, async () => (await row(page, a).locator(board.state).innerText()).includes(other(a)));
      }
      same([await places(page), await focused(page)], before, 'places of the rows, and the focus');
      check(await row(page, ticked).locator(board.box).isChecked(), 'the row that was ticked no longer is');
      check(await unmoved(page), 'the page was loaded anew');
    });
  },

  async 'the focus is never lost, wherever in a row it stands when that changes'(w) {
    await visit(w.browser, w.daemon, {}, async (visitor) => {
      const page = await open(visitor);
      const [alarm] = await rowsOnScreen(w, page, 1);
      let state = alarm.state;
      const able = row(page, alarm).locator('a, button, input, summary');
      for (let i = 0; i < (await able.count()); i++) {
        if (!(await able.nth(i).isVisible())) continue;
        await able.nth(i).focus();
        const before = await focused(page);
        state = other({ state });
        await say(w, alarm, state);
        await until(`the row to be ${state}`, async () => (await row(page, alarm).locator(board.state).innerText()).includes(state));
        same(await focused(page), before, `the focus on part ${i} of the row`);
      }
    });
  },

  async 'after a change a row says in every cell what the page says when it is loaded anew'(w) {
    await visit(w.browser, w.daemon, {}, async (visitor) => {
      const page = await open(visitor);
      const [alarm] = await rowsOnScreen(w, page, 1);
      for (const state of ['OK', other(alarm), 'UNKNOWN']) {
        await say(w, alarm, state, `${state}: every cell follows`);
        await until(`the row to be ${state}`, async () => new RegExp(`\\b${state}\\b`).test(await row(page, alarm).locator(board.state).innerText()));
        const anew = await visitor.open(`/?host=${encodeURIComponent(alarm.host)}&metric=${encodeURIComponent(alarm.metric)}`);
        // The age goes on by itself, and only the open page has ticks and marks of what is new.
        const cells = (p) => row(p, alarm).locator('td:not(.k-pick):not(.k-age), th').evaluateAll((all) => all.map((c) => `${c.className}: ${c.innerText.trim()}`));
        same(await cells(page), await cells(anew), `the cells when it is ${state}`);
        await anew.close();
      }
    });
  },

  async 'a row that becomes OK says so where it stands, with the next action'(w) {
    await visit(w.browser, w.daemon, {}, async (visitor) => {
      const page = await open(visitor);
      const [alarm] = await rowsOnScreen(w, page, 1);
      const before = await places(page);
      await say(w, alarm, 'OK');
      await until('the row to be OK', async () => /\bOK\b/.test(await row(page, alarm).locator(board.state).innerText()));
      same(await places(page), before, 'places of the rows');
      const next = await row(page, alarm).locator(board.next).innerText();
      check(/stable|flapping|switch off/i.test(next), `what to do next is “${next}”`);
    });
  },

  async 'a new alarm is announced politely, moves nothing, and comes in when the reader lets it in'(w) {
    await visit(w.browser, w.daemon, {}, async (visitor) => {
      const page = await open(visitor, '/?queue=new&group=none&limit=500');
      const total = Number(await page.locator(board.counterAll).locator('b').innerText());
      const before = await places(page);
      const [known] = await w.stock.take(1, (a) => a.service_type === 'SRM' && queue(...FAILING)(a));
      const metric = known.metric === 'org.sam.SRM-Put' ? 'org.sam.SRM-Ls' : 'org.sam.SRM-Put';
      const fresh = { ...about(known), metric, service: `${metric}-new` };
      await say(w, fresh, 'CRITICAL');
      const button = page.locator(board.arrived);
      await button.waitFor();
      check(/1 new/i.test(await button.innerText()), `it says: ${await button.innerText()}`);
      const polite = await button.evaluate((b) => ['status', 'log'].includes(b.closest('[role]')?.getAttribute('role')) || b.closest('[aria-live="polite"]') !== null);
      check(polite, 'a screen reader is not told of it');
      same(await places(page), before, 'places of the rows');
      const alarm = await w.daemon.alarm(fresh);
      same(await row(page, alarm).count(), 0, 'its row before it is let in');
      same(Number(await page.locator(board.counterAll).locator('b').innerText()), total + 1, 'the counter of all');
      await button.click();
      await row(page, alarm).waitFor();
      check((await focused(page)).startsWith(`a-${alarm.id}`), `the focus is on ${await focused(page)}`);
      check(await row(page, alarm).evaluate((r) => { const b = r.getBoundingClientRect(); return b.top >= 0 && b.bottom <= innerHeight; }), 'it came in out of sight');
      check(!(await button.isVisible()), 'it is still announced');
      await row(page, alarm).locator(board.box).check();
      check(await unmoved(page), 'the page was loaded anew');
    });
  },

  async 'a new alarm that stands on another page of the list is announced too, and the button leads to it'(w) {
    await visit(w.browser, w.daemon, {}, async (visitor) => {
      // The oldest first: a new one is the last of all.
      const page = await open(visitor, '/?group=none&sort=age&limit=20');
      const before = await places(page);
      const [known] = await w.stock.take(1, (a) => a.service_type === 'SRM' && queue(...FAILING)(a));
      const metric = known.metric === 'org.sam.SRM-Put' ? 'org.sam.SRM-Ls' : 'org.sam.SRM-Put';
      const fresh = { ...about(known), metric, service: `${metric}-elsewhere` };
      await say(w, fresh, 'CRITICAL');
      const button = page.locator(board.arrived);
      await button.waitFor();
      check(/1 new/i.test(await button.innerText()), `it says: ${await button.innerText()}`);
      same(await places(page), before, 'places of the rows');
      await button.click();
      await row(page, await w.daemon.alarm(fresh)).waitFor();
    });
  },

  async 'an alarm that somebody else switched off stays where it stands, marked and out of reach, until it is let go'(w) {
    await visit(w.browser, w.daemon, {}, async (visitor) => {
      const page = await open(visitor);
      const [alarm] = await rowsOnScreen(w, page, 1);
      await row(page, alarm).locator(board.box).check();
      const before = await places(page);
      await visit(w.browser, w.daemon, { who: 'bob' }, async (bob) => {
        await doTo(await boardOf(bob, [alarm]), [alarm], 'switch-off', { reason: 'duplicate' });
      });
      await until('the row to be marked', async () => /gone/.test(await row(page, alarm).getAttribute('class')));
      same(await places(page), before, 'places of the rows');
      check(await row(page, alarm).locator(board.box).isDisabled(), 'it can still be ticked');
      check(!(await row(page, alarm).locator(board.box).isChecked()), 'it is still ticked');
      check(/left|gone|off/i.test(await row(page, alarm).innerText()), 'its row does not say in words that it is gone');
      await page.reload();
      same(await row(page, alarm).count(), 0, 'its row after the page was loaded anew');
    });
  },

  async 'the counters follow, and add up all the while'(w) {
    await visit(w.browser, w.daemon, {}, async (visitor) => {
      const page = await open(visitor);
      const read = () => page.locator('nav.counts [data-n]').evaluateAll((all) => Object.fromEntries(all.map((a) => [a.dataset.n, Number(a.querySelector('b').textContent)])));
      const before = await read();
      const [alarm] = await w.stock.take(1, queue('over-24h'));
      await say(w, alarm, 'OK');
      await until('the counters', async () => (await read())['ok-not-stable'] === before['ok-not-stable'] + 1);
      const now = await read();
      same(now['over-24h'], before['over-24h'] - 1, 'the counter of its queue before');
      const { all, ...queues } = now;
      same(Object.values(queues).reduce((x, y) => x + y, 0), all, 'the sum of the counters');
    });
  },

  async 'an open menu, a chosen filter and what is being written survive the changes'(w) {
    await visit(w.browser, w.daemon, {}, async (visitor) => {
      const page = await open(visitor, '/?group=none&sort=age');
      const [alarm] = await rowsOnScreen(w, page, 1);
      await page.locator(board.search).fill('half a wor');
      await page.locator('details.more summary').click();
      await page.locator(board.search).focus();
      await say(w, alarm, other(alarm));
      await until('the change', async () => (await row(page, alarm).locator(board.state).innerText()).includes(other(alarm)));
      same(await page.locator(board.search).inputValue(), 'half a wor', 'what was written');
      check(await page.locator('details.more').evaluate((d) => d.open), 'the menu was closed');
      check((await focused(page)).endsWith('q'), `the focus is on ${await focused(page)}`);
    });
  },

  async 'from the observation to the changed row: the median of 20 is under a second'(w) {
    await visit(w.browser, w.daemon, {}, async (visitor) => {
      const page = await open(visitor);
      const [alarm] = await rowsOnScreen(w, page, 1);
      const times = [];
      for (let i = 0; i < 20; i++) {
        const text = `the ${i}th answer`;
        const seen = page.waitForFunction(([id, text]) => document.getElementById(id)?.textContent.includes(text), [`a-${alarm.id}`, text], { polling: 'raf' });
        seen.catch(() => {});
        const begun = performance.now();
        await say(w, alarm, i % 2 ? 'CRITICAL' : 'UNKNOWN', text);
        await seen;
        times.push(performance.now() - begun);
      }
      times.sort((x, y) => x - y);
      console.log(`observation to changed row: median ${Math.round(times[10])} ms, longest ${Math.round(times[19])} ms`);
      check(times[10] < 1000, `the median is ${times[10]} ms`);
    });
  },

  async 'a daemon that answers no more is said on the open board'(w) {
    await visit(w.browser, w.daemon, {}, async (visitor) => {
      const page = await visitor.context.newPage();
      await page.clock.install();
      await page.goto('/');
      const lost = page.locator('.lost');
      check(!(await lost.isVisible()), 'it is said at once');
      w.daemon.process.kill('SIGSTOP');
      try {
        await page.clock.runFor(90_000);
        await lost.waitFor({ timeout: 5000 });
        check((await lost.innerText()).length > 20, `it says: ${await lost.innerText()}`);
      } finally {
        w.daemon.process.kill('SIGCONT');
      }
    });
  },

  async 'with scripts of 100 changes a second the page stays usable, and ends with the truth'(w) {
    await visit(w.browser, w.daemon, {}, async (visitor) => {
      const page = await open(visitor);
      const alarms = await rowsOnScreen(w, page, 10);
      const last = new Map();
      for (let i = 0; i < 20; i++) {
        await w.daemon.observe(alarms.map((a, k) => {
          const state = ['WARNING', 'CRITICAL', 'UNKNOWN'][(i + k) % 3];
          last.set(a.id, state);
          return { ...about(a), state, output: `${state}: turn ${i}` };
        }));
      }
      for (const a of alarms) {
        await until(`the last state of ${a.host}`, async () => (await row(page, a).locator(board.state).innerText()).includes(last.get(a.id)));
      }
      const doubles = await page.locator(board.row).evaluateAll((rows) => rows.map((r) => r.id).filter((id, i, all) => all.indexOf(id) !== i));
      none(doubles, 'rows that stand there twice');
      await page.locator(board.search).fill('still here');
    });
  },
};

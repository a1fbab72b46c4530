// Two operators at the same alarms: what one did is shown to the other and never overwritten.
import { ask, boardOf, confirm, doTo, expectStanding, FAILING, fill, queue, Stock, tick, told } from '../lib/acting.mjs';
import { Visitor } from '../lib/browser.mjs';
import { check, same, until } from '../lib/check.mjs';
import { act } from '../lib/interface.mjs';
import { full } from '../lib/places.mjs';

export async function setUp(browser) {
  const w = await full(120);
  return { ...w, browser, stock: new Stock(w.daemon) };
}

export async function tearDown({ daemon }) {
  await daemon.stop();
}

// Both, each with a window; `work` gets them.
async function both(w, work) {
  const ana = await Visitor.of(w.browser, w.daemon, { who: 'ana' });
  const bob = await Visitor.of(w.browser, w.daemon, { who: 'bob' });
  try {
    await work(ana, bob);
  } finally {
    await Promise.allSettled([ana.context.close(), bob.context.close()]);
  }
  await ana.close();
  await bob.close();
}

const said = async (page) => {
  await until('an answer', async () => (await page.locator(act.flash).count()) || (await page.locator(act.page).count()));
  return page.locator('body').innerText();
};

export default {
  async 'what bob switched off under ana’s preview is not done again, and she is told that it was he'(w) {
    const [alarm] = await w.stock.take(1, queue(...FAILING));
    await both(w, async (ana, bob) => {
      const hers = await boardOf(ana, [alarm]);
      await tick(hers, [alarm]);
      await ask(hers, 'switch-off');
      const his = await boardOf(bob, [alarm]);
      await doTo(his, [alarm], 'switch-off', { reason: 'duplicate', text: 'bob knows it' });
      await fill(hers, { reason: 'other', text: 'ana wants it too' });
      ana.expect('status of 409');
      await confirm(hers);
      const words = await said(hers);
      check(/bob/.test(words) && /switched/i.test(words), `ana reads: ${words.slice(0, 600)}`);
      const trail = await ana.open('/trail');
      const text = await trail.locator('table.trail tbody').innerText();
      check(text.includes('bob knows it') && !text.includes('ana wants it too'), `the trail has: ${text}`);
    });
  },

  async 'an alarm that changed since the page was loaded is shown as it is now, and is not switched off unseen'(w) {
    const [alarm] = await w.stock.take(1, (a) => FAILING.includes(a.queue) && a.state === 'WARNING');
    await both(w, async (ana) => {
      const page = await boardOf(ana, [alarm]);
      await tick(page, [alarm]);
      await ask(page, 'switch-off');
      await fill(page, { reason: 'other', text: 'only a warning' });
      const { host, service, service_type, metric, site } = alarm;
      await w.daemon.observe([{ host, service, service_type, metric, site, state: 'CRITICAL', output: 'CRITICAL: much worse' }]);
      await until('the change', async () => (await w.daemon.alarm(alarm)).state === 'CRITICAL');
      ana.expect('status of 409');
      await confirm(page);
      const words = await said(page);
      check(/WARNING/.test(words) && /CRITICAL/.test(words), `ana is not told what changed: ${words.slice(0, 600)}`);
      await expectStanding(w.daemon, [alarm], true, 'though it had changed');
      check(words.includes('only a warning') || (await page.locator('textarea').count()) === 0 || (await page.locator('textarea').first().inputValue()) === 'only a warning', 'what ana wrote is lost');
    });
  },

  async 'of several alarms those that can be done are done, and each of the others has its reason'(w) {
    const [one, two, three] = await w.stock.take(3, queue('ok-stable'));
    await both(w, async (ana, bob) => {
      const hers = await boardOf(ana, [one, two, three]);
      await tick(hers, [one, two, three]);
      await ask(hers, 'switch-off');
      const his = await boardOf(bob, [two]);
      await doTo(his, [two], 'switch-off');
      await confirm(hers);
      const text = await told(hers, 'partly');
      check(/2 alarms/.test(text) && text.includes(two.host) && /bob/.test(text), `it says: ${text}`);
      await expectStanding(w.daemon, [one, two, three], false, 'after both');
    });
  },

  async 'a form that is sent twice is carried out once, and answers the same'(w) {
    const [alarm] = await w.stock.take(1, queue(...FAILING));
    await both(w, async (ana) => {
      const page = await boardOf(ana, [alarm]);
      await tick(page, [alarm]);
      await ask(page, 'note');
      await fill(page, { text: 'written once' });
      const sent = await page.locator(`${act.page} form`).first().evaluate((f) => ({ action: f.action, body: new URLSearchParams(new FormData(f)).toString() }));
      const twice = [];
      for (let i = 0; i < 2; i++) {
        const answer = await page.request.post(sent.action, {
          data: sent.body, maxRedirects: 0, headers: { 'content-type': 'application/x-www-form-urlencoded' },
        });
        twice.push([answer.status(), (answer.headers().location ?? '').match(/seq=(\d+)/)?.[1]]);
      }
      same(twice[1], twice[0], 'the second answer');
      same(twice[0][0], 303, 'the status of the first');
      const trail = await ana.open('/trail');
      same(await trail.locator('table.trail tbody tr', { hasText: 'written once' }).count(), 1, 'entries of the trail');
    });
  },

  async 'each sees on the open board what the other did, by name'(w) {
    const [alarm] = await w.stock.take(1, queue(...FAILING));
    await both(w, async (ana, bob) => {
      const hers = await boardOf(ana, [alarm]);
      const his = await boardOf(bob, [alarm]);
      await doTo(his, [alarm], 'note', { text: 'bob was here' });
      await until('the note on ana’s board', async () => (await hers.locator(`#a-${alarm.id}`).innerText()).includes('bob was here'));
    });
  },
};

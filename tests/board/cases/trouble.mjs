// When nothing can be stored that is said on every page, nothing is done in silence, and it ends when there is room again.
import { ask, boardOf, confirm, expectStanding, FAILING, fill, queue, Stock, tick, told } from '../lib/acting.mjs';
import { everywhere } from '../lib/audit.mjs';
import { shot } from '../lib/browser.mjs';
import { check, none, until } from '../lib/check.mjs';
import { act, HEALTH, OBSERVATIONS, SOURCE } from '../lib/interface.mjs';
import { full, visit } from '../lib/places.mjs';

export async function setUp(browser) {
  const w = await full(40);
  return { ...w, browser, stock: new Stock(w.daemon) };
}

export async function tearDown({ daemon }) {
  await daemon.stop();
}

export default {
  async 'with a full disk every page says since when nothing is stored, actions are refused in words, and later they go'(w) {
    const [alarm] = await w.stock.take(1, queue(...FAILING));
    await visit(w.browser, w.daemon, {}, async (visitor) => {
      const page = await boardOf(visitor, [alarm]);
      const live = await visitor.open('/');
      await tick(page, [alarm]);
      await ask(page, 'switch-off');
      await fill(page, { reason: 'other', text: 'while the disk is full' });
      w.daemon.fillDisk();
      try {
        // Somebody hands in what cannot be stored; it is refused, and said.
        const body = JSON.stringify([{ source: SOURCE, sequence: 10 ** 6, host: 'x.example.org', service: 'y', state: 'CRITICAL' }]);
        const answer = await fetch(w.daemon.origin + OBSERVATIONS, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
        check(answer.status === 503, `${OBSERVATIONS} answers ${answer.status}`);
        visitor.expect('status of 503');
        await confirm(page);
        await until('the refusal', async () => /stored/i.test(await page.locator('main').innerText()));
        await shot(page, 'refused, nothing is stored');
        for (const path of ['/', `/alarms/${alarm.id}`, '/sources', '/trail', '/sites']) {
          const other = await visitor.context.newPage();
          await other.goto(path);
          const banner = other.getByRole('alert').filter({ hasText: /nothing is stored since/i });
          check((await banner.count()) === 1, `${path}: ${await banner.count()} banners say it`);
          if (path === '/') {
            await shot(other, 'nothing is stored');
            none(await everywhere(other), 'axe finds');
          }
          await other.close();
        }
        await until('the open board to say it', async () => (await live.getByRole('alert').filter({ hasText: /nothing is stored since/i }).count()) === 1);
      } finally {
        w.daemon.emptyDisk();
      }
      await expectStanding(w.daemon, [alarm], true, 'while nothing was stored');
      await until('it to store again', async () => {
        await w.daemon.get(HEALTH);
        const body = JSON.stringify([{ source: SOURCE, sequence: 10 ** 6, host: 'x.example.org', service: 'y', state: 'CRITICAL' }]);
        return (await fetch(w.daemon.origin + OBSERVATIONS, { method: 'POST', headers: { 'content-type': 'application/json' }, body })).ok;
      });
      const again = await boardOf(visitor, [alarm]);
      await tick(again, [alarm]);
      await ask(again, 'switch-off');
      await fill(again, { reason: 'other', text: 'there is room again' });
      await confirm(again);
      await told(again);
      await expectStanding(w.daemon, [alarm], false, 'when there is room again');
      await until('the open board to be quiet again', async () => (await live.getByRole('alert').filter({ hasText: /nothing is stored/i }).count()) === 0);
    });
  },

  async 'without a name of the operator nothing is done, and the page says what to configure'(w) {
    const [alarm] = await w.stock.take(1, queue('ok-stable'));
    await visit(w.browser, w.daemon, { extraHTTPHeaders: {} }, async (visitor) => {
      visitor.expect('status of 403');
      const page = await boardOf(visitor, [alarm]);
      await tick(page, [alarm]);
      const button = page.locator('form.board button[name="do"]').first();
      if (await button.isEnabled()) await button.click();
      await until('words', async () => /X-Remote-User|user_header|web server|who works here/i.test(await page.locator('body').innerText()));
      check((await page.locator(act.confirm).count()) === 0, 'it can be confirmed all the same');
      await expectStanding(w.daemon, [alarm], true, 'without a name');
    });
  },
};

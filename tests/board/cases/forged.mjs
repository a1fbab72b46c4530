// A page of somebody else, in the browser of somebody who works here, changes nothing. It is served on another port of the
// same machine, which for cookies is the same site: the hardest place to tell.
import { createServer } from 'node:http';
import { FAILING, queue, standing, Stock } from '../lib/acting.mjs';
import { Visitor } from '../lib/browser.mjs';
import { check, same, until } from '../lib/check.mjs';
import { ACT, act, COMMANDS, OBSERVATIONS, SOURCE } from '../lib/interface.mjs';
import { full, visit } from '../lib/places.mjs';

export async function setUp(browser) {
  const w = await full(60);
  const pages = new Map();
  const server = createServer((request, answer) => {
    const page = pages.get(request.url.split('?')[0]);
    answer.writeHead(page ? 200 : 404, { 'content-type': 'text/html; charset=utf-8' });
    answer.end(page ?? '');
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const port = server.address().port;
  return { ...w, browser, stock: new Stock(w.daemon), server, pages, evil: [`http://127.0.0.1:${port}`, `http://localhost:${port}`] };
}

export async function tearDown({ daemon, server }) {
  server.close();
  server.closeAllConnections?.();
  await daemon.stop();
}

const escape = (text) => String(text).replace(/[&"<]/g, (c) => `&#${c.charCodeAt(0)};`);
const form = (action, fields, enctype = 'application/x-www-form-urlencoded') =>
  `<!doctype html><form method="post" action="${action}" enctype="${enctype}">${fields.map(([n, v]) => `<input type="hidden" name="${escape(n)}" value="${escape(v)}">`).join('')}</form><script>document.forms[0].submit()</script>`;

// A window in which somebody has worked here, and then opens the pages of somebody else. `work` gets what its forms hold.
async function victim(w, work) {
  const visitor = await Visitor.of(w.browser, w.daemon);
  try {
    const page = await visitor.open('/');
    const token = await page.locator(act.token).first().getAttribute('value').catch(() => '');
    await work(visitor, page, token);
  } finally {
    await visitor.context.close();
  }
}

const last = async (w) => (await w.daemon.get('/trail')).text();

export default {
  async 'a form of another origin is refused, whatever its fields'(w) {
    const [alarm] = await w.stock.take(1, queue('ok-stable'));
    const before = await last(w);
    const target = `${alarm.id}:${alarm.version}`;
    await victim(w, async (visitor, page, token) => {
      for (const evil of w.evil) {
        for (const what of ['switch-off', 'preview', 'note', 'mask', 'cause', 'unmask', 'end-cause', 'take-back']) {
          // Even with the token, which no other page can know.
          for (const known of ['', token]) {
            w.pages.set('/trap', form(w.daemon.origin + ACT + what, [['alarm', target], ['one', `switch-off:${target}`], ['text', 'forged'], ['reason', 'other'], ['seq', '1'], ['token', known], ['form', `f${Math.random()}`]]));
            const answered = page.waitForResponse((r) => r.url().startsWith(w.daemon.origin + ACT));
            await page.goto(`${evil}/trap`);
            same((await answered).status(), 403, `${evil}: ${what}`);
          }
        }
      }
    });
    check((await standing(w.daemon)).has(alarm.id), 'the alarm was switched off');
    const after = await last(w);
    check(!after.includes('forged') && after.split('<tr').length === before.split('<tr').length, 'the trail has more than before');
  },

  async 'JSON in the clothes of a form is no command, and no observation'(w) {
    const [alarm] = await w.stock.take(1, queue('ok-stable'));
    const bodies = [
      [COMMANDS, JSON.stringify({ action: 'switch-off', alarms: [{ alarm: alarm.id }] })],
      [OBSERVATIONS, JSON.stringify([{ source: SOURCE, sequence: 10 ** 9, host: 'forged.example.org', service: 'x', state: 'CRITICAL' }])],
    ];
    await victim(w, async (visitor, page) => {
      for (const evil of w.evil) {
        for (const [path, json] of bodies) {
          const [name, value] = [json.slice(0, -1) + ',"x":"', `"${json.slice(-1)}`];
          w.pages.set('/trap', form(w.daemon.origin + path, [[name, value]], 'text/plain'));
          const answered = page.waitForResponse((r) => r.url() === w.daemon.origin + path);
          await page.goto(`${evil}/trap`);
          const status = (await answered).status();
          check([403, 415].includes(status), `${path} answers ${status}`);
          await page.waitForLoadState();
          // And by a script, which may send plain text without asking.
          w.pages.set('/still', '<!doctype html><title>still</title>');
          await page.goto(`${evil}/still`);
          await page.evaluate(([to, body]) => fetch(to, { method: 'POST', mode: 'no-cors', credentials: 'include', body }).catch(() => {}), [w.daemon.origin + path, json]);
          // With the right type the browser has to ask first, and is not allowed.
          const asked = await page.evaluate(([to, body]) => fetch(to, { method: 'POST', credentials: 'include', headers: { 'content-type': 'application/json' }, body }).then((r) => `answered ${r.status}`, () => 'refused'), [w.daemon.origin + path, json]);
          same(asked, 'refused', `${path} with a script`);
        }
      }
    });
    check((await standing(w.daemon)).has(alarm.id), 'the alarm was switched off');
    check(!(await w.daemon.alarms()).some((a) => a.host === 'forged.example.org'), 'an observation was taken');
  },

  async 'no page of another origin reads what stands here, nor shows it in a frame'(w) {
    await victim(w, async (visitor, page) => {
      for (const evil of w.evil) {
        w.pages.set('/frame', `<!doctype html><iframe src="${w.daemon.origin}/" width="800" height="600"></iframe>`);
        await page.goto(`${evil}/frame`, { waitUntil: 'load' });
        const inside = page.frames().find((f) => f !== page.mainFrame());
        const text = await inside?.evaluate(() => document.body?.innerText ?? '').catch(() => '');
        check(!/alarm/i.test(text ?? ''), 'the board shows in a frame of another page');
        for (const path of ['/', '/api/v1/alarms', '/alarms.csv', '/events']) {
          const read = await page.evaluate((to) => fetch(to, { credentials: 'include' }).then((r) => `read ${r.status}`, () => 'refused'), w.daemon.origin + path);
          same(read, 'refused', `${path} from ${evil}`);
        }
      }
    });
  },

  async 'a form needs the token of its own browser and its own operator'(w) {
    const [alarm] = await w.stock.take(1, queue(...FAILING));
    await visit(w.browser, w.daemon, { who: 'bob' }, async (bob) => {
      const his = await (await bob.open('/')).locator(act.token).first().getAttribute('value');
      check(his?.length >= 32, `the board’s form has the token ${his}`);
      await visit(w.browser, w.daemon, {}, async (ana) => {
        const page = await ana.open('/');
        const hers = await page.locator(act.token).first().getAttribute('value');
        check(hers !== his, 'two browsers have one token');
        const send = (token, headers = {}) => page.request.post(`${w.daemon.origin}${ACT}note`, { form: { alarm: alarm.id, text: 'forged', form: `${Math.random()}`, token }, maxRedirects: 0, headers });
        for (const [token, headers, why] of [['', {}, 'none'], [his, {}, 'that of another'], [hers, { 'X-Remote-User': 'carl' }, 'that of another operator'], [hers.replace(/./, 'g'), {}, 'a wrong one']]) {
          same((await send(token, headers)).status(), 403, `with ${why}`);
        }
        same((await send(hers)).status(), 303, 'with her own');
      });
    });
  },

  async 'nothing changes by a GET, and cookies are for this site and not for scripts'(w) {
    const [alarm] = await w.stock.take(1, queue('ok-stable'));
    await visit(w.browser, w.daemon, {}, async (visitor) => {
      const page = await visitor.open('/');
      for (const what of ['switch-off', 'preview', 'note', 'take-back']) {
        const answer = await page.request.get(`${w.daemon.origin}${ACT}${what}?alarm=${alarm.id}:${alarm.version}&seq=1&one=switch-off:${alarm.id}:${alarm.version}`, { maxRedirects: 0 });
        check([404, 405].includes(answer.status()), `GET ${ACT}${what} answers ${answer.status()}`);
      }
      await until('the alarm', async () => (await standing(w.daemon)).has(alarm.id));
      const cookies = await visitor.context.cookies();
      check(cookies.length > 0, 'there is no cookie');
      for (const c of cookies) check(c.httpOnly && c.sameSite === 'Strict', `the cookie ${c.name}: ${JSON.stringify(c)}`);
      same(await page.evaluate(() => document.cookie), '', 'what scripts see of cookies');
    });
  },
};

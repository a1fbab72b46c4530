// What goes over the wire, how much stands on a screen, and whether it adds up.
import { request } from 'node:http';
import { check, none, same } from '../lib/check.mjs';
import { NARROW, shot } from '../lib/browser.mjs';
import { ALARMS, board, QUEUES } from '../lib/interface.mjs';
import { full, visit } from '../lib/places.mjs';

export async function setUp(browser) {
  return { ...(await full(300)), browser };
}

export async function tearDown({ daemon }) {
  await daemon.stop();
}

// The bytes of an answer as they come, compressed as browsers ask for it.
function wire(daemon, path) {
  return new Promise((done, fail) => {
    const asked = request(daemon.origin + path, { headers: { 'accept-encoding': 'gzip, deflate, br, zstd' } }, (answer) => {
      let bytes = 0;
      answer.on('data', (piece) => (bytes += piece.length));
      answer.on('end', () => done({ bytes, encoding: answer.headers['content-encoding'] ?? 'none', kept: answer.headers['cache-control'] }));
    });
    asked.on('error', fail);
    asked.end();
  });
}

const counters = (page) => page.locator('nav.counts [data-n]').evaluateAll((all) => Object.fromEntries(all.map((a) => [a.dataset.n, Number(a.querySelector('b').textContent)])));

export default {
  async 'the first screen with 100 rows is under 60 kB compressed, everything that it loads together'(w) {
    await visit(w.browser, w.daemon, {}, async (visitor) => {
      const page = await visitor.context.newPage();
      const client = await visitor.context.newCDPSession(page);
      await client.send('Network.enable');
      const [sizes, urls] = [new Map(), new Map()];
      client.on('Network.requestWillBeSent', (e) => urls.set(e.requestId, new URL(e.request.url).pathname));
      client.on('Network.dataReceived', (e) => sizes.set(e.requestId, (sizes.get(e.requestId) ?? 0) + e.encodedDataLength));
      client.on('Network.loadingFinished', (e) => sizes.set(e.requestId, e.encodedDataLength));
      await page.goto('/', { waitUntil: 'load' });
      await page.waitForTimeout(300);
      same(await page.locator(board.row).count(), 100, 'rows of the first page');
      const parts = [...sizes].map(([id, n]) => [urls.get(id), n]).filter(([path]) => path !== '/events');
      const total = parts.reduce((sum, [, n]) => sum + n, 0);
      const words = parts.map(([path, n]) => `${path} ${n}`).join(', ');
      console.log(`first screen: ${total} bytes (${words})`);
      check(parts.length >= 3, `only ${words} was loaded`);
      check(total < 60_000, `${total} bytes: ${words}`);
    });
  },

  async 'the script is under 12 kB, and style and script are kept by the browser'(w) {
    const text = await (await w.daemon.get('/')).text();
    const [script, style] = ['js', 'css'].map((kind) => text.match(new RegExp(`/static/[^"]+\\.${kind}`))?.[0]);
    check(script && style, 'the page has no script or no style');
    const plain = (await (await w.daemon.get(script)).arrayBuffer()).byteLength;
    const packed = await wire(w.daemon, script);
    console.log(`script: ${plain} bytes, ${packed.bytes} on the wire (${packed.encoding})`);
    check(plain < 12_000, `the script has ${plain} bytes`);
    for (const path of [script, style]) {
      const { kept, encoding } = await wire(w.daemon, path);
      check(/max-age=\d{5,}|immutable/.test(kept ?? ''), `${path}: cache-control is ${kept}`);
      check(encoding !== 'none', `${path} is not compressed`);
    }
  },

  async 'at 1500x1000 30 or more whole rows stand on the first screen, on a Monday morning with 300 alarms'(w) {
    await visit(w.browser, w.daemon, { viewport: { width: 1500, height: 1000 } }, async (visitor) => {
      const page = await visitor.open('/');
      await shot(page, 'board 1500x1000');
      const found = await page.locator(board.row).evaluateAll((rows) => {
        const whole = rows.map((r) => r.getBoundingClientRect()).filter((b) => b.top >= 0 && b.bottom <= innerHeight);
        return { whole: whole.length, heights: [...new Set(whole.map((b) => Math.round(b.height)))] };
      });
      console.log(`at 1500x1000: ${found.whole} whole rows, of ${found.heights} px`);
      check(found.whole >= 30, `${found.whole} whole rows, of ${found.heights} px`);
    });
  },

  async 'every alarm stands in one queue, the counters add up to the total, and each leads to as many rows'(w) {
    await visit(w.browser, w.daemon, {}, async (visitor) => {
      const page = await visitor.open('/');
      const { all, ...queues } = await counters(page);
      same(all, w.count, 'the counter of all');
      same(Object.keys(queues).sort(), [...QUEUES].sort(), 'queues with a counter');
      same(Object.values(queues).reduce((x, y) => x + y, 0), all, 'the sum of the counters');
      const api = await w.daemon.alarms();
      for (const [name, n] of Object.entries(queues)) {
        same(api.filter((a) => a.queue === name).length, n, `alarms of the interface in ${name}`);
        const link = await page.locator(board.counter(name)).getAttribute('href');
        const other = await visitor.open(`${link}${link.includes('?') ? '&' : '?'}limit=500`);
        same(await other.locator(board.row).count(), n, `rows behind the counter of ${name}`);
        same(await counters(other), { all, ...queues }, `the counters on the page of ${name}`);
        await other.close();
      }
      const empty = Object.entries(queues).filter(([name, n]) => !n && name !== 'common-cause').map(([name]) => name);
      none(empty, 'queues that this world leaves empty, so that nothing is proven of them');
    });
  },

  async 'queues stand in the order of work, and within each the oldest first'(w) {
    await visit(w.browser, w.daemon, {}, async (visitor) => {
      const page = await visitor.open('/?limit=500');
      const rows = await page.locator(board.row).evaluateAll((all) => all.map((r) => [r.dataset.q, r.id.slice(2)]));
      const order = rows.map(([q]) => q).filter((q, i, all) => q !== all[i - 1]);
      same(order, QUEUES.filter((q) => order.includes(q)), 'the order of the queues');
      const ages = new Map((await w.daemon.alarms()).map((a) => [a.id, a.age]));
      for (const q of ['over-72h', 'over-24h', 'new']) {
        const of = rows.filter(([name]) => name === q).map(([, id]) => ages.get(id));
        // The minute passes while both are asked for.
        check(of.every((age, i) => i === 0 || age <= of[i - 1] + 60), `${q} is not in the order of age: ${of.slice(0, 12)}`);
      }
    });
  },

  async 'every line says state by word and shape, age, site, metric, host, and the one next action or why there is none'(w) {
    await visit(w.browser, w.daemon, {}, async (visitor) => {
      const page = await visitor.open('/?limit=500&masked=show');
      const wrong = await page.locator(board.row).evaluateAll((rows) => rows.flatMap((r) => {
        const text = (s) => r.querySelector(s)?.innerText.trim() ?? '';
        const list = [];
        if (!/^(CRITICAL|WARNING|UNKNOWN|OK|DOWN|UNREACHABLE|UP)$/.test(text('.k-state'))) list.push(`the state is “${text('.k-state')}”`);
        if (!r.querySelector('.k-state svg use')) list.push('the state has no shape');
        if (!/\d/.test(text('.k-age')) || !r.querySelector('.k-age svg')) list.push(`the age is “${text('.k-age')}”`);
        for (const c of ['.k-site', '.k-metric', '.k-host', '.k-next']) if (!text(c)) list.push(`nothing in ${c}`);
        const strip = r.querySelector('.k-strip [role="img"]');
        if (!strip?.getAttribute('aria-label')) list.push('the strip of the last 24 h has no words');
        // What an operator decides by is never cut off; the rest may end in an ellipsis, and has some room.
        for (const c of ['.k-state', '.k-age', '.k-next']) {
          const cell = r.querySelector(c);
          if (cell.scrollWidth > cell.clientWidth + 1) list.push(`${c} is cut off: “${text(c)}”, ${cell.scrollWidth} px in ${cell.clientWidth}`);
        }
        if (r.querySelector('.k-note').getBoundingClientRect().width < 80) list.push('the last note has no room');
        return list.map((l) => `${text('.k-metric')} on ${text('.k-host')}: ${l}`);
      }));
      none(wrong, 'lines');
    });
  },

  async 'at 390 px every line still shows state, age, site, metric, host and the next action'(w) {
    await visit(w.browser, w.daemon, { viewport: NARROW }, async (visitor) => {
      const page = await visitor.open('/?limit=20');
      const lacking = await page.locator(board.row).evaluateAll((rows) => rows.flatMap((r) =>
        ['.k-state .st', '.k-age b', '.k-site', '.k-metric a', '.k-host', '.k-next'].filter((c) => {
          const box = r.querySelector(c)?.getBoundingClientRect();
          return !box || box.width < 10 || box.height < 10 || box.left < 0 || box.right > innerWidth + 1;
        })));
      none([...new Set(lacking)], 'not to be seen at 390 px');
    });
  },

  async 'the same query is the same list on the page, as JSON, as CSV and as text'(w) {
    await visit(w.browser, w.daemon, {}, async (visitor) => {
      for (const query of ['queue=new&limit=500', 'site=SITE-02&masked=show&limit=500', 'state=WARNING&sort=host&limit=500', 'q=SRM&sort=-age&limit=500']) {
        const page = await visitor.open(`/?${query}`);
        const rows = await page.locator(board.row).evaluateAll((all) => all.map((r) => r.id.slice(2)));
        check(rows.length > 0, `${query} lists nothing`);
        const json = (await w.daemon.json(`${ALARMS}?${query}`)).alarms.map((a) => a.id);
        same(json, rows, `JSON of ${query}`);
        const csv = (await (await w.daemon.get(`/alarms.csv?${query}`)).text()).trim().split('\n');
        same(csv.length - 1, rows.length, `lines of CSV of ${query}`);
        const text = await (await w.daemon.get(`/alarms.txt?${query}`)).text();
        check(!/[<>]/.test(text.replace(/[\s\S]*ODD[^\n]*/g, '')) || query.includes('q=SRM'), `markup in the text of ${query}`);
        check(text.trim().split('\n').length >= rows.length, `lines of text of ${query}`);
        await page.close();
      }
    });
  },

  async 'on paper the rows stand whole, without buttons and without colour that is needed'(w) {
    await visit(w.browser, w.daemon, {}, async (visitor) => {
      const page = await visitor.open('/');
      await page.emulateMedia({ media: 'print', colorScheme: 'light' });
      const found = await page.evaluate((row) => {
        const shown = (e) => e.checkVisibility({ visibilityProperty: true });
        const rows = [...document.querySelectorAll(row)];
        return {
          rows: rows.filter(shown).length,
          buttons: [...document.querySelectorAll('button, input[type="search"], select')].filter(shown).map((b) => b.innerText || b.name).slice(0, 5),
          states: rows.filter((r) => shown(r) && /CRITICAL|WARNING|UNKNOWN|OK/.test(r.innerText)).length,
          clipped: [...document.querySelectorAll('div, main')].filter((e) => shown(e) && e.scrollHeight > e.clientHeight + 2 && /auto|scroll|hidden/.test(getComputedStyle(e).overflowY)).map((e) => e.className),
          paper: getComputedStyle(document.body).backgroundColor,
        };
      }, board.row);
      same(found.rows, 100, 'rows on paper');
      same(found.states, 100, 'rows with their state in words');
      none(found.buttons, 'what nobody can press on paper');
      none(found.clipped, 'cut off on paper');
      check(/, 0\)$/.test(found.paper) || found.paper.match(/\d+/g).slice(0, 3).every((n) => n > 240), `the paper is ${found.paper}`);
      const pdf = await page.pdf({ format: 'A4', landscape: true });
      check(pdf.length > 10_000, 'the paper is empty');
      await shot(page, 'print', { fullPage: true });
    });
  },

  async 'the page is the same in 4K, and no line is longer than the screen'(w) {
    await visit(w.browser, w.daemon, { viewport: { width: 3840, height: 2160 } }, async (visitor) => {
      const page = await visitor.open('/');
      await shot(page, 'board 4K');
      const found = await page.locator(board.row).evaluateAll((rows) => rows.filter((r) => r.getBoundingClientRect().right > innerWidth || r.getBoundingClientRect().height > 30).length);
      same(found, 0, 'rows that are too long or too high');
    });
  },
};

// Anybody can use every page: axe finds nothing, nothing scrolls sideways, headings and tables are in order.
import { ask, boardOf, confirm, fill, tick, told } from '../lib/acting.mjs';
import { everywhere } from '../lib/audit.mjs';
import { NARROW, WIDE, ZOOMED, shot } from '../lib/browser.mjs';
import { check, none, until } from '../lib/check.mjs';
import { board, pages } from '../lib/interface.mjs';
import { empty, full, stale, visit } from '../lib/places.mjs';

export async function setUp(browser) {
  return { browser, many: await full(300), none: await empty(), stale: await stale() };
}

export async function tearDown({ many, none, stale }) {
  for (const { daemon } of [many, none, stale]) await daemon.stop();
}

const STATUS = { 'not found': 404, 'alarm not found': 404 };

// Every page is looked at once, in the world with many alarms and in the one with none, and the cases tell what was found.
function tour(w) {
  return (w.tour ??= (async () => {
    const found = { axe: [], wide: [], large: [], order: [] };
    await Promise.all([['many', '300 alarms'], ['none', 'no alarm']].map(([place, words]) => visit(w.browser, w[place].daemon, {}, async (visitor) => {
      for (const [name, path] of pages(w[place].known)) {
        if (place === 'none' && name === 'alarm') continue;
        const title = `${name}, ${words}`;
        const into = (kind) => (line) => found[kind].push(`${title}: ${line}`);
        try {
          const page = await visitor.open(path, STATUS[name] ?? 200);
          (await order(page)).forEach(into('order'));
          for (const width of [NARROW, { width: 320, height: 640 }, ZOOMED, WIDE]) {
            await page.setViewportSize(width);
            (await wider(page)).map((over) => `at ${width.width} px ${over}`).forEach(into('wide'));
            if (width === NARROW || width === WIDE) await shot(page, `${title} ${width.width}`);
          }
          (await everywhere(page)).forEach(into('axe'));
          await page.setViewportSize(WIDE);
          await shot(page, `${title} dark`);
          const client = await page.context().newCDPSession(page);
          await client.send('Page.setFontSizes', { fontSizes: { standard: 32, fixed: 26 } });
          (await wider(page)).forEach(into('large'));
          await page.close();
        } catch (error) {
          Object.keys(found).forEach((kind) => into(kind)(error.message));
        }
      }
    })));
    return found;
  })());
}

// Headings, landmarks and tables that are out of order.
const order = (page) => page.evaluate(() => {
  const wrong = [];
  const levels = [...document.querySelectorAll('main :is(h1,h2,h3,h4,h5,h6)')].map((h) => Number(h.tagName[1]));
  const first = [...document.querySelectorAll('h1')].length;
  if (first !== 1) wrong.push(`${first} h1`);
  if (levels[0] !== 1) wrong.push(`the content begins with h${levels[0]}`);
  levels.reduce((before, l) => (l > before + 1 && wrong.push(`h${l} follows h${before}`), l), 1);
  if (document.querySelectorAll('main').length !== 1) wrong.push('not one main');
  if (document.documentElement.lang !== 'en') wrong.push('no language');
  if (!document.title.trim()) wrong.push('no title');
  for (const table of document.querySelectorAll('table')) {
    const name = table.caption?.textContent.trim() || table.getAttribute('aria-label') || table.getAttribute('aria-labelledby');
    if (!name) wrong.push(`a table without a caption: ${table.className}`);
    const bare = [...table.querySelectorAll('th')].filter((th) => !th.scope);
    if (bare.length) wrong.push(`${bare.length} th without a scope in ${table.className}`);
    if (!table.querySelector('th')) wrong.push(`a table without a th: ${table.className}`);
  }
  return wrong;
});

// How far the page is wider than the window, and what is to blame.
const wider = (page) => page.evaluate(() => {
  const width = document.documentElement.clientWidth;
  const over = Math.max(document.documentElement.scrollWidth, document.body.scrollWidth) - width;
  if (over <= 0) return [];
  const scrolls = (e) => e && e !== document.body && (/auto|scroll|hidden|clip/.test(getComputedStyle(e).overflowX) || scrolls(e.parentElement));
  const wide = [...document.body.querySelectorAll('*')].filter((e) => e.getBoundingClientRect().right > width + 0.5 && !scrolls(e.parentElement));
  const names = wide.slice(-3).map((e) => `${e.tagName.toLowerCase()}.${e.className?.baseVal ?? e.className}`);
  return [`${over} px wider than the window: ${names.join(', ')}`];
});

export default {
  async 'axe finds nothing on any page, light and dark, wide, at 390 px and at 200 %, with 300 alarms and with none'(w) {
    none((await tour(w)).axe, 'axe finds');
  },

  async 'no page scrolls sideways at 390 px, 320 px, at 200 % and at 1440 px'(w) {
    none((await tour(w)).wide, 'too wide');
  },

  async 'with letters twice as large no page scrolls sideways'(w) {
    none((await tour(w)).large, 'too wide');
  },

  async 'every page has one h1, headings without gaps, one main, a title, and tables with captions and scopes'(w) {
    none((await tour(w)).order, 'out of order');
  },

  async 'every page has a title of its own'(w) {
    await visit(w.browser, w.many.daemon, {}, async (visitor) => {
      const titles = new Map();
      for (const [name, path] of pages(w.many.known).filter(([n]) => !/^(board|filter)|not found/.test(n)).concat([['the board', '/']])) {
        const page = await visitor.open(path);
        const title = await page.title();
        check(!titles.has(title), `${name} has the title of ${titles.get(title)}: ${title}`);
        titles.set(title, name);
        await page.close();
      }
    });
  },

  async 'the pages that ask before something is done, and those that say what became of it, are as good as the others'(w) {
    const found = [];
    const alarms = (await w.many.daemon.alarms()).filter((a) => a.site === 'SITE-05' && ['over-24h', 'new', 'over-72h'].includes(a.queue)).slice(0, 3);
    await visit(w.browser, w.many.daemon, {}, async (visitor) => {
      const look = async (page, title) => {
        for (const line of await order(page)) found.push(`${title}: ${line}`);
        for (const width of [NARROW, WIDE]) {
          await page.setViewportSize(width);
          for (const over of await wider(page)) found.push(`${title}: at ${width.width} px ${over}`);
          await shot(page, `${title} ${width.width}`);
        }
        for (const line of await everywhere(page)) found.push(`${title}: ${line}`);
      };
      for (const what of ['switch-off', 'mask', 'cause', 'note']) {
        const page = await boardOf(visitor, alarms);
        await tick(page, alarms);
        await ask(page, what);
        await look(page, `preview of ${what}`);
        if (what !== 'note') continue;
        await fill(page, { text: 'seen' });
        await confirm(page);
        await told(page);
        await look(page, 'what was done');
      }
    });
    none(found, 'on these pages');
  },

  async 'times are UTC, and the site’s own time stands at hand'(w) {
    const alarm = (await w.many.daemon.alarms()).find((a) => a.site === 'SITE-02' && a.queue === 'new');
    await visit(w.browser, w.many.daemon, {}, async (visitor) => {
      for (const path of [`/alarms/${alarm.id}`, '/sites/SITE-02']) {
        const page = await visitor.open(path);
        const text = await page.evaluate(() => document.body.innerText + [...document.querySelectorAll('[title]')].map((e) => e.title).join(' '));
        check(/UTC/.test(text), `${path} names no UTC`);
        check(/Taipei|CST/.test(text), `${path} does not have the time of Taipei`);
      }
    });
  },

  async 'the way to go that a page belongs to is marked, and the content can be skipped to'(w) {
    const { daemon } = w.many;
    await visit(w.browser, daemon, {}, async (visitor) => {
      for (const path of ['/', '/sites', '/sources', '/audit', '/trail', '/availability']) {
        const page = await visitor.open(path);
        const current = page.locator('header nav a[aria-current="page"]');
        check((await current.count()) === 1, `${path}: ${await current.count()} ways to go are marked`);
        check((await current.getAttribute('href')) === path, `${path}: ${await current.getAttribute('href')} is marked`);
        await page.keyboard.press('Tab');
        const skip = await page.evaluate(() => document.activeElement.getAttribute('href'));
        check(skip === '#main', `${path}: the first that Tab reaches is ${skip}`);
        await page.keyboard.press('Enter');
        await until('the focus in the content', () => page.evaluate(() => document.activeElement.id === 'main'));
        await page.close();
      }
    });
  },

  async 'a source that is silent is said loudly on every page, and what that means'(w) {
    const { daemon, monitor } = w.stale;
    await visit(w.browser, daemon, {}, async (visitor) => {
      for (const path of ['/', '/sources', '/audit', '/sites', '/trail', '/availability']) {
        const page = await visitor.open(path);
        const banner = page.getByRole('alert').filter({ hasText: monitor.name });
        check((await banner.count()) === 1, `${path}: ${await banner.count()} banners name ${monitor.name}`);
        const text = await banner.innerText();
        check(/silent/.test(text) && text.length > 60, `${path}: the banner says only: ${text}`);
        check(await page.locator(`${board.fresh}.bad`).filter({ hasText: monitor.name }).count(), `${path}: the head does not mark it`);
        if (path === '/') await shot(page, 'silent source');
        await page.close();
      }
      const page = await visitor.open('/');
      none(await everywhere(page), 'axe finds');
      const late = await page.getByText('far.example.org').count();
      check(late > 0, 'what the source said before it fell silent is not shown');
    });
  },
};

// With the keyboard alone: every action, always a visible focus that nothing covers, and keys that can be switched off.
import { expectStanding, FAILING, queue, Stock, told } from '../lib/acting.mjs';
import { NARROW, shot, WIDE } from '../lib/browser.mjs';
import { check, none, same, until } from '../lib/check.mjs';
import { act, board, KEYS, pages } from '../lib/interface.mjs';
import { full, visit } from '../lib/places.mjs';

export async function setUp(browser) {
  const w = await full(150);
  return { ...w, browser, stock: new Stock(w.daemon) };
}

export async function tearDown({ daemon }) {
  await daemon.stop();
}

const rowHere = (page) => page.evaluate(() => document.activeElement?.closest('tr')?.id ?? null);
const hostsOf = (alarms) => [...new Set(alarms.map((a) => `host=${encodeURIComponent(a.host)}`))].join('&');

// Why the focus cannot be seen where it is: no mark of it, off the screen, or under something else.
const unseen = (page) => page.evaluate(() => {
  const e = document.activeElement;
  if (!e || e === document.body) return 'the focus is on nothing';
  const name = `${e.tagName.toLowerCase()} ${e.getAttribute('name') ?? e.getAttribute('href') ?? e.className}`;
  const marked = (n) => {
    const s = getComputedStyle(n);
    return (s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 1) || s.boxShadow !== 'none';
  };
  // Of a date Chromium marks the part that the next key changes.
  const parts = e.type === 'date';
  if (!parts && !marked(e) && !(e.closest('tr, label') && marked(e.closest('tr, label')))) return `no mark of the focus: ${name}`;
  const [box] = [...e.getClientRects()].filter((b) => b.width && b.height);
  if (!box) return `it takes no place: ${name}`;
  // What is seen of it: cells cut off what is too long for them.
  const b = { left: box.left, top: box.top, right: box.right, bottom: box.bottom };
  for (let n = e.parentElement; n && n !== document.body; n = n.parentElement) {
    if (getComputedStyle(n).overflow === 'visible') continue;
    const r = n.getBoundingClientRect();
    [b.left, b.right] = [Math.max(b.left, r.left), Math.min(b.right, r.right)];
    [b.top, b.bottom] = [Math.max(b.top, r.top), Math.min(b.bottom, r.bottom)];
  }
  [b.left, b.right] = [Math.max(b.left, 0), Math.min(b.right, innerWidth)];
  if (b.bottom < 1 || b.top > innerHeight - 1 || b.right - b.left < 1 || b.bottom - b.top < 1) return `out of sight: ${name}`;
  const [x, y] = [(b.left + b.right) / 2, Math.min(Math.max((b.top + b.bottom) / 2, 1), innerHeight - 1)];
  const top = document.elementFromPoint(x, y);
  if (top && top !== e && !e.contains(top) && !top.contains(e) && !e.labels?.length) return `under ${top.tagName.toLowerCase()}.${top.className}: ${name}`;
  return null;
});

async function press(page, ...keys) {
  for (const key of keys) await page.keyboard.press(key);
}

// Tab until the focus is on what fits; at most so often.
async function tabTo(page, selector, most = 60) {
  for (let i = 0; i < most; i++) {
    await page.keyboard.press('Tab');
    if (await page.evaluate((s) => document.activeElement?.matches(s), selector)) return;
  }
  check(false, `Tab does not reach ${selector} within ${most}`);
}

export default {
  async 'Tab reaches everything that can be used, in the order of the page, with a focus that is seen and not covered'(w) {
    const found = [];
    await visit(w.browser, w.daemon, {}, async (visitor) => {
      for (const [name, path] of pages(w.known)) {
        for (const viewport of name === 'board' ? [WIDE, NARROW] : [WIDE]) {
          const page = await visitor.open(name === 'board' ? '/?limit=25' : path, /not found/.test(name) ? 404 : 200).catch((e) => void found.push(`${name}: ${e.message}`));
          if (!page) continue;
          await page.setViewportSize(viewport);
          const all = await page.evaluate(() => {
            const usable = [...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex="0"]')]
              .filter((e) => e.checkVisibility({ visibilityProperty: true }) && !e.disabled && e.type !== 'hidden');
            const radios = new Set();
            const kept = usable.filter((e) => e.type !== 'radio' || (!radios.has(e.name) && radios.add(e.name)));
            kept.forEach((e, i) => (e.dataset.order = i));
            return [kept.length, [...document.querySelectorAll('[tabindex]')].filter((e) => e.tabIndex > 0).length];
          });
          if (all[1]) found.push(`${name}: ${all[1]} elements have a tabindex of their own`);
          let at = -1;
          for (let i = 0; i < Math.min(all[0], 160); i++) {
            await page.keyboard.press('Tab');
            const wrong = await unseen(page);
            if (wrong) found.push(`${name} at ${viewport.width}: ${wrong}`);
            const next = await page.evaluate(() => Number(document.activeElement?.dataset.order ?? NaN));
            if (Number.isNaN(next)) continue;
            if (next < at) found.push(`${name}: Tab goes back`);
            if (next > at + 1) {
              // What is written anew meanwhile, as the ages of the sources, has no number any more.
              const left = await page.evaluate((n) => document.querySelector(`[data-order="${n}"]`)?.outerHTML.slice(0, 120), at + 1);
              if (left) found.push(`${name}: Tab leaves out ${left}`);
            }
            at = next;
            if (found.length > 20) break;
          }
          await page.close();
        }
      }
    });
    none([...new Set(found)], 'with Tab');
  },

  async 'the keys move from row to row through the whole list, and the row is always seen'(w) {
    await visit(w.browser, w.daemon, {}, async (visitor) => {
      const page = await visitor.open('/?group=none&limit=60');
      const ids = await page.locator(board.row).evaluateAll((rows) => rows.map((r) => r.id));
      for (const id of ids) {
        await press(page, KEYS.down);
        same(await rowHere(page), id, 'the row after the key down');
        const wrong = await unseen(page);
        check(!wrong, wrong);
      }
      for (const id of ids.slice(0, -1).reverse()) {
        await press(page, KEYS.up);
        same(await rowHere(page), id, 'the row after the key up');
        const wrong = await unseen(page);
        check(!wrong, `going up: ${wrong}`);
      }
      await shot(page, 'row in focus');
      await press(page, 'Enter');
      await page.waitForURL(/\/alarms\//);
    });
  },

  async 'selecting, switching off and undoing go by keys alone'(w) {
    const alarms = await w.stock.take(2, queue('ok-stable'));
    await visit(w.browser, w.daemon, {}, async (visitor) => {
      const page = await visitor.open(`/?${hostsOf(alarms)}&queue=ok-stable&group=none`);
      const n = await page.locator(board.row).count();
      for (let i = 0; i < n; i++) {
        await press(page, KEYS.down);
        const here = await rowHere(page);
        if (alarms.some((a) => `a-${a.id}` === here)) await press(page, KEYS.pick);
      }
      same(await page.locator(`${board.box}:checked`).count(), 2, 'ticked rows');
      await press(page, KEYS.off);
      await page.locator(act.heading).waitFor();
      await tabTo(page, '.buttons button.main');
      await press(page, 'Enter');
      await told(page);
      await expectStanding(w.daemon, alarms, false, 'after the keys');
      await tabTo(page, 'section.flash button');
      check(!(await unseen(page)), await unseen(page));
      // What was said of the switching off still stands there until the page is another one.
      const anew = page.waitForEvent('load');
      await press(page, 'Enter');
      await anew;
      await told(page);
      await expectStanding(w.daemon, alarms, true, 'after the undo');
    });
  },

  async 'with a reason, a mask, a cause, a note: each begins with its key and ends with Enter'(w) {
    const [off, noted, caused, ...masked] = [
      ...(await w.stock.take(3, queue(...FAILING))),
      ...(await w.stock.take(2, queue(...FAILING), { together: true })),
    ];
    await visit(w.browser, w.daemon, {}, async (visitor) => {
      // For the row that is looked at, when none is ticked.
      const begin = async (alarms, key) => {
        const page = await visitor.open(`/?${hostsOf(alarms)}&group=none&masked=show`);
        for (let i = 0, left = alarms.length; left; i++) {
          check(i < 200, 'the keys do not reach the row');
          await press(page, KEYS.down);
          const here = await rowHere(page);
          if (!alarms.some((a) => `a-${a.id}` === here)) continue;
          left -= 1;
          if (alarms.length > 1) await press(page, KEYS.pick);
        }
        await press(page, key);
        await page.locator(act.heading).waitFor();
        same(await page.locator(act.targets).count(), alarms.length, 'alarms in the preview');
        return page;
      };
      const end = async (page) => {
        await tabTo(page, '.buttons button.main');
        await press(page, 'Enter');
        await told(page);
      };
      let page = await begin([off], KEYS.off);
      await tabTo(page, '[name="reason"]');
      await press(page, 'Space', 'Tab');
      await page.keyboard.type('by keys');
      await end(page);
      await expectStanding(w.daemon, [off], false, 'after the keys');
      page = await begin([noted], KEYS.note);
      await tabTo(page, 'textarea');
      await page.keyboard.type('jkxomcn?/ are letters here');
      await end(page);
      check((await page.locator('main').innerText()).includes('jkxomcn?/ are letters here'), 'the note is another one');
      page = await begin([caused], KEYS.cause);
      await tabTo(page, '[name="kind"]');
      await press(page, 'Space', 'Tab');
      await page.keyboard.type('a cause by keys');
      await end(page);
      page = await begin(masked, KEYS.mask);
      await end(page);
      const queues = (await w.daemon.alarms()).filter((a) => masked.some((m) => m.id === a.id)).map((a) => a.queue);
      same(queues.filter((q) => q === 'masked').length, 1, 'masked alarms');
      same((await w.daemon.alarms()).find((a) => a.id === caused.id).queue, 'common-cause', 'the queue of the one under a cause');
    });
  },

  async 'the help opens on its key, names every key, holds the focus and gives it back'(w) {
    await visit(w.browser, w.daemon, {}, async (visitor) => {
      const page = await visitor.open('/');
      const help = page.locator(board.help);
      // First of all, when no row is looked at yet.
      await press(page, KEYS.help);
      await help.waitFor();
      await press(page, 'Escape');
      await until('the help to close', async () => !(await help.isVisible()));
      await press(page, KEYS.down);
      const before = await rowHere(page);
      await press(page, KEYS.help);
      await help.waitFor();
      await shot(page, 'keys');
      const text = await help.innerText();
      const advertised = await page.locator('[aria-keyshortcuts]').evaluateAll((all) => all.map((e) => e.getAttribute('aria-keyshortcuts')));
      none(advertised.filter((k) => !text.includes(k)), 'keys that the help does not name');
      check(await page.evaluate((d) => document.querySelector(d).contains(document.activeElement), board.help), 'the focus is outside of the help');
      await press(page, KEYS.off, KEYS.down);
      check(page.url().endsWith('/') && (await help.isVisible()), 'keys act while the help stands open');
      await press(page, 'Escape');
      await until('the help to close', async () => !(await help.isVisible()));
      same(await rowHere(page), before, 'the row with the focus afterwards');
      same(await page.locator(`${board.box}:checked`).count(), 0, 'rows that the key of the help ticked');
    });
  },

  async 'in a field the keys write, and with Ctrl, Alt or Meta they are the browser’s'(w) {
    await visit(w.browser, w.daemon, {}, async (visitor) => {
      const page = await visitor.open('/');
      await press(page, KEYS.search);
      await until('the focus in the filter', () => page.evaluate((s) => document.activeElement.matches(s), board.search));
      await page.keyboard.type('jkxomcnu?/g');
      same(await page.locator(board.search).inputValue(), 'jkxomcnu?/g', 'what was written');
      check(!(await page.locator(board.help).isVisible()), 'the help opened');
      await page.locator(board.search).fill('');
      await page.locator('select[name="state"]').focus();
      await press(page, 'o');
      check(page.url().endsWith('/'), 'a key acted in a list of choices');
      await page.locator(board.link).first().focus();
      const here = await rowHere(page);
      for (const with_ of ['Control', 'Alt', 'Meta']) {
        await press(page, `${with_}+${KEYS.down}`, `${with_}+${KEYS.pick}`);
      }
      same(await rowHere(page), here, 'the row with the focus');
      same(await page.locator(`${board.box}:checked`).count(), 0, 'ticked rows');
    });
  },

  async 'the keys can be switched off, and stay off'(w) {
    await visit(w.browser, w.daemon, {}, async (visitor) => {
      const page = await visitor.open('/');
      await page.locator(board.helpButton).click();
      await page.locator(board.keysOff).check();
      await press(page, 'Escape');
      for (const again of [false, true]) {
        if (again) await page.reload();
        await page.locator(board.link).first().focus();
        const here = await rowHere(page);
        await press(page, KEYS.down, KEYS.pick, KEYS.off, KEYS.help, 'g', 's');
        same(await rowHere(page), here, 'the row with the focus');
        same(await page.locator(`${board.box}:checked`).count(), 0, 'ticked rows');
        check(!(await page.locator(board.help).isVisible()) && new URL(page.url()).pathname === '/', 'a key acted');
      }
      // On again, by the button, since no key does it.
      await page.locator(board.helpButton).click();
      await page.locator(board.keysOff).uncheck();
      await press(page, 'Escape');
      await press(page, KEYS.help);
      await page.locator(board.help).waitFor();
    });
  },
};

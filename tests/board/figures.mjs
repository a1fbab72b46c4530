// What docs/benchmarks.md says of the board in Chromium; `figures screen` (tests/src/figures/screen.rs) starts it:
// `node figures.mjs ORIGIN interactive PATH…` prints a line a page: milliseconds until it can be used, in the middle and at most;
// `node figures.mjs ORIGIN rows PATH` prints "open", and then, whenever a row has changed on the screen, its host and the time.
import { launch, Visitor } from './lib/browser.mjs';
import { board, EVENTS } from './lib/interface.mjs';

const ROUNDS = 15;
const [origin, what, ...paths] = process.argv.slice(2);
const browser = await launch();
const visitor = await Visitor.of(browser, { origin });

// From the click until everything stands there and the script listens to keys; styles and script are kept from before.
async function interactive(path) {
  const times = [];
  const page = await visitor.context.newPage();
  for (let i = 0; i <= ROUNDS; i++) {
    await visitor.go(page, path);
    const ms = await page.evaluate(async () => {
      await new Promise((painted) => requestAnimationFrame(() => requestAnimationFrame(painted)));
      const [way] = performance.getEntriesByType('navigation');
      const [paint] = performance.getEntriesByName('first-contentful-paint');
      return Math.max(way.domContentLoadedEventEnd, paint?.startTime ?? 0);
    });
    // The first one starts the browser's own things.
    if (i > 0) times.push(ms);
  }
  await page.close();
  times.sort((a, b) => a - b);
  console.log(`${path} ${times[ROUNDS >> 1].toFixed(0)} ${times.at(-1).toFixed(0)}`);
}

async function rows(path) {
  const page = await visitor.context.newPage();
  await page.exposeFunction('changed', (host, at) => console.log(`${host} ${at}`));
  const stream = page.waitForResponse((r) => new URL(r.url()).pathname === EVENTS);
  await page.goto(path);
  await stream;
  await page.evaluate((table) => {
    const rowOf = (n) => (n.nodeType === 1 ? n : n.parentElement)?.closest('tr.row');
    new MutationObserver((all) => {
      const hosts = new Set(all.map((m) => rowOf(m.target)?.querySelector('td.k-host')?.textContent.trim()).filter(Boolean));
      // The frame after the change is on the screen.
      requestAnimationFrame(() => {
        const at = performance.timeOrigin + performance.now();
        for (const host of hosts) globalThis.changed(host, at);
      });
    }).observe(document.querySelector(table), { subtree: true, childList: true, characterData: true });
  }, board.table);
  console.log('open');
  // Until the one who started it has seen enough.
  await new Promise((over) => process.stdin.on('end', over).resume());
}

if (what === 'interactive') for (const path of paths) await interactive(path);
else await rows(paths[0]);
await browser.close();

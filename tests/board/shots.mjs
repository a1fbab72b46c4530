// The pictures in docs/pages: `node shots.mjs ORIGIN FOLDER`, of a daemon that runs, best the demo
// (`alarm-filter demo`). Looks for alarms that show something, and changes nothing.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { launch, NARROW, Visitor, WIDE } from './lib/browser.mjs';
import { ALARMS, board } from './lib/interface.mjs';

const [origin, folder] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
const { alarms } = await (await fetch(`${origin}${ALARMS}?limit=100000&masked=show`)).json();
const failing = alarms.filter((a) => a.queue?.startsWith('over') && a.state !== 'OK');
const count = (list, key) => list.reduce((n, a) => n.set(a[key], (n.get(a[key]) ?? 0) + 1), new Map());
const most = (list, key) => [...count(list, key)].sort((a, b) => b[1] - a[1])[0]?.[0] ?? '';
const [site, metric] = [most(alarms, 'site'), most(failing.filter((a) => a.service_type !== 'Host'), 'metric')];
const alarm = failing.find((a) => a.site === site) ?? alarms[0];

const browser = await launch();
async function pictures(options, pages) {
  const visitor = await Visitor.of(browser, { origin }, options);
  for (const [name, path, prepare] of pages) {
    const page = await visitor.open(path);
    await prepare?.(page);
    await page.screenshot({ path: join(folder, `${name}.png`) });
    await page.close();
  }
  await visitor.close();
}

const tick = (n) => async (page) => {
  for (let i = 0; i < n; i++) await page.locator(board.box).nth(i).check();
};
await pictures({ viewport: WIDE }, [
  ['board', '/'],
  ['board-by-site', '/?group=site', tick(3)],
  ['alarm', `/alarms/${alarm.id}`],
  ['site', `/sites/${encodeURIComponent(site)}`],
  ['metric', `/metric/${encodeURIComponent(metric)}`],
  ['sites', '/sites'],
  ['availability', '/availability'],
  ['sources', '/sources'],
  ['audit', '/audit'],
  ['trail', '/trail'],
  ['keys', '/', (page) => page.keyboard.press('?')],
]);
await pictures({ viewport: WIDE, colorScheme: 'dark' }, [['board-dark', '/']]);
await pictures({ viewport: NARROW }, [['board-narrow', '/'], ['alarm-narrow', `/alarms/${alarm.id}`]]);
await browser.close();

// axe on a page: every rule of WCAG 2.0 to 2.2, A and AA, and its best practices.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { NARROW, WIDE, ZOOMED } from './browser.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22a', 'wcag22aa', 'best-practice'];

// How pages are looked at. The first of them is looked at with everything that axe knows.
export const VIEWS = [
  ['wide, light', WIDE, 'light'], ['wide, dark', WIDE, 'dark'],
  ['390 px, light', NARROW, 'light'], ['390 px, dark', NARROW, 'dark'],
  ['200 %, light', ZOOMED, 'light'], ['200 %, dark', ZOOMED, 'dark'],
];

// What axe finds on the page as it is, a line each.
export async function violations(page) {
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(AXE);
  return page.evaluate(async (tags) => {
    const found = await axe.run(document, { runOnly: { type: 'tag', values: tags }, resultTypes: ['violations'] });
    return found.violations.map((v) => {
      const nodes = v.nodes.slice(0, 3).map((n) => `${n.target.join(' ')}  ${n.html.slice(0, 120)}  ${(n.any[0] ?? n.all[0] ?? n.none[0])?.message ?? ''}`);
      return `${v.id} (${v.nodes.length} times: ${v.help})\n      ${nodes.join('\n      ')}`;
    });
  }, TAGS);
}

// What axe finds in each of the views of a page that stands open.
export async function everywhere(page, views = VIEWS) {
  const found = new Map();
  for (const [name, viewport, colorScheme] of views) {
    await page.setViewportSize(viewport);
    await page.emulateMedia({ colorScheme });
    for (const line of await violations(page)) found.set(line, [...(found.get(line) ?? []), name]);
  }
  return [...found].map(([line, where]) => `${where.length === views.length ? 'everywhere' : where.join('; ')}: ${line}`);
}

// axe on a page: every rule of WCAG 2.0 to 2.2, A and AA, and its best practices.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { NARROW, WIDE, ZOOMED } from './browser.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22a', 'wcag22aa', 'best-practice'];

// How pages are looked at. What differs in the dark is colours alone, and these do not depend on the width.
export const VIEWS = [
  ['wide, light', WIDE, 'light'], ['wide, dark', WIDE, 'dark'], ['390 px, light', NARROW, 'light'], ['200 %, light', ZOOMED, 'light'],
];

// What axe finds on the page as it is, a line each.
async function violations(page, colours) {
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(AXE);
  return page.evaluate(async ([tags, colours]) => {
    // Colours that are on their way are nobody's.
    await Promise.allSettled(document.getAnimations().map((a) => a.finished));
    const rules = axe.getRules(tags).filter((r) => !colours || r.tags.includes('cat.color')).map((r) => r.ruleId);
    const found = await axe.run(document, { runOnly: { type: 'rule', values: rules }, resultTypes: ['violations'] });
    return found.violations.map((v) => {
      const nodes = v.nodes.slice(0, 3).map((n) => `${n.target.join(' ')}  ${n.html.slice(0, 120)}  ${(n.any[0] ?? n.all[0] ?? n.none[0])?.message ?? ''}`);
      return `${v.id} (${v.nodes.length} times: ${v.help})\n      ${nodes.join('\n      ')}`;
    });
  }, [TAGS, colours]);
}

// What axe finds in each of the views of a page that stands open.
export async function everywhere(page, views = VIEWS) {
  const found = new Map();
  for (const [name, viewport, colorScheme] of views) {
    await page.setViewportSize(viewport);
    await page.emulateMedia({ colorScheme });
    for (const line of await violations(page, colorScheme === 'dark')) found.set(line, [...(found.get(line) ?? []), name]);
  }
  return [...found].map(([line, where]) => `${where.length === views.length ? 'everywhere' : where.join('; ')}: ${line}`);
}

// Whatever a site, a probe or a GOCDB writes is text that is seen: it never becomes markup, never runs, never turns the line
// around. And what is a security matter (AL17) stands nowhere.
import { none, check, same } from '../lib/check.mjs';
import { pages } from '../lib/interface.mjs';
import { CAUGHT, hidden, RAN } from '../lib/hostile.mjs';
import { full, visit } from '../lib/places.mjs';
import { shot } from '../lib/browser.mjs';

export async function setUp(browser) {
  const w = await full(80);
  const alarms = await w.daemon.alarms();
  const evil = alarms.find((a) => a.host === w.known.evil.host && a.service === w.known.evil.service);
  return { ...w, browser, evil };
}

export async function tearDown({ daemon }) {
  await daemon.stop();
}

// Every page there is, of the worst names that there are.
function worst(w) {
  const odd = encodeURIComponent(w.known.odd);
  const long = encodeURIComponent(w.known.long.site);
  return [
    ...pages(w.known),
    ['alarm of odd names', `/alarms/${w.evil.id}`],
    ['odd site', `/sites/${odd}`],
    ['site of a downtime with markup', '/sites/SITE-01'],
    ['odd metric', `/metric/${encodeURIComponent(w.evil.metric)}`],
    ['site with a long name', `/sites/${long}`],
    ['metric with a long name', `/metric/${encodeURIComponent(w.known.long.metric)}`],
    ['filter with markup', `/?q=${encodeURIComponent(`"><img id=${CAUGHT}query src=x onerror=${RAN}=1>`)}`],
    ['filter by an odd site', `/?site=${odd}`],
    ['fault with markup', `/?${encodeURIComponent(`<b id=${CAUGHT}name>`)}=${encodeURIComponent(`<b id=${CAUGHT}value>`)}`],
    ['trail of markup', `/trail?who=${encodeURIComponent(`"><b id=${CAUGHT}who>`)}&subject=${encodeURIComponent(`"><b id=${CAUGHT}subject>`)}`],
    ['no page of that name', `/${encodeURIComponent(`<b id=${CAUGHT}path>`)}`],
    ['no site of that name', `/sites/${encodeURIComponent(`<b id=${CAUGHT}path>`)}`],
  ];
}

export default {
  async 'no text of others becomes an element, an attribute or a script on any page'(w) {
    const found = [];
    await visit(w.browser, w.daemon, {}, async (visitor) => {
      visitor.expect('status of 404');
      for (const [name, path] of worst(w)) {
        const page = await visitor.context.newPage();
        await page.goto(path);
        const wrong = await page.evaluate(([caught, ran]) => {
          const list = [];
          for (const e of document.querySelectorAll(`[id*="${caught}"]`)) list.push(`an element: ${e.outerHTML.slice(0, 100)}`);
          for (const e of document.querySelectorAll('*')) {
            for (const a of e.attributes) {
              if (/^on/i.test(a.name)) list.push(`${a.name} on ${e.tagName}`);
              if (['href', 'src', 'action'].includes(a.name) && /^\s*(javascript|data|vbscript):/i.test(a.value)) list.push(`${a.name}=${a.value.slice(0, 60)}`);
            }
            if (e.hasAttribute('style')) list.push(`a style on ${e.tagName}`);
          }
          if (globalThis[ran]) list.push('a script ran');
          if ([...document.scripts].some((s) => !s.src)) list.push('a script in the page');
          return list;
        }, [CAUGHT, RAN]);
        found.push(...wrong.map((line) => `${name}: ${line}`));
        await page.close();
      }
    });
    none(found, 'on the pages');
  },

  async 'marks of direction, of nothing and of control are written out, on every page and in every export'(w) {
    const found = [];
    const others = ['/alarms.csv', '/alarms.txt', '/availability.csv', '/alarms.txt?columns=output&columns=note&width=400'];
    for (const [name, path] of [...worst(w), ...others.map((path) => [path, path])]) {
      const text = await (await w.daemon.get(path)).text();
      const mark = hidden(text.replaceAll('\r\n', '\n'));
      if (mark) {
        const at = text.indexOf(mark);
        found.push(`${name}: U+${mark.codePointAt(0).toString(16)} in ${JSON.stringify(text.slice(Math.max(0, at - 60), at + 20))}`);
      }
    }
    none(found, 'hidden characters');
  },

  async 'what was written is read as it was written'(w) {
    await visit(w.browser, w.daemon, {}, async (visitor) => {
      const board = await visitor.open(`/?site=${encodeURIComponent(w.known.odd)}&columns=site&columns=output&columns=host`);
      const text = await board.locator('main').innerText();
      for (const part of [`<b id=${CAUGHT}site>bold</b>`, `onerror=${RAN}=1>`, `<script id=${CAUGHT}`, '\\u{202e}', '\\x1b[31mred']) {
        check(text.includes(part), () => `the board does not show ${part}`);
      }
      await shot(board, 'hostile board');
      const alarm = await visitor.open(`/alarms/${w.evil.id}`);
      const all = await alarm.locator('main').innerText();
      for (const part of [`<b id=${CAUGHT}output>bold</b>`, `0: <b id=${CAUGHT}long-output>`, `<img id=${CAUGHT}perf-data`, `<img id=${CAUGHT}metric`, '\\u{202e}', '\\u{2066}']) {
        check(all.includes(part), () => `the alarm’s page does not show ${part}`);
      }
      await shot(alarm, 'hostile alarm', { fullPage: true });
      const site = await visitor.open('/sites/SITE-01');
      const of = await site.locator('main').textContent();
      check(of.includes(`<script id=${CAUGHT}downtime>`), 'the site’s page does not show the description of its downtime');
      await shot(site, 'hostile site', { fullPage: true });
    });
  },

  async 'in CSV no field begins what a table would take for a formula'(w) {
    const at = Math.floor(Date.now() / 1000) - 60;
    const formulas = ['=HYPERLINK("http://evil.example.org")', '+1+1', '-1+1', '@SUM(A1)', '\t=1+1'];
    await w.daemon.observe(formulas.map((output, i) => ({ host: `f${i}.site-01.example.org`, service: 'org.sam.SRM-Ls-ops', service_type: 'SRM', metric: 'org.sam.SRM-Ls', site: 'SITE-01', state: 'CRITICAL', since: at, output })));
    const text = await (await w.daemon.get('/alarms.csv?columns=output&columns=host')).text();
    check(text.includes('HYPERLINK'), 'the CSV does not have the output');
    const fields = text.split('\n').flatMap((line) => line.match(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g) ?? []);
    none(fields.filter((f) => /^"?[=+@\t\r-]/.test(f) && !/^"?-?\d+(\.\d+)?"?,?\r?$/.test(f)), 'fields that begin a formula');
  },

  async 'a security matter (AL17) stands on no page, in no export, no counter and no stream'(w) {
    const found = [];
    const paths = ['/alarms.csv', '/alarms.txt', '/api/v1/alarms', '/api/v1/episodes', '/api/v1/availability', '/availability.csv', '/metrics', '/metric/org.security.Pakiti', '/?metric=org.security.Pakiti', '/?q=Pakiti', '/api/v1/alarms?q=Pakiti'];
    for (const [name, path] of [...worst(w), ...paths.map((p) => [p, p])]) {
      const text = await (await w.daemon.get(path)).text();
      const own = decodeURIComponent(path).includes('Pakiti');
      if (text.includes('secret-of-security') || (!own && text.includes('Pakiti'))) found.push(name);
    }
    none(found, 'it stands on');
    const absent = await w.daemon.json('/api/v1/alarms?q=Pakiti');
    same(absent.alarms.length, 0, 'alarms that the word finds');
  },

  async 'every page is served with a strict policy, and no form or link leads away but with a name'(w) {
    const found = [];
    for (const [name, path] of worst(w)) {
      const answer = await w.daemon.get(path);
      const policy = answer.headers.get('content-security-policy') ?? '';
      for (const part of ["default-src 'none'", "script-src 'self'", "style-src 'self'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"]) {
        if (!policy.includes(part)) found.push(`${name}: the policy lacks ${part}`);
      }
      if (/unsafe|\*|data:/.test(policy)) found.push(`${name}: the policy is ${policy}`);
      if (answer.headers.get('x-content-type-options') !== 'nosniff') found.push(`${name}: may be sniffed`);
      if (!/no-store|no-cache/.test(answer.headers.get('cache-control') ?? '')) found.push(`${name}: may be kept`);
      const text = await answer.text();
      for (const [link] of text.matchAll(/<a [^>]*href="https?:[^>]*>/g)) {
        if (!/rel="[^"]*noopener/.test(link)) found.push(`${name}: ${link.slice(0, 100)}`);
      }
    }
    none(found, 'policies');
  },
};

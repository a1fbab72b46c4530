// Runs the cases: `node run.mjs [WORD…]` those whose file or name has one of the words, without words all.
//
// Needs GRIDWARD_BIN. Prints a line a case and a line a file in the words of cargo's tests. GRIDWARD_KEEP=1 keeps the daemons'
// folders and pictures of the pages (in the folder GRIDWARD_SHOTS, when it is named); GRIDWARD_HANG=SECONDS is the limit of one wait.
import { readdirSync } from 'node:fs';
import { launch, SHOTS } from './lib/browser.mjs';
import { Failed } from './lib/check.mjs';

// At most so long may one case take.
const LIMIT = 100_000;
const words = process.argv.slice(2);
const folder = new URL('./cases/', import.meta.url);
const files = readdirSync(folder).filter((f) => f.endsWith('.mjs')).sort();
if (files.length === 0) throw new Error('there are no cases');

const within = (work, ms) => {
  let timer;
  const limit = new Promise((_, no) => (timer = setTimeout(() => no(new Failed(`no end within ${ms / 1000} s`)), ms)));
  return Promise.race([work, limit]).finally(() => clearTimeout(timer));
};

// What a case that ended already left behind fails the run, in words.
let strays = 0;
process.on('unhandledRejection', (error) => {
  strays += 1;
  console.log(`a case left behind: ${error?.message ?? error}`);
});

const browser = await launch();
console.log(`Chromium ${browser.version()}, Node ${process.version}${SHOTS ? `; pictures go to ${SHOTS}` : ''}`);
let failed = 0, ran = 0;
const slow = [];
for (const file of files) {
  const name = file.replace('.mjs', '');
  const { default: cases, setUp, tearDown } = await import(new URL(file, folder));
  const chosen = Object.entries(cases).filter(([c]) => words.length === 0 || words.some((w) => `${name}: ${c}`.includes(w)));
  if (chosen.length === 0) continue;
  const found = { ok: 0, failed: 0 };
  const failures = [];
  const one = async (title, work) => {
    const begun = Date.now();
    try {
      await within(work(), LIMIT);
      found.ok += 1;
      console.log(`test ${name}: ${title} ... ok`);
    } catch (error) {
      found.failed += 1;
      // Playwright colours its words.
      failures.push([title, (error instanceof Failed ? error.message : error.stack).replace(/\u001b\[\d+m/g, '')]);
      console.log(`test ${name}: ${title} ... FAILED`);
    }
    slow.push([Date.now() - begun, `${name}: ${title}`]);
  };
  let world;
  try {
    world = await within(setUp(browser), LIMIT);
  } catch (error) {
    await one('what the cases need', () => Promise.reject(error));
  }
  if (world) {
    for (const [title, work] of chosen) await one(title, () => work(world));
    // Its end is a case when it goes wrong: the daemon has to stop in order.
    await within(tearDown(world), LIMIT).catch((error) => one('the end of the daemons', () => Promise.reject(error)));
  }
  for (const [title, message] of failures) console.log(`\n---- ${name}: ${title} ----\n${message}`);
  const how = found.failed ? 'FAILED' : 'ok';
  console.log(`\ntest result: ${how}. ${found.ok} passed; ${found.failed} failed; 0 ignored\n`);
  failed += found.failed;
  ran += found.ok + found.failed;
}
await browser.close();
slow.sort((a, b) => b[0] - a[0]);
for (const [ms, title] of slow.slice(0, 5)) console.log(`${(ms / 1000).toFixed(1).padStart(6)} s  ${title}`);
if (ran === 0) console.log(`no case has one of the words ${words.join(' ')}`);
// 101 as cargo's tests: what failed is counted already.
process.exit(failed ? 101 : ran && !strays ? 0 : 1);

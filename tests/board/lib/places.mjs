// What files of cases stand on: daemons with a world in each, and windows on them.
import { Daemon } from './daemon.mjs';
import { Visitor } from './browser.mjs';
import { check, until } from './check.mjs';
import * as world from './world.mjs';

// A daemon with `count` alarms; `known` names some that are there.
export async function full(count = 300, more = {}) {
  const made = world.region({ count, ...more });
  const daemon = await Daemon.start({ ...made.setup, ...more.setup });
  for (let i = 0; i < made.observations.length; i += 500) await daemon.observe(made.observations.slice(i, i + 500));
  const alarms = await until('all alarms to stand', async () => {
    const found = await daemon.alarms();
    return found.length >= count && found;
  });
  check(alarms.length === count, `${alarms.length} alarms stand instead of ${count}`);
  return { daemon, known: { alarm: alarms[0].id, ...made.known }, count };
}

// A daemon that watches a region in which all is well.
export async function empty() {
  const { setup } = world.region({ count: 24, strange: false });
  const daemon = await Daemon.start(setup);
  await daemon.observe([{ host: 'ce01.site-01.example.org', service: 'org.nordugrid.ARC-CE-submit-ops', service_type: 'ARC-CE', metric: 'org.nordugrid.ARC-CE-submit', site: 'SITE-01', state: 'OK', output: 'OK' }]);
  return { daemon, known: { alarm: '0000000000000000', site: 'SITE-01', metric: 'org.nordugrid.ARC-CE-submit' }, count: 0 };
}

// A daemon of which one source is silent.
export async function stale() {
  const monitor = world.silentMonitor();
  const daemon = await Daemon.start({ profile: world.profile(), monitors: [monitor] });
  await until('the silence to be noticed', async () => /silent/.test(await (await daemon.get('/sources')).text()));
  return { daemon, monitor };
}

// Runs `work` with a window and ends the window; what went wrong in it fails the case.
export async function visit(browser, daemon, options, work) {
  const visitor = await Visitor.of(browser, daemon, options);
  let result;
  try {
    result = await work(visitor);
  } catch (error) {
    await visitor.close().catch((also) => (error.message += `\nand ${also.message}`));
    throw error;
  }
  await visitor.close();
  return result;
}

// Made-up regions: 300 alarms in every queue, none, a source that is silent. All of it comes in as a daemon gets it: by
// observations over HTTP, by the files of a GOCDB, by a profile.
import { gocdb } from './gocdb.mjs';
import * as hostile from './hostile.mjs';

const MINUTE = 60, HOUR = 3600, DAY = 86_400;
const METRICS = [
  ['ARC-CE', 'org.nordugrid.ARC-CE-submit'], ['ARC-CE', 'org.nordugrid.ARC-CE-ARIS'],
  ['CREAM-CE', 'org.sam.CREAMCE-JobSubmit'], ['CREAM-CE', 'emi.cream.CREAMCE-AllowedSubmission'],
  ['SRM', 'org.sam.SRM-Put'], ['SRM', 'org.sam.SRM-Ls'], ['Site-BDII', 'org.bdii.Freshness'],
  ['Site-BDII', 'org.nagios.BDII-Check'], ['MyProxy', 'hr.srce.MyProxy-Store'],
];
const ACCOUNTING = ['APEL', 'org.apel.APEL-Pub'];
const OUTPUTS = [
  'CRITICAL: job aborted: the endpoint refused the delegation of the proxy certificate (code 131)',
  'CRITICAL: cannot contact the server within 60 s', 'WARNING: the host certificate ends in 12 days',
  'UNKNOWN: no result within 24 h', 'CRITICAL: entries older than 20 min: 17 of 214 | entries=214;;;0 old=17;10;15;0',
  '(Service check timed out after 60.01 seconds)',
];
export const LONG = {
  site: 'A-SITE-WITH-A-VERY-LONG-NAME-THAT-SOMEBODY-REGISTERED-IN-2009-AND-NOBODY-EVER-SHORTENED',
  host: `${'very-long-host-name-of-a-storage-element-'.repeat(3)}01.storage.physics.university.example.org`,
  metric: 'org.example.a-metric-with-a-name-that-is-much-longer-than-any-column-of-any-table-can-ever-be-ops',
};

export const now = () => Math.floor(Date.now() / 1000);

export function profile() {
  const types = {};
  for (const [type, metric] of [...METRICS, ACCOUNTING]) (types[type] ??= []).push(metric);
  const lines = Object.entries(types).map(([type, metrics]) => `"${type}" = ${JSON.stringify(metrics)}`);
  return [
    'name = "OPERATORS"', 'vo = "ops"', '[service_types]', ...lines, '"*" = ["*"]',
    `[metrics."${ACCOUNTING[1]}"]`, 'mask_family = "accounting"',
    '[metrics."org.sam.SRM-Put"]', 'category = "storage"', 'documentation = "https://wiki.example.org/srm-put"',
    '[metrics."org.security.Pakiti"]', 'security = true',
  ].join('\n') + '\n';
}

// Sites, and the services that can fail in each.
class Region {
  sites = [];
  endpoints = [];
  downtimes = [];
  observations = [];
  alarms = 0;
  at = now();

  site(name, more = {}) {
    const i = this.sites.length;
    this.sites.push({ name, ngi: `NGI_${'ABC'[i % 3]}`, ...more });
    return name;
  }

  // A service that failed `ago` seconds ago; `was` are its states since, as [state, ago].
  failing({ site, type, metric, host, ago, state = 'CRITICAL', output, was = [], ...more }) {
    const { endpoint = {}, ...said } = more;
    if (endpoint && !this.endpoints.some((e) => e.host === host && e.type === type)) {
      this.endpoints.push({ host, type, site, ...endpoint });
    }
    const about = { host, service: `${metric}-ops`, service_type: type, metric, site };
    this.alarms += 1;
    const states = [[state, ago], ...was];
    for (const [s, seconds] of states) {
      const text = s === 'OK' ? 'OK: all well' : output ?? OUTPUTS[this.observations.length % OUTPUTS.length];
      this.observations.push({ ...about, state: s, since: this.at - seconds, output: text, ...said });
    }
    return about;
  }
}

const STATES = ['CRITICAL', 'CRITICAL', 'WARNING', 'UNKNOWN'];

// `count` alarms over as many sites as a region has, in every queue that needs no operator.
export function region({ count = 300, strange = true } = {}) {
  const r = new Region();
  const number = count < 24 ? 3 : 24;
  for (let i = 0; i < number; i++) r.site(`SITE-${String(i + 1).padStart(2, '0')}`, { zone: ['Europe/Zurich', 'Asia/Taipei', 'America/Chicago'][i % 3] });
  const known = strange ? oddities(r) : {};
  // Shares of the queues, of the services of which there are enough: one alarm a service.
  const parts = [
    [0.16, (i) => ({ ago: (9 + (i % 20)) * DAY + i * MINUTE, state: STATES[i % 4] })],
    [0.16, (i) => ({ ago: 26 * HOUR + i * 12 * MINUTE, state: STATES[i % 4] })],
    [0.28, (i) => ({ ago: 4 * MINUTE + i * 11 * MINUTE, state: STATES[i % 4], was: i % 5 ? [] : [['OK', 3 * MINUTE], ['CRITICAL', 2 * MINUTE]] })],
    [0.14, (i) => ({ ago: 30 * HOUR + i * MINUTE, was: [['OK', 5 * HOUR + i * MINUTE]] })],
    [0.1, (i) => ({ ago: 8 * HOUR, was: [['OK', 10 * MINUTE + i * MINUTE]] })],
    [0.08, (i) => ({ ago: 3 * HOUR + i * MINUTE, down: true })],
    [0.08, (i) => ({ ago: 5 * HOUR + i * MINUTE, endpoint: [{ monitored: false }, { production: false }, false][i % 3] })],
  ];
  const total = count - r.alarms;
  let n = 0;
  for (const [k, [share, make]] of parts.entries()) {
    const many = k === parts.length - 1 ? total - n : Math.round(total * share);
    for (let i = 0; i < many; i++, n++) {
      const site = r.sites[n % number].name;
      const [type, metric] = METRICS[n % METRICS.length];
      const host = `${type.split('-')[0].toLowerCase()}${String(Math.floor(n / number) + 1).padStart(2, '0')}.${site.toLowerCase()}.example.org`;
      const { down, ...how } = make(i);
      if (down) r.downtimes.push({ host: `d-${host}`, type, site, from: r.at - 4 * HOUR, to: r.at + 20 * HOUR, scheduled: i % 2 === 0 });
      const prefix = down ? 'd-' : how.endpoint !== undefined ? 'x-' : '';
      r.failing({ site, type, metric, host: prefix + host, ...how });
    }
  }
  return {
    known: { site: 'SITE-01', metric: METRICS[0][1], ...known },
    observations: r.observations,
    setup: { profile: profile(), gocdb: gocdb(r) },
  };
}

// Names and texts that no page may fall over, accounting that masks itself (AL14), a metric that fails at four sites (AL18).
function oddities(r) {
  const [first] = r.sites;
  first.official = hostile.name('official');
  first.description = hostile.lines('description');
  first.telephone = hostile.line('telephone');
  r.endpoints.push({ host: 'ce90.site-01.example.org', type: 'ARC-CE', site: 'SITE-01' });
  r.downtimes.push({ host: 'ce90.site-01.example.org', type: 'ARC-CE', site: 'SITE-01', from: r.at + 2 * HOUR, to: r.at + 9 * HOUR, scheduled: true, description: hostile.line('downtime', 2) });
  const odd = r.site(`ODD ${hostile.name('site')}`, { ngi: hostile.name('ngi', 4) });
  const long = r.site(LONG.site);
  const texts = { output: hostile.line('output'), long_output: hostile.lines('long-output'), perf_data: hostile.line('perf-data', 1) };
  const evil = r.failing({ site: odd, type: 'ARC-CE', metric: hostile.name('metric', 1), host: `ce-${hostile.DIRECTION.slice(0, 6)}.example.org`, ago: 15 * DAY, endpoint: false, ...texts });
  for (let i = 0; i < 6; i++) {
    r.failing({ site: odd, type: 'SRM', metric: `org.odd.metric-${i}`, host: 'se01.odd.example.org', ago: 10 * DAY + i * HOUR, output: hostile.line(`output${i}`, i) });
  }
  r.failing({ site: long, type: 'SRM', metric: LONG.metric, host: LONG.host, ago: 12 * DAY, output: `CRITICAL ${'x'.repeat(800)}` });
  for (let i = 0; i < 3; i++) {
    r.failing({ site: 'SITE-02', type: ACCOUNTING[0], metric: ACCOUNTING[1], host: `apel0${i + 1}.site-02.example.org`, ago: 20 * HOUR + i * HOUR });
  }
  for (let i = 0; i < 4; i++) {
    r.failing({ site: `SITE-0${i + 3}`, type: 'MyProxy', metric: 'hr.srce.MyProxy-ProxyLifetime', host: `px.site-0${i + 3}.example.org`, ago: (9 - 2 * i) * MINUTE });
  }
  // A security matter (AL17) stands nowhere.
  r.failing({ site: 'SITE-01', type: 'ARC-CE', metric: 'org.security.Pakiti', host: 'ce01.site-01.example.org', ago: 2 * DAY, output: 'CRITICAL: secret-of-security' });
  r.alarms -= 1;
  return { odd, long, evil };
}

// A log of a Nagios that wrote long ago, and nothing since.
export function silentMonitor(name = 'nagios-far') {
  const at = now() - 3 * HOUR;
  const text = [
    `[${at}] Nagios 4.4.6 starting... (PID=77)`,
    `[${at + 5}] SERVICE ALERT: far.example.org;org.nagios.BDII-Check-ops;CRITICAL;HARD;3;CRITICAL: no answer`,
  ].join('\n');
  return { name, text: `${text}\n`, silentAfter: '1s' };
}

// Everything that these tests know of the daemon's exact interface: configuration, addresses, names of classes and fields.
// When one of them changes, it changes here and nowhere else.

export const READY = '/ready';
export const HEALTH = '/health';
export const OBSERVATIONS = '/api/v1/observations';
export const ALARMS = '/api/v1/alarms';
export const SOURCE = 'probe';
// The field in which a reverse proxy would name who has signed in.
export const USER_FIELD = 'X-Remote-User';

// The daemon's configuration. `monitors`: name, log and after how long without a line it counts as silent.
export function configuration({ folder, gocdb, monitors = [], rules = '' }) {
  const lines = [
    `store = "${folder}/store"`,
    'listen = "127.0.0.1:0"',
    '[profiles]',
    `files = ["${folder}/profile.toml"]`,
    'operators = "OPERATORS"',
    '[http]',
    `sources = ["${SOURCE}"]`,
    '[web]',
    `user_header = "${USER_FIELD}"`,
    '[rules]',
    rules,
  ];
  if (gocdb) {
    lines.push('[topology]');
    for (const method of ['get_site', 'get_service_endpoint', 'get_downtime', 'get_roc_list']) {
      lines.push(`${method} = { source = "${gocdb}/${method}.xml" }`);
    }
  }
  for (const m of monitors) {
    lines.push('[[monitor]]', `name = "${m.name}"`, `log = "${m.log}"`, 'catch_up = "all"');
    lines.push(`silent_after = "${m.silentAfter}"`);
  }
  return lines.join('\n') + '\n';
}

// The queues of DE3 that are on the board, in the order of work.
export const QUEUES = [
  'over-72h', 'over-24h', 'new', 'ok-stable', 'ok-not-stable', 'downtime', 'set-apart', 'common-cause', 'masked',
];

// Where everything stands on the board.
export const board = {
  table: 'table.alarms',
  row: 'table.alarms tr.row',
  rowOf: (id) => `#a-${id}`,
  idOf: (row) => row.replace(/^a-/, ''),
  box: 'input[name="alarm"]',
  link: 'tr.row th.k-metric a',
  state: 'td.k-state',
  next: 'td.k-next',
  nextButton: 'button[name="one"]',
  counter: (queue) => `nav.counts [data-n="${queue}"]`,
  counterAll: 'nav.counts [data-n="all"]',
  act: (what) => `form.board button[name="do"][value="${what}"]`,
  which: 'form.board select[name="scope"]',
  arrived: '.arrived button',
  search: 'form.filter input[name="q"]',
  fresh: '.fresh .src',
  help: 'dialog#keys',
  helpButton: 'button.keys',
  keysOff: '#keys-off',
  pickAll: 'input.pick-all',
};

// What people do: the words of the buttons, and the fields of the page that asks before anything is done.
export const act = {
  page: 'section.act',
  confirm: 'section.act form .buttons button.main',
  heading: 'section.act h1',
  // The page that asks, shown once more with what lacks; the page that says why nothing was done.
  asked: '[role="alert"]',
  refused: 'section.act:not(:has(form)):not(:has(table))',
  shown: 'section.act table a[href^="/alarms/"]',
  targets: 'section.act input[name="alarm"]',
  token: 'input[name="token"]',
  flash: 'section.flash',
  undo: 'section.flash form button',
  takeBack: 'form[action="/act/take-back"] button',
};

// Addresses that take forms, and what a program may send there.
export const ACT = '/act/';
export const COMMANDS = '/api/v1/commands';
export const EVENTS = '/events';

// The keys of the board, by what they do.
export const KEYS = { help: '?', search: '/', down: 'j', up: 'k', pick: 'x', off: 'o', mask: 'm', cause: 'c', note: 'n' };

// Pages by name; those with a function are made from what stands in the world.
export function pages(known) {
  const site = encodeURIComponent(known.site);
  const metric = encodeURIComponent(known.metric);
  return [
    ['board', '/'],
    ['board by site', '/?group=site&limit=25'],
    ['board, every column', `/?limit=25&${['state', 'age', 'since', 'site', 'ngi', 'type', 'host', 'strip', 'flags', 'times', 'note', 'output', 'next'].map((c) => `columns=${c}`).join('&')}`],
    ['filter that fits nothing', '/?q=no-such-word'],
    ['filter with a fault', '/?state=none-such'],
    ['alarm', `/alarms/${known.alarm}`],
    ['sites', '/sites'],
    ['site', `/sites/${site}`],
    ['metric', `/metric/${metric}`],
    ['availability', '/availability'],
    ['sources', '/sources'],
    ['audit', '/audit'],
    ['trail', '/trail'],
    ['not found', '/no-such-page'],
    ['alarm not found', '/alarms/0000000000000000'],
  ];
}

// GOCDB's answers, in its XML.

const escaped = (text) => String(text).replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]);
const element = (name, value) => `<${name}>${escaped(value)}</${name}>`;
const elements = (pairs) => Object.entries(pairs).map(([n, v]) => element(n, v)).join('');
const results = (items) => `<?xml version="1.0" encoding="UTF-8"?>\n<results>\n${items.join('\n')}\n</results>\n`;
const stamp = (seconds) => new Date(seconds * 1000).toISOString().slice(0, 16).replace('T', ' ');

function site(s, i) {
  const key = `${i + 100}G0`;
  return `<SITE ID="${i + 100}" PRIMARY_KEY="${key}" NAME="${escaped(s.name)}">${elements({
    PRIMARY_KEY: key,
    SHORT_NAME: s.name,
    OFFICIAL_NAME: s.official ?? `${s.name} data centre`,
    SITE_DESCRIPTION: s.description ?? '',
    HOME_URL: `https://www.example.org/${i}`,
    CONTACT_EMAIL: s.mail ?? `grid-admin@site${i}.example.org`,
    CONTACT_TEL: s.telephone ?? '+00 1 234 567',
    CSIRT_EMAIL: `csirt@site${i}.example.org`,
    EMERGENCY_EMAIL: `emergency@site${i}.example.org`,
    COUNTRY: 'Nowhere',
    ROC: s.ngi,
    PRODUCTION_INFRASTRUCTURE: 'Production',
    CERTIFICATION_STATUS: 'Certified',
    TIMEZONE: s.zone ?? 'Europe/Zurich',
    NOTIFICATIONS: 'TRUE',
  })}</SITE>`;
}

function endpoint(e, i) {
  const key = `${i + 1000}G0`;
  return `<SERVICE_ENDPOINT PRIMARY_KEY="${key}">${elements({
    PRIMARY_KEY: key,
    HOSTNAME: e.host,
    GOCDB_PORTAL_URL: `https://gocdb.example.org/portal/index.php?id=${i + 1000}`,
    BETA: 'N',
    SERVICE_TYPE: e.type,
    IN_PRODUCTION: e.production === false ? 'N' : 'Y',
    NODE_MONITORED: e.monitored === false ? 'N' : 'Y',
    NOTIFICATIONS: 'Y',
    SITENAME: e.site,
    COUNTRY_NAME: 'Nowhere',
    COUNTRY_CODE: 'NW',
    ROC_NAME: e.ngi,
    URL: '',
  })}<ENDPOINTS/><SCOPES><SCOPE>EGI</SCOPE></SCOPES><EXTENSIONS/></SERVICE_ENDPOINT>`;
}

function downtime(d, i) {
  const key = `${i + 5000}G0`;
  return `<DOWNTIME ID="${i + 5000}" PRIMARY_KEY="${key}" CLASSIFICATION="${d.scheduled ? 'SCHEDULED' : 'UNSCHEDULED'}">${elements({
    PRIMARY_KEY: key,
    HOSTNAME: d.host,
    SERVICE_TYPE: d.type,
    ENDPOINT: d.host + d.type,
    HOSTED_BY: d.site,
    GOCDB_PORTAL_URL: `https://gocdb.example.org/portal/index.php?dt=${i + 5000}`,
    SEVERITY: d.outage === false ? 'WARNING' : 'OUTAGE',
    DESCRIPTION: d.description ?? 'Exchange of the switches',
    INSERT_DATE: d.from - 86_400,
    START_DATE: d.from,
    END_DATE: d.to,
    FORMATED_START_DATE: stamp(d.from),
    FORMATED_END_DATE: stamp(d.to),
  })}</DOWNTIME>`;
}

// { sites: [{name, ngi, …}], endpoints: [{host, type, site, …}], downtimes: [{host, type, site, from, to, …}] }
export function gocdb({ sites, endpoints, downtimes }) {
  const ngi = Object.fromEntries(sites.map((s) => [s.name, s.ngi]));
  const of = [...new Set(sites.map((s) => s.ngi))];
  return {
    'get_site.xml': results(sites.map(site)),
    'get_service_endpoint.xml': results(endpoints.map((e, i) => endpoint({ ngi: ngi[e.site], ...e }, i))),
    'get_downtime.xml': results(downtimes.map(downtime)),
    'get_roc_list.xml': results(of.map((n, i) => `<ROC PRIMARY_KEY="${i + 9000}G0" ROC_NAME="${escaped(n)}"></ROC>`)),
  };
}

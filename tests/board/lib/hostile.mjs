// What a site, a probe or a GOCDB could write into any field, so that it acts on the page, hides, or moves what stands beside it.

// Every element of these that became one on a page is found by this beginning of its id.
export const CAUGHT = 'caught-';
// What a script would set, did it run.
export const RAN = '__ran';

const by = (field) => [
  `<b id=${CAUGHT}${field}>bold</b>`,
  `"><img id=${CAUGHT}${field} src=x onerror=${RAN}=1>`,
  `'><script id=${CAUGHT}${field}>${RAN}=1</script>`,
  `</td></tr></table><h1 id=${CAUGHT}${field}>`,
  `<a id=${CAUGHT}${field} href=javascript:${RAN}=1>here</a>`,
  `--><svg id=${CAUGHT}${field} onload=${RAN}=1>`,
  `{{7*7}} %7*7% &lt;b&gt; &amp;amp;`,
];

// Marks of direction, of nothing, and of control: none may reach a page as itself.
export const DIRECTION = '\u202Eevil\u202C \u2066in\u2069 zero\u200Bwidth\uFEFF soft\u00ADhyphen';
export const CONTROL = '\u001B[31mred\u001B[0m bell\u0007';
const HIDDEN = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u00AD\u061C\u200B-\u200F\u2028-\u202E\u2060-\u206F\uFEFF]/u;

export const hidden = (text) => text.match(HIDDEN)?.[0];

// A name with markup in it, as no monitor should have one.
export const name = (field, which = 0) => by(field)[which];
// A line of output.
export const line = (field, which = 0) => `CRITICAL ${by(field)[which % 7]} ${DIRECTION} ${CONTROL}`;
// Many lines of it.
export const lines = (field) => by(field).map((text, i) => `${i}: ${text} ${DIRECTION}`).join('\n');

// Debian's Chromium, and what it may not do on any page: ask anybody but the daemon, write an error, break the policy.
import { chromium } from 'playwright-core';
import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Failed, HANG, none } from './check.mjs';
import { USER_FIELD } from './interface.mjs';
import { RAN } from './hostile.mjs';

const PROGRAMS = ['/usr/bin/chromium', '/usr/lib/chromium/chromium'];
// Where pictures go: a folder that is named, or one that stays.
export const SHOTS = process.env.GRIDWARD_SHOTS || (process.env.GRIDWARD_KEEP && mkdtempSync(join(tmpdir(), 'gw-board-shots-')));

export const WIDE = { width: 1440, height: 900 };
export const NARROW = { width: 390, height: 844 };
// What is left of a window of 1440 pixels when everything in it is twice as large.
export const ZOOMED = { width: 720, height: 450 };

export async function launch() {
  const executablePath = PROGRAMS.find(existsSync);
  if (!executablePath) throw new Failed(`no Chromium at ${PROGRAMS.join(' or ')}: install Debian's package chromium`);
  return chromium.launch({
    executablePath,
    timeout: 3 * HANG,
    args: ['--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost', '--disable-quic'],
  });
}

// A browser's window of one operator, watched. `faults` of it are those of all its pages.
export class Visitor {
  static async of(browser, daemon, { who = 'ana', ...options } = {}) {
    const v = new Visitor();
    v.daemon = daemon;
    v.faults = [];
    v.expected = [];
    v.context = await browser.newContext({
      baseURL: daemon.origin,
      viewport: WIDE,
      extraHTTPHeaders: { [USER_FIELD]: who },
      locale: 'en-GB',
      timezoneId: 'Europe/Warsaw',
      ...options,
    });
    v.context.setDefaultTimeout(HANG);
    v.context.on('request', (r) => {
      const url = new URL(r.url());
      if (url.origin !== daemon.origin && url.protocol !== 'data:') v.faults.push(`a request to ${r.url()}`);
    });
    v.context.on('console', (m) => {
      if (['error', 'warning'].includes(m.type())) v.faults.push(`${m.page()?.url()}: console: ${m.text()}`);
    });
    v.context.on('weberror', (e) => v.faults.push(`an exception: ${e.error()}`));
    if (options.javaScriptEnabled !== false) {
      await v.context.addInitScript(() => {
        addEventListener('securitypolicyviolation', (e) => console.error(`policy: ${e.violatedDirective} ${e.blockedURI} ${e.sourceFile ?? ''}`));
      });
    }
    return v;
  }

  // A page at this address, of which the status is given.
  async open(path, status = 200) {
    const page = await this.context.newPage();
    await this.go(page, path, status);
    return page;
  }

  async go(page, path, status = 200) {
    // Chromium writes each answer of 400 or more into its console.
    if (status >= 400) this.expected.push(`status of ${status}`);
    const answer = await page.goto(path);
    if (answer.status() !== status) throw new Failed(`${path} answers ${answer.status()} instead of ${status}`);
    return page;
  }

  // An answer of the daemon that is not 200 and meant to be.
  expect(...words) {
    this.expected.push(...words);
  }

  // Ends the window; fails when something was wrong in it.
  async close() {
    for (const page of this.context.pages()) {
      if (page.url() !== 'about:blank' && (await page.evaluate((ran) => globalThis[ran], RAN).catch(() => undefined))) {
        this.faults.push(`${page.url()}: text of others ran as a script`);
      }
    }
    await this.context.close();
    none(this.faults.filter((f) => !this.expected.some((e) => f.includes(e))), 'in the browser');
  }
}

// A picture for people, when they asked for them.
export async function shot(page, name, options = {}) {
  if (SHOTS) await page.screenshot({ path: join(SHOTS, `${name.replace(/[^a-z0-9]+/gi, '-')}.png`), ...options });
}

// The real daemon in a folder of its own.
import { spawn, execFileSync } from 'node:child_process';
import { mkdtempSync, mkdirSync, writeFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { check, until, Failed } from './check.mjs';
import { configuration, OBSERVATIONS, READY, ALARMS, SOURCE } from './interface.mjs';

const KEEP = Boolean(process.env.GRIDWARD_KEEP);

// None outlives this process, however that ends.
const running = new Set();
process.on('exit', () => running.forEach((p) => p.kill('SIGKILL')));
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => process.exit(1));

export class Daemon {
  // `setup`: { profile, gocdb: { file: text }, monitors, rules }
  static async start(setup) {
    const d = new Daemon();
    d.folder = mkdtempSync(join(tmpdir(), 'gw-board-'));
    if (KEEP) console.error(`daemon: ${d.folder}`);
    writeFileSync(join(d.folder, 'profile.toml'), setup.profile);
    let gocdb;
    if (setup.gocdb) {
      gocdb = join(d.folder, 'gocdb');
      mkdirSync(gocdb);
      for (const [name, text] of Object.entries(setup.gocdb)) writeFileSync(join(gocdb, name), text);
    }
    const monitors = (setup.monitors ?? []).map(({ name, text, silentAfter }) => {
      const log = join(d.folder, `${name}.log`);
      writeFileSync(log, text);
      return { name, log, silentAfter };
    });
    const text = configuration({ folder: d.folder, gocdb, monitors, rules: setup.rules ?? '' });
    writeFileSync(join(d.folder, 'gridward.toml'), text);
    d.sequence = 0;
    await d.launch();
    return d;
  }

  async launch() {
    const program = process.env.GRIDWARD_BIN;
    check(program, 'GRIDWARD_BIN names no daemon');
    this.said = '';
    // A file that grew too long is an error of the write and not the end of the process.
    const line = 'trap "" XFSZ; exec "$0" run --config gridward.toml';
    this.process = spawn('/bin/sh', ['-c', line, program], { cwd: this.folder, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.process.stdout, this.process.stderr]) stream.on('data', (text) => (this.said += text));
    this.ended = new Promise((done) => this.process.once('exit', (code, signal) => done(code ?? signal)));
    let over;
    running.add(this.process);
    this.ended.then((how) => {
      over = how;
      running.delete(this.process);
    });
    this.origin = await until('the daemon to say where it listens', () => {
      if (over !== undefined) throw new Failed(`the daemon ended (${over}); it said:\n${this.said}`);
      return this.said.match(/http:\/\/127\.0\.0\.1:[1-9]\d*/)?.[0] ?? this.said.match(/127\.0\.0\.1:[1-9]\d*/)?.[0];
    });
    if (!this.origin.startsWith('http')) this.origin = `http://${this.origin}`;
    await until('the daemon to be ready', async () => (await this.get(READY).catch(() => ({}))).status === 200);
  }

  get(path, headers = {}) {
    return fetch(this.origin + path, { headers, redirect: 'manual' });
  }

  async json(path) {
    const answer = await this.get(path);
    check(answer.ok, `${path} answers ${answer.status}`);
    return answer.json();
  }

  // Hands in observations and returns the record that they are in.
  async observe(list) {
    const body = JSON.stringify(list.map((o) => ({ source: SOURCE, sequence: ++this.sequence, ...o })));
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(this.origin + OBSERVATIONS, { method: 'POST', headers, body });
    const text = await answer.text();
    check(answer.ok, `${OBSERVATIONS} answers ${answer.status}: ${text.slice(0, 2000)}`);
    const { seq } = JSON.parse(text);
    // It is stored, and shown up to 50 ms later: what is asked for with its seq waits for that.
    await this.get(`${ALARMS}?limit=1&seq=${seq}`);
    return seq;
  }

  async alarms(query = '') {
    return (await this.json(`${ALARMS}?limit=100000&masked=show${query && `&${query}`}`)).alarms;
  }

  // The alarm of an observation's object.
  async alarm({ host, service }) {
    const found = (await this.alarms()).filter((a) => a.host === host && a.service === service);
    check(found.length === 1, `${found.length} alarms of ${service} on ${host}`);
    return found[0];
  }

  // From now on no file can be written to: what a full disk is to the daemon, without a disk of our own.
  fillDisk() {
    execFileSync('prlimit', ['--pid', String(this.process.pid), '--fsize=1:unlimited']);
  }

  emptyDisk() {
    execFileSync('prlimit', ['--pid', String(this.process.pid), '--fsize=unlimited:unlimited']);
  }

  append(monitor, text) {
    writeFileSync(join(this.folder, `${monitor}.log`), text, { flag: 'a' });
  }

  async stop() {
    this.process.kill('SIGTERM');
    const how = await Promise.race([this.ended, new Promise((r) => setTimeout(r, 10_000, 'hangs').unref())]);
    if (how === 'hangs') this.process.kill('SIGKILL');
    if (KEEP) writeFileSync(join(this.folder, 'console'), this.said);
    else rmSync(this.folder, { recursive: true, force: true });
    check(how === 0, () => `the daemon ended with ${how}; it said last:\n${this.said.slice(-2000)}`);
  }
}

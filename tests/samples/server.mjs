// A server process of one's own on free ports over a fresh directory.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, readFileSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export class TestServer {
  static async start(build, { args = [], directory = mkdtempSync(join(tmpdir(), 'qd-')) } = {}) {
    const server = new TestServer();
    server.build = build;
    server.args = args;
    server.directory = directory;
    await server.launch();
    return server;
  }

  async launch() {
    this.log = '';
    this.process = spawn(join(this.build, 'bin/quarterdeck'), ['--data', join(this.directory, 'store'),
      '--listen', '127.0.0.1:0', '--otlp', '127.0.0.1:0', ...this.args], { stdio: ['ignore', 'ignore', 'pipe'] });
    this.exited = new Promise((resolve) => this.process.on('exit', (code, signal) => {
      this.dead = { code, signal };
      resolve(this.dead);
    }));
    await new Promise((resolve, reject) => {
      this.process.stderr.on('data', (chunk) => {
        this.log += chunk;
        const line = this.log.split('\n').find((one) => one.includes('"msg":"ready"'));
        if (line === undefined || this.ready !== undefined && this.ready.line === line) return;
        const ready = JSON.parse(line);
        this.ready = { ...ready, line };
        resolve();
      });
      this.process.on('exit', () => reject(new Error(`the server ended at start: ${this.log}`)));
    });
    this.port = Number(new URL(this.ready.url).port);
    this.otlpPort = this.ready.otlpPort;
    this.url = `http://127.0.0.1:${this.port}`;
    this.otlp = `http://127.0.0.1:${this.otlpPort}`;
  }

  rssBytes() {
    const path = `/proc/${this.process.pid}/status`;
    if (!existsSync(path)) return 0;
    return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(path, 'utf8'))?.[1] ?? 0) * 1024;
  }

  peakBytes() {
    return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${this.process.pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
  }

  async kill() {
    this.process.kill('SIGKILL');
    await this.exited;
  }

  async stop() {
    if (this.dead === undefined) this.process.kill('SIGTERM');
    await this.exited;
    rmSync(this.directory, { recursive: true, force: true });
  }

  /// The first result as { columns, rows }.
  async query(csl) {
    const answer = await fetch(`${this.url}/v1/rest/query`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ db: 'workspace', csl }),
    });
    const body = await answer.json();
    if (!answer.ok) throw new Error(body.error?.['@message'] ?? JSON.stringify(body));
    const table = body.Tables[0];
    return { columns: table.Columns.map((one) => one.ColumnName), rows: table.Rows };
  }

  async scalar(csl) {
    return (await this.query(csl)).rows[0][0];
  }
}

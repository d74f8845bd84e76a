// Rows in through two doors at once, SIGKILL at a random instant, restart, count; ROUNDS times over
// one data directory. A row that was never acknowledged may be there or not, but not twice.
// usage: restart.mjs BUILD ROUNDS
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { TestServer } from './server.mjs';

const [build, rounds] = process.argv.slice(2);
let passed = 0;
let failed = 0;
function check(ok, what, detail = '') {
  if (ok) passed += 1;
  else failed += 1;
  console.log(`${ok ? 'ok  ' : 'FAIL'} ${what}${ok ? '' : `: ${detail}`}`);
}

const acknowledged = { rows: new Set(), logs: new Set() };
const sent = { rows: 0, logs: 0 };

async function feed(server, door, running) {
  while (running.on) {
    const ids = Array.from({ length: 1 + sent[door] % 7 }, () => `${door}-${sent[door]++}`);
    const [url, body] = door === 'rows'
      ? [`${server.url}/api/v1/tables/Kill_CL/rows`, ids.map((id) => ({ Id: id, Pad: 'x'.repeat(200) }))]
      : [`${server.otlp}/v1/logs`, { resourceLogs: [{ scopeLogs: [{ logRecords: ids.map((id) => ({ body: { stringValue: id } })) }] }] }];
    try {
      const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
      await answer.arrayBuffer();
      if (answer.status === 200) ids.forEach((id) => acknowledged[door].add(id));
    } catch {
      if (running.on) await pause(5);
    }
  }
}

async function count(server, door) {
  const [table, column] = door === 'rows' ? ['Kill_CL', 'Id'] : ['AppTraces', 'Message'];
  const { rows } = await server.query(`set notruncation; ${table} | summarize n = count() by ${column}`);
  const found = new Map(rows);
  const lost = [...acknowledged[door]].filter((id) => !found.has(id));
  const twice = rows.filter((row) => row[1] !== 1);
  check(lost.length === 0 && twice.length === 0, `${acknowledged[door].size} acknowledged rows of ${door} are there once`,
    `${lost.length} lost (${lost.slice(0, 3)}), ${twice.length} more than once`);
}

const server = await TestServer.start(build);
console.log(`cold start, empty: ${server.ready.startMs} ms`);
await pause(500);
console.log(`idle RSS: ${(server.rssBytes() / 1048576).toFixed(1)} MiB`);
for (let round = 1; round <= Number(rounds); ++round) {
  const running = { on: true };
  const feeders = ['rows', 'rows', 'logs', 'logs'].map((door) => feed(server, door, running));
  await pause(150 + Math.random() * 500);
  await server.kill();
  running.on = false;
  await Promise.all(feeders);
  const begun = Date.now();
  server.dead = undefined;
  await server.launch();
  console.log(`round ${round}: restarted in ${Date.now() - begun} ms (startMs ${server.ready.startMs})`);
  await count(server, 'rows');
  await count(server, 'logs');
}
check(acknowledged.rows.size > 50 && acknowledged.logs.size > 50, 'there was something to lose',
  `${acknowledged.rows.size} and ${acknowledged.logs.size} rows`);
server.process.kill('SIGTERM');
const ended = await server.exited;
check(ended.code === 0, 'SIGTERM ends the server with status 0', JSON.stringify(ended));
server.dead = undefined;
await server.launch();
await count(server, 'rows');
await server.stop();

const scratch = mkdtempSync(join(tmpdir(), 'qd-'));
for (const name of ['quarterdeck', 'qd']) {
  copyFileSync(join(build, 'bin', name), join(scratch, name));
  execFileSync('strip', [join(scratch, name)]);
  console.log(`binary size of ${name}, stripped: ${(statSync(join(scratch, name)).size / 1048576).toFixed(1)} MiB`);
}
rmSync(scratch, { recursive: true });
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

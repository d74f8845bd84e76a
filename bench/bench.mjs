// ./dev bench: the same rows into Quarterdeck and DuckDB, the same questions to both, one run. Each
// query runs once untimed and five times timed; the median is reported. Quarterdeck's time is the
// engine's own (without sending the rows), DuckDB's the materialised result, both on two threads.
// Results are compared (row count, and the sum of one column) before times count.
import { createRequire } from 'node:module';
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, existsSync, statSync, writeFileSync, rmSync, readdirSync } from 'node:fs';
import { join, dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { now, queries } from './queries.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const require = createRequire(join(here, 'package.json'));
const { DuckDBInstance } = require('@duckdb/node-api');

const args = process.argv.slice(2);
const build = resolve(args.shift());
const option = (name, otherwise) => {
  const at = args.indexOf(name);
  return at < 0 ? otherwise : args[at + 1];
};
const count = (text) => Number(text.replace(/M$/i, '000000').replace(/k$/i, '000'));
const total = count(option('--rows', '1M'));
const runs = Number(option('--runs', '5'));
const only = option('--only', '').split(',').filter(Boolean);
const work = option('--dir', join(build, 'bench'));
const generator = join(process.env.QD_SHARED ?? '', 'bench/generate.cpp');

const say = (text) => process.stderr.write(`${text}\n`);
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const directoryBytes = (path) => {
  if (!existsSync(path)) return 0;
  if (!statSync(path).isDirectory()) return statSync(path).size;
  return readdirSync(path).reduce((sum, name) => sum + directoryBytes(join(path, name)), 0);
};

if (!existsSync(generator)) {
  say('bench: the data generator is not there (QD_SHARED/bench/generate.cpp)');
  process.exit(2);
}
mkdirSync(work, { recursive: true });

// ---- data --------------------------------------------------------------------------------------
const generate = join(work, 'generate');
if (!existsSync(generate)) {
  execFileSync('g++', ['-O2', '-std=c++20', '-ffp-contract=off', '-o', generate, generator]);
}
const users = total >= 10e6 ? 20000 : 5000;
const tables = [
  ['signin', 'SigninLogs', ['--users', String(users)]],
  ['requests', 'Requests_CL', []],
  ['containerlog', 'ContainerLogV2', total >= 10e6 ? ['--services', '100'] : []],
];
for (const [table, , extra] of tables) {
  const file = join(work, `${table}-${total}.ndjson`);
  if (!existsSync(file)) {
    say(`generating ${table}, ${total} rows`);
    execFileSync(generate, ['--table', table, '--rows', String(total), ...extra,
      '--out', file, '--truth', `${file}.truth`], { stdio: 'inherit' });
  }
}
const truth = readFileSync(join(work, `requests-${total}.ndjson.truth`), 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line));
const probe = truth.find((line) => line.kind === 'probe');
const probeValue = probe?.operation_Id ?? probe?.entity ?? probe?.value;

// ---- Quarterdeck -------------------------------------------------------------------------------
const data = join(work, 'quarterdeck');
rmSync(data, { recursive: true, force: true });
const server = spawn(join(build, 'bin/quarterdeck'),
  ['--data', data, '--listen', '127.0.0.1:0', '--otlp', 'off'], { stdio: ['ignore', 'ignore', 'pipe'] });
const port = await new Promise((found, lost) => {
  let text = '';
  server.stderr.on('data', (chunk) => {
    text += chunk;
    const ready = /127\.0\.0\.1:(\d+)"/.exec(text);
    if (text.includes('"msg":"ready"') && ready) found(Number(ready[1]));
  });
  server.on('exit', () => lost(new Error(`the server ended: ${text}`)));
});
process.on('exit', () => server.kill('SIGTERM'));
const base = `http://127.0.0.1:${port}`;
const ask = async (csl) => {
  const answer = await fetch(`${base}/v2/rest/query`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ db: 'workspace', csl, properties: { Options: { query_now: now, notruncation: true, servertimeout: '00:10:00' } } }),
  });
  const frames = await answer.json();
  if (!answer.ok) throw new Error(frames.error['@message']);
  const table = frames.find((frame) => frame.TableKind === 'PrimaryResult');
  const info = frames.find((frame) => frame.TableKind === 'QueryCompletionInformation');
  const stats = JSON.parse(info.Rows.find((row) => row[8] === 'Stats' || row[10] === 'QueryResourceConsumption' || row.includes('QueryResourceConsumption')).at(-1));
  return { table, seconds: stats.ExecutionTime, peak: stats.resource_usage?.memory?.peak_per_node ?? 0 };
};
const types = {
  timestamp: 'datetime', success: 'bool', duration: 'real', itemCount: 'int', customDimensions: 'dynamic',
};
const first = JSON.parse(readFileSync(join(work, `requests-${total}.ndjson`), { encoding: 'utf8', flag: 'r' }).slice(0, 4000).split('\n')[0]);
const columns = Object.keys(first).map((name) => `['${name}']:${types[name] ?? 'string'}`).join(', ');
const made = await fetch(`${base}/v1/rest/mgmt`, {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ db: 'workspace', csl: `.create table Requests_CL (${columns})` }),
});
if (!made.ok) throw new Error(await made.text());
const load = {};
for (const [table, name] of tables) {
  const begun = performance.now();
  execFileSync(join(build, 'bin/qd'), ['--server', base, 'ingest', name, join(work, `${table}-${total}.ndjson`), '-q'], { stdio: 'inherit' });
  load[table] = (performance.now() - begun) / 1000;
  say(`quarterdeck loaded ${name}: ${Math.round(total / load[table])} rows/s`);
}
await fetch(`${base}/api/v1/seal`, { method: 'POST' });
const ourBytes = directoryBytes(join(data, 'workspace/extents'));

// ---- DuckDB ------------------------------------------------------------------------------------
const file = join(work, 'peer.duckdb');
rmSync(file, { force: true });
const duck = await (await DuckDBInstance.create(file, { threads: '2' })).connect();
const peerLoad = {};
const peerColumns = {
  signin: `* REPLACE (TimeGenerated::TIMESTAMP AS TimeGenerated, ResultType::VARCHAR AS ResultType, to_json(LocationDetails) AS LocationDetails, to_json(DeviceDetail) AS DeviceDetail, to_json(Status) AS Status)`,
  requests: `* REPLACE (timestamp::TIMESTAMP AS timestamp, to_json(customDimensions) AS customDimensions)`,
  containerlog: `* REPLACE (TimeGenerated::TIMESTAMP AS TimeGenerated)`,
};
for (const [table, name] of tables) {
  const begun = performance.now();
  const sqlName = table === 'requests' ? 'requests' : name;
  await duck.run(`CREATE TABLE ${sqlName} AS SELECT ${peerColumns[table]} FROM read_json('${join(work, `${table}-${total}.ndjson`)}', format = 'newline_delimited')`);
  peerLoad[table] = (performance.now() - begun) / 1000;
  say(`duckdb loaded ${sqlName}: ${Math.round(total / peerLoad[table])} rows/s`);
}
await duck.run('CHECKPOINT');

// ---- questions ---------------------------------------------------------------------------------
const number = (value) => (typeof value === 'bigint' ? Number(value) : value);
const rowsOut = [];
let wrong = 0;
for (const query of queries) {
  if (only.length > 0 && !only.includes(query.id)) continue;
  const kql = query.kql.replace('PROBE', probeValue);
  const sql = query.sql?.replace('PROBE', probeValue);
  const ours = [];
  let answer;
  try {
    for (let i = 0; i <= runs; i += 1) {
      answer = await ask(kql);
      if (i > 0) ours.push(answer.seconds);
    }
  } catch (error) {
    say(`${query.id} failed: ${error.message}`);
    wrong += 1;
    rowsOut.push({ id: query.id, what: query.what, ours: NaN, peer: NaN, rows: 'failed' });
    continue;
  }
  const theirs = [];
  let peer;
  if (sql) {
    for (let i = 0; i <= runs; i += 1) {
      const begun = performance.now();
      const result = await duck.run(sql);
      const chunks = await result.fetchAllChunks();
      if (i > 0) theirs.push((performance.now() - begun) / 1000);
      peer = { result, chunks };
    }
  }
  const row = { id: query.id, what: query.what, ours: median(ours), peer: sql ? median(theirs) : NaN, rows: answer.table.Rows.length };
  if (sql) {
    const peerRows = peer.chunks.reduce((sum, chunk) => sum + chunk.rowCount, 0);
    const difference = Math.abs(peerRows - row.rows) / Math.max(peerRows, 1);
    if (difference > (query.tolerance ?? 0)) {
      wrong += 1;
      row.rows = `${row.rows} ≠ ${peerRows}`;
    } else if (query.check) {
      const at = answer.table.Columns.findIndex((column) => column.ColumnName === query.check);
      const sum = answer.table.Rows.reduce((s, r) => s + number(r[at]), 0);
      const peerAt = peer.result.columnNames().indexOf(query.check);
      const peerSum = peer.chunks.reduce((s, chunk) => s + chunk.getColumnValues(peerAt).reduce((t, v) => t + Number(v), 0), 0);
      if (Math.abs(sum - peerSum) > 1e-9 * Math.abs(peerSum)) {
        wrong += 1;
        row.rows = `${row.rows} (sum ${sum} ≠ ${peerSum})`;
      }
    }
  }
  rowsOut.push(row);
  say(`${query.id}: ${row.ours.toFixed(4)} s, duckdb ${sql ? row.peer.toFixed(4) : '-'} s, rows ${row.rows}`);
}

// ---- report ------------------------------------------------------------------------------------
const compared = rowsOut.filter((row) => Number.isFinite(row.ours) && Number.isFinite(row.peer));
const mean = Math.exp(compared.reduce((sum, row) => sum + Math.log(row.peer / Math.max(row.ours, 1e-5)), 0) / Math.max(compared.length, 1));
const lines = [];
lines.push(`| query | what | Quarterdeck s | DuckDB s | ratio | rows |`, `|---|---|---|---|---|---|`);
for (const row of rowsOut) {
  const ratio = Number.isFinite(row.peer) ? (row.peer / Math.max(row.ours, 1e-5)).toFixed(2) : '';
  lines.push(`| ${row.id} | ${row.what} | ${Number.isFinite(row.ours) ? row.ours.toFixed(4) : 'failed'} | ${Number.isFinite(row.peer) ? row.peer.toFixed(4) : ''} | ${ratio} | ${row.rows} |`);
}
lines.push('', `geometric mean of the ratios (above 1: Quarterdeck is faster): ${mean.toFixed(2)}`);
lines.push(`bytes on disk, all three tables: Quarterdeck ${(ourBytes / 1e6).toFixed(1)} MB, DuckDB ${(statSync(file).size / 1e6).toFixed(1)} MB (${(ourBytes / statSync(file).size).toFixed(2)} ×)`);
for (const [table] of tables) {
  lines.push(`load ${table} NDJSON: Quarterdeck ${Math.round(total / load[table])} rows/s (durable, through HTTP), DuckDB ${Math.round(total / peerLoad[table])} rows/s`);
}
console.log(lines.join('\n'));
if (args.includes('--write')) {
  writeFileSync(join(here, '../docs/benchmarks.md'),
    `# Benchmarks\n\n\`./dev bench --rows ${option('--rows', '1M')} --write\`, two threads, median of ${runs} warm runs, both engines in one run on one machine; ratios are what travels.\n\n${lines.join('\n')}\n`);
}
console.log(`${rowsOut.length - wrong} passed, ${wrong} failed`);
process.exit(wrong === 0 ? 0 : 1);

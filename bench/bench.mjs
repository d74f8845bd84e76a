// ./dev bench: the same rows into Quarterdeck, DuckDB and ClickHouse, the same questions to all, one
// run on one machine, two threads each. For every query and engine: a fresh process whose files were
// dropped from the page cache answers once cold, then five times warm; the median counts. Results are
// computed whole inside the engine and dropped. Row counts and sums are compared before times count.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { now, queries } from './queries.mjs';
import { report } from './report.mjs';

const here = dirname(fileURLToPath(import.meta.url));
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
const wanted = option('--peers', 'duckdb,clickhouse').split(',').filter(Boolean);
const work = resolve(option('--dir', join(build, 'bench')));
const keep = args.includes('--keep');  // what was loaded before is used again
const generator = join(process.env.QD_SHARED ?? '', 'bench/generate.cpp');

const say = (text) => process.stderr.write(`${text}\n`);
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const filesBelow = (path) => {
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path).flatMap((name) => filesBelow(join(path, name)));
};
const bytesBelow = (path) => filesBelow(path).reduce((sum, file) => sum + statSync(file).size, 0);
const dropFromCache = (path) => {
  for (const file of filesBelow(path)) {
    execFileSync('dd', [`if=${file}`, 'iflag=nocache', 'count=0'], { stdio: 'ignore' });
  }
};

if (!existsSync(generator)) {
  say('bench: the data generator is not there (QD_SHARED/bench/generate.cpp)');
  process.exit(2);
}
mkdirSync(work, { recursive: true });

// ---- data --------------------------------------------------------------------------------------
const tables = [
  ['signin', 'SigninLogs', ['--users', String(total >= 10e6 ? 20000 : 5000)]],
  ['requests', 'Requests_CL', []],
  ['containerlog', 'ContainerLogV2', total >= 10e6 ? ['--services', '100'] : []],
];
const input = (table) => join(work, `${table}-${total}.ndjson`);
const generate = join(work, 'generate');
if (!existsSync(generate)) {
  execFileSync('g++', ['-O2', '-std=c++20', '-ffp-contract=off', '-o', generate, generator]);
}
for (const [table, , extra] of tables) {
  if (existsSync(input(table))) continue;
  say(`generating ${table}, ${total} rows`);
  execFileSync(generate, ['--table', table, '--rows', String(total), ...extra,
    '--out', input(table), '--truth', `${input(table)}.truth`], { stdio: 'inherit' });
}
const truth = readFileSync(`${input('requests')}.truth`, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line));
const probe = truth.find((line) => line.kind === 'probe');
const probeValue = probe?.operation_Id ?? probe?.entity ?? probe?.value;

// ---- processes ---------------------------------------------------------------------------------
const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));
const start = async (command, parameters) => {
  const child = spawn(command, parameters, { stdio: ['pipe', 'pipe', 'inherit'], cwd: here });
  running.add(child);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error('the process ended');
    return JSON.parse(value);
  };
  await next();
  return {
    ask: async (request) => {
      child.stdin.write(`${JSON.stringify(request)}\n`);
      return next();
    },
    end: () => new Promise((ended) => {
      child.on('exit', () => { running.delete(child); ended(); });
      child.stdin.end();
    }),
  };
};
const peerModule = (name) => join(here, `${name}.mjs`);
const peers = await Promise.all(wanted.map(async (name) => ({
  name,
  data: join(work, `${name}-${total}`),
  ...(await import(peerModule(name))),
})));
const startPeer = (peer) => start(process.execPath, [join(here, 'peer.mjs'), peerModule(peer.name), peer.data]);

// ---- loading -----------------------------------------------------------------------------------
const loads = [];
const data = join(work, `quarterdeck-${total}`);
const processCpu = (pid) => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
};
const loadOurs = async () => {
  rmSync(data, { recursive: true, force: true });
  const server = spawn(join(build, 'bin/quarterdeck'),
    ['--data', data, '--listen', '127.0.0.1:0', '--otlp', 'off'], { stdio: ['ignore', 'ignore', 'pipe'] });
  running.add(server);
  const port = await new Promise((found, lost) => {
    let text = '';
    server.stderr.on('data', (chunk) => {
      text += chunk;
      const ready = /127\.0\.0\.1:(\d+)"/.exec(text);
      if (text.includes('"msg":"ready"') && ready) found(Number(ready[1]));
    });
    server.on('exit', () => lost(new Error(`the server ended: ${text}`)));
  });
  const base = `http://127.0.0.1:${port}`;
  const types = { timestamp: 'datetime', success: 'bool', duration: 'real', itemCount: 'int', customDimensions: 'dynamic' };
  const first = JSON.parse(execFileSync('head', ['-1', input('requests')]));
  const columns = Object.keys(first).map((name) => `['${name}']:${types[name] ?? 'string'}`).join(', ');
  const made = await fetch(`${base}/v1/rest/mgmt`, {
    method: 'POST', headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ db: 'workspace', csl: `.create table Requests_CL (${columns})` }),
  });
  if (!made.ok) throw new Error(await made.text());
  for (const [table, name] of tables) {
    const cpu = processCpu(server.pid);
    const begun = performance.now();
    const client = spawnSync('bash', ['-c', 'TIMEFORMAT="%U %S"; time "$@" >/dev/null', 'load',
      join(build, 'bin/qd'), '--server', base, 'ingest', name, input(table), '-q'], { encoding: 'utf8' });
    const seconds = (performance.now() - begun) / 1000;
    if (client.status !== 0) throw new Error(client.stderr);
    const clientCpu = client.stderr.trim().split('\n').at(-1).split(' ').reduce((sum, part) => sum + Number(part), 0);
    loads.push({ engine: 'quarterdeck', table, seconds, cpu: processCpu(server.pid) - cpu + clientCpu });
    say(`quarterdeck loaded ${name}: ${Math.round(total / seconds)} rows/s`);
  }
  const exited = new Promise((ended) => server.on('exit', ended));
  server.kill('SIGTERM');
  await exited;
  running.delete(server);
  const begun = performance.now();
  const settled = JSON.parse(execFileSync(join(build, 'bin/qd_bench_engine'), [data, '--settle'], { encoding: 'utf8' }));
  loads.push({ engine: 'quarterdeck', table: 'sealing and merging what was still fresh', seconds: (performance.now() - begun) / 1000, cpu: settled.cpu });
};
const loadPeer = async (peer) => {
  rmSync(peer.data, { recursive: true, force: true });
  rmSync(`${peer.data}.wal`, { force: true });
  for (const [table] of tables) {
    const child = await startPeer(peer);
    const loaded = await child.ask({ execute: peer.load[table](input(table)) });
    await child.end();
    if (loaded.error) throw new Error(`${peer.name}: ${loaded.error}`);
    loads.push({ engine: peer.name, table, seconds: loaded.seconds[0], cpu: loaded.cpu, peak: loaded.peak_kib });
    say(`${peer.name} loaded ${table}: ${Math.round(total / loaded.seconds[0])} rows/s`);
  }
  const child = await startPeer(peer);
  peer.bytes = (await child.ask({ bytes: true })).bytes;
  const made = await child.ask({ execute: peer.typed });
  await child.end();
  if (made.error) throw new Error(`${peer.name}: ${made.error}`);
};
if (!keep || !existsSync(data)) await loadOurs();
for (const peer of peers) {
  if (!keep || !existsSync(peer.data)) await loadPeer(peer);
}
const ourBytes = bytesBelow(join(data, 'workspace/extents'));

// ---- questions ---------------------------------------------------------------------------------
const measure = async (open, path, request) => {
  dropFromCache(path);
  const child = await open();
  const cold = await child.ask({ ...request, runs: 1 });
  if (cold.error) {
    await child.end();
    return cold;
  }
  const warm = await child.ask({ ...request, runs });
  await child.end();
  return { cold: cold.seconds[0], warm: median(warm.seconds), least: Math.min(...warm.seconds), cpu: warm.cpu / runs, peak: warm.peak_kib, rows: warm.rows, sum: warm.sum };
};
const near = (a, b, tolerance) => Math.abs(a - b) <= tolerance * Math.max(Math.abs(a), Math.abs(b));
const results = [];
for (const query of queries) {
  if (only.length > 0 && !only.includes(query.id)) continue;
  const asked = { check: query.check };
  const ours = await measure(() => start(join(build, 'bin/qd_bench_engine'), [data]), data,
    { ...asked, kql: query.kql.replace('PROBE', probeValue), now });
  const row = { query, ours, peers: {}, wrong: ours.error };
  const source = query.like ? queries.find((other) => other.id === query.like) : query;
  for (const peer of peers) {
    const sql = (peer.name === 'duckdb' ? source.sql : source.ch)?.replace('PROBE', probeValue);
    if (!sql) continue;
    const theirs = await measure(() => startPeer(peer), peer.data, { ...asked, run: sql });
    row.peers[peer.name] = theirs;
    if (theirs.error) row.wrong ??= `${peer.name}: ${theirs.error}`;
    else if (!near(ours.rows, theirs.rows, query.tolerance ?? 0)) row.wrong ??= `${ours.rows} rows, ${peer.name} ${theirs.rows}`;
    else if (query.check && !query.unchecked?.includes(peer.name) && !near(ours.sum, theirs.sum, query.sum_tolerance ?? 1e-9)) row.wrong ??= `sum ${ours.sum}, ${peer.name} ${theirs.sum}`;
  }
  results.push(row);
  const times = Object.entries(row.peers).map(([name, peer]) => `${name} ${peer.warm?.toFixed(4)}`).join(', ');
  say(`${query.id}: ${ours.warm?.toFixed(4)} s; ${times}${row.wrong ? `; WRONG: ${row.wrong}` : `; ${ours.rows} rows`}`);
}

// The peers stop at the matrix: the plain decomposition in C++ is added to their time.
const decomposition = () => {
  const source = join(dirname(generator), 'decomp_baseline.cpp');
  const binary = join(work, 'decomp');
  if (!existsSync(binary)) execFileSync('g++', ['-O2', '-std=c++20', '-o', binary, source]);
  const line = execFileSync(binary, { encoding: 'utf8' }).split('\n').find((text) => text.startsWith('7d x 1h, period 24'));
  return Number(/([\d.]+) ns\/point/.exec(line)[1]) * 1e-9;
};

const wrong = report({
  results, loads, total, runs, peers, ourBytes, decomposition,
  command: `./dev bench --rows ${option('--rows', '1M')}`,
  write: args.includes('--write') ? join(here, '../docs/benchmarks.md') : undefined,
});
console.log(`${results.length - wrong} passed, ${wrong} failed`);
process.exit(wrong === 0 ? 0 : 1);

// usage: hostile.mjs BUILD
import { createConnection } from 'node:net';
import { existsSync, readFileSync } from 'node:fs';
import { gzipSync, gunzipSync } from 'node:zlib';
import { setTimeout as pause } from 'node:timers/promises';
import { createHmac } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestServer } from './server.mjs';

const [build] = process.argv.slice(2);
const kRssMax = 600 * 1048576;
const kAnswerMs = 10_000;
const workspace = '11111111-2222-4333-8444-555555555555';
const key = Buffer.alloc(32, 7);

let passed = 0;
let failed = 0;
function check(ok, what, detail = '') {
  if (ok) passed += 1;
  else failed += 1;
  if (!ok || process.env.VERBOSE) console.log(`${ok ? 'ok  ' : 'FAIL'} ${what}${ok ? '' : `: ${detail}`}`);
}

const directory = mkdtempSync(join(tmpdir(), 'qd-'));
writeFileSync(join(directory, 'config.yaml'), `workspaceId: ${workspace}\nsharedKeys: [${key.toString('base64')}]\nqueryMemoryMiB: 256\n`);
const server = await TestServer.start(build, { directory, args: ['--config', join(directory, 'config.yaml')] });

const json = { 'content-type': 'application/json' };
const protobuf = { 'content-type': 'application/x-protobuf' };
function collectorHeaders(bytes) {
  const date = new Date().toUTCString();
  const text = `POST\n${bytes}\napplication/json\nx-ms-date:${date}\n/api/logs`;
  const signature = createHmac('sha256', key).update(text, 'utf8').digest('base64');
  return { ...json, authorization: `SharedKey ${workspace}:${signature}`, 'log-type': 'Hostile', 'x-ms-date': date };
}
/// Each door: where, its headers for a body, and whether an answer speaks its error format.
const doors = {
  traces: { url: `${server.otlp}/v1/traces`, speaks: (body) => typeof body?.code === 'number' && typeof body?.message === 'string' },
  logs: { url: `${server.otlp}/v1/logs`, speaks: (body) => typeof body?.message === 'string' },
  metrics: { url: `${server.otlp}/v1/metrics`, speaks: (body) => typeof body?.message === 'string' },
  ingestion: { url: `${server.url}/dataCollectionRules/dcr-00000000000000000000000000000000/streams/Custom-Hostile_CL?api-version=2023-01-01`,
    speaks: (body) => typeof body?.error?.code === 'string' && typeof body?.error?.message === 'string' },
  collector: { url: `${server.url}/api/logs?api-version=2016-04-01`, headers: (bytes) => collectorHeaders(bytes),
    speaks: (body) => typeof body?.Error === 'string' && typeof body?.Message === 'string' },
  track: { url: `${server.url}/v2.1/track`, speaks: (body) => Array.isArray(body?.errors) },
  rows: { url: `${server.url}/api/v1/tables/Hostile_CL/rows`, speaks: (body) => body?.error?.message !== undefined || Array.isArray(body?.errors) },
  records: { url: `${server.url}/api/v1/records`, speaks: (body) => body?.error?.message !== undefined || Array.isArray(body?.errors) },
  logAnalytics: { url: `${server.url}/v1/workspaces/${workspace}/query`, speaks: (body) => typeof body?.error?.code === 'string' },
  streaming: { url: `${server.url}/v1/rest/ingest/workspace/Hostile_CL?streamFormat=multijson`, speaks: (body) => typeof body?.error?.['@message'] === 'string' },
  kustoV1: { url: `${server.url}/v1/rest/query`, speaks: (body) => typeof body?.error?.['@message'] === 'string' },
  kustoV2: { url: `${server.url}/v2/rest/query`, speaks: (body) => typeof body?.error?.['@message'] === 'string' },
  management: { url: `${server.url}/v1/rest/mgmt`, speaks: (body) => typeof body?.error?.['@message'] === 'string' },
};

async function send(door, body, headers = {}) {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(body);
  const begun = Date.now();
  try {
    const answer = await fetch(doors[door].url, { method: 'POST', body: bytes,
      headers: { ...(doors[door].headers?.(bytes.length) ?? json), ...headers }, signal: AbortSignal.timeout(60_000) });
    const text = await answer.text();
    let parsed;
    try { parsed = JSON.parse(text); } catch { parsed = undefined; }
    return { status: answer.status, text, body: parsed, ms: Date.now() - begun };
  } catch (error) {
    return { status: 0, text: String(error.cause ?? error), ms: Date.now() - begun };
  }
}
async function refused(door, what, body, { status = [400], headers = {}, speaks = true, ms = kAnswerMs } = {}) {
  const answer = await send(door, body, headers);
  // What is too large is refused before anybody knows whose it is, in the common form.
  const tooLarge = answer.status === 413 && answer.body?.error?.message !== undefined && body.length > 1 << 20;
  check(tooLarge || (status.includes(answer.status) && (!speaks || doors[door].speaks(answer.body))) && answer.ms < ms, `${door}: ${what}`,
    `status ${answer.status} in ${answer.ms} ms: ${answer.text.slice(0, 200)}`);
  const rss = server.rssBytes();
  check(rss < kRssMax && rss > 0, `${door}: ${what}: memory`, `${(rss / 1048576).toFixed(0)} MiB${server.dead ? `, the server ended: ${JSON.stringify(server.dead)} ${server.log.slice(-500)}` : ''}`);
  if (server.dead) finish();
  return answer;
}
function finish() {
  console.log(`peak memory: ${server.dead ? '-' : (server.peakBytes() / 1048576).toFixed(0)} MiB`);
  console.log(`${passed} passed, ${failed} failed`);
  server.process.kill('SIGKILL');
  process.exit(failed === 0 ? 0 : 1);
}

// Rows that must still be there at the end.
const kept = await send('rows', JSON.stringify([{ Id: 'a', N: 1 }, { Id: 'b', N: 2 }]));
check(kept.status === 200, 'two rows are acknowledged', kept.text);

const jsonDoors = ['traces', 'logs', 'metrics', 'ingestion', 'collector', 'rows', 'records', 'track', 'streaming', 'logAnalytics', 'kustoV1', 'kustoV2', 'management'];
const deep = '['.repeat(1_000_000);
for (const door of jsonDoors) {
  await refused(door, 'malformed JSON', '{"a": [1, 2');
  await refused(door, 'JSON with a tail', '{"a":1}}}}');
  await refused(door, 'a million brackets', deep);
  await refused(door, 'a million brackets, closed', deep + ']'.repeat(1_000_000));
  await refused(door, 'a million braces', '{"a":'.repeat(1_000_000), { status: [400, 413] });
  await refused(door, 'invalid UTF-8', Buffer.concat([Buffer.from('{"query":"'), Buffer.from([0xff, 0xc0, 0x80]), Buffer.from('"}')]));
  await refused(door, 'nothing but NUL', Buffer.alloc(1000));
}
for (const door of ['ingestion', 'traces', 'logAnalytics', 'kustoV1']) {
  const answer = await send(door, '{"a":1}', { 'content-type': 'text/html' });
  check([400, 415].includes(answer.status), `${door}: a wrong content type is 400 or 415`, `${answer.status} ${answer.text.slice(0, 100)}`);
}

// A body that inflates beyond the limit: 200 MB of zeros are 200 kB.
const bomb = gzipSync(Buffer.alloc(200 << 20), { level: 9 });
for (const door of ['traces', 'logs', 'metrics', 'ingestion', 'collector', 'rows', 'records', 'track', 'streaming']) {
  await refused(door, 'a gzip bomb', bomb, { status: [400, 413], headers: { 'content-encoding': 'gzip' } });
  await refused(door, 'gzip that is none', Buffer.from('nonsense'), { headers: { 'content-encoding': 'gzip' } });
  await refused(door, 'gzip cut short', gzipSync(Buffer.from('{"a":1}'.repeat(1000))).subarray(0, 30), { headers: { 'content-encoding': 'gzip' } });
  await refused(door, 'an unknown encoding', '{}', { status: [400, 415], headers: { 'content-encoding': 'br' } });
}

// Small on the wire, wide in memory.
const wide = gzipSync(Buffer.from(`[${'0,'.repeat(15_000_000)}0]`), { level: 9 });
const braces = gzipSync(Buffer.from(`[${'{},'.repeat(10_000_000)}{}]`), { level: 9 });
const keys = gzipSync(Buffer.from(`{${Array.from({ length: 2_000_000 }, (_, i) => `"k${i}":${i}`).join(',')}}`), { level: 1 });
for (const door of ['rows', 'records', 'logs', 'track', 'collector']) {
  for (const [what, body] of [['thirty million digits', wide], ['ten million objects', braces], ['an object of two million members', keys]]) {
    const answer = await send(door, body, { 'content-encoding': 'gzip' });
    const rss = server.rssBytes();
    check(answer.status >= 200 && answer.status < 504 && answer.ms < 20_000 && rss < kRssMax, `${door}: ${what} is answered in bounds`,
      `status ${answer.status} in ${answer.ms} ms, ${(rss / 1048576).toFixed(0)} MiB: ${answer.text.slice(0, 120)}`);
    if (server.dead) { console.log(server.log.slice(-800)); finish(); }
  }
}

// A row of 100 MB, and one just inside the limit of a request.
const long = Buffer.concat([Buffer.from('[{"Id":"'), Buffer.alloc(100 << 20, 120), Buffer.from('"}]')]);
for (const door of ['rows', 'records', 'ingestion', 'collector', 'track', 'logs']) {
  await refused(door, 'a row of 100 MB', long, { status: [400, 413, 0], speaks: false });
  await refused(door, 'a row of 100 MB in gzip', gzipSync(long, { level: 1 }), { status: [400, 413], headers: { 'content-encoding': 'gzip' } });
}

// Protobuf cut at every offset, and with every byte flipped, must never be worse than an error.
const samples = process.env.QD_SHARED ? join(process.env.QD_SHARED, 'conformance/samples/otlp') : '';
const bodies = existsSync(join(samples, 'recorded-otel-js.jsonl'))
  ? readFileSync(join(samples, 'recorded-otel-js.jsonl'), 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line))
    .filter((one) => one.headers['content-type'] === 'application/x-protobuf')
    .map((one) => [one.path.slice(4), one.headers['content-encoding'] === 'gzip' ? gunzipSync(Buffer.from(one.body, 'base64')) : Buffer.from(one.body, 'base64')])
  : [['traces', Buffer.from('0a200a1e0a1c0a0c736572766963652e6e616d65120c0a0a6d792e73657276696365', 'hex')]];
let bad = 0;
let slow = 0;
const truncations = [];
for (const [door, body] of bodies.slice(0, 3)) {
  for (let at = 1; at < body.length; at += Math.max(1, Math.floor(body.length / 150))) {
    const flipped = Buffer.from(body);
    flipped[at] ^= 0xff;
    truncations.push([door, body.subarray(0, at)], [door, flipped]);
  }
}
for (let i = 0; i < truncations.length; i += 8) {
  for (const answer of await Promise.all(truncations.slice(i, i + 8).map(([door, body]) => send(door, body, protobuf)))) {
    if (![200, 400].includes(answer.status)) bad += 1;
    if (answer.ms > kAnswerMs) slow += 1;
  }
}
check(bad === 0 && slow === 0, `${truncations.length} damaged protobuf bodies are 200 or 400`, `${bad} are not, ${slow} slow`);
let nested = Buffer.alloc(0);
for (let i = 0; i < 2000; ++i) {  // AnyValue in ArrayValue in AnyValue…
  const wrap = (field, inner) => { const size = []; let n = inner.length; do { size.push((n & 127) | (n > 127 ? 128 : 0)); n >>= 7; } while (n); return Buffer.concat([Buffer.from([field << 3 | 2, ...size]), inner]); };
  nested = wrap(1, wrap(5, nested));
}
const wrap = (field, inner) => { const size = []; let n = inner.length; do { size.push((n & 127) | (n > 127 ? 128 : 0)); n >>= 7; } while (n); return Buffer.concat([Buffer.from([field << 3 | 2, ...size]), inner]); };
const deepLog = await send('logs', wrap(1, wrap(2, wrap(2, wrap(5, nested.subarray(0))))), protobuf);
check([200, 400].includes(deepLog.status), 'logs: a value nested 2,000 deep in protobuf', `${deepLog.status} ${deepLog.text.slice(0, 80)}`);

// Queries.
const ask = (csl) => JSON.stringify({ db: 'workspace', csl, query: csl, properties: { Options: { servertimeout: '00:00:10' } } });
for (const door of ['logAnalytics', 'kustoV1', 'kustoV2']) {
  for (const [what, csl] of [
    ['a million parentheses', `print ${'('.repeat(1_000_000)}1${')'.repeat(1_000_000)}`],
    ['a million open parentheses', `print ${'('.repeat(1_000_000)}`],
    ['a chain of 100,000 minus signs', `print ${'-'.repeat(100_000)}1`],
    ['a sum of 200,000 terms', `print ${'1+'.repeat(200_000)}1`],
    ['100,000 operators', `print 1${'| extend a=1'.repeat(100_000)}`],
    ['nested brackets in dynamic', `print dynamic(${'['.repeat(500_000)})`],
    ['a string without its end', `print "${'x'.repeat(1_000_000)}`],
    ['oversized text', `print "${'x'.repeat(8 << 20)}"`],
    ['let bombs', `let a0 = "x"; ${Array.from({ length: 60 }, (_, i) => `let a${i + 1} = strcat(a${i}, a${i});`).join(' ')} print strlen(a60)`],
    ['let bombs of tables', `let a0 = range x from 1 to 2 step 1; ${Array.from({ length: 40 }, (_, i) => `let a${i + 1} = union a${i}, a${i};`).join(' ')} a40 | count`],
    ['NUL and control characters', 'print \u0000\u0001\u0002'],
    ['half a surrogate', 'print "\ud800"'],
  ]) {
    const answer = await send(door, ask(csl));
    const rss = server.rssBytes();
    check((answer.status === 413 || answer.status === 200 || [400, 429, 504].includes(answer.status) && doors[door].speaks(answer.body)) && answer.ms < kAnswerMs && rss < kRssMax,
      `${door}: ${what}`, `status ${answer.status} in ${answer.ms} ms, ${(rss / 1048576).toFixed(0)} MiB: ${answer.text.slice(0, 200)}`);
    if (answer.status === 0) await pause(500);
    if (server.dead || answer.status === 0) { console.log(server.log.slice(-800)); finish(); }
  }
  for (const [what, csl] of [
    ['a huge cross join', 'range a from 1 to 200000 step 1 | extend k = 1 | join kind=inner (range b from 1 to 200000 step 1 | extend k = 1) on k | count'],
    ['a list of a hundred million', 'range a from 1 to 100000000 step 1 | summarize make_list(a, 100000000)'],
    ['a text of gigabytes', 'range a from 1 to 100000 step 1 | extend s = strrep("0123456789", 100000) | summarize strlen(strcat_array(make_list(s), ""))'],
    ['a regular expression of horror', 'range a from 1 to 1000 step 1 | where strcat(strrep("a", 10000), "b") matches regex "(a+)+$" | count'],
    ['an endless range', 'range a from 1 to 9223372036854775807 step 1 | count'],
  ]) {
    const answer = await send(door, ask(csl), { prefer: 'wait=10', 'x-ms-client-request-id': 'hostile' });
    const rss = server.rssBytes();
    check(answer.status > 0 && answer.ms < 45_000 && rss < kRssMax, `${door}: ${what} is bounded`,
      `status ${answer.status} in ${answer.ms} ms, ${(rss / 1048576).toFixed(0)} MiB: ${answer.text.slice(0, 200)}`);
    if (server.dead) { console.log(server.log.slice(-800)); finish(); }
    if (door !== 'kustoV2') break;  // the others share the engine
  }
}

// HTTP itself, byte by byte.
function raw(text, { port = server.port, wait = 5000 } = {}) {
  return new Promise((resolve) => {
    const begun = Date.now();
    let got = '';
    const socket = createConnection(port, '127.0.0.1', () => socket.write(text));
    const done = () => { socket.destroy(); resolve({ got, ms: Date.now() - begun, status: Number(/^HTTP\/1\.1 (\d+)/.exec(got)?.[1] ?? 0) }); };
    socket.on('data', (chunk) => { got += chunk; });
    socket.on('close', done);
    socket.on('error', done);
    setTimeout(done, wait);
  });
}
const head = 'POST /v1/rest/query HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n';
for (const [what, text, status] of [
  ['two different lengths', `${head}Content-Length: 5\r\nContent-Length: 6\r\n\r\n{"a":1}`, [400, 0]],
  ['a length that is no number', `${head}Content-Length: x\r\n\r\n`, [400, 0]],
  ['a negative length', `${head}Content-Length: -1\r\n\r\n`, [400, 0]],
  ['length and chunks', `${head}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, [400, 0, 200]],
  ['a broken chunk', `${head}Transfer-Encoding: chunked\r\n\r\nzz\r\n`, [400, 0]],
  ['a head of 1 MB', `${head}X-Long: ${'x'.repeat(1 << 20)}\r\n\r\n`, [400, 431, 0]],
  ['100,000 headers', `${head}${'X-A: b\r\n'.repeat(100_000)}\r\n`, [400, 431, 0]],
  ['a target of 1 MB', `GET /${'x'.repeat(1 << 20)} HTTP/1.1\r\nHost: a\r\n\r\n`, [400, 414, 431, 0]],
  ['no HTTP at all', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03garbage\r\n\r\n', [400, 0]],
  ['a body larger than any limit', `${head}Content-Length: 99999999999\r\n\r\n`, [413, 400, 0]],
  ['a path that climbs', 'GET /../../etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n', [404, 400]],
  ['a path with NUL', 'GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n', [404, 400]],
]) {
  const answer = await raw(text, { wait: 3000 });
  check(status.includes(answer.status), `HTTP: ${what}`, `status ${answer.status}: ${answer.got.slice(0, 150)}`);
}
for (const [method, url, status] of [
  ['GET', `${server.url}/no/such/route`, [404]], ['DELETE', `${server.url}/v1/rest/query`, [404, 405]],
  ['GET', `${server.otlp}/v1/traces`, [405]], ['PUT', `${server.url}/api/v1/records`, [404, 405]],
  ['POST', `${server.otlp}/v1development/profiles`, [404]], ['POST', `${server.url}/api/v1/tables/..%2f..%2fx/rows`, [400, 404]],
  ['POST', `${server.url}/api/v1/tables/NoSuchTable/rows`, [404]], ['POST', `${server.url}/dataCollectionRules/nonsense/streams/Custom-X_CL?api-version=2023-01-01`, [400, 404]],
]) {
  const answer = await fetch(url, { method, body: method === 'GET' ? undefined : '[]', headers: json });
  check(status.includes(answer.status), `${method} ${new URL(url).pathname.slice(0, 60)} is ${status.join(' or ')}`, `${answer.status} ${(await answer.text()).slice(0, 100)}`);
}
for (const [what, headers] of [['no signature', {}], ['a wrong signature', { authorization: `SharedKey ${workspace}:AAAA`, 'x-ms-date': new Date().toUTCString(), 'log-type': 'X' }]]) {
  const answer = await fetch(doors.collector.url, { method: 'POST', body: '[]', headers: { ...json, 'log-type': 'X', ...headers } });
  check(answer.status === 403 || answer.status === 400, `collector: ${what}`, `${answer.status} ${await answer.text()}`);
}

// Two hundred clients that say nothing more, while another works.
const sleepers = Array.from({ length: 200 }, () => createConnection(server.port, '127.0.0.1', function () { this.write(`${head}Content-Length: 100\r\n\r\n{`); }));
sleepers.forEach((one) => one.on('error', () => {}));
await pause(300);
const meanwhile = Date.now();
const alive = await server.scalar('print 1');
check(alive === 1 && Date.now() - meanwhile < 2000, 'slow clients do not stop others', `${Date.now() - meanwhile} ms`);
sleepers.forEach((one) => one.destroy());

// After all that.
check(await server.scalar('Hostile_CL | where Id in ("a", "b") | summarize dcount(Id)') === 2, 'the acknowledged rows are there');
const again = await send('rows', JSON.stringify([{ Id: 'c', N: 3 }]));
check(again.status === 200 && await server.scalar('Hostile_CL | where Id == "c" | count') === 1, 'rows still come in', again.text);
check(server.rssBytes() < kRssMax && server.peakBytes() < kRssMax, 'memory stayed below 600 MiB', `peak ${(server.peakBytes() / 1048576).toFixed(0)} MiB`);
finish();

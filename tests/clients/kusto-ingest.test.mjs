// azure-kusto-ingest streams rows in; azure-kusto-data runs the management commands around it.
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { Client, KustoConnectionStringBuilder } from 'azure-kusto-data';
import { DataFormat, IngestionProperties, StreamingIngestClient, StreamDescriptor } from 'azure-kusto-ingest';
import { check, finish, plain, rows } from './harness.mjs';

const connection = KustoConnectionStringBuilder.withAccessToken(plain, 'test');
const kusto = new Client(connection);
const ingest = new StreamingIngestClient(connection, undefined, false);
const run = async (command) => {
  const result = await kusto.executeMgmt('workspace', command);
  return [...result.primaryResults[0].rows()].map((row) => row.toJSON());
};
const send = (text, properties) =>
  ingest.ingestFromStream(new StreamDescriptor(Readable.from([Buffer.from(text)]), null),
    new IngestionProperties({ database: 'workspace', table: 'Streamed', ...properties }));

await check('a table and its mapping through .create', async () => {
  await run('.create table Streamed (name:string, at:datetime, n:long)');
  const [mapping] = await run(`.create table Streamed ingestion json mapping 'm'
    '[{"column":"name","Properties":{"Path":"$.who.name"}},{"column":"at","Properties":{"Path":"$.t"}},{"column":"n","Properties":{"Path":"$.n"}}]'`);
  assert.equal(mapping.Name, 'm');
});

await check('CSV rows are streamed, compressed by the client', async () => {
  await send('ann,2026-01-02T03:04:05Z,1\nbob,2026-01-02T03:04:06Z,2\n', { format: DataFormat.CSV });
  const [{ n, t }] = await rows('Streamed | summarize n = sum(n), t = max(at)');
  assert.equal(n, 3);
  assert.equal(t, '2026-01-02T03:04:06Z');
});

await check('JSON rows go through the mapping they name', async () => {
  await send('{"who":{"name":"cid"},"t":"2026-02-01","n":40}\n{"who":{"name":"dan"},"n":2}\n',
    { format: DataFormat.MULTIJSON, ingestionMappingReference: 'm' });
  const found = await rows('Streamed | where n in (40, 2) and name startswith_cs "c" or name == "dan" | sort by n asc | project name, n');
  assert.deepEqual(found, [{ name: 'dan', n: 2 }, { name: 'cid', n: 40 }]);
});

await check('a mapping that is not there is an error', async () => {
  await assert.rejects(send('{}', { format: DataFormat.JSON, ingestionMappingReference: 'nowhere' }));
});

await check('a table that is not there is an error', async () => {
  await assert.rejects(send('a,b', { format: DataFormat.CSV, table: 'Nowhere' }));
});

await check('a materialized view follows what is streamed', async () => {
  await run('.create materialized-view with (backfill=true) ByName on table Streamed { Streamed | summarize total = sum(n) by name }');
  await send('ann,2026-01-02T03:04:05Z,10\n', { format: DataFormat.CSV });
  assert.deepEqual(await rows('ByName | where name == "ann" | project total'), [{ total: 11 }]);
  const [view] = await run('.show materialized-view ByName');
  assert.equal(view.SourceTable, 'Streamed');
  assert.equal(view.IsHealthy, true);
});

await check('an update policy fills a second table', async () => {
  await run('.create table Shouted (name:string)');
  await run(`.alter table Shouted policy update @'[{"Source":"Streamed","Query":"Streamed | project name = toupper(name)","IsTransactional":true}]'`);
  await send('eve,,5\n', { format: DataFormat.CSV });
  assert.deepEqual(await rows('Shouted | project name'), [{ name: 'EVE' }]);
});

await check('queries are listed with their application', async () => {
  await rows('print marker_of_this_test = 1');
  const found = await run(".show queries | where Text has 'marker_of_this_test' and Text !has 'show' | project State");
  assert.equal(found[0].State, 'Completed');
});

/// Milliseconds from asking to stop a long query to its answer.
const cancelled = async (id) => {
  const running = fetch(`${plain}/v1/rest/query`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-ms-client-request-id': id },
    body: JSON.stringify({ db: 'workspace', csl: 'range x from 1 to 2000000000 step 1 | summarize count() by hash(x, 1000)' }),
  });
  for (let i = 0; i < 500; i += 1) {
    const [{ n }] = await run(`.show running queries | where ClientActivityId == '${id}' | summarize n = count()`);
    if (Number(n) > 0) break;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const asked = performance.now();
  const [answer] = await run(`.cancel query '${id}'`);
  assert.equal(answer.RunningQueryCanceled, true);
  const response = await running;
  const took = performance.now() - asked;
  assert.equal(response.ok, false);
  assert.match(await response.text(), /cancel/i);
  return took;
};

await check('a running query is cancelled within 50 ms', async () => {
  // The best of five: other work on the machine is not the server's.
  const took = [];
  for (let i = 0; i < 5; i += 1) took.push(await cancelled(`cancel-${i}`));
  assert.ok(Math.min(...took) < 50, `took ${took} ms`);
});

finish();

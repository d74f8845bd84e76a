// @azure/monitor-query-logs and azure-kusto-data read what the tests wrote.
import assert from 'node:assert/strict';
import { LogsQueryClient, LogsQueryResultStatus } from '@azure/monitor-query-logs';
import { Client, ClientRequestProperties, KustoConnectionStringBuilder } from 'azure-kusto-data';
import { base, check, credential, finish, plain, workspace } from './harness.mjs';

const logs = new LogsQueryClient(credential, { endpoint: `${base}/v1` });
const kusto = new Client(KustoConnectionStringBuilder.withAccessToken(plain, 'test'));
const types = `print b = true, i = int(7), l = long(9007199254740993), r = 1.5, s = "text",
  d = datetime(2020-03-04T14:05:01.3109965Z), t = 1d + 2h + 3m + 4.5s,
  g = guid(8145d822-13a7-44ad-859c-36f31a84f6dd), o = dynamic({"a":[1,2]}), n = long(null)`;

await check('Log Analytics: types, statistics and rendering', async () => {
  const result = await logs.queryWorkspace(workspace, `${types} | render timechart`, { duration: 'P1D' },
    { includeQueryStatistics: true, includeVisualization: true });
  assert.equal(result.status, LogsQueryResultStatus.Success);
  const table = result.tables[0];
  assert.deepEqual(table.columnDescriptors.map((c) => `${c.name}:${c.type}`),
    ['b:bool', 'i:int', 'l:long', 'r:real', 's:string', 'd:datetime', 't:timespan', 'g:guid', 'o:dynamic', 'n:long']);
  const row = table.rows[0];
  assert.equal(row[0], true);
  assert.equal(row[1], 7);
  assert.equal(row[3], 1.5);
  assert.equal(new Date(row[5]).getTime(), Date.parse('2020-03-04T14:05:01.310Z'));
  assert.equal(row[6], '1.02:03:04.5000000');
  assert.equal(row[9], null);
  assert.ok(result.statistics.query.executionTime >= 0);
  assert.equal(result.visualization.visualization, 'timechart');
});

await check('Log Analytics: a batch of two, one of them wrong', async () => {
  const results = await logs.queryBatch([
    { workspaceId: workspace, query: 'print x = 1', timespan: { duration: 'PT1H' } },
    { workspaceId: workspace, query: 'NoSuchTable | take 1', timespan: { duration: 'PT1H' } },
  ]);
  assert.equal(results[0].tables[0].rows[0][0], 1);
  // The SDK calls every body with an error partial; ours has no tables and the engine's code.
  assert.notEqual(results[1].status, LogsQueryResultStatus.Success);
  assert.match(JSON.stringify(results[1]), /SEM0100/);
});

await check('Log Analytics: a semantic error has its code and place', async () => {
  await assert.rejects(logs.queryWorkspace(workspace, 'print x = 1 | where nosuch == 1', { duration: 'P1D' }),
    (error) => {
      assert.equal(error.code, 'BadArgumentError');
      assert.match(JSON.stringify(error), /SEM0100/);
      return true;
    });
});

await check('Log Analytics: a cut answer is a partial result', async () => {
  const result = await logs.queryWorkspace(workspace, 'range x from 1 to 600000 step 1', { duration: 'P1D' });
  assert.equal(result.status, LogsQueryResultStatus.PartialFailure);
  assert.equal(result.partialTables[0].rows.length, 500000);
});

await check('Kusto v2 through azure-kusto-data', async () => {
  const result = await kusto.execute('workspace', types);
  const [row] = [...result.primaryResults[0].rows()];
  assert.equal(row.b, true);
  assert.equal(row.s, 'text');
  assert.deepEqual(row.o, { a: [1, 2] });
  assert.equal(row.d.getTime(), Date.parse('2020-03-04T14:05:01.310Z'));
});

await check('Kusto v1 and management commands', async () => {
  const v1 = await kusto.executeQueryV1('workspace', 'range x from 1 to 3 step 1 | summarize s = sum(x)');
  assert.equal([...v1.primaryResults[0].rows()][0].s, 6);
  await kusto.executeMgmt('workspace', '.create-or-alter function with (folder="t") Twice(x:long) { print y = x * 2 }');
  const call = await kusto.execute('workspace', 'Twice(21)');
  assert.equal([...call.primaryResults[0].rows()][0].y, 42);
  const shown = await kusto.executeMgmt('workspace', '.show functions | where Name == "Twice" | project Name, Folder');
  assert.deepEqual([...shown.primaryResults[0].rows()].map((r) => [r.Name, r.Folder]), [['Twice', 't']]);
  const tables = await kusto.executeMgmt('workspace', '.show tables | count');
  assert.ok([...tables.primaryResults[0].rows()][0].Count >= 70);
});

await check('Kusto: query parameters and query_now', async () => {
  const properties = new ClientRequestProperties();
  properties.setParameter('limitTo', 5);
  properties.setOption('query_now', '2020-01-01T00:00:00Z');
  const result = await kusto.execute('workspace',
    'declare query_parameters(limitTo:long = 1); range x from 1 to limitTo step 1 | summarize n = count(), t = now()', properties);
  const row = [...result.primaryResults[0].rows()][0];
  assert.equal(row.n, 5);
  assert.equal(row.t.toISOString(), '2020-01-01T00:00:00.000Z');
});

await check('Kusto: a syntax error is the engine\'s', async () => {
  await assert.rejects(kusto.execute('workspace', 'print x = = 1'), (error) => {
    assert.match(JSON.stringify(error.response?.data ?? error.message ?? String(error)), /SYN0002|Syntax error/);
    return true;
  });
});

finish();

// @azure/monitor-ingestion over TLS: uploads that are cut into chunks, and a bad record.
import assert from 'node:assert/strict';
import { LogsIngestionClient, isAggregateLogsUploadError } from '@azure/monitor-ingestion';
import { base, check, credential, finish, rows } from './harness.mjs';

const client = new LogsIngestionClient(base, credential);
const rule = 'dcr-0123456789abcdef0123456789abcdef';

await check('3 MB in chunks: every record arrives once', async () => {
  const logs = [];
  for (let i = 0; i < 6000; i += 1) {
    logs.push({
      TimeGenerated: new Date(Date.now() - i).toISOString(),
      OrderId: i,
      Amount: i / 4,
      Paid: i % 2 === 0,
      Details: { item: `item-${i}`, tags: ['a', 'b'] },
      Text: 'x'.repeat(400),
    });
  }
  await client.upload(rule, 'Custom-Orders_CL', logs, { maxConcurrency: 5 });
  const [row] = await rows(
    'Orders_CL | summarize n = count(), d = count_distinct(OrderId), s = sum(Amount), p = countif(Paid)');
  assert.deepEqual(row, { n: 6000, d: 6000, s: 4499250, p: 3000 });
  const [one] = await rows(
    'Orders_CL | where OrderId == 17 | project item = tostring(Details.item), tag = tostring(Details.tags[1])');
  assert.deepEqual(one, { item: 'item-17', tag: 'b' });
});

await check('a standard table through a Microsoft- stream', async () => {
  await client.upload(rule, 'Microsoft-SigninLogs', [
    {
      TimeGenerated: new Date().toISOString(),
      UserPrincipalName: 'ada@contoso.example',
      ResultType: '50126',
      LocationDetails: { city: 'Zurich', geoCoordinates: { latitude: 47.37, longitude: 8.54 } },
    },
  ]);
  const [row] = await rows(
    "SigninLogs | where UserPrincipalName == 'ada@contoso.example' | project ResultType, city = tostring(LocationDetails.city), lat = todouble(LocationDetails.geoCoordinates.latitude)");
  assert.deepEqual(row, { ResultType: '50126', city: 'Zurich', lat: 47.37 });
});

await check('a record that does not fit is named, the good ones stay', async () => {
  let caught;
  try {
    await client.upload(rule, 'Custom-Orders_CL', [
      { TimeGenerated: new Date().toISOString(), OrderId: 100001, Amount: 1 },
      { TimeGenerated: new Date().toISOString(), OrderId: 'not a number', Amount: 1 },
    ]);
  } catch (error) {
    caught = error;
  }
  assert.ok(isAggregateLogsUploadError(caught), 'the client reports an upload error');
  assert.match(JSON.stringify(caught.errors[0].cause.message ?? caught.errors[0].cause), /OrderId/);
  const [row] = await rows('Orders_CL | where OrderId == 100001 | count');
  assert.equal(row.Count, 1);
});

await check('an unknown stream is refused', async () => {
  await assert.rejects(client.upload(rule, 'Microsoft-NoSuchTable', [{ a: 1 }]));
});

finish();

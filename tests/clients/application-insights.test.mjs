// @azure/monitor-opentelemetry-exporter: the track endpoint over TLS (the exporter insists).
import assert from 'node:assert/strict';
import { SpanKind } from '@opentelemetry/api';
import { SeverityNumber } from '@opentelemetry/api-logs';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { LoggerProvider, BatchLogRecordProcessor } from '@opentelemetry/sdk-logs';
process.env.APPLICATION_INSIGHTS_NO_STATSBEAT = 'true';
process.env.APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL = 'true';
const { AzureMonitorLogExporter, AzureMonitorTraceExporter } = await import('@azure/monitor-opentelemetry-exporter');
const { base, check, finish, plain, rows } = await import('./harness.mjs');

const connectionString =
  `InstrumentationKey=00000000-0000-4000-8000-0000000000aa;IngestionEndpoint=${base}/;LiveEndpoint=${base}/`;
const resource = resourceFromAttributes({ 'service.name': 'breeze', 'service.namespace': 'js' });

await check('requests and dependencies', async () => {
  const exporter = new AzureMonitorTraceExporter({ connectionString });
  const provider = new BasicTracerProvider({ resource, spanProcessors: [new BatchSpanProcessor(exporter)] });
  const tracer = provider.getTracer('test');
  for (let i = 0; i < 20; i += 1) {
    const span = tracer.startSpan('GET /ping', {
      kind: SpanKind.SERVER,
      attributes: {
        'http.request.method': 'GET', 'http.route': '/ping', 'http.response.status_code': 200,
        'url.scheme': 'https', 'url.path': '/ping', 'server.address': 'shop.example',
      },
    });
    tracer.startSpan('call', { kind: SpanKind.CLIENT, attributes: { 'db.system.name': 'postgresql' } }).end();
    span.end();
  }
  await provider.forceFlush();
  await provider.shutdown();
  const [request] = await rows(
    "AppRequests | where AppRoleName == 'js.breeze' | summarize n = count(), code = take_any(ResultCode), ok = countif(Success), items = sum(ItemCount)");
  assert.deepEqual(request, { n: 20, code: '200', ok: 20, items: 20 });
  const [classic] = await rows(
    "requests | where cloud_RoleName == 'js.breeze' | summarize n = count(), ok = countif(success == true)");
  assert.deepEqual(classic, { n: 20, ok: 20 });
  const [dependency] = await rows("AppDependencies | where AppRoleName == 'js.breeze' | count");
  assert.equal(dependency.Count, 20);
});

await check('traces', async () => {
  const exporter = new AzureMonitorLogExporter({ connectionString });
  const provider = new LoggerProvider({ resource, processors: [new BatchLogRecordProcessor({ exporter })] });
  const logger = provider.getLogger('test');
  for (let i = 0; i < 10; i += 1) {
    logger.emit({ severityNumber: SeverityNumber.WARN, body: `warned ${i}` });
  }
  await provider.forceFlush();
  await provider.shutdown();
  const [row] = await rows(
    "AppTraces | where AppRoleName == 'js.breeze' | summarize n = count(), level = take_any(SeverityLevel)");
  assert.deepEqual(row, { n: 10, level: 2 });
});

await check('one bad item of three: 206 names its index', async () => {
  const item = (data) => ({ ver: 1, name: 'x', time: new Date().toISOString(), iKey: 'k', tags: {}, data });
  const good = { baseType: 'EventData', baseData: { ver: 2, name: 'bought' } };
  const answer = await fetch(`${plain}/v2.1/track`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify([item(good), item({ baseType: 'NoSuchData', baseData: {} }), item(good)]),
  });
  assert.equal(answer.status, 206);
  const body = await answer.json();
  assert.equal(body.itemsReceived, 3);
  assert.equal(body.itemsAccepted, 2);
  assert.deepEqual(body.errors.map((error) => error.index), [1]);
  const [row] = await rows("AppEvents | where Name == 'bought' | count");
  assert.equal(row.Count, 2);
});

finish();

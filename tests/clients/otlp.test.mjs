// OpenTelemetry JS exporters, JSON and protobuf, with and without gzip.
import assert from 'node:assert/strict';
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { SeverityNumber } from '@opentelemetry/api-logs';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { LoggerProvider, BatchLogRecordProcessor } from '@opentelemetry/sdk-logs';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { OTLPTraceExporter as TraceJson } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as TraceProto } from '@opentelemetry/exporter-trace-otlp-proto';
import { OTLPLogExporter as LogJson } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPLogExporter as LogProto } from '@opentelemetry/exporter-logs-otlp-proto';
import { OTLPMetricExporter as MetricJson } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPMetricExporter as MetricProto } from '@opentelemetry/exporter-metrics-otlp-proto';
import { check, finish, otlp, rows } from './harness.mjs';

const forms = [
  ['json', TraceJson, LogJson, MetricJson, undefined],
  ['json-gzip', TraceJson, LogJson, MetricJson, 'gzip'],
  ['protobuf', TraceProto, LogProto, MetricProto, undefined],
  ['protobuf-gzip', TraceProto, LogProto, MetricProto, 'gzip'],
];

for (const [form, Trace, Log, Metric, compression] of forms) {
  const resource = resourceFromAttributes({
    'service.name': form,
    'service.namespace': 'js',
    'service.version': '1.2.3',
    'service.instance.id': 'i-1',
  });
  await check(`traces, ${form}`, async () => {
    const provider = new BasicTracerProvider({
      resource,
      spanProcessors: [
        new BatchSpanProcessor(new Trace({ url: `${otlp}/v1/traces`, compression })),
      ],
    });
    const tracer = provider.getTracer('test', '9');
    for (let i = 0; i < 250; i += 1) {
      const server = tracer.startSpan('POST /orders', {
        kind: SpanKind.SERVER,
        attributes: {
          'http.request.method': 'POST',
          'http.route': '/orders',
          'http.response.status_code': i % 10 === 0 ? 500 : 201,
          'order.index': i,
        },
      });
      if (i % 10 === 0) {
        server.recordException(new TypeError('boom'));
        server.setStatus({ code: SpanStatusCode.ERROR, message: 'boom' });
      }
      tracer.startSpan('SELECT orders', {
        kind: SpanKind.CLIENT,
        attributes: { 'db.system.name': 'postgresql', 'db.query.text': 'SELECT 1' },
      }).end();
      server.end();
    }
    await provider.forceFlush();
    await provider.shutdown();
    const [request] = await rows(
      `AppRequests | where AppRoleName == 'js.${form}' | summarize n = count(), failed = countif(not(Success)), ids = dcount(Id), name = take_any(Name), version = take_any(AppVersion), highest = max(toint(Properties['order.index']))`);
    assert.deepEqual(request, { n: 250, failed: 25, ids: 250, name: 'POST /orders', version: '1.2.3', highest: 249 });
    const [dependency] = await rows(
      `AppDependencies | where AppRoleName == 'js.${form}' | summarize n = count(), type = take_any(DependencyType), data = take_any(Data)`);
    assert.deepEqual(dependency, { n: 250, type: 'postgresql', data: 'SELECT 1' });
    const [exception] = await rows(
      `AppExceptions | where AppRoleName == 'js.${form}' | summarize n = count(), type = take_any(ExceptionType), message = take_any(Message)`);
    assert.deepEqual(exception, { n: 25, type: 'TypeError', message: 'boom' });
  });
  await check(`logs, ${form}`, async () => {
    const provider = new LoggerProvider({
      resource,
      processors: [
        new BatchLogRecordProcessor({ exporter: new Log({ url: `${otlp}/v1/logs`, compression }) }),
      ],
    });
    const logger = provider.getLogger('test');
    for (let i = 0; i < 100; i += 1) {
      logger.emit({
        severityNumber: i % 2 === 0 ? SeverityNumber.ERROR : SeverityNumber.INFO,
        severityText: i % 2 === 0 ? 'ERROR' : 'INFO',
        body: `line ${i}`,
        attributes: { i },
      });
    }
    await provider.forceFlush();
    await provider.shutdown();
    const [row] = await rows(
      `AppTraces | where AppRoleName == 'js.${form}' | summarize n = count(), errors = countif(SeverityLevel == 3), opening = countif(Message == 'line 0')`);
    assert.deepEqual(row, { n: 100, errors: 50, opening: 1 });
  });
  await check(`metrics, ${form}`, async () => {
    const reader = new PeriodicExportingMetricReader({
      exporter: new Metric({ url: `${otlp}/v1/metrics`, compression }),
      exportIntervalMillis: 3600_000,
    });
    const provider = new MeterProvider({ resource, readers: [reader] });
    const meter = provider.getMeter('test');
    meter.createCounter('orders').add(5, { region: 'eu' });
    const histogram = meter.createHistogram('latency');
    [10, 20, 70].forEach((value) => histogram.record(value));
    await reader.forceFlush();
    await provider.shutdown();
    const found = await rows(
      `AppMetrics | where AppRoleName == 'js.${form}' | summarize Sum = max(Sum), n = max(ItemCount), low = max(Min), high = max(Max) by Name | order by Name asc`);
    assert.deepEqual(found, [
      { Name: 'latency', Sum: 100, n: 3, low: 10, high: 70 },
      { Name: 'orders', Sum: 5, n: 1, low: 5, high: 5 },
    ]);
  });
}

await check('bytes that are no OTLP are refused with 400', async () => {
  const answer = await fetch(`${otlp}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf' },
    body: Buffer.from('this is not protobuf'),
  });
  assert.equal(answer.status, 400);
});

await check('another content type is refused with 415', async () => {
  const answer = await fetch(`${otlp}/v1/traces`, { method: 'POST', headers: { 'content-type': 'text/plain' }, body: 'x' });
  assert.equal(answer.status, 415);
});

finish();

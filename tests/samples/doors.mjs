// Which file goes through which front door, which facts without a query get one, and which files
// wait for a door this product does not have yet.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

const bytes = (path) => path.endsWith('.gz') ? gunzipSync(readFileSync(path)) : readFileSync(path);
const lines = (path) => bytes(path).toString('utf8').split('\n').filter((line) => line.trim() !== '');
const objects = (path) => lines(path).map((line) => JSON.parse(line));

function qd(build, url, args) {
  return new Promise((resolve) => execFile(join(build, 'bin/qd'), ['--server', url, ...args], { maxBuffer: 1 << 26 },
    (error, stdout, stderr) => resolve({ status: error?.code ?? 0, output: stdout + stderr })));
}

/// `qd ingest TABLE FILE`
const ingest = (table, ...flags) => async ({ server, path, build, expect }) => {
  const done = await qd(build, server.url, ['ingest', table, path, '-q', '--rejected', `${server.directory}/rejected`, ...flags]);
  expect(done.status === 0, 'every row is taken', done.output.slice(0, 500));
};
/// `qd records FILE`
const records = (rejected = 0, ...flags) => async ({ server, path, build, expect }) => {
  const done = await qd(build, server.url, ['records', path, '-q', '--rejected', `${server.directory}/rejected`, ...flags]);
  expect(done.status === (rejected > 0 ? 3 : 0) && (rejected === 0 || done.output.includes(`${rejected} rows were rejected`)),
    rejected > 0 ? `${rejected} records are refused, the rest are taken` : 'every record is taken',
    `${done.output.slice(0, 300)} ${done.status === 3 ? readFileSync(`${server.directory}/rejected`, 'utf8').slice(0, 400) : ''}`);
};
async function post(url, body, headers = { 'content-type': 'application/json' }) {
  const answer = await fetch(url, { method: 'POST', headers, body });
  const text = await answer.text();
  return { status: answer.status, text, json: (() => { try { return JSON.parse(text); } catch { return undefined; } })() };
}
/// Objects that a label file wraps, as one request of diagnostic records.
const unwrapped = (unwrap, rejected = 0, query = '') => async ({ server, path, expect }) => {
  const body = objects(path).map(unwrap).filter((one) => one !== undefined).map((one) => JSON.stringify(one)).join('\n');
  const answer = await post(`${server.url}/api/v1/records${query}`, body, { 'content-type': 'application/x-ndjson' });
  expect(answer.json?.rejected === rejected, `${rejected} records are refused`, answer.text.slice(0, 600));
};
const otlpPath = (request) => request.resourceSpans ? '/v1/traces' : request.resourceLogs ? '/v1/logs' : '/v1/metrics';
/// OTLP/JSON, one request a line (or one in the whole file); `partial` items are refused in all.
const otlpJson = (partial = 0, path = undefined) => async ({ server, path: file, name, expect }) => {
  const requests = name.endsWith('.json') ? [JSON.parse(bytes(file).toString('utf8'))] : objects(file);
  let rejected = 0;
  for (const request of requests) {
    const answer = await post(server.otlp + (path ?? otlpPath(request)), JSON.stringify(request));
    const partial = answer.json?.partialSuccess ?? {};
    rejected += Number(partial.rejectedSpans ?? partial.rejectedLogRecords ?? partial.rejectedDataPoints ?? 0);
    expect(answer.status === 200, 'is answered 200', `${answer.status} ${answer.text.slice(0, 300)}`);
  }
  expect(rejected === partial, `${partial} items are refused in partial success`, `refused ${rejected}`);
};
const otlpProtobuf = (frames) => async ({ server, path, expect }) => {
  for (const frame of frames(readFileSync(path))) {
    const answer = await post(`${server.otlp}/v1/metrics`, frame, { 'content-type': 'application/x-protobuf' });
    expect(answer.status === 200, 'is answered 200', `${answer.status} ${answer.text}`);
  }
};
/// Recorded requests, byte for byte.
const replay = (base = (server) => server.url) => async ({ server, path, expect }) => {
  let accepted = 0;
  for (const request of objects(path)) {
    const headers = { ...request.headers };
    for (const name of ['content-length', 'host', 'connection', 'transfer-encoding']) delete headers[name];
    const answer = await post(base(server) + request.path, Buffer.from(request.body, 'base64'), headers);
    expect(answer.status === 200, `${request.path} is answered 200`, `${answer.status} ${answer.text.slice(0, 300)}`);
    accepted += answer.json?.itemsAccepted ?? 0;
  }
  return accepted;
};
const track = (items) => async (context) => {
  const accepted = await replay()(context);
  context.expect(accepted === items, `${items} envelopes are accepted`, `accepted ${accepted}`);
};

const anyValue = (value) => value === null ? {} :
  typeof value === 'string' ? { stringValue: value } : typeof value === 'boolean' ? { boolValue: value } :
  typeof value === 'number' ? (Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value }) :
  Array.isArray(value) ? { arrayValue: { values: value.map(anyValue) } } : { kvlistValue: { values: attributes(value) } };
const attributes = (object) => Object.entries(object).map(([key, value]) => ({ key, value: anyValue(value) }));
const logs = (logRecords) => JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] });
/// Kubernetes objects as the collector's k8sobjects receiver hands them on.
const kubernetesObjects = async ({ server, path, expect }) => {
  const records = objects(path).map((body) => ({ body: anyValue(body),
    attributes: attributes({ 'event.domain': 'k8s', 'k8s.resource.name': 'events' }) }));
  const answer = await post(`${server.otlp}/v1/logs`, logs(records));
  expect(answer.status === 200, 'is answered 200', answer.text);
};
/// Container log lines as the collector's filelog receiver hands them on.
const containerLogs = async ({ server, path, expect }) => {
  const records = objects(path).map((one) => ({
    body: anyValue(one.message ?? one.line ?? one.log),
    attributes: attributes({ 'k8s.pod.name': one.pod, 'k8s.namespace.name': one.namespace, 'k8s.container.name': one.container,
      'log.iostream': 'stdout', ...(one.node ? { 'k8s.node.name': one.node } : {}) }),
  }));
  const answer = await post(`${server.otlp}/v1/logs`, logs(records));
  expect(answer.status === 200, 'is answered 200', answer.text);
};

const spanKinds = { 'first span name, traceId': 'union AppRequests, AppDependencies | project Name, toupper(OperationId)' };
const metricFacts = {
  'distinct metric name': 'AppMetrics | summarize dcount(Name)',
  'most data points': 'AppMetrics | summarize n = count() by Name | top 1 by n | project Name, n',
};
const office = { records: 'OfficeActivity | count', rows: 'OfficeActivity | count', 'data rows': 'OfficeActivity | count',
  'distinct UserId': 'OfficeActivity | summarize dcount(UserId)', 'distinct ClientIP': 'OfficeActivity | summarize dcount(ClientIP)' };
const officeRecords = { send: ingest('OfficeActivity'), facts: { records: office.records, rows: office.rows } };
const later = (why) => ({ skip: why });
const manifests = later('Kubernetes manifests: admission and policies have no door yet');
const feeds = later('a watchlist for externaldata, not a front door');
const audit = later('the Kubernetes audit webhook has no door yet');

export const doors = {
  'entra/la-export-signins.csv': { send: ingest('SigninLogs'), row: 'SigninLogs | take 1', facts: { 'data rows': 'SigninLogs | count' } },
  'entra/la-export-signins-disabled-account.csv': { send: ingest('SigninLogs'), row: 'SigninLogs | take 1', facts: { 'data rows': 'SigninLogs | count' } },
  'entra/expected-disabled-account-alert.csv': later('the published answer of a rule, not input'),
  'entra/la-export-auditlogs.csv': { send: ingest('AuditLogs'), row: 'AuditLogs | take 1', facts: { 'data rows': 'AuditLogs | count' } },
  'entra/training-lab-alert-rules.arm.json': later('alert rules, not events'),
  'entra/la-rows-signins-ctf.jsonl.gz': { send: ingest('SigninLogs'), facts: {
    'impossible travel pairs (success, one row per Id, same user, consecutive, >750 km/h, R=6371): user, from, to, km, minutes': undefined },
    more: [['impossible travel', `SigninLogs | where ResultType == 0 | summarize arg_max(TimeGenerated, *) by Id
      | extend la = todouble(LocationDetails.geoCoordinates.latitude), lo = todouble(LocationDetails.geoCoordinates.longitude), city = tostring(LocationDetails.city)
      | sort by UserPrincipalName asc, TimeGenerated asc
      | extend pu = prev(UserPrincipalName), pt = prev(TimeGenerated), pla = prev(la), plo = prev(lo), pc = prev(city)
      | where pu == UserPrincipalName
      | extend km = geo_distance_2points(plo, pla, lo, la) / 1000, hours = (TimeGenerated - pt) / 1h
      | where hours > 0 and km / hours > 750
      | project UserPrincipalName, pc, city, abs(km - 1118.8) < 5, round(hours * 60, 2)`,
    [['ctfuser3@seccxp.ninja', 'Millstone', 'Park Ridge', true, 73.48]]]] },
  'entra/la-rows-auditlogs-goldensaml.jsonl': { send: ingest('AuditLogs'), row: 'AuditLogs | take 1' },
  'labelled/officeactivity-goldensaml.jsonl': officeRecords,
  'labelled/o365-o365spray_default.jsonl': officeRecords,
  'labelled/o365-o365spray_reporting.jsonl': officeRecords,
  'labelled/o365-add_a_user_to_company_administrator_role.jsonl': officeRecords,
  'labelled/o365-disable_strong_authentication.jsonl': officeRecords,
  'labelled/officeactivity-inbox-rule.csv': { send: ingest('OfficeActivity'), facts: { ...office,
    'Operation counts': 'OfficeActivity | summarize count() by Operation',
    'rows whose Parameters hold "Deleted Items" or "Junk Email"':
      'OfficeActivity | where Parameters has "Deleted Items" or Parameters has "Junk Email" | count' } },
  'labelled/officeactivity-export.csv.gz': { send: ingest('OfficeActivity'), facts: office },
  'azure/la-export-azureactivity-legacy.csv.gz': { send: ingest('AzureActivity'), facts: { 'data rows': 'AzureActivity | count',
    'top OperationName': 'AzureActivity | summarize n = count() by OperationName | top 3 by n' } },
  'azure/la-export-azureactivity.csv': { send: ingest('AzureActivity'), row: 'AzureActivity | take 1', facts: {
    'data rows': 'AzureActivity | count', 'distinct Caller': 'AzureActivity | distinct Caller' } },
  'entra/graph-docs-responses.jsonl': {
    send: unwrapped((one) => ['signin', 'directoryaudit'].includes(one.kind) ? one.response : undefined), facts: {
      'signIn objects in all bodies': 'SigninLogs | count',
      'signIn userPrincipalName set': 'SigninLogs | distinct UserPrincipalName',
      'first signIn location.geoCoordinates.latitude': 'SigninLogs | take 1 | project LocationDetails.geoCoordinates.latitude' } },
  'entra/graph-objects-cribl.jsonl': { send: unwrapped((one) => one.object, 3), facts: {
    'signIn ipAddress': 'SigninLogs | project IPAddress', 'signIn riskState': 'SigninLogs | project RiskState',
    'signIn status.errorCode': 'SigninLogs | project toint(Status.errorCode)' } },
  'entra/eventhub-aad-audit-2018.json': { send: records(), facts: { records: 'AuditLogs | count',
    operationName: 'AuditLogs | project OperationName', resultType: 'AuditLogs | project ResultType',
    'properties.operationType': 'AuditLogs | project AADOperationType', time: 'AuditLogs | project TimeGenerated' } },
  'azure/eventhub-activity.jsonl': { send: records(), row: 'AzureActivity | where CategoryValue == "Administrative"', facts: {
    'operationName set': 'AzureActivity | distinct OperationNameValue' } },
  'azure/eventhub-resource-diagnostics.jsonl': { send: records() },
   'azure/eventhub-functionapp.json': { send: records(0, '--resource-specific'),
    more: [['rows of the category\'s own table', 'FunctionAppLogs | count', 5]] },
  'azure/eventhub-activity-pim.json': { send: records(), facts: { records: 'AzureActivity | count',
    'operationName list': 'AzureActivity | project OperationNameValue',
    'records with a callerIpAddress': 'AzureActivity | where isnotempty(CallerIpAddress) | count' } },
  'appinsights/diagnostic-export-apprequests.json': { send: records(), facts: { records: 'AppRequests | count',
    'Name list': 'AppRequests | project Name', 'Success list': 'AppRequests | project Success' } },
  'appinsights/diagnostic-export-appdependencies.json': { send: records(), facts: { records: 'AppDependencies | count',
    'Name list': 'AppDependencies | project Name', 'Success list': 'AppDependencies | project Success' } },
  'azure/eventhub-metrics.json': { send: records(), facts: { records: 'AzureMetrics | count' } },
  'security/securityalert-secrl.csv.gz': { send: ingest('SecurityAlert', '--separator', '❖'), facts: {
    'top AlertName': 'SecurityAlert | summarize n = count() by AlertName | top 2 by n',
    'top-level Entities by Type (top 6)': `SecurityAlert | mv-expand e=parse_json(Entities)
      | summarize n = count() by t = tostring(e.Type) | top 6 by n` } },
  'security/securityincident-secrl.csv': { send: async (context) => {
    await ingest('SecurityIncident', '--separator', '❖')(context);
    await ingest('SecurityAlert', '--separator', '❖')({ ...context, path: context.path.replace('securityincident-secrl.csv', 'securityalert-secrl.csv.gz') });
  }, facts: { 'IncidentNumber list': 'SecurityIncident | project IncidentNumber', 'Severity counts': 'SecurityIncident | summarize count() by Severity' } },
  'feeds/vps-networks.csv': feeds,
  'feeds/unusual-user-agents.csv': feeds,
  'feeds/known-oauth-applications.csv': feeds,
  'feeds/covid19-indicators.csv': feeds,
  'timeseries/bytes-sent-decompose-anomalies.csv': { send: ingest('T_CL'), facts: {
    'data rows': 'T_CL | count',
    'sum(TotalBytesSent)': 'T_CL | summarize sum(TotalBytesSent)',
    'first and last TimeGenerated': 'T_CL | summarize a = min(TimeGenerated), b = max(TimeGenerated)',
    'rows with anomalies <> 0: time, value, baseline, score, flag': `T | make-series y=sum(TotalBytesSent) on TimeGenerated
      from datetime(2019-05-01T06:00:00Z) to datetime(2019-06-05T06:00:00Z) step 1h
      | extend (f,s,b)=series_decompose_anomalies(y,3.0,-1,"linefit")
      | mv-expand TimeGenerated to typeof(datetime), y to typeof(long), b to typeof(long), s to typeof(double), f to typeof(int)
      | where f != 0 | project TimeGenerated, y, b, s, f` },
  prelude: 'let T = T_CL;', more: [['every baseline and score is the engine\'s', `let T = T_CL | summarize arg_max(TimeGenerated, *) by t = TimeGenerated;
      T | make-series y=sum(TotalBytesSent) on TimeGenerated from datetime(2019-05-01T06:00:00Z) to datetime(2019-06-05T06:00:00Z) step 1h
      | extend (f,s,b)=series_decompose_anomalies(y,3.0,-1,"linefit")
      | mv-expand TimeGenerated to typeof(datetime), b to typeof(long), s to typeof(double), f to typeof(int)
      | join kind=inner T_CL on TimeGenerated | where b == baseline and abs(s - score) <= 1e-9 and f == anomalies | count`, 840]] },
  'azure/labelled-panther-azure-monitor.jsonl': { send: unwrapped((one) => one.record), facts: {
    records: 'union (AzureActivity | summarize n = count()), (AzureDiagnostics | summarize n = count()) | summarize sum(n)' } },
  'entra/labelled-panther-entra.jsonl': { send: unwrapped((one) => one.record), facts: {
    records: `union (SigninLogs | summarize n = count()), (AuditLogs | summarize n = count()), (AADNonInteractiveUserSignInLogs | summarize n = count()),
      (AADServicePrincipalSignInLogs | summarize n = count()), (AzureActivity | summarize n = count()), (AzureDiagnostics | summarize n = count()) | summarize sum(n)`,
    'distinct properties.userPrincipalName': undefined },
    more: [['sign-ins are typed', 'SigninLogs | where gettype(LocationDetails) == "dictionary" or isnull(LocationDetails) | count | project Count > 0', true]] },
  'kubernetes/labelled-panther-aks-audit.jsonl': { send: unwrapped((one) => one.record, 0, '?tables=resource-specific'), facts: {
    records: 'AKSAudit | count', 'verb counts': 'AKSAudit | summarize count() by Verb',
    'objectRef.resource counts (top 5)': 'AKSAudit | summarize n = count() by r = tostring(ObjectRef.resource) | top 5 by n' } },
  'kubernetes/labelled-panther-eks-audit.jsonl': audit,
  'kubernetes/audit-falco.jsonl': audit,
  'kubernetes/audit-falco-labels.jsonl': audit,
  'kubernetes/audit-audit2rbac.jsonl': audit,
  'kubernetes/events-core-v1.jsonl': { send: kubernetesObjects, facts: {
    'by reason': 'KubeEvents | summarize n = count() by Reason | top 8 by n' } },
  'kubernetes/events-watch-v1.jsonl.gz': { send: kubernetesObjects, facts: { lines: 'KubeEvents | count',
    'by reason': 'KubeEvents | summarize n = count() by Reason | top 6 by n' } },
  'kubernetes/container-logs-minikube.jsonl': { send: containerLogs, facts: {
    'top container': 'ContainerLogV2 | summarize n = count() by ContainerName | top 3 by n' } },
  'kubernetes/container-logs-openshift.jsonl': { send: containerLogs, facts: { lines: 'ContainerLogV2 | count',
    'by namespace': 'ContainerLogV2 | summarize count() by PodNamespace', 'distinct pods': 'ContainerLogV2 | summarize dcount(PodName)' } },
  'kubernetes/node-journal-openshift.log': later('syslog has no door yet'),
  'kubernetes/pods-trouble.jsonl': later('the Kubernetes inventory has no door yet'),
  'kubernetes/nodes.jsonl': later('the Kubernetes inventory has no door yet'),
  'otlp/proto-example-trace.json': { send: otlpJson(), facts: { ...spanKinds, 'first span name, traceId': 'AppRequests | project Name, toupper(OperationId)' } },
  'otlp/proto-example-metrics.json': { send: otlpJson(), facts: { 'distinct metric name': metricFacts['distinct metric name'], 'metric names': 'AppMetrics | distinct Name' } },
  'otlp/proto-example-logs.json': { send: otlpJson(), facts: { 'log records': 'AppTraces | count' },
    more: [['message and level', 'AppTraces | project Message, SeverityLevel', [['Example log record', 1]]]] },
  'otlp/proto-example-events.json': { send: otlpJson(), facts: { 'log records': 'AppTraces | count' },
    more: [['event name', 'AppTraces | project tostring(Properties["event.name"])', 'browser.page_view']] },
  // The role is namespace and name together, as the Azure Monitor exporters have it.
  'otlp/k8s-traces-auto-instrumented.jsonl': { send: otlpJson(), facts: {
    'service.name set': 'union AppRequests, AppDependencies | distinct tostring(Properties["service.name"])' } },
  'otlp/k8s-traces-envoy-and-gateway.jsonl': { send: otlpJson() },
  'otlp/k8s-events-logs.jsonl': { send: otlpJson(), facts: { 'log records': 'KubeEvents | count' } },
  'otlp/k8s-objects-logs.jsonl': { send: otlpJson(), facts: { 'log records': 'AppTraces | count' } },
  'otlp/k8s-entity-logs.jsonl': { send: otlpJson(), facts: { 'log records': 'AppTraces | count' } },
  'otlp/k8s-kubeletstats-metrics.jsonl.gz': { send: otlpJson(), facts: metricFacts },
  'otlp/k8s-host-metrics.jsonl': { send: otlpJson(), facts: metricFacts },
  'otlp/istiod-metrics.jsonl': { send: otlpJson(), facts: metricFacts },
  'otlp/go-ebpf-traces.jsonl': { send: async ({ server, path, expect }) => {
    // Ids that are not hexadecimal: the request is malformed by the JSON rules.
    for (const request of objects(path)) {
      const answer = await post(`${server.otlp}/v1/traces`, JSON.stringify(request));
      expect(answer.status === 400, 'is answered 400', `${answer.status} ${answer.text.slice(0, 200)}`);
    }
  }, more: [['nothing stored', 'union AppRequests, AppDependencies | count', 0]] },
  'otlp/java-logging-exporter.jsonl': { send: otlpJson(), more: [
    ['spans', 'union AppRequests, AppDependencies | count', 2], ['logs', 'AppTraces | count', 2], ['metrics', 'AppMetrics | summarize dcount(Name)', 2]] },
  'otlp/rust-integration.jsonl': { send: otlpJson(), more: [['spans', 'union AppRequests, AppDependencies | count', 6], ['logs', 'AppTraces | count', 2]] },
  'otlp/redis-metrics-file.jsonl': { send: otlpJson(), facts: metricFacts, more: [['points', 'AppMetrics | count', 280]] },
  'otlp/redis-metrics-file.pb': { send: otlpProtobuf(function* (file) {
    for (let at = 0; at < file.length;) {
      const size = file.readUInt32BE(at);
      yield file.subarray(at + 4, at + 4 + size);
      at += 4 + size;
    }
  }), more: [['26 metrics', 'AppMetrics | summarize dcount(Name)', 26]] },
  'otlp/cmetrics-payload.bin': { send: otlpProtobuf((file) => [file]), more: [['points', 'AppMetrics | count | project Count > 0', true]] },
  'otlp/cmetrics-null-label-histogram.bin': { send: otlpProtobuf((file) => [file]), more: [['points', 'AppMetrics | count', 1]] },
  'otlp/legacy-instrumentation-library.json': { send: otlpJson(), facts: { 'metrics under the current name': 'AppMetrics | count' } },
  'appinsights/track-node-classic-2.9.6.jsonl': { send: track(119) },
  'appinsights/track-otel-js-exporter.jsonl': { send: track(15), facts: {
    'user metrics (name, value, count), without _OTELRESOURCE_':
      'AppMetrics | where not(Name startswith "_") | project Name, Sum, ItemCount' } },
  'otlp/recorded-otel-js.jsonl': { send: replay((server) => server.otlp), facts: {
    'server span: name, durationMs, status code': 'AppRequests | distinct Name, DurationMs, iff(Success, 1, 2)' }, more: [
    ['three forms store the same spans', `AppRequests | summarize n = count() by tostring(bag_remove_keys(Properties, dynamic([]))), Id
      | summarize forms = count(), n = max(n)`, [[1, 3]]],
    ['logs of three forms', 'AppTraces | count', 6]] },
  'prometheus/remote-write-2.42.jsonl.gz': later('Prometheus remote write has no door yet'),
  'prometheus/exposition-237-families.txt': later('Prometheus scraping has no door yet'),
  'prometheus/openmetrics-5-families.txt': later('Prometheus scraping has no door yet'),
};
for (const name of ['microservices-demo', 'ingress-nginx-cloud', 'kubernetes-examples', 'kube-prometheus', 'badpods-pods',
  'badpods-controllers', 'aks-store-quickstart', 'otel-collector-daemonset-rendered']) {
  doors[`manifests/${name}.yaml`] = manifests;
}
doors['collector-configs/index.jsonl'] = later('collector configurations, not events');
const scenario = later('a scenario of rules, run by the rule tests');
for (const name of ['entra/la-export-signins.csv + entra/la-export-signins-disabled-account.csv as SigninLogs_CL (Data Collector API, one JSON object per CSV row), rule 2 of entra/training-lab-alert-rules.arm.json',
  'labelled/officeactivity-inbox-rule.csv as OfficeActivity_CL, rule 3 of the same ARM file', 'security/*-secrl.csv',
  'kubernetes/audit-falco.jsonl with audit-falco-labels.jsonl', '*/labelled-panther-*.jsonl']) {
  doors[name] = scenario;
}

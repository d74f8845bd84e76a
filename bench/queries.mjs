// The benchmark's questions, each in KQL for us and in SQL for the peers, over the same rows.
// `check` names the column whose sum, with the row count, all sides must agree on; `tolerance` is
// the share by which row counts may differ, and why is said there;
// `unchecked` peers define the value otherwise (ClickHouse's rank is one higher). `bar` is the least ratio to the
// faster peer, `memory` the most resident MB, both at 10 M rows; `detection` marks the queries that
// detections are made of. `typed`: the peers read a copy whose dynamic columns were typed by hand.
const failed = `ResultType <> '0'`;
export const now = '2025-11-14T00:00:00Z';
const ago = (interval) => `TIMESTAMP '2025-11-14 00:00:00' - INTERVAL ${interval}`;
const hour = `date_trunc('hour', TimeGenerated)`;
const chAgo = (interval) => `(toDateTime64('2025-11-14 00:00:00', 7, 'UTC') - INTERVAL ${interval})`;
const chService = `NOT multiSearchAnyCaseInsensitive(UserPrincipalName, ['svc_', 'automaton@', 'spn-'])`;
const five = `time_bucket(INTERVAL 5 MINUTE, timestamp, TIMESTAMP '2000-01-01')`;

export const queries = [
  {
    id: 'Q1', what: 'failed sign-ins by user and hour', bar: 2, memory: 200, detection: true, check: 'failed',
    kql: `let serviceAccounts = dynamic(["svc_", "automaton@", "spn-"]);
SigninLogs
| where TimeGenerated > ago(14d) and ResultType != "0"
| extend UPN = tostring(UserPrincipalName)
| where not(UPN has_any (serviceAccounts))
| summarize failed = count() by UPN, bin(TimeGenerated, 1h)`,
    sql: `SELECT UserPrincipalName, ${hour} AS h, count(*) AS failed FROM SigninLogs
WHERE TimeGenerated > ${ago('14 DAY')} AND ${failed}
AND NOT (contains(lower(UserPrincipalName), 'svc_') OR contains(lower(UserPrincipalName), 'automaton@') OR contains(lower(UserPrincipalName), 'spn-'))
GROUP BY ALL`,
    ch: `SELECT UserPrincipalName, toStartOfHour(TimeGenerated) AS h, count() AS failed FROM SigninLogs WHERE TimeGenerated > ${chAgo('14 DAY')} AND ${failed} AND ${chService} GROUP BY UserPrincipalName, h`,
  },
  {
    id: 'Q1b', what: '… with two sets of up to four', bar: 2, memory: 400, detection: true, check: 'failed',
    kql: `let serviceAccounts = dynamic(["svc_", "automaton@", "spn-"]);
SigninLogs
| where TimeGenerated > ago(14d) and ResultType != "0"
| where not(UserPrincipalName has_any (serviceAccounts))
| summarize failed = count(), ips = make_set(IPAddress, 4), apps = make_set(AppDisplayName, 4) by UserPrincipalName, bin(TimeGenerated, 1h)`,
    sql: `SELECT UserPrincipalName, ${hour} AS h, count(*) AS failed, list_slice(list(DISTINCT IPAddress), 1, 4) AS ips, list_slice(list(DISTINCT AppDisplayName), 1, 4) AS apps FROM SigninLogs
WHERE TimeGenerated > ${ago('14 DAY')} AND ${failed}
AND NOT (contains(lower(UserPrincipalName), 'svc_') OR contains(lower(UserPrincipalName), 'automaton@') OR contains(lower(UserPrincipalName), 'spn-'))
GROUP BY UserPrincipalName, h`,
    ch: `SELECT UserPrincipalName, toStartOfHour(TimeGenerated) AS h, count() AS failed, groupUniqArray(4)(IPAddress) AS ips, groupUniqArray(4)(AppDisplayName) AS apps FROM SigninLogs WHERE TimeGenerated > ${chAgo('14 DAY')} AND ${failed} AND ${chService} GROUP BY UserPrincipalName, h`,
  },
  {
    id: 'Q2', what: 'exact p95 by five minutes and service', unchecked: ['clickhouse'], bar: 1.5, memory: 350, detection: true, check: 'p95',
    kql: `Requests_CL | where timestamp > ago(7d) | summarize p95 = percentile(duration, 95) by bin(timestamp, 5m), cloud_RoleName`,
    sql: `SELECT ${five} AS t, cloud_RoleName, quantile_disc(duration, 0.95) AS p95 FROM requests WHERE timestamp > ${ago('7 DAY')} GROUP BY ALL`,
    ch: `SELECT toStartOfInterval(timestamp, INTERVAL 5 MINUTE) AS t, cloud_RoleName, quantileExact(0.95)(duration) AS p95 FROM requests WHERE timestamp > ${chAgo('7 DAY')} GROUP BY t, cloud_RoleName`,
  },
  {
    id: 'Q3', what: 'error rate by five minutes and service', bar: 2, memory: 200, detection: true, check: 'errors',
    kql: `Requests_CL | where timestamp > ago(7d)
| summarize total = count(), errors = countif(success == false) by bin(timestamp, 5m), cloud_RoleName
| extend errRate = todouble(errors) / todouble(total)`,
    sql: `SELECT ${five} AS t, cloud_RoleName, count(*) AS total, count(*) FILTER (NOT success) AS errors, count(*) FILTER (NOT success) / count(*) AS errRate FROM requests WHERE timestamp > ${ago('7 DAY')} GROUP BY ALL`,
    ch: `SELECT toStartOfInterval(timestamp, INTERVAL 5 MINUTE) AS t, cloud_RoleName, count() AS total, countIf(NOT success) AS errors, errors / total AS errRate FROM requests WHERE timestamp > ${chAgo('7 DAY')} GROUP BY t, cloud_RoleName`,
  },
  {
    id: 'Q4', what: 'gap-filled hourly series per user', bar: 1.5, memory: 250,
    kql: `SigninLogs | where TimeGenerated >= ago(7d) and ResultType != "0"
| summarize failed = count() by UserPrincipalName, bin(TimeGenerated, 1h)
| make-series s = sum(failed) default = 0 on TimeGenerated from ago(7d) to now() step 1h by UserPrincipalName`,
    sql: `WITH f AS (SELECT UserPrincipalName AS u, ${hour} AS h, count(*) AS n FROM SigninLogs WHERE TimeGenerated >= ${ago('7 DAY')} AND ${failed} GROUP BY ALL),
m AS (SELECT u, map(list(h), list(n)) AS m FROM f GROUP BY u)
SELECT u, list_transform(range(${ago('7 DAY')}, TIMESTAMP '2025-11-14 00:00:00', INTERVAL 1 HOUR), h -> coalesce(m[h], 0)) AS s FROM m`,
    ch: `WITH f AS (SELECT UserPrincipalName AS u, toStartOfHour(TimeGenerated) AS h, count() AS n FROM SigninLogs WHERE TimeGenerated >= ${chAgo('7 DAY')} AND ${failed} GROUP BY u, h) SELECT u, groupArrayInsertAt(0, 168)(n, toUInt32(dateDiff('hour', ${chAgo('7 DAY')}, h))) AS s FROM f GROUP BY u`,
  },
  {
    id: 'Q4d', what: '… with anomaly scores (no peer)', bar: 1.5, memory: 250, detection: true, series: true,
    kql: `SigninLogs | where TimeGenerated >= ago(7d) and ResultType != "0"
| summarize failed = count() by UserPrincipalName, bin(TimeGenerated, 1h)
| make-series s = sum(failed) default = 0 on TimeGenerated from ago(7d) to now() step 1h by UserPrincipalName
| extend (flag, score, baseline) = series_decompose_anomalies(s, 1.5, 24, 'linefit')
| mv-expand TimeGenerated to typeof(datetime), s to typeof(double), flag to typeof(double), score to typeof(double)
| where flag > 0 and s >= 5`,
  },
  {
    id: 'Q5', what: 'impossible travel over dynamic columns', bar: 5, memory: 400, detection: true, typed: true,
    kql: `SigninLogs | where TimeGenerated > ago(14d) and ResultType == "0"
| project UPN = UserPrincipalName, TimeGenerated, Lat = todouble(LocationDetails.geoCoordinates.latitude), Lon = todouble(LocationDetails.geoCoordinates.longitude)
| where isnotempty(Lat) and isnotempty(Lon)
| order by UPN asc, TimeGenerated asc
| extend pT = prev(TimeGenerated), pLat = prev(Lat), pLon = prev(Lon), pU = prev(UPN)
| where UPN == pU
| extend hrs = datetime_diff('minute', TimeGenerated, pT) / 60.0, km = geo_distance_2points(Lon, Lat, pLon, pLat) / 1000.0
| where hrs > 0 and km / hrs > 750`,
    // geo_distance_2points is not the haversine on 6371 km: a pair on the edge may differ.
    tolerance: 0.1,
    sql: `WITH p AS (SELECT UserPrincipalName AS u, TimeGenerated AS t, latitude AS la, longitude AS lo FROM SigninTyped WHERE TimeGenerated > ${ago('14 DAY')} AND ResultType = '0'),
w AS (SELECT *, lag(t) OVER x AS pt, lag(la) OVER x AS pla, lag(lo) OVER x AS plo FROM p WINDOW x AS (PARTITION BY u ORDER BY t)),
d AS (SELECT *, date_diff('minute', pt, t) / 60.0 AS hrs, 2 * 6371 * asin(sqrt(pow(sin(radians(la - pla) / 2), 2) + cos(radians(la)) * cos(radians(pla)) * pow(sin(radians(lo - plo) / 2), 2))) AS km FROM w)
SELECT * FROM d WHERE hrs > 0 AND km / hrs > 750`,
    ch: `WITH w AS (SELECT UserPrincipalName AS u, TimeGenerated AS t, latitude AS la, longitude AS lo, lagInFrame(t) OVER x AS pt, lagInFrame(la) OVER x AS pla, lagInFrame(lo) OVER x AS plo FROM SigninTyped WHERE TimeGenerated > ${chAgo('14 DAY')} AND ResultType = '0' WINDOW x AS (PARTITION BY u ORDER BY t ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)), d AS (SELECT *, date_diff('minute', pt, t) / 60.0 AS hrs, 2 * 6371 * asin(sqrt(pow(sin(radians(la - pla) / 2), 2) + cos(radians(la)) * cos(radians(pla)) * pow(sin(radians(lo - plo) / 2), 2))) AS km FROM w) SELECT * FROM d WHERE hrs > 0 AND km / hrs > 750`,
  },
  {
    id: 'Q6', what: 'exact distinct users by application and day', bar: 4, memory: 200, check: 'n',
    kql: `SigninLogs | summarize n = count_distinct(UserPrincipalName) by AppDisplayName, bin(TimeGenerated, 1d)`,
    sql: `SELECT AppDisplayName, date_trunc('day', TimeGenerated) AS d, count(DISTINCT UserPrincipalName) AS n FROM SigninLogs GROUP BY ALL`,
    ch: `SELECT AppDisplayName, toStartOfDay(TimeGenerated) AS d, uniqExact(UserPrincipalName) AS n FROM SigninLogs GROUP BY AppDisplayName, d`,
  },
  {
    id: 'Q6a', what: 'approximate distinct users', bar: 1.5, memory: 200,
    kql: `SigninLogs | summarize n = dcount(UserPrincipalName) by AppDisplayName, bin(TimeGenerated, 1d)`,
    sql: `SELECT AppDisplayName, date_trunc('day', TimeGenerated) AS d, approx_count_distinct(UserPrincipalName) AS n FROM SigninLogs GROUP BY ALL`,
    ch: `SELECT AppDisplayName, toStartOfDay(TimeGenerated) AS d, uniq(UserPrincipalName) AS n FROM SigninLogs GROUP BY AppDisplayName, d`,
  },
  {
    id: 'Q7', what: 'term in log messages', bar: 1, memory: 150, check: 'Count',
    kql: `ContainerLogV2 | where LogMessage has "qdneedlemid" | count`,
    sql: `SELECT count(*) AS Count FROM ContainerLogV2 WHERE regexp_matches(LogMessage, '(?i)(^|[^a-z0-9])qdneedlemid($|[^a-z0-9])')`,
    ch: `SELECT count() AS Count FROM ContainerLogV2 WHERE hasAllTokens(LogMessage, 'qdneedlemid')`,
  },
  {
    id: 'Q7l', what: 'substring in log messages', bar: 1.5, memory: 200, check: 'Count',
    kql: `ContainerLogV2 | where LogMessage contains "qdneedlemid" | count`,
    sql: `SELECT count(*) AS Count FROM ContainerLogV2 WHERE contains(lower(LogMessage), 'qdneedlemid')`,
    ch: `SELECT count() AS Count FROM ContainerLogV2 WHERE positionCaseInsensitive(LogMessage, 'qdneedlemid') > 0`,
  },
  {
    id: 'Q7r', what: 'ten whole rows of a rare term', bar: 1, memory: 150,
    kql: `ContainerLogV2 | where LogMessage has "qdneedlerare"`,
    sql: `SELECT * FROM ContainerLogV2 WHERE regexp_matches(LogMessage, '(?i)(^|[^a-z0-9])qdneedlerare($|[^a-z0-9])')`,
    ch: `SELECT * FROM ContainerLogV2 WHERE hasAllTokens(LogMessage, 'qdneedlerare')`,
  },
  {
    id: 'Q7c', what: 'a common term by container', bar: 1, memory: 150, check: 'n',
    kql: `ContainerLogV2 | where LogMessage has "timeout" | summarize n = count() by ContainerName`,
    sql: `SELECT ContainerName, count(*) AS n FROM ContainerLogV2 WHERE regexp_matches(LogMessage, '(?i)(^|[^a-z0-9])timeout($|[^a-z0-9])') GROUP BY ALL`,
    ch: `SELECT ContainerName, count() AS n FROM ContainerLogV2 WHERE hasAllTokens(LogMessage, 'timeout') GROUP BY ContainerName`,
  },
  {
    id: 'Q8', what: 'ten users with most failures', bar: 2, memory: 200, check: 'n',
    kql: `SigninLogs | where ResultType != "0" | summarize n = count() by UserPrincipalName | top 10 by n desc`,
    sql: `SELECT UserPrincipalName, count(*) AS n FROM SigninLogs WHERE ${failed} GROUP BY ALL ORDER BY n DESC LIMIT 10`,
    ch: `SELECT UserPrincipalName, count() AS n FROM SigninLogs WHERE ${failed} GROUP BY UserPrincipalName ORDER BY n DESC LIMIT 10`,
  },
  {
    id: 'Q9', what: 'burst of failures, then a success', bar: 2, memory: 200, detection: true, check: 'fails',
    kql: `let B = SigninLogs | where TimeGenerated > ago(7d) and ResultType == "50126"
        | summarize fails = count(), lastFail = max(TimeGenerated) by UserPrincipalName, bin(TimeGenerated, 10m) | where fails >= 10;
B | join kind=inner (SigninLogs | where TimeGenerated > ago(7d) and ResultType == "0" | project UserPrincipalName, okTime = TimeGenerated, IPAddress) on UserPrincipalName
| where okTime between (lastFail .. lastFail + 10m)
| summarize arg_min(okTime, IPAddress) by UserPrincipalName, TimeGenerated, fails`,
    sql: `WITH b AS (SELECT UserPrincipalName AS u, time_bucket(INTERVAL 10 MINUTE, TimeGenerated, TIMESTAMP '2000-01-01') AS t, count(*) AS fails, max(TimeGenerated) AS lastFail FROM SigninLogs WHERE TimeGenerated > ${ago('7 DAY')} AND ResultType = '50126' GROUP BY ALL HAVING count(*) >= 10)
SELECT u, t, fails, min(s.TimeGenerated) AS okTime, arg_min(s.IPAddress, s.TimeGenerated) AS ip FROM b JOIN SigninLogs s ON s.UserPrincipalName = b.u AND s.ResultType = '0' AND s.TimeGenerated BETWEEN lastFail AND lastFail + INTERVAL 10 MINUTE GROUP BY u, t, fails`,
    ch: `WITH b AS (SELECT UserPrincipalName AS u, toStartOfInterval(TimeGenerated, INTERVAL 10 MINUTE) AS t, count() AS fails, max(TimeGenerated) AS lastFail FROM SigninLogs WHERE TimeGenerated > ${chAgo('7 DAY')} AND ResultType = '50126' GROUP BY u, t HAVING fails >= 10), ok AS (SELECT UserPrincipalName AS u, TimeGenerated AS okTime, IPAddress FROM SigninLogs WHERE TimeGenerated > ${chAgo('7 DAY')} AND ResultType = '0') SELECT u, t, fails, min(okTime) AS first, argMin(IPAddress, okTime) AS ip FROM ok JOIN b USING (u) WHERE okTime BETWEEN lastFail AND lastFail + INTERVAL 10 MINUTE GROUP BY u, t, fails`,
  },
  {
    id: 'Q10', what: 'rows of one operation', bar: 1.5, memory: 150, probe: true,
    kql: `Requests_CL | where operation_Id == "PROBE"`,
    sql: `SELECT * FROM requests WHERE operation_Id = 'PROBE'`,
    ch: `SELECT * FROM requests WHERE operation_Id = 'PROBE'`,
  },
  {
    id: 'Q11', what: 'country out of a dynamic column', bar: 1, memory: 100, typed: true, check: 'n',
    kql: `SigninLogs | summarize n = count() by c = tostring(LocationDetails.countryOrRegion)`,
    sql: `SELECT country AS c, count(*) AS n FROM SigninTyped GROUP BY ALL`,
    ch: `SELECT country AS c, count() AS n FROM SigninTyped GROUP BY c`,
  },
  {
    id: 'Q12', what: 'newest hundred whole rows of a filter', bar: 1, memory: 150,
    kql: `SigninLogs | where ResultType == "50126" and AppDisplayName == "Azure Portal" | top 100 by TimeGenerated desc`,
    sql: `SELECT * FROM SigninLogs WHERE ResultType = '50126' AND AppDisplayName = 'Azure Portal' ORDER BY TimeGenerated DESC LIMIT 100`,
    ch: `SELECT * FROM SigninLogs WHERE ResultType = '50126' AND AppDisplayName = 'Azure Portal' ORDER BY TimeGenerated DESC LIMIT 100`,
  },
  {
    id: 'Q13', what: 'latest row per user and address', bar: 2, memory: 1000, detection: true, heavy: true,
    kql: `SigninLogs | where TimeGenerated > ago(14d) | summarize arg_max(TimeGenerated, UserPrincipalName, LocationDetails) by UserId, IPAddress`,
    sql: `SELECT UserId, IPAddress, max(TimeGenerated) AS t, arg_max(UserPrincipalName, TimeGenerated) AS u, arg_max(LocationDetails, TimeGenerated) AS l FROM SigninLogs WHERE TimeGenerated > ${ago('14 DAY')} GROUP BY UserId, IPAddress`,
    ch: `SELECT UserId, IPAddress, max(TimeGenerated) AS t, argMax(UserPrincipalName, TimeGenerated) AS u, argMax(LocationDetails, TimeGenerated) AS l FROM SigninLogs WHERE TimeGenerated > ${chAgo('14 DAY')} GROUP BY UserId, IPAddress`,
  },
  {
    id: 'Q13s', what: '… with every column asked for and two used', bar: 2, memory: 1000,
    kql: `SigninLogs | where TimeGenerated > ago(14d) | summarize arg_max(TimeGenerated, *) by UserId, IPAddress | project UserPrincipalName, LocationDetails`,
    like: 'Q13',
  },
  {
    id: 'Q14', what: 'burn rate over two windows', bar: 1, memory: 150, detection: true,
    kql: `let agg = (win:timespan) { Requests_CL | where timestamp > ago(win) | summarize e = todouble(countif(success == false)) / count() by cloud_RoleName };
agg(5m) | join kind=inner agg(1h) on cloud_RoleName | where e / 0.001 > 14.4`,
    sql: `WITH a AS (SELECT cloud_RoleName AS r, count(*) FILTER (NOT success) / count(*) AS e FROM requests WHERE timestamp > ${ago('5 MINUTE')} GROUP BY ALL),
b AS (SELECT cloud_RoleName AS r, count(*) FILTER (NOT success) / count(*) AS e FROM requests WHERE timestamp > ${ago('1 HOUR')} GROUP BY ALL)
SELECT * FROM a JOIN b USING (r) WHERE a.e / 0.001 > 14.4`,
    ch: `WITH a AS (SELECT cloud_RoleName AS r, countIf(NOT success) / count() AS e FROM requests WHERE timestamp > ${chAgo('5 MINUTE')} GROUP BY r), b AS (SELECT cloud_RoleName AS r, countIf(NOT success) / count() AS e1 FROM requests WHERE timestamp > ${chAgo('1 HOUR')} GROUP BY r) SELECT * FROM a JOIN b USING (r) WHERE a.e / 0.001 > 14.4`,
  },
  {
    // The seed's whole identity rule, with a sane threshold: at most 1.2 times the sum of its parts.
    id: 'Q15', what: 'the whole identity rule', parts: ['Q1b', 'Q4d', 'Q13'],
    kql: `let serviceAccounts = dynamic(["svc_", "automaton@", "spn-"]);
let step = 1h; let endT = bin(now(), step); let startT = endT - 14d;
let failed = SigninLogs
| where TimeGenerated >= startT and TimeGenerated < endT and ResultType != "0"
| where not(UserPrincipalName has_any (serviceAccounts));
let details = failed | summarize ips = make_set(IPAddress, 4), apps = make_set(AppDisplayName, 4) by UserPrincipalName, TimeGenerated = bin(TimeGenerated, step);
let latest = SigninLogs | where TimeGenerated > ago(14d)
| summarize arg_max(TimeGenerated, LocationDetails) by UserPrincipalName
| project UserPrincipalName, lastSeen = TimeGenerated, country = tostring(LocationDetails.countryOrRegion);
failed
| make-series n = count() default = 0 on TimeGenerated from startT to endT step step by UserPrincipalName
| extend (flag, score, baseline) = series_decompose_anomalies(n, 1.5, 24, 'linefit')
| mv-expand TimeGenerated to typeof(datetime), n to typeof(long), flag to typeof(long), score to typeof(real), baseline to typeof(real)
| where flag == 1 and n >= 5
| join kind=leftouter details on UserPrincipalName, TimeGenerated
| join kind=leftouter latest on UserPrincipalName
| project TimeGenerated, UserPrincipalName, n, score, baseline, ips, apps, lastSeen, country`,
  },
  {
    id: 'Q16', what: 'the whole p95 rule', parts: ['Q2'],
    kql: `let step = 5m; let endT = bin(now(), step); let startT = endT - 7d;
Requests_CL | where timestamp >= startT and timestamp < endT
| make-series p95 = percentile(duration, 95) default = real(null) on timestamp from startT to endT step step by cloud_RoleName
| extend p95 = series_fill_linear(p95)
| extend (flag, score, baseline) = series_decompose_anomalies(p95, 1.5, 288, 'linefit')
| mv-expand timestamp to typeof(datetime), p95 to typeof(real), flag to typeof(long), score to typeof(real), baseline to typeof(real)
| where flag == 1`,
  },
];

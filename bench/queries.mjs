// The benchmark's questions, each in KQL for us and in SQL for the peer, over the same rows.
// `check` names the column whose sum, with the row count, both sides must agree on.
const failed = `ResultType <> '0'`;
export const now = '2025-11-14T00:00:00Z';
const ago = (interval) => `TIMESTAMP '2025-11-14 00:00:00' - INTERVAL ${interval}`;
const hour = `date_trunc('hour', TimeGenerated)`;
const five = `time_bucket(INTERVAL 5 MINUTE, timestamp, TIMESTAMP '2000-01-01')`;

export const queries = [
  {
    id: 'Q1', what: 'failed sign-ins by user and hour', check: 'failed',
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
  },
  {
    id: 'Q1b', what: '… with two sets of up to four', check: 'failed',
    kql: `let serviceAccounts = dynamic(["svc_", "automaton@", "spn-"]);
SigninLogs
| where TimeGenerated > ago(14d) and ResultType != "0"
| where not(UserPrincipalName has_any (serviceAccounts))
| summarize failed = count(), ips = make_set(IPAddress, 4), apps = make_set(AppDisplayName, 4) by UserPrincipalName, bin(TimeGenerated, 1h)`,
    sql: `SELECT UserPrincipalName, ${hour} AS h, count(*) AS failed, list_slice(list(DISTINCT IPAddress), 1, 4) AS ips, list_slice(list(DISTINCT AppDisplayName), 1, 4) AS apps FROM SigninLogs
WHERE TimeGenerated > ${ago('14 DAY')} AND ${failed}
AND NOT (contains(lower(UserPrincipalName), 'svc_') OR contains(lower(UserPrincipalName), 'automaton@') OR contains(lower(UserPrincipalName), 'spn-'))
GROUP BY UserPrincipalName, h`,
  },
  {
    id: 'Q2', what: 'exact p95 by five minutes and service', check: 'p95',
    kql: `Requests_CL | where timestamp > ago(7d) | summarize p95 = percentile(duration, 95) by bin(timestamp, 5m), cloud_RoleName`,
    sql: `SELECT ${five} AS t, cloud_RoleName, quantile_disc(duration, 0.95) AS p95 FROM requests WHERE timestamp > ${ago('7 DAY')} GROUP BY ALL`,
  },
  {
    id: 'Q3', what: 'error rate by five minutes and service', check: 'errors',
    kql: `Requests_CL | where timestamp > ago(7d)
| summarize total = count(), errors = countif(success == false) by bin(timestamp, 5m), cloud_RoleName
| extend errRate = todouble(errors) / todouble(total)`,
    sql: `SELECT ${five} AS t, cloud_RoleName, count(*) AS total, count(*) FILTER (NOT success) AS errors, count(*) FILTER (NOT success) / count(*) AS errRate FROM requests WHERE timestamp > ${ago('7 DAY')} GROUP BY ALL`,
  },
  {
    id: 'Q4', what: 'gap-filled hourly series per user',
    kql: `SigninLogs | where TimeGenerated >= ago(7d) and ResultType != "0"
| summarize failed = count() by UserPrincipalName, bin(TimeGenerated, 1h)
| make-series s = sum(failed) default = 0 on TimeGenerated from ago(7d) to now() step 1h by UserPrincipalName`,
    sql: `WITH f AS (SELECT UserPrincipalName AS u, ${hour} AS h, count(*) AS n FROM SigninLogs WHERE TimeGenerated >= ${ago('7 DAY')} AND ${failed} GROUP BY ALL),
m AS (SELECT u, map(list(h), list(n)) AS m FROM f GROUP BY u)
SELECT u, list_transform(range(${ago('7 DAY')}, TIMESTAMP '2025-11-14 00:00:00', INTERVAL 1 HOUR), h -> coalesce(m[h], 0)) AS s FROM m`,
  },
  {
    id: 'Q4d', what: '… with anomaly scores (no peer)',
    kql: `SigninLogs | where TimeGenerated >= ago(7d) and ResultType != "0"
| summarize failed = count() by UserPrincipalName, bin(TimeGenerated, 1h)
| make-series s = sum(failed) default = 0 on TimeGenerated from ago(7d) to now() step 1h by UserPrincipalName
| extend (flag, score, baseline) = series_decompose_anomalies(s, 1.5, 24, 'linefit')
| mv-expand TimeGenerated to typeof(datetime), s to typeof(double), flag to typeof(double), score to typeof(double)
| where flag > 0 and s >= 5`,
  },
  {
    id: 'Q5', what: 'impossible travel over dynamic columns',
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
    sql: `WITH p AS (SELECT UserPrincipalName AS u, TimeGenerated AS t, CAST(LocationDetails->'$.geoCoordinates.latitude' AS DOUBLE) AS la, CAST(LocationDetails->'$.geoCoordinates.longitude' AS DOUBLE) AS lo FROM SigninLogs WHERE TimeGenerated > ${ago('14 DAY')} AND ResultType = '0'),
w AS (SELECT *, lag(t) OVER x AS pt, lag(la) OVER x AS pla, lag(lo) OVER x AS plo FROM p WINDOW x AS (PARTITION BY u ORDER BY t)),
d AS (SELECT *, date_diff('minute', pt, t) / 60.0 AS hrs, 2 * 6371 * asin(sqrt(pow(sin(radians(la - pla) / 2), 2) + cos(radians(la)) * cos(radians(pla)) * pow(sin(radians(lo - plo) / 2), 2))) AS km FROM w)
SELECT * FROM d WHERE hrs > 0 AND km / hrs > 750`,
  },
  {
    id: 'Q6', what: 'exact distinct users by application and day', check: 'n',
    kql: `SigninLogs | summarize n = count_distinct(UserPrincipalName) by AppDisplayName, bin(TimeGenerated, 1d)`,
    sql: `SELECT AppDisplayName, date_trunc('day', TimeGenerated) AS d, count(DISTINCT UserPrincipalName) AS n FROM SigninLogs GROUP BY ALL`,
  },
  {
    id: 'Q6a', what: 'approximate distinct users',
    kql: `SigninLogs | summarize n = dcount(UserPrincipalName) by AppDisplayName, bin(TimeGenerated, 1d)`,
    sql: `SELECT AppDisplayName, date_trunc('day', TimeGenerated) AS d, approx_count_distinct(UserPrincipalName) AS n FROM SigninLogs GROUP BY ALL`,
  },
  {
    id: 'Q7', what: 'term in log messages', check: 'Count',
    kql: `ContainerLogV2 | where LogMessage has "qdneedlemid" | count`,
    sql: `SELECT count(*) AS Count FROM ContainerLogV2 WHERE regexp_matches(LogMessage, '(?i)(^|[^a-z0-9])qdneedlemid($|[^a-z0-9])')`,
  },
  {
    id: 'Q7l', what: 'substring in log messages', check: 'Count',
    kql: `ContainerLogV2 | where LogMessage contains "qdneedlemid" | count`,
    sql: `SELECT count(*) AS Count FROM ContainerLogV2 WHERE contains(lower(LogMessage), 'qdneedlemid')`,
  },
  {
    id: 'Q8', what: 'ten users with most failures', check: 'n',
    kql: `SigninLogs | where ResultType != "0" | summarize n = count() by UserPrincipalName | top 10 by n desc`,
    sql: `SELECT UserPrincipalName, count(*) AS n FROM SigninLogs WHERE ${failed} GROUP BY ALL ORDER BY n DESC LIMIT 10`,
  },
  {
    id: 'Q9', what: 'burst of failures, then a success', check: 'fails',
    kql: `let B = SigninLogs | where TimeGenerated > ago(7d) and ResultType == "50126"
        | summarize fails = count(), lastFail = max(TimeGenerated) by UserPrincipalName, bin(TimeGenerated, 10m) | where fails >= 10;
B | join kind=inner (SigninLogs | where TimeGenerated > ago(7d) and ResultType == "0" | project UserPrincipalName, okTime = TimeGenerated, IPAddress) on UserPrincipalName
| where okTime between (lastFail .. lastFail + 10m)
| summarize arg_min(okTime, IPAddress) by UserPrincipalName, TimeGenerated, fails`,
    sql: `WITH b AS (SELECT UserPrincipalName AS u, time_bucket(INTERVAL 10 MINUTE, TimeGenerated, TIMESTAMP '2000-01-01') AS t, count(*) AS fails, max(TimeGenerated) AS lastFail FROM SigninLogs WHERE TimeGenerated > ${ago('7 DAY')} AND ResultType = '50126' GROUP BY ALL HAVING count(*) >= 10)
SELECT u, t, fails, min(s.TimeGenerated) AS okTime, arg_min(s.IPAddress, s.TimeGenerated) AS ip FROM b JOIN SigninLogs s ON s.UserPrincipalName = b.u AND s.ResultType = '0' AND s.TimeGenerated BETWEEN lastFail AND lastFail + INTERVAL 10 MINUTE GROUP BY u, t, fails`,
  },
  {
    id: 'Q10', what: 'rows of one operation', probe: true,
    kql: `Requests_CL | where operation_Id == "PROBE"`,
    sql: `SELECT * FROM requests WHERE operation_Id = 'PROBE'`,
  },
  {
    id: 'Q11', what: 'country out of a dynamic column', check: 'n',
    kql: `SigninLogs | summarize n = count() by c = tostring(LocationDetails.countryOrRegion)`,
    sql: `SELECT LocationDetails->>'$.countryOrRegion' AS c, count(*) AS n FROM SigninLogs GROUP BY ALL`,
  },
  {
    id: 'Q12', what: 'newest hundred whole rows of a filter',
    kql: `SigninLogs | where ResultType == "50126" and AppDisplayName == "Azure Portal" | top 100 by TimeGenerated desc`,
    sql: `SELECT * FROM SigninLogs WHERE ResultType = '50126' AND AppDisplayName = 'Azure Portal' ORDER BY TimeGenerated DESC LIMIT 100`,
  },
  {
    id: 'Q13', what: 'latest row per user and address', heavy: true,
    kql: `SigninLogs | where TimeGenerated > ago(14d) | summarize arg_max(TimeGenerated, UserPrincipalName, LocationDetails) by UserId, IPAddress | count`,
    sql: `SELECT count(*) AS Count FROM (SELECT UserId, IPAddress, max(TimeGenerated), arg_max(UserPrincipalName, TimeGenerated), arg_max(LocationDetails, TimeGenerated) FROM SigninLogs WHERE TimeGenerated > ${ago('14 DAY')} GROUP BY UserId, IPAddress)`,
    check: 'Count',
  },
  {
    id: 'Q14', what: 'burn rate over two windows',
    kql: `let agg = (win:timespan) { Requests_CL | where timestamp > ago(win) | summarize e = todouble(countif(success == false)) / count() by cloud_RoleName };
agg(5m) | join kind=inner agg(1h) on cloud_RoleName | where e / 0.001 > 14.4`,
    sql: `WITH a AS (SELECT cloud_RoleName AS r, count(*) FILTER (NOT success) / count(*) AS e FROM requests WHERE timestamp > ${ago('5 MINUTE')} GROUP BY ALL),
b AS (SELECT cloud_RoleName AS r, count(*) FILTER (NOT success) / count(*) AS e FROM requests WHERE timestamp > ${ago('1 HOUR')} GROUP BY ALL)
SELECT * FROM a JOIN b USING (r) WHERE a.e / 0.001 > 14.4`,
  },
];

// ClickHouse, built to run inside a process, as a measured peer: the row format Null drops results.
// Low-cardinality text is declared so, ids are UUIDs, the log has a text index and requests a Bloom
// filter on the operation: what a careful owner of these tables would write.
import { Session } from 'chdb';

export const open = async (path) => {
  const session = new Session(path);
  session.query('SET max_threads = 2');
  const settings = ' SETTINGS max_threads = 2, use_query_condition_cache = 0';
  const reads = (sql) => /^\s*(select|with)/i.test(sql);
  return {
    execute: async (sql) => { session.query(reads(sql) ? sql + settings : sql, 'Null'); },
    bytes: async () => Number(JSON.parse(session.query('SELECT toFloat64(sum(bytes_on_disk)) FROM system.parts WHERE active', 'JSONCompactEachRow'))[0]),
    count: async (sql, check) => {
      const sum = check ? `toFloat64(sum(\`${check}\`))` : '0.0';
      const text = session.query(`SELECT toFloat64(count()) AS rows_of_answer, ${sum} AS sum_of_answer FROM (${sql})${settings}`, 'JSONCompactEachRow');
      const [n, s] = JSON.parse(text);
      return { rows: Number(n), sum: Number(s ?? 0) };
    },
  };
};

const columns = {
  signin: [
    ['TimeGenerated', "DateTime64(7, 'UTC')"], ['Id', 'UUID'], ['CorrelationId', 'UUID'], ['UserPrincipalName', 'String'],
    ['UserId', 'UUID'], ['UserDisplayName', 'String'], ['UserType', 'LowCardinality(String)'],
    ['AppDisplayName', 'LowCardinality(String)'], ['AppId', 'LowCardinality(String)'], ['ResultType', 'LowCardinality(String)'],
    ['ResultDescription', 'LowCardinality(String)'], ['IPAddress', 'String'], ['Location', 'LowCardinality(String)'],
    ['LocationDetails', 'String'], ['DeviceDetail', 'String'], ['ClientAppUsed', 'LowCardinality(String)'],
    ['UserAgent', 'LowCardinality(String)'], ['ConditionalAccessStatus', 'LowCardinality(String)'],
    ['AuthenticationRequirement', 'LowCardinality(String)'], ['RiskLevelDuringSignIn', 'LowCardinality(String)'],
    ['IsInteractive', 'Bool'], ['DurationMs', 'Int64'], ['ResourceDisplayName', 'LowCardinality(String)'], ['Status', 'String'],
  ],
  requests: [
    ['timestamp', "DateTime64(7, 'UTC')"], ['id', 'String'], ['name', 'LowCardinality(String)'], ['url', 'String'], ['success', 'Bool'],
    ['resultCode', 'LowCardinality(String)'], ['duration', 'Float64'], ['performanceBucket', 'LowCardinality(String)'],
    ['itemType', 'LowCardinality(String)'], ['operation_Name', 'LowCardinality(String)'], ['operation_Id', 'String'],
    ['operation_ParentId', 'String'], ['client_Type', 'LowCardinality(String)'], ['client_IP', 'LowCardinality(String)'],
    ['client_City', 'LowCardinality(String)'], ['client_CountryOrRegion', 'LowCardinality(String)'],
    ['cloud_RoleName', 'LowCardinality(String)'], ['cloud_RoleInstance', 'LowCardinality(String)'], ['appName', 'LowCardinality(String)'],
    ['sdkVersion', 'LowCardinality(String)'], ['itemCount', 'Int32'], ['customDimensions', 'String'],
  ],
  containerlog: [
    ['TimeGenerated', "DateTime64(7, 'UTC')"], ['Computer', 'LowCardinality(String)'], ['ContainerId', 'LowCardinality(String)'],
    ['ContainerName', 'LowCardinality(String)'], ['PodName', 'LowCardinality(String)'], ['PodNamespace', 'LowCardinality(String)'],
    ['LogMessage', 'String'], ['LogSource', 'LowCardinality(String)'], ['LogLevel', 'LowCardinality(String)'],
  ],
};
const indexes = {
  requests: ', INDEX operation operation_Id TYPE bloom_filter(0.01) GRANULARITY 1',
  containerlog: ", INDEX words LogMessage TYPE text(tokenizer = 'splitByNonAlpha', preprocessor = lower(LogMessage))",
};
const statements = (table, name, order, file) => [
  `CREATE TABLE ${name} (${columns[table].map(([c, t]) => `\`${c}\` ${t}`).join(', ')}${indexes[table] ?? ''}) ENGINE = MergeTree ORDER BY ${order}`,
  `INSERT INTO ${name} SELECT * FROM file('${file}', JSONEachRow, '${columns[table].map(([c, t]) => `${c} ${t.replace(/'/g, "\\'")}`).join(', ')}') SETTINGS date_time_input_format = 'best_effort', input_format_json_read_objects_as_strings = 1, max_threads = 2, max_insert_threads = 2`,
  `OPTIMIZE TABLE ${name}`,
];
export const load = {
  signin: (file) => statements('signin', 'SigninLogs', 'TimeGenerated', file),
  requests: (file) => statements('requests', 'requests', 'timestamp', file),
  containerlog: (file) => statements('containerlog', 'ContainerLogV2', 'TimeGenerated', file),
};
export const typed = [
  `CREATE TABLE SigninTyped ENGINE = MergeTree ORDER BY TimeGenerated AS SELECT UserPrincipalName, TimeGenerated, ResultType, CAST(JSONExtractString(LocationDetails, 'countryOrRegion') AS LowCardinality(String)) AS country, JSONExtractFloat(LocationDetails, 'geoCoordinates', 'latitude') AS latitude, JSONExtractFloat(LocationDetails, 'geoCoordinates', 'longitude') AS longitude FROM SigninLogs`,
];

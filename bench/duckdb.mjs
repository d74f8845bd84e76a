// DuckDB as a measured peer. Results are materialised by the engine and not converted.
import { statSync } from 'node:fs';
import { DuckDBInstance } from '@duckdb/node-api';

export const open = async (path) => {
  const connection = await (await DuckDBInstance.create(path, { threads: '2' })).connect();
  return {
    execute: async (sql) => { await connection.run(sql); },
    bytes: async () => statSync(path).size,
    count: async (sql, check) => {
      const sum = check ? `sum("${check}")::DOUBLE` : '0::DOUBLE';
      const reader = await connection.runAndReadAll(`SELECT count(*)::DOUBLE AS n, ${sum} AS s FROM (${sql})`);
      const [n, s] = reader.getRows()[0];
      return { rows: Number(n), sum: Number(s ?? 0) };
    },
  };
};

const json = (file) => `read_json('${file}', format = 'newline_delimited')`;
/// Statements that load one table each, and the typed copy that two queries read.
export const load = {
  signin: (file) => [`CREATE TABLE SigninLogs AS SELECT * REPLACE (TimeGenerated::TIMESTAMP AS TimeGenerated, ResultType::VARCHAR AS ResultType, to_json(LocationDetails) AS LocationDetails, to_json(DeviceDetail) AS DeviceDetail, to_json(Status) AS Status) FROM ${json(file)}`, 'CHECKPOINT'],
  requests: (file) => [`CREATE TABLE requests AS SELECT * REPLACE (timestamp::TIMESTAMP AS timestamp, to_json(customDimensions) AS customDimensions) FROM ${json(file)}`, 'CHECKPOINT'],
  containerlog: (file) => [`CREATE TABLE ContainerLogV2 AS SELECT * REPLACE (TimeGenerated::TIMESTAMP AS TimeGenerated) FROM ${json(file)}`, 'CHECKPOINT'],
};
export const typed = [
  `CREATE TABLE SigninTyped AS SELECT UserPrincipalName, TimeGenerated, ResultType, LocationDetails->>'$.countryOrRegion' AS country, CAST(LocationDetails->'$.geoCoordinates.latitude' AS DOUBLE) AS latitude, CAST(LocationDetails->'$.geoCoordinates.longitude' AS DOUBLE) AS longitude FROM SigninLogs`,
  'CHECKPOINT',
];

// Every sample file through its front door into a server of its own; then its facts, asked as KQL.
// usage: samples.mjs BUILD SAMPLES [FILTER]
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { doors } from './doors.mjs';
import { TestServer } from './server.mjs';

const [build, samples, filter = ''] = process.argv.slice(2);
const facts = new Map();
for (const line of readFileSync(join(samples, 'facts.jsonl'), 'utf8').split('\n').filter(Boolean)) {
  const fact = JSON.parse(line);
  if (!facts.has(fact.file)) facts.set(fact.file, []);
  facts.get(fact.file).push(fact);
}

let passed = 0;
let failed = 0;
let skipped = 0;

function report(ok, file, what, detail = '') {
  if (ok) passed += 1;
  else failed += 1;
  if (!ok || process.env.VERBOSE) console.log(`${ok ? 'ok  ' : 'FAIL'} ${file}: ${what}${ok ? '' : `\n     ${detail}`}`);
}

const cellText = (cell) => cell === null ? 'null' : typeof cell === 'object' ? JSON.stringify(cell) : String(cell);

function sameCell(expected, got) {
  if (typeof expected === 'number') {
    return got !== null && got !== '' && Math.abs(Number(got) - expected) <= 1e-9 * Math.max(1, Math.abs(expected));
  }
  if (typeof expected === 'boolean' || typeof got === 'boolean' || got === 0 || got === 1) {
    if (Boolean(Number(got === true ? 1 : got === false ? 0 : got)) === expected) return true;
  }
  if (typeof expected === 'object' && expected !== null) {
    const value = typeof got === 'string' ? JSON.parse(got) : got;
    return Array.isArray(expected) && Array.isArray(value)
      ? isDeepStrictEqual([...expected].sort(), [...value].sort()) : isDeepStrictEqual(expected, value);
  }
  if (/^\d{4}-\d\d-\d\dT/.test(String(expected))) return Date.parse(expected) === Date.parse(got);
  return String(expected ?? '') === String(got ?? '');
}

/// Whether rows say what `value` says: a cell; {key: cell}; a list of cells; a list of rows.
function matches(value, rows) {
  if (Array.isArray(value)) {
    const lists = value.map((one) => Array.isArray(one) ? one : [one]);
    if (rows.length === 1 && rows[0].length === value.length && lists.every((one) => one.length === 1) && value.length > 1) {
      return rows[0].every((cell, i) => sameCell(value[i], cell));
    }
    if (rows.length !== lists.length) return false;
    const left = [...rows];
    return lists.every((list) => {
      const at = left.findIndex((row) => row.length === list.length && row.every((cell, i) => sameCell(list[i], cell)));
      if (at < 0) return false;
      left.splice(at, 1);
      return true;
    });
  }
  if (value !== null && typeof value === 'object') {
    const entries = Object.entries(value);
    return rows.length === entries.length && entries.every(([key, cell]) =>
      rows.some((row) => {
        const [name, got] = typeof row[0] === 'number' && !(cellText(row[0]) in value) ? [row[1], row[0]] : row;
        return cellText(name === '' || name === null ? 'null' : name) === key && sameCell(cell, got);
      }));
  }
  return rows.length === 1 && sameCell(value, rows[0][0]);
}

async function checkFact(server, file, fact, kql) {
  // `a ; b` asks for two results that `value` lists in order.
  const queries = kql.split(' ; ');
  try {
    if (queries.length > 1) {
      const got = [];
      for (const query of queries) got.push(await server.scalar(query));
      report(isDeepStrictEqual(got, fact.value), file, fact.fact, `got ${JSON.stringify(got)}`);
      return;
    }
    const { rows } = await server.query(kql);
    report(matches(fact.value, rows), file, fact.fact,
      `${kql}\n     want ${JSON.stringify(fact.value).slice(0, 300)}\n     got  ${JSON.stringify(rows).slice(0, 300)}`);
  } catch (error) {
    report(false, file, fact.fact, `${kql}\n     ${error.message}`);
  }
}

for (const [file, list] of facts) {
  if (!file.includes(filter)) continue;
  const door = doors[file];
  if (door === undefined) {
    failed += 1;
    console.log(`FAIL ${file}: no door and no reason why not`);
    continue;
  }
  if (door.skip !== undefined) {
    skipped += list.length;
    console.log(`skip ${file}: ${door.skip} (${list.length} facts)`);
    continue;
  }
  const server = await TestServer.start(build);
  try {
    await door.send({ server, path: join(samples, file), name: basename(file), build,
      expect: (ok, what, detail) => report(ok, file, what, detail) });
    for (const fact of list) {
      if (fact.scenario) continue;
      let kql = door.facts?.[fact.fact] ?? fact.kql;
      if (kql === undefined) continue;
      if (door.prelude !== undefined) kql = `${door.prelude} ${kql}`;
      if (!kql.includes('|')) kql = `${door.row ?? `${kql} | take 1`} | project ${kql}`;
      await checkFact(server, file, fact, kql);
    }
    for (const [fact, kql, value] of door.more ?? []) await checkFact(server, file, { fact, value }, kql);
  } catch (error) {
    report(false, file, 'goes in', String(error.stack));
  }
  await server.stop();
}
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exit(failed === 0 ? 0 : 1);

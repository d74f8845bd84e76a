// Holds the engine's binder beside Microsoft's: same queries, same tables, and both must accept, or
// both refuse with the same kind of error.
//
//   node agreement.mjs BUILD [--schema FILE]... [--differences] FILE...
//
// Two refusals are of one kind when the errors' codes have one in common: which of several faults is
// told, and how often, is a matter of how far each goes on after the first. The last line is
// "N passed, N failed".
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadService } from './service.mjs';

const [build, ...rest] = process.argv.slice(2);
const schemas = [];
const files = [];
let showDifferences = false;
while (rest.length > 0) {
  const word = rest.shift();
  if (word === '--schema') schemas.push(rest.shift());
  else if (word === '--differences') showDifferences = true;
  else files.push(word);
}
const service = loadService(schemas.map((file) => JSON.parse(readFileSync(file, 'utf8'))));
const answers = execFileSync(
  join(build, 'bin', 'qd_kql_verdicts'),
  [...schemas.flatMap((file) => ['--schema', file]), ...files],
  { maxBuffer: 1 << 30, encoding: 'utf8' },
);

const codes = (errors, key) => new Set(errors.map((e) => e[key]));
const show = (errors, key) =>
  errors.length === 0 ? 'accepts' : errors.map((e) => `${e[key]} ${e.message}`).join(' | ');

let passed = 0;
let failed = 0;
for (const line of answers.split('\n').filter(Boolean)) {
  const { id, query, errors } = JSON.parse(line);
  let theirs;
  try {
    theirs = service(query);
  } catch (error) {
    theirs = [{ code: 'thrown', message: String(error) }];
  }
  const ours = codes(errors, 'ks');
  const same =
    errors.length === 0 || theirs.length === 0
      ? errors.length === theirs.length
      : theirs.some((e) => ours.has(e.code));
  if (same) {
    passed += 1;
  } else {
    failed += 1;
    if (showDifferences) {
      console.log(`${id}\n  service: ${show(theirs, 'code')}\n  engine:  ${show(errors, 'ks')}`);
    }
  }
}
console.log(`${passed} passed, ${failed} failed`);

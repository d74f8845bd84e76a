// One measured peer in a process of its own: JSON lines in, JSON lines out, the same as
// qd_bench_engine. A peer's module names `open(path)`, which returns {execute, count,
// bytes}: execute runs a statement and drops its result inside the engine, count answers {rows, sum}.
//   {"run": SQL, "runs": N, "check": COLUMN?} -> {seconds: […], cpu, peak_kib, rows, sum}
//   {"execute": [SQL…]}                       -> {seconds: [total], cpu, peak_kib}
//   {"bytes": true}                           -> {bytes}, of the loaded tables on disk
//   {"bytes": true}                          -> {bytes}, on disk
import { createInterface } from 'node:readline';

const [module, path] = process.argv.slice(2);
const peer = await (await import(module)).open(path);

const cpu = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};
const answer = async (request) => {
  if (request.bytes) return { bytes: await peer.bytes() };
  const before = cpu();
  const seconds = [];
  const timed = async (sql) => {
    const begun = performance.now();
    await peer.execute(sql);
    return (performance.now() - begun) / 1000;
  };
  if (request.execute) {
    let total = 0;
    for (const sql of request.execute) total += await timed(sql);
    seconds.push(total);
    return { seconds, cpu: cpu() - before, peak_kib: process.resourceUsage().maxRSS };
  }
  for (let i = 0; i < request.runs; i += 1) seconds.push(await timed(request.run));
  const used = { seconds, cpu: cpu() - before, peak_kib: process.resourceUsage().maxRSS };
  return { ...used, ...(await peer.count(request.run, request.check)) };
};

process.stdout.write('{"ready":true}\n');
for await (const line of createInterface({ input: process.stdin })) {
  let out;
  try {
    out = await answer(JSON.parse(line));
  } catch (error) {
    out = { error: String(error.message ?? error).slice(0, 400) };
  }
  process.stdout.write(`${JSON.stringify(out)}\n`);
}
process.exit(0);

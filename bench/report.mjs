// The tables of ./dev bench: what was measured, beside the bars the product has set itself.
import { writeFileSync } from 'node:fs';

const seconds = (value) => (Number.isFinite(value) ? value.toFixed(4) : '');
const megabytes = (kib) => (Number.isFinite(kib) ? String(Math.round(kib / 1024)) : '');
const geometric = (values) => Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / Math.max(values.length, 1));

/// Peers' warm seconds of a query, the series' cost added where they cannot compute it.
const peerTimes = (row, all, perPoint) => {
  const source = row.query.series ? all.find((other) => other.query.id === 'Q4') : row;
  const times = Object.entries(source?.peers ?? {}).filter(([, peer]) => Number.isFinite(peer.warm));
  if (!row.query.series) return times.map(([name, peer]) => [name, peer.warm]);
  const points = source.ours.rows * 168;
  return times.map(([name, peer]) => [name, peer.warm + points * perPoint() / 2]);
};

const queryTable = (results, peers, perPoint) => {
  const lines = [`| query | what | Quarterdeck s (cold) | CPU s | peak MB | ${peers.map((p) => `${p.name} s (cold)`).join(' | ')} | ratio to the faster peer | bar | rows |`,
    `|---|---|---|---|---|${peers.map(() => '---|').join('')}---|---|---|`];
  const ratios = [];
  for (const row of results) {
    const times = peerTimes(row, results, perPoint);
    const best = Math.min(...times.map(([, time]) => time));
    const ratio = best / Math.max(row.ours.warm, 1e-5);
    if (Number.isFinite(ratio)) ratios.push({ id: row.query.id, ratio, detection: row.query.detection });
    const theirs = peers.map((peer) => {
      const time = times.find(([name]) => name === peer.name)?.[1];
      const cold = row.peers[peer.name]?.cold;
      return Number.isFinite(time) ? `${seconds(time)}${Number.isFinite(cold) ? ` (${seconds(cold)})` : ''}` : '';
    });
    const parts = row.query.parts?.map((id) => results.find((other) => other.query.id === id)?.ours.warm ?? NaN).reduce((a, b) => a + b, 0);
    const note = Number.isFinite(ratio) ? ratio.toFixed(2) : parts ? `${(row.ours.warm / parts).toFixed(2)} of its parts` : '';
    const bar = row.query.bar ? `${row.query.bar}; ${row.query.memory} MB` : parts ? '≤ 1.2 of its parts' : '';
    lines.push(`| ${row.query.id} | ${row.query.what} | ${row.wrong && !row.ours.warm ? 'failed' : `${seconds(row.ours.warm)} (${seconds(row.ours.cold)})`} | ${seconds(row.ours.cpu)} | ${megabytes(row.ours.peak)} | ${theirs.join(' | ')} | ${note} | ${bar} | ${row.wrong ? `**${row.wrong}**` : row.ours.rows} |`);
  }
  return { lines, ratios };
};

const loadTable = (loads, total) => {
  const lines = ['| load | engine | rows/s | CPU s | rows/s a core |', '|---|---|---|---|---|'];
  for (const load of loads) {
    const rate = load.table.includes(' ') ? ['', ''] : [total / load.seconds, total / load.cpu].map(Math.round);
    lines.push(`| ${load.table} | ${load.engine} | ${rate[0]} | ${load.cpu.toFixed(2)} | ${rate[1]} |`);
  }
  return lines;
};

/// Prints the tables, writes them where asked; the number of queries whose answers differ.
export const report = ({ results, loads, total, runs, peers, ourBytes, decomposition, command, write }) => {
  let cost;
  const perPoint = () => (cost ??= decomposition());
  const { lines, ratios } = queryTable(results, peers, perPoint);
  const detection = ratios.filter((row) => row.detection);
  lines.push('', `Geometric mean of the ratios: ${geometric(ratios.map((r) => r.ratio)).toFixed(2)} over all ${ratios.length}, ${geometric(detection.map((r) => r.ratio)).toFixed(2)} over the ${detection.length} of detections; least ${Math.min(...ratios.map((r) => r.ratio)).toFixed(2)}.`);
  lines.push('', `Bytes on disk, all three tables: Quarterdeck ${(ourBytes / 1e6).toFixed(1)} MB${peers.filter((p) => p.bytes).map((p) => `, ${p.name} ${(p.bytes / 1e6).toFixed(1)} MB (${(ourBytes / p.bytes).toFixed(2)} of it)`).join('')}.`);
  if (loads.length > 0) lines.push('', ...loadTable(loads, total));
  console.log(lines.join('\n'));
  if (write) {
    writeFileSync(write, `# Benchmarks\n\n\`${command} --write\`: ${total} rows a table, two threads an engine, every engine in one run on one machine; ratios are what travels. A query runs in a fresh process, cold once, then ${runs} times warm; medians. Results are computed whole and dropped. Q5 and Q11 read \`dynamic\` columns here and a hand-typed copy at the peers; Q4d adds to the peers' matrix the plain decomposition in C++. Bars are those for 10 M rows.\n\n${lines.join('\n')}\n`);
  }
  return results.filter((row) => row.wrong).length;
};

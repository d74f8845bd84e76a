// The H3 functions beside h3-js: random points, pentagons, cells over edges of the icosahedron.
import assert from 'node:assert/strict';
import * as h3 from 'h3-js';
import { check, finish, rows } from './harness.mjs';

// A generator of its own, so that a failure can be seen again.
let state = 20260117;
const random = () => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2 ** 32;
};
const points = Array.from({ length: 4000 }, () => [Math.asin(2 * random() - 1) * 180 / Math.PI, random() * 360 - 180]);
const sample = (count) => {
  const cells = [...h3.getPentagons(0), ...h3.getPentagons(1), ...h3.getPentagons(5)];
  for (const pentagon of h3.getPentagons(3)) cells.push(...h3.gridDisk(pentagon, 1));
  while (cells.length < count) {
    const [lat, lng] = points[cells.length];
    cells.push(h3.latLngToCell(lat, lng, cells.length % 16));
  }
  return cells;
};
const table = (cells) => `datatable(c:string)[${cells.map((c) => `'${c}'`).join(',')}]`;
const near = (a, b, what) => {
  const turn = Math.abs(a[0] - b[1]) > 180 ? 360 * Math.sign(a[0] - b[1]) : 0;
  assert.ok(Math.hypot((a[0] - turn - b[1]) * Math.cos(b[0] * Math.PI / 180), a[1] - b[0]) < 1e-9, `${what}: ${a} ${b}`);
};

await check('points: 64,000 cells of 16 resolutions', async () => {
  for (let resolution = 0; resolution < 16; resolution += 1) {
    const data = points.map(([lat, lng]) => `${lng},${lat}`).join(',');
    const found = await rows(`datatable(lng:real, lat:real)[${data}] | project c = geo_point_to_h3cell(lng, lat, ${resolution})`);
    points.forEach(([lat, lng], i) => assert.equal(found[i].c, h3.latLngToCell(lat, lng, resolution), `${lat} ${lng}`));
  }
});

const cells = sample(1500);
await check('middles and boundaries, pentagons and bends included', async () => {
  const found = await rows(`${table(cells)} | project c, p = geo_h3cell_to_central_point(c).coordinates, b = geo_h3cell_to_polygon(c).coordinates[0]`);
  for (const { c, p, b } of found) {
    near(p, h3.cellToLatLng(c), `middle of ${c}`);
    const corners = h3.cellToBoundary(c);
    assert.equal(b.length, corners.length + 1, `corners of ${c}`);
    corners.forEach((corner, i) => near(b[i], corner, `corner ${i} of ${c}`));
  }
});

await check('neighbours', async () => {
  for (const { c, n } of await rows(`${table(cells)} | project c, n = geo_h3cell_neighbors(c)`)) {
    assert.deepEqual([...n].sort(), h3.gridDisk(c, 1).filter((o) => o !== c).sort(), c);
  }
});

await check('rings, in their order away from pentagons', async () => {
  for (const { c, r } of await rows(`${table(cells.slice(0, 400))} | project c, r = geo_h3cell_rings(c, 3)`)) {
    const wanted = h3.gridDiskDistances(c, 3);
    const plain = h3.getResolution(c) > 2 && !h3.gridDisk(c, 4).some((o) => h3.isPentagon(o));
    wanted.forEach((ring, i) => {
      if (plain) assert.deepEqual(r[i], ring, c);
      else assert.deepEqual([...r[i]].sort(), [...ring].sort(), c);
    });
  }
});

await check('parents and children', async () => {
  const some = cells.filter((c) => h3.getResolution(c) > 0 && h3.getResolution(c) < 14);
  for (const { c, p, k, l } of await rows(`${table(some)} | project c, p = geo_h3cell_parent(c), k = geo_h3cell_children(c, geo_h3cell_level(c) + 2), l = geo_h3cell_level(c)`)) {
    assert.equal(l, h3.getResolution(c));
    assert.equal(p, h3.cellToParent(c, l - 1));
    assert.deepEqual(k, h3.cellToChildren(c, l + 2));
  }
});

await check('polygons are filled with the same cells', async () => {
  for (let i = 0; i < 40; i += 1) {
    const [lat, lng] = points[i].map((v, n) => (n === 0 ? v * 0.8 : v));
    const size = 0.2 + random() * 3;
    const ring = [[lng - size, lat - size], [lng + size, lat - size * random()], [lng + size * random(), lat + size], [lng - size, lat + size / 2]];
    if (ring.some(([x]) => Math.abs(x) > 179)) continue;
    ring.push(ring[0]);
    const resolution = 3 + (i % 3);
    const [{ c }] = await rows(`print c = geo_polygon_to_h3cells(dynamic({"type":"Polygon","coordinates":[${JSON.stringify(ring)}]}), ${resolution})`);
    assert.deepEqual([...c].sort(), h3.polygonToCells(ring, resolution, true).sort(), JSON.stringify(ring));
  }
});

await check('what is no cell', async () => {
  const bad = ['', 'x', '1', '8f', '862a1072ffffff7', '86ffffffffffffff', '801dfffffffffff'];
  for (const { c, p, v } of await rows(`${table(bad)} | project c, p = isnull(geo_h3cell_to_central_point(c)), v = geo_h3cell_parent(c, 0)`)) {
    assert.equal(p, !h3.isValidCell(c), c);
    if (p) assert.equal(v, '');
  }
});

finish();

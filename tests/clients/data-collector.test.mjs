// The HTTP Data Collector API with a signature made here by node's own crypto.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { check, finish, plain, rows, workspace } from './harness.mjs';

const key = Buffer.alloc(32);

function send(body, { logType = 'Vector', sign = key, headers = {} } = {}) {
  const date = new Date().toUTCString();
  const text = `POST\n${Buffer.byteLength(body)}\napplication/json\nx-ms-date:${date}\n/api/logs`;
  const signature = createHmac('sha256', sign).update(text, 'utf8').digest('base64');
  return fetch(`${plain}/api/logs?api-version=2016-04-01`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json', 'log-type': logType, 'x-ms-date': date,
      authorization: `SharedKey ${workspace}:${signature}`, ...headers,
    },
    body,
  });
}

await check('columns take a suffix by the type of their value', async () => {
  const answer = await send('[{"a":1,"b":"x","c":true,"d":"2026-01-01T00:00:00Z","e":"8145d822-13a7-44ad-859c-36f31a84f6dd","f":{"g":1}}]');
  assert.equal(answer.status, 200);
  const [row] = await rows('Vector_CL | project a_d, b_s, c_b, d_t, e_g, f_s');
  assert.deepEqual(row, {
    a_d: 1, b_s: 'x', c_b: true, d_t: '2026-01-01T00:00:00Z',
    e_g: '8145d822-13a7-44ad-859c-36f31a84f6dd', f_s: '{"g":1}',
  });
});

await check('a number sent as text goes to the existing number column', async () => {
  assert.equal((await send('[{"a":"2.5"}]')).status, 200);
  const [row] = await rows('Vector_CL | summarize s = sum(a_d)');
  assert.equal(row.s, 3.5);
});

await check('a wrong signature is refused with 403', async () => {
  const answer = await send('[{"a":1}]', { sign: Buffer.alloc(32, 1) });
  assert.equal(answer.status, 403);
  assert.equal((await answer.json()).Error, 'InvalidAuthorization');
});

await check('a body that is no JSON is refused with 400', async () => {
  const answer = await send('{"a":');
  assert.equal(answer.status, 400);
  assert.equal((await answer.json()).Error, 'InvalidDataFormat');
});

finish();

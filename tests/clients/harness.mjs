// What the client tests share: a runner that counts, a credential, and a query for checking what
// has arrived (through plain HTTP, so that a test of one client does not lean on another).
let passed = 0;
let failed = 0;

export async function check(name, body) {
  try {
    await body();
    passed += 1;
    console.log(`ok   ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL ${name}\n     ${String(error?.stack ?? error).split('\n').slice(0, 6).join('\n     ')}`);
  }
}

export function finish() {
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed === 0 ? 0 : 1);
}

export const base = `https://127.0.0.1:${process.env.PORT}`;
export const plain = `http://127.0.0.1:${process.env.PORT}`;
export const otlp = `http://127.0.0.1:${process.env.OTLP_PORT}`;
export const workspace = process.env.WORKSPACE_ID;

export const credential = {
  getToken: async () => ({ token: 'test', expiresOnTimestamp: Date.now() + 3600_000 }),
};

/// First result of a query as an array of objects.
export async function rows(csl) {
  const answer = await fetch(`${plain}/v1/rest/query`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ db: 'workspace', csl }),
  });
  const body = await answer.json();
  if (!answer.ok) throw new Error(JSON.stringify(body.error));
  const table = body.Tables[0];
  return table.Rows.map((row) =>
    Object.fromEntries(table.Columns.map((column, i) => [column.ColumnName, row[i]])));
}

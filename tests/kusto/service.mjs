// Microsoft's KQL parser and binder (compiled from C# with Bridge.NET) as one function: a query text
// in, the codes of its errors out.
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

function items(list) {
  if (Array.isArray(list)) return list;
  return Array.from({ length: list?.Count ?? 0 }, (_, i) => list.getItem(i));
}

function quoted(name) {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) ? name : `['${name.replace(/['\\]/g, '\\$&')}']`;
}

/** A function of a query's text that returns its errors, [{ code, start, message }]. `schemas`:
 * {"Table": {"columns": [{"name", "type"}]}} each. */
export function loadService(schemas) {
  require('@kusto/language-service-next/bridge.js'); // sets globalThis.Bridge and System
  require('@kusto/language-service-next/Kusto.Language.Bridge.js'); // sets globalThis.Kusto
  const { Language } = globalThis.Kusto;
  const { Symbols } = Language;
  const tables = schemas.flatMap((schema) =>
    Object.entries(schema).map(([name, { columns }]) => {
      const text = columns.map((c) => `${quoted(c.name)}:${c.type}`).join(', ');
      return new Symbols.TableSymbol.$ctor7(name, `(${text})`, null);
    }),
  );
  const database = new Symbols.DatabaseSymbol.ctor('db', tables);
  // Log Analytics' names for another workspace: its language service declares them, the engine's
  // own one does not.
  const elsewhere = ['workspace', 'app', 'resource'].map(
    (name) =>
      new Symbols.FunctionSymbol.ctor(name, () => database, Symbols.Tabularity.Other, [
        new Symbols.Parameter.$ctor2('identifier', Symbols.ScalarTypes.String),
      ]),
  );
  const plain = Language.GlobalState.Default.WithDatabase(database);
  const globals = plain.WithFunctions(items(plain.Functions).concat(elsewhere));
  return (text) =>
    items(Language.KustoCode.ParseAndAnalyze(text, globals).GetDiagnostics())
      .filter((d) => d.Severity === 'Error')
      .map((d) => ({ code: d.Code, start: d.Start, message: d.Message }));
}

#!/usr/bin/env bash
# The conformance packs, when they are there: each must pass at least the stated share. A pack below
# its floor fails with its own last line; what is above is not counted against anybody.
set -uo pipefail
build=$1
here=$(dirname "${BASH_SOURCE[0]}")
packs=${QD_SHARED:-}/conformance
if [ ! -d "$packs" ]; then
  echo "SKIP: no conformance packs (QD_SHARED is not set)"
  echo "0 passed, 0 failed, 1 skipped"
  exit 0
fi
passed=0 failed=0
floor() {  # NAME PERCENT COMMAND…
  local name=$1 percent=$2 line p f s
  shift 2
  line=$("$@" 2>&1 | grep -E '^[0-9]+ passed' | tail -1)
  read -r p f s < <(sed -nE 's/^([0-9]+) passed, ([0-9]+) failed(, ([0-9]+) skipped)?$/\1 \2 \4/p' <<<"$line") || true
  p=${p:-0} f=${f:-1} s=${s:-0}
  if [ $((p * 100)) -ge $((percent * (p + f))) ] && [ "$p" -gt 0 ]; then
    echo "ok   $name: $line (floor $percent %)"
    passed=$((passed + 1))
  else
    echo "FAIL $name: ${line:-no result} (floor $percent %)"
    failed=$((failed + 1))
  fi
}
kql=$build/bin/qd_kql_conformance
floor "KQL documentation examples" 94 "$kql" "$packs/kql/docs-examples.jsonl"
floor "KQL engine probes" 99 "$kql" "$packs/kql/engine-probes.jsonl"
floor "KQL series vectors" 100 "$kql" "$packs/kql/series-vectors.jsonl"
floor "KQL corrected published queries" 100 "$kql" "$packs/kql/seed-corrected.jsonl"
floor "KQL real-world queries parse" 99 "$build/bin/kql_parse_check" "$packs/kql/realworld-queries.jsonl"
floor "KQL real-world queries bind" 95 "$kql" "$packs/kql/realworld-queries.jsonl" --bind-only \
  --schema "$packs/../reference/tables.json"
floor "KQL real-world queries run on generated rows" 99 "$build/bin/qd_execution_conformance" \
  "$packs/kql/realworld-queries.jsonl" --schema "$packs/../reference/tables.json" --rows 40
if [ -d "$here/../kusto/node_modules" ]; then
  floor "KQL real-world queries: Microsoft's binder agrees" 99 node "$here/../kusto/agreement.mjs" \
    "$build" --schema "$packs/../reference/tables.json" "$packs/kql/realworld-queries.jsonl"
else
  echo "FAIL Microsoft's binder is not installed (./dev setup installs it)"
  failed=$((failed + 1))
fi
floor "alert rules" 100 "$build/bin/qd_rules_conformance" "$packs/alerting/scheduled-query-rules.jsonl"
floor "workflow expressions" 99 "$build/bin/qd_expressions_conformance" "$packs/automation/expressions.jsonl"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]

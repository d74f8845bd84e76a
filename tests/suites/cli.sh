#!/usr/bin/env bash
# What people type: formats, exit codes and errors of `qd` against a server with a few rows.
set -uo pipefail
build=$(cd "$1" && pwd)
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/suites/server.bash
. "$here/server.bash"
passed=0 failed=0
start_server "$build"
qd() { "$build/bin/qd" --server "http://127.0.0.1:$PORT" "$@"; }
check() {  # NAME EXPECTED-STATUS PATTERN COMMAND…: the output matches the (extended) expression
  local name=$1 expected=$2 pattern=$3 out status=0
  shift 3
  out=$("$@" 2>&1) || status=$?
  if [ "$status" = "$expected" ] && grep -Eq -- "$pattern" <<<"$out"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "FAIL $name: status $status, wanted $expected and /$pattern/ in:"
    echo "$out" | head -10
  fi
}
for i in $(seq 300); do echo "{\"TimeGenerated\":\"2026-01-01T00:00:00Z\",\"n\":$i,\"who\":\"u$((i % 7))\"}"; done \
  >"$DATA/rows.ndjson"
check "ingest says what it sent" 0 '300 rows' qd ingest Cli_CL "$DATA/rows.ndjson"
check "csv when no terminal" 0 '^u6,43$' qd query 'Cli_CL | summarize c = count() by who | where who == "u6"'
check "json on request" 0 '"c": ?300' qd query -o json 'Cli_CL | summarize c = count()'
check "statistics on request" 0 '^1 rows in [0-9.]+ s; processor .* 300 rows scanned' \
  qd query --stats 'Cli_CL | count'
check "a command piped into a query" 0 '^Cli_CL$' \
  qd query '.show tables | where TableName == "Cli_CL" | project TableName'
check "an error names its place" 1 'SEM0100|SEM0001' qd query 'Cli_CL | where nothing == 1'
check "a caret under the fault" 1 '\^' qd query 'Cli_CL | where nothing == 1'
check "explain" 0 '^ *scan Cli_CL \[who\]' qd explain 'Cli_CL | summarize count() by who'
check "explain with figures" 0 '^summarize .*\(7 rows, [0-9.]+ ms' \
  qd explain --analyze 'Cli_CL | summarize count() by who'
check "explain with totals" 0 '300 rows and [0-9]+ bytes scanned' \
  qd explain --analyze 'Cli_CL | summarize count() by who'
check "explain as JSON" 0 '"operator":"scan".*"rows":300' \
  qd explain --analyze --json 'Cli_CL | summarize count() by who'
check "explain of a faulty query" 1 'SEM0100|SEM0001' qd explain 'Cli_CL | where nothing == 1'

mkdir -p "$DATA/rules/deep"
echo 'SigninLogs | where ResultType == 0 and Nothing == 1' >"$DATA/rules/deep/bad.kql"
echo 'SigninLogs | count' >"$DATA/rules/good.kql"
echo 'not a query' >"$DATA/rules/readme.txt"
check "lint finds files in directories" 1 'deep/bad\.kql: ' qd lint "$DATA/rules"
check "lint is silent about a good query" 0 '^$' qd lint "$DATA/rules/good.kql"
check "lint as JSON" 1 '"path":"[^"]*bad\.kql","id":"QDL[0-9]+"' qd lint -o json "$DATA/rules"
check "lint as SARIF" 1 '"version":"2\.1\.0".*"ruleId":"QDL[0-9]+"' qd lint -o sarif "$DATA/rules"
check "lint of an empty directory" 1 'no .kql or .csl files' qd lint "$(mktemp -d -p "$DATA")"
check "lint of a missing file" 1 'nowhere\.kql' qd lint "$DATA/nowhere.kql"

check "help of a function" 0 '^  geo_distance_2points\(' qd help geo_distance_2points
check "help of nothing known" 1 'no function named' qd help no_such_function
check "help for editors" 0 '"name":"strcat","kind":"scalar","signature":"strcat' qd help -o json
check "unknown command" 2 '' qd frobnicate
check "completion" 0 'complete -F _qd qd' qd completion
check "no server" 1 'CLI0001|answer' "$build/bin/qd" --server http://127.0.0.1:9 query 'print 1'
if cmp -s <("$build/bin/qd" help -o markdown) "$here/../../docs/reference/kql-functions.md"; then
  passed=$((passed + 1))
else
  failed=$((failed + 1))
  echo "FAIL docs/reference/kql-functions.md is not what the descriptors say: run ./dev docs"
fi
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]

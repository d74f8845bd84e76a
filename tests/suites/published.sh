#!/usr/bin/env bash
# The article's queries exactly as published: each runs or is refused with the engine's class of
# error and a place; `qd lint` explains it, and its corrected text runs. Read in place when there.
set -uo pipefail
build=$1
here=$(dirname "${BASH_SOURCE[0]}")
. "$here/server.bash"
published=${QD_SHARED:-}/conformance/published
if [ ! -d "$published" ]; then
  echo "SKIP: the published article is not there (QD_SHARED is not set)"
  echo "0 passed, 0 failed, 1 skipped"
  exit 0
fi
start_server "$build"
qd() { "$build/bin/qd" --server "http://127.0.0.1:$PORT" "$@"; }
passed=0 failed=0
check() {  # NAME COMMAND…
  local name=$1
  shift
  if out=$("$@" 2>&1); then
    echo "ok   $name"
    passed=$((passed + 1))
  else
    echo "FAIL $name"
    sed 's/^/     /' <<<"$out" | head -12
    failed=$((failed + 1))
  fi
}
runs() { qd query -o csv -f "$1"; }
refused() {  # FILE CLASS: refused with an error of that class and a caret
  local out status=0
  out=$(qd query -o csv -f "$1" 2>&1) || status=$?
  [ "$status" = 1 ] && grep -qE "$2" <<<"$out" && grep -q '\^' <<<"$out" && return 0
  echo "$out"
  return 1
}
explained() {  # FILE: at least one finding with a stable id
  local out
  out=$("$build/bin/qd" lint "$1") || true
  grep -qE "QDL[0-9]{4}" <<<"$out"
}
corrected_runs() {
  "$build/bin/qd" lint --fix "$1" >"$DATA/corrected.kql" && qd query -o csv -f "$DATA/corrected.kql"
}
p=$published
check "latency p95 runs as published" runs "$p/kql-latency-p95.kql"
check "error rate runs as published" runs "$p/kql-error-rate.kql"
check "function is created as published" runs "$p/kql-function.kql"
check "appendix identity runs as published" runs "$p/kql-appendix-identity.kql"
check "identity anomaly is refused" refused "$p/kql-identity-anomaly.kql" 'SEM[0-9]{4}'
check "impossible travel is refused" refused "$p/kql-impossible-travel.kql" '(SYN|SEM)[0-9]{4}'
check "SLO burn is refused" refused "$p/kql-slo-burn.kql" 'SYN[0-9]{4}'
check "function call by folder is refused" refused "$p/kql-function-call.kql" 'SEM[0-9]{4}'
check "appendix latency is refused" refused "$p/kql-appendix-latency.kql" 'SEM[0-9]{4}'
for file in "$p"/*.kql; do
  name=$(basename "$file" .kql)
  check "$name is explained" explained "$file"
  check "$name corrected runs" corrected_runs "$file"
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]

#!/usr/bin/env bash
# The demo ends well: every injected incident found, next to no false alert, every playbook run
# finished. Two seeds; the users are fewer than the demo's own so that it takes seconds.
set -uo pipefail
build=$1
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
passed=0 failed=0
check() {  # TEXT CONDITION…
  local text=$1
  shift
  if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAIL: $text"; fi
}
for seed in 1 7; do
  echo "== seed $seed"
  out=$(timeout 300 demo/run "$build" --once --seed "$seed" --users 400 2>&1)
  status=$?
  echo "$out"
  check "seed $seed: the demo ends with status 0, not $status" [ "$status" = 0 ]
  read -r found all < <(sed -nE 's/^([0-9]+) of ([0-9]+) incidents detected.*/\1 \2/p' <<<"$out")
  check "seed $seed: ${found:-0} of ${all:-?} incidents were found" [ "${found:-0}" = "${all:-1}" ]
  check "seed $seed: fewer than ten incidents were injected" [ "${all:-0}" -ge 10 ]
  check "seed $seed: some rule evaluations failed" grep -q 'evaluations over .*, 0 failed' <<<"$out"
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]

#!/usr/bin/env bash
# The real npm clients against a running server, each in a process of its own.
set -uo pipefail
build=$1
here=$(dirname "${BASH_SOURCE[0]}")
. "$here/server.bash"
if [ ! -d "$here/../clients/node_modules" ]; then
  echo "SKIP: the npm clients are not installed (./dev setup installs them)"
  echo "0 passed, 0 failed, 1 skipped"
  exit 0
fi
config=$DATA/config.yaml
cat >"$config" <<YAML
workspaceId: 11111111-2222-4333-8444-555555555555
sharedKeys: [$(printf '%032d' 0 | tr 0 '\0' | base64)]
YAML
start_server "$build" --config "$config"
export NODE_EXTRA_CA_CERTS=$DATA/store/tls/ca.pem
export NO_PROXY=127.0.0.1,localhost
export WORKSPACE_ID=11111111-2222-4333-8444-555555555555
passed=0 failed=0
for script in "$here"/../clients/*.test.mjs; do
  echo "== $(basename "$script")"
  out=$(timeout 120 node "$script" 2>&1)
  status=$?
  echo "$out"
  read -r p f < <(sed -nE 's/^([0-9]+) passed, ([0-9]+) failed$/\1 \2/p' <<<"$out" | tail -1) || true
  passed=$((passed + ${p:-0}))
  failed=$((failed + ${f:-1}))
  [ "$status" = 0 ] || [ "${f:-0}" != 0 ] || failed=$((failed + 1))
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]

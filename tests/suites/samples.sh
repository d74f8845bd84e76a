#!/usr/bin/env bash
# Records of other people's systems, each file alone through its front door into a fresh server,
# and every fact known about it asked back. Needs the sample collection beside the repository.
set -uo pipefail
build=$(cd "$1" && pwd)
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
shared=${QD_SHARED:-$here/../../../shared}
if [ ! -f "$shared/conformance/samples/facts.jsonl" ]; then
  echo "SKIP: no sample collection (QD_SHARED names the directory that holds conformance/samples)"
  echo "0 passed, 0 failed, 1 skipped"
  exit 0
fi
exec node "$here/../samples/samples.mjs" "$build" "$shared/conformance/samples" "${2:-}"

#!/usr/bin/env bash
# The real binary killed with SIGKILL while rows come in, several times over: after each restart
# every acknowledged row is there exactly once. Prints cold start, idle memory and binary size.
set -uo pipefail
build=$(cd "$1" && pwd)
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
exec node "$here/../samples/restart.mjs" "$build" "${2:-6}"

#!/usr/bin/env bash
# Hostile input at every front door and query API of a running server: a clear error of the API's
# own within a bound, bounded memory, nothing acknowledged lost, and a server that still answers.
set -uo pipefail
build=$(cd "$1" && pwd)
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
exec node "$here/../samples/hostile.mjs" "$build"

# Sourced by the suites: a server on free loopback ports over a fresh directory, ended with the
# suite. Usage: start_server BUILD [FLAG…]; then $PORT, $OTLP_PORT, $DATA, $SERVER_LOG.
DATA=$(mktemp -d)
SERVER_LOG=$DATA/server.log
SERVER_PID=
stop_server() {
  [ -z "$SERVER_PID" ] || kill "$SERVER_PID" 2>/dev/null || true
  [ -z "$SERVER_PID" ] || wait "$SERVER_PID" 2>/dev/null || true
  SERVER_PID=
}
trap 'stop_server; rm -rf "$DATA"' EXIT
start_server() {
  local build=$1
  shift
  "$build/bin/quarterdeck" --data "$DATA/store" --listen 127.0.0.1:0 --otlp 127.0.0.1:0 "$@" \
    2>"$SERVER_LOG" &
  SERVER_PID=$!
  local i
  for i in $(seq 200); do
    grep -q '"msg":"ready"' "$SERVER_LOG" && break
    kill -0 "$SERVER_PID" 2>/dev/null || { cat "$SERVER_LOG"; echo "0 passed, 1 failed"; exit 1; }
    sleep 0.05
  done
  PORT=$(sed -nE 's#.*"msg":"ready".*127\.0\.0\.1:([0-9]+)".*#\1#p' "$SERVER_LOG" | tail -1)
  OTLP_PORT=$(sed -nE 's/.*"otlpPort":([0-9]+).*/\1/p' "$SERVER_LOG" | tail -1)
  export PORT OTLP_PORT DATA
}

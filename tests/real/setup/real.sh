#!/bin/bash
# A real Vendure 3.7.3 (npm) and a real Tryton 6.0 (Debian packages) on private ports of 127.0.0.1.
#
#   real.sh probe        can it run here? prints why not and exits 3
#   real.sh setup <dir>  installs, creates and seeds (about 3 minutes the first time, then nothing)
#   real.sh start <dir>  starts PostgreSQL, Tryton and Vendure; prints their addresses as JSON
#   real.sh stop  <dir>  stops Tryton and Vendure
#   real.sh reset <dir>  stops both and restores the freshly seeded databases (seconds)
#   real.sh down  <dir>  stops everything, PostgreSQL too
#
# <dir> must be reachable by the user postgres (not below a folder of mode 0700). Ports are chosen free on the
# first call and remembered in <dir>/ports. Processes are stopped by the pid that start wrote down, no other.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/postgres.sh"
. "$here/tryton.sh"
. "$here/vendure.sh"
unset PYTHONPATH PYTHONDONTWRITEBYTECODE || true
command=${1:?probe|setup|start|stop|reset|down}

probe() {
  [ "$(uname -s)" = Linux ] || { echo "the real Tryton is installed from Debian packages; this is $(uname -s)"; exit 3; }
  for tool in dpkg npm node curl setsid /usr/bin/python3; do
    command -v "$tool" >/dev/null || { echo "$tool is missing"; exit 3; }
  done
  local missing
  missing=$(tryton_missing | tr '\n' ' ')
  [ -z "$missing" ] && return 0
  if [ "$(id -u)" != 0 ]; then echo "these packages are missing and only root can install them: $missing"; exit 3; fi
  command -v apt-get >/dev/null || { echo "apt-get is missing and these packages are needed: $missing"; exit 3; }
}
if [ "$command" = probe ]; then probe; exit 0; fi

work=$(mkdir -p "${2:?work folder}" && cd "$2" && pwd)
if [ ! -f "$work/ports" ]; then
  node -e '
    const net = require("node:net")
    const servers = ["PG_PORT", "TRYTON_PORT", "VENDURE_PORT"].map((name) => [name, net.createServer()])
    Promise.all(servers.map(([name, s]) => new Promise((done) =>
      s.listen(0, "127.0.0.1", () => { console.log(`${name}=${s.address().port}`); done() }))))
      .then(() => { for (const [, s] of servers) s.close() })' > "$work/ports"
fi
. "$work/ports"

case $command in
  setup) probe; tryton_setup; vendure_setup ;;
  start)
    tryton_start
    vendure_start
    printf '{"tryton":"http://127.0.0.1:%s","vendure":"http://127.0.0.1:%s","postgres":"postgres://%s@127.0.0.1:%s"}\n' \
      "$TRYTON_PORT" "$VENDURE_PORT" "$PG_USER" "$PG_PORT"
    ;;
  stop) tryton_stop; vendure_stop ;;
  reset) tryton_reset; vendure_reset ;;
  down) tryton_stop; vendure_stop; pg_down ;;
  *) echo "unknown command: $command" >&2; exit 2 ;;
esac

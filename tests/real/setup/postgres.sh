# Sourced: a private PostgreSQL cluster in $work/pg on loopback, no system service touched. Super-user "real",
# trust authentication. postgres refuses to run as root, so then the cluster belongs to system user postgres.
PG_USER=real
pg_bin() { ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1; }
pg_as() { if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }
pg_sql() { PGOPTIONS="-c client_min_messages=warning" "$(pg_bin)/psql" -q -h 127.0.0.1 -p "$PG_PORT" -U $PG_USER -d postgres "$@"; }

pg_up() {
  local dir=$work/pg bin
  bin=$(pg_bin)
  mkdir -p "$dir"
  if [ "$(id -u)" = 0 ]; then
    chown postgres "$dir"
    runuser -u postgres -- test -x "$dir" || { echo "$dir is not reachable by user postgres" >&2; return 1; }
  fi
  if [ ! -f "$dir/data/PG_VERSION" ]; then
    pg_as "$bin/initdb" -D "$dir/data" -U $PG_USER -A trust -E UTF8 --locale=C.UTF-8 >/dev/null 2>&1
    # seeded data that can be made again: durability is switched off
    cat >> "$dir/data/postgresql.conf" <<CONF
listen_addresses = '127.0.0.1'
port = $PG_PORT
unix_socket_directories = '$dir'
max_connections = 100
shared_buffers = 64MB
fsync = off
synchronous_commit = off
full_page_writes = off
CONF
  fi
  if ! pg_as "$bin/pg_ctl" -D "$dir/data" status >/dev/null 2>&1; then
    (cd / && pg_as "$bin/pg_ctl" -D "$dir/data" -l "$dir/postgres.log" -w start) </dev/null >/dev/null
  fi
  "$bin/pg_isready" -q -h 127.0.0.1 -p "$PG_PORT"
}
pg_down() {
  local bin
  bin=$(pg_bin)
  [ -d "$work/pg/data" ] || return 0
  if pg_as "$bin/pg_ctl" -D "$work/pg/data" status >/dev/null 2>&1; then
    (cd / && pg_as "$bin/pg_ctl" -D "$work/pg/data" -m fast -w stop) >/dev/null
  fi
}
pg_has() { pg_sql -Atc "select 1 from pg_database where datname = '$1'" | grep -q 1; }
pg_drop() { pg_sql -c "drop database if exists \"$1\" with (force)"; }
pg_copy() { pg_drop "$2"; pg_sql -c "create database \"$2\" template \"$1\""; }

# wait_stopped <pid file>: TERM, then KILL after 10 s, by the pid that our own start wrote down
stop_pid() {
  [ -f "$1" ] || return 0
  local p
  p=$(cat "$1")
  kill "$p" 2>/dev/null || true
  for _ in $(seq 100); do kill -0 "$p" 2>/dev/null || break; sleep 0.1; done
  if kill -0 "$p" 2>/dev/null; then kill -9 "$p"; fi
  rm -f "$1"
}
alive() { [ -f "$1" ] && kill -0 "$(cat "$1")" 2>/dev/null; }
# wait_http <seconds> <pid file> <log> <curl arguments…>
wait_http() {
  local seconds=$1 pidfile=$2 log=$3
  shift 3
  for _ in $(seq $((seconds * 10))); do
    curl -fsS -o /dev/null --max-time 5 "$@" 2>/dev/null && return 0
    alive "$pidfile" || { tail -20 "$log" >&2; return 1; }
    sleep 0.1
  done
  echo "no answer within $seconds s, see $log" >&2
  return 1
}

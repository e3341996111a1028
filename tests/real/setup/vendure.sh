# Sourced: Vendure 3.7.3 from npm as a headless shop, Shop API and Admin API over GraphQL.
export VENDURE_DISABLE_TELEMETRY=true
vendure_env() {
  export VENDURE_PORT VENDURE_PG_PORT=$PG_PORT VENDURE_PG_USER=$PG_USER VENDURE_DB=vendure
  mkdir -p "$work/vendure/assets"
  cp "$here"/vendure/* "$work/vendure/"
}
vendure_install() {
  [ -d "$work/vendure/node_modules/@vendure/core" ] && return 0
  # nothing here needs an install script: bcrypt ships prebuilt binaries, pg is plain JavaScript
  (cd "$work/vendure" && npm ci --ignore-scripts --no-audit --no-fund) >"$work/npm.log" 2>&1
}
vendure_setup() {
  vendure_env
  vendure_install
  pg_up
  pg_has vendure_pristine && return 0
  pg_drop vendure
  pg_sql -c 'create database vendure'
  (cd "$work/vendure" && node populate.mjs) >"$work/vendure/populate.log" 2>&1 ||
    { tail -20 "$work/vendure/populate.log" >&2; return 1; }
  pg_sql -c 'alter database vendure rename to vendure_pristine'
  pg_copy vendure_pristine vendure
}
vendure_start() {
  vendure_env
  pg_up
  alive "$work/vendure/pid" && return 0
  (cd "$work/vendure" && exec setsid node server.mjs) >"$work/vendure/server.log" 2>&1 </dev/null &
  echo $! > "$work/vendure/pid"
  wait_http 90 "$work/vendure/pid" "$work/vendure/server.log" "http://127.0.0.1:$VENDURE_PORT/health"
}
vendure_stop() { stop_pid "$work/vendure/pid"; }
vendure_reset() { vendure_stop; pg_up; pg_copy vendure_pristine vendure; }

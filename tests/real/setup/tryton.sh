# Sourced: Tryton 6.0 from Debian packages as a headless ERP over JSON-RPC.
# PostgreSQL only: on SQLite the Debian build fails while activating modules (KeyError in trytond/pool.py).
TRYTON_MODULES="sale stock account_invoice account_invoice_stock sale_shipment_cost stock_package_shipping"
TRYTON_PACKAGES="tryton-server tryton-proteus tryton-modules-sale tryton-modules-stock tryton-modules-account-invoice
 tryton-modules-account-invoice-stock tryton-modules-sale-shipment-cost tryton-modules-stock-package-shipping
 python3-psycopg2 python3-tz postgresql-15"

tryton_missing() {
  local p
  for p in $TRYTON_PACKAGES; do
    [ "$p" = postgresql-15 ] && [ -n "$(pg_bin)" ] && continue
    dpkg -s "$p" >/dev/null 2>&1 || echo "$p"
  done
}
tryton_install() {
  local missing
  missing=$(tryton_missing)
  [ -z "$missing" ] && return 0
  apt-get update -qq
  # shellcheck disable=SC2086
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >"$work/apt.log" 2>&1
}
tryton_config() {
  mkdir -p "$work/tryton/data"
  cat > "$work/tryton/trytond.conf" <<CONF
[database]
uri = postgresql://$PG_USER@127.0.0.1:$PG_PORT
path = $work/tryton/data
[web]
listen = 127.0.0.1:$TRYTON_PORT
[session]
timeout = 86400
max_attempt = 1000000
[queue]
worker = False
[cache]
clean_timeout = 0
CONF
  printf '%s' "admin-$TRYTON_PORT" > "$work/tryton/passfile"
  chmod 600 "$work/tryton/passfile"
}
tryton_admin() { TRYTONPASSFILE="$work/tryton/passfile" trytond-admin -c "$work/tryton/trytond.conf" -d erp "$@" </dev/null; }
tryton_setup() {
  tryton_install
  tryton_config
  pg_up
  pg_has erp_pristine && return 0
  pg_drop erp
  pg_sql -c 'create database erp'
  tryton_admin --all --email admin@example.test >"$work/tryton/init.log" 2>&1
  # shellcheck disable=SC2086
  tryton_admin -u $TRYTON_MODULES --activate-dependencies >>"$work/tryton/init.log" 2>&1
  /usr/bin/python3 -W ignore "$here/tryton-seed.py" "$work/tryton/trytond.conf" erp > "$work/tryton/seed.json"
  pg_sql -c 'alter database erp rename to erp_pristine'
  pg_copy erp_pristine erp
}
tryton_start() {
  tryton_config
  pg_up
  alive "$work/tryton/pid" && return 0
  setsid trytond -c "$work/tryton/trytond.conf" -d erp >"$work/tryton/server.log" 2>&1 </dev/null &
  echo $! > "$work/tryton/pid"
  wait_http 60 "$work/tryton/pid" "$work/tryton/server.log" -H 'content-type: application/json' \
    -d '{"id":0,"method":"common.db.list","params":[]}' "http://127.0.0.1:$TRYTON_PORT/"
}
tryton_stop() { stop_pid "$work/tryton/pid"; }
tryton_reset() { tryton_stop; pg_up; pg_copy erp_pristine erp; }

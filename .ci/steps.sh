# Steps of .ci/run that are more than one command. Functions reach `timeout` through bash -c (export -f).

# What the tests use of the system: PostgreSQL, Redis, MariaDB, an SFTP server, a browser, and the Debian packages of the real ERP.
system_packages() {
  local missing=() package
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "skipped: system packages: not root on Debian, so what is missing stays missing"
    return 0
  fi
  for package in postgresql redis-server mariadb-server openssh-server chromium python3 curl git $(real_packages); do
    dpkg -s "$package" >/dev/null 2>&1 || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  # packages must not start services of their own: tests start private ones
  local policy=/usr/sbin/policy-rc.d ours=
  if [ ! -e $policy ]; then printf '#!/bin/sh\nexit 101\n' >$policy && chmod 755 $policy && ours=1; fi
  apt-get update -qq && apt-get install -y -qq --no-install-recommends "${missing[@]}"
  local status=$?
  [ -z "$ours" ] || rm -f $policy
  return $status
}

# The Debian packages that the real Tryton needs and that are not there; its own set-up script knows them.
real_packages() {
  [ -f tests/real/setup/tryton.sh ] || return 0
  bash -c 'here=$PWD/tests/real/setup; . "$here/postgres.sh"; . "$here/tryton.sh"; tryton_missing'
}

# The README's first command as a stranger gives it: a fresh clone, an empty npm cache, nothing configured.
fresh_clone() {
  local folder
  folder=$(mktemp -d "$work/clone-XXXXXX")
  git clone -q "$project" "$folder/tributary" && cd "$folder/tributary" || return 1
  export npm_config_cache=$folder/npm-cache PATH=$PATH_BEFORE
  npm ci --no-audit --no-fund && npm start -- --orders 200 --exit
}

# script <name> [arguments]: npm run <name>. A script that is not there is said, not passed over.
script() {
  local name=$1
  shift
  if ! node -e 'process.exit(require("./package.json").scripts[process.argv[1]] ? 0 : 1)' "$name"; then
    echo "skipped: $name: package.json has no such script"
    return 0
  fi
  npm run --silent "$name" -- "$@"
}

export work project
export -f system_packages real_packages fresh_clone script

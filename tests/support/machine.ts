/**
 * What this machine lets the tests use. Each function returns null when the thing is there, else one
 * sentence that says what to do; tests write `describe.skipIf(chromiumMissing())`.
 */
import { accessSync, constants, existsSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Full path of the first of these programs that is on PATH, or null. */
export function onPath(...names: string[]): string | null {
  for (const name of names) {
    for (const folder of (process.env.PATH ?? '').split(delimiter)) {
      const file = join(folder, name)
      if (folder && isExecutable(file)) return file
    }
  }
  return null
}

/** The newest installed PostgreSQL's program folder, or null. */
export function postgresFolder(): string | null {
  const debian = '/usr/lib/postgresql'
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : []
  for (const version of versions) {
    const bin = join(debian, version, 'bin')
    if (isExecutable(join(bin, 'initdb'))) return bin
  }
  return onPath('initdb')?.replace(/\/initdb$/, '') ?? null
}

/** Redis or Valkey, or null. */
export function redisProgram(): string | null {
  return onPath('redis-server', 'valkey-server')
}

/** The browser for tests of the console: `TRIBUTARY_TEST_CHROMIUM`, else one on PATH, or null. */
export function chromiumProgram(): string | null {
  return process.env.TRIBUTARY_TEST_CHROMIUM || onPath('chromium', 'chromium-browser', 'google-chrome')
}

/** Why no PostgreSQL can be had for tests, or null when one can: `describe.skipIf(postgresMissing())`. */
export function postgresMissing(): string | null {
  if (process.env.TRIBUTARY_TEST_PG || postgresFolder()) return null
  return 'no PostgreSQL: set TRIBUTARY_TEST_PG to a superuser URL or install postgresql (15 or later)'
}

/** Full paths of MariaDB's server and of the program that makes its system tables, or null. */
export function mariadbPrograms(): { server: string; install: string } | null {
  const server = onPath('mariadbd', 'mysqld') ?? executable('/usr/sbin/mariadbd')
  const install = onPath('mariadb-install-db', 'mysql_install_db')
  return server && install ? { server, install } : null
}

/** Why no MariaDB can be had for tests, or null when one can. */
export function mariadbMissing(): string | null {
  return mariadbPrograms() ? null : 'no MariaDB: install mariadb-server'
}

/** OpenSSH's server and key generator, or null. It has to be started by its full path. */
export function sshdPrograms(): { server: string; keygen: string } | null {
  const server = onPath('sshd') ?? executable('/usr/sbin/sshd')
  const keygen = onPath('ssh-keygen')
  return server && keygen ? { server, keygen } : null
}

/** Why no SFTP server can be had for tests, or null when one can: its sessions run as the user who started it. */
export function sshdMissing(): string | null {
  return sshdPrograms() ? null : 'no SFTP server: install openssh-server'
}

/** Why no Redis can be had for tests, or null when one can. */
export function redisMissing(): string | null {
  if (process.env.TRIBUTARY_TEST_REDIS || redisProgram()) return null
  return 'no Redis: set TRIBUTARY_TEST_REDIS or install redis-server (or valkey-server)'
}

/** Why no browser can be had for tests, or null when one can. */
export function chromiumMissing(): string | null {
  return chromiumProgram() ? null : 'no browser: set TRIBUTARY_TEST_CHROMIUM or install chromium'
}

/** Why the real systems (Vendure, Tryton) are not started, or null when they are. */
export function realMissing(): string | null {
  if (process.env.TRIBUTARY_TEST_REAL === '1') return null
  return 'real systems: set TRIBUTARY_TEST_REAL=1 (installs a Vendure shop and a Tryton ERP; Debian 12, root, some minutes)'
}

/** The path where it can be run; null elsewhere. */
function executable(path: string): string | null {
  return isExecutable(path) ? path : null
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** A private MariaDB for one test: nothing is shared, everything lies under a temporary folder. */
import { execFileSync } from 'node:child_process'
import { chownSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createConnection } from 'mysql2/promise'
import { startChild } from './child.ts'
import { freePort } from './free-port.ts'
import { mariadbMissing, mariadbPrograms } from './machine.ts'
import { started, unprivileged } from './services.ts'

export interface MariadbService {
  port: number
  /** Runs statements as a user who may everything, in the database `shop`. */
  run(...statements: string[]): Promise<unknown>
  stop(): Promise<void>
}

/** With a database `shop`, and a user `reader` (password `example-reader`) who may only read it. Throws with its last words. */
export async function startMariadb(): Promise<MariadbService> {
  const programs = mariadbPrograms()
  if (!programs) throw new Error(mariadbMissing()!)
  const owner = unprivileged('mysql')
  const home = mkdtempSync(join(tmpdir(), 'tributary-maria-'))
  if (owner) chownSync(home, owner.uid, owner.gid)
  const data = join(home, 'data')
  const make = [
    '--no-defaults',
    `--datadir=${data}`,
    '--auth-root-authentication-method=normal',
    '--skip-test-db',
  ]
  execFileSync(programs.install, make, { cwd: home, stdio: 'pipe', ...owner })
  const port = await freePort()
  const args = [
    ...['--no-defaults', `--datadir=${data}`, `--port=${port}`, '--bind-address=127.0.0.1'],
    ...[`--socket=${join(home, 'sock')}`, `--pid-file=${join(home, 'pid')}`, '--skip-name-resolve'],
    ...['--innodb-flush-method=fsync', '--innodb-buffer-pool-size=32M', '--skip-log-bin'],
  ]
  const server = await startChild(programs.server, args, { cwd: home, ...owner })
  const root = { host: '127.0.0.1', port, user: 'root' }
  const run = async (statements: string[], database?: string) => {
    const client = await createConnection({ ...root, ...(database ? { database } : {}), charset: 'utf8mb4' })
    try {
      let last: unknown
      for (const statement of statements) [last] = await client.query(statement)
      return last
    } finally {
      await client.end()
    }
  }
  await started(server, async () => void (await run(['select 1'])))
  await run([
    'create database shop character set utf8mb4',
    "create user reader identified by 'example-reader'",
    'grant select on shop.* to reader',
  ])
  return {
    port,
    run: (...statements) => run(statements, 'shop'),
    async stop() {
      await server.end('SIGTERM')
      rmSync(home, { recursive: true, force: true })
    },
  }
}

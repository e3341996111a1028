/**
 * PostgreSQL and Redis for tests: the servers named by the environment, or private ones under a temporary
 * folder. Nothing is shared between two calls, so tests may run side by side.
 *
 * | variable               | meaning                                                                        |
 * |------------------------|--------------------------------------------------------------------------------|
 * | `TRIBUTARY_TEST_PG`    | URL of a PostgreSQL (15 or later) superuser; each call gets a database of its own |
 * | `TRIBUTARY_TEST_REDIS` | URL of a Redis or Valkey without a database number; each call gets its own number |
 *
 * Unset: programs are looked for on PATH and in /usr/lib/postgresql.
 */
import { execFileSync } from 'node:child_process'
import { chownSync, mkdtempSync, rmSync } from 'node:fs'
import { appendFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import pg from 'pg'
import { type Child, startChild } from './child.ts'
import { freePort } from './free-port.ts'
import { postgresFolder, postgresMissing, redisMissing, redisProgram } from './machine.ts'

export { postgresMissing, redisMissing }

export interface PostgresService {
  /** `postgres://…`: superuser, a database of its own, UTF-8. */
  url: string
  /**
   * A private server is really restarted on the same port (`crash`: without a checkpoint, as after a power
   * cut). A server named by the environment is not ours to restart: there all sessions of this database end.
   */
  restart(how?: 'fast' | 'crash'): Promise<void>
  stop(): Promise<void>
}

export interface RedisService {
  /** `redis://…` */
  url: string
  /** Forgets everything this service holds. */
  flush(): Promise<void>
  /**
   * A private server is killed and comes back empty on the same port (it persists nothing). A server named
   * by the environment is flushed and all its clients are cut off.
   */
  restart(): Promise<void>
  stop(): Promise<void>
}

/**
 * A database for one test. Options are lines for postgresql.conf (private servers only).
 * Throws with the server's own last words when it does not come up.
 */
export async function startPostgres(options: { config?: string[] } = {}): Promise<PostgresService> {
  const given = process.env.TRIBUTARY_TEST_PG
  if (given) return databaseOn(given)
  const bin = postgresFolder()
  if (!bin) throw new Error(postgresMissing()!)
  const owner = unprivileged('postgres')
  const home = mkdtempSync(join(tmpdir(), 'tributary-pg-'))
  if (owner) chownSync(home, owner.uid, owner.gid)
  const data = join(home, 'data')
  execFileSync(
    join(bin, 'initdb'),
    ['-D', data, '-U', 'tributary', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync'],
    {
      cwd: '/',
      stdio: 'pipe',
      ...owner,
    },
  )
  const port = await freePort()
  const lines = [
    "listen_addresses = '127.0.0.1'",
    `unix_socket_directories = '${home}'`,
    'max_connections = 200',
  ]
  await appendFile(join(data, 'postgresql.conf'), `${[...lines, ...(options.config ?? [])].join('\n')}\n`)
  const url = `postgres://tributary@127.0.0.1:${port}/postgres`
  const start = () =>
    startChild(join(bin, 'postgres'), ['-D', data, '-p', String(port)], { cwd: '/', ...owner })
  let server = await started(await start(), () => askPostgres(url))
  return {
    url,
    async restart(how = 'fast') {
      await server.end(how === 'fast' ? 'SIGINT' : 'SIGQUIT')
      server = await started(await start(), () => askPostgres(url))
    },
    async stop() {
      await server.end('SIGINT')
      rmSync(home, { recursive: true, force: true })
    },
  }
}

/** A Redis for one test: nothing on disk, nothing evicted. Throws with the server's last words. */
export async function startRedis(): Promise<RedisService> {
  const given = process.env.TRIBUTARY_TEST_REDIS
  if (given) return numberOn(given)
  const program = redisProgram()
  if (!program) throw new Error(redisMissing()!)
  const home = mkdtempSync(join(tmpdir(), 'tributary-redis-'))
  const port = await freePort()
  const url = `redis://127.0.0.1:${port}`
  const args = [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--dir',
    home,
    '--save',
    '',
    '--appendonly',
    'no',
  ]
  const start = () => startChild(program, [...args, '--maxmemory-policy', 'noeviction'], { cwd: home })
  let server = await started(await start(), () => askRedis(url, 'ping'))
  return {
    url,
    flush: () => askRedis(url, 'flushall'),
    async restart() {
      await server.end('SIGKILL')
      server = await started(await start(), () => askRedis(url, 'ping'))
    },
    async stop() {
      await server.end('SIGTERM')
      rmSync(home, { recursive: true, force: true })
    },
  }
}

/** Waits up to 30 s until the server answers. */
export async function started(child: Child, ask: () => Promise<void>): Promise<Child> {
  const gone = child.ended.then(() => true)
  let last: unknown
  for (let tries = 0; tries < 300; tries++) {
    try {
      await ask()
      return child
    } catch (error) {
      last = error
    }
    if (await Promise.race([gone, sleep(100, false)])) throw new Error(`it ended at once:\n${child.tail()}`)
  }
  await child.end('SIGKILL')
  throw new Error(`no answer within 30 s:\n${child.tail()}`, { cause: last })
}

async function askPostgres(url: string, ...statements: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 })
  try {
    await client.connect()
    for (const statement of ['select 1', ...statements]) await client.query(statement)
  } finally {
    await client.end()
  }
}

async function askRedis(url: string, command: string, ...args: string[]): Promise<void> {
  const client = new Redis(url, { lazyConnect: true, retryStrategy: () => null, connectTimeout: 2_000 })
  // ioredis also emits what connect() throws; without a listener it prints it
  let last: unknown
  client.on('error', (error) => {
    last = error
  })
  try {
    await client.connect()
    await client.call(command, ...args)
  } catch (error) {
    throw new Error(`redis did not answer ${command}`, { cause: last ?? error })
  } finally {
    client.disconnect()
  }
}

let databases = 0

/** A database of its own on a server that is not ours. */
async function databaseOn(superuser: string): Promise<PostgresService> {
  const name = `tributary_test_${process.pid}_${Date.now()}_${++databases}`
  await askPostgres(superuser, `create database ${name} encoding 'UTF8' template template0`)
  const url = new URL(superuser)
  url.pathname = `/${name}`
  const sessions = `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`
  return {
    url: url.href,
    restart: () => askPostgres(superuser, sessions),
    stop: () => askPostgres(superuser, `drop database if exists ${name} with (force)`),
  }
}

/** A database number of its own (of the usual 16) on a Redis that is not ours. */
async function numberOn(server: string): Promise<RedisService> {
  const url = new URL(server)
  const worker = Number(process.env.VITEST_POOL_ID ?? 0)
  url.pathname = `/${(worker * 4 + (databases++ % 4)) % 16}`
  const flush = () => askRedis(url.href, 'flushdb')
  await flush()
  return {
    url: url.href,
    flush,
    restart: async () => {
      await flush()
      await askRedis(server, 'client', 'kill', 'type', 'normal', 'skipme', 'yes')
    },
    stop: flush,
  }
}

/** A server that refuses to run as root runs as this system user. Undefined when we are not root. */
export function unprivileged(user: string): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const ask = (flag: string) => Number(execFileSync('id', [flag, user], { encoding: 'utf8' }))
  return { uid: ask('-u'), gid: ask('-g') }
}

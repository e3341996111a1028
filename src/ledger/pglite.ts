/**
 * The embedded ledger: PostgreSQL inside the process (PGlite), on a folder. Safe against the death of the
 * process and of the machine: every commit is fsynced, and the folder is locked by the kernel.
 */
import { execFile } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import pg from 'pg'
import { ledgerError } from '../core/errors/ledger.ts'
import { insideTransaction } from '../core/transaction-guard.ts'
import { KEEP_WASM_CODE, keepWasmCode } from '../core/wasm-code.ts'
import { again, type Database, type PoolShape, type Queryable, type Result, STALE_PLAN } from './database.ts'
import { type FolderLock, lockFolder } from './folder-lock.ts'
import { type Copies, copyCluster } from './pglite-snapshot.ts'
import { WorkerStream } from './pglite-stream.ts'
import { poolShape, run } from './postgres.ts'
import { SessionLock } from './session-lock.ts'
import { pgTypes } from './types.ts'

/** Tables whose rows change all the time and leave dead ones behind. */
const HOT = [
  'tributary.inbox',
  'tributary.document',
  'tributary.push',
  'tributary.stream',
  'tributary.schedule_tick',
  'tributary.alert',
  'tributary.arrival',
  'tributary.duty',
  'bullmq.job',
  'bullmq.event',
  'bullmq.dedup',
  'bullmq.dedup_next',
  'bullmq.meta',
  'bullmq.metrics',
]

/** Milliseconds. */
const VACUUM_EVERY = 60_000
/** Pages. Whatever plan is made for such a table, it does not matter. */
const SMALL = 8

/** Prepared statements keep a plan that was made for a smaller table: counting it anew throws the plan away. */
const SIZES = `
select format('%I.%I', n.nspname, c.relname) as "table", (pg_relation_size(c.oid) / 8192)::int as pages,
       exists (select 1 from pg_statistic s where s.starelid = c.oid) as counted
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
 where n.nspname in ('tributary', 'bullmq') and c.relkind = 'r' and pg_relation_size(c.oid) / 8192 > ${SMALL}`

interface TableSize {
  table: string
  pages: number
  /** There are statistics. */
  counted: boolean
}

interface Parts {
  worker: Worker
  client: pg.Client
  lock: FolderLock
  /** Folder of the database's files. */
  cluster: string
}

class Embedded implements Database {
  readonly kind = 'pglite' as const
  #worker: Worker
  #client: pg.Client
  #lock: FolderLock
  #cluster: string
  #session = new SessionLock()
  #channels = new Map<string, Set<(payload: string) => void>>()
  #dead: Error | null = null
  #vacuumed = Date.now()
  /** Pages of each table when its statistics were made, or when this process first saw it. */
  #counted = new Map<string, number>()
  #onLost: (error: Error) => void

  constructor(parts: Parts, onLost: (error: Error) => void) {
    const { worker, client, lock, cluster } = parts
    this.#onLost = onLost
    this.#cluster = cluster
    this.#worker = worker
    this.#client = client
    this.#lock = lock
    worker.on('error', (error) => this.#die(error))
    worker.on('exit', () => this.#die(ledgerError('LEDGER_EMBEDDED_STOPPED')))
    client.on('error', (error) => this.#die(error))
    client.on('notification', ({ channel, payload }) => {
      for (const receive of this.#channels.get(channel) ?? []) receive(payload ?? '')
    })
  }

  /** What waits for an answer learns that none will come. */
  #die(error: Error): void {
    if (this.#dead) return
    this.#dead = error
    this.#client.connection.stream.destroy(error)
    this.#onLost(error)
  }

  /** One statement on the session, whoever holds it. */
  async #run<R>(sql: string, params?: unknown[]): Promise<Result<R>> {
    if (this.#dead) {
      // whoever asks again at once must leave others their turn, or nobody hears of the loss
      await new Promise((resolve) => setImmediate(resolve))
      throw this.#dead
    }
    try {
      return await run<R>(this.#client, sql, params)
    } catch (error) {
      throw this.#dead ?? error
    }
  }

  async query<R>(sql: string, params?: unknown[]): Promise<Result<R>> {
    const release = await this.#session.acquire()
    try {
      return await again(() => this.#run<R>(sql, params), [STALE_PLAN])
    } finally {
      release()
    }
  }

  transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T> {
    return again(async () => {
      const release = await this.#session.acquire()
      try {
        await this.#run('begin')
        const value = await insideTransaction(() => work({ query: (sql, params) => this.#run(sql, params) }))
        await this.#run('commit')
        return value
      } catch (error) {
        await this.#run('rollback')
        throw error
      } finally {
        release()
      }
    })
  }

  async listen(channel: string, receive: (payload: string) => void): Promise<() => Promise<void>> {
    const known = this.#channels.get(channel)
    if (known) known.add(receive)
    else {
      this.#channels.set(channel, new Set([receive]))
      await this.query(`listen "${channel}"`)
    }
    return async () => {
      this.#channels.get(channel)?.delete(receive)
    }
  }

  pool(): PoolShape {
    return poolShape({
      run: (sql, params) => this.query(sql, params),
      pin: async () => {
        const release = await this.#session.acquire()
        return { run: (sql, params) => this.#run(sql, params), unpin: async () => release() }
      },
      listen: (channel, receive) => this.listen(channel, receive),
    })
  }

  async tidy(): Promise<void> {
    if (Date.now() - this.#vacuumed > VACUUM_EVERY) {
      this.#vacuumed = Date.now()
      for (const table of HOT) await this.query(`vacuum ${table}`)
    }
    for (const { table, pages, counted } of (await this.query<TableSize>(SIZES)).rows) {
      const before = this.#counted.get(table) ?? (counted ? pages : 0)
      const grown = pages > 2 * before
      if (grown) await this.query(`analyze ${table}`)
      this.#counted.set(table, grown ? pages : before)
    }
  }

  /** Files first copied while work goes on, then what changed since while the session is held. */
  async snapshot(folder: string): Promise<void> {
    const copies: Copies = new Map()
    const to = path.join(folder, 'pg')
    await this.query('checkpoint')
    await copyCluster(this.#cluster, to, copies)
    const release = await this.#session.acquire()
    try {
      await this.#run('checkpoint')
      await copyCluster(this.#cluster, to, copies)
    } finally {
      release()
    }
  }

  /** Number of fsync calls since start. */
  async fsyncs(): Promise<number> {
    return (await ask<{ fsyncs: number }>(this.#worker, 'fsyncs')).fsyncs ?? 0
  }

  async close(): Promise<void> {
    if (!this.#dead) {
      const release = await this.#session.acquire()
      this.#dead ??= ledgerError('LEDGER_EMBEDDED_STOPPED')
      await ask(this.#worker, 'close')
      release()
    }
    await this.#worker.terminate()
    this.#lock.release()
  }
}

/** A message to the worker that is answered by an object; statements and their answers are bytes. */
function ask<T>(worker: Worker, what: 'fsyncs' | 'close'): Promise<Partial<T>> {
  return new Promise((resolve) => {
    const end = (answer: Partial<T>) => {
      worker.off('message', receive).off('exit', gone)
      resolve(answer)
    }
    const receive = (answer: unknown) => {
      if (!(answer instanceof Uint8Array)) end(answer as T)
    }
    const gone = () => end({})
    worker.on('message', receive).on('exit', gone)
    worker.postMessage(what)
  })
}

/** Our own modules have the extension that this one has: .ts from a clone, .js from a package. */
function sibling(name: string): URL {
  return new URL(`./${name}${path.extname(import.meta.filename)}`, import.meta.url)
}

/**
 * Creates the cluster in a process of its own: making one needs 0.5 GB and more, which the long-lived
 * process would keep.
 */
async function createCluster(folder: string): Promise<void> {
  const script = `import { PGlite } from ${JSON.stringify(import.meta.resolve('@electric-sql/pglite'))}
    const pg = await PGlite.create(process.argv[1]); await pg.exec('checkpoint'); await pg.close()`
  const making = `${folder}.new`
  fs.rmSync(making, { recursive: true, force: true })
  const args = [KEEP_WASM_CODE, '--input-type=module', '-e', script, making]
  await promisify(execFile)(process.execPath, args, { timeout: 120_000 })
  fs.renameSync(making, folder)
}

/** Creates the cluster of an embedded ledger that is opened soon, where there is none yet. */
export async function prepareFolder(folder: string): Promise<void> {
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 })
  const cluster = path.join(folder, 'pg')
  if (!fs.existsSync(path.join(cluster, 'PG_VERSION'))) await createCluster(cluster)
}

/**
 * Opens (and on first use creates) the embedded ledger in `folder`.
 * Throws LEDGER_FOLDER_HELD when another process owns the folder. `onLost` is told when the database's thread
 * ends by itself; every later statement throws that error.
 */
export async function openPglite(
  folder: string,
  onLost: (error: Error) => void = () => undefined,
): Promise<Database & { fsyncs(): Promise<number> }> {
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 })
  const lock = lockFolder(folder)
  try {
    const cluster = path.join(folder, 'pg')
    if (!fs.existsSync(path.join(cluster, 'PG_VERSION'))) await createCluster(cluster)
    // left behind by a killed owner; we hold the folder's lock, so nobody else can be in there
    fs.rmSync(path.join(cluster, 'postmaster.pid'), { force: true })
    keepWasmCode()
    const worker = new Worker(sibling('pglite-worker'), {
      workerData: { folder: cluster },
      // it only hands bytes through; without a limit its garbage takes 20 MB
      resourceLimits: { maxYoungGenerationSizeMb: 4 },
    })
    const ready = await new Promise<{ ready: boolean; error?: string }>((resolve, reject) => {
      worker.once('message', resolve)
      worker.once('error', reject)
    })
    if (!ready.ready) {
      await worker.terminate()
      throw ledgerError('LEDGER_EMBEDDED_UNREADABLE', { folder, problem: ready.error ?? 'unknown' })
    }
    const client = new pg.Client({
      stream: () => new WorkerStream(worker),
      ssl: false,
      user: 'postgres',
      types: pgTypes as unknown as pg.CustomTypesConfig,
    })
    await client.connect()
    return new Embedded({ worker, client, lock, cluster }, onLost)
  } catch (error) {
    lock.release()
    throw error
  }
}

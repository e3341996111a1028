/** Opens the ledger and the queue in the size that the configuration names. */
import { ledgerError } from '../core/errors/ledger.ts'
import type { Database } from '../ledger/database.ts'
import { migrate } from '../ledger/migrate.ts'
import { openPglite } from '../ledger/pglite.ts'
import { openPostgres } from '../ledger/postgres.ts'
import { takeOver } from '../ledger/takeover.ts'
import { openQueue } from '../queue/bullmq.ts'
import type { Queue } from '../queue/queue.ts'
import type { Config } from './config.ts'
import type { Log } from './log.ts'

/** How long a database that does not answer yet (a stack that is starting) is waited for. Milliseconds. */
const PATIENCE = 30_000

/** Errors that mean that the server is away or starting, not that we are wrong. */
const AWAY = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  '57P03',
  '57P01',
  '08006',
])

/**
 * Opens and migrates the ledger. Throws LEDGER_UNREACHABLE after 30 s without an answer, LEDGER_FOLDER_HELD
 * when another process owns the embedded folder.
 */
export async function openLedger(storage: Config['storage'], log: Log): Promise<Database> {
  const db = storage.database
    ? openPostgres({ url: storage.database, onError: (error) => log.warn({ event: 'database.lost', error }) })
    : await openPglite(storage.data, endProcess)
  try {
    const { applied } = await patiently(() => migrate(db, storage.redis === null), log)
    if (applied.length > 0) log.info({ event: 'ledger.migrated', migrations: applied })
    if (db.kind === 'pglite') await takeOver(db)
    return db
  } catch (error) {
    await db.close()
    throw error
  }
}

/** A process whose embedded database is gone can do nothing more: it ends, and is started again. */
function endProcess(cause: Error): void {
  setImmediate(() => {
    throw ledgerError('LEDGER_EMBEDDED_STOPPED', {}, cause)
  })
}

async function patiently<T>(work: () => Promise<T>, log: Log): Promise<T> {
  const end = Date.now() + PATIENCE
  for (;;) {
    try {
      return await work()
    } catch (error) {
      const code = (error as { code?: string }).code ?? ''
      if (!AWAY.has(code)) throw error
      if (Date.now() > end) throw ledgerError('LEDGER_UNREACHABLE', { problem: code }, error)
      log.warn({ event: 'database.waiting', code })
      await new Promise((resolve) => setTimeout(resolve, 1000))
    }
  }
}

/** The queue on Redis where one is configured, else on the ledger's database. */
export async function openLedgerQueue(storage: Config['storage'], db: Database, log: Log): Promise<Queue> {
  const store = storage.redis ? { redis: storage.redis } : { pool: db.pool() }
  const queue = openQueue(store, (what, error) => log.warn({ event: 'queue.trouble', what, error }))
  await queue.ready()
  return queue
}

/**
 * Backup: the whole ledger as one gzipped text file, the same for both kinds of database, so that a backup
 * of an embedded ledger restores on a server and the other way round.
 *
 * Line 1 is the head, then per table one line with its columns and one line per row (values as PostgreSQL
 * prints them, or null), and a last line with the number of rows per table, which proves that nothing was
 * cut off. It is read in one repeatable-read transaction: on a server from its snapshot, while everything
 * goes on. The embedded database has one session, which such a transaction would keep from webhooks; there
 * the files are copied first (pglite-snapshot.ts), and the copy is read as a ledger of its own.
 * The queue is not in it: the sweeper rebuilds it from the ledger.
 */
import fs from 'node:fs'
import path from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { ledgerError } from '../core/errors/ledger.ts'
import type { Database, Queryable } from './database.ts'
import { openPglite } from './pglite.ts'
import { ledgerTables, type Table } from './tables.ts'

export const BACKUP_FORMAT = 'tributary-backup'
export const BACKUP_VERSION = 1

export interface BackupHead {
  format: string
  version: number
  migration: number
  installation: string
  at: string
  /** Sequence → the last number it gave. */
  sequences: Record<string, number>
}

export interface BackupMade {
  path: string
  bytes: number
  migration: number
}

/**
 * Writes a consistent copy into the new file `to` (absolute; mode 0600, for it holds personal data). It
 * appears under its name when it is complete and on the disk. Throws LEDGER_BACKUP_EXISTS, and what the
 * file system or the database throws.
 */
export async function backupLedger(db: Database, to: string): Promise<BackupMade> {
  refuseExisting(to)
  if (!db.snapshot) return writeBackup(db, to)
  const folder = fs.mkdtempSync(path.join(path.dirname(to), '.tributary-backup-'))
  try {
    await db.snapshot(folder)
    const copy = await openPglite(folder)
    try {
      return await writeBackup(copy, to)
    } finally {
      await copy.close()
    }
  } finally {
    fs.rmSync(folder, { recursive: true, force: true })
  }
}

function refuseExisting(file: string): void {
  if (fs.existsSync(file)) throw ledgerError('LEDGER_BACKUP_EXISTS', { file })
}

async function writeBackup(db: Database, to: string): Promise<BackupMade> {
  const temporary = `${to}.${process.pid}.tmp`
  try {
    const migration = await db.transaction(async (tx) => {
      await prepare(tx)
      const head = await readHead(tx)
      await pipeline(
        Readable.from(lines(tx, head), { objectMode: true }),
        createGzip({ level: 6 }),
        fs.createWriteStream(temporary, { mode: 0o600, flush: true }),
      )
      return head.migration
    })
    publish(temporary, to)
    return { path: to, bytes: fs.statSync(to).size, migration }
  } finally {
    fs.rmSync(temporary, { force: true })
  }
}

/** The name appears at once and never over another file; then the folder's entry is on the disk too. */
function publish(temporary: string, to: string): void {
  try {
    fs.linkSync(temporary, to)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') throw ledgerError('LEDGER_BACKUP_EXISTS', { file: to })
    // a file system without hard links
    refuseExisting(to)
    fs.renameSync(temporary, to)
  }
  const folder = fs.openSync(path.dirname(to), 'r')
  try {
    fs.fsyncSync(folder)
  } finally {
    fs.closeSync(folder)
  }
}

/** One snapshot for all statements, and values printed the same whatever the server's settings. */
async function prepare(tx: Queryable): Promise<void> {
  await tx.query('set transaction isolation level repeatable read, read only')
  await tx.query(
    `set local bytea_output = 'hex'; set local datestyle = 'ISO, MDY'; set local timezone = 'UTC';
     set local extra_float_digits = 1; set local search_path = tributary`,
  )
}

async function readHead(tx: Queryable): Promise<BackupHead> {
  const { rows } = await tx.query<{ id: string; migration: number; at: Date }>(
    'select id, (select max(number) from ledger_migration) as migration, now() as at from installation',
  )
  const { rows: sequences } = await tx.query<{ name: string; last: number | null }>(
    `select sequencename as name, last_value as last from pg_sequences where schemaname = 'tributary'`,
  )
  const { id, migration, at } = rows[0]!
  return {
    format: BACKUP_FORMAT,
    version: BACKUP_VERSION,
    migration,
    installation: id,
    at: at.toISOString(),
    sequences: Object.fromEntries(sequences.map((s) => [s.name, s.last ?? 0])),
  }
}

async function* lines(tx: Queryable, head: BackupHead): AsyncGenerator<string> {
  yield `${JSON.stringify(head)}\n`
  const counts: Record<string, number> = {}
  for (const table of await ledgerTables(tx)) {
    yield `${JSON.stringify({ table: table.name, columns: table.columns.map((c) => c.name) })}\n`
    counts[table.name] = 0
    for await (const rows of readTable(tx, table)) {
      counts[table.name]! += rows.length
      yield rows.map((row) => `${row}\n`).join('')
    }
  }
  yield `${JSON.stringify({ end: counts })}\n`
}

/** Rows as JSON, page by page through a cursor; tables with bodies in smaller pages, so that memory stays bounded. */
async function* readTable(tx: Queryable, table: Table): AsyncGenerator<string[]> {
  const page = table.columns.some((c) => c.type === 'bytea') ? 20 : 500
  const fields = table.columns.map((c) => `"${c.name}"::text`)
  const order = table.key.length > 0 ? ` order by ${table.key.map((c) => `"${c}"`).join(', ')}` : ''
  await tx.query(
    `declare backup_rows no scroll cursor for select to_json(array[${fields.join(', ')}])::text as row from "${table.name}"${order}`,
  )
  for (;;) {
    const { rows } = await tx.query<{ row: string }>(`fetch ${page} from backup_rows`)
    if (rows.length === 0) break
    yield rows.map((r) => r.row)
  }
  await tx.query('close backup_rows')
}

/**
 * Forward-only numbered migrations, ours and BullMQ's, applied under a lock so that many processes may
 * start at once.
 */
import fs from 'node:fs'
import path from 'node:path'
import { runMigrations } from 'bullmq'
import { ledgerError } from '../core/errors/ledger.ts'
import type { Database } from './database.ts'

const FOLDER = path.join(import.meta.dirname, 'migrations')
/** Arbitrary constant that names our migration lock among advisory locks ("TRIB"). */
const LOCK = 0x54524942
const OLDEST_SERVER = 150000

/** Brings both schemas up to date. Throws LEDGER_TOO_OLD or LEDGER_NEWER_SCHEMA. */
export async function migrate(db: Database, queueOnDatabase: boolean): Promise<{ applied: number[] }> {
  await refuseOldServer(db)
  const files = listMigrations()
  const applied = await db.transaction(async (tx) => {
    // transaction-scoped: session locks re-enter, so they would lock nobody out
    await tx.query(`select pg_advisory_xact_lock(${LOCK})`)
    await tx.query('create schema if not exists tributary')
    await tx.query(
      'create table if not exists tributary.ledger_migration (number int primary key, file text not null, applied_at timestamptz not null default now())',
    )
    const { rows } = await tx.query<{ number: number }>(
      'select number from tributary.ledger_migration order by number',
    )
    const done = new Set(rows.map((r) => r.number))
    const known = files.at(-1)!.number
    const found = rows.at(-1)?.number ?? 0
    if (found > known) throw ledgerError('LEDGER_NEWER_SCHEMA', { found, known })
    const missing = files.filter((f) => !done.has(f.number))
    for (const { number, file } of missing) {
      await tx.query(`set local search_path = tributary`)
      await tx.query(fs.readFileSync(path.join(FOLDER, file), 'utf8'))
      await tx.query('insert into tributary.ledger_migration (number, file) values ($1, $2)', [number, file])
    }
    await tx.query(
      `insert into tributary.installation (id) select replace(gen_random_uuid()::text, '-', '')
        where not exists (select 1 from tributary.installation)`,
    )
    return missing.map((f) => f.number)
  })
  if (queueOnDatabase) await migrateQueue(db)
  return { applied }
}

/** The installation's id, made by the first migration run; part of every push key. */
export async function installationId(db: Database): Promise<string> {
  const { rows } = await db.query<{ id: string }>('select id from installation')
  return rows[0]!.id
}

async function migrateQueue(db: Database): Promise<void> {
  const client = await db.pool().connect()
  try {
    await runMigrations(client as never, 'bullmq')
  } finally {
    client.release()
  }
}

async function refuseOldServer(db: Database): Promise<void> {
  const { rows } = await db.query<{ n: string; v: string }>(
    `select current_setting('server_version_num') as n, current_setting('server_version') as v`,
  )
  if (Number(rows[0]!.n) < OLDEST_SERVER) throw ledgerError('LEDGER_TOO_OLD', { found: rows[0]!.v })
}

/** The migrations that this Tributary knows, in order. */
export function listMigrations(): { number: number; file: string }[] {
  return fs
    .readdirSync(FOLDER)
    .filter((file) => /^\d{4}_.+\.sql$/.test(file))
    .sort()
    .map((file) => ({ number: Number(file.slice(0, 4)), file }))
}

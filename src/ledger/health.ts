/** What `doctor` asks the database, in short statements. */
import type { Database } from './database.ts'
import { listMigrations } from './migrate.ts'

export interface DatabaseFacts {
  version: string
  /** Newest migration applied and newest known to this Tributary. */
  migration: number
  known: number
  bytes: number
  /** Database clock minus this process's clock. Milliseconds. */
  clock: number
}

export async function databaseFacts(db: Database): Promise<DatabaseFacts> {
  const sent = Date.now()
  const { rows } = await db.query<{ version: string; at: Date }>(
    `select current_setting('server_version') as version, clock_timestamp() as at`,
  )
  const middle = (sent + Date.now()) / 2
  const size = await db.query<{ bytes: number }>('select pg_database_size(current_database()) as bytes')
  const migration = await db.query<{ n: number | null }>(
    'select max(number) as n from tributary.ledger_migration',
  )
  return {
    version: rows[0]!.version,
    migration: migration.rows[0]?.n ?? 0,
    known: listMigrations().at(-1)!.number,
    bytes: size.rows[0]!.bytes,
    clock: rows[0]!.at.getTime() - middle,
  }
}

export interface WorkFacts {
  /** Seconds since the oldest record that waits was received; null when none waits. */
  inboxAge: number | null
  hintAge: number | null
  /** Pushes that are not known to be written or not, at most 10,000 counted, and the oldest one's age. */
  doubt: number
  doubtAge: number | null
  /** Leases that ended more than a minute ago and were not taken up by anybody. */
  lapsed: number
  /** Pushes that have been due for more than five minutes although nothing is paused. */
  overdue: number
  parked: number
  tasks: number
}

export async function workFacts(db: Database): Promise<WorkFacts> {
  const { rows } = await db.query<WorkFacts>(
    `select (select extract(epoch from now() - received_at)::float8 from inbox where state = 'new' order by id limit 1) as "inboxAge",
            (select extract(epoch from now() - min(received_at))::float8 from (
               select received_at from inbox where state = 'hint' limit 5000) h) as "hintAge",
            (select count(*) from (select 1 from push where state in ('unknown', 'accepted') limit 10000) u) as doubt,
            (select extract(epoch from now() - min(created_at))::float8 from (
               select created_at from push where state in ('unknown', 'accepted') limit 10000) u) as "doubtAge",
            (select count(*) from (select 1 from push where state = 'sending'
                and lease_until < now() - interval '1 minute' limit 1000) l)
            + (select count(*) from (select 1 from inbox where state = 'new'
                and claimed_until < now() - interval '1 minute' limit 1000) c) as lapsed,
            (select count(*) from (select 1 from push p where state in ('planned', 'unknown')
                and due_at < now() - interval '5 minutes'
                and not exists (select 1 from pause x where x.connection in ('', p.connection)
                                   and x.flow in ('', p.flow) and x.kind in ('', p.kind)) limit 1000) o) as overdue,
            (select count(*) from parked where resolved_at is null) as parked,
            (select count(*) from task where closed_at is null) as tasks`,
  )
  return rows[0]!
}

/**
 * Jobs that a worker does under a lease: backfills and checks of completeness. Whoever loses the lease, also because
 * a person paused the job, changes nothing any more.
 */
import type { Queryable } from './database.ts'

export type JobTable = 'backfill' | 'completeness'

/** One worker's hold on a job. */
export interface JobHold {
  table: JobTable
  id: number
  /** Unique to this holding. */
  holder: string
}

const OPEN = `state in ('planned', 'running') and due_at <= now() and (lease_until is null or lease_until < now())`

/**
 * Takes the oldest job of a connection (or of one of its streams) that is due, for `seconds`; null when there is none.
 * `R`: the columns of its table.
 */
export async function leaseJob<R>(
  db: Queryable,
  table: JobTable,
  of: { connection: string; stream?: string },
  holder: string,
  seconds: number,
): Promise<(R & { id: number }) | null> {
  const { rows } = await db.query<R & { id: number }>(
    `update ${table} set state = 'running', holder = $3, lease_until = now() + make_interval(secs => $4)
      where id = (select id from ${table} where connection = $1 and ($2::text is null or stream = $2) and ${OPEN}
                   order by id limit 1 for update skip locked)
     returning *`,
    [of.connection, of.stream, holder, seconds],
  )
  return rows[0] ?? null
}

/** Holds it for `seconds` more; false when somebody else has it, or a person stopped it. */
export async function renewJob(db: Queryable, hold: JobHold, seconds: number): Promise<boolean> {
  const { rowCount } = await db.query(
    `update ${hold.table} set lease_until = now() + make_interval(secs => $3)
      where id = $1 and holder = $2 and state = 'running' and lease_until >= now()`,
    [hold.id, hold.holder, seconds],
  )
  return rowCount > 0
}

/** Gives it back between two pages; it goes on in `after` seconds. */
export async function releaseJob(db: Queryable, hold: JobHold, after = 0): Promise<void> {
  await db.query(
    `update ${hold.table} set holder = null, lease_until = null, due_at = now() + make_interval(secs => $3)
      where id = $1 and holder = $2`,
    [hold.id, hold.holder, after],
  )
}

/** Failures in a row after which a job is given up, and the longest wait between two. */
const MOST_ATTEMPTS = 12
const LONGEST_WAIT = 300

/**
 * Gives it back after a failure: it is tried again later and later, and is `failed` at last. Answers its state then;
 * null when it was not ours any more.
 */
export async function failJob(db: Queryable, hold: JobHold, code: string): Promise<string | null> {
  const { rows } = await db.query<{ state: string }>(
    `update ${hold.table} set holder = null, lease_until = null, error = $3, attempts = attempts + 1,
            due_at = now() + make_interval(secs => least(${LONGEST_WAIT}, 5 * power(2, least(attempts, 10)))),
            state = case when attempts + 1 >= ${MOST_ATTEMPTS} then 'failed' else state end,
            finished_at = case when attempts + 1 >= ${MOST_ATTEMPTS} then now() end
      where id = $1 and holder = $2 and state = 'running' returning state`,
    [hold.id, hold.holder, code],
  )
  return rows[0]?.state ?? null
}

/** What is due and not held by anybody, by connection and stream. */
export async function dueJobs(
  db: Queryable,
  table: JobTable,
): Promise<{ connection: string; stream: string }[]> {
  const { rows } = await db.query<{ connection: string; stream: string }>(
    `select distinct connection, stream from ${table} where ${OPEN} limit 1000`,
  )
  return rows
}

/** True when `most` records or more wait to be mapped: whoever fetches history waits, so that live orders do not. */
export async function inboxIsFull(db: Queryable, most: number): Promise<boolean> {
  const { rows } = await db.query<{ n: number }>(
    `select count(*) as n from (select 1 from inbox where state = 'new' limit $1) w`,
    [most],
  )
  return rows[0]!.n >= most
}

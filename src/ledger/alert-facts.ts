/** What alerts are made of, in statements that are bounded whatever the ledger holds. */
import type { Queryable } from './database.ts'

/** Most rows of one sort that are looked at; a count of so many means "at least". */
export const COUNTED = 5_000

/** Seconds by which the database's clock is ahead of this process's (negative: behind), and its time. */
export async function databaseClock(db: Queryable): Promise<{ now: Date; ahead: number }> {
  const sent = Date.now()
  const { rows } = await db.query<{ now: Date }>('select clock_timestamp() as now')
  const { now } = rows[0]!
  return { now, ahead: (now.getTime() - (sent + Date.now()) / 2) / 1000 }
}

/** Things of one sort that wait, with the keys of the first few orders. */
export interface Heap {
  connection: string
  count: number
  since: Date
  examples: string[]
}

export interface ParkedHeap extends Heap {
  code: string
}

const EXAMPLES = `(array_agg(example order by id) filter (where example is not null))[1:3]`

/** What is parked, by connection and code. */
export async function parkedHeaps(db: Queryable): Promise<ParkedHeap[]> {
  const { rows } = await db.query<ParkedHeap>(
    `select connection, code, count(*) as count, min(at) as since, coalesce(${EXAMPLES}, '{}') as examples from (
       select coalesce(p.connection, k.connection) as connection, k.code, k.at, k.id,
              k.connection || '/' || k.order_id as example
         from (select * from parked where resolved_at is null order by id desc limit ${COUNTED}) k
         left join push p on k.what = 'push' and p.id = k.ref) s
      group by connection, code order by connection, code`,
  )
  return rows
}

/** Open tasks, by connection and kind (`code`). */
export async function taskHeaps(db: Queryable): Promise<ParkedHeap[]> {
  const { rows } = await db.query<ParkedHeap>(
    `select connection, kind as code, count(*) as count, min(opened_at) as since,
            coalesce(${EXAMPLES}, '{}') as examples from (
       select connection, kind, opened_at, id, connection || '/' || order_id as example
         from task where closed_at is null order by id limit ${COUNTED}) s
      group by connection, kind order by connection, kind`,
  )
  return rows
}

/** Pushes of which nobody knows for so many seconds whether they were written. */
export async function doubtHeaps(db: Queryable, seconds: number): Promise<Heap[]> {
  const { rows } = await db.query<Heap>(
    `select connection, count(*) as count, min(tried_since) as since, coalesce(${EXAMPLES}, '{}') as examples from (
       select connection, tried_since, id, order_connection || '/' || order_id as example
         from push where state = 'unknown' and tried_since < now() - make_interval(secs => $1) limit ${COUNTED}) s
      group by connection order by connection`,
    [seconds],
  )
  return rows
}

export interface Backlog {
  connection: string
  /** At most COUNTED. */
  count: number
  /** Since when the oldest of them is being tried. */
  since: Date
  /** What stopped one of them last. */
  code: string | null
}

const NOT_PAUSED = `not exists (select 1 from pause x where x.connection in ('', p.connection)
  and x.flow in ('', p.flow) and x.kind in ('', p.kind))`

/** Pushes that wait for these systems, looked for among those due first, where nothing is paused. */
export async function pushBacklogs(db: Queryable, connections: string[]): Promise<Backlog[]> {
  const { rows } = await db.query<Backlog>(
    `select c.id as connection, n.count, f.since, f.code
       from unnest($1::text[]) c(id)
       cross join lateral (
         select min(tried_since) as since, max(code) as code from (
           select tried_since, code from push p
            where p.connection = c.id and p.state = 'planned' and ${NOT_PAUSED} order by due_at limit 500) s) f
       cross join lateral (
         select count(*) as count from (
           select 1 from push where connection = c.id and state = 'planned' limit ${COUNTED}) s) n
      where f.since is not null order by 1`,
    [connections],
  )
  return rows
}

/** Since when the oldest record waits to be normalized; null when none waits. */
export async function inboxBacklog(db: Queryable): Promise<Date | null> {
  const { rows } = await db.query<{ since: Date }>(
    `select received_at as since from inbox where state = 'new' order by id limit 1`,
  )
  return rows[0]?.since ?? null
}

/** Since when hints of these connections wait to be read by id, where the connection is not paused. */
export async function fetchBacklogs(
  db: Queryable,
  connections: string[],
): Promise<{ connection: string; since: Date }[]> {
  const { rows } = await db.query<{ connection: string; since: Date }>(
    `select c.id as connection, f.since from unnest($1::text[]) c(id)
       cross join lateral (select received_at as since from inbox
              where connection = c.id and state = 'hint' order by id limit 1) f
      where not exists (select 1 from pause x where x.connection in ('', c.id) and x.flow = '' and x.kind = '')
      order by 1`,
    [connections],
  )
  return rows
}

/** Checks of completeness: what a source says it has of a day against what is here, and what came of the difference. */
import type { CheckState } from '../core/states.ts'
import type { Queryable } from './database.ts'
import type { JobHold } from './held-job.ts'

/** How many there are, and at most `MOST_NAMED` of them. */
export interface Named {
  count: number
  first: string[]
}

/** How many ids or numbers a check names. */
export const MOST_NAMED = 100

/** What a check found beyond the counts. */
export interface CheckDetail {
  /** The source's own count is an estimate. */
  about?: boolean
  /** How many things the source listed; absent where the counts agreed and nothing was listed. */
  listed?: number
  /** Missing at first, named by the list or by a gap, and here now; at most `MOST_NAMED`. */
  arrived?: string[]
  /** Known here, but the source's bytes had changed. */
  refreshed?: number
  /** Listed, but no document: parked, or still to be mapped. */
  undone?: Named
  /** Numbers or ids of a gapless sequence that nothing here has. */
  gaps?: Named
  /** Of those, ids that the source does not have either: deleted, or never used. */
  gone?: number
  /** Our count once what arrived was mapped. */
  oursAfter?: number
}

export interface CheckRow {
  id: number
  connection: string
  stream: string
  /** YYYY-MM-DD in the company's zone. */
  day: string
  since: Date
  until: Date
  list: boolean
  state: CheckState
  source: number | null
  ours: number | null
  arrived: number
  missing: number
  detail: CheckDetail
  attempts: number
  error: string | null
  who: string
  why: string | null
  created_at: Date
  finished_at: Date | null
}

export interface NewCheck {
  connection: string
  stream: string
  day: string
  since: Date
  until: Date
  /** Compare ids although the counts may agree. */
  list: boolean
}

/** Writes down days to be checked; one that waits already is not doubled. Answers their ids. */
export async function planChecks(
  db: Queryable,
  checks: NewCheck[],
  hand: { by: string; why?: string },
): Promise<number[]> {
  const { rows } = await db.query<{ n: number; id: number }>(
    `with wanted as (
       select * from rows from (jsonb_to_recordset($1::jsonb)
         as (connection text, stream text, day text, since timestamptz, until timestamptz, list boolean)) with ordinality
         as t(connection, stream, day, since, until, list, n))
     insert into completeness as c (connection, stream, day, since, until, list, who, why)
     select connection, stream, day, since, until, list, $2, $3 from wanted order by n
     on conflict (connection, stream, day) where state in ('planned', 'running')
     do update set list = c.list or excluded.list, due_at = least(c.due_at, now())
     returning id`,
    [JSON.stringify(checks), hand.by, hand.why],
  )
  return rows.map((r) => r.id)
}

/** In the same transaction as a page's records: what was missing until then. False: it is not ours any more. */
export async function keepArrived(tx: Queryable, hold: JobHold, ids: string[]): Promise<boolean> {
  const { rowCount } = await tx.query(
    `update completeness set arrived = arrived + $3,
            detail = jsonb_set(detail, '{arrived}', (
              select coalesce(jsonb_agg(id), '[]'::jsonb) from (
                select id from (select jsonb_array_elements(coalesce(detail->'arrived', '[]'::jsonb)) as id
                                union all select to_jsonb(unnest($4::text[]))) a limit ${MOST_NAMED}) b))
      where id = $1 and holder = $2 and state = 'running'`,
    [hold.id, hold.holder, ids.length, ids],
  )
  return rowCount > 0
}

/** What is kept of a check that is over. */
export interface CheckResult {
  /** Up to where it looked. */
  until: Date
  source: number | null
  missing: number
  detail: Omit<CheckDetail, 'arrived'>
}

/** Ends a check. Null: it was not ours any more. */
export async function finishCheck(
  db: Queryable,
  hold: JobHold,
  { until, source, missing, detail }: CheckResult,
): Promise<Pick<CheckRow, 'ours' | 'arrived'> | null> {
  const { rows } = await db.query<Pick<CheckRow, 'ours' | 'arrived'>>(
    `update completeness set state = 'done', until = $3, source = $4, missing = $5, detail = detail || $6::jsonb,
            error = null, holder = null, lease_until = null, finished_at = now()
      where id = $1 and holder = $2 and state = 'running' returning ours, arrived`,
    [hold.id, hold.holder, until, source, missing, JSON.stringify(detail)],
  )
  return rows[0] ?? null
}

/**
 * Keeps our count of before anything was fetched: as counted, or as many of the listed as were known. The first one
 * stays, also when the check is begun again. Answers it.
 */
export async function keepOurs(
  db: Queryable,
  hold: JobHold,
  { counted = null, listed = null }: { counted?: number | null; listed?: number | null },
): Promise<number | null> {
  const { rows } = await db.query<{ ours: number | null }>(
    `update completeness set ours = coalesce(ours, $3::bigint, $4::bigint - arrived)
      where id = $1 and holder = $2 returning ours`,
    [hold.id, hold.holder, counted, listed],
  )
  return rows[0]?.ours ?? null
}

const FIELDS = `id, connection, stream, day, since, until, list, state, source, ours, arrived, missing, detail, attempts,
  error, who, why, created_at, finished_at`

export interface CheckFilter {
  connection?: string
  stream?: string
  day?: string
  /** Only those with something missing, or that failed. */
  open?: boolean
  ids?: number[]
}

/** One page below `before`, newest first, one more than `limit` where there is a next one. */
export async function listChecks(
  db: Queryable,
  { connection, stream, day, open = false, ids }: CheckFilter,
  before: number,
  limit: number,
): Promise<CheckRow[]> {
  const { rows } = await db.query<CheckRow>(
    `select ${FIELDS} from completeness where id < $6 and ($1::text is null or connection = $1)
        and ($2::text is null or stream = $2) and ($3::text is null or day = $3)
        and (not $4::boolean or missing > 0 or state = 'failed') and ($5::bigint[] is null or id = any($5::bigint[]))
      order by id desc limit $7`,
    [connection, stream, day, open, ids, before, limit + 1],
  )
  return rows
}

/** The last day of a stream for which somebody planned a check; null when there was none. */
export async function lastCheckedDay(
  db: Queryable,
  connection: string,
  stream: string,
  who: string,
): Promise<string | null> {
  const { rows } = await db.query<{ day: string | null }>(
    'select max(day) as day from completeness where connection = $1 and stream = $2 and who = $3',
    [connection, stream, who],
  )
  return rows[0]?.day ?? null
}

export interface Unexplained {
  connection: string
  stream: string
  /** By the newest finished check of each of the last 30 days. */
  missing: number
  /** Days of those whose newest check failed. */
  failed: number
  last_day: string
  /** Seconds since the newest check ended; null: none ever did. */
  age: number | null
}

/** What is missing and unexplained, per stream that was ever checked. */
export async function unexplained(db: Queryable): Promise<Unexplained[]> {
  const { rows } = await db.query<Unexplained>(
    `with newest as (
       select distinct on (connection, stream, day) * from completeness
        where state in ('done', 'failed') and finished_at > now() - interval '30 days'
        order by connection, stream, day, id desc)
     select connection, stream, coalesce(sum(missing), 0)::bigint as missing,
            count(*) filter (where state = 'failed') as failed, max(day) as last_day,
            extract(epoch from now() - max(finished_at))::float8 as age
       from newest group by connection, stream order by connection, stream limit 1000`,
  )
  return rows
}

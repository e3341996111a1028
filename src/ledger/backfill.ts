/** Backfills: history to be fetched, how far each has come, and what a person does with it. */
import type { BackfillState } from '../core/states.ts'
import type { Queryable } from './database.ts'
import type { JobHold } from './held-job.ts'

/** Where a range stands: the window in hand and what its next page is asked with. Instants are RFC 3339. */
export interface RangePosition {
  since: string
  until: string
  resume: unknown
}

/** Where a list of ids stands: how many were asked for. */
export interface IdsPosition {
  done: number
}

interface Columns {
  id: number
  connection: string
  stream: string
  since: Date | null
  until: Date | null
  state: BackfillState
  total: number | null
  total_exact: boolean
  read: number
  added: number
  attempts: number
  error: string | null
  who: string
  why: string | null
  created_at: Date
  started_at: Date | null
  finished_at: Date | null
}

/** As a worker takes it (`leaseJob`). */
export interface HeldBackfill extends Columns {
  ids: string[] | null
  position: unknown
}

/** As people see it. */
export interface BackfillRow extends Columns {
  /** How many ids; null for a range. */
  ids: number | null
  position: RangePosition | IdsPosition | null
  /** At most 100 of the ids that the source does not have, and how many there are. */
  absent: string[]
  absents: number
  lease_until: Date | null
  due_at: Date
}

const FIELDS = `id, connection, stream, since, until, cardinality(ids) as ids, state, position, total, total_exact, read,
  added, absent[1:100] as absent, cardinality(absent) as absents, attempts, error, due_at, lease_until, who, why,
  created_at, started_at, finished_at`

/** A range [since, until), or ids. */
export type BackfillWhat = { since: Date; until: Date } | { ids: string[] }

/** Writes down what is to be fetched; whoever works finds it. `total`: what the source said beforehand. */
export async function createBackfill(
  db: Queryable,
  at: { connection: string; stream: string },
  what: BackfillWhat,
  total: { count: number; exact: boolean } | null,
  hand: { by: string; why?: string },
): Promise<BackfillRow> {
  const range = 'ids' in what ? { ids: what.ids, since: null, until: null } : { ids: null, ...what }
  const { rows } = await db.query<BackfillRow>(
    `insert into backfill (connection, stream, since, until, ids, total, total_exact, who, why)
     values ($1, $2, $3, $4, $5::text[], $6, $7, $8, $9) returning ${FIELDS}`,
    [
      ...[at.connection, at.stream, range.since, range.until, range.ids],
      ...[total?.count, total?.exact ?? false, hand.by, hand.why],
    ],
  )
  return rows[0]!
}

export interface Progress {
  /** Where it goes on; null: it is done. */
  position: RangePosition | IdsPosition | null
  read: number
  added: number
  absent?: string[]
}

/** In the same transaction as the page's records: where to go on. False: it is not ours any more. */
export async function keepBackfill(
  tx: Queryable,
  hold: JobHold,
  { position, read, added, absent = [] }: Progress,
): Promise<boolean> {
  const { rowCount } = await tx.query(
    `update backfill set position = $3::jsonb, read = read + $4, added = added + $5, absent = absent || $6::text[],
            attempts = 0, error = null, started_at = coalesce(started_at, now()),
            state = case when $3::jsonb is null then 'done' else state end,
            finished_at = case when $3::jsonb is null then now() end,
            holder = case when $3::jsonb is not null then holder end,
            lease_until = case when $3::jsonb is not null then lease_until end
      where id = $1 and holder = $2 and state = 'running'`,
    [hold.id, hold.holder, position === null ? null : JSON.stringify(position), read, added, absent],
  )
  return rowCount > 0
}

/** Moves it between states by a person's hand; null when it is in none of `from`. Whoever holds it loses it. */
export async function turnBackfill(
  db: Queryable,
  id: number,
  from: BackfillState[],
  to: BackfillState,
): Promise<BackfillRow | null> {
  const { rows } = await db.query<BackfillRow>(
    `update backfill set state = $3, holder = null, lease_until = null, due_at = now(), attempts = 0,
            error = case when $3 = 'planned' then null else error end,
            finished_at = case when $3 = 'cancelled' then now() end
      where id = $1 and state = any($2::text[]) returning ${FIELDS}`,
    [id, from, to],
  )
  return rows[0] ?? null
}

export interface BackfillFilter {
  connection?: string
  stream?: string
  state?: BackfillState
}

/** One page below `before`, newest first, one more than `limit` where there is a next one. */
export async function listBackfills(
  db: Queryable,
  { connection, stream, state }: BackfillFilter,
  before: number,
  limit: number,
): Promise<BackfillRow[]> {
  const { rows } = await db.query<BackfillRow>(
    `select ${FIELDS} from backfill where id < $4 and ($1::text is null or connection = $1)
        and ($2::text is null or stream = $2) and ($3::text is null or state = $3) order by id desc limit $5`,
    [connection, stream, state, before, limit + 1],
  )
  return rows
}

export async function backfillById(db: Queryable, id: number): Promise<BackfillRow | null> {
  const { rows } = await db.query<BackfillRow>(`select ${FIELDS} from backfill where id = $1`, [id])
  return rows[0] ?? null
}

/** Orders as people see them: newest first, page by page, each with how far it has come. */
import type { Queryable } from './database.ts'

export interface OrderRow {
  id: number
  connection: string
  external_id: string
  number: string
  entity: string
  version: string
  seq: number
  state: string
  payment: string
  fulfillment: string
  placed_at: Date
  currency: string
  total: number
  progress: string
  created_at: Date
  updated_at: Date
}

export interface OrderListFilter {
  connection?: string
  progress?: string
  since?: Date
  until?: Date
  /** Document id that the page starts below. */
  before: number
  limit: number
}

/** One statement looks at this many documents at most, so that it stays short in a ledger of any size. */
const WINDOW = 500
/** Windows of one page: beyond, the page is short and the next one goes on. */
const WINDOWS = 40
/** Orders that one statement answers with. */
const CHUNK = 100

/** States that few pushes are in: their index is shorter than any window. */
const RARE = new Set(['sending', 'unknown', 'accepted', 'rejected', 'parked'])

/**
 * How far an order has come: the newest living push of each flow, the one that needs most attention first.
 * Without a push: parked, still to be planned, or why nothing is to be pushed.
 */
const PROGRESS = `
  case when p.state is not null then p.state
       when d.plan_state = 'parked' then 'parked'
       when d.plan_state = 'due' then 'received'
       when (select j.data->>'reason' from journal j
              where j.connection = d.connection and j.subject = d.external_id and j.event = 'not-pushed'
              order by j.id desc limit 1) = 'before-from' then 'history'
       else 'none' end`

const FIELDS = `
  d.id, d.connection, d.external_id, coalesce(d.number, d.external_id) as number, d.entity, d.version, d.seq,
  x.state, x.payment, x.fulfillment, x."placedAt" as placed_at, x.currency, (x.totals->>'total')::bigint as total,
  d.created_at, d.updated_at, ${PROGRESS} as progress`

/** Lateral joins keep the order of ids, so the statement ends as soon as the page is full. */
const JOINS = `
  cross join lateral (select content from document_version where document_id = d.id and seq = d.seq offset 0) v
  cross join lateral jsonb_to_record(v.content) as x(state text, payment text, fulfillment text,
    "placedAt" timestamptz, currency text, totals jsonb)
  left join lateral (
    select s.state from (
      select distinct on (subject) state from push where document_id = d.id and kind = 'order'
       order by subject, (state = 'withdrawn'), revision desc) s
     order by array_position(
       array['rejected', 'parked', 'unknown', 'accepted', 'sending', 'planned', 'shadowed', 'confirmed', 'withdrawn'],
       s.state) limit 1) p on true`

/** Orders by document id, in the given order of ids; those that do not exist are left out. At most 500. */
export async function ordersById(db: Queryable, ids: number[]): Promise<OrderRow[]> {
  if (ids.length === 0) return []
  const { rows } = await db.query<OrderRow>(
    `select ${FIELDS} from (select * from document where id = any($1::bigint[]) and kind = 'order') d ${JOINS}`,
    [ids.slice(0, 500)],
  )
  const found = new Map(rows.map((r) => [r.id, r]))
  return ids.flatMap((id) => found.get(id) ?? [])
}

export interface OrderPage {
  rows: OrderRow[]
  /** Where the next page starts below; null when there is nothing more. */
  next: number | null
}

/** One page, newest first. It may be short, even empty, and still have a next one. */
export async function listOrders(db: Queryable, filter: OrderListFilter): Promise<OrderPage> {
  if (filter.progress && RARE.has(filter.progress)) return listRare(db, filter)
  const rows: OrderRow[] = []
  let before = filter.before
  for (let window = 0; window < WINDOWS; window++) {
    const floor = await windowFloor(db, before)
    if (floor === null) return { rows, next: null }
    const wanted = filter.limit - rows.length
    const source = `(select * from document where id < $5 and id >= $7 order by id desc) d`
    const most = Math.min(wanted + 1, CHUNK)
    const found = await matching(db, source, filter, before, most, floor)
    if (found.length > wanted) {
      rows.push(...found.slice(0, wanted))
      return { rows, next: rows.at(-1)!.id }
    }
    rows.push(...found)
    before = found.length === most ? found.at(-1)!.id : floor
  }
  return { rows, next: before }
}

/** The smallest id of the next window below `before`, or null when there is none. */
async function windowFloor(db: Queryable, before: number): Promise<number | null> {
  const { rows } = await db.query<{ id: number | null }>(
    `select min(id) as id from (select id from document where id < $1 order by id desc limit ${WINDOW}) w`,
    [before],
  )
  return rows[0]?.id ?? null
}

async function listRare(db: Queryable, filter: OrderListFilter): Promise<OrderPage> {
  const most = Math.min(filter.limit, CHUNK)
  const { rows: ids } = await db.query<{ id: number }>(RARE_IDS, [filter.progress, filter.before])
  const source = '(select * from document where id < $5 and id = any($7::bigint[]) order by id desc) d'
  const rows = await matching(
    db,
    source,
    filter,
    filter.before,
    most + 1,
    ids.map((r) => r.id),
  )
  if (rows.length > most) return { rows: rows.slice(0, most), next: rows[most - 1]!.id }
  return { rows, next: ids.length < WINDOW ? null : ids.at(-1)!.id }
}

const RARE_IDS = `
select distinct id from (
  select document_id as id from push where state = $1 and kind = 'order' and document_id < $2
  union all
  select ref from parked where $1 = 'parked' and what = 'document' and resolved_at is null and ref < $2) x
 order by id desc limit ${WINDOW}`

function matching(
  db: Queryable,
  source: string,
  filter: OrderListFilter,
  before: number,
  limit: number,
  last: number | number[],
): Promise<OrderRow[]> {
  const sql = `
    select * from (select ${FIELDS} from ${source} ${JOINS}
     where d.kind = 'order' and ($1::text is null or d.connection = $1)) o
     where ($2::text is null or progress = $2) and ($3::timestamptz is null or placed_at >= $3)
       and ($4::timestamptz is null or placed_at < $4)
     order by id desc limit $6`
  const { connection, progress, since, until } = filter
  return db
    .query<OrderRow>(sql, [connection, progress, since, until, before, limit, last])
    .then((result) => result.rows)
}

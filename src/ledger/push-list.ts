/** Pushes as people see them: pages, one push with all about it, and the lines that it carries. */
import type { Queryable } from './database.ts'

export interface PushRow {
  id: number
  key: string
  kind: string
  connection: string
  flow: string
  mode: 'live' | 'shadow'
  subject: string
  revision: number
  state: string
  attempt: number
  fence: number
  uncertain: boolean
  due_at: Date
  lease_until: Date | null
  document_id: number
  order_connection: string
  order_id: string
  order_number: string | null
  remote_id: string | null
  remote_number: string | null
  code: string | null
  message: string | null
  created_at: Date
  updated_at: Date
}

export interface PushListFilter {
  connection?: string
  flow?: string
  kind?: string
  state?: string
  mode?: string
}

/** Columns of a `PushRow`. */
export const PUSH_FIELDS = `id, key, kind, connection, flow, mode, subject, revision, state, attempt, fence, uncertain, due_at,
  lease_until, document_id, order_connection, order_id, order_number, remote_id, remote_number, code, message,
  created_at, updated_at`

/** One statement looks at this many pushes at most; see order-list.ts. */
const WINDOW = 2000
const WINDOWS = 20
/** States that a partial index holds. */
const INDEXED = new Set(['planned', 'sending', 'unknown', 'accepted', 'rejected', 'parked'])

const MATCHES = `($1::text is null or connection = $1) and ($2::text is null or flow = $2)
  and ($3::text is null or kind = $3) and ($4::text is null or state = $4) and ($5::text is null or mode = $5)`

export interface PushPage {
  rows: PushRow[]
  next: number | null
}

/** One page below `before`, newest first. It may be short and still have a next one. */
export async function listPushes(
  db: Queryable,
  filter: PushListFilter,
  before: number,
  limit: number,
): Promise<PushPage> {
  const { connection, flow, kind, state, mode } = filter
  const params = [connection, flow, kind, state, mode]
  if (state && INDEXED.has(state)) {
    const sql = `select ${PUSH_FIELDS} from push where id = any(array(
        select id from push where state = '${state}' and ${MATCHES} and id < $6 order by id desc limit $7))
      order by id desc`
    const { rows } = await db.query<PushRow>(sql, [...params, before, limit + 1])
    return page(rows, limit)
  }
  const rows: PushRow[] = []
  let floor: number | null = before
  for (let window = 0; window < WINDOWS; window++) {
    const upper: number = floor
    floor = await windowFloor(db, upper)
    if (floor === null) return { rows, next: null }
    const wanted = limit - rows.length
    const found = await db.query<PushRow>(
      `select ${PUSH_FIELDS} from push where ${MATCHES} and id < $6 and id >= $7 order by id desc limit $8`,
      [...params, upper, floor, wanted + 1],
    )
    rows.push(...found.rows)
    if (found.rows.length > wanted) return page(rows, limit)
  }
  return { rows, next: floor }
}

function page(rows: PushRow[], limit: number): PushPage {
  return rows.length > limit
    ? { rows: rows.slice(0, limit), next: rows[limit - 1]!.id }
    : { rows, next: null }
}

async function windowFloor(db: Queryable, before: number): Promise<number | null> {
  const { rows } = await db.query<{ id: number | null }>(
    `select min(id) as id from (select id from push where id < $1 order by id desc limit ${WINDOW}) w`,
    [before],
  )
  return rows[0]?.id ?? null
}

/** By id or key; null when there is none. */
export async function pushByIdOrKey(db: Queryable, ref: string): Promise<PushRow | null> {
  const byId = /^\d{1,15}$/.test(ref)
  const { rows } = await db.query<PushRow>(
    `select ${PUSH_FIELDS} from push where ${byId ? 'id' : 'key'} = $1`,
    [byId ? Number(ref) : ref],
  )
  return rows[0] ?? null
}

/** All pushes of an order's document and of the parcels told about it, oldest first; at most 500. */
export async function pushesOfOrder(db: Queryable, connection: string, orderId: string): Promise<PushRow[]> {
  const { rows } = await db.query<PushRow>(
    `select ${PUSH_FIELDS} from push where order_connection = $1 and order_id = $2 order by id limit 500`,
    [connection, orderId],
  )
  return rows
}

/** Orders (`<connection>/<externalId>`) of each push: those of its work orders, else the one that it is told under. */
export async function ordersOfPushes(db: Queryable, pushes: PushRow[]): Promise<Map<number, string[]>> {
  const out = new Map<number, string[]>()
  if (pushes.length === 0) return out
  const { rows } = await db.query<{ push_id: number; key: string }>(
    `select distinct l.push_id, d.connection || '/' || d.external_id as key
       from push_work_order l join work_order w on w.id = l.work_order_id join document d on d.id = w.document_id
      where l.push_id = any($1::bigint[]) order by 1, 2 limit 5000`,
    [pushes.map((p) => p.id)],
  )
  for (const { push_id, key } of rows) out.set(push_id, [...(out.get(push_id) ?? []), key])
  for (const p of pushes) if (!out.has(p.id)) out.set(p.id, [`${p.order_connection}/${p.order_id}`])
  return out
}

export interface Frozen {
  body: Buffer | null
  content_type: string | null
  mapping: string | null
  check: { number: string | null; total: string | null; lines: number | null } | null
  content: unknown
}

/** The exact bytes and what they were made from. */
export async function frozenOf(db: Queryable, id: number): Promise<Frozen> {
  const { rows } = await db.query<Frozen>(
    `select p.body, p.content_type, p.mapping, p."check", coalesce(p.content, v.content) as content
       from push p join document_version v on v.document_id = p.document_id and v.seq = p.document_seq where p.id = $1`,
    [id],
  )
  return rows[0]!
}

/** Source lines that a push carries, by its work orders. */
export async function linesOf(
  db: Queryable,
  id: number,
): Promise<{ order: string; line: string; quantity: string }[]> {
  const { rows } = await db.query<{ order: string; line: string; quantity: string }>(
    `select d.connection || '/' || d.external_id as "order", l.line, trim_scale(l.quantity)::text as quantity
       from push_work_order p join work_line l on l.work_order_id = p.work_order_id
       join document d on d.id = l.document_id
      where p.push_id = $1 order by 1, l.line limit 5000`,
    [id],
  )
  return rows
}

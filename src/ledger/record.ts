/** Untouched records for people: one of them with its bytes, and those of one thing. All by index. */
import { unpack } from './block.ts'
import type { Queryable } from './database.ts'

/**
 * What is left of a record's bytes. `trimmed`: their retention time is over; `damaged`: they are stored but do
 * not match their checksum, or their block is missing; `none`: a hint, of which none are kept.
 */
export type BytesState = 'kept' | 'trimmed' | 'damaged' | 'none'

export interface RecordRow {
  id: number
  connection: string
  stream: string
  shape: string
  external_id: string | null
  origin: string
  state: string
  content_type: string
  /** Bytes as they came; null for a hint. */
  size: number | null
  attempts: number
  received_at: Date
  done_at: Date | null
  bytes: BytesState
}

const COLUMNS = `
  i.id, i.connection, i.stream, i.shape, i.external_id, i.origin, i.state, i.content_type, i.size, i.attempts,
  i.received_at, i.done_at,
  case when i.size is null then 'none' when i.block is null then 'trimmed' when b.id is null then 'damaged'
       else 'kept' end as bytes`

/** One record with its bytes; null where there is no such record. `body` is null unless they are `kept`. */
export async function recordById(
  db: Queryable,
  id: number,
): Promise<(RecordRow & { body: Buffer | null }) | null> {
  const { rows } = await db.query<RecordRow & { start: number; packed: Buffer | null }>(
    `select ${COLUMNS}, i.start, b.body as packed
       from inbox i left join inbox_block b on b.id = i.block where i.id = $1`,
    [id],
  )
  if (!rows[0]) return null
  const { start, packed, ...row } = rows[0]
  if (!packed) return { ...row, body: null }
  const end = start + row.size!
  const bytes = await unpack(packed)
  // a copy does not hold its whole block in memory
  return bytes && end <= bytes.length
    ? { ...row, body: Buffer.from(bytes.subarray(start, end)) }
    : { ...row, bytes: 'damaged', body: null }
}

/**
 * One page below `before` of the records under an external id, newest first. Their bytes are not looked into,
 * so `damaged` is only said of those whose block is missing.
 */
export async function recordsOf(
  db: Queryable,
  connection: string,
  externalId: string,
  before: number,
  limit: number,
): Promise<{ rows: RecordRow[]; next: number | null }> {
  const { rows } = await db.query<RecordRow>(
    `select ${COLUMNS} from inbox i left join inbox_block b on b.id = i.block
      where i.connection = $1 and i.external_id = $2 and i.id < $3 order by i.id desc limit $4`,
    [connection, externalId, before, limit + 1],
  )
  const more = rows.length > limit
  return { rows: rows.slice(0, limit), next: more ? rows[limit - 1]!.id : null }
}

/** Connections that sent records with an external id: a loose index scan, one step per connection. */
const CONNECTIONS = `
with recursive c(connection) as (
  (select connection from inbox where external_id is not null order by connection limit 1)
  union all
  select (select i.connection from inbox i where i.external_id is not null and i.connection > c.connection
           order by i.connection limit 1)
    from c where c.connection is not null)
select connection from c where connection is not null`

export interface RecordSource {
  connection: string
  externalId: string
}

/**
 * Whose records a term names, by external id or `<connection>/<external id>`, whether or not they became a
 * document. `connection` narrows it down.
 */
export async function recordSources(
  db: Queryable,
  term: string,
  connection: string | null,
): Promise<RecordSource[]> {
  const slash = term.indexOf('/')
  const { rows } = await db.query<{ connection: string; external_id: string }>(
    `select c.connection, t.external_id
       from (${CONNECTIONS}) c
       join (values ($1::text, $2::text), ($3::text, $4::text)) t(connection, external_id)
         on c.connection = coalesce(t.connection, c.connection)
      where t.external_id is not null and c.connection = coalesce($1, c.connection)
        and exists (select 1 from inbox i where i.connection = c.connection and i.external_id = t.external_id)
      order by c.connection`,
    [connection, term, slash < 1 ? null : term.slice(0, slash), slash < 1 ? null : term.slice(slash + 1)],
  )
  return rows.map((r) => ({ connection: r.connection, externalId: r.external_id }))
}

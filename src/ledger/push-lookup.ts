/** Finding pushes by the key that a remote gives back. */
import type { Queryable } from './database.ts'

interface Origin {
  connection: string
  key: string
  flow: string
  order_connection: string
  order_id: string
  order_number: string | null
  content: unknown
}

/** Orders' pushes by `<connection> <key>`, for what comes back about them. */
export async function originOrders(db: Queryable, keys: string[]): Promise<Map<string, Origin>> {
  if (keys.length === 0) return new Map()
  const { rows } = await db.query<Origin>(
    `select p.connection, p.key, p.flow, p.order_connection, p.order_id, p.order_number,
            coalesce(p.content, v.content) as content
       from push p join document_version v on v.document_id = p.document_id and v.seq = p.document_seq
      where p.key = any($1::text[]) and p.kind = 'order'`,
    [keys],
  )
  return new Map(rows.map((r) => [`${r.connection} ${r.key}`, r]))
}

interface Keyed {
  id: number
  connection: string
  key: string
  fence: number
  state: string
  uncertain: boolean
  code: string | null
  /** What the remote's document must add up to, as the operation declared it. */
  total: string | null
  order_connection: string
}

/**
 * Pushes by `<connection> <key>`, locked until the transaction ends: nobody can lease them between the
 * decision and its settlement.
 */
export async function pushesByKey(tx: Queryable, keys: string[]): Promise<Map<string, Keyed>> {
  if (keys.length === 0) return new Map()
  const { rows } = await tx.query<Keyed>(
    `select id, connection, key, fence, state, uncertain, code, "check" ->> 'total' as total, order_connection
       from push where key = any($1::text[]) order by id for update`,
    [keys],
  )
  return new Map(rows.map((r) => [`${r.connection} ${r.key}`, r]))
}

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
    `select connection, key, flow, order_connection, order_id, order_number, content from push
      where key = any($1::text[]) and kind = 'order'`,
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
  order_connection: string
}

/**
 * Pushes by `<connection> <key>`, locked until the transaction ends: nobody can lease them between the
 * decision and its settlement.
 */
export async function pushesByKey(tx: Queryable, keys: string[]): Promise<Map<string, Keyed>> {
  if (keys.length === 0) return new Map()
  const { rows } = await tx.query<Keyed>(
    `select id, connection, key, fence, state, order_connection from push where key = any($1::text[]) order by id for update`,
    [keys],
  )
  return new Map(rows.map((r) => [`${r.connection} ${r.key}`, r]))
}

/** What waits for a person: records, documents and pushes that cannot go on by themselves. */
import type { Queryable } from './database.ts'

export interface Parked {
  what: 'record' | 'document' | 'push'
  ref: number
  connection: string
  orderId: string | null
  orderNumber: string | null
  code: string
  /** Field, problem, shape, fix; never values. */
  detail: Record<string, unknown>
}

/** Notes parked things; one that is already open stays as it is. */
export async function park(db: Queryable, items: Parked[]): Promise<void> {
  if (items.length === 0) return
  await db.query(
    `insert into parked (what, ref, connection, order_id, order_number, code, detail)
     select what, ref, connection, "orderId", "orderNumber", code, detail
       from jsonb_to_recordset($1::jsonb) as t(what text, ref bigint, connection text, "orderId" text,
            "orderNumber" text, code text, detail jsonb)
     on conflict (what, ref) where resolved_at is null
     do update set code = excluded.code, detail = excluded.detail`,
    [JSON.stringify(items)],
  )
}

/** Closes what was parked because its cause is gone. */
export async function unpark(
  db: Queryable,
  what: Parked['what'],
  refs: number[],
  resolution: string,
): Promise<void> {
  if (refs.length === 0) return
  await db.query(
    `update parked set resolved_at = now(), resolution = $3
      where what = $1 and ref = any($2::bigint[]) and resolved_at is null`,
    [what, refs, resolution],
  )
}

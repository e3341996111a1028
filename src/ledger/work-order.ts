/** Work orders and their lineage to source lines, with shares of quantity and money. */
import type { Queryable } from './database.ts'

export interface NewWorkOrder {
  /** Joins it to its push within one plan. */
  subject: string
  flow: string
  entity: string
  salesKind: string
  documentId: number
  contentHash: string
  currency: string
  lines: { line: string; quantity: string; goods: number; discount: number; tax: number }[]
}

/** Makes or changes work orders; a changed one gets its new lines. Answers ids by subject. */
export async function upsertWorkOrders(tx: Queryable, orders: NewWorkOrder[]): Promise<Map<string, number>> {
  if (orders.length === 0) return new Map()
  const { rows } = await tx.query<{ id: number; flow: string; document_id: number; fresh: boolean }>(
    `insert into work_order as w (flow, entity, sales_kind, document_id, content_hash)
     select flow, entity, "salesKind", "documentId", "contentHash"
       from jsonb_to_recordset($1::jsonb) as t(flow text, entity text, "salesKind" text, "documentId" bigint, "contentHash" text)
      order by flow, "documentId"
     on conflict (flow, document_id) do update set content_hash = excluded.content_hash, updated_at = now()
     returning id, flow, document_id, (xmax = 0) as fresh`,
    [JSON.stringify(orders.map(({ lines: _, ...head }) => head))],
  )
  const ids = new Map(rows.map((r) => [`${r.flow} ${r.document_id}`, r.id]))
  const known = rows.filter((r) => !r.fresh).map((r) => r.id)
  if (known.length > 0)
    await tx.query('delete from work_line where work_order_id = any($1::bigint[])', [known])
  const lines = orders.flatMap((o) =>
    o.lines.map((l) => ({
      ...l,
      id: ids.get(`${o.flow} ${o.documentId}`),
      documentId: o.documentId,
      currency: o.currency,
    })),
  )
  await tx.query(
    `insert into work_line (work_order_id, document_id, line, quantity, currency, goods, discount, tax)
     select id, "documentId", line, quantity, currency, goods, discount, tax
       from jsonb_to_recordset($1::jsonb) as t(id bigint, "documentId" bigint, line text, quantity numeric,
            currency text, goods bigint, discount bigint, tax bigint)`,
    [JSON.stringify(lines)],
  )
  return new Map(orders.map((o) => [o.subject, ids.get(`${o.flow} ${o.documentId}`)!]))
}

/** Lineage of pushes: which work orders each stands for. */
export async function linkPushes(tx: Queryable, links: { push: number; workOrder: number }[]): Promise<void> {
  if (links.length === 0) return
  await tx.query(
    `insert into push_work_order (push_id, work_order_id)
     select push, "workOrder" from jsonb_to_recordset($1::jsonb) as t(push bigint, "workOrder" bigint)`,
    [JSON.stringify(links)],
  )
}

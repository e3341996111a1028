/** Open questions about an order: the ERP's document differs from the shop's order, or a parcel fits none. */
import type { Queryable } from './database.ts'

export interface TaskChange {
  kind: 'amend-needed' | 'cancel-needed' | 'shipment-unmatched'
  open: boolean
  documentId: number
  pushId: number | null
  connection: string
  orderId: string
  orderNumber: string | null
  detail: Record<string, unknown>
}

/** Opens and closes tasks; opening an open one or closing none changes nothing. */
export async function changeTasks(tx: Queryable, changes: TaskChange[]): Promise<void> {
  const open = changes.filter((c) => c.open)
  const close = changes.filter((c) => !c.open)
  if (close.length > 0) {
    await tx.query(
      `update task t set closed_at = now() from jsonb_to_recordset($1::jsonb) as c(kind text, "documentId" bigint)
        where t.kind = c.kind and t.document_id = c."documentId" and t.closed_at is null`,
      [JSON.stringify(close.map(({ kind, documentId }) => ({ kind, documentId })))],
    )
  }
  if (open.length > 0) {
    await tx.query(
      `insert into task (kind, document_id, push_id, connection, order_id, order_number, detail)
       select kind, "documentId", "pushId", connection, "orderId", "orderNumber", detail
         from jsonb_to_recordset($1::jsonb) as t(kind text, "documentId" bigint, "pushId" bigint, connection text,
              "orderId" text, "orderNumber" text, detail jsonb)
       on conflict (kind, document_id) where closed_at is null
       do update set push_id = excluded.push_id, detail = excluded.detail`,
      [JSON.stringify(open)],
    )
  }
}

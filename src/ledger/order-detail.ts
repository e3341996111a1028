/** Everything about one order beside its pushes. All by index, each with a limit. */
import type { Queryable } from './database.ts'

/** Content of the newest version of a document. */
export async function orderContent(db: Queryable, id: number): Promise<unknown> {
  const { rows } = await db.query<{ content: unknown }>(
    `select v.content from document d join document_version v on v.document_id = d.id and v.seq = d.seq
      where d.id = $1`,
    [id],
  )
  return rows[0]?.content
}

/** When the record of its newest version was received; null when the inbox does not know any more. */
export async function receivedAt(db: Queryable, id: number): Promise<Date | null> {
  const { rows } = await db.query<{ received_at: Date }>(
    `select i.received_at from document d
       join document_version v on v.document_id = d.id and v.seq = d.seq join inbox i on i.id = v.inbox_id
      where d.id = $1`,
    [id],
  )
  return rows[0]?.received_at ?? null
}

export interface BindingRow {
  connection: string
  kind: string
  remote_id: string | null
  remote_number: string | null
  bound_at: Date
}

/** What the order became in other systems, its parcels in the shop included. */
export async function bindingsOfOrder(
  db: Queryable,
  connection: string,
  orderId: string,
): Promise<BindingRow[]> {
  const { rows } = await db.query<BindingRow>(
    `select b.connection, b.kind, b.remote_id, b.remote_number, b.bound_at
       from push p join binding b on b.connection = p.connection and b.kind = p.kind and b.key = p.key
      where p.order_connection = $1 and p.order_id = $2 order by b.bound_at limit 500`,
    [connection, orderId],
  )
  return rows
}

export interface TaskRow {
  id: number
  kind: string
  detail: Record<string, unknown>
  opened_at: Date
  closed_at: Date | null
}

/** Open and closed questions about a document, oldest first. */
export async function tasksOfOrder(db: Queryable, documentId: number): Promise<TaskRow[]> {
  const { rows } = await db.query<TaskRow>(
    'select id, kind, detail, opened_at, closed_at from task where document_id = $1 order by id limit 200',
    [documentId],
  )
  return rows
}

export interface Arrival {
  id: number
  stream: string
  shape: string
  origin: string
  state: string
  received_at: Date
}

/** The newest 100 records about a thing, oldest first. `others`: streams that bring other kinds of things. */
export async function arrivals(
  db: Queryable,
  connection: string,
  externalId: string,
  others: string[] = [],
): Promise<Arrival[]> {
  const { rows } = await db.query<Arrival>(
    `select id, stream, shape, origin, state, received_at from inbox
      where connection = $1 and external_id = $2 and stream <> all($3::text[]) order by id desc limit 100`,
    [connection, externalId, others],
  )
  return rows.reverse()
}

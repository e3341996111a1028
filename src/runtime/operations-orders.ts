/** Operations on orders: list, show as a story, find. */

import type { Order } from '../core/documents/order.ts'
import { runtimeError } from '../core/errors/runtime.ts'
import type { DocumentKind } from '../core/ports.ts'
import { findOrders, findParked } from '../ledger/find.ts'
import { story } from '../ledger/journal.ts'
import { arrivals, bindingsOfOrder, orderContent, receivedAt, tasksOfOrder } from '../ledger/order-detail.ts'
import { listOrders, type OrderRow, ordersById } from '../ledger/order-list.ts'
import { parkedById, parkedOfOrder } from '../ledger/parked-list.ts'
import { ordersOfPushes, pushesOfOrder } from '../ledger/push-list.ts'
import type {
  FindHit,
  JournalEntry,
  Json,
  Operations,
  OrderDetail,
  OrderProgress,
  OrderSummary,
} from './operations.ts'
import type { Desk } from './operations-desk.ts'
import { cursor, instant, page } from './operations-page.ts'
import { toParked } from './operations-parked.ts'
import { toEntry, toPush } from './operations-pushes.ts'

/** The operations on orders. */
export function orderOperations(desk: Desk): Pick<Operations, 'ordersList' | 'orderShow' | 'find'> {
  return {
    async ordersList({ connection, progress, since, until, ...pages }) {
      const filter = { connection, progress, since: instant('since', since), until: instant('until', until) }
      const { rows, next } = await listOrders(desk.db, { ...filter, ...page(pages) })
      return { items: rows.map(toOrder), next: cursor(next) }
    },
    find: ({ term }) => find(desk, term),
    orderShow: ({ ref }) => show(desk, ref),
  }
}

function toOrder(row: OrderRow): OrderSummary {
  return {
    key: `${row.connection}/${row.external_id}`,
    connection: row.connection,
    externalId: row.external_id,
    number: row.number,
    entity: row.entity,
    state: row.state,
    payment: row.payment,
    fulfillment: row.fulfillment,
    placedAt: row.placed_at.toISOString(),
    currency: row.currency,
    total: row.total,
    progress: row.progress as OrderProgress,
    updatedAt: row.updated_at.toISOString(),
  }
}

async function find(desk: Desk, term: string): Promise<FindHit[]> {
  const found = await findOrders(desk.db, term.trim())
  const rows = new Map(
    (
      await ordersById(
        desk.db,
        found.map((f) => f.id),
      )
    ).map((r) => [r.id, r]),
  )
  const hits = found.flatMap(({ by, id }): FindHit[] => {
    const row = rows.get(id)
    return row ? [{ by, order: toOrder(row) }] : []
  })
  const known = new Set([...rows.values()].map((row) => `${row.connection}/${row.external_id}`))
  const parked = await parkedById(desk.db, await findParked(desk.db, term.trim()))
  return [
    ...hits,
    ...parked
      // an order that is known tells of what is parked itself
      .filter((row) => row.what === 'record' && !known.has(`${row.source}/${row.order_id}`))
      .map((row): FindHit => ({ by: 'parked', parked: toParked(row, desk) })),
  ]
}

/** How many candidates an ambiguous reference lists. */
const NAMED = 5

/** One order; digits that are somebody's phone too do not make a number ambiguous. */
async function one(desk: Desk, ref: string): Promise<OrderRow> {
  const found = await findOrders(desk.db, ref.trim())
  const exact = found.filter((f) => f.by !== 'phone')
  const meant = exact.filter((f) => f.by === 'key').length > 0 ? exact.filter((f) => f.by === 'key') : exact
  const candidates = meant.length > 0 ? meant : found
  const rows = await ordersById(
    desk.db,
    candidates.map((f) => f.id),
  )
  if (rows.length === 0) throw runtimeError('RUNTIME_UNKNOWN', { what: 'order', id: ref })
  if (rows.length > 1) {
    const list = rows
      .slice(0, NAMED)
      .map((r) => `${r.connection}/${r.external_id}`)
      .join(', ')
    throw runtimeError('RUNTIME_AMBIGUOUS', { id: ref, count: rows.length, list })
  }
  return rows[0]!
}

async function show(desk: Desk, ref: string): Promise<OrderDetail> {
  const { db } = desk
  const row = await one(desk, ref)
  const at = [row.connection, row.external_id] as const
  const pushes = await pushesOfOrder(db, ...at)
  const orders = await ordersOfPushes(db, pushes)
  const received = await receivedAt(db, row.id)
  return {
    ...toOrder(row),
    placed: {
      version: row.version,
      versions: row.seq,
      receivedAt: (received ?? row.created_at).toISOString(),
    },
    lines: orderLines((await orderContent(db, row.id)) as Order),
    pushes: pushes.map((p) => toPush(p, orders)),
    bindings: (await bindingsOfOrder(db, ...at)).map((b) => ({
      connection: b.connection,
      kind: b.kind as DocumentKind,
      remoteId: b.remote_id,
      remoteNumber: b.remote_number,
      at: b.bound_at.toISOString(),
    })),
    // a refund of the same id is not this order
    parked: (await parkedOfOrder(db, ...at)).map((p) => toParked(p, desk)).filter((p) => p.order !== null),
    tasks: (await tasksOfOrder(db, row.id)).map((t) => ({
      id: String(t.id),
      kind: t.kind,
      state: t.closed_at ? ('done' as const) : ('open' as const),
      at: t.opened_at.toISOString(),
      detail: t.detail as { [key: string]: Json },
    })),
    journal: await journal(desk, ...at),
  }
}

/** `amount`: what the line comes to after discount, before refunds. */
function orderLines(order: Order): OrderDetail['lines'] {
  return order.lines.map((l) => ({
    externalId: l.externalId,
    sku: l.sku,
    name: l.name,
    kind: l.kind,
    quantity: l.quantity,
    amount: l.goods - l.discount,
    tax: l.tax,
  }))
}

/** The journal, with the arrivals that the inbox tells of, in the order of time. */
async function journal(desk: Desk, connection: string, externalId: string): Promise<JournalEntry[]> {
  const streams = desk.connections.get(connection)?.streams ?? []
  const others = streams.filter((s) => s.document !== 'order').map((s) => s.name)
  const arrived = await arrivals(desk.db, connection, externalId, others)
  const received = arrived.map((a) => ({
    at: a.received_at.toISOString(),
    event: a.state === 'hint' || a.shape === 'hint' ? 'hinted' : 'received',
    connection,
    push: null,
    detail: { record: a.id, origin: a.origin, stream: a.stream } as { [key: string]: Json },
  }))
  const told = (await story(desk.db, connection, externalId)).map(toEntry)
  return [...received, ...told].sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))
}

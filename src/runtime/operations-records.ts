/** Operations on untouched records: what a system really sent. */
import { createHash } from 'node:crypto'
import { recordError } from '../core/errors/record.ts'
import { runtimeError } from '../core/errors/runtime.ts'
import { findOrders } from '../ledger/find.ts'
import { ordersById } from '../ledger/order-list.ts'
import { type RecordRow, type RecordSource, recordById, recordSources, recordsOf } from '../ledger/record.ts'
import type { Operations, RecordSummary } from './operations.ts'
import type { Desk } from './operations-desk.ts'
import { cursor, iso, page } from './operations-page.ts'

/** The operations on records. */
export function recordOperations(desk: Desk): Pick<Operations, 'recordList' | 'recordShow' | 'recordBody'> {
  return {
    async recordList({ order, connection, ...pages }) {
      const { limit, before } = page(pages)
      const source = await sourceOf(desk, order.trim(), connection ?? null)
      const { rows, next } = await recordsOf(desk.db, source.connection, source.externalId, before, limit)
      return { items: rows.map(toRecord), next: cursor(next) }
    },
    async recordShow({ id }) {
      const row = await known(desk, id)
      const sha256 = row.body && createHash('sha256').update(row.body).digest('hex')
      return { ...toRecord(row), sha256 }
    },
    async recordBody({ id }) {
      const row = await known(desk, id)
      if (row.body) return { id, contentType: row.content_type, body: row.body.toString('base64') }
      if (row.bytes === 'damaged') throw recordError('RECORD_DAMAGED')
      throw runtimeError(row.bytes === 'none' ? 'RUNTIME_BYTES_NONE' : 'RUNTIME_BYTES_TRIMMED', { id })
    },
  }
}

function toRecord(row: RecordRow): RecordSummary {
  return {
    id: String(row.id),
    connection: row.connection,
    stream: row.stream,
    shape: row.shape,
    externalId: row.external_id,
    origin: row.origin as RecordSummary['origin'],
    state: row.state as RecordSummary['state'],
    contentType: row.content_type,
    size: row.size,
    bytes: row.bytes,
    attempts: row.attempts,
    receivedAt: row.received_at.toISOString(),
    doneAt: iso(row.done_at),
  }
}

async function known(desk: Desk, id: string) {
  const row = /^\d{1,15}$/.test(id) ? await recordById(desk.db, Number(id)) : null
  if (!row) throw runtimeError('RUNTIME_UNKNOWN', { what: 'record', id })
  return row
}

/** How many candidates an ambiguous reference lists. */
const NAMED = 5

/** An order that is known goes first; what became no document is found by the id that its record states. */
async function sourceOf(desk: Desk, order: string, connection: string | null): Promise<RecordSource> {
  const orders = await knownOrders(desk, order, connection)
  const found = orders.length > 0 ? orders : await recordSources(desk.db, order, connection)
  if (found.length === 0) throw runtimeError('RUNTIME_UNKNOWN', { what: 'order', id: order })
  if (found.length > 1) {
    const list = found
      .slice(0, NAMED)
      .map((s) => `${s.connection}/${s.externalId}`)
      .join(', ')
    throw runtimeError('RUNTIME_AMBIGUOUS', { id: order, count: found.length, list })
  }
  return found[0]!
}

/** Not by phone: digits that many share must not show somebody else's record. */
async function knownOrders(desk: Desk, order: string, connection: string | null): Promise<RecordSource[]> {
  const found = (await findOrders(desk.db, order)).filter((f) => f.by !== 'phone')
  const keyed = found.filter((f) => f.by === 'key')
  const ids = (keyed.length > 0 ? keyed : found).map((f) => f.id)
  const rows = await ordersById(desk.db, ids)
  return rows
    .filter((r) => connection === null || r.connection === connection)
    .map((r) => ({ connection: r.connection, externalId: r.external_id }))
}

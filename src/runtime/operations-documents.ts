/** Operations on documents of every kind: list, show. */
import { runtimeError } from '../core/errors/runtime.ts'
import { DOCUMENT_KINDS, type DocumentKind } from '../core/states.ts'
import { type DocumentRow, documentDetail, listDocuments, pushesOfDocument } from '../ledger/document-list.ts'
import { findOrders } from '../ledger/find.ts'
import { journalSubject, story } from '../ledger/journal.ts'
import { ordersById } from '../ledger/order-list.ts'
import { parkedOfOrder } from '../ledger/parked-list.ts'
import { ordersOfPushes, pushesOfOrder } from '../ledger/push-list.ts'
import type { DocumentDetail, DocumentSummary, Json, Operations } from './operations.ts'
import type { Desk } from './operations-desk.ts'
import { cursor, page } from './operations-page.ts'
import { toParked } from './operations-parked.ts'
import { toEntry, toPush } from './operations-pushes.ts'

/** The operations on documents. */
export function documentOperations(desk: Desk): Pick<Operations, 'documentList' | 'documentShow'> {
  return {
    async documentList({ connection, kind, about, limit, after }) {
      const at = page({ ...(limit ? { limit } : {}), ...(after ? { after } : {}) })
      const filter = {
        ...(connection ? { connection } : {}),
        ...(kind ? { kind } : {}),
        ...(about === undefined ? {} : { terms: await termsOf(desk, about.trim()) }),
      }
      const { rows, next } = await listDocuments(desk.db, filter, at.before, at.limit)
      return { items: rows.map(toDocument), next: cursor(next) }
    },
    documentShow: ({ ref, content }) => show(desk, ref.trim(), content === true),
  }
}

function toDocument(row: DocumentRow): DocumentSummary {
  return {
    key: `${row.connection}/${row.kind}/${row.external_id}`,
    connection: row.connection,
    kind: row.kind as DocumentKind,
    externalId: row.external_id,
    number: row.number,
    entity: row.entity,
    version: row.version,
    versions: row.seq,
    state: row.plan_state as DocumentSummary['state'],
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  }
}

/** An order's documents name it by its own id, those of an ERP by the key of its push. */
async function termsOf(desk: Desk, about: string): Promise<string[]> {
  const found = (await findOrders(desk.db, about)).filter((f) => f.by !== 'phone')
  const orders = await ordersById(
    desk.db,
    found.map((f) => f.id),
  )
  const terms = new Set([about])
  for (const { connection, external_id } of orders) {
    terms.add(external_id)
    for (const push of await pushesOfOrder(desk.db, connection, external_id)) {
      if (push.kind === 'order') terms.add(push.key)
    }
  }
  return [...terms]
}

/** The external id is the rest, whatever it holds. */
function readKey(ref: string): [connection: string, kind: string, externalId: string] {
  const [, connection, kind, externalId] = /^([^/]+)\/([^/]+)\/(.+)$/s.exec(ref) ?? []
  if (!connection || !DOCUMENT_KINDS.includes(kind as DocumentKind)) {
    const reason = `<connection>/<kind>/<externalId>, kind: ${DOCUMENT_KINDS.join(', ')}`
    throw runtimeError('RUNTIME_REQUEST', { field: 'ref', reason })
  }
  return [connection, kind!, externalId!]
}

async function show(desk: Desk, ref: string, withContent: boolean): Promise<DocumentDetail> {
  const { db } = desk
  const key = readKey(ref)
  const row = await documentDetail(db, ...key)
  if (!row) throw runtimeError('RUNTIME_UNKNOWN', { what: 'document', id: ref })
  const pushes = await pushesOfDocument(db, row.id)
  const orders = await ordersOfPushes(db, pushes)
  const parked = await parkedOfOrder(db, row.connection, row.external_id)
  const told = await story(db, row.connection, journalSubject(row.kind, row.external_id))
  return {
    ...toDocument(row),
    mapping: row.mapping,
    record: String(row.inbox_id),
    pushes: pushes.map((p) => toPush(p, orders)),
    parked: parked
      .filter((p) => p.what === 'document' && p.ref === row.id)
      .map((p) => toParked(p, desk))
      .map(({ id, code, message, fix, at }) => ({ id, code, message, fix, at })),
    journal: told.map(toEntry),
    ...(withContent ? { content: row.content as { [field: string]: Json } } : {}),
  }
}

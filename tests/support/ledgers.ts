/** Ledgers of both kinds for tests, and orders in them, put there through the ledger's own modules. */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { Order } from '../../src/core/documents/order.ts'
import type { Database } from '../../src/ledger/database.ts'
import { claimDocuments, endPlanning, type NewDocument, writeDocuments } from '../../src/ledger/document.ts'
import { appendRecords, type InboxRow, recordKey } from '../../src/ledger/inbox.ts'
import { tell } from '../../src/ledger/journal.ts'
import { migrate } from '../../src/ledger/migrate.ts'
import { openPglite } from '../../src/ledger/pglite.ts'
import { openPostgres } from '../../src/ledger/postgres.ts'
import { insertPushes, leaseForWrite, type NewPush } from '../../src/ledger/push.ts'
import { type Settlement, settler } from '../../src/ledger/settle.ts'
import { linkPushes, upsertWorkOrders } from '../../src/ledger/work-order.ts'
import { postgresMissing, startPostgres } from './services.ts'

export interface TestLedger {
  db: Database
  /** The embedded kind's folder; a temporary one otherwise. */
  folder: string
  close(): Promise<void>
}

export interface LedgerKind {
  name: 'pglite' | 'postgres'
  /** Why it cannot run here; null when it can. */
  missing: string | null
  /** A new, empty, migrated ledger. */
  open(): Promise<TestLedger>
}

export const LEDGERS: LedgerKind[] = [
  { name: 'pglite', missing: null, open: openEmbedded },
  { name: 'postgres', missing: postgresMissing(), open: openServer },
]

async function openEmbedded(): Promise<TestLedger> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tributary-ledger-'))
  const db = await openPglite(folder)
  await migrate(db, false)
  return {
    db,
    folder,
    async close() {
      await db.close()
      fs.rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function openServer(): Promise<TestLedger> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tributary-ledger-'))
  const server = await startPostgres()
  const db = openPostgres({ url: server.url })
  await migrate(db, false)
  return {
    db,
    folder,
    async close() {
      await db.close()
      await server.stop()
      fs.rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** A small valid order. */
export function testOrder(id: string, more: Partial<Order> = {}): Order {
  return {
    connection: 'web',
    entity: 'main',
    externalId: id,
    version: '2026-03-01T08:00:00.000Z',
    number: `#${id}`,
    state: 'open',
    payment: 'paid',
    fulfillment: 'none',
    placedAt: '2026-03-01T08:00:00Z',
    currency: 'KWD',
    taxIncluded: true,
    buyer: { name: 'Maria' },
    lines: [
      {
        externalId: `${id}-1`,
        sku: 'TEA',
        name: 'Tea "绿茶"',
        kind: 'goods',
        quantity: '2',
        unitPrice: '1.5',
        goods: 3000,
        discount: 250,
        tax: 100,
      },
    ],
    shipping: { amount: 0, discount: 0, tax: 0 },
    charges: [],
    payments: [],
    totals: { total: 2750 },
    ...more,
  }
}

/** Bytes that are no text in any encoding. */
export const RAW = Buffer.from([0, 255, 10, 92, 39, 34, 0xe7, 0xbb])

export function inboxRow(order: Order, body: Buffer = Buffer.from(JSON.stringify(order))): InboxRow {
  return {
    connection: order.connection,
    stream: 'orders',
    shape: 'order',
    externalId: order.externalId,
    origin: 'webhook',
    contentType: 'application/json',
    body,
    hint: false,
    ...recordKey('orders', 'order', order.externalId, body),
  }
}

export function newDocument(order: Order, inboxId: number, more: Partial<NewDocument> = {}): NewDocument {
  return {
    inboxId,
    stream: 'orders',
    connection: order.connection,
    kind: 'order',
    externalId: order.externalId,
    entity: order.entity,
    number: order.number,
    version: order.version,
    hash: JSON.stringify(order).length.toString(),
    authoritative: false,
    phoneTail: null,
    terms: null,
    mapping: 'm1',
    refreshAfter: null,
    content: order,
    ...more,
  }
}

/** Received and normalized; answers document ids in order. */
export async function putOrders(
  db: Database,
  orders: Order[],
  more: Partial<NewDocument> = {},
): Promise<number[]> {
  const inbox = await appendRecords(
    db,
    orders.map((o) => inboxRow(o)),
  )
  const documents = orders.map((o, i) => newDocument(o, inbox[i]!, more))
  await db.transaction((tx) =>
    writeDocuments(tx, {
      documents,
      parked: [],
      done: [],
      journal: documents.map((d) => ({
        connection: d.connection,
        subject: d.externalId,
        event: 'mapped',
        data: { record: d.inboxId },
      })),
    }),
  )
  const { rows } = await db.query<{ id: number; external_id: string }>(
    `select id, external_id from document where external_id = any($1::text[]) and kind = 'order'`,
    [orders.map((o) => o.externalId)],
  )
  return orders.map((o) => rows.find((r) => r.external_id === o.externalId)!.id)
}

export function newPush(order: Order, documentId: number, more: Partial<NewPush> = {}): NewPush {
  const revision = more.revision ?? 1
  return {
    key: `KEY${order.externalId}R${revision}`,
    connection: 'nc',
    kind: 'order',
    flow: 'web-orders',
    mode: 'live',
    subject: `order:web-orders:${documentId}`,
    revision,
    documentId,
    documentSeq: 1,
    orderConnection: order.connection,
    orderId: order.externalId,
    orderNumber: order.number,
    content: order,
    contentHash: `h${revision}`,
    previous: null,
    ...more,
  }
}

/** Plans one push per document, with its work order; answers push ids in order. */
export async function putPushes(
  db: Database,
  orders: Order[],
  documentIds: number[],
  more: Partial<NewPush> = {},
): Promise<number[]> {
  await claimDocuments(db, 1000)
  return db.transaction(async (tx) => {
    const pushes = orders.map((o, i) => newPush(o, documentIds[i]!, more))
    const work = await upsertWorkOrders(
      tx,
      orders.map((o, i) => ({
        subject: pushes[i]!.subject,
        flow: 'web-orders',
        entity: 'main',
        salesKind: 'online',
        documentId: documentIds[i]!,
        contentHash: 'h1',
        currency: o.currency,
        lines: o.lines.map((l) => ({
          line: l.externalId,
          quantity: l.quantity,
          goods: l.goods,
          discount: l.discount,
          tax: l.tax,
        })),
      })),
    )
    const ids = await insertPushes(tx, pushes)
    await linkPushes(
      tx,
      pushes.map((p) => ({ push: ids.get(p.key)!, workOrder: work.get(p.subject)! })),
    )
    await tell(
      tx,
      pushes.map((p) => ({
        connection: p.orderConnection,
        subject: p.orderId,
        event: 'planned',
        data: { flow: p.flow, to: p.connection, revision: p.revision, mode: p.mode },
      })),
    )
    await endPlanning(
      tx,
      documentIds.map((id) => ({ id, seq: 1, state: 'done' as const })),
    )
    return pushes.map((p) => ids.get(p.key)!)
  })
}

/** Leases for a write and settles: the way of every push. `state` 'sending' stays leased. */
export async function drive(
  db: Database,
  pushId: number,
  state: Settlement['state'],
  more: Partial<Settlement> = {},
  lease = 0,
): Promise<number> {
  const { rows } = await db.query<{ fence: number }>('select fence from push where id = $1', [pushId])
  const fences = await leaseForWrite(
    db,
    [
      {
        id: pushId,
        fence: rows[0]!.fence,
        uncertain: false,
        rewritten: false,
        body: RAW,
        contentType: 'text/xml',
        mapping: 'out1',
        check: { number: '#1', total: '2.75', lines: 1 },
      },
    ],
    lease,
  )
  const fence = fences.get(pushId)!
  if (state === 'sending') return fence
  const { held } = await settler(db).add({
    id: pushId,
    fence,
    state,
    uncertain: state === 'unknown' || state === 'accepted',
    rewritten: false,
    dueIn: 0,
    remoteId: null,
    remoteNumber: null,
    code: null,
    message: null,
    event: state,
    data: {},
    ...more,
  })
  if (!held) throw new Error('the settlement lost its lease')
  return fence
}

/** What the ledger hands out for `mapping diff`, over both kinds of ledger. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { writeDocuments } from '../../src/ledger/document.ts'
import { appendRecords, claimRecords, type InboxRow, trimInbox } from '../../src/ledger/inbox.ts'
import { countPushes, storedPushes } from '../../src/ledger/stored-push.ts'
import {
  countRecords,
  type RecordTarget,
  type StoredRecord,
  storedRecords,
} from '../../src/ledger/stored-record.ts'
import {
  drive,
  inboxRow,
  LEDGERS,
  newDocument,
  putOrders,
  putPushes,
  RAW,
  type TestLedger,
  testOrder,
} from '../support/ledgers.ts'

describe.each(LEDGERS)('stored records and pushes over $name', (kind) => {
  let ledger: TestLedger
  beforeAll(async () => {
    if (!kind.missing) ledger = await kind.open()
  }, 60_000)
  afterAll(() => ledger?.close())
  beforeEach(async ({ skip }) => {
    skip(kind.missing !== null, kind.missing ?? '')
    await ledger.db.query('truncate inbox, inbox_block, inbox_key, document, document_version, parked, push')
  })

  const target = (shape = 'order'): RecordTarget => ({
    connection: 'web',
    stream: 'orders',
    shape,
    document: 'order',
  })

  async function all(targets: RecordTarget[], since: Date | null = null) {
    const items: StoredRecord[] = []
    const counts = { looked: 0, waiting: 0, older: 0, pages: 0 }
    for (let before: number | null = null; ; ) {
      const page = await storedRecords(ledger.db, { targets, before, since })
      items.push(...page.items)
      counts.looked += page.looked
      counts.waiting += page.waiting
      counts.older += page.older
      counts.pages += 1
      if (page.next === null) return { items, ...counts }
      before = page.next
    }
  }

  /** Received and normalized as one more version of the order. */
  async function version(id: string, at: string, row: Partial<InboxRow> = {}): Promise<number> {
    const order = testOrder(id, { version: at })
    const [record] = await appendRecords(ledger.db, [{ ...inboxRow(order), ...row }])
    const documents = [newDocument(order, record!, { stream: 'orders', hash: at })]
    await ledger.db.transaction((tx) => writeDocuments(tx, { documents, parked: [], done: [], journal: [] }))
    return record!
  }

  it('come newest first, each with its bytes and the newest document, page by page', async () => {
    const orders = Array.from({ length: 230 }, (_, n) => testOrder(`o${n}`))
    await putOrders(ledger.db, orders)
    const found = await all([target()])
    expect(found).toMatchObject({ looked: 230, waiting: 0, older: 0 })
    expect(found.pages).toBeGreaterThan(2)
    expect(found.items.map((i) => i.external_id)).toEqual(orders.map((o) => o.externalId).reverse())
    for (const item of found.items) {
      const order = orders.find((o) => o.externalId === item.external_id)!
      expect(JSON.parse(item.body!.toString())).toEqual(order)
      expect(item).toMatchObject({ bytes: 'kept', became: { as: 'document', content: order, own: true } })
    }
    expect(await countRecords(ledger.db, [target()], null)).toBe(230)
    expect(await countRecords(ledger.db, [target('webhook')], null)).toBe(0)
  })

  it('are one per order: the one that made its newest version', async () => {
    await version('a', '2026-01-01T00:00:00.000Z')
    const newest = await version('a', '2026-01-03T00:00:00.000Z', { key: 'k2' })
    await version('a', '2026-01-02T00:00:00.000Z', { key: 'k3' })
    const found = await all([target()])
    expect(found.items.map((i) => i.id)).toEqual([newest])
    expect([found.looked, found.older]).toEqual([3, 2])
  })

  it('of another shape than the newest document are the newest of their own', async () => {
    await version('a', '2026-01-01T00:00:00.000Z')
    const polled = await version('a', '2026-01-02T00:00:00.000Z', { key: 'k2' })
    const hook = await version('a', '2026-01-03T00:00:00.000Z', { shape: 'webhook', key: 'k3' })
    const found = await all([target()])
    expect(found.items).toMatchObject([{ id: polled, became: { as: 'document', own: false } }])
    const both = await all([target(), target('webhook')])
    expect(both.items.map((i) => i.id)).toEqual([hook])
    expect(both.older).toBe(2)
  })

  it('say what is parked, waiting, trimmed or damaged', async () => {
    const rows = ['w', 'p', 't', 'd'].map((id, n) => inboxRow(testOrder(id), Buffer.alloc(600_000, n)))
    const [, parked, trimmed, damaged] = await appendRecords(ledger.db, rows)
    const made = (id: string, record: number) => newDocument(testOrder(id), record)
    const park = { what: 'record' as const, ref: parked!, connection: 'web', orderId: 'p', orderNumber: null }
    await ledger.db.transaction((tx) =>
      writeDocuments(tx, {
        documents: [made('t', trimmed!), made('d', damaged!)],
        parked: [{ ...park, code: 'RECORD_SUMS', detail: {} }],
        done: [],
        journal: [],
      }),
    )
    await ledger.db.query(`update inbox set done_at = now() - interval '9 d' where id = $1`, [trimmed])
    await ledger.db.query(`update inbox_block set received_at = now() - interval '9 d'`)
    await trimInbox(ledger.db, 8)
    await ledger.db.query(`update inbox_block set body = substring(body for 20) where first = $1`, [damaged])
    const found = await all([target()])
    expect(found.waiting).toBe(1)
    expect(found.items.map(({ id, bytes, body, became }) => [id, bytes, body?.length, became.as])).toEqual([
      [damaged, 'damaged', undefined, 'document'],
      [trimmed, 'trimmed', undefined, 'document'],
      [parked, 'kept', 600_000, 'parked'],
    ])
    expect((await claimRecords(ledger.db, 10)).map((r) => r.external_id)).toEqual(['w'])
  })

  it('end where they are too old', async () => {
    await putOrders(ledger.db, [testOrder('old')])
    await ledger.db.query(`update inbox set received_at = now() - interval '40 d'`)
    await putOrders(ledger.db, [testOrder('new')])
    const since = new Date(Date.now() - 30 * 86_400_000)
    expect((await all([target()], since)).items.map((i) => i.external_id)).toEqual(['new'])
    expect(await countRecords(ledger.db, [target()], since)).toBe(1)
  })

  it('of pushes: the newest bytes of each, and what could not be mapped out', async () => {
    const orders = ['a', 'b', 'c'].map((id) => testOrder(id))
    const documents = await putOrders(ledger.db, orders)
    const [first, waits, parks] = await putPushes(ledger.db, orders, documents)
    await drive(ledger.db, first!, 'confirmed')
    const [second] = await putPushes(ledger.db, [orders[0]!], [documents[0]!], { revision: 2 })
    await drive(ledger.db, second!, 'shadowed')
    await ledger.db.query(`update push set state = 'parked', code = 'MAPPING_FAILED' where id = $1`, [parks])
    const targets = [{ connection: 'nc', kind: 'order' }]
    const page = await storedPushes(ledger.db, { targets, before: null, since: null })
    expect(page).toMatchObject({ looked: 4, waiting: 1, older: 1, next: null })
    expect(page.items.map(({ id, body, code }) => [id, body?.equals(RAW) ?? null, code])).toEqual([
      [second, true, null],
      [parks, null, 'MAPPING_FAILED'],
    ])
    expect(page.items[0]!.content).toEqual(orders[0])
    expect(waits).toBeDefined()
    expect(await countPushes(ledger.db, targets, null)).toBe(4)
    expect(await countPushes(ledger.db, targets, new Date(Date.now() + 60_000))).toBe(0)
  })
})

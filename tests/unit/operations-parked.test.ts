import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { claimDocuments, writeDocuments } from '../../src/ledger/document.ts'
import { appendRecords, claimRecords, type InboxRow } from '../../src/ledger/inbox.ts'
import { ANN, type Desk, openDesk } from '../support/desk.ts'
import { inboxRow, LEDGERS, putOrders, testOrder } from '../support/ledgers.ts'

describe.each(LEDGERS)('operations on parked things over $name', (kind) => {
  let at: Desk
  beforeAll(async () => {
    if (!kind.missing) at = await openDesk(kind)
  }, 60_000)
  afterAll(() => at?.ledger.close())
  beforeEach(({ skip }) => skip(kind.missing !== null, kind.missing ?? ''))

  describe('what is parked', () => {
    /** A record that could not be read. */
    async function parkedRecord(id: string): Promise<number> {
      const order = testOrder(id)
      const [record] = await appendRecords(at.db, [inboxRow(order)])
      await claimRecords(at.db, 1000)
      const parked = {
        what: 'record' as const,
        ref: record!,
        connection: 'web',
        orderId: id,
        orderNumber: null,
        code: 'RECORD_NO_SKU',
        detail: { count: 1, lines: '3', stream: 'orders' },
      }
      await at.db.transaction((tx) =>
        writeDocuments(tx, { documents: [], parked: [parked], done: [], journal: [] }),
      )
      return record!
    }

    it('says in both languages what is wrong and what to do', async () => {
      await parkedRecord('p1')
      const { items } = await at.ops.parkedList({ code: 'RECORD_NO_SKU', what: 'record', connection: 'web' })
      expect(items[0]).toMatchObject({
        what: 'record',
        stream: 'orders',
        externalId: 'p1',
        order: 'web/p1',
        kind: 'input',
        attempts: 1,
      })
      expect(items[0]!.message.en).toMatch(/1 line\(s\) have no SKU: 3/)
      expect(items[0]!.fix.zh).toMatch(/SKU/)
    })

    it('is mapped again, under the key it came with', async () => {
      const record = await parkedRecord('p2')
      const { items } = await at.ops.parkedList({})
      const mine = items.find((p) => p.externalId === 'p2')!
      expect(await at.ops.parkedRetry({ select: { ids: [mine.id, '77777'] }, ...ANN })).toMatchObject({
        changed: [mine.id],
        skipped: [{ id: '77777' }],
      })
      const [claimed] = (await claimRecords(at.db, 1000)).filter((r) => r.id === record)
      expect(claimed).toMatchObject({ attempts: 1, external_id: 'p2' })
      expect(await appendRecords(at.db, [inboxRow(testOrder('p2'))])).toEqual([null])
    })

    it('is given up, but not when it may have been written', async () => {
      const record = await parkedRecord('p3')
      const unsure = await at.doubtful('nc')
      const refused = await at.rejected()
      const { items } = await at.ops.parkedList({ limit: 500 })
      const of = (id: string) => items.find((p) => p.externalId === id)!.id
      const ids = [of('p3'), of(unsure.order.externalId), of(refused.order.externalId)]
      const { changed, skipped } = await at.ops.parkedDiscard({ select: { ids }, ...ANN })
      expect(changed.sort()).toEqual([ids[0]!, ids[2]!].sort())
      expect(skipped).toMatchObject([{ id: ids[1] }])
      expect((await at.row(refused.push)).state).toBe('withdrawn')
      expect((await at.db.query('select state from inbox where id = $1', [record])).rows).toEqual([
        { state: 'discarded' },
      ])
    })

    it('comes page by page and is retried by filter', async () => {
      for (const id of ['q1', 'q2', 'q3', 'q4', 'q5']) await parkedRecord(id)
      const filter = { code: 'RECORD_NO_SKU', what: 'record' as const }
      const seen: string[] = []
      let after: string | undefined
      do {
        const got = await at.ops.parkedList({ ...filter, limit: 2, ...(after ? { after } : {}) })
        expect(got.items.length).toBeLessThanOrEqual(2)
        seen.push(...got.items.map((p) => p.externalId!))
        after = got.next ?? undefined
      } while (after)
      expect(seen.slice(0, 5)).toEqual(['q5', 'q4', 'q3', 'q2', 'q1'])
      expect(new Set(seen).size).toBe(seen.length)
      const { changed } = await at.ops.parkedRetry({ select: { filter }, ...ANN })
      expect(changed).toHaveLength(seen.length)
      expect((await at.ops.parkedList(filter)).items).toEqual([])
    })

    it('a document is planned again', async () => {
      const [document] = await putOrders(at.db, [testOrder('d1')])
      await claimDocuments(at.db, 1000)
      await at.db.query(`update document set plan_state = 'parked' where id = $1`, [document])
      await at.db.query(
        `insert into parked (what, ref, connection, order_id, code, detail) values ('document', $1, 'web', 'd1', 'RECORD_REFUND', '{"line":"1","problem":"more"}')`,
        [document],
      )
      expect((await at.ops.orderShow({ ref: 'web/d1' })).progress).toBe('parked')
      expect((await at.ops.ordersList({ progress: 'parked' })).items.map((o) => o.key)).toContain('web/d1')
      const { items } = await at.ops.parkedList({ what: 'document' })
      await at.ops.parkedRetry({ select: { ids: [items[0]!.id] }, ...ANN })
      expect((await claimDocuments(at.db, 1000)).map((d) => d.id)).toContain(document)
    })
  })

  describe('replay', () => {
    it('takes the chosen records again, bodies needed, hints not', async () => {
      const orders = ['r1', 'r2', 'r3'].map((id) => testOrder(id, { connection: 'again' }))
      await putOrders(at.db, orders)
      const hint: InboxRow = {
        ...inboxRow(testOrder('r4', { connection: 'again' })),
        shape: 'hint',
        hint: true,
        key: 'hint:orders:r4',
      }
      await appendRecords(at.db, [hint])
      await at.db.query(`update inbox set state = 'done' where connection = 'again' and shape = 'hint'`)
      await at.db.query(`update inbox set block = null where connection = 'again' and external_id = 'r3'`)
      expect(await at.ops.replay({ connection: 'again', ids: ['r1'], ...ANN })).toEqual({ records: 1 })
      expect(await at.ops.replay({ connection: 'again', since: '2020-01-01T00:00:00Z', ...ANN })).toEqual({
        records: 1,
      })
      expect(await at.ops.replay({ connection: 'again', until: '2020-01-01T00:00:00Z', ...ANN })).toEqual({
        records: 0,
      })
      expect(await at.ops.replay({ connection: 'again', stream: 'other', ...ANN })).toEqual({ records: 0 })
      const claimed = (await claimRecords(at.db, 1000)).filter((r) => r.connection === 'again')
      expect(claimed.map((r) => [r.external_id, r.origin])).toEqual([
        ['r1', 'replay'],
        ['r2', 'replay'],
      ])
      expect(at.woken).toContain('normalize 0')
    })
  })
})

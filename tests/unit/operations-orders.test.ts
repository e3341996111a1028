import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { writeDocuments } from '../../src/ledger/document.ts'
import { appendRecords } from '../../src/ledger/inbox.ts'
import { tell } from '../../src/ledger/journal.ts'
import { changeTasks } from '../../src/ledger/task.ts'
import { type Desk, openDesk } from '../support/desk.ts'
import {
  drive,
  inboxRow,
  LEDGERS,
  newDocument,
  putOrders,
  putPushes,
  RAW,
  testOrder,
} from '../support/ledgers.ts'

describe.each(LEDGERS)('operations on orders over $name', (kind) => {
  let at: Desk
  beforeAll(async () => {
    if (!kind.missing) at = await openDesk(kind)
  }, 60_000)
  afterAll(() => at?.ledger.close())
  beforeEach(({ skip }) => skip(kind.missing !== null, kind.missing ?? ''))

  describe('finding an order', () => {
    it('by everything that people have at hand', { timeout: 60_000 }, async () => {
      const made = await at.pushed()
      const { order, key, push } = made
      await drive(at.db, push, 'confirmed', { remoteId: 'PK-FIND', remoteNumber: 'SO-FIND' })
      await at.db.query('update document set phone_tail = $2 where id = $1', [made.document, '8004321'])
      const parcel = testOrder('parcel-1', { connection: 'nc' })
      const [inbox] = await appendRecords(at.db, [inboxRow(parcel)])
      const shipment = newDocument(parcel, inbox!, {
        kind: 'shipment',
        connection: 'nc',
        number: null,
        terms: ['SF100', `KEY${order.externalId}R1`],
      })
      await at.db.transaction((tx) =>
        writeDocuments(tx, { documents: [shipment], parked: [], done: [], journal: [] }),
      )
      const by = async (term: string) =>
        (await at.ops.find({ term })).map((h) => [h.by, 'order' in h ? h.order.key : h.parked.order])
      expect(await by(key)).toEqual([['key', key]])
      expect(await by(`KEY${order.externalId}R1`)).toEqual([['key', key]])
      expect(await by(order.number)).toEqual([['number', key]])
      expect(await by(order.externalId)).toEqual([['number', key]])
      expect(await by('SO-FIND')).toEqual([['bill', key]])
      expect(await by('PK-FIND')).toEqual([['bill', key]])
      expect(await by('SF100')).toEqual([['tracking', key]])
      expect(await by('4321')).toEqual([['phone', key]])
      expect(await by('+49 170 8004321')).toEqual([['phone', key]])
      expect(await by('4320')).toEqual([])
      expect(await by("x' or 1=1")).toEqual([])
      expect((await at.ops.orderShow({ ref: 'SF100' })).key).toBe(key)
      await expect(at.ops.orderShow({ ref: 'nothing' })).rejects.toMatchObject({ code: 'RUNTIME_UNKNOWN' })
    })

    it('says so when several are meant', async () => {
      const orders = [testOrder('same-1', { number: 'SAME' }), testOrder('same-2', { number: 'SAME' })]
      await putOrders(at.db, orders)
      expect(await at.ops.find({ term: 'same-2' })).toMatchObject([{ by: 'external-id' }])
      await expect(at.ops.orderShow({ ref: 'SAME' })).rejects.toMatchObject({ code: 'RUNTIME_AMBIGUOUS' })
    })
  })

  describe('an order', () => {
    it('is told with everything about it', async () => {
      const { key, push, document, order } = await at.rejected()
      await changeTasks(at.db, [
        {
          kind: 'amend-needed',
          open: true,
          documentId: document,
          pushId: push,
          connection: 'web',
          orderId: order.externalId,
          orderNumber: order.number,
          detail: { reason: 'edited' },
        },
      ])
      const detail = await at.ops.orderShow({ ref: key })
      expect(detail).toMatchObject({
        key,
        number: order.number,
        currency: 'KWD',
        total: 2750,
        progress: 'rejected',
        placedAt: '2026-03-01T08:00:00.000Z',
        lines: [{ sku: 'TEA', quantity: '2', amount: 2750, tax: 100 }],
        pushes: [{ id: String(push), state: 'rejected', orders: [key], error: { code: 'NC_-31002' } }],
        parked: [{ what: 'push', connection: 'nc', order: key, code: 'PUSH_REJECTED' }],
        tasks: [{ kind: 'amend-needed', state: 'open', detail: { reason: 'edited' } }],
      })
      expect(detail.journal.map((e) => e.event)).toEqual(['received', 'mapped', 'planned', 'rejected'])
      expect(detail.placed.versions).toBe(1)
      const shown = await at.ops.pushShow({ id: String(push) })
      expect(shown).toMatchObject({
        class: 'resend-safe',
        mappingVersion: 'out1',
        rendered: { contentType: 'text/xml', size: RAW.length },
        check: { total: '2.75' },
        lines: [{ order: key, line: `${order.externalId}-1`, quantity: '2' }],
      })
      expect(shown.rendered!.body).toBeUndefined()
      expect(shown.journal.map((e) => e.event)).toEqual(['planned', 'rejected'])
      const { rendered } = await at.ops.pushShow({ id: String(push), body: true })
      expect(Buffer.from(rendered!.body!, 'base64')).toEqual(RAW)
    })

    it('has come as far as its newest living push', async () => {
      const fresh = testOrder('prog-new')
      const [none, history] = [testOrder('prog-none'), testOrder('prog-history')]
      await putOrders(at.db, [fresh])
      const ids = await putOrders(at.db, [none, history])
      await at.db.query(`update document set plan_state = 'done' where id = any($1::bigint[])`, [ids])
      await tell(at.db, [
        { connection: 'web', subject: 'prog-none', event: 'not-pushed', data: { reason: 'cancelled' } },
        { connection: 'web', subject: 'prog-history', event: 'not-pushed', data: { reason: 'before-from' } },
      ])
      const again = await at.rejected()
      const [second] = await putPushes(at.db, [again.order], [again.document], { revision: 2 })
      await drive(at.db, second!, 'confirmed', { remoteId: `R-${second}` })
      const progress = async (ref: string) => (await at.ops.orderShow({ ref })).progress
      expect(await progress('web/prog-new')).toBe('received')
      expect(await progress('web/prog-none')).toBe('none')
      expect(await progress('web/prog-history')).toBe('history')
      expect(await progress(again.key)).toBe('confirmed')
      expect(
        (await at.ops.ordersList({ progress: 'rejected', limit: 500 })).items.map((o) => o.key),
      ).not.toContain(again.key)
      expect((await at.ops.ordersList({ progress: 'history' })).items.map((o) => o.key)).toEqual([
        'web/prog-history',
      ])
    })

    it('is listed newest first, page by page, each once', async () => {
      const ids = Array.from({ length: 7 }, (_, i) => `list-${i}`)
      await putOrders(
        at.db,
        ids.map((id, i) =>
          testOrder(id, { connection: 'list', placedAt: `2026-01-0${i + 1}T00:00:00+08:00` }),
        ),
      )
      const keys: string[] = []
      let after: string | undefined
      do {
        const got = await at.ops.ordersList({ connection: 'list', limit: 3, ...(after ? { after } : {}) })
        keys.push(...got.items.map((o) => o.key))
        after = got.next ?? undefined
      } while (after)
      expect(keys).toEqual(ids.map((id) => `list/${id}`).reverse())
      const range = {
        connection: 'list',
        since: '2026-01-02T00:00:00+08:00',
        until: '2026-01-04T00:00:00+08:00',
      }
      expect((await at.ops.ordersList(range)).items.map((o) => o.externalId)).toEqual(['list-2', 'list-1'])
      await expect(at.ops.ordersList({ since: 'yesterday' })).rejects.toMatchObject({
        code: 'RUNTIME_REQUEST',
      })
      await expect(at.ops.ordersList({ limit: 0 })).rejects.toMatchObject({ code: 'RUNTIME_REQUEST' })
      await expect(at.ops.ordersList({ after: "1' or" })).rejects.toMatchObject({ code: 'RUNTIME_REQUEST' })
    })

    it('lists pushes by state, kind and target', async () => {
      const { push } = await at.pushed('deaf')
      await drive(at.db, push, 'withdrawn')
      expect(
        (await at.ops.pushList({ connection: 'deaf', state: 'withdrawn' })).items.map((p) => p.id),
      ).toEqual([String(push)])
      const first = await at.ops.pushList({ limit: 1 })
      const second = await at.ops.pushList({ limit: 1, after: first.next! })
      expect(Number(second.items[0]!.id)).toBeLessThan(Number(first.items[0]!.id))
      expect((await at.ops.pushList({ kind: 'shipment' })).items).toEqual([])
    })
  })
})

/** Parcels as fulfilments of a real Vendure: partial, two parcels, corrected numbers, every step survivable. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Order, orderTotal } from '../../src/core/documents/order.ts'
import type { Connection } from '../../src/core/ports.ts'
import { connect, mapped, rendered } from './connect.ts'
import { openShop, type Shop, type ShopOrder } from './shop.ts'
import { type Systems, startSystems, stopSystems, whyNot } from './systems.ts'

const signal = () => AbortSignal.timeout(60_000)

describe.skipIf(await whyNot())('a fulfilment in Vendure', () => {
  let systems: Systems
  let shop: Shop
  let vendure: Connection

  beforeAll(async () => {
    systems = await startSystems()
    shop = await openShop(systems.vendure)
    vendure = await connect('vendure', systems)
  })
  afterAll(async () => {
    await vendure?.close()
    await stopSystems()
  })

  async function bought(items: Record<string, number>): Promise<ShopOrder> {
    return shop.order((await shop.buy({ items })).id)
  }
  /** What the write-back planner hands over. */
  function parcel(order: ShopOrder, name: string, tracking: string | null, quantities: number[]) {
    const lines = quantities.flatMap((n, i) =>
      n > 0 ? [{ line: order.lines[i]!.id, sku: null, quantity: String(n) }] : [],
    )
    const of = { externalId: order.id, number: order.code }
    return { parcel: name, order: of, state: 'shipped', carrier: 'DHL', trackingNumber: tracking, lines }
  }
  async function written(document: unknown, revision = 1) {
    const op = vendure.writes[0]!
    const item = await rendered(op, document, 'key', revision)
    const [draft] = await op.write([item], signal())
    if (draft?.kind !== 'done') return { item, outcome: draft! }
    return { item, outcome: await op.advance!(item, draft.remote, signal()) }
  }
  const living = async (id: string) =>
    (await shop.order(id)).fulfillments.filter((f) => f.state !== 'Cancelled')

  it('tells two parcels with partial quantities as two fulfilments', async () => {
    const order = await bought({ 'MUG-350': 3, 'BOOK-SOUP': 1 })
    await written(parcel(order, 'package-1', 'T-1', [2, 0]))
    expect((await shop.order(order.id)).state).toBe('PartiallyShipped')
    await written(parcel(order, 'package-2', 'T-2', [1, 1]))
    const there = await shop.order(order.id)
    expect(there.state).toBe('Shipped')
    const [a, b] = order.lines.map((l) => l.id)
    expect(there.fulfillments.map((f) => [f.trackingCode, f.method, f.state, f.lines])).toEqual([
      ['T-1', 'DHL (package-1)', 'Shipped', [{ orderLineId: a, quantity: 2 }]],
      [
        'T-2',
        'DHL (package-2)',
        'Shipped',
        [
          { orderLineId: a, quantity: 1 },
          { orderLineId: b, quantity: 1 },
        ],
      ],
    ])
  })

  it('is found by parcel and content, and a second write changes nothing', async () => {
    const order = await bought({ 'PAN-28': 2 })
    const wanted = parcel(order, 'package-3', 'T-3', [1])
    const item = await rendered(vendure.writes[0]!, wanted, 'key')
    expect(await vendure.writes[0]!.find!(item, signal())).toEqual({ hits: [] })
    const { outcome } = await written(wanted)
    const remote = outcome.kind === 'done' ? outcome.remote : null
    expect(remote).toMatchObject({ state: 'final' })
    expect(await vendure.writes[0]!.find!(item, signal())).toEqual({ hits: [remote] })
    expect((await written(wanted)).outcome).toEqual(outcome)
    expect(await living(order.id)).toHaveLength(1)
  })

  it('keeps two parcels of the same content apart, with and without a tracking number', async () => {
    const order = await bought({ 'TEE-S': 4 })
    for (const [name, tracking] of [
      ['p-1', null],
      ['p-2', null],
      ['p-3', 'MASTER'],
      ['p-4', 'MASTER'],
    ] as const) {
      const { outcome } = await written(parcel(order, name, tracking, [1]))
      expect(outcome).toMatchObject({ kind: 'done' })
    }
    expect((await living(order.id)).map((f) => f.method)).toEqual([
      'DHL (p-1)',
      'DHL (p-2)',
      'DHL (p-3)',
      'DHL (p-4)',
    ])
  })

  it('replaces a fulfilment when the tracking number is corrected', async () => {
    const order = await bought({ 'APRON-LIN': 2 })
    await written(parcel(order, 'package-5', 'WRONG', [2]))
    const { outcome } = await written(parcel(order, 'package-5', 'RIGHT', [2]), 2)
    expect(outcome).toMatchObject({ kind: 'done', remote: { state: 'final' } })
    const all = (await shop.order(order.id)).fulfillments
    expect(all.map((f) => [f.trackingCode, f.state])).toEqual([
      ['WRONG', 'Cancelled'],
      ['RIGHT', 'Shipped'],
    ])
  })

  it('goes on where a correction died: after the cancel, and after the add', async () => {
    const order = await bought({ 'KNIFE-3': 1 })
    await written(parcel(order, 'package-6', 'WRONG', [1]))
    const right = parcel(order, 'package-6', 'RIGHT', [1])
    await dyingAfter(2, right)
    expect(await living(order.id)).toEqual([])
    const item = await rendered(vendure.writes[0]!, right, 'key', 2)
    expect(await vendure.writes[0]!.find!(item, signal())).toEqual({ hits: [] })
    await dyingAfter(2, right)
    const found = await vendure.writes[0]!.find!(item, signal())
    expect(found).toMatchObject({ hits: [{ state: 'draft' }] })
    const remote = 'hits' in found ? found.hits[0]! : null
    expect(await vendure.writes[0]!.advance!(item, remote!, signal())).toMatchObject({
      kind: 'done',
      remote: { state: 'final' },
    })
    expect((await living(order.id)).map((f) => [f.trackingCode, f.state])).toEqual([['RIGHT', 'Shipped']])
  })

  /** Writes with a connection that is cut after so many calls (look, cancel, add …). */
  async function dyingAfter(calls: number, document: unknown): Promise<void> {
    const death = new AbortController()
    let seen = -1
    const dying = await connect('vendure', systems, {}, () => ++seen === calls && death.abort())
    const op = dying.writes[0]!
    const item = await rendered(op, document, 'key', 2)
    // the first call is the login
    await op.write([item], death.signal)
    await dying.close()
  }

  it('says why when the shop refuses', async () => {
    const order = await bought({ 'MUG-350': 1 })
    const { outcome } = await written(parcel(order, 'package-7', 'T-7', [1]))
    expect(outcome.kind).toBe('done')
    const again = await written(parcel(order, 'package-8', 'T-8', [1]))
    expect(again.outcome).toMatchObject({ kind: 'refused', code: 'VENDURE_ITEMS_ALREADY_FULFILLED_ERROR' })
    const nowhere = { ...parcel(order, 'package-9', 'T-9', [1]), order: { externalId: '99999', number: 'x' } }
    expect((await written(nowhere)).outcome).toMatchObject({ kind: 'refused', code: 'VENDURE_ORDER_MISSING' })
  })

  it('logs in again when the session has ended, and pauses when the password is wrong', async () => {
    const own = await connect('vendure', systems)
    expect(await own.check(signal())).toMatchObject({ ok: true })
    const { Client } = await import('pg')
    const db = new Client({ connectionString: `${systems.postgres}/vendure` })
    await db.connect()
    await db.query('delete from session')
    await db.end()
    const order = await mapped<Order>(own, '1')
    expect(order.externalId).toBe('1')
    await own.close()
    const wrong = await connect('vendure', systems, { password: 'wrong' })
    const item = await rendered(wrong.writes[0]!, { ...parcelOf(order) }, 'key')
    expect(await wrong.writes[0]!.write([item], signal())).toMatchObject([{ kind: 'not-done', pause: true }])
    await wrong.close()
  })

  function parcelOf(order: Order) {
    const lines = order.lines.map((l) => ({ line: l.externalId, sku: null, quantity: l.quantity }))
    return {
      parcel: 'x',
      order: { externalId: order.externalId, number: order.number },
      state: 'shipped',
      lines,
    }
  }
})

describe.skipIf(await whyNot())('orders read from Vendure', () => {
  let shop: Shop
  let vendure: Connection

  beforeAll(async () => {
    const systems = await startSystems()
    shop = await openShop(systems.vendure)
    vendure = await connect('vendure', systems)
  })
  afterAll(async () => {
    await vendure?.close()
    await stopSystems()
  })

  it('appear in the window in which they were placed, each once, carts not', async () => {
    const since = new Date()
    const placed: string[] = []
    for (const sku of ['MUG-350', 'BOOK-SOUP', 'TEE-M'])
      placed.push((await shop.buy({ items: { [sku]: 1 } })).id)
    const page = await vendure.streams[0]!.page({ since, until: new Date(), resume: null }, signal())
    expect(page.records.map((r) => r.id).sort()).toEqual(placed)
    expect(page.next).toBeNull()
    const before = { since: new Date(since.getTime() - 3_600_000), until: since, resume: null }
    expect((await vendure.streams[0]!.page(before, signal())).records).toEqual([])
  })

  it('get a newer version from everything that happens to them, though updatedAt stands still', async () => {
    const { id } = await shop.buy({ items: { 'MUG-350': 2, 'BOOK-SOUP': 1 } })
    const seen: Order[] = []
    const look = async () => {
      seen.push(await mapped<Order>(vendure, id))
      return seen.at(-1)!
    }
    const placed = await look()
    expect(placed).toMatchObject({ payment: 'paid', fulfillment: 'none', state: 'open' })
    const lines = placed.lines.map((l) => ({ orderLineId: l.externalId, quantity: Number(l.quantity) }))
    const { order } = await shop.admin('query($id: ID!) { order(id: $id) { payments { id } } }', { id })
    const paymentId = (order as { payments: { id: string }[] }).payments[0]!.id
    const refund = { lines: [{ ...lines[1]! }], shipping: 0, adjustment: 0, paymentId, reason: 'damaged' }
    await shop.admin('mutation($i: RefundOrderInput!) { refundOrder(input: $i) { __typename } }', {
      i: refund,
    })
    const refunded = await look()
    expect(refunded).toMatchObject({ payment: 'part-refunded' })
    const book = refunded.lines[1]!
    expect(book.refunded).toEqual({ quantity: '1', amount: book.goods - book.discount, tax: book.tax })
    expect(refunded.lines[0]!.refunded).toBeUndefined()
    const cancelled = {
      orderId: id,
      lines: [{ ...lines[0]!, quantity: 1 }, lines[1]!],
      reason: 'changed her mind',
    }
    await shop.admin('mutation($i: CancelOrderInput!) { cancelOrder(input: $i) { __typename } }', {
      i: cancelled,
    })
    const less = await look()
    expect(less.lines.map((l) => [l.externalId, l.quantity, l.refunded])).toEqual([
      [placed.lines[0]!.externalId, '1', undefined],
    ])
    expect(orderTotal(less)).toBe(less.totals.total)
    const rest = { orderId: id, reason: 'all of it', cancelShipping: true }
    await shop.admin('mutation($i: CancelOrderInput!) { cancelOrder(input: $i) { __typename } }', { i: rest })
    expect(await look()).toMatchObject({ state: 'cancelled' })
    const versions = seen.map((o) => o.version)
    expect(versions).toEqual([...new Set(versions)].sort())
    await shop.admin('mutation($i: AddNoteToOrderInput!) { addNoteToOrder(input: $i) { id } }', {
      i: { id, note: 'a note', isPublic: false },
    })
    expect((await look()).version).toBe(versions.at(-1))
  })
})

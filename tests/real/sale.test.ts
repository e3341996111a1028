/** Orders of a real Vendure as sales of a real Tryton, and what the push protocol needs of Tryton. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Order } from '../../src/core/documents/order.ts'
import { orderTotal } from '../../src/core/documents/order.ts'
import type { Remote } from '../../src/core/outcome.ts'
import type { Connection, WriteItem } from '../../src/core/ports.ts'
import { connect, mapped, rendered } from './connect.ts'
import { type Erp, openErp } from './erp.ts'
import { openShop, type Shop } from './shop.ts'
import { type Systems, startSystems, stopSystems, whyNot } from './systems.ts'

const SALE = ['number', 'state', 'description', 'comment', 'untaxed_amount', 'tax_amount', 'total_amount']
const signal = () => AbortSignal.timeout(60_000)

describe.skipIf(await whyNot())('a sale in Tryton', () => {
  let systems: Systems
  let shop: Shop
  let erp: Erp
  let vendure: Connection
  let tryton: Connection

  beforeAll(async () => {
    systems = await startSystems()
    shop = await openShop(systems.vendure)
    erp = await openErp(systems.tryton)
    vendure = await connect('vendure', systems)
    tryton = await connect('tryton', systems)
  })
  afterAll(async () => {
    await Promise.all([vendure?.close(), tryton?.close(), erp?.close()])
    await stopSystems()
  })

  async function bought(items: Record<string, number>, more: { coupon?: string; shipping?: number } = {}) {
    const { id } = await shop.buy({ items, ...more })
    const order = await mapped<Order>(vendure, id)
    const item = await rendered(tryton.writes[0]!, order, randomUUID().replaceAll('-', ''))
    return { id, order, item }
  }
  async function done(
    outcome: ReturnType<NonNullable<(typeof tryton.writes)[0]['advance']>>,
  ): Promise<Remote> {
    const proved = await outcome
    if (proved.kind !== 'done') throw new Error(`${proved.kind}: ${proved.code} ${proved.message}`)
    return proved.remote
  }
  const create = (item: WriteItem) => done(tryton.writes[0]!.write([item], signal()).then(([o]) => o!))
  const confirm = (item: WriteItem, remote: Remote) =>
    done(tryton.writes[0]!.advance!(item, remote, signal()))
  const sales = (key: string) => erp.search('sale.sale', [['reference', '=', key]], SALE)

  it('states what stands in the shop, amount by amount', async () => {
    const { id, order, item } = await bought(
      { 'MUG-350': 3, 'BOOK-SOUP': 2, 'GIFT-50': 1 },
      { coupon: 'TEN', shipping: 1 },
    )
    expect(orderTotal(order)).toBe(order.totals.total)
    const remote = await confirm(item, await create(item))
    expect(remote).toMatchObject({ state: 'final' })
    const there = await shop.order(id)
    const [sale] = await sales(item.key)
    const cents = (value: unknown) => Math.round(Number(value) * 100)
    expect(cents(sale!.total_amount)).toBe(there.totalWithTax)
    expect(cents(sale!.tax_amount)).toBe(there.taxSummary.reduce((sum, t) => sum + t.taxTotal, 0))
    expect(sale!.description).toContain(there.code)
    expect(sale!.comment).toContain('Lindenallee 7')
    expect(sale!.state).toBe('processing')
    const fields = ['product.code', 'quantity', 'amount', 'note', 'taxes']
    const lines = await erp.search('sale.line', [['sale', '=', sale!.id]], fields)
    const ofShop = [
      ...there.lines.map((l) => [l.quantity, l.proratedLinePrice, `Line ${l.id}`]),
      [1, there.shipping, null],
    ]
    expect(lines.map((l) => [l.quantity, cents(l.amount), l.note])).toEqual(ofShop)
    expect(lines.map((l) => (l['product.'] as { code: string }).code)).toEqual([
      'ERP-1001',
      'ERP-1004',
      'ERP-4000',
      'SHIP-EXP',
    ])
    expect(lines.map((l) => l.taxes)).toEqual([[1], [2], [], [1]])
  })

  it('is found again by its key, as a draft and when it is final', async () => {
    const { item } = await bought({ 'MUG-350': 1 })
    const find = tryton.writes[0]!.find!
    expect(await find(item, signal())).toEqual({ hits: [] })
    const draft = await create(item)
    expect(draft.state).toBe('draft')
    expect(await find(item, signal())).toEqual({ hits: [draft] })
    const final = await confirm(item, draft)
    expect(await find(item, signal())).toEqual({ hits: [final] })
    expect(await confirm(item, final)).toEqual(final)
  })

  it('is taken up by a second write where the first one stopped', async () => {
    const { item } = await bought({ 'TEE-S': 2 })
    const first = await create(item)
    expect(await create(item)).toEqual(first)
    expect(await sales(item.key)).toHaveLength(1)
  })

  it('is finished where the writer died right after create, before balance and quote', async () => {
    const { item, order } = await bought({ 'KNIFE-3': 1 })
    const death = new AbortController()
    let calls = Number.NEGATIVE_INFINITY
    // warm: search by key, create, read, quote, read; it dies while it reads what it created
    const dying = await connect('tryton', systems, {}, () => ++calls === 2 && death.abort())
    const [warm] = await dying.writes[0]!.write([(await bought({ 'KNIFE-3': 1 })).item], signal())
    expect(warm).toMatchObject({ kind: 'done' })
    calls = 0
    expect(await dying.writes[0]!.write([item], death.signal)).toMatchObject([{ kind: 'unknown' }])
    await dying.close()
    const found = await tryton.writes[0]!.find!(item, signal())
    expect(found).toMatchObject({ hits: [{ state: 'draft', number: null, total: null }] })
    const remote = 'hits' in found ? found.hits[0]! : null
    expect(await confirm(item, remote!)).toMatchObject({ id: remote!.id, state: 'final' })
    const [sale] = await sales(item.key)
    expect(Math.round(Number(sale!.total_amount) * 100)).toBe(order.totals.total)
  })

  it('doubled by a lost answer shows as two hits, and the surplus draft can be deleted', async () => {
    const { item } = await bought({ 'APRON-LIN': 1 })
    const draft = await create(item)
    const surplus = await bareDraft(item)
    const found = await tryton.writes[0]!.find!(item, signal())
    expect('hits' in found && found.hits.map((h) => h.id).sort()).toEqual([draft.id, String(surplus)].sort())
    await done(tryton.writes[0]!.discard!(item, { id: String(surplus), state: 'draft' }, signal()))
    expect((await sales(item.key)).map((s) => String(s.id))).toEqual([draft.id])
  })

  /** The same sale once more, as a first attempt leaves it whose answer was lost. */
  async function bareDraft(item: WriteItem): Promise<number> {
    const [first] = await sales(item.key)
    const [copy] = await erp.rpc<number[]>('sale.sale.copy', [[first!.id], { reference: item.key }])
    return copy!
  }

  it('gets a rounding line for the cent that Tryton adds up otherwise', async () => {
    const { item, order } = await bought({ 'MUG-350': 1 })
    // three cents more of tax than the same net price gives
    const lines = order.lines.map((l) => ({ ...l, goods: l.goods + 3, tax: l.tax + 3 }))
    const off = { ...order, lines, totals: { total: order.totals.total + 3 } }
    const odd = await rendered(tryton.writes[0]!, off, item.key)
    await confirm(odd, await create(odd))
    const [sale] = await sales(item.key)
    expect(Math.round(Number(sale!.total_amount) * 100)).toBe(order.totals.total + 3)
    const booked = await erp.search('sale.line', [['sale', '=', sale!.id]], ['product.code', 'amount'])
    expect(booked.at(-1)).toMatchObject({
      'product.': { code: 'SRV-ROUND' },
      amount: expect.stringMatching(/^0\.0[2-4]$/),
    })
    const without = await connect('tryton', systems, { roundingProduct: '' })
    const [refused] = await without.writes[0]!.write(
      [await rendered(without.writes[0]!, off, randomUUID())],
      signal(),
    )
    expect(refused).toMatchObject({ kind: 'refused', code: 'TRYTON_TOTAL' })
    await without.close()
  })

  it('is refused, and leaves nothing, when taxes differ or a product is missing', async () => {
    const { order } = await bought({ 'BOOK-SOUP': 1 })
    const wrongTax = { ...order, lines: order.lines.map((l) => ({ ...l, tax: 0 })) }
    const noProduct = { ...order, lines: order.lines.map((l) => ({ ...l, sku: 'TEE-M' })) }
    const taxed = await rendered(tryton.writes[0]!, wrongTax, randomUUID())
    expect(await tryton.writes[0]!.write([taxed], signal())).toMatchObject([
      { kind: 'refused', code: 'TRYTON_TOTAL' },
    ])
    expect(await sales(taxed.key)).toEqual([])
    const text = (await rendered(tryton.writes[0]!, noProduct, randomUUID())).body
      .toString()
      .replaceAll('ERP-2000-M', 'NONE')
    const missing = { ...taxed, key: randomUUID(), body: Buffer.from(text) }
    expect(await tryton.writes[0]!.write([missing], signal())).toMatchObject([
      { kind: 'refused', code: 'TRYTON_MASTER_MISSING' },
    ])
  })

  it('is written with a new session when the old one has ended', async () => {
    const own = await connect('tryton', systems)
    const { item } = await bought({ 'MUG-350': 2 })
    expect(await own.check(signal())).toMatchObject({ ok: true })
    await endSessions()
    const [outcome] = await own.writes[0]!.write([item], signal())
    expect(outcome).toMatchObject({ kind: 'done' })
    await own.close()
  })

  /** Sessions live in ir.session, which no user may touch over RPC. */
  async function endSessions(): Promise<void> {
    const { Client } = await import('pg')
    const db = new Client({ connectionString: `${systems.postgres}/erp` })
    await db.connect()
    await db.query('delete from ir_session')
    await db.end()
    erp = await openErp(systems.tryton)
  }

  it('pauses the connection when the password is wrong', async () => {
    const wrong = await connect('tryton', systems, { password: 'wrong' })
    const { item } = await bought({ 'MUG-350': 1 })
    expect(await wrong.writes[0]!.write([item], signal())).toMatchObject([{ kind: 'not-done', pause: true }])
    expect(await wrong.check(signal())).toMatchObject({ ok: false })
    await wrong.close()
  })
})

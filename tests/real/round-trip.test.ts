/**
 * The whole way with real systems at both ends: buyers buy in Vendure, Tributary (its own process, its embedded
 * ledger) carries the orders into Tryton, the warehouse ships there, and the shop learns of every parcel.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Child, startChild } from '../support/child.ts'
import { CODES, settingsOf } from './connect.ts'
import { type Erp, openErp, type Row } from './erp.ts'
import { type Basket, openShop, type Shop, type ShopOrder } from './shop.ts'
import { type Systems, startSystems, stopSystems, whyNot } from './systems.ts'

const main = join(import.meta.dirname, '..', '..', 'src', 'cli', 'main.ts')
const SALE = [
  'reference',
  'description',
  'state',
  'party.code',
  'currency.code',
  'untaxed_amount',
  'tax_amount',
  'total_amount',
  'comment',
]
const cents = (value: unknown) => Math.round(Number(value) * 100)

describe.skipIf(await whyNot())('Vendure → Tryton → Vendure', () => {
  let systems: Systems
  let shop: Shop
  let erp: Erp
  let folder: string
  let running: Child | null = null

  beforeAll(async () => {
    systems = await startSystems()
    shop = await openShop(systems.vendure)
    erp = await openErp(systems.tryton)
    folder = await mkdtemp(join(tmpdir(), 'tributary-round-trip-'))
    await writeFile(join(folder, 'tributary.yaml'), JSON.stringify(configuration(systems), null, 2))
    running = await start()
  })
  afterAll(async () => {
    await running?.end('SIGTERM', 20_000)
    await erp?.close()
    await stopSystems()
    await rm(folder, { recursive: true, force: true })
  })

  /** JSON is YAML: what a user would write, with the secrets from the environment. */
  function configuration(of: Systems) {
    const settings = settingsOf(of)
    const often = { every: '*/2 * * * * *', lag: '1s' }
    return {
      company: { zone: 'Europe/Berlin', currency: 'EUR', entities: { main: { name: 'Dry Goods & Sons' } } },
      connections: {
        shop: {
          use: 'vendure',
          entity: 'main',
          settings: { ...settings.vendure, password: '${SHOP_PASSWORD}' },
          poll: { order: often },
        },
        erp: {
          use: 'tryton',
          settings: { ...settings.tryton, password: '${ERP_PASSWORD}' },
          codes: CODES,
          poll: { shipment: often },
        },
      },
      flows: {
        'web-orders': {
          shops: ['shop'],
          erp: 'erp',
          from: '2020-01-01T00:00:00Z',
          mode: 'live',
          back: ['shipment'],
        },
      },
    }
  }

  function start(): Promise<Child> {
    const settings = settingsOf(systems)
    const secrets = { SHOP_PASSWORD: settings.vendure.password, ERP_PASSWORD: settings.tryton.password }
    const env = { ...process.env, ...secrets, TRIBUTARY_CONFIG: join(folder, 'tributary.yaml') }
    return startChild(process.execPath, [main, 'work'], { cwd: folder, env })
  }

  /** Waits until `look` gives something; what the process last wrote is in the message when it never does. */
  async function until<T>(
    what: string,
    look: () => Promise<T | null | undefined | false>,
    seconds = 120,
  ): Promise<T> {
    for (const end = Date.now() + seconds * 1000; Date.now() < end; await sleep(500)) {
      const found = await look()
      if (found) return found
    }
    throw new Error(`${what}: not within ${seconds} s; the process says\n${running?.tail()}`)
  }

  const salesOf = (code: string) => erp.search('sale.sale', [['description', 'like', `%${code}%`]], SALE)
  const arrived = (code: string) =>
    until(`sale of ${code}`, async () => (await salesOf(code)).find((s) => s.state === 'processing'))

  /** Field by field: the sale against the order as the shop's own API states it. */
  async function expectSame(order: ShopOrder) {
    const sales = await salesOf(order.code)
    expect(sales).toHaveLength(1)
    const sale = sales[0]!
    expect(sale).toMatchObject({
      'party.': { code: 'WEB-GUEST' },
      'currency.': { code: 'EUR' },
      state: 'processing',
    })
    expect(sale.reference).toMatch(/^\S{16,}$/)
    expect(cents(sale.total_amount)).toBe(order.totalWithTax)
    const lines = await erp.search(
      'sale.line',
      [['sale', '=', sale.id]],
      ['product.code', 'quantity', 'amount', 'note'],
    )
    const code = (l: Row) => (l['product.'] as { code: string }).code
    const rounding = lines.filter((l) => code(l) === 'SRV-ROUND')
    const difference = rounding.reduce((sum, l) => sum + cents(l.amount), 0)
    expect(Math.abs(difference)).toBeLessThanOrEqual(lines.length + 2)
    const goods = lines.filter((l) => l.note)
    expect(goods.map((l) => [code(l), l.quantity, cents(l.amount), l.note])).toEqual(
      order.lines.map((l) => [
        CODES.product[l.productVariant.sku as keyof typeof CODES.product],
        l.quantity,
        l.proratedLinePrice,
        `Line ${l.id}`,
      ]),
    )
    const freight = lines.filter((l) => !l.note && !rounding.includes(l))
    expect(freight.map((l) => cents(l.amount))).toEqual([order.shipping])
    expect(cents(sale.untaxed_amount) - difference).toBe(
      order.lines.reduce((sum, l) => sum + l.proratedLinePrice, order.shipping),
    )
    return sale
  }

  it('every order is one sale with equal lines and amounts', async () => {
    const baskets: Basket[] = [
      { items: { 'MUG-350': 2, 'BOOK-SOUP': 1 } },
      { items: { 'MUG-350': 3, 'BOOK-SOUP': 2, 'GIFT-50': 1 }, coupon: 'TEN', shipping: 1 },
      { items: { 'TEE-S': 7, 'KNIFE-3': 1, 'COFFEE-1KG': 3 }, coupon: 'TEN' },
      { items: { 'PAN-28': 1 }, shipping: 1, name: 'Zoë 張🙂' },
    ]
    const bought: { id: string; code: string }[] = []
    for (const basket of baskets) bought.push(await shop.buy(basket))
    for (const { id, code } of bought) {
      await arrived(code)
      await expectSame(await shop.order(id))
    }
  })

  it('an authorised order waits for its money', async () => {
    const { id, code } = await shop.buy({ items: { 'APRON-LIN': 1 }, pay: 'dummy-invoice' })
    const marker = await shop.buy({ items: { 'MUG-350': 1 } })
    await arrived(marker.code)
    expect(await salesOf(code)).toEqual([])
    const { order } = await shop.admin('query($id: ID!) { order(id: $id) { payments { id } } }', { id })
    const payment = (order as { payments: { id: string }[] }).payments[0]!.id
    await shop.admin(
      `mutation { settlePayment(id: "${payment}") { __typename ... on ErrorResult { message } } }`,
    )
    await arrived(code)
    await expectSame(await shop.order(id))
  })

  it('killed while orders are on their way, each is still one sale', async () => {
    const bought: { id: string; code: string }[] = []
    for (let n = 0; n < 3; n++) bought.push(await shop.buy({ items: { 'MUG-350': 1 + n, 'TEE-S': 1 } }))
    await until('the first of them', async () => (await salesOf(bought[0]!.code)).length > 0)
    await running!.end('SIGKILL')
    running = await start()
    for (const { id, code } of bought) {
      await arrived(code)
      await expectSame(await shop.order(id))
    }
  })

  it('two parcels, the rest later and a corrected number become fulfilments', async () => {
    const { id, code } = await shop.buy({ items: { 'MUG-350': 3, 'BOOK-SOUP': 2 } })
    const sale = await arrived(code)
    await erp.ship(sale.id, [
      { tracking: 'T-1', items: { 'ERP-1001': 1 } },
      { tracking: 'T-2', items: { 'ERP-1001': 1, 'ERP-1004': 1 } },
    ])
    const living = async () => (await shop.order(id)).fulfillments.filter((f) => f.state === 'Shipped')
    const numbers = async () => (await living()).map((f) => f.trackingCode).sort()
    const [mug, book] = (await shop.order(id)).lines.map((l) => l.id)
    await until('both parcels in the shop', async () => (await numbers()).length === 2)
    const first = Object.fromEntries((await living()).map((f) => [f.trackingCode, f.lines]))
    expect(first).toEqual({
      'T-1': [{ orderLineId: mug, quantity: 1 }],
      'T-2': [
        { orderLineId: mug, quantity: 1 },
        { orderLineId: book, quantity: 1 },
      ],
    })
    expect((await shop.order(id)).state).toBe('PartiallyShipped')
    await erp.ship(sale.id, [{ tracking: 'T-3', items: { 'ERP-1001': 1, 'ERP-1004': 1 } }])
    await until('the rest in the shop', async () => (await shop.order(id)).state === 'Shipped')
    const [carton] = await erp.search('stock.package', [['shipping_reference', '=', 'T-2']], ['code'])
    await erp.rpc('stock.package.write', [[carton!.id], { shipping_reference: 'T-2-RIGHT' }])
    await until('the corrected number', async () => (await numbers()).join() === 'T-1,T-2-RIGHT,T-3')
    const all = (await shop.order(id)).fulfillments
    expect(all.find((f) => f.trackingCode === 'T-2')?.state).toBe('Cancelled')
    const quantities = (await living()).flatMap((f) => f.lines)
    const shipped = (line: string | undefined) =>
      quantities.filter((l) => l.orderLineId === line).reduce((sum, l) => sum + l.quantity, 0)
    expect([shipped(mug), shipped(book)]).toEqual([3, 2])
  })
})

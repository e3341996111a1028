/** The comparer over what the sandbox Odoo holds. */
import { afterEach, describe, expect, test } from 'vitest'
import { divideDecimal, multiplyDecimal } from '../../src/core/money.ts'
import { compare, printDifference, type RawOrder } from '../../src/sandbox/compare/compare.ts'
import { show } from '../../src/sandbox/compare/exact.ts'
import { expectedOf } from '../../src/sandbox/compare/expected.ts'
import type { Expectation } from '../../src/sandbox/generate/expectation.ts'
import type { OdooOptions } from '../../src/sandbox/odoo/options.ts'
import { startOdoo } from '../../src/sandbox/odoo/server.ts'
import type { ShopOrder } from '../../src/sandbox/shopify/order.ts'
import { startShopify } from '../../src/sandbox/shopify/server.ts'
import { client2, control } from '../support/odoo-client.ts'
import { one } from '../support/odoo-draft.ts'

const running = new Set<{ close(): Promise<void> }>()
afterEach(async () => {
  for (const server of running) await server.close()
  running.clear()
})

async function start(options: Partial<OdooOptions> = {}) {
  const odoo = await startOdoo({ apiKey: 'key', ...options })
  running.add(odoo)
  return { url: odoo.url, ...client2(odoo.url) }
}

describe('the comparer', () => {
  /** Orders that the shop never changed: there the tax is what a rate makes of a price. */
  async function sold(shop: string) {
    const read = async <T>(path: string) => (await (await fetch(`${shop}/_sandbox/${path}`)).json()) as T[]
    const expected = await read<Expectation>('expected')
    const raw = await read<RawOrder<ShopOrder>>('orders')
    return raw.filter((order, i) => expected[i]!.expect === 'document' && order.refunds.length === 0)
  }

  const FIELDS = [
    'id',
    'partner_id',
    'pricelist_id/id',
    'client_order_ref',
    'origin',
    'order_line/id',
    'order_line/product_id',
    'order_line/product_uom_qty',
    'order_line/price_unit',
    'order_line/tax_ids/id',
  ]

  function rowsOf(order: RawOrder<ShopOrder>): unknown[][] {
    const want = expectedOf(order)
    const key = `shop.k${want.orderId}`
    const list = want.currency === 'CNY' ? 'product.list0' : `sandbox.pricelist_${want.currency}`
    return want.lines.map((line, i) => {
      const amount = show(order.taxesIncluded ? line.gross : line.net!)
      const rate = order.lines.flatMap((l) => l.taxes)[0]?.rate ?? '0'
      const percent = line.tax!.units === 0n ? '0' : multiplyDecimal(rate, '100')
      const tax = `sandbox.tax_${percent.replace('.', '_')}${order.taxesIncluded ? '_incl' : ''}`
      const item = line.kind === 'freight' ? 'SHIPPING' : line.kind === 'charge' ? 'CHARGE' : line.sku
      const price = divideDecimal(amount, String(line.quantity), 15)
      const head = i === 0 ? [key, 'WEB', list, want.number, want.orderId] : ['', '', '', '', '']
      return [...head, `${key}_${line.ref}`, item, line.quantity, price, tax]
    })
  }

  test('finds nothing where every order is right, and what is wrong', async () => {
    const odoo = await start()
    const shop = await startShopify({ token: 'tok', secret: 'sec' })
    running.add(shop)
    await control(shop.url, 'orders', { count: 60, seed: 21, hard: true })
    const orders = await sold(shop.url)
    const ids: number[] = []
    for (const order of orders) {
      const loaded = await odoo.load('sale.order', FIELDS, rowsOf(order))
      expect(loaded.messages).toEqual([])
      ids.push(loaded.ids[0])
    }
    await odoo.call('sale.order', 'action_confirm', { ids })
    const all = async () => (await compare({ shop: shop.url, erp: odoo.url, erpKind: 'odoo' })).differences
    const loadedOnes = new Set(orders.map((order) => String(order.id)))
    const wrong = async () => (await all()).filter((d) => loadedOnes.has(d.orderId)).map(printDifference)
    expect(orders.length).toBeGreaterThan(30)
    expect(await wrong()).toEqual([])
    // the same again changes nothing
    for (const order of orders.slice(0, 5)) await odoo.load('sale.order', FIELDS, rowsOf(order))
    expect(await wrong()).toEqual([])
    const [line] = await odoo.find(
      'sale.order.line',
      [
        ['order_id', '=', ids[0]],
        ['product_id.type', '!=', 'service'],
      ],
      ['price_unit'],
    )
    await odoo.write('sale.order.line', [line.id], { price_unit: line.price_unit + 1 })
    expect((await wrong()).length).toBeGreaterThan(1)
    expect((await wrong()).every((text) => text.includes(String(orders[0]!.id)))).toBe(true)
    const [twice] = await odoo.create('sale.order', {
      partner_id: 1,
      client_order_ref: orders[1]!.name,
      origin: String(orders[1]!.id),
    })
    expect(await wrong()).toContain(`${orders[1]!.name} (${orders[1]!.id}) documents: expected 1, found 2`)
    await odoo.call('sale.order', 'action_cancel', { ids: [twice] })
    expect((await wrong()).join()).not.toContain('documents')
  })

  test('a field of its own can carry the line reference', async () => {
    const odoo = await start({ extraFields: ['sale.order.line.x_ref:char'] })
    const product_id = await one(odoo, 'product.product', 'default_code', 'TEA-001')
    await odoo.create('sale.order', { partner_id: 1, order_line: [[0, 0, { product_id, x_ref: '4711' }]] })
    const [order] = await control(odoo.url, 'orders')
    expect(order).toMatchObject({ externalId: null, lines: [{ ref: '4711', item: 'TEA-001', gross: '108' }] })
  })
})

/** The mappings that bench/mapping.ts measures, with their records and their hand-written twins. */
import path from 'node:path'
import type { Order } from '../../src/core/documents/order.ts'
import type { MapContext } from '../../src/core/ports.ts'
import { runnable } from '../../src/mapping/load.ts'
import { type ReadMapping, readMapping } from '../../src/mapping/read.ts'
import { generateOrder } from '../../src/sandbox/generate/order.ts'
import { restOrder } from '../../src/sandbox/shopify/rest.ts'
import { taobaoOrder, woocommerceOrder } from './mapping-hand.ts'
import { ncBill } from './mapping-hand-nc.ts'
import { type ShopifyOrder, shopifyOrder } from './mapping-hand-shopify.ts'
import { type TaobaoTrade, taobaoTrade, type WooOrder, wooOrder } from './mapping-orders.ts'

/** One mapping and its records. */
export interface MappingCase {
  name: string
  read: ReadMapping
  inputs: unknown[]
  context: MapContext
  byHand(input: unknown): unknown
}

const context: MapContext = {
  connection: 'shop',
  entity: 'main',
  settings: {},
  company: { zone: 'Asia/Shanghai', currency: 'CNY' },
}
const toNc: MapContext = {
  ...context,
  push: { key: 'T0001', revision: 1 },
  codes: { rate: { CNY: '1', JPY: '0.048', USD: '7.1', EUR: '7.8', KWD: '23.1' } },
  settings: {
    group: 'G',
    pkOrg: 'O1',
    tranType: '30-01',
    bizType: 'B',
    customer: 'C',
    dept: 'D',
    taxCode: 'VAT',
    country: 'CN',
    unit: 'EA',
    stockOrg: 'O2',
    settleOrg: 'O1',
    arOrg: 'O1',
    shippingMaterial: 'SHIPPING',
    chargeMaterial: 'CHARGE',
  },
}

const NOW = new Date('2026-03-01T08:00:00Z')
const MOST_LOOKED_AT = 2000

/** The first generated orders, hard ones, that have so many lines; as they come from the wire. */
function shopifyOrders(lines: number, count: number): ShopifyOrder[] {
  const found: ShopifyOrder[] = []
  for (let i = 0; found.length < count && i < MOST_LOOKED_AT; i++) {
    const order = restOrder(generateOrder(7, i, NOW, true)) as unknown as ShopifyOrder
    if (order.line_items.length === lines) found.push(JSON.parse(JSON.stringify(order)))
  }
  return found
}

const root = path.resolve(import.meta.dirname, '../..')
const read = (file: string) => readMapping(path.join(root, file))
const times = <T>(count: number, make: (n: number) => T) => Array.from({ length: count }, (_, n) => make(n))

/** Reads the files and makes the records: eight different ones in turn, of 200 lines two. */
export async function mappingCases(): Promise<MappingCase[]> {
  const shopify = await read('mappings/shopify/order-webhook.in.yaml')
  const five = shopifyOrders(5, 8)
  const loaded = await runnable(shopify)
  const orders = await Promise.all(five.map((input) => loaded.map(input, context)))
  const kept = orders.map((o) => JSON.parse(JSON.stringify(o)) as Order)
  const sold = (input: unknown) => shopifyOrder(input as ShopifyOrder)
  return [
    { name: 'Shopify, 5 lines', read: shopify, inputs: five, context, byHand: sold },
    { name: 'Shopify, 200 lines', read: shopify, inputs: shopifyOrders(200, 2), context, byHand: sold },
    {
      name: 'Taobao, 5 orders',
      read: await read('bench/parts/mappings/taobao-trade.in.yaml'),
      inputs: times(8, taobaoTrade),
      context,
      byHand: (input) => taobaoOrder(input as TaobaoTrade),
    },
    {
      name: 'WooCommerce, 5 lines',
      read: await read('bench/parts/mappings/woocommerce-order.in.yaml'),
      inputs: times(8, wooOrder),
      context,
      byHand: (input) => woocommerceOrder(input as WooOrder),
    },
    {
      name: 'order to NC bill, 5 lines',
      read: await read('mappings/yonyou-nc/order.out.yaml'),
      inputs: kept,
      context: toNc,
      byHand: (input) => ncBill(input as Order, toNc),
    },
  ]
}

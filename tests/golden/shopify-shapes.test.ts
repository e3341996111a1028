/**
 * Polled (GraphQL) and posted (REST) copies of an order must give one document: the newer copy replaces the older
 * one, whichever way it came. The pairs: every kind of order that the sandbox generates, and a recorded pair.
 */
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Order } from '../../src/core/documents/order.ts'
import type { MapContext } from '../../src/core/ports.ts'
import { checkOrder } from '../../src/mapping/check-order.ts'
import { type LoadedMapping, loadMapping, runnable } from '../../src/mapping/load.ts'
import { readMapping } from '../../src/mapping/read.ts'
import { validateDocument } from '../../src/mapping/validate.ts'
import { CARDS, cardOf, generateOrder } from '../../src/sandbox/generate/order.ts'
import { restOrder } from '../../src/sandbox/shopify/rest.ts'
import { orderView } from '../../src/sandbox/shopify/view.ts'

const root = path.resolve(import.meta.dirname, '../..')
const samples = path.resolve(root, '../shared/protocols/samples')
const context: MapContext = {
  connection: 'shop',
  entity: 'main',
  settings: {},
  company: { zone: 'Asia/Shanghai', currency: 'CNY' },
}
const [polled, posted] = (await Promise.all(
  ['order.in', 'order-webhook.in'].map((f) => loadMapping(path.join(root, `mappings/shopify/${f}.yaml`))),
)) as [LoadedMapping, LoadedMapping]

/** Fields that lead back to where they stand, or that no order query asks for. */
const AROUND = ['shippingLine', 'discountApplication', 'order', 'inventoryItem']

/** What a GraphQL answer holds when everything is asked for. */
function answered(value: unknown): unknown {
  if (typeof value === 'function') return answered(value({ first: 250 }))
  if (Array.isArray(value)) return value.map(answered)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([k]) => !AROUND.includes(k))
      .map(([k, v]) => [k, answered(v)]),
  )
}

const plain = (value: unknown) => JSON.parse(JSON.stringify(value))

/** The same files, left to the interpreter. */
const interpreted = (await Promise.all(
  ['shopify/order.in', 'yonyou-nc/order.out'].map(async (f) =>
    runnable(await readMapping(path.join(root, `mappings/${f}.yaml`)), { compile: false }),
  ),
)) as [LoadedMapping, LoadedMapping]
const bill = await loadMapping(path.join(root, 'mappings/yonyou-nc/order.out.yaml'))

describe('the two shapes of a Shopify order', () => {
  const now = new Date('2026-03-01T08:00:00Z')
  const indexes = Array.from({ length: 40 }, (_, i) => i)

  test('all of it is compiled', () => {
    expect([polled, posted, bill].map((m) => m.interpreted)).toEqual([null, null, null])
    expect(interpreted[0].interpreted).toBe('not asked for')
  })

  test('the generated block holds every kind of order', () => {
    expect(new Set(indexes.map((i) => cardOf(7, i)))).toEqual(new Set([...CARDS, 'plain']))
  })

  test.each(indexes)('order %i gives one document, whose sums agree', async (index) => {
    const order = generateOrder(7, index, now, true)
    const one = plain(await polled.map(answered(orderView(order)), context))
    const two = plain(await posted.map(plain(restOrder(order)), context))
    expect(two).toEqual(one)
    if (order.lines.some((l) => !l.sku)) {
      expect(() => validateDocument('order', { ...one, connection: 'shop', entity: 'main' })).toThrow(
        'have no SKU',
      )
      return
    }
    expect(plain(await interpreted[0].map(answered(orderView(order)), context))).toEqual(one)
    const codes = { rate: { [order.currency]: '1.2345' } }
    const out = {
      ...context,
      settings: { pkOrg: 'O', customer: 'C' },
      push: { key: 'K', revision: 1 },
      codes,
    }
    expect(plain(await bill.map(one, out))).toEqual(plain(await interpreted[1].map(one, out)))
    const valid = validateDocument('order', { ...one, connection: 'shop', entity: 'main' })
    expect(checkOrder(valid)).toEqual(valid)
  })

  const recorded = [
    `${samples}/shopify-orders.jpy-incl.response.json`,
    `${samples}/shopify-order.jpy-incl.webhook.json`,
  ]
  test.skipIf(!recorded.every(existsSync))(
    'a recorded pair (needs ../shared/protocols/samples)',
    async () => {
      const [response, webhook] = recorded.map((f) => JSON.parse(readFileSync(f, 'utf8')))
      const one = plain(await polled.map(response.data.orders.nodes[0], context)) as Order
      expect(plain(await posted.map(webhook, context))).toEqual(one)
      expect(one.lines[1]!.refunded).toEqual({ quantity: '1', amount: 2597, tax: 236 })
      expect(one.shipping.refunded).toEqual({ amount: 385, tax: 35 })
      expect(one.version).toBe('2026-11-20T08:15:30.000Z')
    },
  )
})

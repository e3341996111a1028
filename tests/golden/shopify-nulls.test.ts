/** Everything that Shopify's schema allows to be null, one at a time: the order stays valid, in both shapes alike. */
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { checkOrder } from '../../src/mapping/check-order.ts'
import { loadMapping } from '../../src/mapping/load.ts'
import { validateDocument } from '../../src/mapping/validate.ts'
import { generateOrder } from '../../src/sandbox/generate/order.ts'
import { restOrder } from '../../src/sandbox/shopify/rest.ts'
import { orderView } from '../../src/sandbox/shopify/view.ts'

type Tree = Record<string, unknown>
const root = path.resolve(import.meta.dirname, '../..')
const [polled, posted] = await Promise.all(
  ['order.in', 'order-webhook.in'].map((f) => loadMapping(path.join(root, `mappings/shopify/${f}.yaml`))),
)
const context = {
  connection: 'shop',
  entity: 'main',
  settings: {},
  company: { zone: 'Asia/Shanghai', currency: 'CNY' },
}

/** Fields that lead back to where they stand, or that no order query asks for. */
const AROUND = ['shippingLine', 'discountApplication', 'order', 'inventoryItem']

function answered(value: unknown): unknown {
  if (typeof value === 'function') return answered(value({ first: 250 }))
  if (Array.isArray(value)) return value.map(answered)
  if (typeof value !== 'object' || value === null) return value
  const fields = Object.entries(value).filter(([k]) => !AROUND.includes(k))
  return Object.fromEntries(fields.map(([k, v]) => [k, answered(v)]))
}

/** An order with an address, a customer, a refund and freight. */
const order = Array.from({ length: 400 }, (_, i) =>
  generateOrder(3, i, new Date('2026-03-01T08:00:00Z'), true),
).find(
  (o) =>
    o.shipping &&
    o.billing &&
    o.customer &&
    o.refunds.length > 0 &&
    o.lines.every((l) => l.sku) &&
    o.shippingLines.length > 0,
)!
const shapes = [
  JSON.parse(JSON.stringify(answered(orderView(order)))) as Tree,
  JSON.parse(JSON.stringify(restOrder(order))) as Tree,
] as const

/** The same place in both shapes; [GraphQL, REST]. */
const address = (graph: string, rest: string) =>
  ['name', 'company', 'address1', 'address2', 'city', 'phone', 'zip', 'province']
    .map((f) => [`${graph}.${f}`, `${rest}.${f}`])
    .concat([
      [graph, rest],
      [`${graph}.provinceCode`, `${rest}.province_code`],
      [`${graph}.countryCodeV2`, `${rest}.country_code`],
    ])
const NULLABLE = [
  ['note', 'note'],
  ['email', 'email'],
  ['phone', 'phone'],
  ['sourceName', 'source_name'],
  ['poNumber', 'po_number'],
  ['processedAt', 'processed_at'],
  ['closedAt', 'closed_at'],
  ['displayFulfillmentStatus', 'fulfillment_status'],
  ['presentmentCurrencyCode', 'presentment_currency'],
  ['tags', 'tags'],
  ['customAttributes', 'note_attributes'],
  ['paymentGatewayNames', 'payment_gateway_names'],
  ['totalTipReceivedSet', 'total_tip_received'],
  ['totalDiscountsSet', 'total_discounts_set'],
  ['totalTaxSet', 'total_tax_set'],
  ['refunds', 'refunds'],
  ['customer', 'customer'],
  ['customer.firstName', 'customer.first_name'],
  ['customer.lastName', 'customer.last_name'],
  ['customer.defaultEmailAddress', 'customer.email'],
  ['lineItems.nodes.0.variantTitle', 'line_items.0.variant_title'],
  ['lineItems.nodes.0.product', 'line_items.0.product_id'],
  ['lineItems.nodes.0.variant', 'line_items.0.variant_id'],
  ['lineItems.nodes.0.vendor', 'line_items.0.vendor'],
  ['lineItems.nodes.0.taxLines.0.rate', 'line_items.0.tax_lines.0.rate'],
  ['shippingLines.nodes.0.title', 'shipping_lines.0.title'],
  ['shippingLines.nodes.0.isRemoved', 'shipping_lines.0.is_removed'],
  ['shippingLines.nodes.0.code', 'shipping_lines.0.code'],
  ...address('shippingAddress', 'shipping_address'),
  ...address('billingAddress', 'billing_address'),
] as [string, string][]

function without(tree: Tree, dotted: string): Tree {
  const copy = structuredClone(tree)
  const steps = dotted.split('.')
  let at: Tree = copy
  for (const step of steps.slice(0, -1)) {
    at = at[step] as Tree
    if (at === undefined || at === null) return copy
  }
  at[steps.at(-1)!] = null
  return copy
}

describe('null where Shopify allows it', () => {
  test('the order has all that is taken away', () => {
    expect(order.refunds.flatMap((r) => r.lines).length).toBeGreaterThan(0)
    expect(order.customer?.lastName).toBeTruthy()
  })

  test.each(NULLABLE)('%s', async (graph, rest) => {
    const one = JSON.parse(JSON.stringify(await polled!.map(without(shapes[0], graph), context)))
    const two = JSON.parse(JSON.stringify(await posted!.map(without(shapes[1], rest), context)))
    expect(two).toEqual(one)
    const valid = validateDocument('order', { ...one, connection: 'shop', entity: 'main' })
    expect(checkOrder(valid).totals.total).toBe(one.totals.total)
  })
})

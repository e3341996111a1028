/** mappings/shopify/order-webhook.in.yaml by hand: typed, straight, with the same exact functions. */
import { addDecimal, decimal, toMinor } from '../../src/core/money.ts'
import { lineMoney, present, some, utc, words } from './mapping-hand.ts'

interface Amount {
  shop_money: { amount: string }
}
interface Tax {
  price_set: Amount
  rate: number
}
interface Allocation {
  amount_set: Amount
}
interface Address {
  name: string | null
  company: string | null
  phone: string | null
  address1: string | null
  address2: string | null
  city: string | null
  province: string | null
  province_code: string | null
  country_code: string | null
  zip: string | null
}
interface Line {
  id: number
  sku: string | null
  name: string | null
  title: string | null
  variant_title: string | null
  gift_card: boolean
  requires_shipping: boolean
  quantity: number
  price: string
  price_set: Amount
  discount_allocations: Allocation[]
  tax_lines: Tax[]
}
interface RefundLine {
  line_item_id: number
  quantity: number
  subtotal_set: Amount
  total_tax_set: Amount
}
interface Freight {
  title: string
  is_removed: boolean
  price_set: Amount
  tax_lines: Tax[]
  discount_allocations: Allocation[]
}
interface Adjustment {
  kind: string
  amount_set: Amount
  tax_amount_set: Amount
}

/** An order as its webhook carries it. */
export interface ShopifyOrder {
  id: number
  name: string
  created_at: string
  processed_at: string
  updated_at: string
  cancelled_at: string | null
  closed_at: string | null
  financial_status: string | null
  fulfillment_status: string | null
  source_name: string | null
  currency: string
  presentment_currency: string
  taxes_included: boolean
  customer: {
    id: number
    first_name: string | null
    last_name: string | null
    email: string | null
  } | null
  email: string | null
  phone: string | null
  note: string | null
  note_attributes: { name: string; value: string }[]
  po_number: string | null
  tags: string
  test: boolean
  payment_gateway_names: string[]
  shipping_address: Address | null
  billing_address: Address | null
  line_items: Line[]
  shipping_lines: Freight[]
  refunds: { refund_line_items: RefundLine[]; order_adjustments: Adjustment[] }[]
  total_tip_received: string
  total_discounts_set: Amount
  total_tax_set: Amount
  total_price_set: Amount
  total_cash_rounding_payment_adjustment_set: Amount
  original_total_duties_set: Amount | null
  original_total_additional_fees_set: Amount | null
}

const PAYMENT: Record<string, string> = {
  paid: 'paid',
  partially_paid: 'part-paid',
  partially_refunded: 'part-refunded',
  refunded: 'refunded',
}
const PAID = ['paid', 'partially_refunded', 'refunded']

function address(a: Address | null) {
  if (!a) return undefined
  return {
    name: some(a.name),
    company: some(a.company),
    phone: some(a.phone),
    lines: present(a.address1, a.address2),
    city: some(a.city),
    subdivision: some(a.province_code) ?? some(a.province),
    country: some(a.country_code),
    postcode: some(a.zip),
  }
}

function rates(taxes: Tax[]): string | undefined {
  if (taxes.length === 0) return undefined
  let sum = decimal(taxes[0]!.rate)
  for (let i = 1; i < taxes.length; i++) sum = addDecimal(sum, decimal(taxes[i]!.rate))
  return sum
}

const minor = (of: Amount, currency: string) => toMinor(of.shop_money.amount, currency)

function allocated(all: Allocation[], currency: string): number {
  let sum = 0
  for (const a of all) sum += minor(a.amount_set, currency)
  return sum
}

function taxed(all: Tax[], currency: string): number {
  let sum = 0
  for (const t of all) sum += minor(t.price_set, currency)
  return sum
}

function refundOf(back: RefundLine[], currency: string) {
  if (back.length === 0) return undefined
  let [quantity, amount, tax] = ['0', 0, 0]
  for (const r of back) {
    quantity = addDecimal(quantity, decimal(r.quantity))
    amount += minor(r.subtotal_set, currency)
    tax += minor(r.total_tax_set, currency)
  }
  return { quantity, amount, tax }
}

function line(l: Line, taken: RefundLine[], currency: string) {
  const price = some(l.price_set.shop_money.amount) ?? l.price
  return {
    externalId: String(l.id),
    sku: some(l.sku),
    name: some(l.name) ?? some(l.title) ?? '-',
    options: some(l.variant_title),
    kind: l.gift_card || !l.requires_shipping ? 'virtual' : 'goods',
    quantity: decimal(l.quantity),
    unitPrice: decimal(price),
    goods: lineMoney(price, l.quantity, currency),
    discount: allocated(l.discount_allocations, currency),
    tax: taxed(l.tax_lines, currency),
    taxRate: rates(l.tax_lines),
    refunded: refundOf(taken.length === 0 ? taken : taken.filter((r) => r.line_item_id === l.id), currency),
  }
}

function shipping(o: ShopifyOrder) {
  const { currency } = o
  const freight = o.shipping_lines.filter((s) => !s.is_removed)
  const back = o.refunds.flatMap((r) => r.order_adjustments).filter((a) => a.kind === 'shipping_refund')
  let [amount, discount, tax, backAmount, backTax] = [0, 0, 0, 0, 0]
  for (const s of freight) {
    amount += minor(s.price_set, currency)
    discount += allocated(s.discount_allocations, currency)
    tax += taxed(s.tax_lines, currency)
  }
  for (const a of back) {
    backAmount += minor(a.amount_set, currency)
    backTax += minor(a.tax_amount_set, currency)
  }
  return {
    method: some(freight[0]?.title),
    amount,
    discount,
    tax,
    taxRate: freight.length > 0 ? rates(freight[0]!.tax_lines) : undefined,
    refunded: back.length > 0 ? { amount: -backAmount, tax: -backTax } : undefined,
  }
}

function charges(o: ShopifyOrder) {
  const found: { kind: string; amount: number; tax: number }[] = []
  const add = (kind: string, amount: string | undefined) => {
    if (amount && Number(amount) !== 0) found.push({ kind, amount: toMinor(amount, o.currency), tax: 0 })
  }
  add('tip', o.total_tip_received)
  add('duty', o.original_total_duties_set?.shop_money.amount)
  add('fee', o.original_total_additional_fees_set?.shop_money.amount)
  add('rounding', o.total_cash_rounding_payment_adjustment_set.shop_money.amount)
  return found
}

function buyer(o: ShopifyOrder) {
  return {
    externalId: o.customer ? String(o.customer.id) : undefined,
    name: words(' ', o.customer?.first_name, o.customer?.last_name),
    company: some(o.billing_address?.company),
    email: some(o.email) ?? some(o.customer?.email),
    phone: some(o.phone),
  }
}

function totals(o: ShopifyOrder) {
  const { currency } = o
  const rounding = minor(o.total_cash_rounding_payment_adjustment_set, currency)
  return {
    discount: minor(o.total_discounts_set, currency),
    tax: minor(o.total_tax_set, currency),
    total: minor(o.total_price_set, currency) + rounding,
  }
}

function split(tags: string): string[] {
  return tags
    .split(',')
    .map((t) => t.trim())
    .filter((t) => t !== '')
}

/** The order. */
export function shopifyOrder(o: ShopifyOrder) {
  const { currency } = o
  const taken = o.refunds.flatMap((r) => r.refund_line_items)
  return {
    externalId: String(o.id),
    version: utc(o.updated_at),
    number: o.name,
    state: o.cancelled_at ? 'cancelled' : o.closed_at ? 'closed' : 'open',
    payment: (o.financial_status && PAYMENT[o.financial_status]) ?? 'unpaid',
    fulfillment: FULFILLED[o.fulfillment_status ?? ''] ?? 'none',
    placedAt: utc(o.created_at || o.processed_at),
    paidAt: PAID.includes(o.financial_status ?? '') ? utc(o.processed_at || o.created_at) : undefined,
    subSource: some(o.source_name),
    salesKind: o.source_name === 'pos' ? 'pos' : 'online',
    currency,
    buyerCurrency: o.presentment_currency === currency ? undefined : o.presentment_currency,
    taxIncluded: o.taxes_included,
    buyer: buyer(o),
    shipTo: address(o.shipping_address),
    billTo: address(o.billing_address),
    lines: o.line_items.map((l) => line(l, taken, currency)),
    shipping: shipping(o),
    charges: charges(o),
    payments: [],
    totals: totals(o),
    remarks: { buyer: some(o.note) },
    tags: split(o.tags),
    extra: {
      gateways: o.payment_gateway_names,
      attributes: o.note_attributes.map((a) => ({ key: a.name, value: a.value })),
      poNumber: some(o.po_number),
      test: o.test,
    },
  }
}

const FULFILLED: Record<string, string> = { fulfilled: 'complete', partial: 'partial' }

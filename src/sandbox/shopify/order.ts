/**
 * What the sandbox shop holds of an order, and the sums that follow from it. Amounts are integers in minor
 * units of the order's currency; states are never changed in place: every change makes a new version.
 */
import { currencyDigits, fromMinor, multiplyDecimal, roundDecimal, toMinor } from '../../core/money.ts'

export interface Tax {
  title: string
  /** As a fraction, decimal text: '0.13'. */
  rate: string
  amount: number
}

/** A part of a discount that falls on one line or on the freight. */
export interface Allocation {
  discount: number
  amount: number
}

export interface Discount {
  kind: 'code' | 'automatic' | 'manual'
  /** The code, or the title of an automatic or manual discount. */
  name: string
  target: 'LINE_ITEM' | 'SHIPPING_LINE'
  method: 'ACROSS' | 'EACH'
  value: { percentage: number } | { amount: number }
}

export interface Line {
  id: number
  sku: string | null
  title: string
  option: string | null
  quantity: number
  /** Decimal text; may be finer than the currency's minor unit. */
  unitPrice: string
  /** quantity × unitPrice, always whole minor units. */
  goods: number
  allocations: Allocation[]
  taxes: Tax[]
  ships: boolean
  attributes: [string, string][]
}

export interface ShippingLine {
  id: number
  title: string
  code: string | null
  price: number
  allocations: Allocation[]
  taxes: Tax[]
}

export interface Refund {
  id: number
  at: string
  note: string | null
  /** True for the record that removing a line in an order edit leaves behind. */
  byEdit: boolean
  /** `subtotal` is after discount and contains the tax when the order's prices do. */
  lines: { id: number; line: number; quantity: number; subtotal: number; tax: number; restock: string }[]
  shipping: { id: number; amount: number; tax: number } | null
  /** Money paid back that belongs to no line: negative amounts, as Shopify states a discrepancy. */
  adjustments: { id: number; amount: number; tax: number }[]
}

export interface Transaction {
  id: number
  kind: 'SALE' | 'AUTHORIZATION' | 'CAPTURE' | 'REFUND' | 'VOID'
  status: 'SUCCESS' | 'PENDING' | 'FAILURE'
  gateway: string
  amount: number
  at: string
  parent: number | null
  refund: number | null
}

export interface Fulfillment {
  id: number
  at: string
  company: string | null
  number: string | null
  url: string | null
  lines: { id: number; line: number; quantity: number }[]
}

export interface ShopAddress {
  firstName: string | null
  lastName: string | null
  company: string | null
  address1: string | null
  address2: string | null
  city: string | null
  province: string | null
  provinceCode: string | null
  zip: string | null
  country: string | null
  countryCode: string | null
  phone: string | null
}

/** What a buyer sends back; `closedAt` once the shop has dealt with it. */
export interface Return {
  id: number
  at: string
  closedAt: string | null
  reason: string
  note: string
  lines: { id: number; line: number; quantity: number }[]
}

export interface ShopOrder {
  id: number
  number: number
  name: string
  /** The seller's own currency; `presentment` is what the buyer saw, when it differs. */
  currency: string
  presentment: { currency: string; rate: string } | null
  taxesIncluded: boolean
  /** Instants in UTC, whole seconds, as Shopify states them. */
  createdAt: string
  updatedAt: string
  cancelledAt: string | null
  cancelReason: string | null
  closedAt: string | null
  edited: boolean
  note: string | null
  email: string | null
  phone: string | null
  tags: string[]
  customer: { id: number; firstName: string | null; lastName: string | null; email: string | null } | null
  billing: ShopAddress | null
  shipping: ShopAddress | null
  attributes: [string, string][]
  discounts: Discount[]
  lines: Line[]
  shippingLines: ShippingLine[]
  tip: number
  transactions: Transaction[]
  refunds: Refund[]
  fulfillments: Fulfillment[]
  /** Left out where nothing was ever sent back. */
  returns?: Return[]
}

/** The sums of an order, minor units. `current…` are after refunds and removals. */
export interface Totals {
  lineItems: number
  discounts: number
  subtotal: number
  shipping: number
  tax: number
  total: number
  received: number
  refunded: number
  discrepancy: number
  outstanding: number
  currentSubtotal: number
  currentShipping: number
  currentTax: number
  currentTotal: number
}

/** Sums anything that has an amount. */
export function amounts(of: readonly { amount: number }[]): number {
  let sum = 0
  for (const one of of) sum += one.amount
  return sum
}

/** Goods less discount of a line, minor units. */
export function lineNet(line: Line): number {
  return line.goods - amounts(line.allocations)
}

/** Pieces of a line taken back so far, by refunds and by order edits. */
export function takenBack(order: ShopOrder, line: number): number {
  let quantity = 0
  for (const r of order.refunds) for (const l of r.lines) if (l.line === line) quantity += l.quantity
  return quantity
}

/** Pieces of a line already shipped. */
export function shippedOf(order: ShopOrder, line: number): number {
  let quantity = 0
  for (const f of order.fulfillments) for (const l of f.lines) if (l.line === line) quantity += l.quantity
  return quantity
}

/**
 * Adds an order up the way Shopify does: subtotal after all line discounts, total = subtotal + freight +
 * tip, plus tax where prices do not contain it (facts §1.2).
 */
export function totalsOf(order: ShopOrder): Totals {
  const lineItems = order.lines.reduce((n, l) => n + l.goods, 0)
  const subtotal = order.lines.reduce((n, l) => n + lineNet(l), 0)
  const freight = order.shippingLines.reduce((n, s) => n + s.price - amounts(s.allocations), 0)
  const discounts = lineItems - subtotal + order.shippingLines.reduce((n, s) => n + amounts(s.allocations), 0)
  const tax = [...order.lines, ...order.shippingLines].reduce((n, l) => n + amounts(l.taxes), 0)
  const total = subtotal + freight + order.tip + (order.taxesIncluded ? 0 : tax)
  return {
    lineItems,
    discounts,
    subtotal,
    shipping: freight,
    tax,
    total,
    ...after(order, subtotal, freight, tax, total),
  }
}

function after(order: ShopOrder, subtotal: number, freight: number, tax: number, total: number) {
  let lines = 0
  let shipping = 0
  let taxes = 0
  let discrepancy = 0
  for (const r of order.refunds) {
    for (const l of r.lines) {
      lines += l.subtotal
      taxes += l.tax
    }
    shipping += r.shipping?.amount ?? 0
    taxes += r.shipping?.tax ?? 0
    discrepancy += amounts(r.adjustments)
  }
  const done = order.transactions.filter((t) => t.status === 'SUCCESS')
  const received = amounts(done.filter((t) => t.kind === 'SALE' || t.kind === 'CAPTURE'))
  const refunded = amounts(done.filter((t) => t.kind === 'REFUND'))
  const currentTotal = total - lines - shipping - (order.taxesIncluded ? 0 : taxes)
  return {
    received,
    refunded,
    discrepancy,
    outstanding: order.cancelledAt ? 0 : currentTotal - received + refunded + discrepancy,
    currentSubtotal: subtotal - lines,
    currentShipping: freight - shipping,
    currentTax: tax - taxes,
    currentTotal,
  }
}

/** Shopify's `displayFinancialStatus` of an order. */
export function financialStatus(order: ShopOrder, totals: Totals = totalsOf(order)): string {
  const { received, refunded, total } = totals
  if (received === 0 && total > 0) {
    if (order.cancelledAt) return 'VOIDED'
    return order.transactions.some((t) => t.kind === 'AUTHORIZATION') ? 'AUTHORIZED' : 'PENDING'
  }
  if (refunded > 0) return refunded >= received ? 'REFUNDED' : 'PARTIALLY_REFUNDED'
  return totals.outstanding > 0 ? 'PARTIALLY_PAID' : 'PAID'
}

/** Shopify's `displayFulfillmentStatus` of an order. */
export function fulfillmentStatus(order: ShopOrder): string {
  if (order.fulfillments.length === 0) return 'UNFULFILLED'
  const open = order.lines.some(
    (l) => l.ships && l.quantity - takenBack(order, l.id) - shippedOf(order, l.id) > 0,
  )
  return open ? 'PARTIALLY_FULFILLED' : 'FULFILLED'
}

/** As GraphQL prints an amount: at least one decimal, no other trailing zeros ("10.0", "44000.0"). */
export function graphAmount(minor: number, currency: string): string {
  const text = fromMinor(minor, currency)
  return graphDecimal(text)
}

/** Decimal text as GraphQL prints it. */
export function graphDecimal(text: string): string {
  if (!text.includes('.')) return `${text}.0`
  const trimmed = text.replace(/0+$/, '')
  return trimmed.endsWith('.') ? `${trimmed}0` : trimmed
}

/** As REST and webhooks print an amount: the currency's own number of decimals ("10.00", JPY "1650"). */
export function restAmount(minor: number, currency: string): string {
  return fromMinor(minor, currency)
}

/** Converts minor units of the order's currency to the buyer's, half up; the order's own when none differs. */
export function presentmentMinor(order: ShopOrder, minor: number): { minor: number; currency: string } {
  if (!order.presentment) return { minor, currency: order.currency }
  const { currency, rate } = order.presentment
  const [whole = '0', fraction = ''] = rate.split('.')
  const scale = 10n ** BigInt(fraction.length + currencyDigits(order.currency))
  const scaled = BigInt(minor) * BigInt(whole + fraction) * 10n ** BigInt(currencyDigits(currency))
  const rounded = (scaled < 0n ? scaled * 2n - scale : scaled * 2n + scale) / (scale * 2n)
  return { minor: Number(rounded), currency }
}

/** A unit price in the buyer's currency, rounded to its digits; the order's own when none differs. */
export function presentmentUnit(order: ShopOrder, unitPrice: string): { amount: string; currency: string } {
  if (!order.presentment) return { amount: unitPrice, currency: order.currency }
  const { currency, rate } = order.presentment
  return { amount: roundDecimal(multiplyDecimal(unitPrice, rate), currencyDigits(currency)), currency }
}

/** Minor units of `quantity` pieces at a decimal unit price. Throws RangeError when they are not whole. */
export function goodsOf(unitPrice: string, quantity: number, currency: string): number {
  const [whole = '0', fraction = ''] = unitPrice.split('.')
  const units = (BigInt(whole + fraction) * BigInt(quantity)).toString().padStart(fraction.length + 1, '0')
  const cut = units.length - fraction.length
  return toMinor(`${units.slice(0, cut)}.${units.slice(cut) || '0'}`, currency)
}

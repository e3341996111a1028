/** What the ERP must hold for one version of a shop order, worked out from the raw order alone. */
import { digitsOf, type Exact, ofMinor } from './exact.ts'

/** One row that must arrive. `optional`: freight of nothing, which may as well be left out. */
export interface ExpectedLine {
  ref: string
  kind: 'goods' | 'freight' | 'charge'
  sku: string | null
  quantity: number
  gross: Exact
  /** Null where the shop does not state the tax that its prices contain. */
  net: Exact | null
  tax: Exact | null
  /** Null where a refund has made the discount of the rest a matter of taste. */
  discount: Exact | null
  optional: boolean
}

/** A receiver whom the platform shows masked. */
export interface Masked {
  /** What the platform gives instead: whoever ships by its waybills needs it unchanged. */
  opaqueId: string
  /** Country, postcode, then from the widest division to the masked rest of the address. */
  place: readonly string[]
}

export interface ExpectedDocument {
  orderId: string
  number: string
  currency: string
  total: Exact
  lines: ExpectedLine[]
  /** Null where the shop shows nobody who receives the goods. */
  name: string | null
  phone: string | null
  /** Texts that the delivery address must contain. */
  address: string[]
  /** Where the platform hides the receiver: what must stand in the document to the letter. */
  masked: Masked | null
  note: string
  placedAt: string
}

interface Money {
  amount: number
  tax: number
}

/**
 * What the comparer reads of an order that a sandbox shop sold, whatever the shop; amounts in minor units. Ids
 * beyond 2^53 are text.
 */
export interface SoldOrder {
  id: number | string
  name: string
  currency: string
  taxesIncluded: boolean
  createdAt: string
  note: string | null
  phone: string | null
  /** As the shop shows it: a platform that masks its buyers shows no more here. */
  shipping: Record<
    'firstName' | 'lastName' | 'phone' | 'address1' | 'address2' | 'city',
    string | null
  > | null
  /** Absent where the platform shows the receiver in the clear. */
  masked?: Masked
  lines: {
    id: number | string
    sku: string | null
    quantity: number
    goods: number
    allocations: { amount: number }[]
    taxes: { amount: number }[]
  }[]
  shippingLines: { price: number; allocations: { amount: number }[]; taxes: { amount: number }[] }[]
  tip: number
  refunds: {
    lines: { line: number | string; quantity: number; subtotal: number; tax: number }[]
    shipping: Money | null
  }[]
}

/**
 * The document for an order: what is left after refunds and order edits; freight and tip as rows of their
 * own; amounts paid back beside any line change nothing.
 */
export function expectedOf(order: SoldOrder): ExpectedDocument {
  const digits = digitsOf(order.currency)
  const priced = (money: Money) => {
    const gross = order.taxesIncluded ? money.amount : money.amount + money.tax
    return {
      gross: ofMinor(gross, digits),
      net: ofMinor(gross - money.tax, digits),
      tax: ofMinor(money.tax, digits),
    }
  }
  const lines = [...goodsLines(order, priced), ...freightLine(order, priced), ...tipLine(order, priced)]
  let total = 0n
  for (const l of lines) total += l.gross.units
  return {
    orderId: String(order.id),
    number: order.name,
    currency: order.currency,
    total: { units: total, scale: digits },
    lines,
    name: joined(order.shipping?.firstName, order.shipping?.lastName),
    phone: order.shipping?.phone || order.phone || '',
    address: order.masked
      ? []
      : [order.shipping?.address1, order.shipping?.address2, order.shipping?.city].filter((t): t is string =>
          Boolean(t),
        ),
    masked: order.masked ?? null,
    note: order.note ?? '',
    placedAt: order.createdAt,
  }
}

type Priced = (money: Money) => Pick<ExpectedLine, 'gross' | 'net' | 'tax'>

function goodsLines(order: SoldOrder, priced: Priced): ExpectedLine[] {
  const digits = digitsOf(order.currency)
  return order.lines.flatMap((line): ExpectedLine[] => {
    const off = sum(line.allocations)
    let quantity = line.quantity
    let amount = line.goods - off
    let tax = sum(line.taxes)
    for (const back of order.refunds.flatMap((r) => r.lines)) {
      if (back.line !== line.id) continue
      quantity -= back.quantity
      amount -= back.subtotal
      tax -= back.tax
    }
    if (quantity <= 0) return []
    const discount = quantity === line.quantity ? ofMinor(off, digits) : null
    const row = { ref: String(line.id), kind: 'goods' as const, sku: line.sku, quantity }
    return [{ ...row, ...priced({ amount, tax }), discount, optional: false }]
  })
}

function freightLine(order: SoldOrder, priced: Priced): ExpectedLine[] {
  if (order.shippingLines.length === 0) return []
  let amount = 0
  let tax = 0
  let off = 0
  for (const s of order.shippingLines) {
    off += sum(s.allocations)
    amount += s.price - sum(s.allocations)
    tax += sum(s.taxes)
  }
  const back = order.refunds.flatMap((r) => (r.shipping ? [r.shipping] : []))
  for (const b of back) {
    amount -= b.amount
    tax -= b.tax
  }
  const discount = back.length === 0 ? ofMinor(off, digitsOf(order.currency)) : null
  const row = { ref: 'shipping', kind: 'freight' as const, sku: null, quantity: 1 }
  return [{ ...row, ...priced({ amount, tax }), discount, optional: amount === 0 && tax === 0 }]
}

function tipLine(order: SoldOrder, priced: Priced): ExpectedLine[] {
  if (order.tip === 0) return []
  const row = { ref: 'charge:0', kind: 'charge' as const, sku: null, quantity: 1 }
  return [{ ...row, ...priced({ amount: order.tip, tax: 0 }), discount: null, optional: false }]
}

function sum(of: readonly { amount: number }[]): number {
  return of.reduce((n, a) => n + a.amount, 0)
}

function joined(...parts: (string | null | undefined)[]): string {
  return parts.filter((p) => p).join(' ')
}

/** An order of the marketplace and what can happen to it. Pure: an order in, its next version out. Amounts are pesos. */
import {
  addDecimal,
  apportion,
  compareDecimal,
  multiplyDecimal,
  roundDecimal,
  subtractDecimal,
} from '../../core/money.ts'
import { instant } from './clock.ts'

export const STATUSES = ['UNPAID', 'PAID', 'PART_SHIPPED', 'SHIPPED', 'DELIVERED', 'CANCELLED'] as const
export type Status = (typeof STATUSES)[number]

export interface Line {
  /** Identifiers are text here: they have 19 digits. */
  id: string
  item: string
  sku: string | null
  title: string
  spec: string | null
  /** Decimal text, up to four decimals. */
  unitPrice: string
  /** Decimal text, up to three decimals, like every quantity. */
  quantity: string
  goods: number
  sellerDiscount: number
  platformDiscount: number
  gift: boolean
  shipped: string
  refunded: string
  refundedAmount: number
}

export interface Package {
  id: string
  warehouse: string
  delivery: 'HOME' | 'PICKUP'
  freight: number
  freightDiscount: number
  freightRefunded: number
  lines: Line[]
}

export interface Recipient {
  name: string
  rut: string | null
  phone: string
  regionCode: string
  region: string
  commune: string
  street: string
  number: string
  extra: string | null
  postcode: string | null
}

export interface Payment {
  no: string
  method: string
  amount: number
  at: string
}

export interface Order {
  id: string
  no: string
  revision: number
  /** Whole seconds in UTC, like every instant here. */
  createdAt: string
  paidAt: string | null
  modifiedAt: string
  shipBefore: string | null
  deliveredAt: string | null
  cancelledAt: string | null
  cancelReason: string | null
  buyer: { id: string; nick: string }
  recipient: Recipient
  buyerNote: string | null
  sellerNote: string | null
  flag: number
  invoice: { kind: 'BOLETA' | 'FACTURA'; name: string | null; rut: string | null; activity: string | null }
  packages: Package[]
  payments: Payment[]
}

/** Thrown when a change cannot be made; the message is for the person who asked. */
export class ChangeRefused extends Error {}

export const linesOf = (order: Pick<Order, 'packages'>): Line[] => order.packages.flatMap((p) => p.lines)

const sum = <T>(list: readonly T[], of: (one: T) => number): number => list.reduce((n, one) => n + of(one), 0)

/** `unit price × quantity`, half up to whole pesos. */
export function goodsOf(unitPrice: string, quantity: string): number {
  return Number(roundDecimal(multiplyDecimal(unitPrice, quantity), 0))
}

/** IVA of 19 % contained in an amount, half up. */
export function taxIn(amount: number): number {
  return Number((BigInt(amount) * 38n + 119n) / 238n)
}

/** What the buyer paid for a line. */
export const paidFor = (l: Line): number => l.goods - l.sellerDiscount - l.platformDiscount

export interface Amounts {
  goods: number
  sellerDiscount: number
  platformDiscount: number
  freight: number
  freightDiscount: number
  buyerPays: number
  sellerReceives: number
  refunded: number
}

export function amountsOf(order: Pick<Order, 'packages'>): Amounts {
  const lines = linesOf(order)
  const goods = sum(lines, (l) => l.goods)
  const sellerDiscount = sum(lines, (l) => l.sellerDiscount)
  const platformDiscount = sum(lines, (l) => l.platformDiscount)
  const freight = sum(order.packages, (p) => p.freight)
  const freightDiscount = sum(order.packages, (p) => p.freightDiscount)
  const buyerPays = goods - sellerDiscount - platformDiscount + freight - freightDiscount
  const refunded = sum(lines, (l) => l.refundedAmount) + sum(order.packages, (p) => p.freightRefunded)
  return {
    goods,
    sellerDiscount,
    platformDiscount,
    freight,
    freightDiscount,
    buyerPays,
    sellerReceives: buyerPays + platformDiscount,
    refunded,
  }
}

/** What of a line may still be shipped; never below 0. */
export function openOf(line: Line): string {
  const open = subtractDecimal(subtractDecimal(line.quantity, line.shipped), line.refunded)
  return compareDecimal(open, '0') < 0 ? '0' : open
}

export function statusOf(order: Order): Status {
  if (order.cancelledAt) return 'CANCELLED'
  if (!order.paidAt) return 'UNPAID'
  if (order.deliveredAt) return 'DELIVERED'
  const lines = linesOf(order)
  if (!lines.some((l) => compareDecimal(l.shipped, '0') > 0)) return 'PAID'
  return lines.every((l) => compareDecimal(openOf(l), '0') === 0) ? 'SHIPPED' : 'PART_SHIPPED'
}

/** The next version: changed, with its revision and instant. */
function changed(order: Order, now: Date, patch: Partial<Order>): Order {
  return { ...order, ...patch, revision: order.revision + 1, modifiedAt: instant(now) }
}

const DAYS = 24 * 3600_000

/** The buyer pays. Throws ChangeRefused. */
export function pay(order: Order, now: Date): Order {
  if (statusOf(order) !== 'UNPAID') throw new ChangeRefused('only an unpaid order can be paid')
  const amount = amountsOf(order).buyerPays
  const payment = {
    no: `PA-${order.no.slice(3)}-${order.payments.length + 1}`,
    method: 'WEBPAY',
    amount,
    at: instant(now),
  }
  return changed(order, now, {
    paidAt: instant(now),
    shipBefore: instant(new Date(now.getTime() + 2 * DAYS)),
    payments: [...order.payments, payment],
  })
}

/** Cancels; what was paid is paid back as a whole. Throws ChangeRefused. */
export function cancel(order: Order, now: Date, reason = 'BUYER_CHANGED_MIND'): Order {
  if (!['UNPAID', 'PAID'].includes(statusOf(order)))
    throw new ChangeRefused('a shipped order cannot be cancelled')
  const packages = order.paidAt ? order.packages.map(paidBack) : order.packages
  return changed(order, now, { packages, cancelledAt: instant(now), cancelReason: reason })
}

const paidBack = (p: Package): Package => ({
  ...p,
  freightRefunded: p.freight - p.freightDiscount,
  lines: p.lines.map((l) => ({ ...l, refunded: l.quantity, refundedAmount: paidFor(l) })),
})

export interface RefundRequest {
  line: string
  quantity: string
  /** The freight of the line's package, too. */
  freight?: boolean
}

/** Pays pieces of one line back. Throws ChangeRefused. */
export function refund(order: Order, { line: id, quantity, freight }: RefundRequest, now: Date): Order {
  if (!order.paidAt || order.cancelledAt) throw new ChangeRefused('nothing to pay back')
  const line = linesOf(order).find((l) => l.id === id)
  if (!line) throw new ChangeRefused(`the order has no line ${id}`)
  const refunded = addDecimal(line.refunded, quantity)
  if (compareDecimal(quantity, '0') <= 0 || compareDecimal(refunded, line.quantity) > 0)
    throw new ChangeRefused(`line ${id} has not so much left`)
  // by what is paid back in all, so that all parts add up to the whole
  const rest = subtractDecimal(line.quantity, refunded)
  const refundedAmount = apportion(paidFor(line), [refunded, rest])[0]!
  const packages = order.packages.map((p) => ({
    ...p,
    freightRefunded: freight && p.lines.includes(line) ? p.freight - p.freightDiscount : p.freightRefunded,
    lines: p.lines.map((l) => (l === line ? { ...l, refunded, refundedAmount } : l)),
  }))
  return changed(order, now, { packages })
}

/** What a seller or buyer may change besides: notes, the flag, the address. */
export type Edit = Partial<Pick<Order, 'buyerNote' | 'sellerNote' | 'flag'>> & {
  recipient?: Partial<Recipient>
}

export function edit(order: Order, { recipient, ...asked }: Edit, now: Date): Order {
  if (order.cancelledAt) throw new ChangeRefused('a cancelled order cannot be edited')
  return changed(order, now, {
    ...asked,
    ...(recipient ? { recipient: { ...order.recipient, ...recipient } } : {}),
  })
}

export function deliver(order: Order, now: Date): Order {
  if (statusOf(order) !== 'SHIPPED') throw new ChangeRefused('only a shipped order can be delivered')
  return changed(order, now, { deliveredAt: instant(now) })
}

/** Moves shipped quantities on; whether they are open was checked before. */
export function ship(order: Order, lines: readonly { line: string; quantity: string }[], now: Date): Order {
  const by = (l: Line) =>
    lines.filter((one) => one.line === l.id).reduce((n, one) => addDecimal(n, one.quantity), l.shipped)
  const packages = order.packages.map((p) => ({
    ...p,
    lines: p.lines.map((l) => ({ ...l, shipped: by(l) })),
  }))
  return changed(order, now, { packages })
}

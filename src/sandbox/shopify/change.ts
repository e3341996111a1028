/** What can happen to an order after it was placed. Pure: an order in, its next version out. */
import {
  amounts,
  type Fulfillment,
  goodsOf,
  type Line,
  lineNet,
  type Refund,
  type ShopOrder,
  shippedOf,
  takenBack,
  totalsOf,
} from './order.ts'

/** Thrown when a change cannot be made; the message is for the person who asked. */
export class ChangeRefused extends Error {}

/** Whole seconds in UTC, as Shopify states instants. */
export function instant(now: Date): string {
  return `${now.toISOString().slice(0, 19)}Z`
}

/** The next free id for a child of an order. Children of one order take ids from one run of 1000. */
export function childId(order: ShopOrder, base: number): number {
  const children =
    order.lines.length +
    order.shippingLines.length +
    order.transactions.length +
    order.fulfillments.reduce((n, f) => n + 1 + f.lines.length, 0) +
    order.refunds.reduce((n, r) => n + 3 + r.lines.length + r.adjustments.length, 0) +
    (order.returns ?? []).reduce((n, r) => n + 1 + r.lines.length, 0)
  return base + (order.id - 7_000_000_000_000) * 1000 + children
}

/** Bases of the id ranges, after the shapes of real ones. */
export const ID = {
  order: 7_000_000_000_000,
  line: 15_000_000_000_000,
  shipping: 5_000_000_000_000,
  transaction: 8_500_000_000_000,
  refund: 9_500_000_000_000,
  return: 9_700_000_000_000,
  fulfillment: 5_500_000_000_000,
  fulfillmentOrder: 6_500_000_000_000,
  fulfillmentOrderLine: 13_500_000_000_000,
} as const

/** `lines`: pieces to take back (all that are left when absent). `amount`: paid back beside any line. */
export interface RefundRequest {
  lines?: { line: number; quantity?: number }[]
  full?: boolean
  shipping?: boolean
  amount?: number
  note?: string | null
}

/** Takes goods, freight or plain money back and pays it to the buyer. Throws ChangeRefused. */
export function refund(order: ShopOrder, asked: RefundRequest, now: Date, byEdit = false): ShopOrder {
  const id = childId(order, ID.refund)
  const wanted = asked.full ? order.lines.map((l) => ({ line: l.id })) : (asked.lines ?? [])
  const lines = wanted.flatMap((w, i) => refundLine(order, w, id + 2 + i, byEdit))
  const record: Refund = {
    id,
    at: instant(now),
    note: asked.note ?? null,
    byEdit,
    lines,
    shipping: asked.full || asked.shipping ? refundShipping(order, id + 1) : null,
    adjustments: asked.amount ? [{ id: id + 2 + lines.length, amount: -asked.amount, tax: 0 }] : [],
  }
  if (lines.length === 0 && !record.shipping && !asked.amount && !asked.full) {
    throw new ChangeRefused('nothing is left to refund')
  }
  return pay(order, record, now, asked.full === true)
}

function pay(order: ShopOrder, record: Refund, now: Date, full: boolean): ShopOrder {
  const before = totalsOf(order)
  const changed = { ...order, refunds: [...order.refunds, record], updatedAt: instant(now) }
  const after = totalsOf(changed)
  const money = full
    ? before.received - before.refunded
    : before.currentTotal - after.currentTotal - amounts(record.adjustments)
  const amount = Math.min(money, before.received - before.refunded)
  if (amount <= 0) return changed
  const sale = order.transactions.find((t) => t.kind === 'SALE' || t.kind === 'CAPTURE')
  const transaction = {
    id: childId(changed, ID.transaction),
    kind: 'REFUND' as const,
    status: 'SUCCESS' as const,
    gateway: sale?.gateway ?? 'manual',
    amount,
    at: instant(now),
    parent: sale?.id ?? null,
    refund: record.id,
  }
  return { ...changed, transactions: [...changed.transactions, transaction] }
}

function refundLine(
  order: ShopOrder,
  asked: { line: number; quantity?: number },
  id: number,
  byEdit: boolean,
): Refund['lines'] {
  const line = order.lines.find((l) => l.id === asked.line)
  if (!line) throw new ChangeRefused(`the order has no line ${asked.line}`)
  const before = takenBack(order, line.id)
  const left = line.quantity - before
  const quantity = asked.quantity ?? left
  if (quantity > left) throw new ChangeRefused(`line ${line.id} has only ${left} left`)
  if (quantity <= 0) return []
  const share = (whole: number) =>
    part(whole, before + quantity, line.quantity) - part(whole, before, line.quantity)
  return [
    {
      id,
      line: line.id,
      quantity,
      subtotal: share(lineNet(line)),
      tax: share(amounts(line.taxes)),
      restock: byEdit || shippedOf(order, line.id) === 0 ? 'CANCEL' : 'RETURN',
    },
  ]
}

/** The share of `n` out of `of` pieces, half up; cumulative, so that all parts add up to the whole. */
function part(whole: number, n: number, of: number): number {
  return Number((BigInt(whole) * BigInt(n) * 2n + BigInt(of)) / (BigInt(of) * 2n))
}

function refundShipping(order: ShopOrder, id: number): Refund['shipping'] {
  const paidBack = order.refunds.some((r) => r.shipping)
  const amount = order.shippingLines.reduce((n, s) => n + s.price - amounts(s.allocations), 0)
  const tax = order.shippingLines.reduce((n, s) => n + amounts(s.taxes), 0)
  return paidBack || amount === 0 ? null : { id, amount, tax }
}

/** Cancels and pays everything back, as Shopify's own cancel button does. Throws ChangeRefused. */
export function cancel(order: ShopOrder, now: Date, reason = 'CUSTOMER'): ShopOrder {
  if (order.cancelledAt) throw new ChangeRefused('the order is cancelled already')
  if (order.fulfillments.length > 0) throw new ChangeRefused('a shipped order cannot be cancelled')
  const at = instant(now)
  const cancelled = { ...order, cancelledAt: at, closedAt: at, cancelReason: reason, updatedAt: at }
  return refund(cancelled, { full: true }, now)
}

/** What an order edit may do: add a line (paid at once), take pieces of a line out, change the note. */
export interface EditRequest {
  add?: { sku: string | null; title: string; option?: string | null; unitPrice: string; quantity: number }
  remove?: { line: number; quantity?: number }
  note?: string | null
}

/** Edits an open order. A removed line stays, with a refund record beside it. Throws ChangeRefused. */
export function edit(order: ShopOrder, asked: EditRequest, now: Date): ShopOrder {
  if (order.cancelledAt) throw new ChangeRefused('a cancelled order cannot be edited')
  let next: ShopOrder = { ...order, updatedAt: instant(now) }
  if (asked.note !== undefined) next = { ...next, note: asked.note }
  if (asked.remove) next = { ...refund(next, { lines: [asked.remove] }, now, true), edited: true }
  if (asked.add)
    next = settle({ ...next, lines: [...next.lines, addedLine(next, asked.add)], edited: true }, now)
  return next
}

function addedLine(order: ShopOrder, add: NonNullable<EditRequest['add']>): Line {
  const goods = goodsOf(add.unitPrice, add.quantity, order.currency)
  return {
    id: childId(order, ID.line),
    sku: add.sku,
    title: add.title,
    option: add.option ?? null,
    quantity: add.quantity,
    unitPrice: add.unitPrice,
    goods,
    allocations: [],
    taxes: order.lines[0]?.taxes.length ? [taxOn(goods, order.lines[0].taxes[0]!, order.taxesIncluded)] : [],
    ships: true,
    attributes: [],
  }
}

/** The tax on an amount at the rate of another tax line: contained in it, or on top of it; half up. */
export function taxOn(
  amount: number,
  like: { title: string; rate: string },
  included: boolean,
): { title: string; rate: string; amount: number } {
  const fraction = like.rate.split('.')[1] ?? ''
  const one = 10n ** BigInt(fraction.length)
  const rate = BigInt(like.rate.replace('.', ''))
  const divisor = included ? one + rate : one
  const tax = (BigInt(amount) * rate * 2n + divisor) / (divisor * 2n)
  return { title: like.title, rate: like.rate, amount: Number(tax) }
}

/** Pays what is outstanding: a later payment of an unpaid order, or of a line that an edit added. */
export function settle(order: ShopOrder, now: Date, gateway = 'bogus'): ShopOrder {
  const { outstanding } = totalsOf(order)
  if (outstanding <= 0) return { ...order, updatedAt: instant(now) }
  const transaction = {
    id: childId(order, ID.transaction),
    kind: 'SALE' as const,
    status: 'SUCCESS' as const,
    gateway,
    amount: outstanding,
    at: instant(now),
    parent: null,
    refund: null,
  }
  return { ...order, transactions: [...order.transactions, transaction], updatedAt: instant(now) }
}

/** Ships pieces of lines in one parcel. Throws ChangeRefused when more is asked than is open. */
export function fulfil(
  order: ShopOrder,
  lines: { line: number; quantity: number }[],
  tracking: Pick<Fulfillment, 'company' | 'number' | 'url'>,
  now: Date,
): ShopOrder {
  for (const asked of lines) {
    const line = order.lines.find((l) => l.id === asked.line)
    const open = line ? line.quantity - takenBack(order, line.id) - shippedOf(order, line.id) : 0
    if (asked.quantity > open || asked.quantity <= 0) {
      throw new ChangeRefused('Invalid fulfillment order line item quantity requested.')
    }
  }
  const id = childId(order, ID.fulfillment)
  const parcel = { id, at: instant(now), ...tracking, lines: lines.map((l, i) => ({ id: id + 1 + i, ...l })) }
  return { ...order, fulfillments: [...order.fulfillments, parcel], updatedAt: instant(now) }
}

/** Changes the tracking of a parcel. Throws ChangeRefused when the order has no such parcel. */
export function retrack(
  order: ShopOrder,
  fulfillment: number,
  tracking: Pick<Fulfillment, 'company' | 'number' | 'url'>,
  now: Date,
): ShopOrder {
  if (!order.fulfillments.some((f) => f.id === fulfillment)) {
    throw new ChangeRefused('Fulfillment does not exist.')
  }
  const fulfillments = order.fulfillments.map((f) => (f.id === fulfillment ? { ...f, ...tracking } : f))
  return { ...order, fulfillments, updatedAt: instant(now) }
}

/** What a buyer sends back (one piece of the first line where nothing is said); `close`: the shop has dealt with all. */
export interface ReturnRequest {
  lines?: { line: number; quantity: number }[]
  reason?: string
  note?: string
  close?: boolean
}

/** Opens a return, or closes those that are open. Throws ChangeRefused for more than the order has. */
export function sendBack(order: ShopOrder, asked: ReturnRequest, now: Date): ShopOrder {
  const at = instant(now)
  const before = order.returns ?? []
  if (asked.close)
    return { ...order, updatedAt: at, returns: before.map((r) => ({ ...r, closedAt: r.closedAt ?? at })) }
  const wanted = asked.lines ?? [{ line: order.lines[0]!.id, quantity: 1 }]
  for (const { line, quantity } of wanted)
    if (quantity > (order.lines.find((l) => l.id === line)?.quantity ?? 0))
      throw new ChangeRefused(`line ${line} has not that many pieces`)
  const id = childId(order, ID.return)
  const lines = wanted.map((l, i) => ({ id: id + 1 + i, ...l }))
  const { reason = 'UNWANTED', note = '' } = asked
  const opened = { id, at, closedAt: null, reason, note, lines }
  return { ...order, updatedAt: at, returns: [...before, opened] }
}

/**
 * What is pushed of a source order: its lines net of what was refunded before the push, and whether it is
 * pushed at all. Pure rules; for now one work order per source order.
 */
import { contentHash } from '../core/canonical.ts'
import { type Order, type OrderLine, orderTotal } from '../core/documents/order.ts'
import { recordError } from '../core/errors/record.ts'
import { apportion, compareDecimal, subtractDecimal } from '../core/money.ts'

type OrderShipping = Order['shipping']
type OrderCharge = Order['charges'][number]

/**
 * The order as it must arrive in the ERP. Called at planning. Remaining quantity, money and tax are the
 * original less what the source's refunds state; a line without quantity is dropped (money that the shop kept
 * of it becomes a charge); the discount is what makes goods − discount exact. Amount-only refunds change
 * nothing here. Null when no line is left. Throws RECORD_REFUND when more was refunded than was ordered.
 */
export function workOrderDocument(order: Order): Order | null {
  // nothing was taken back: it is the order itself, and whoever stores it need not store it twice; its total
  // is the sum of its parts since check-order.ts
  if (!order.shipping.refunded && !order.lines.some((l) => l.refunded)) return order
  const lines: OrderLine[] = []
  const charges: OrderCharge[] = [...order.charges]
  for (const line of order.lines) {
    const rest = remainingLine(line)
    if (compareDecimal(rest.quantity, '0') > 0) lines.push(rest)
    else charges.push(...keptOf(rest))
  }
  if (lines.length === 0) return null
  const shipping = remainingShipping(order.shipping)
  const result = { ...order, lines, charges, shipping }
  return { ...result, totals: totalsOf(result) }
}

function remainingLine(line: OrderLine): OrderLine {
  const { refunded, ...rest } = line
  if (!refunded) return rest
  const quantity = subtractDecimal(line.quantity, refunded.quantity)
  const money = line.goods - line.discount - refunded.amount
  const tax = line.tax - refunded.tax
  const sign = compareDecimal(quantity, '0')
  if (sign < 0) throw refundError(line.externalId, 'quantity')
  if (sign > 0 && (money < 0 || tax < 0)) throw refundError(line.externalId, 'amount')
  const share = sign === 0 ? 0 : apportion(line.goods, [quantity, refunded.quantity])[0]!
  const goods = sign === 0 ? money : Math.max(share, money)
  return { ...rest, quantity, goods, discount: goods - money, tax }
}

/** Money that stayed with the shop although every piece of the line went back. */
function keptOf(line: OrderLine): OrderCharge[] {
  const amount = line.goods - line.discount
  if (amount === 0 && line.tax === 0) return []
  const kind = Math.abs(amount) <= 1 && Math.abs(line.tax) <= 1 ? ('rounding' as const) : ('fee' as const)
  return [{ kind, amount, tax: line.tax, name: line.name }]
}

function remainingShipping(shipping: OrderShipping): OrderShipping {
  const { refunded, ...rest } = shipping
  if (!refunded) return rest
  const amount = shipping.amount - refunded.amount
  const tax = shipping.tax - refunded.tax
  if (amount < shipping.discount || tax < 0) throw refundError('shipping', 'amount')
  if (amount === shipping.discount && tax === 0) return { ...rest, amount: 0, discount: 0, tax: 0 }
  return { ...rest, amount, tax }
}

function refundError(line: string, problem: string): Error {
  return recordError('RECORD_REFUND', { line, problem })
}

function totalsOf(order: Order): Order['totals'] {
  const sum = (of: (l: OrderLine) => number) => order.lines.reduce((a, l) => a + of(l), 0)
  const charged = order.charges.reduce((a, c) => a + c.tax, 0)
  const { amount, discount, tax } = order.shipping
  return {
    goods: sum((l) => l.goods),
    discount: sum((l) => l.discount) + discount,
    shipping: amount,
    tax: sum((l) => l.tax) + tax + charged,
    total: orderTotal(order),
  }
}

/**
 * 32 hex characters over everything of an order that an ERP cares about. Called on work orders: an equal hash
 * means that a newer version of the source order changes nothing in the ERP.
 */
export function orderContentHash(order: Order): string {
  const content = {
    number: order.number,
    currency: order.currency,
    taxIncluded: order.taxIncluded,
    lines: order.lines.map((l) => ({
      id: l.externalId,
      sku: l.sku,
      quantity: l.quantity,
      unitPrice: l.unitPrice,
      goods: l.goods,
      discount: l.discount,
      tax: l.tax,
    })),
    shipping: order.shipping,
    charges: order.charges,
    shipTo: order.shipTo,
    buyer: order.buyer,
    remarks: order.remarks,
  }
  return contentHash(content)
}

/** Whether an order is pushed into the ERP, and if not, why, in one sentence for the journal. */
export type PushDecision =
  | { push: true }
  | { push: false; reason: 'unpaid' | 'cancelled' | 'refunded' | 'before-from' | 'empty'; say: string }

/**
 * The rule for pushing, called at planning with the source order. `from`: the flow's instant of payment;
 * older orders are history. An order without an instant of payment counts by when it was placed. Throws
 * RECORD_REFUND like `workOrderDocument`.
 */
export function whyNotPushed(order: Order, from: Date): PushDecision {
  const no = (reason: Extract<PushDecision, { push: false }>['reason'], say: string): PushDecision => ({
    push: false,
    reason,
    say,
  })
  if (order.state === 'cancelled') return no('cancelled', 'the order was cancelled in the shop')
  if (order.payment === 'refunded') return no('refunded', 'the order was refunded in full')
  if (order.payment === 'unpaid') return no('unpaid', 'the order is not paid yet')
  if (order.payment === 'part-paid') return no('unpaid', 'the order is paid only in part so far')
  const paid = order.paidAt ?? order.placedAt
  if (Date.parse(paid) < from.getTime()) {
    return no('before-from', `paid at ${paid}, before the flow's start at ${from.toISOString()}`)
  }
  if (!workOrderDocument(order)) return no('empty', 'every line was taken back before the push')
  return { push: true }
}

/** Whether an order's parts add up to what the source states; the source's own rounding is kept by name. */
import { type Order, orderTotal } from '../core/documents/order.ts'
import { recordError } from '../core/errors/record.ts'
import { fromMinor, isCurrency } from '../core/money.ts'

/**
 * Called on a valid order before it is stored. The parts (lines, shipping, charges) must add up to the stated
 * total: a difference of up to one minor unit per line (at least one) is the source's rounding and becomes a
 * charge of that name, so that sums are exact from here on; a larger one throws RECORD_SUMS. Throws
 * RECORD_CURRENCY for a code that is not ISO 4217.
 */
export function checkOrder(order: Order): Order {
  const { currency } = order
  if (!isCurrency(currency)) throw recordError('RECORD_CURRENCY', { currency })
  const parts = orderTotal(order)
  const difference = order.totals.total - parts
  if (difference === 0) return order
  const tolerance = Math.max(1, order.lines.length)
  if (Math.abs(difference) > tolerance) {
    const text = (minor: number) => fromMinor(minor, currency)
    throw recordError('RECORD_SUMS', {
      currency,
      parts: text(parts),
      total: text(order.totals.total),
      difference: text(difference),
      tolerance: text(tolerance),
    })
  }
  const charge = { kind: 'rounding' as const, amount: difference, tax: 0, name: null }
  return { ...order, charges: [...order.charges, charge] }
}

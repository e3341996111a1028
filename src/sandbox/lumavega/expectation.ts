/** What must become of an order, declared by the shop's side from the order alone. */
import { compareDecimal } from '../../core/money.ts'
import { KNOWN_SKUS } from '../generate/catalogue.ts'
import { linesOf, type Order } from './order.ts'

/** One declaration, as `GET /_sandbox/expected` lists it. */
export interface Expectation {
  orderId: string
  number: string
  expect: 'document' | 'parked' | 'none'
  /** Why; `missing-sku` parks at mapping, `unknown-sku` when the ERP refuses the push. */
  reason: string
  /** What happened to the order after it was placed, oldest first; instants with milliseconds. */
  changes: { kind: 'edited' | 'cancelled' | 'refunded' | 'paid'; at: string }[]
}

const KNOWN = new Set(KNOWN_SKUS)

/** Declares what must become of one version of an order. A missing SKU outweighs everything. */
export function expectationOf(order: Order): Pick<Expectation, 'expect' | 'reason'> {
  const lines = linesOf(order)
  if (lines.some((l) => !l.sku)) return { expect: 'parked', reason: 'missing-sku' }
  if (order.cancelledAt) return { expect: 'none', reason: 'cancelled' }
  if (!order.paidAt) return { expect: 'none', reason: 'unpaid' }
  const left = lines.filter((l) => compareDecimal(l.quantity, l.refunded) > 0)
  if (left.length === 0) return { expect: 'none', reason: 'fully-refunded' }
  if (left.some((l) => !KNOWN.has(l.sku!))) return { expect: 'parked', reason: 'unknown-sku' }
  return { expect: 'document', reason: 'paid' }
}

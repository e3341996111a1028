/**
 * What must become of an order, declared by the shop's side from the order alone: a document in the ERP, a
 * record parked for a person, or nothing.
 */
import { financialStatus, type ShopOrder, takenBack } from '../shopify/order.ts'
import { KNOWN_SKUS } from './catalogue.ts'

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

/**
 * Declares what must become of one version of an order. A missing SKU outweighs everything, as no usable
 * document can be made of the record; a line of which nothing is left does not count otherwise.
 */
export function expectationOf(order: ShopOrder): Pick<Expectation, 'expect' | 'reason'> {
  if (order.lines.some((l) => !l.sku)) return { expect: 'parked', reason: 'missing-sku' }
  if (order.cancelledAt) return { expect: 'none', reason: 'cancelled' }
  const status = financialStatus(order)
  if (status === 'REFUNDED') return { expect: 'none', reason: 'fully-refunded' }
  if (!['PAID', 'PARTIALLY_REFUNDED'].includes(status)) return { expect: 'none', reason: 'unpaid' }
  const left = order.lines.filter((l) => l.quantity > takenBack(order, l.id))
  if (left.length === 0) return { expect: 'none', reason: 'fully-refunded' }
  if (left.some((l) => !KNOWN.has(l.sku!))) return { expect: 'parked', reason: 'unknown-sku' }
  return { expect: 'document', reason: 'paid' }
}

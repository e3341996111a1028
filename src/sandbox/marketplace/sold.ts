/** A trade as the comparer reads it, and what must become of it in the ERP. */
import type { Masked, SoldOrder } from '../compare/expected.ts'
import { KNOWN_SKUS } from '../generate/catalogue.ts'
import type { Expectation } from '../generate/expectation.ts'
import { piecesLeft, stateOf, type Trade } from './trade.ts'

/** The receiver as the platform shows it to any application. */
export interface Shown {
  name: string
  phone: string
  address: string
  /** Where nothing shows who it is, what stands for the receiver. */
  masked?: Masked
}

const KNOWN = new Set(KNOWN_SKUS)

/**
 * Declares what must become of one version of a trade. A missing code outweighs everything, as no usable document can
 * be made of the record; a line of which nothing is left does not count otherwise.
 */
export function expectationOf(trade: Trade): Pick<Expectation, 'expect' | 'reason'> {
  if (trade.lines.some((l) => !l.sku)) return { expect: 'parked', reason: 'missing-sku' }
  const state = stateOf(trade)
  if (state === 'void') return { expect: 'none', reason: 'cancelled' }
  if (state === 'unpaid') return { expect: 'none', reason: 'unpaid' }
  if (state === 'refunded') return { expect: 'none', reason: 'fully-refunded' }
  const left = trade.lines.filter((l) => piecesLeft(trade, l) > 0)
  if (left.some((l) => !KNOWN.has(l.sku!))) return { expect: 'parked', reason: 'unknown-sku' }
  return { expect: 'document', reason: 'paid' }
}

/**
 * The trade in the comparer's words. What was taken off a line (its own discount, the seller's hand, its share of the
 * order's) is one allowance, whoever pays for it; money that went back without any piece changes no line.
 */
export function soldOrder(trade: Trade, shown: Shown): SoldOrder {
  const settled = trade.refunds.filter((r) => r.state === 'settled')
  return {
    id: trade.id,
    name: trade.id,
    currency: 'CNY',
    taxesIncluded: true,
    createdAt: trade.placedAt,
    note: trade.message,
    phone: shown.phone,
    shipping: {
      firstName: shown.name,
      lastName: null,
      phone: shown.phone,
      address1: shown.address,
      address2: null,
      city: trade.receiver.city,
    },
    ...(shown.masked ? { masked: shown.masked } : {}),
    lines: trade.lines.map((l) => ({
      id: l.id,
      sku: l.sku,
      quantity: l.quantity,
      goods: l.price * l.quantity,
      allocations: [{ amount: l.discount + l.share - l.adjust }],
      taxes: [],
    })),
    shippingLines: trade.freight === 0 ? [] : [{ price: trade.freight, allocations: [], taxes: [] }],
    tip: 0,
    refunds: settled
      .filter((r) => r.pieces > 0)
      .map((r) => ({
        lines: [{ line: r.line, quantity: r.pieces, subtotal: r.amount, tax: 0 }],
        shipping: null,
      })),
  }
}

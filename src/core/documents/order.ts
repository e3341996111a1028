/**
 * The canonical order: what every shop's order becomes. Money is an integer in minor units of `currency`;
 * Decimal is an exact decimal string; instants are RFC 3339 in UTC.
 */
import { type Static, Type } from 'typebox'
import { Address, Decimal, head, Instant, Money, Nullable, OneOf, Party } from './parts.ts'

export const LineKind = OneOf('goods', 'virtual', 'service', 'gift', 'fee')

/** `goods`: quantity × unit price before discount; `discount`: taken off, ≥ 0; `tax`: as the source states it. */
export const OrderLine = Type.Object(
  {
    externalId: Type.String({ minLength: 1 }),
    sku: Type.String({ minLength: 1 }),
    listing: Type.Optional(Nullable(Type.String())),
    name: Type.String(),
    options: Type.Optional(Nullable(Type.String())),
    kind: LineKind,
    quantity: Decimal,
    unit: Type.Optional(Nullable(Type.String())),
    unitPrice: Decimal,
    goods: Money,
    discount: Money,
    tax: Money,
    taxRate: Type.Optional(Nullable(Decimal)),
    /** What was taken back before or after shipping: quantity and the money it carried (after discount). */
    refunded: Type.Optional(Type.Object({ quantity: Decimal, amount: Money, tax: Money })),
    gift: Type.Optional(Nullable(Type.String())),
  },
  { additionalProperties: false },
)

export const Shipping = Type.Object(
  {
    method: Type.Optional(Nullable(Type.String())),
    amount: Money,
    discount: Money,
    tax: Money,
    taxRate: Type.Optional(Nullable(Decimal)),
    /** Shipping paid back, after discount. */
    refunded: Type.Optional(Type.Object({ amount: Money, tax: Money })),
  },
  { additionalProperties: false },
)

export const Charge = Type.Object(
  {
    kind: OneOf('fee', 'tip', 'duty', 'rounding'),
    amount: Money,
    tax: Money,
    name: Type.Optional(Nullable(Type.String())),
  },
  { additionalProperties: false },
)

export const Payment = Type.Object(
  {
    method: Type.String(),
    externalId: Type.Optional(Nullable(Type.String())),
    amount: Money,
    at: Type.Optional(Nullable(Instant)),
    state: OneOf('pending', 'settled', 'failed'),
  },
  { additionalProperties: false },
)

export const Order = Type.Object(
  {
    ...head,
    number: Type.String({ minLength: 1 }),
    state: OneOf('open', 'cancelled', 'closed'),
    payment: OneOf('unpaid', 'part-paid', 'paid', 'part-refunded', 'refunded'),
    fulfillment: OneOf('none', 'partial', 'complete'),
    placedAt: Instant,
    paidAt: Type.Optional(Nullable(Instant)),
    shop: Type.Optional(Nullable(Type.String())),
    subSource: Type.Optional(Nullable(Type.String())),
    salesKind: Type.Optional(OneOf('online', 'pos', 'dealer', 'wholesale')),
    currency: Type.String({ pattern: '^[A-Z]{3}$' }),
    buyerCurrency: Type.Optional(Nullable(Type.String())),
    /** True: goods, discount and shipping amounts contain tax, and `tax` says how much of them. */
    taxIncluded: Type.Boolean(),
    buyer: Party,
    shipTo: Type.Optional(Nullable(Address)),
    billTo: Type.Optional(Nullable(Address)),
    lines: Type.Array(OrderLine, { minItems: 1 }),
    shipping: Shipping,
    charges: Type.Array(Charge),
    payments: Type.Array(Payment),
    /** The source's own figures. Only `total` is compulsory; the others are kept for people to compare. */
    totals: Type.Object(
      {
        goods: Type.Optional(Nullable(Money)),
        discount: Type.Optional(Nullable(Money)),
        shipping: Type.Optional(Nullable(Money)),
        tax: Type.Optional(Nullable(Money)),
        total: Money,
        paid: Type.Optional(Nullable(Money)),
        refunded: Type.Optional(Nullable(Money)),
      },
      { additionalProperties: false },
    ),
    remarks: Type.Optional(
      Type.Object({
        buyer: Type.Optional(Nullable(Type.String())),
        seller: Type.Optional(Nullable(Type.String())),
      }),
    ),
    tags: Type.Optional(Type.Array(Type.String())),
  },
  { additionalProperties: false },
)

export type Order = Static<typeof Order>
export type OrderLine = Static<typeof OrderLine>

/**
 * What the buyer owes by the order's parts: lines, shipping and charges, tax added where prices do not
 * contain it. Minor units. Refunds do not change it: it is the order as placed.
 */
export function orderTotal(order: Pick<Order, 'lines' | 'shipping' | 'charges' | 'taxIncluded'>): number {
  const tax = (amount: number) => (order.taxIncluded ? 0 : amount)
  let total = order.shipping.amount - order.shipping.discount + tax(order.shipping.tax)
  for (const l of order.lines) total += l.goods - l.discount + tax(l.tax)
  for (const c of order.charges) total += c.amount + tax(c.tax)
  return total
}

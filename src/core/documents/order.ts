/**
 * The canonical order: what every shop's order becomes. Money is an integer in minor units of `currency`;
 * Decimal is an exact decimal string; instants are RFC 3339 in UTC.
 */
import { type Static, Type } from 'typebox'
import { Address, Currency, Decimal, head, Instant, Maybe, Money, Nullable, OneOf, Party } from './parts.ts'

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
    /** What will not be delivered any more, though nothing was paid back for it (yet). */
    cancelled: Type.Optional(Type.Object({ quantity: Decimal }, { additionalProperties: false })),
    gift: Type.Optional(Nullable(Type.String())),
    bundle: Maybe(
      Type.Object(
        {
          code: Type.String({ minLength: 1 }),
          quantity: Decimal,
          share: Maybe(Decimal, "this component's part of the bundle's money, 0 to 1"),
        },
        { additionalProperties: false },
      ),
      'the line is a component of this bundle',
    ),
    weight: Maybe(Decimal, 'of the whole line, in kilograms'),
    volume: Maybe(Decimal, 'of the whole line, in cubic metres'),
    shipBy: Maybe(Instant),
    site: Maybe(Type.String(), 'where the source wants it shipped from'),
    refundable: Maybe(Money, 'most that may be paid back for it, where the source states it'),
  },
  { additionalProperties: false },
)

export const Shipping = Type.Object(
  {
    method: Type.Optional(Nullable(Type.String())),
    carrier: Maybe(Type.String()),
    service: Maybe(Type.String()),
    mode: Maybe(OneOf('parcel', 'pickup', 'store', 'virtual')),
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

/**
 * Where a discount came from. It is contained in the lines' and the shipping's `discount` already and is never
 * added up again, except a `subsidy`: what the platform pays in the buyer's place, which no line contains.
 */
export const Discount = Type.Object(
  {
    kind: OneOf('shop', 'platform', 'voucher', 'points', 'manual', 'subsidy'),
    payer: Maybe(OneOf('shop', 'platform', 'partner')),
    amount: Money,
    code: Maybe(Type.String()),
    name: Maybe(Type.String()),
    lines: Maybe(Type.Array(Type.String()), 'externalId of the lines it is for; all when missing'),
  },
  { additionalProperties: false },
)

export const Invoice = Type.Object(
  {
    title: Maybe(Type.String()),
    taxId: Maybe(Type.String()),
    kind: Maybe(OneOf('none', 'personal', 'company', 'special')),
    email: Maybe(Type.String()),
  },
  { additionalProperties: false },
)

/** Paid in two parts: a deposit now, the balance later; shipped from `launchAt` on. */
export const Presale = Type.Object(
  {
    state: Maybe(OneOf('deposit-due', 'balance-due', 'paid')),
    deposit: Maybe(Money),
    balance: Maybe(Money),
    launchAt: Maybe(Instant),
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
    shipBy: Maybe(Instant, 'the platform counts the order as late from then on'),
    shop: Type.Optional(Nullable(Type.String())),
    subSource: Type.Optional(Nullable(Type.String())),
    salesKind: Type.Optional(OneOf('online', 'pos', 'dealer', 'wholesale')),
    currency: Currency,
    buyerCurrency: Type.Optional(Nullable(Type.String())),
    rate: Maybe(Decimal, 'units of `currency` for one of `buyerCurrency`'),
    /** True: goods, discount and shipping amounts contain tax, and `tax` says how much of them. */
    taxIncluded: Type.Boolean(),
    buyer: Party,
    shipTo: Type.Optional(Nullable(Address)),
    billTo: Type.Optional(Nullable(Address)),
    lines: Type.Array(OrderLine, { minItems: 1 }),
    shipping: Shipping,
    charges: Type.Array(Charge),
    payments: Type.Array(Payment),
    discounts: Type.Optional(Type.Array(Discount)),
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
        flag: Maybe(Type.String(), 'the colour or number that the seller marked it with'),
      }),
    ),
    invoice: Maybe(Invoice),
    presale: Maybe(Presale),
    cod: Maybe(Type.Boolean(), 'paid to the carrier on delivery'),
    sealed: Maybe(Type.Boolean(), 'must neither be merged nor split'),
    campaign: Maybe(
      Type.Object(
        { source: Maybe(Type.String()), medium: Maybe(Type.String()), code: Maybe(Type.String()) },
        { additionalProperties: false },
      ),
    ),
    salesperson: Maybe(Type.String()),
    tags: Type.Optional(Type.Array(Type.String())),
  },
  {
    additionalProperties: false,
    description: 'an order as a shop states it',
  },
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

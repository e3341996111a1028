/**
 * What a buyer wants taken back or paid back, as the shop (or the ERP, or the warehouse) states it: from the
 * request on until it is settled. The money that then really flows is a `refund`.
 *
 * Amounts are what the buyer gets: tax is contained, `tax` says how much of it is tax.
 */
import { type Static, Type } from 'typebox'
import {
  Address,
  Carriage,
  Currency,
  Decimal,
  head,
  Instant,
  lineRef,
  Maybe,
  Money,
  OneOf,
  Party,
  told,
} from './parts.ts'

const closed = { additionalProperties: false }

/** What happens to the goods. */
export const Restock = OneOf('sellable', 'damaged', 'none')

export const ReturnLine = Type.Object(
  {
    externalId: Maybe(Type.String()),
    ...lineRef,
    name: Maybe(Type.String()),
    quantity: Decimal,
    received: Maybe(Decimal, 'how much of it came back'),
    amount: told(Money, 'to be paid back for this line, tax contained; 0 where the goods are exchanged'),
    tax: Maybe(Money, 'how much of `amount` is tax'),
    reason: Maybe(Type.String()),
    restock: Maybe(Restock, 'whether the goods can be sold again; none: they do not come back'),
  },
  closed,
)

/** What the buyer gets in place of what comes back. */
export const ExchangeLine = Type.Object(
  {
    externalId: Maybe(Type.String()),
    sku: Type.String({ minLength: 1 }),
    name: Maybe(Type.String()),
    quantity: Decimal,
    unitPrice: Maybe(Decimal),
    amount: told(Money, 'what the buyer owes for it, tax contained'),
    tax: Maybe(Money),
  },
  closed,
)

export const Return = Type.Object(
  {
    ...head,
    number: Maybe(Type.String()),
    kind: told(
      OneOf('refund-only', 'return', 'exchange', 'price-protection'),
      'refund-only: the goods stay (or never left); price-protection: the difference to a lower price',
    ),
    order: Type.String({ minLength: 1, description: 'externalId of the order; in an ERP our push key' }),
    state: OneOf('requested', 'approved', 'in-transit', 'received', 'settled', 'refused', 'withdrawn'),
    phase: Maybe(OneOf('before-shipping', 'after-shipping')),
    requestedAt: Instant,
    receivedAt: Maybe(Instant),
    settledAt: Maybe(Instant),
    respondBy: Maybe(Instant, 'the platform decides by itself from then on'),
    currency: Currency,
    lines: Type.Array(ReturnLine, { description: 'empty: no line in particular (freight, goodwill)' }),
    freight: Maybe(Money, 'shipping that is paid back, tax contained'),
    adjustment: Maybe(
      Money,
      'paid back beyond lines and freight; negative: kept, such as the cost of sending back. Filled in where the mapping leaves it out',
    ),
    total: told(Money, 'lines + freight + adjustment: what is to be paid back in all'),
    exchange: Maybe(
      Type.Object(
        {
          order: Maybe(Type.String(), 'externalId of the order that delivers the exchange'),
          lines: Type.Array(ExchangeLine),
          settlement: Maybe(Money, 'what the buyer pays on top; negative: what the buyer gets'),
        },
        closed,
      ),
    ),
    reason: Maybe(Type.String(), "the source's word or code"),
    remarks: Type.Optional(
      Type.Object({ buyer: Maybe(Type.String()), seller: Maybe(Type.String()) }, closed),
    ),
    site: Maybe(Type.String(), 'where the goods go back to'),
    buyer: Type.Optional(Party),
    shipFrom: Maybe(Address, 'where the buyer sends them from'),
    parcels: Type.Optional(Type.Array(Type.Object({ ...Carriage, shippedAt: Maybe(Instant) }, closed))),
  },
  {
    ...closed,
    description: 'what a buyer wants taken back or paid back, from the request on until it is settled',
  },
)
export type Return = Static<typeof Return>

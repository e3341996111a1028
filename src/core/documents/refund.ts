/**
 * Money that goes back to a buyer: of a return, or of an order directly. Amounts are what the buyer gets: tax is
 * contained, `tax` says how much of it is tax.
 */
import { type Static, Type } from 'typebox'
import { Currency, Decimal, head, Instant, lineRef, Maybe, Money, OneOf, told } from './parts.ts'
import { Restock } from './return.ts'

const closed = { additionalProperties: false }

/** One part of the money. The parts add up to `amount` exactly; what no part explains is an `adjustment`. */
export const RefundComponent = Type.Object(
  {
    kind: OneOf('goods', 'shipping', 'charge', 'adjustment'),
    ...lineRef,
    quantity: Maybe(Decimal, 'of goods: how much of the line'),
    amount: Money,
    tax: Maybe(Money, 'how much of `amount` is tax'),
    restock: Maybe(Restock),
    name: Maybe(Type.String()),
  },
  closed,
)

export const Refund = Type.Object(
  {
    ...head,
    number: Maybe(Type.String()),
    order: Type.String({ minLength: 1, description: 'externalId of the order; in an ERP our push key' }),
    return: Maybe(Type.String(), 'externalId of the return that it settles'),
    state: OneOf('pending', 'settled', 'failed', 'withdrawn'),
    requestedAt: Maybe(Instant),
    settledAt: Maybe(Instant),
    currency: Currency,
    amount: told(Money, 'what the buyer gets in all'),
    components: Type.Array(RefundComponent, {
      description:
        'they add up to `amount`; an adjustment is added where the mapping states none and they do not',
    }),
    method: Maybe(Type.String()),
    payments: Type.Optional(
      Type.Array(
        Type.Object(
          {
            method: Maybe(Type.String()),
            externalId: Maybe(Type.String(), "the payment service's id"),
            amount: Money,
            at: Maybe(Instant),
          },
          closed,
        ),
        { description: 'by which ways, where the source states several' },
      ),
    ),
    reason: Maybe(Type.String()),
  },
  {
    ...closed,
    description: 'money that goes back to a buyer, of a return or of an order directly',
  },
)
export type Refund = Static<typeof Refund>

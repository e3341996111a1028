/** An order, or some of its lines, that shall not be delivered: asked for by a shop, or done by an ERP or warehouse. */
import { type Static, Type } from 'typebox'
import { Decimal, head, Instant, lineRef, Maybe, OneOf } from './parts.ts'

export const Cancellation = Type.Object(
  {
    ...head,
    number: Maybe(Type.String()),
    order: Type.String({ minLength: 1, description: 'externalId of the order; in an ERP our push key' }),
    state: OneOf('requested', 'done', 'refused', 'withdrawn'),
    lines: Maybe(
      Type.Array(Type.Object({ ...lineRef, quantity: Decimal }, { additionalProperties: false }), {
        minItems: 1,
      }),
      'missing: the whole order',
    ),
    by: Maybe(OneOf('buyer', 'seller', 'platform', 'system')),
    reason: Maybe(Type.String(), "the source's word or code"),
    at: Instant,
  },
  {
    additionalProperties: false,
    description: 'an order, or some of its lines, that shall not be delivered',
  },
)
export type Cancellation = Static<typeof Cancellation>

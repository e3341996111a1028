/** Money that was received for an order, as the books state it: the ERP's collection (收款单). */
import { type Static, Type } from 'typebox'
import { Currency, head, Instant, Maybe, Money, OneOf, told } from './parts.ts'

export const Receipt = Type.Object(
  {
    ...head,
    number: Maybe(Type.String(), "the collection's number"),
    order: Type.String({ minLength: 1, description: 'our push key as the ERP stores it' }),
    state: Type.Optional(OneOf('open', 'posted', 'cancelled')),
    currency: Currency,
    amount: told(Money, 'received; negative: paid back'),
    fee: Maybe(Money, 'kept by the payment service, contained in `amount`'),
    method: Maybe(Type.String()),
    account: Maybe(Type.String(), 'bank, cash or clearing account'),
    payment: Maybe(Type.String(), "externalId of the shop's payment"),
    at: Instant,
  },
  {
    additionalProperties: false,
    description: 'money that was received for an order, as the books state it',
  },
)
export type Receipt = Static<typeof Receipt>

/**
 * How much of one SKU lies at one site, as the system that counts it states it. One document per site and SKU; its
 * externalId is made of both.
 */
import { type Static, Type } from 'typebox'
import { Decimal, head, Instant, Maybe, told } from './parts.ts'

export const Stock = Type.Object(
  {
    ...head,
    site: Type.String({ minLength: 1 }),
    sku: Type.String({ minLength: 1 }),
    unit: Maybe(Type.String(), 'UN/ECE Recommendation 20'),
    onHand: told(Decimal, 'sellable goods that are there, the reserved ones included; damaged ones are not'),
    reserved: Maybe(Decimal, 'promised to orders and not gone yet'),
    available: Maybe(Decimal, "the source's own figure of what may be promised, where it states one"),
    incoming: Maybe(Decimal, 'ordered or on its way here'),
    damaged: Maybe(Decimal),
    consigned: Type.Optional(
      Type.Array(Type.Object({ owner: Type.String(), quantity: Decimal }, { additionalProperties: false }), {
        description: "others' goods among `onHand`, by owner",
      }),
    ),
    asOf: told(Instant, 'when it was so'),
  },
  {
    additionalProperties: false,
    description: 'how much of one SKU lies at one site; one document per site and SKU',
  },
)
export type Stock = Static<typeof Stock>

/** A parcel on its way, as the system that ships states it. One document per parcel. */
import { type Static, Type } from 'typebox'
import { Carriage, Decimal, head, Instant, Maybe, Nullable, OneOf } from './parts.ts'

export const Shipment = Type.Object(
  {
    ...head,
    /** Which order it belongs to: our push key as the ERP stores it (Tryton: `sale.reference`). */
    order: Type.String({ minLength: 1 }),
    site: Type.Optional(Nullable(Type.String())),
    state: OneOf('packed', 'shipped', 'delivered', 'exception', 'returned', 'cancelled'),
    shippedAt: Type.Optional(Nullable(Instant)),
    deliveredAt: Maybe(Instant),
    ...Carriage,
    number: Maybe(Type.String(), "the delivery note's number"),
    packages: Maybe(Decimal, 'pieces under this tracking number'),
    weight: Maybe(Decimal, 'in kilograms'),
    volume: Maybe(Decimal, 'in cubic metres'),
    /** What the parcel holds. `line`: the source line's id where the ERP kept it, else matched by `sku`. */
    lines: Type.Array(
      Type.Object({
        line: Type.Optional(Nullable(Type.String())),
        sku: Type.Optional(Nullable(Type.String())),
        quantity: Decimal,
        serials: Maybe(Type.Array(Type.String())),
        batch: Maybe(Type.String()),
      }),
      { minItems: 1 },
    ),
    events: Type.Optional(
      Type.Array(
        Type.Object(
          { at: Instant, state: Maybe(Type.String()), text: Maybe(Type.String()) },
          { additionalProperties: false },
        ),
      ),
    ),
  },
  {
    additionalProperties: false,
    description: 'a parcel on its way, as the system that ships states it; one document per parcel',
  },
)
export type Shipment = Static<typeof Shipment>

/** A parcel on its way, as the system that ships states it. One document per parcel. */
import { type Static, Type } from 'typebox'
import { Decimal, head, Instant, Nullable, OneOf } from './parts.ts'

export const Shipment = Type.Object(
  {
    ...head,
    /** Which order it belongs to: our push key as the ERP stores it (Tryton: `sale.reference`). */
    order: Type.String({ minLength: 1 }),
    site: Type.Optional(Nullable(Type.String())),
    state: OneOf('packed', 'shipped', 'delivered', 'exception', 'returned', 'cancelled'),
    shippedAt: Type.Optional(Nullable(Instant)),
    carrier: Type.Optional(Nullable(Type.String())),
    service: Type.Optional(Nullable(Type.String())),
    trackingNumber: Type.Optional(Nullable(Type.String())),
    /** What the parcel holds. `line`: the source line's id where the ERP kept it, else matched by `sku`. */
    lines: Type.Array(
      Type.Object({
        line: Type.Optional(Nullable(Type.String())),
        sku: Type.Optional(Nullable(Type.String())),
        quantity: Decimal,
      }),
      { minItems: 1 },
    ),
  },
  { additionalProperties: false },
)
export type Shipment = Static<typeof Shipment>

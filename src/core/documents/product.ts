/** A thing that is sold, as the system that keeps the master data (or a shop) states it. One document per SKU. */
import { type Static, Type } from 'typebox'
import { Decimal, head, Maybe, OneOf } from './parts.ts'

const closed = { additionalProperties: false }

export const Product = Type.Object(
  {
    ...head,
    sku: Type.String({ minLength: 1 }),
    barcodes: Type.Optional(Type.Array(Type.String(), { description: 'GTIN/EAN, the chief one first' })),
    name: Type.String(),
    options: Maybe(Type.String(), 'what tells it from its sisters: colour, size'),
    kind: Type.Optional(OneOf('goods', 'virtual', 'service', 'bundle')),
    state: Type.Optional(OneOf('active', 'inactive')),
    unit: Maybe(Type.String(), 'UN/ECE Recommendation 20'),
    brand: Maybe(Type.String()),
    category: Maybe(Type.String()),
    weight: Maybe(Decimal, 'of one unit, in kilograms'),
    volume: Maybe(Decimal, 'of one unit, in cubic metres'),
    taxClass: Maybe(Type.String()),
    taxRate: Maybe(Decimal, 'in percent, as on an order line'),
    components: Type.Optional(
      Type.Array(
        Type.Object({ sku: Type.String({ minLength: 1 }), quantity: Decimal, share: Maybe(Decimal) }, closed),
        { description: 'of a bundle: what it is made of' },
      ),
    ),
    listings: Type.Optional(
      Type.Array(
        Type.Object(
          {
            channel: Maybe(Type.String(), 'connection or shop; missing: the one that states it'),
            externalId: Type.String({ minLength: 1 }),
            variant: Maybe(Type.String()),
            title: Maybe(Type.String()),
            state: Maybe(OneOf('listed', 'delisted', 'draft')),
          },
          closed,
        ),
        { description: 'where it is for sale' },
      ),
    ),
  },
  {
    ...closed,
    description: 'a thing that is sold; one document per SKU',
  },
)
export type Product = Static<typeof Product>

/** Shapes that several documents share. */
import { type TLiteral, type TSchema, type TUnion, Type } from 'typebox'

export const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()])

/** A schema with what the reference page says of the field. */
export const told = <T extends TSchema>(schema: T, description: string): T =>
  Type.With(schema, { description }) as unknown as T

/** A field that may be missing or null. */
export const Maybe = <T extends TSchema>(schema: T, description?: string) =>
  Type.Optional(description === undefined ? Nullable(schema) : told(Nullable(schema), description))

/** One of several words, with their literal types (a mapped array alone would have the type `never`). */
export const OneOf = <T extends string[]>(...words: [...T]) =>
  Type.Union(words.map((w) => Type.Literal(w))) as unknown as TUnion<{ [I in keyof T]: TLiteral<T[I]> }>

/** Integer in minor units of the document's currency. */
export const Money = Type.Integer({ minimum: -9007199254740991, maximum: 9007199254740991 })

/** Exact decimal as text, for quantities, rates and unit prices. */
export const Decimal = Type.String({ pattern: '^-?\\d+(\\.\\d+)?$' })

/** ISO 4217; whether it is in use is checked apart (src/mapping/check-document.ts). */
export const Currency = Type.String({ pattern: '^[A-Z]{3}$' })

/** RFC 3339 in UTC. */
export const Instant = Type.String({ format: 'date-time' })

/**
 * Head of every document. `connection` and `entity` are filled in by the pipe, never by a mapping of the
 * shop. `version` is the source's clock or counter: an instant or a whole number; it decides which copy is
 * newer.
 */
export const head = {
  connection: Type.String({ minLength: 1 }),
  entity: Type.String({ minLength: 1 }),
  externalId: Type.String({ minLength: 1 }),
  version: Type.String({ minLength: 1 }),
  /** Filled and read by mappings; never interpreted. */
  extra: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
}

export const Party = Type.Object(
  {
    externalId: Type.Optional(Nullable(Type.String())),
    opaqueId: Type.Optional(Nullable(Type.String())),
    name: Type.Optional(Nullable(Type.String())),
    company: Type.Optional(Nullable(Type.String())),
    taxId: Type.Optional(Nullable(Type.String())),
    email: Type.Optional(Nullable(Type.String())),
    phone: Type.Optional(Nullable(Type.String())),
  },
  { additionalProperties: false },
)

export const Address = Type.Object(
  {
    opaqueId: Maybe(
      Type.String(),
      "the channel's id for a receiver whose name and address it masks (Taobao: OAID)",
    ),
    name: Type.Optional(Nullable(Type.String())),
    company: Type.Optional(Nullable(Type.String())),
    phone: Type.Optional(Nullable(Type.String())),
    lines: Type.Array(Type.String()),
    district: Type.Optional(Nullable(Type.String())),
    city: Type.Optional(Nullable(Type.String())),
    subdivision: Type.Optional(Nullable(Type.String())),
    country: Type.Optional(Nullable(Type.String())),
    divisionCode: Type.Optional(Nullable(Type.String())),
    postcode: Type.Optional(Nullable(Type.String())),
    location: Maybe(
      Type.Object({ latitude: Decimal, longitude: Decimal }, { additionalProperties: false }),
      'degrees, WGS 84',
    ),
  },
  { additionalProperties: false },
)

/** Who sends how: a parcel that is under way, as far as it is known. */
export const Carriage = {
  carrier: Maybe(Type.String()),
  service: Maybe(Type.String()),
  trackingNumber: Maybe(Type.String()),
}

/** Which line of the order is meant: by the source line's id, else by SKU. */
export const lineRef = {
  line: Maybe(Type.String(), "the order line's externalId; without it the line is matched by sku"),
  sku: Maybe(Type.String()),
}

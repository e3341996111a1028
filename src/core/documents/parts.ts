/** Shapes that several documents share. */
import { type TLiteral, type TSchema, type TUnion, Type } from 'typebox'

export const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()])

/** One of several words, with their literal types (a mapped array alone would have the type `never`). */
export const OneOf = <T extends string[]>(...words: [...T]) =>
  Type.Union(words.map((w) => Type.Literal(w))) as unknown as TUnion<{ [I in keyof T]: TLiteral<T[I]> }>

/** Integer in minor units of the document's currency. */
export const Money = Type.Integer({ minimum: -9007199254740991, maximum: 9007199254740991 })

/** Exact decimal as text, for quantities, rates and unit prices. */
export const Decimal = Type.String({ pattern: '^-?\\d+(\\.\\d+)?$' })

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
  },
  { additionalProperties: false },
)

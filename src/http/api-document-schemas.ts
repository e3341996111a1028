/** What the API takes and gives of documents; see api-schemas.ts. */
import { type TSchema, Type } from 'typebox'
import { DOCUMENT_KINDS, type DocumentKind } from '../core/states.ts'
import { JournalEntry, Kind, PushSummary } from './api-schemas.ts'

const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()])
const Instant = Type.String({ format: 'date-time' })
const closed = { additionalProperties: false }

/** What a kind's schema is called among the components of the OpenAPI document: `Order`. */
export const componentOf = (kind: DocumentKind): string => `${kind[0]!.toUpperCase()}${kind.slice(1)}`

export const DocumentQuery = Type.Object(
  {
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: 50 })),
    after: Type.Optional(Type.String({ maxLength: 500, description: '`next` of the page before' })),
    connection: Type.Optional(Type.String()),
    kind: Type.Optional(Kind),
    about: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 200,
        description:
          'an order by its key, id, number, bill or tracking number, or an external id, SKU or barcode',
      }),
    ),
  },
  closed,
)
export const DocumentSummary = Type.Object({
  key: Type.String({ description: 'connection/kind/externalId' }),
  connection: Type.String(),
  kind: Kind,
  externalId: Type.String(),
  number: nullable(Type.String()),
  entity: Type.String(),
  version: Type.String(),
  versions: Type.Integer(),
  state: Type.Union((['due', 'waiting', 'done', 'parked'] as const).map((s) => Type.Literal(s))),
  createdAt: Instant,
  updatedAt: Instant,
})
const Bilingual = Type.Object({ en: Type.String(), zh: Type.String() })
export const DocumentDetail = Type.Object({
  ...DocumentSummary.properties,
  mapping: Type.String(),
  record: Type.String({ description: '/v1/records/{id}' }),
  pushes: Type.Array(PushSummary),
  parked: Type.Array(
    Type.Object({ id: Type.String(), code: Type.String(), message: Bilingual, fix: Bilingual, at: Instant }),
  ),
  journal: Type.Array(JournalEntry),
  content: Type.Optional(
    Type.Record(Type.String(), Type.Unknown(), {
      description: `only with content=true and a token of scope operate; components/schemas has its shape, by kind: ${DOCUMENT_KINDS.map(componentOf).join(', ')}`,
    }),
  ),
})

/** What the API takes and gives about code tables; see api-schemas.ts. */
import { type TSchema, Type } from 'typebox'

const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()])
const Instant = Type.String({ format: 'date-time' })
const closed = { additionalProperties: false }
const text = (maxLength: number) => Type.String({ minLength: 1, maxLength })
const name = { connection: Type.String(), table: Type.String(), key: Type.String() }
const counts = { records: Type.Integer(), documents: Type.Integer(), pushes: Type.Integer() }

export const TableQuery = Type.Object({ connection: Type.Optional(Type.String()) }, closed)
export const MissingQuery = Type.Object(
  { connection: Type.Optional(Type.String()), table: Type.Optional(Type.String()) },
  closed,
)
export const CodeQuery = Type.Object(
  {
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: 50 })),
    after: Type.Optional(Type.String({ maxLength: 6000, description: '`next` of the page before' })),
    ...MissingQuery.properties,
    key: Type.Optional(Type.String()),
  },
  closed,
)
export const ImportBody = Type.Object(
  {
    entries: Type.Array(
      Type.Object(
        {
          connection: text(500),
          table: text(500),
          key: text(500),
          value: text(1000),
          factor: Type.Optional(nullable(Type.String({ description: 'decimal text above 0; null: none' }))),
        },
        closed,
      ),
      { minItems: 1, maxItems: 5000 },
    ),
    dryRun: Type.Optional(Type.Boolean({ default: false })),
    why: Type.Optional(Type.String({ maxLength: 500 })),
  },
  closed,
)

export const CodeTable = Type.Object({
  connection: Type.String(),
  table: Type.String(),
  ledger: Type.Integer({ description: 'imported entries' }),
  file: Type.Integer({ description: 'entries of tributary.yaml beside them' }),
  changedAt: nullable(Instant),
})
export const CodeItem = Type.Object({
  ...name,
  value: Type.String(),
  factor: nullable(Type.String()),
  from: Type.Union([Type.Literal('ledger'), Type.Literal('file')]),
  changedBy: nullable(Type.String()),
  changedAt: nullable(Instant),
})
export const CodeMissing = Type.Object({
  ...name,
  orders: Type.Integer(),
  amounts: Type.Array(Type.Object({ currency: Type.String(), amount: Type.Integer() })),
  since: Instant,
  examples: Type.Array(Type.String()),
})
export const CodeImported = Type.Object({
  added: Type.Integer(),
  changed: Type.Integer(),
  unchanged: Type.Integer(),
  waiting: Type.Integer({ description: 'what waited for a key that is there now' }),
  redriven: nullable(Type.Object(counts)),
})

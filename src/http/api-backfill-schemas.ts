/** What the API takes and gives about backfills and checks of completeness; see api-schemas.ts. */
import { type TSchema, Type } from 'typebox'
import { BACKFILL_STATES, CHECK_STATES } from '../core/states.ts'

const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()])
const optional = <T extends TSchema>(schema: T) => Type.Optional(schema)
const words = <T extends string>(values: readonly T[]) => Type.Union(values.map((v) => Type.Literal(v)))
const Instant = Type.String({ format: 'date-time' })
const Day = Type.String({
  pattern: '^\\d{4}-\\d{2}-\\d{2}$',
  description: "business day in the company's zone",
})
const Count = Type.Integer({ minimum: 0 })
const closed = { additionalProperties: false }
const why = { why: optional(Type.String({ maxLength: 500 })) }
const page = {
  limit: optional(Type.Integer({ minimum: 1, maximum: 500, default: 50 })),
  after: optional(Type.String({ maxLength: 500, description: '`next` of the page before' })),
}

const wanted = {
  connection: Type.String({ minLength: 1 }),
  stream: Type.String({ minLength: 1 }),
  since: optional(Instant),
  until: optional(Instant),
  ids: optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 200 }), {
      minItems: 1,
      maxItems: 10_000,
      description: 'instead of a range',
    }),
  ),
}
export const PreviewBody = Type.Object(wanted, closed)
export const StartBody = Type.Object({ ...wanted, ...why }, closed)
export const WhyBody = Type.Object(why, closed)
export const BackfillQuery = Type.Object(
  {
    ...page,
    connection: optional(Type.String()),
    stream: optional(Type.String()),
    state: optional(words(BACKFILL_STATES)),
  },
  closed,
)
export const CheckBody = Type.Object(
  {
    connection: Type.String({ minLength: 1 }),
    stream: optional(Type.String({ minLength: 1 })),
    since: optional(Day),
    until: optional(Day),
    list: optional(
      Type.Boolean({ default: false, description: 'compare ids although the counts may agree' }),
    ),
    ...why,
  },
  closed,
)
export const CheckQuery = Type.Object(
  {
    ...page,
    connection: optional(Type.String()),
    stream: optional(Type.String()),
    day: optional(Day),
    open: optional(Type.Boolean({ default: false, description: 'with something missing, or failed' })),
  },
  closed,
)

const named = Type.Object({
  count: Count,
  first: Type.Array(Type.String(), { description: 'at most a hundred' }),
})

export const BackfillPreview = Type.Object({
  connection: Type.String(),
  stream: Type.String(),
  since: nullable(Instant),
  until: nullable(Instant),
  ids: nullable(Count),
  count: nullable(Type.Integer({ description: 'null: the source cannot count' })),
  exact: Type.Boolean({ description: 'false: an estimate or a lower bound' }),
})
export const BackfillItem = Type.Object({
  id: Type.String(),
  connection: Type.String(),
  stream: Type.String(),
  since: nullable(Instant),
  until: nullable(Instant),
  ids: nullable(Count),
  state: words(BACKFILL_STATES),
  total: nullable(Type.Integer({ description: 'what the source said beforehand' })),
  exact: Type.Boolean(),
  read: Count,
  added: Type.Integer({ description: 'of those read, how many had not been seen before, byte for byte' }),
  readUntil: nullable(Instant),
  asked: nullable(Count),
  absent: named,
  error: nullable(Type.String()),
  attempts: Count,
  held: Type.Boolean({ description: 'somebody works on it now' }),
  by: Type.String(),
  why: nullable(Type.String()),
  createdAt: Instant,
  startedAt: nullable(Instant),
  finishedAt: nullable(Instant),
})
export const CompletenessItem = Type.Object({
  id: Type.String(),
  connection: Type.String(),
  stream: Type.String(),
  day: Day,
  since: Instant,
  until: Instant,
  state: words(CHECK_STATES),
  source: nullable(Count),
  ours: nullable(Type.Integer({ description: 'before anything was fetched' })),
  arrived: Type.Integer({ description: 'missing at first, and here now' }),
  missing: Type.Integer({ description: 'said to exist, and could not be had' }),
  detail: Type.Object({
    about: optional(Type.Boolean({ description: "the source's own count is an estimate" })),
    listed: optional(Count),
    arrived: optional(Type.Array(Type.String())),
    refreshed: optional(Count),
    undone: optional(named),
    gaps: optional(named),
    gone: optional(Count),
    oursAfter: optional(Count),
  }),
  error: nullable(Type.String()),
  by: Type.String(),
  why: nullable(Type.String()),
  createdAt: Instant,
  checkedAt: nullable(Instant),
})

/** What the API takes and gives about alerts; see api-schemas.ts. */
import { type TSchema, Type } from 'typebox'
import { ALERT_EVENTS, ALERT_KINDS, ALERT_LEVELS, DELIVERY_STATES } from '../core/alerts.ts'

const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()])
const words = <T extends string>(values: readonly T[]) => Type.Union(values.map((v) => Type.Literal(v)))
const Instant = Type.String({ format: 'date-time' })
const Bilingual = Type.Object({ en: Type.String(), zh: Type.String() })
const closed = { additionalProperties: false }
const cause = Type.String({
  minLength: 1,
  maxLength: 300,
  description: 'such as silence:web/order, or the beginning of some and *',
})
const why = { why: Type.Optional(Type.String({ maxLength: 500 })) }

export const AlertQuery = Type.Object(
  {
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: 50 })),
    after: Type.Optional(Type.String({ maxLength: 500, description: '`next` of the page before' })),
    all: Type.Optional(Type.Boolean({ default: false })),
    kind: Type.Optional(words(ALERT_KINDS)),
    connection: Type.Optional(Type.String()),
  },
  closed,
)
export const MuteBody = Type.Object(
  { cause, for: Type.String({ description: 'a duration such as 4h, at most 90d' }), ...why },
  closed,
)
export const UnmuteBody = Type.Object({ cause, ...why }, closed)
export const TestBody = Type.Object({ channel: Type.String({ minLength: 1 }), ...why }, closed)

const summary = {
  id: Type.String(),
  cause: Type.String(),
  kind: words(ALERT_KINDS),
  level: words(ALERT_LEVELS),
  state: words(['open', 'closed']),
  connection: nullable(Type.String()),
  say: Bilingual,
  fix: Bilingual,
  openedAt: Instant,
  lastSeen: Instant,
  closedAt: nullable(Instant),
  mutedUntil: nullable(Instant),
}
export const AlertSummary = Type.Object(summary)
export const AlertDetail = Type.Object({
  ...summary,
  detail: Type.Record(Type.String(), Type.Unknown()),
  deliveries: Type.Array(
    Type.Object({
      channel: Type.String(),
      event: words(ALERT_EVENTS),
      round: Type.Integer(),
      state: words(DELIVERY_STATES),
      attempts: Type.Integer(),
      code: nullable(Type.String()),
      dueAt: nullable(Instant),
      sentAt: nullable(Instant),
    }),
  ),
})
export const AlertMute = Type.Object({
  cause: Type.String(),
  until: Instant,
  by: Type.String(),
  why: nullable(Type.String()),
  since: Instant,
})
export const AlertTest = Type.Object({
  channel: Type.String(),
  kind: Type.String(),
  ok: Type.Boolean(),
  code: nullable(Type.String()),
  say: Bilingual,
  fix: nullable(Bilingual),
})

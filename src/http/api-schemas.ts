/**
 * What the API takes and gives, as JSON Schema (TypeBox): requests are validated by it, and it is what
 * /v1/openapi.json shows. The types are those of `runtime/operations.ts`; a test holds the two together.
 */
import { type TSchema, Type } from 'typebox'
import { DOCUMENT_KINDS, ORDER_PROGRESS, PUSH_STATES } from '../core/states.ts'

const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()])
const words = <T extends string>(values: readonly T[]) => Type.Union(values.map((v) => Type.Literal(v)))
const Instant = Type.String({ format: 'date-time' })
const closed = { additionalProperties: false }

export const Kind = words(DOCUMENT_KINDS)
export const PushState = words(PUSH_STATES)
export const Progress = words(ORDER_PROGRESS)
export const Mode = words(['live', 'shadow'])
export const What = words(['record', 'document', 'push'])

const page = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: 50 })),
  after: Type.Optional(Type.String({ maxLength: 500, description: '`next` of the page before' })),
}

export const OrderQuery = Type.Object(
  {
    ...page,
    connection: Type.Optional(Type.String()),
    progress: Type.Optional(Progress),
    since: Type.Optional(Instant),
    until: Type.Optional(Instant),
  },
  closed,
)
const pushFilter = {
  connection: Type.Optional(Type.String()),
  flow: Type.Optional(Type.String()),
  kind: Type.Optional(Kind),
  state: Type.Optional(PushState),
  mode: Type.Optional(Mode),
}
export const PushQuery = Type.Object({ ...page, ...pushFilter }, closed)
const parkedFilter = {
  connection: Type.Optional(Type.String()),
  code: Type.Optional(Type.String()),
  what: Type.Optional(What),
}
export const ParkedQuery = Type.Object({ ...page, ...parkedFilter }, closed)
export const RecordQuery = Type.Object(
  {
    ...page,
    order: Type.String({
      minLength: 1,
      maxLength: 200,
      description: 'key, external id, number, bill or tracking number',
    }),
    connection: Type.Optional(Type.String()),
  },
  closed,
)

const why = { why: Type.Optional(Type.String({ maxLength: 500 })) }
const selection = (filter: Record<string, TSchema>) =>
  Type.Object(
    {
      ids: Type.Optional(Type.Array(Type.String(), { minItems: 1, maxItems: 1000 })),
      filter: Type.Optional(Type.Object(filter, { ...closed, minProperties: 1 })),
      ...why,
    },
    { ...closed, description: 'ids, or everything that a filter matches' },
  )
export const PushSelection = selection(pushFilter)
export const ParkedSelection = selection(parkedFilter)
export const ResolveBody = Type.Object(
  {
    as: words(['written', 'not-written', 'withdrawn']),
    remoteId: Type.Optional(
      Type.String({ minLength: 1, description: 'with `written`: its id in the remote' }),
    ),
    number: Type.Optional(Type.String({ minLength: 1 })),
    ...why,
  },
  closed,
)
export const ReplayBody = Type.Object(
  {
    connection: Type.String({ minLength: 1 }),
    stream: Type.Optional(Type.String()),
    since: Type.Optional(Instant),
    until: Type.Optional(Instant),
    ids: Type.Optional(Type.Array(Type.String(), { minItems: 1, maxItems: 1000 })),
    ...why,
  },
  closed,
)
export const PauseScope = Type.Object(
  {
    connection: Type.Optional(Type.String()),
    flow: Type.Optional(Type.String()),
    kind: Type.Optional(Kind),
  },
  { ...closed, minProperties: 1 },
)
export const PauseBody = Type.Object({ ...PauseScope.properties, ...why }, { ...closed, minProperties: 1 })

export const OrderSummary = Type.Object({
  key: Type.String({ description: 'connection/externalId' }),
  connection: Type.String(),
  externalId: Type.String(),
  number: Type.String(),
  entity: Type.String(),
  state: Type.String(),
  payment: Type.String(),
  fulfillment: Type.String(),
  placedAt: Instant,
  currency: Type.String(),
  total: Type.Integer({ description: 'minor units of currency' }),
  progress: Progress,
  updatedAt: Instant,
})
const Detail = Type.Record(Type.String(), Type.Unknown())
export const JournalEntry = Type.Object({
  at: Instant,
  event: Type.String(),
  connection: nullable(Type.String()),
  push: nullable(Type.String()),
  detail: Detail,
})
export const PushSummary = Type.Object({
  id: Type.String(),
  key: Type.String(),
  kind: Kind,
  connection: Type.String(),
  flow: Type.String(),
  mode: Mode,
  revision: Type.Integer(),
  state: PushState,
  attempts: Type.Integer(),
  dueAt: nullable(Instant),
  leaseUntil: nullable(Instant),
  orders: Type.Array(Type.String()),
  remoteId: nullable(Type.String()),
  remoteNumber: nullable(Type.String()),
  error: nullable(Type.Object({ code: Type.String(), message: Type.String() })),
  createdAt: Instant,
  updatedAt: Instant,
})
export const PushDetail = Type.Object({
  ...PushSummary.properties,
  class: nullable(words(['find', 'resend-safe', 'none'])),
  mappingVersion: nullable(Type.String()),
  rendered: nullable(
    Type.Object({
      contentType: Type.String(),
      size: Type.Integer(),
      sha256: Type.String(),
      body: Type.Optional(
        Type.String({ description: 'base64; only with body=true and a token of scope operate' }),
      ),
    }),
  ),
  check: nullable(
    Type.Object({
      number: nullable(Type.String()),
      total: nullable(Type.String()),
      lines: nullable(Type.Integer()),
    }),
  ),
  lines: Type.Array(Type.Object({ order: Type.String(), line: Type.String(), quantity: Type.String() })),
  journal: Type.Array(JournalEntry),
})
const Bilingual = Type.Object({ en: Type.String(), zh: Type.String() })
export const ParkedItem = Type.Object({
  id: Type.String(),
  what: What,
  connection: Type.String(),
  stream: nullable(Type.String()),
  externalId: nullable(Type.String()),
  order: nullable(Type.String()),
  record: nullable(Type.String({ description: '/v1/records/{id}' })),
  code: Type.String(),
  kind: Type.String(),
  message: Bilingual,
  fix: Bilingual,
  attempts: Type.Integer(),
  at: Instant,
})
export const RecordSummary = Type.Object({
  id: Type.String(),
  connection: Type.String(),
  stream: Type.String(),
  shape: Type.String(),
  externalId: nullable(Type.String()),
  origin: words(['webhook', 'poll', 'fetch', 'file', 'replay']),
  state: words(['new', 'hint', 'done', 'parked', 'discarded']),
  contentType: Type.String(),
  size: nullable(Type.Integer({ description: 'bytes as they came; null for a hint' })),
  bytes: words(['kept', 'trimmed', 'damaged', 'none']),
  attempts: Type.Integer(),
  receivedAt: Instant,
  doneAt: nullable(Instant),
})
export const RecordDetail = Type.Object({
  ...RecordSummary.properties,
  sha256: nullable(Type.String({ description: 'of the bytes as they came' })),
})
export const OrderDetail = Type.Object({
  ...OrderSummary.properties,
  placed: Type.Object({ version: Type.String(), versions: Type.Integer(), receivedAt: Instant }),
  lines: Type.Array(
    Type.Object({
      externalId: Type.String(),
      sku: Type.String(),
      name: Type.String(),
      kind: Type.String(),
      quantity: Type.String(),
      amount: Type.Integer(),
      tax: Type.Integer(),
    }),
  ),
  pushes: Type.Array(PushSummary),
  bindings: Type.Array(
    Type.Object({
      connection: Type.String(),
      kind: Kind,
      remoteId: nullable(Type.String()),
      remoteNumber: nullable(Type.String()),
      at: Instant,
    }),
  ),
  parked: Type.Array(ParkedItem),
  tasks: Type.Array(
    Type.Object({
      id: Type.String(),
      kind: Type.String(),
      state: words(['open', 'done']),
      at: Instant,
      detail: Detail,
    }),
  ),
  journal: Type.Array(JournalEntry),
})
export const FindHit = Type.Union([
  Type.Object({
    by: words(['number', 'external-id', 'bill', 'tracking', 'phone', 'key']),
    order: OrderSummary,
  }),
  Type.Object({ by: Type.Literal('parked'), parked: ParkedItem }),
])
export const Changed = Type.Object({
  changed: Type.Array(Type.String()),
  skipped: Type.Array(Type.Object({ id: Type.String(), why: Bilingual })),
})
export const Pause = Type.Object({
  id: Type.String(),
  scope: PauseScope,
  by: Type.String(),
  why: nullable(Type.String()),
  at: Instant,
  automatic: Type.Boolean(),
})
export const DoctorCheck = Type.Object({
  id: Type.String(),
  level: words(['ok', 'warn', 'fail']),
  say: Bilingual,
  fix: nullable(Bilingual),
})
export const Stats = Type.Object({
  at: Instant,
  startedAt: Instant,
  received: Type.Integer(),
  normalized: Type.Integer(),
  waiting: Type.Object({
    inbox: Type.Integer(),
    fetch: Type.Integer(),
    documents: Type.Integer(),
    planned: Type.Integer(),
    sending: Type.Integer(),
    unknown: Type.Integer(),
    accepted: Type.Integer(),
  }),
  orders: Type.Integer(),
  confirmed: Type.Integer(),
  shadowed: Type.Integer(),
  parked: Type.Integer(),
  rate: Type.Number(),
  connections: Type.Array(
    Type.Object({
      connection: Type.String(),
      paused: Type.Boolean(),
      pushes: Type.Record(Type.String(), Type.Integer()),
      streams: Type.Array(
        Type.Object({
          stream: Type.String(),
          watermark: nullable(Instant),
          lastReadAt: nullable(Instant),
        }),
      ),
      lastError: nullable(Type.Object({ at: Instant, code: Type.String(), message: Type.String() })),
    }),
  ),
})

/** One page of something. */
export const pageOf = <T extends TSchema>(item: T) =>
  Type.Object({ items: Type.Array(item), next: nullable(Type.String()) })

/**
 * Everything a person or a program may ask of a running Tributary, as one interface. The CLI, the control
 * socket and the HTTP API are written against it alone; `operations-ledger.ts` implements it over the
 * ledger. Every result is plain JSON (instants are RFC 3339 text in UTC, money is an integer in minor units
 * beside its currency), so that it can travel over the socket unchanged.
 *
 * Failures are thrown as TributaryError: RUNTIME_UNKNOWN for an id that does not exist, RUNTIME_STATE for a
 * state that forbids what was asked (core/errors/runtime.ts).
 */
import type { DocumentKind, OrderProgress, PushState } from '../core/states.ts'
import { CODE_OPERATIONS, type CodeOperations } from './operations-code-types.ts'
import type { MappingDiffOperations } from './operations-mapping-diff-types.ts'
import type { RecordBody, RecordDetail, RecordSummary } from './operations-record-types.ts'

export type { OrderProgress, PushState } from '../core/states.ts'
export type { RecordBody, RecordDetail, RecordSummary } from './operations-record-types.ts'

/** Plain JSON. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json }

/** A text in both languages, for answers that are made where the language of the reader is not known. */
export interface Bilingual {
  en: string
  zh: string
}

/** Lists are read page by page: `limit` 1–500 (default 50), `after` is the `next` of the page before. */
export interface PageQuery {
  limit?: number
  after?: string
}

export interface PageOf<T> {
  items: T[]
  /** Opaque; null on the last page. */
  next: string | null
}

export interface OrderSummary {
  /** `<connection>/<externalId>`: the order key of logs, CLI and API. */
  key: string
  connection: string
  externalId: string
  number: string
  entity: string
  state: string
  payment: string
  fulfillment: string
  placedAt: string
  currency: string
  /** Minor units. */
  total: number
  progress: OrderProgress
  updatedAt: string
}

/** One event of the journal: the story of an order is these in order. */
export interface JournalEntry {
  at: string
  /** received, mapped, unchanged, stale, planned, shadowed, history, withdrawn, rendered, sending, confirmed, accepted, refused, not-done, unknown, found, bound, parked, retried, resolved, discarded, shipped, task… */
  event: string
  connection: string | null
  push: string | null
  /** Values for the text of the event (counts, codes, numbers, rule versions); never personal data. */
  detail: { [key: string]: Json }
}

export interface PushSummary {
  id: string
  /** The identity in the remote. */
  key: string
  kind: DocumentKind
  /** Target connection. */
  connection: string
  flow: string
  mode: 'live' | 'shadow'
  revision: number
  state: PushState
  attempts: number
  dueAt: string | null
  leaseUntil: string | null
  /** Order keys that it stands for. */
  orders: string[]
  remoteId: string | null
  remoteNumber: string | null
  error: { code: string; message: string } | null
  createdAt: string
  updatedAt: string
}

export interface PushDetail extends PushSummary {
  class: 'find' | 'resend-safe' | 'none' | null
  mappingVersion: string | null
  /** The frozen bytes; `body` (base64) only when asked for, because it holds personal data. */
  rendered: { contentType: string; size: number; sha256: string; body?: string } | null
  check: { number: string | null; total: string | null; lines: number | null } | null
  /** Source lines that it carries. */
  lines: { order: string; line: string; quantity: string }[]
  journal: JournalEntry[]
}

export interface OrderDetail extends OrderSummary {
  placed: { version: string; versions: number; receivedAt: string }
  lines: {
    externalId: string
    sku: string
    name: string
    kind: string
    quantity: string
    amount: number
    tax: number
  }[]
  pushes: PushSummary[]
  bindings: {
    connection: string
    kind: DocumentKind
    remoteId: string | null
    remoteNumber: string | null
    at: string
  }[]
  parked: ParkedItem[]
  tasks: { id: string; kind: string; state: 'open' | 'done'; at: string; detail: { [key: string]: Json } }[]
  journal: JournalEntry[]
}

export interface OrderFilter extends PageQuery {
  connection?: string
  progress?: OrderProgress
  /** Placed at or after / before. */
  since?: string
  until?: string
}

export type FindHit =
  | {
      /** What the term matched: the platform's number or id, the ERP's bill, a tracking number, a phone's last digits. */
      by: 'number' | 'external-id' | 'bill' | 'tracking' | 'phone' | 'key'
      order: OrderSummary
    }
  /** Nothing is known of the order but what is parked: its record became no document. */
  | { by: 'parked'; parked: ParkedItem }

export interface PushFilter extends PageQuery {
  connection?: string
  flow?: string
  kind?: DocumentKind
  state?: PushState
  mode?: 'live' | 'shadow'
}

/** Whose hand it was: kept in the journal. */
export interface Actor {
  /** OS user or token name. */
  by: string
  why?: string
}

/** Either ids, or everything that a filter matches. */
export type Selection<F> = { ids: string[] } | { filter: F }

export interface Changed {
  changed: string[]
  /** Asked for but left as they were, with the reason. */
  skipped: { id: string; why: Bilingual }[]
}

/**
 * What a person knows about a push in `unknown`, `accepted`, `rejected` or `parked`. `written`: the remote
 * has it (binds it); `not-written`: it does not (planned again); `withdrawn`: it is never to be written.
 */
export type Resolution =
  | { as: 'written'; remoteId: string; number?: string }
  | { as: 'not-written' }
  | { as: 'withdrawn' }

/** A record that could not be read, a document that could not be planned, a push that waits for a person. */
export type ParkedWhat = 'record' | 'document' | 'push'

export interface ParkedFilter extends PageQuery {
  connection?: string
  code?: string
  what?: ParkedWhat
}

export interface ParkedItem {
  id: string
  what: ParkedWhat
  connection: string
  stream: string | null
  externalId: string | null
  /** Order key, where known. */
  order: string | null
  /** The untouched record it was made from (`recordShow`); null for a push. */
  record: string | null
  code: string
  kind: string
  message: Bilingual
  fix: Bilingual
  attempts: number
  at: string
}

export interface ReplayRequest {
  connection: string
  stream?: string
  /** Received in [since, until). */
  since?: string
  until?: string
  /** External ids. */
  ids?: string[]
}

/** What is stopped: at least one of the three; several narrow it down. */
export interface PauseScope {
  connection?: string
  flow?: string
  kind?: DocumentKind
}

export interface Pause {
  id: string
  scope: PauseScope
  by: string
  why: string | null
  at: string
  /** True when Tributary stopped it by itself (wrong credentials). */
  automatic: boolean
}

export interface DoctorCheck {
  /** database, folder, queue, clock, schedule, inbox, pushes, parked, leases, paused, disk, version, connection:<id>… */
  id: string
  level: 'ok' | 'warn' | 'fail'
  say: Bilingual
  fix: Bilingual | null
}

export type TokenScope = 'read' | 'operate'

export interface TokenSummary {
  id: string
  name: string
  scope: TokenScope
  createdAt: string
  expiresAt: string | null
  revokedAt: string | null
  lastUsedAt: string | null
}

export interface Stats {
  at: string
  startedAt: string
  /** Counts since the ledger began. */
  received: number
  normalized: number
  waiting: {
    inbox: number
    fetch: number
    planned: number
    sending: number
    unknown: number
    accepted: number
  }
  orders: number
  confirmed: number
  shadowed: number
  parked: number
  /** Pushes confirmed per second over the last minute. */
  rate: number
  connections: {
    connection: string
    paused: boolean
    pushes: { [state: string]: number }
    streams: { stream: string; watermark: string | null; lastReadAt: string | null }[]
    lastError: { at: string; code: string; message: string } | null
  }[]
}

export interface Operations extends CodeOperations, MappingDiffOperations {
  ordersList(filter: OrderFilter): Promise<PageOf<OrderSummary>>
  /** `ref`: order key, or anything `find` understands as long as it means one order. Throws RUNTIME_UNKNOWN, RUNTIME_AMBIGUOUS. */
  orderShow(request: { ref: string }): Promise<OrderDetail>
  /** At most 50 hits, best first. Phones match by their last 4 or more digits. */
  find(request: { term: string }): Promise<FindHit[]>

  pushList(filter: PushFilter): Promise<PageOf<PushSummary>>
  /** `id`: push id or key. */
  pushShow(request: { id: string; body?: boolean }): Promise<PushDetail>
  /** From `rejected`, `parked` or `planned` with a far due time: due now. `unknown` goes through its find, never straight to a write. */
  pushRetry(request: { select: Selection<PushFilter> } & Actor): Promise<Changed>
  pushResolve(request: { id: string; resolution: Resolution } & Actor): Promise<PushSummary>

  parkedList(filter: ParkedFilter): Promise<PageOf<ParkedItem>>
  parkedRetry(request: { select: Selection<ParkedFilter> } & Actor): Promise<Changed>
  parkedDiscard(request: { select: Selection<ParkedFilter> } & Actor): Promise<Changed>

  /** Records of one order, newest first. `order`: its key, external id, number, bill or tracking number. Throws as `orderShow`. */
  recordList(request: { order: string; connection?: string } & PageQuery): Promise<PageOf<RecordSummary>>
  recordShow(request: { id: string }): Promise<RecordDetail>
  /** Throws RUNTIME_BYTES_TRIMMED, RUNTIME_BYTES_NONE, RECORD_DAMAGED where there are none to show. */
  recordBody(request: { id: string }): Promise<RecordBody>

  /** Normalizes stored records again. Unchanged documents stop there; nothing is pushed twice. */
  replay(request: ReplayRequest & Actor): Promise<{ records: number }>

  pause(request: PauseScope & Actor): Promise<Pause>
  /** Removes the pauses whose scope equals the given one. */
  resume(request: PauseScope & Actor): Promise<{ resumed: Pause[] }>
  pauses(request: Record<string, never>): Promise<Pause[]>

  doctor(request: Record<string, never>): Promise<DoctorCheck[]>
  stats(request: Record<string, never>): Promise<Stats>

  /** `token` is shown this once; only its SHA-256 is stored. `days`: valid that long; without, until revoked. */
  tokenCreate(
    request: { name: string; scope: TokenScope; days?: number } & Actor,
  ): Promise<TokenSummary & { token: string }>
  tokenList(request: Record<string, never>): Promise<TokenSummary[]>
  /** `id`: token id or name. Throws RUNTIME_UNKNOWN. */
  tokenRevoke(request: { id: string } & Actor): Promise<TokenSummary>
  /** Null for an unknown, revoked or expired token. Not reachable over the API. */
  verifyToken(request: { token: string }): Promise<{ id: string; name: string; scope: TokenScope } | null>

  /** Consistent copy of the ledger into one new file; refuses to overwrite. `to`: absolute path. */
  backup(request: { to: string }): Promise<{ path: string; bytes: number; migration: string }>
}

/** Names of the methods, in one list: the control socket serves exactly these. */
export const OPERATIONS = [
  'ordersList',
  'orderShow',
  'find',
  'pushList',
  'pushShow',
  'pushRetry',
  'pushResolve',
  'parkedList',
  'parkedRetry',
  'parkedDiscard',
  'recordList',
  'recordShow',
  'recordBody',
  'storedRecords',
  'storedPushes',
  'storedCount',
  'replay',
  ...CODE_OPERATIONS,
  'pause',
  'resume',
  'pauses',
  'doctor',
  'stats',
  'tokenCreate',
  'tokenList',
  'tokenRevoke',
  'verifyToken',
  'backup',
] as const satisfies readonly (keyof Operations)[]

/** An opened set of operations: over the socket of a running process, or straight over the ledger. */
export interface OpenedOperations {
  operations: Operations
  close(): Promise<void>
}

/** What the sender of a webhook gets, once its record is committed. */
export interface WebhookAnswer {
  status: number
  body: string
  contentType: string
}

/** Is this process fit to take traffic? `checks`: name → ok, or what is wrong in one sentence. */
export interface Readiness {
  ready: boolean
  checks: { [name: string]: 'ok' | string }
}

/**
 * A started runtime as `src/runtime/start.ts` returns it:
 * `startRuntime(config, { role: 'all' | 'serve' | 'work', log }): Promise<Running>`. The CLI puts the HTTP
 * server in front of it, so that runtime needs to know nothing of HTTP.
 */
export interface Running {
  operations: Operations
  /**
   * Verifies, appends and commits, then answers. Throws TributaryError: WEBHOOK_SIGNATURE,
   * WEBHOOK_UNREADABLE, RUNTIME_UNKNOWN for a connection or topic that does not exist, transient when the
   * ledger cannot take it now (the sender comes again).
   */
  receiveWebhook(
    connection: string,
    topic: string,
    headers: Record<string, string | string[] | undefined>,
    body: Buffer,
  ): Promise<WebhookAnswer>
  ready(): Promise<Readiness>
  /** Finishes what was acknowledged, hands the rest back, ends every timer and connection. */
  close(): Promise<void>
}

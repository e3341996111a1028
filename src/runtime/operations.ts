/**
 * Everything a person or a program may ask of a running Tributary, as one interface. The CLI, the control
 * socket and the HTTP API are written against it alone; `operations-ledger.ts` implements it over the
 * ledger. Every result is plain JSON (instants are RFC 3339 text in UTC, money is an integer in minor units
 * beside its currency), so that it can travel over the socket unchanged.
 *
 * Failures are thrown as TributaryError: RUNTIME_UNKNOWN for an id that does not exist, RUNTIME_STATE for a
 * state that forbids what was asked (core/errors/runtime.ts).
 */
import type { DocumentKind, OrderProgress } from '../core/states.ts'
import { ALERT_OPERATIONS, type AlertOperations } from './operations-alert-types.ts'
import { BACKFILL_OPERATIONS, type BackfillOperations } from './operations-backfill-types.ts'
import { CODE_OPERATIONS, type CodeOperations } from './operations-code-types.ts'
import { CONFIGURATION_OPERATIONS, type ConfigurationOperations } from './operations-configuration-types.ts'
import { DOCUMENT_OPERATIONS, type DocumentOperations } from './operations-document-types.ts'
import type { MappingDiffOperations } from './operations-mapping-diff-types.ts'
import type {
  Actor,
  Bilingual,
  Changed,
  JournalEntry,
  Json,
  PageOf,
  PageQuery,
  Selection,
} from './operations-parts.ts'
import { PUSH_OPERATIONS, type PushOperations, type PushSummary } from './operations-push-types.ts'
import type { RecordBody, RecordDetail, RecordSummary } from './operations-record-types.ts'
import { TOKEN_OPERATIONS, type TokenOperations } from './operations-token-types.ts'

export type { OrderProgress, PushState } from '../core/states.ts'
export type { DocumentDetail, DocumentFilter, DocumentSummary } from './operations-document-types.ts'
export type {
  Actor,
  Bilingual,
  Changed,
  JournalEntry,
  Json,
  PageOf,
  PageQuery,
  Selection,
} from './operations-parts.ts'
export type { PushDetail, PushFilter, PushSummary, Resolution } from './operations-push-types.ts'
export type { RecordBody, RecordDetail, RecordSummary } from './operations-record-types.ts'
export type { TokenScope, TokenSummary } from './operations-token-types.ts'

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
  /** database, configuration, folder, queue, clock, schedule, completeness, inbox, pushes, parked, leases, paused, disk, version, connection:<id>… */
  id: string
  level: 'ok' | 'warn' | 'fail'
  say: Bilingual
  fix: Bilingual | null
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
    documents: number
    planned: number
    sending: number
    unknown: number
    accepted: number
  }
  orders: number
  confirmed: number
  shadowed: number
  parked: number
  /** How many are open. */
  alerts: { red: number; yellow: number }
  /** Pushes confirmed per second over the last minute. */
  rate: number
  connections: {
    connection: string
    paused: boolean
    pushes: { [state: string]: number }
    streams: {
      stream: string
      watermark: string | null
      lastReadAt: string | null
      /** Said to exist and could not be had, by the checks of the last 30 days; null: never checked. */
      missing: number | null
    }[]
    lastError: { at: string; code: string; message: string } | null
  }[]
}

export interface Operations
  extends PushOperations,
    DocumentOperations,
    CodeOperations,
    BackfillOperations,
    MappingDiffOperations,
    AlertOperations,
    TokenOperations,
    ConfigurationOperations {
  ordersList(filter: OrderFilter): Promise<PageOf<OrderSummary>>
  /** `ref`: order key, or anything `find` understands as long as it means one order. Throws RUNTIME_UNKNOWN, RUNTIME_AMBIGUOUS. */
  orderShow(request: { ref: string }): Promise<OrderDetail>
  /** At most 50 hits, best first. Phones match by their last 4 or more digits. */
  find(request: { term: string }): Promise<FindHit[]>

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

  /** Consistent copy of the ledger into one new file; refuses to overwrite. `to`: absolute path. */
  backup(request: { to: string }): Promise<{ path: string; bytes: number; migration: string }>
}

/** Names of the methods, in one list: the control socket serves exactly these. */
export const OPERATIONS = [
  'ordersList',
  'orderShow',
  'find',
  ...PUSH_OPERATIONS,
  ...DOCUMENT_OPERATIONS,
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
  ...BACKFILL_OPERATIONS,
  ...CONFIGURATION_OPERATIONS,
  'pause',
  'resume',
  'pauses',
  ...ALERT_OPERATIONS,
  'doctor',
  'stats',
  ...TOKEN_OPERATIONS,
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

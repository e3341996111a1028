/**
 * Types of what is wired in: the connector runtime builds a `Connection`, the pipe uses it. Nothing here
 * runs; `src/runtime/start.ts` is the only place that constructs things.
 */
import type { Phrase } from './errors/error.ts'
import type { FindAnswer, Outcome, Remote } from './outcome.ts'
import type { DocumentKind } from './states.ts'

export type { DocumentKind } from './states.ts'

/** One record as a system sent it: untouched bytes. */
export interface RawRecord {
  /** The source's id of the thing (order id); part of the inbox key of polled records. */
  id: string
  body: Buffer
  contentType: string
  /** Which shape it has, where one stream has several (`webhook` and the canonical read); selects the mapping. */
  shape: string
  /**
   * Where it came from (a file by its content, and its place in it), for sources that give the same again: it is taken
   * once, whatever came of the same id since. Without, a record is taken when its bytes differ from the last ones.
   */
  delivery?: string
}

/** A mapping, compiled. Throws TributaryError of kind `input` naming mapping file, field and path. */
export interface Mapping {
  id: string
  /** Hash of the source: stored with every document and push that it made. */
  version: string
  map(input: unknown, context: MapContext): Promise<unknown>
  /** Where a field of what `map` made of this input came from (`lines.0.sku`), for the message about it; null for none. */
  origin?(field: string, input: unknown, context: MapContext): FieldOrigin | null
}

/** The expression that makes a field, and what it found in the record; shapes, never values. */
export interface FieldOrigin {
  file: string
  line: number
  expression: string
  read: Phrase | ''
}

/** Bound in every expression as `$settings`, `$connection`, `$entity`, `$company`, `$push`. */
export interface MapContext {
  connection: string
  entity: string
  settings: Record<string, unknown>
  company: { zone: string; currency: string }
  /** Outgoing only. `previous`: what the remote holds of an earlier revision; a mapping's `onCreate` is for none. */
  push?: { key: string; revision: number; previous?: Remote | null }
  /** Code tables by name: `$code('material', sku)`. */
  codes?: Record<string, Record<string, string>>
  /** Factors by table and key, decimal text: `$codeFactor('material', sku)`. */
  factors?: Record<string, Record<string, string>>
}

/** Whose calls a read counts as, where that is not polling: history is fetched at a pace of its own. */
export type ReadLane = 'read' | 'backfill'

export interface PageRequest {
  /** Window [since, until) in UTC; the connector turns it into its API's clock format. */
  since: Date
  until: Date
  /** What the previous page of this window returned as `next`; null on the first page. */
  resume: unknown
  /** History gives way to what is new (core/budget.ts); default: read. */
  lane?: ReadLane
  /**
   * What the pages before `resume` gave is committed, so a source may let go of it (move a file). Left out by whoever
   * only looks.
   */
  kept?: boolean
}

export interface Page {
  records: RawRecord[]
  /** Plain JSON; null when the window is read. */
  next: unknown
}

/** How many records a source says it has in a window; `exact`: neither an estimate nor a lower bound. */
export interface SourceCount {
  count: number
  exact: boolean
}

/** One thing that can be read from a system. */
export interface ReadStream {
  name: string
  document: DocumentKind
  /** The watermark never passes now − lag (rows the source has not indexed yet). Milliseconds. */
  lag: number
  /** How far the source's clock is behind ours, by its last answer: what it writes now gets an older instant. Milliseconds. */
  behind?(): number
  /** How far each window reaches back over the previous one. Milliseconds. */
  overlap: number
  /** Default schedule (cron with optional seconds), UTC. */
  every: string
  /** Record shape → mapping. */
  mappings: Record<string, Mapping>
  /** The source's id in a parsed record of this shape, where it came without (a webhook); null when it has none. */
  identify(input: unknown, shape: string): string | null
  /**
   * The same from the untouched bytes, without parsing them: for a record that ends the process that maps it.
   * Null where it cannot be told.
   */
  peek(record: { body: Buffer; contentType: string }, shape: string): string | null
  page(request: PageRequest, signal: AbortSignal): Promise<Page>
  /** `page` reads nothing: only webhooks, files or inbound documents feed this stream. */
  unlisted?: boolean
  /** Reads by id: for hints, repairs, refresh of documents that are not final. Missing ids are left out. */
  fetch?(ids: string[], signal: AbortSignal, lane?: ReadLane): Promise<RawRecord[]>
  /** Asks how many records `page` would give for [since, until); null where it cannot be told. Throws as `page` does. */
  count?(window: { since: Date; until: Date }, signal: AbortSignal): Promise<SourceCount | null>
  /** Windows run by what the mapping calls `version` (an instant): both sides may be counted by it. */
  byVersion?: boolean
  /** The field of the document that the source promises to number without gaps. */
  sequential?: 'externalId' | 'number'
  /** Longest window that the source takes at once; absent: any. Milliseconds. */
  window?: number
  /** How far back the source can be read at all; absent: to its beginning. Milliseconds. */
  reach?: number
  /** Length of a window when history is read; absent: a day, and longer while nothing is found. Milliseconds. */
  history?: number
  /**
   * For sources whose clock stands still on payment or shipping: documents for which the planner still
   * waits are fetched again this often. Milliseconds.
   */
  refresh?: number
}

/** What a verified webhook delivery means. */
export interface WebhookDelivery {
  stream: string
  /** Unique per delivery; null where the sender has no id (then the body's hash is used). */
  deliveryId: string | null
  /** Full payloads to map; the id is null where reading it would mean parsing the whole payload. Or… */
  records: (Omit<RawRecord, 'id'> & { id: string | null })[]
  /** …ids to be fetched because the payload is partial. */
  fetch: string[]
  /** More ids of other streams: senders that have one address for everything tell several things at once. */
  also?: { stream: string; fetch: string[] }[]
}

export interface Webhook {
  topic: string
  /**
   * Verifies over the raw bytes in constant time, then reads the payload. `headers[':query']` is the query of
   * the address (set by the HTTP layer; no client can send a header of that name): some senders cannot sign
   * and carry a secret there.
   * Throws TributaryError WEBHOOK_SIGNATURE (401) or WEBHOOK_UNREADABLE (400).
   */
  receive(headers: Record<string, string | string[] | undefined>, body: Buffer): WebhookDelivery
  /** Status and body that the sender wants to see once the record is committed. */
  answer: { status: number; body: string; contentType: string }
}

/** What is written into a remote, rendered once and frozen at the first attempt. */
export interface Rendered {
  /** The exact bytes of this document (for batches: this document's part of the request). */
  body: Buffer
  contentType: string
  mappingVersion: string
  /** Compared with what a find returns before it is bound. Decimal string in the document's currency. */
  check: { number: string | null; total: string | null; lines: number | null }
}

/** One document on its way out. */
export interface WriteItem {
  key: string
  kind: DocumentKind
  revision: number
  body: Buffer
  check: Rendered['check']
}

/** One kind of document that can be written into a system, with what the push protocol must know. */
export interface WriteOperation {
  kind: DocumentKind
  /** How doubt is resolved: ask by key, send the same bytes again, or ask a person. */
  class: 'find' | 'resend-safe' | 'none'
  /** Most documents in one request; 1 where the remote takes one. */
  batch: number
  /** A find counts as absent only this long after the last attempt's lease end. Milliseconds. */
  settle: number
  /** The whole attempt is aborted after this. The lease is longer. Milliseconds. */
  timeout: number
  /** True when `write` leaves a draft that `advance` finishes, so surplus copies can be deleted first. */
  drafts: boolean
  /** True: the remote answers "received" and success is known only by an acknowledgement. */
  acknowledged: boolean
  /** How long an `accepted` push waits for its acknowledgement before it is parked. Milliseconds. */
  acknowledgeWithin: number
  /** How long it had better not be tried, because its budget is used up; 0: it may. Milliseconds. */
  held?(): number
  /** Maps out. Throws TributaryError kind `input` when the document cannot be written. */
  render(
    document: unknown,
    context: { key: string; revision: number; previous: Remote | null },
  ): Promise<Rendered>
  /** Sends one request with one or more documents; answers one outcome per item, in order. Never throws for remote failures. */
  write(items: WriteItem[], signal: AbortSignal): Promise<Outcome[]>
  /** Asks by key. Required for class `find`. */
  find?(item: WriteItem, signal: AbortSignal): Promise<FindAnswer>
  /** Runs the steps not done yet on an existing document; harmless when all are done. */
  advance?(item: WriteItem, remote: Remote, signal: AbortSignal): Promise<Outcome>
  /** Deletes a surplus draft. */
  discard?(item: WriteItem, remote: Remote, signal: AbortSignal): Promise<Outcome>
}

/** One configured use of a connector. */
export interface Connection {
  id: string
  connector: string
  entity: string
  streams: ReadStream[]
  writes: WriteOperation[]
  webhooks: Webhook[]
  /** Documents on their way at the same time (lanes), over all processes. */
  concurrency: number
  /** Raw bytes → the value a mapping reads (JSON with exact big numbers, or an XML tree), per content type. */
  parse(record: { body: Buffer; contentType: string }): unknown
  /** One harmless call that proves address and credentials. Returns what it found in one sentence. */
  check(signal: AbortSignal): Promise<{ ok: boolean; say: string }>
  /** The process is asked to stop: calls that wait for their budget give up, and none waits any more. */
  hasten?(): void
  close(): Promise<void>
}

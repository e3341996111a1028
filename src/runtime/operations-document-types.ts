/** What operations on documents of every kind take and answer; part of `operations.ts`, whose rules hold here too. */
import type { DocumentKind } from '../core/states.ts'
import type { Bilingual, JournalEntry, Json, PageOf, PageQuery } from './operations-parts.ts'
import type { PushSummary } from './operations-push-types.ts'

/** One document: what a record became. */
export interface DocumentSummary {
  /** `<connection>/<kind>/<externalId>` */
  key: string
  connection: string
  kind: DocumentKind
  externalId: string
  number: string | null
  entity: string
  version: string
  /** How many versions of it were stored. */
  versions: number
  /** `due`: to be planned; `waiting`: planned again when its push is final; `done`: nothing to do. */
  state: 'due' | 'waiting' | 'done' | 'parked'
  createdAt: string
  updatedAt: string
}

export interface DocumentDetail extends DocumentSummary {
  /** Version of the mapping that made it. */
  mapping: string
  /** The untouched record that it was made from (`recordShow`). */
  record: string
  pushes: PushSummary[]
  /** Open ones: why it is not planned. */
  parked: { id: string; code: string; message: Bilingual; fix: Bilingual; at: string }[]
  journal: JournalEntry[]
  /** The newest version as it is stored; only when asked for, because it holds personal data. */
  content?: { [field: string]: Json }
}

export interface DocumentFilter extends PageQuery {
  connection?: string
  kind?: DocumentKind
  /**
   * Whose documents: an order by anything `find` understands but a phone (its parcels, returns, refunds), or an
   * external id, SKU or barcode.
   */
  about?: string
}

export interface DocumentOperations {
  /** Newest first. */
  documentList(filter: DocumentFilter): Promise<PageOf<DocumentSummary>>
  /** `ref`: `<connection>/<kind>/<externalId>`. Throws RUNTIME_UNKNOWN, RUNTIME_REQUEST. */
  documentShow(request: { ref: string; content?: boolean }): Promise<DocumentDetail>
}

/** Their names; see OPERATIONS. */
export const DOCUMENT_OPERATIONS = ['documentList', 'documentShow'] as const

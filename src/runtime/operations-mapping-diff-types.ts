/**
 * What the operations behind `tributary mapping diff` answer; part of `operations.ts`, whose rules hold here too.
 * The ledger's side hands out what is stored; the changed mapping runs in the asker's process, so that one which
 * is slow or runs wild stops no webhook.
 */
import type { PushPage, PushTarget, StoredPush } from '../ledger/stored-push.ts'
import type { RecordPage, RecordTarget, StoredRecord } from '../ledger/stored-record.ts'

export type { PushTarget, RecordTarget }

/** Which records or pushes; `since`: received, or planned, at or after. */
export interface StoredQuery<T> {
  targets: T[]
  since?: string
}

/** Newest first: ids below `before`, from the newest on without. */
export interface StoredPageQuery<T> extends StoredQuery<T> {
  before?: number
}

/** With personal data: `body` is the base64 of the exact bytes. */
export type StoredRecordPage = Omit<RecordPage, 'items'> & {
  items: (Omit<StoredRecord, 'body'> & { body: string | null })[]
}

/** The same of pushes. */
export type StoredPushPage = Omit<PushPage, 'items'> & {
  items: (Omit<StoredPush, 'body'> & { body: string | null })[]
}

/** Not reachable over the API. */
export interface MappingDiffOperations {
  /** One page of stored records and what came of each. */
  storedRecords(request: StoredPageQuery<RecordTarget>): Promise<StoredRecordPage>
  /** One page of pushes with their frozen bytes. */
  storedPushes(request: StoredPageQuery<PushTarget>): Promise<StoredPushPage>
  /** How many records and pushes a run over these passes. */
  storedCount(request: {
    records?: RecordTarget[]
    pushes?: PushTarget[]
    since?: string
  }): Promise<{ count: number }>
}

/** What the operations on pushes take and give; see operations.ts. */
import type { DocumentKind, PushState } from '../core/states.ts'
import type { Actor, Changed, JournalEntry, PageOf, PageQuery, Selection } from './operations-parts.ts'

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

export interface PushFilter extends PageQuery {
  connection?: string
  flow?: string
  kind?: DocumentKind
  state?: PushState
  mode?: 'live' | 'shadow'
}

/**
 * What a person knows about a push in `unknown`, `accepted`, `rejected` or `parked`. `written`: the remote
 * has it (binds it); `not-written`: it does not (planned again); `withdrawn`: it is never to be written.
 */
export type Resolution =
  | { as: 'written'; remoteId: string; number?: string }
  | { as: 'not-written' }
  | { as: 'withdrawn' }

export interface PushOperations {
  pushList(filter: PushFilter): Promise<PageOf<PushSummary>>
  /** `id`: push id or key. */
  pushShow(request: { id: string; body?: boolean }): Promise<PushDetail>
  /** From `rejected`, `parked` or `planned` with a far due time: due now. `unknown` goes through its find, never straight to a write. */
  pushRetry(request: { select: Selection<PushFilter> } & Actor): Promise<Changed>
  pushResolve(request: { id: string; resolution: Resolution } & Actor): Promise<PushSummary>
}

/** Their names; see OPERATIONS. */
export const PUSH_OPERATIONS = ['pushList', 'pushShow', 'pushRetry', 'pushResolve'] as const

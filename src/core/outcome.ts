/**
 * What one attempt at a remote system proved. The push protocol (docs/reference/push-protocol.md)
 * has exactly four outcomes; everything a connector learns is folded into one of them.
 */

/** A document as the remote system holds it. */
export interface Remote {
  /** The remote's own primary key; null when the answer proves existence but names no key (NC -31000). */
  id: string | null
  /** The human-readable number people see there, when known. */
  number?: string | null
  /** `draft`: steps remain to be done; `final`: the last step of the operation is done. */
  state: 'draft' | 'final'
  /** Total as the remote states it, a decimal string in the document's currency; null when it states none. */
  total?: string | null
  /** Number of lines the remote holds; null when unknown. */
  lines?: number | null
}

export type Outcome =
  /** The answer proves success. `accepted`: the remote only said "received" (big-file mode). */
  | { kind: 'done'; remote: Remote; accepted?: boolean }
  /**
   * The answer proves that nothing was written, and why. `duplicate`: the refusal says that the key is
   * already there, which proves an earlier attempt's success (`resend-safe`) or a conflict (first attempt).
   */
  | { kind: 'refused'; code: string; message: string; duplicate?: boolean }
  /**
   * Provably nothing was written and it may be tried again. `retryAfter`: milliseconds, as the remote asked.
   * `pause`: settings or credentials are wrong, so the whole connection stops until a person acts.
   */
  | { kind: 'not-done'; code: string; message: string; retryAfter?: number; pause?: boolean }
  /** Anything else: time-out, reset, 5xx, empty or unreadable body. */
  | { kind: 'unknown'; code: string; message: string }

/** Answer of a find by key: all hits, or why the question could not be answered. */
export type FindAnswer = { hits: Remote[] } | { failed: Exclude<Outcome, { kind: 'done' }> }

/** What the client and GraphQL know of a connection's budgets; `createPace` of budget.ts makes it. */
import type { Lane } from '../core/budget.ts'
import type { HttpAnswer } from './hooks.ts'

/** What is asked for before a call is sent. */
export interface CallAhead {
  lane: Lane
  /** Its class; one that is not declared has the limit of `default`. */
  limit: string
  /** Points, in a class that counts points (`shopify-cost`); 1 in any other. */
  cost: number
  signal: AbortSignal
}

/** A query's cost as the remote states it, and what was taken for it. */
export interface QueryCost {
  taken: number
  requested: number
  /** Null: it was refused and cost nothing. */
  actual: number | null
  bucket: { maximumAvailable: number; currentlyAvailable: number; restoreRate: number } | null
}

export interface Pace {
  /** Resolves when the call may be sent. Throws HttpFailure (not sent, with `retryAfter`) where that is too far away. */
  turn(call: CallAhead): Promise<void>
  /** Every answer is to be shown, whatever its status. */
  answered(limit: string, answer: HttpAnswer): Promise<void>
  /**
   * An answer whose status does not say so means: too much. Its headers may tell for how long; null where only a hook
   * knows, `wait` what it knows, in milliseconds. Never rejects.
   */
  throttled(limit: string, answer: HttpAnswer | null, wait?: number): Promise<void>
  /** A query's own cost is known. Never rejects. */
  spent(limit: string, cost: QueryCost): Promise<void>
  /** How long writes of this class have to wait by what this process knows; 0: they may be tried. Milliseconds. */
  held(limit: string): number
  /** The process is asked to stop: who waits is told to come later, and nobody waits any more. */
  hasten(): void
}

/** What a remote that was asked too much, or its budget, says about when to come again. */
import { TributaryError } from '../core/errors/error.ts'

/** For how long the source asks to be left alone, in seconds; 0: it does not say. */
export function secondsAsked(error: unknown): number {
  const asked = error instanceof TributaryError ? error.detail.retryAfter : undefined
  return typeof asked === 'number' ? Math.ceil(asked / 1000) : 0
}

/** Pages and instants as requests spell them. */
import { runtimeError } from '../core/errors/runtime.ts'
import { parseInstant } from '../core/time.ts'
import type { PageQuery } from './operations.ts'

const LIMIT = 50
const MOST = 500

/** Above every id that a ledger gives. */
const NEWEST = Number.MAX_SAFE_INTEGER

/** Pages run from the newest id down: `before` is exclusive. Throws RUNTIME_REQUEST. */
export function page({ limit = LIMIT, after }: PageQuery): { limit: number; before: number } {
  if (!Number.isInteger(limit) || limit < 1 || limit > MOST) {
    throw runtimeError('RUNTIME_REQUEST', { field: 'limit', reason: `a whole number from 1 to ${MOST}` })
  }
  if (after !== undefined && !/^\d{1,15}$/.test(after)) {
    throw runtimeError('RUNTIME_REQUEST', { field: 'after', reason: 'the "next" of the page before' })
  }
  return { limit, before: after === undefined ? NEWEST : Number(after) }
}

/** The cursor of the next page. */
export function cursor(next: number | null): string | null {
  return next === null ? null : String(next)
}

/** An instant of a request, where one is given. Throws RUNTIME_REQUEST. */
export function instant(field: string, text: string | undefined): Date | undefined {
  if (text === undefined) return undefined
  try {
    return parseInstant(text)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw runtimeError('RUNTIME_REQUEST', { field, reason: error.message }, error)
  }
}

/** RFC 3339, or null. */
export function iso(at: Date | null): string | null {
  return at === null ? null : at.toISOString()
}

/** Business days: calendar days in the company's zone, and the instants between which they lie. */

import { instantOf } from './local-time.ts'
import { businessDate } from './time.ts'

/**
 * A day `YYYY-MM-DD` as [since, until) in UTC: 23 to 25 hours where clocks are changed. Throws RangeError for a day
 * that does not exist and for an unknown zone.
 */
export function businessDay(day: string, zone: string): { since: Date; until: Date } {
  return {
    since: new Date(instantOf(midnight(day), zone)),
    until: new Date(instantOf(midnight(dayAfter(day)), zone)),
  }
}

/** `days` after the given one, or before it. Throws RangeError for a day that does not exist. */
export function dayAfter(day: string, days = 1): string {
  return new Date(midnight(day) + days * 86_400_000).toISOString().slice(0, 10)
}

/** The day before the one that an instant is in. */
export function yesterday(zone: string, now = new Date()): string {
  return dayAfter(businessDate(now, zone), -1)
}

function midnight(day: string): number {
  const at = /^\d{4}-\d{2}-\d{2}$/.test(day) ? Date.parse(`${day}T00:00:00Z`) : Number.NaN
  if (Number.isNaN(at) || new Date(at).toISOString().slice(0, 10) !== day) {
    throw new RangeError('a day is written like 2026-01-31, and must exist')
  }
  return at
}

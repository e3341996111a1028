/** Durations, instants and business dates. Inside Tributary every instant is UTC. */

const UNIT: Record<string, number> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
}

/** What `parseDuration` takes, for schemas: `10s`, `5m`, `1h30m`, `90d`. */
export const DURATION_PATTERN = '^(\\d+(ms|s|m|h|d|w))+$'

const DURATION = new RegExp(DURATION_PATTERN)

/** `10s`, `5m`, `2h`, `1h30m`, `90d` (units ms, s, m, h, d, w) to milliseconds. Throws RangeError. */
export function parseDuration(text: string): number {
  const trimmed = text.trim()
  if (!DURATION.test(trimmed)) throw new RangeError('a duration is written like 10s, 5m, 2h or 90d')
  let total = 0
  for (const [, count, unit] of trimmed.matchAll(/(\d+)(ms|s|m|h|d|w)/g)) {
    total += Number(count) * UNIT[unit!]!
  }
  if (!Number.isSafeInteger(total)) throw new RangeError('a duration this long cannot be counted')
  return total
}

/** RFC 3339 (section 5.6): the zone is compulsory; seconds' fractions are optional. */
const INSTANT = /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/

/**
 * An instant as RFC 3339 with its zone (`2026-01-01T00:00:00+08:00`, `…Z`) to a Date. Throws RangeError when
 * the zone is missing or the day does not exist: a date without zone means another instant on every machine.
 */
export function parseInstant(text: string): Date {
  const m = INSTANT.exec(text.trim())
  if (!m) throw new RangeError('an instant is written like 2026-01-01T00:00:00+08:00, zone included')
  const date = new Date(text.trim().replace(' ', 'T').toUpperCase())
  if (Number.isNaN(date.getTime()) || !dayExists(Number(m[1]), Number(m[2]), Number(m[3]))) {
    throw new RangeError('this day or hour does not exist')
  }
  return date
}

/** `Date` turns 30 February into 2 March without a word. */
function dayExists(year: number, month: number, day: number): boolean {
  const d = new Date(Date.UTC(year, month - 1, day))
  d.setUTCFullYear(year)
  return d.getUTCMonth() === month - 1 && d.getUTCDate() === day
}

/** True for an IANA zone name that this Node knows (`Asia/Shanghai`, `UTC`). */
export function isZone(zone: string): boolean {
  try {
    formatter(zone)
    return true
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
}

const formatters = new Map<string, Intl.DateTimeFormat>()

function formatter(zone: string): Intl.DateTimeFormat {
  let found = formatters.get(zone)
  if (!found) {
    found = new Intl.DateTimeFormat('en-CA', {
      timeZone: zone,
      calendar: 'gregory',
      numberingSystem: 'latn',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
    })
    formatters.set(zone, found)
  }
  return found
}

/**
 * The calendar day of an instant in a company's zone, `YYYY-MM-DD`: what an ERP books a document under.
 * 2026-01-01T17:00:00Z is 2026-01-02 in Asia/Shanghai. Throws RangeError for an unknown zone.
 */
export function businessDate(instant: Date | string, zone: string): string {
  const date = typeof instant === 'string' ? parseInstant(instant) : instant
  const part = Object.fromEntries(
    formatter(zone)
      .formatToParts(date)
      .map((p) => [p.type, p.value]),
  )
  return `${part.year}-${part.month}-${part.day}`
}

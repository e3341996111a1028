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

const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/** The number that two digits of a text say; NaN where they are no digits. */
function two(text: string, at: number): number {
  const [tens, ones] = [text.charCodeAt(at) - 48, text.charCodeAt(at + 1) - 48]
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN
}

/** Days from 1970-01-01 in the calendar of today, which `Date` has for all times; years from 1. */
function daysBefore(year: number, month: number, day: number): number {
  // Years that start in March end with the leap day.
  const y = month > 2 ? year : year - 1
  const inYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1
  return y * 365 + Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400) + inYear - 719_468
}

function lastDay(year: number, month: number): number {
  const leap = month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  return leap ? 29 : MONTH_DAYS[month - 1]!
}

/** Milliseconds of the zone at the end of a text, from `at` on; NaN where it is not written as usual. */
function zoneAt(text: string, at: number): number {
  const sign = text.charCodeAt(at)
  if (sign === 90) return text.length === at + 1 ? 0 : Number.NaN
  if ((sign !== 43 && sign !== 45) || text.length !== at + 6 || text.charCodeAt(at + 3) !== 58)
    return Number.NaN
  const [hours, minutes] = [two(text, at + 1), two(text, at + 4)]
  if (!(hours < 24 && minutes < 60)) return Number.NaN
  return (sign === 43 ? 1 : -1) * (hours * 3_600_000 + minutes * 60_000)
}

/**
 * The usual forms, `2026-01-01T00:00:00Z`, `…+08:00` and with a space or milliseconds, in milliseconds since 1970;
 * null for all others, right or wrong.
 */
function plainInstant(text: string): number | null {
  const marks =
    text.charCodeAt(4) === 45 &&
    text.charCodeAt(7) === 45 &&
    (text.charCodeAt(10) === 84 || text.charCodeAt(10) === 32) &&
    text.charCodeAt(13) === 58 &&
    text.charCodeAt(16) === 58
  if (!marks) return null
  const year = two(text, 0) * 100 + two(text, 2)
  const [month, day] = [two(text, 5), two(text, 8)]
  if (!(year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= lastDay(year, month))) return null
  const [hour, minute, second] = [two(text, 11), two(text, 14), two(text, 17)]
  if (!(hour < 24 && minute < 60 && second < 60)) return null
  const hasMilliseconds = text.charCodeAt(19) === 46
  const thousandths = hasMilliseconds ? two(text, 20) * 10 + (text.charCodeAt(22) - 48) : 0
  if (hasMilliseconds && !isDigit(text, 22)) return null
  const zone = zoneAt(text, hasMilliseconds ? 23 : 19)
  const seconds = hour * 3600 + minute * 60 + second
  const found = daysBefore(year, month, day) * 86_400_000 + seconds * 1000 + thousandths - zone
  return Number.isNaN(found) ? null : found
}

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  return code >= 48 && code <= 57
}

/** RFC 3339 (section 5.6): the zone is compulsory; seconds' fractions are optional. */
const INSTANT = /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/

/**
 * An instant as RFC 3339 with its zone (`2026-01-01T00:00:00+08:00`, `…Z`) to a Date. Throws RangeError when
 * the zone is missing or the day does not exist: a date without zone means another instant on every machine.
 */
export function parseInstant(text: string): Date {
  const plain = plainInstant(text)
  if (plain !== null) return new Date(plain)
  const m = INSTANT.exec(text.trim())
  if (!m) throw new RangeError('an instant is written like 2026-01-01T00:00:00+08:00, zone included')
  const date = new Date(text.trim().replace(' ', 'T').toUpperCase())
  if (Number.isNaN(date.getTime()) || !dayExists(Number(m[1]), Number(m[2]), Number(m[3]))) {
    throw new RangeError('this day or hour does not exist')
  }
  return date
}

const TWO = Array.from({ length: 100 }, (_, i) => String(i).padStart(2, '0'))

/**
 * An instant as RFC 3339 with its zone to the one way in which Tributary writes it: UTC with milliseconds. The same as
 * `parseInstant(text).toISOString()`, which takes three times as long. Throws RangeError as `parseInstant` does.
 */
export function instantText(text: string): string {
  const at = plainInstant(text)
  return at === null || at < 0 || at >= YEAR_10000 ? parseInstant(text).toISOString() : written(at)
}

const YEAR_10000 = 253_402_300_800_000

function written(at: number): string {
  const days = Math.floor(at / 86_400_000)
  const seconds = Math.floor((at - days * 86_400_000) / 1000)
  // The calendar in eras of 400 years that start on 1 March.
  const era = Math.floor((days + 719_468) / 146_097)
  const inEra = days + 719_468 - era * 146_097
  const leaps = Math.floor(inEra / 1460) - Math.floor(inEra / 36_524) + Math.floor(inEra / 146_096)
  const year = Math.floor((inEra - leaps) / 365)
  const inYear = inEra - (365 * year + Math.floor(year / 4) - Math.floor(year / 100))
  const march = Math.floor((5 * inYear + 2) / 153)
  const day = inYear - Math.floor((153 * march + 2) / 5) + 1
  const month = march < 10 ? march + 3 : march - 9
  const full = year + era * 400 + (month <= 2 ? 1 : 0)
  const minutes = Math.floor(seconds / 60)
  const hour = Math.floor(minutes / 60)
  const date = `${TWO[Math.floor(full / 100)]}${TWO[full % 100]}-${TWO[month]}-${TWO[day]}`
  const thousandths = String(1000 + (at % 1000)).slice(1)
  return `${date}T${TWO[hour]}:${TWO[minutes % 60]}:${TWO[seconds % 60]}.${thousandths}Z`
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

/** Dates in mappings: a source's clock to an instant in UTC, and an instant to a company's day. */

import { type Doubt, instantOf, offsetAt } from '../core/local-time.ts'
import { parseInstant } from '../core/time.ts'
import { exact, type FunctionTable, isNothing, refused, text, unusable } from './arguments.ts'
import { type Pattern, pattern } from './date-pattern.ts'

/** `$instant(value)`: RFC 3339 text with its zone to canonical UTC with milliseconds. */
export function instant(value: unknown): string | undefined {
  if (isNothing(value)) return undefined
  if (typeof value === 'string') {
    const plain = plainInstant(value)
    if (plain !== null) return plain
  }
  try {
    return parseInstant(text('instant', value)).toISOString()
  } catch (error) {
    throw refused('instant', value, error)
  }
}

/** Two digits, or -1. */
function two(value: string, at: number): number {
  const high = value.charCodeAt(at) - 48
  const low = value.charCodeAt(at + 1) - 48
  return high >= 0 && high <= 9 && low >= 0 && low <= 9 ? high * 10 + low : -1
}

/**
 * Almost every instant is whole seconds with `Z`, or with an offset of whole hours that leads to no other day:
 * then only the hour is written anew. Null for anything else, days from the 29th on among them.
 */
function plainInstant(value: string): string | null {
  const { length } = value
  if ((length !== 20 && length !== 25) || two(value, 0) < 0 || two(value, 2) < 0) return null
  const [month, day, hour] = [two(value, 5), two(value, 8), two(value, 11)]
  const [minute, second] = [two(value, 14), two(value, 17)]
  if (month < 1 || month > 12 || day < 1 || day > 28 || hour < 0 || hour > 23) return null
  if (minute < 0 || minute > 59 || second < 0 || second > 59) return null
  if (value[4] !== '-' || value[7] !== '-' || value[10] !== 'T' || value[13] !== ':' || value[16] !== ':')
    return null
  if (length === 20) return value[19] === 'Z' ? `${value.slice(0, 19)}.000Z` : null
  const [sign, hours] = [value[19], two(value, 20)]
  if ((sign !== '+' && sign !== '-') || hours < 0 || value[22] !== ':' || two(value, 23) !== 0) return null
  const utc = sign === '+' ? hour - hours : hour + hours
  if (utc < 0 || utc > 23) return null
  return `${value.slice(0, 11)}${utc < 10 ? '0' : ''}${utc}${value.slice(13, 19)}.000Z`
}

/** `$businessDate(instant, zone)`: the calendar day `YYYY-MM-DD` there. */
export function businessDay(value: unknown, zone: unknown): string | undefined {
  if (isNothing(value)) return undefined
  return exact('businessDate', value, () => {
    const at = parseInstant(text('businessDate', value)).getTime()
    return iso(at + offsetAt(text('businessDate', zone), at)).slice(0, 10)
  })
}

/**
 * `$date('2026-03-01 10:00:00', 'yyyy-MM-dd HH:mm:ss', 'Asia/Shanghai')` is '2026-03-01T02:00:00.000Z'. A text of
 * zeros only (`0`, `0000-00-00 00:00:00`) is how sources write that there is no date: it is nothing.
 */
export function date(value: unknown, format: unknown, zone: unknown, doubt?: unknown): string | undefined {
  if (isNothing(value)) return undefined
  const given = text('date', value)
  const wanted = exact('date', format, () => pattern(format))
  if (ZEROS.test(given) && !wanted.short) return undefined
  if (wanted.needsZone && isNothing(zone)) {
    throw unusable('date', zone, 'a time without an offset needs a zone')
  }
  const how = exact('date', doubt, () => doubtOf(doubt))
  return exact('date', value, () => read(given, wanted, isNothing(zone) ? 'UTC' : String(zone), how))
}

const ZEROS = /^(?=.*0)[0\s:./TZ年月日-]*$/

function read(given: string, wanted: Pattern, zone: string, doubt: Doubt): string {
  const { time, offset } = wanted.read(given)
  return iso(offset === null ? instantOf(time, zone, doubt) : time - offset)
}

/** `toISOString` of a year that is not written with four digits is no RFC 3339. */
function iso(time: number): string {
  if (!(time >= -62_167_219_200_000 && time < 253_402_300_800_000)) {
    throw new RangeError('the year must be from 0 to 9999: are these seconds or milliseconds?')
  }
  return new Date(time).toISOString()
}

function doubtOf(doubt: unknown): Doubt {
  if (doubt === undefined) return 'earlier'
  if (doubt === 'earlier' || doubt === 'later' || doubt === 'refuse') return doubt
  throw new RangeError("it is 'earlier', 'later' or 'refuse'")
}

export const DATES: FunctionTable = {
  instant: {
    work: instant,
    takes: 'value',
    gives: 'UTC with milliseconds, from RFC 3339 text with its zone',
    example: ["$instant('2026-03-01T10:00:00+08:00')", '2026-03-01T02:00:00.000Z'],
  },
  date: {
    work: date,
    takes: "value, pattern, zone[, 'earlier' | 'later' | 'refuse']",
    gives: 'UTC with milliseconds, from the clock of a source; see below',
    example: [
      "$date('2026-03-01 10:00:00', 'yyyy-MM-dd HH:mm:ss', 'Asia/Shanghai')",
      '2026-03-01T02:00:00.000Z',
    ],
  },
  businessDate: {
    work: businessDay,
    takes: 'instant, zone',
    gives: '`YYYY-MM-DD` in that zone',
    example: ["$businessDate('2026-01-01T17:00:00Z', 'Asia/Shanghai')", '2026-01-02'],
  },
}

/** Values of columns as JSON holds them, exact to the last digit. */
import { parseJson } from '../../core/json.ts'
import { instantOf } from '../../core/local-time.ts'
import type { Column, Kind, Raw } from './database.ts'

const STAMP = /^(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)(\.\d+)?(?: ?([+-])(\d\d)(?::?(\d\d))?|Z)?$/

/**
 * One value. Numbers that a double cannot hold and all decimals are text; a time with a zone is RFC 3339 in UTC with
 * its fraction; one without is read by the clocks of `zone` (an hour that is shown twice: the first); bytes are
 * hexadecimal. What does not look like its kind (`infinity`, year 0) stays the database's text.
 */
export function cellValue(raw: Raw, kind: Kind, zone: string): unknown {
  if (raw === null) return null
  if (Buffer.isBuffer(raw)) return raw.toString('hex')
  switch (kind) {
    case 'integer':
      return /^-?\d+$/.test(raw) && Number.isSafeInteger(Number(raw)) ? Number(raw) : raw
    case 'float':
      return Number.isFinite(Number(raw)) ? Number(raw) : raw
    case 'boolean':
      return raw === 't' || raw === '1' || raw === 'true'
    case 'json':
      return jsonOf(raw)
    case 'instant':
      return stampOf(raw, (time) => time)
    case 'local':
      return stampOf(raw, (time) => instantOf(time, zone))
    default:
      return raw
  }
}

function jsonOf(raw: string): unknown {
  try {
    return parseJson(raw)
  } catch {
    return raw
  }
}

/** The fraction may be finer than a Date; MySQL writes a day that never was for "none". */
function stampOf(raw: string, instant: (local: number) => number): string | null {
  if (/^0000-00-00/.test(raw)) return null
  const m = STAMP.exec(raw)
  if (!m) return raw
  const [year, month, day, hour, minute, second] = m.slice(1, 7).map(Number) as number[]
  const ahead = m[8] ? (Number(m[9]) * 60 + Number(m[10] ?? 0)) * (m[8] === '-' ? -60_000 : 60_000) : 0
  const time = Date.UTC(year!, month! - 1, day!, hour!, minute!, second!) - ahead
  const fraction = (m[7] ?? '').replace(/0+$/, '').replace(/^\.$/, '')
  return new Date(instant(time)).toISOString().replace('.000Z', `${fraction}Z`)
}

/**
 * A row as an object, its columns in their order. Names that a database writes in capitals throughout (Oracle does,
 * unless they were quoted) are small, so that one mapping fits all.
 */
export function rowObject(columns: Column[], row: Raw[], zone: string): Record<string, unknown> {
  const shown = (name: string) => (name === name.toUpperCase() ? name.toLowerCase() : name)
  return Object.fromEntries(
    columns.map(({ name, kind }, i) => [shown(name), cellValue(row[i] ?? null, kind, zone)]),
  )
}

/**
 * Where a column stands: by its exact name, else by the only one that differs in case (databases fold names that are
 * not quoted); -1 for none.
 */
export function columnAt(columns: Column[], name: string): number {
  const exact = columns.findIndex((c) => c.name === name)
  if (exact >= 0) return exact
  const folded = columns.flatMap((c, i) => (c.name.toLowerCase() === name.toLowerCase() ? [i] : []))
  return folded.length === 1 ? folded[0]! : -1
}

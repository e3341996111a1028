/**
 * A clock on the wall in a zone ↔ an instant. Called by the date functions of mappings, once per date of a
 * record, so what a zone's offset was is remembered by the quarter of an hour.
 */

const QUARTER = 900_000
const DAY = 86_400_000
const YEAR_1973 = Date.UTC(1973, 0, 1)
const MOST_KEPT = 20_000

/** `+08:00`, `-0330`, `Z`. */
const FIXED = /^(?:[Zz]|UTC|([+-])(\d{2}):?(\d{2})?)$/

interface Zone {
  format: Intl.DateTimeFormat
  kept: Map<number, number>
}

const zones = new Map<string, Zone>()

/** Milliseconds that `+08:00`, `+0800`, `+08`, `Z` and `UTC` are ahead of UTC; null for anything else. Throws RangeError beyond ±18 h. */
export function fixedOffset(zone: string): number | null {
  const m = FIXED.exec(zone)
  if (!m) return null
  if (m[1] === undefined) return 0
  const [hours, minutes] = [Number(m[2]), Number(m[3] ?? 0)]
  if (hours > 18 || minutes > 59) throw new RangeError('an offset is at most 18 hours')
  const milliseconds = (hours * 60 + minutes) * 60_000
  return m[1] === '-' ? -milliseconds : milliseconds
}

/**
 * Milliseconds that a zone (IANA name or fixed offset) is ahead of UTC at an instant. Throws RangeError for a
 * zone that this Node does not know.
 */
export function offsetAt(zone: string, instant: number): number {
  let known = zones.get(zone)
  if (!known) {
    const fixed = fixedOffset(zone)
    if (fixed !== null) return fixed
    known = { format: formatter(zone), kept: new Map() }
    if (zones.size > 1000) zones.clear()
    zones.set(zone, known)
  }
  // Since 1973 clocks have been changed only at whole quarters of an hour of UTC.
  if (instant < YEAR_1973) return ahead(known.format, instant)
  const quarter = Math.floor(instant / QUARTER)
  const kept = known.kept.get(quarter)
  if (kept !== undefined) return kept
  const offset = ahead(known.format, quarter * QUARTER)
  if (known.kept.size >= MOST_KEPT) known.kept.clear()
  known.kept.set(quarter, offset)
  return offset
}

function ahead(format: Intl.DateTimeFormat, instant: number): number {
  const second = Math.floor(instant / 1000) * 1000
  return wallClock(format, second) - second
}

function formatter(zone: string): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat('en-CA', {
      timeZone: zone,
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      era: 'short',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    })
  } catch (error) {
    throw new RangeError('the zone must be a name such as Asia/Shanghai, or an offset such as +08:00', {
      cause: error,
    })
  }
}

/** What a clock there shows, as if it were UTC. */
function wallClock(format: Intl.DateTimeFormat, instant: number): number {
  const part: Record<string, string> = {}
  for (const { type, value } of format.formatToParts(instant)) part[type] = value
  const year = part.era === 'BC' ? 1 - Number(part.year) : Number(part.year)
  return utc(
    year,
    Number(part.month),
    Number(part.day),
    Number(part.hour),
    Number(part.minute),
    Number(part.second),
    0,
  )
}

/** `Date.UTC` with months from 1 that does not take the year 26 for 1926. */
export function utc(y: number, mo: number, d: number, h: number, mi: number, s: number, ms: number): number {
  if (y >= 100) return Date.UTC(y, mo - 1, d, h, mi, s, ms)
  return new Date(Date.UTC(2000, mo - 1, d, h, mi, s, ms)).setUTCFullYear(y, mo - 1, d)
}

/** What to do with a time that a clock shows twice or not at all. */
export type Doubt = 'earlier' | 'later' | 'refuse'

/**
 * The instant at which a clock in a zone shows a local time (milliseconds as if it were UTC). When clocks go
 * back, an hour is shown twice: the earlier of both, unless told otherwise. When they go forward, an hour is
 * not shown: it is read by the offset before, so that 02:30 becomes 03:30, as java.time and Temporal do.
 * Throws RangeError for both with `refuse`.
 */
export function instantOf(local: number, zone: string, doubt: Doubt = 'earlier'): number {
  const before = offsetAt(zone, local - DAY)
  const after = offsetAt(zone, local + DAY)
  if (before === after) return local - before
  const [first, second] = [local - before, local - after]
  const [a, b] = [offsetAt(zone, first) === before, offsetAt(zone, second) === after]
  if (a && b) {
    if (doubt === 'refuse') throw new RangeError('clocks there show this time twice')
    return doubt === 'later' ? Math.max(first, second) : Math.min(first, second)
  }
  if (!a && !b && doubt === 'refuse') throw new RangeError('clocks there never show this time')
  return b ? second : first
}

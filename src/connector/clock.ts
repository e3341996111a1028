/**
 * Instants as an API writes them. A source whose clock stands on a wall (`yyyy-MM-dd HH:mm:ss` without an offset)
 * shows an hour twice when clocks go back: the edges of a window step out of that hour, so that whichever way the
 * source reads them nothing between is left out.
 */
import { fixedOffset, instantOf, offsetAt } from '../core/local-time.ts'
import type { Clock } from './manifest-http.ts'

const HOUR = 3_600_000

/** Which edge of a window: `since` may only move back, `until` only forward. */
export type Edge = 'since' | 'until' | 'now'

/** An instant in the clock's form; text, also where it is a number. Throws RangeError for a zone nobody knows. */
export function clockText(at: Date, clock: Clock, edge: Edge): string {
  const time = at.getTime()
  if (clock === 'iso') return at.toISOString()
  if (clock === 'milliseconds') return String(time)
  if (clock === 'seconds') return String(edge === 'until' ? Math.ceil(time / 1000) : Math.floor(time / 1000))
  const outside = edge === 'now' ? time : unambiguous(whole(time, clock.format, edge), clock.zone, edge)
  return written(outside + offsetAt(clock.zone, outside), clock.format)
}

/** The same as a template gets it: a number where the clock counts, so that it is one in a JSON body. */
export function clockValue(at: Date, clock: Clock, edge: Edge): string | number {
  const text = clockText(at, clock, edge)
  return clock === 'seconds' || clock === 'milliseconds' ? Number(text) : text
}

/** The instant that a source wrote in this form; null for what is not one. */
export function clockInstant(text: string, clock: Clock): Date | null {
  if (clock === 'seconds' || clock === 'milliseconds') {
    if (!/^\d+(\.\d+)?$/.test(text)) return null
    return new Date(Number(text) * (clock === 'seconds' ? 1000 : 1))
  }
  if (clock === 'iso') {
    const time = Date.parse(text)
    return Number.isNaN(time) ? null : new Date(time)
  }
  const local = read(text, clock.format)
  return local === null ? null : new Date(instantOf(local, clock.zone))
}

/** The smallest step that the clock can show, in milliseconds. */
export function granularity(clock: Clock): number {
  if (clock === 'iso' || clock === 'milliseconds') return 1
  if (clock === 'seconds') return 1000
  return clock.format.includes('SSS') ? 1 : clock.format.includes('ss') ? 1000 : 60_000
}

/** Rounded outward to what the format can show. */
function whole(time: number, format: string, edge: Edge): number {
  const step = granularity({ format, zone: 'UTC' })
  return (edge === 'until' ? Math.ceil(time / step) : Math.floor(time / step)) * step
}

/** Steps by hours out of a local time that the zone's clocks show twice. */
function unambiguous(time: number, zone: string, edge: Edge): number {
  if (fixedOffset(zone) !== null) return time
  let at = time
  for (let n = 0; n < 4; n++) {
    const local = at + offsetAt(zone, at)
    const other = instantOf(local, zone, 'later')
    if (instantOf(local, zone, 'earlier') === other) break
    at += edge === 'since' ? -HOUR : HOUR
  }
  return at
}

const TOKEN = /yyyy|MM|dd|HH|mm|ss|SSS/g

function written(local: number, format: string): string {
  const iso = new Date(local).toISOString()
  const part: Record<string, string> = {
    yyyy: iso.slice(0, 4),
    MM: iso.slice(5, 7),
    dd: iso.slice(8, 10),
    HH: iso.slice(11, 13),
    mm: iso.slice(14, 16),
    ss: iso.slice(17, 19),
    SSS: iso.slice(20, 23),
  }
  return format.replace(TOKEN, (token) => part[token]!)
}

/** Milliseconds as if the local time were UTC. */
function read(text: string, format: string): number | null {
  const names: string[] = []
  const pattern = format.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(TOKEN, (token) => {
    names.push(token)
    return `(\\d{${token.length}})`
  })
  const found = new RegExp(`^${pattern}$`).exec(text.trim())
  if (!found) return null
  const at = (token: string, usual: number) => {
    const i = names.indexOf(token)
    return i < 0 ? usual : Number(found[i + 1])
  }
  return Date.UTC(
    at('yyyy', 1970),
    at('MM', 1) - 1,
    at('dd', 1),
    at('HH', 0),
    at('mm', 0),
    at('ss', 0),
    at('SSS', 0),
  )
}

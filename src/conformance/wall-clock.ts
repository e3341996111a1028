/**
 * Instants as a remote shows them, made without the code under test: by Intl, as a server does that keeps local times
 * in a database column and compares them as they are.
 */
import type { Clock } from '../connector/manifest-http.ts'

/** An instant in the clock's own form. */
export function shown(at: number, clock: Clock): string {
  if (clock === 'iso') return new Date(at).toISOString()
  if (clock === 'milliseconds') return String(at)
  if (clock === 'seconds') return String(Math.floor(at / 1000))
  const parts = partsOf(at, clock.zone)
  return clock.format.replace(/yyyy|MM|dd|HH|mm|ss|SSS/g, (token) => parts[token]!)
}

/** A number that sorts as the remote's column does; NaN for what is not of this clock. */
export function sortable(text: string, clock: Clock): number {
  if (clock === 'iso') return Date.parse(text)
  if (typeof clock === 'string') return /^\d+$/.test(text) ? Number(text) : Number.NaN
  const digits: Record<string, string> = {}
  const names: string[] = []
  const pattern = clock.format
    .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    .replace(/yyyy|MM|dd|HH|mm|ss|SSS/g, (t) => {
      names.push(t)
      return `(\\d{${t.length}})`
    })
  const found = new RegExp(`^${pattern}$`).exec(text)
  if (!found) return Number.NaN
  for (const [i, name] of names.entries()) digits[name] = found[i + 1]!
  const part = (name: string, length: number) => (digits[name] ?? '').padStart(length, '0')
  return Number(
    `${part('yyyy', 4)}${part('MM', 2)}${part('dd', 2)}${part('HH', 2)}${part('mm', 2)}${part('ss', 2)}${part('SSS', 3)}`,
  )
}

function partsOf(at: number, zone: string): Record<string, string> {
  const offset = /^([+-])(\d\d):?(\d\d)$/.exec(zone)
  if (offset || zone === 'Z') {
    const minutes = offset ? (Number(offset[2]) * 60 + Number(offset[3])) * (offset[1] === '-' ? -1 : 1) : 0
    return utcParts(at + minutes * 60_000)
  }
  const of = Object.fromEntries(
    formatOf(zone)
      .formatToParts(at)
      .map((p) => [p.type, p.value]),
  )
  const milliseconds = String(((at % 1000) + 1000) % 1000).padStart(3, '0')
  return {
    yyyy: of.year!,
    MM: of.month!,
    dd: of.day!,
    HH: of.hour!,
    mm: of.minute!,
    ss: of.second!,
    SSS: milliseconds,
  }
}

/** Making one costs more than using it. */
const FORMATS = new Map<string, Intl.DateTimeFormat>()
function formatOf(zone: string): Intl.DateTimeFormat {
  const known = FORMATS.get(zone)
  if (known) return known
  const format = new Intl.DateTimeFormat('en-GB', {
    ...{ timeZone: zone, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit' },
    ...{ hour: '2-digit', minute: '2-digit', second: '2-digit' },
  })
  FORMATS.set(zone, format)
  return format
}

function utcParts(at: number): Record<string, string> {
  const [yyyy, MM, dd, HH, mm, ss, SSS] = new Date(at).toISOString().match(/\d+/g)!
  return { yyyy: yyyy!, MM: MM!, dd: dd!, HH: HH!, mm: mm!, ss: ss!, SSS: SSS! }
}

const HOUR = 3_600_000

type Changes = { forward: number; back: number } | null
const CHANGES = new Map<string, Changes>()

/** The instants of 2026 at which a zone's clocks go forward and back; null where they never do. */
export function changesOf(zone: string): Changes {
  const known = CHANGES.get(zone)
  if (known !== undefined) return known
  const found = lookForChanges(zone)
  CHANGES.set(zone, found)
  return found
}

function lookForChanges(zone: string): Changes {
  const shift = (at: number) => Number(Object.values(partsOf(at, zone)).slice(2, 4).join('')) // day and hour
  let forward: number | null = null
  let back: number | null = null
  for (let at = Date.UTC(2026, 0, 1); at < Date.UTC(2027, 0, 1); at += HOUR) {
    const step = (shift(at + HOUR) % 100) - (shift(at) % 100)
    const wrapped = ((step % 24) + 24) % 24
    if (wrapped === 2) forward ??= at + HOUR
    if (wrapped === 0) back ??= at + HOUR
  }
  return forward !== null && back !== null ? { forward, back } : null
}

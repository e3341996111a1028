/** Pictures of dates and times (XPath and XQuery Functions 3.1, section 9.8.4), read. */
import { fail } from './errors.ts'
import { type IntegerPicture, readIntegerPicture } from './integers.ts'

/** Plain text, or one component with how it is written. */
export type DatePart = { literal: string } | Marker

/** One component. */
export interface Marker {
  literal?: undefined
  component: string
  names?: 'upper' | 'lower' | 'title'
  min?: number
  max?: number
  integer?: IntegerPicture
  /** The year's number of digits; -1 for all. */
  yearDigits: number
  /** `t`: a zero offset is written as Z. */
  traditional: boolean
}

const DEFAULTS: Record<string, string> = {
  Y: '1',
  M: '1',
  D: '1',
  d: '1',
  F: 'n',
  W: '1',
  w: '1',
  X: '1',
  x: '1',
  H: '1',
  h: '1',
  P: 'n',
  m: '01',
  s: '01',
  f: '1',
  Z: '01:01',
  z: '01:01',
  C: 'n',
  E: 'n',
}

const MOST_KEPT = 200
const read = new Map<string, DatePart[]>()

/** Throws D3132 for an unknown component and D3135 for an open bracket. The last pictures are kept, read. */
export function readDatePicture(picture: string): DatePart[] {
  const known = read.get(picture)
  if (known) return known
  const parts = readParts(picture)
  if (read.size >= MOST_KEPT) read.clear()
  read.set(picture, parts)
  return parts
}

function readParts(picture: string): DatePart[] {
  const parts: DatePart[] = []
  let start = 0
  let at = 0
  const literal = (end: number) => {
    if (end > start) parts.push({ literal: picture.slice(start, end).replaceAll(']]', ']') })
  }
  while (at < picture.length) {
    if (picture[at] !== '[') {
      at++
      continue
    }
    literal(at)
    if (picture[at + 1] === '[') {
      parts.push({ literal: '[' })
      at += 2
    } else {
      const end = picture.indexOf(']', at)
      if (end < 0) fail('D3135')
      const marker = readMarker(picture.slice(at + 1, end).replace(/\s+/g, ''))
      const before = parts.at(-1)
      // Digits that follow digits at once are read by their number.
      if (
        marker.integer &&
        !'Zz'.includes(marker.component) &&
        before?.literal === undefined &&
        before?.integer
      ) {
        before.integer.width = before.integer.mandatory
      }
      parts.push(marker)
      at = end + 1
    }
    start = at
  }
  literal(at)
  return parts
}

function width(text: string | undefined): number | undefined {
  return text === undefined || text === '*' ? undefined : Number.parseInt(text, 10)
}

function readMarker(text: string): Marker {
  const component = text.charAt(0)
  const comma = text.lastIndexOf(',')
  const shown = text.slice(1, comma < 0 ? undefined : comma)
  const [min, max] = comma < 0 ? [] : splitOnce(text.slice(comma + 1))
  const modifier = shown.length > 1 && 'atco'.includes(shown.at(-1)!) ? shown.at(-1)! : ''
  const first = shown === '' ? DEFAULTS[component] : modifier ? shown.slice(0, -1) : shown
  if (first === undefined) return fail('D3132', { value: component })
  const marker: Marker = {
    component,
    min: width(min),
    max: width(max),
    yearDigits: -1,
    traditional: modifier === 't',
  }
  if (first[0] === 'n') marker.names = 'lower'
  else if (first[0] === 'N') marker.names = first[1] === 'n' ? 'title' : 'upper'
  else if ('YMDdFWwXxHhmsf'.includes(component)) readInteger(marker, first, modifier)
  if (component === 'Z' || component === 'z') marker.integer = readIntegerPicture(first)
  return marker
}

function splitOnce(text: string): [string, string | undefined] {
  const dash = text.indexOf('-')
  return dash < 0 ? [text, undefined] : [text.slice(0, dash), text.slice(dash + 1)]
}

function readInteger(marker: Marker, first: string, modifier: string): void {
  const integer = readIntegerPicture(modifier ? `${first};${modifier}` : first)
  if (marker.min !== undefined && integer.mandatory < marker.min) integer.mandatory = marker.min
  marker.integer = integer
  if (marker.component !== 'Y') return
  if (marker.max !== undefined) {
    marker.yearDigits = marker.max
    integer.mandatory = marker.max
  } else if (integer.mandatory + integer.optional >= 2) {
    marker.yearDigits = integer.mandatory + integer.optional
  }
}

/**
 * Patterns of `$date`, as Java, Moment and most APIs' pages write them: `yyyy-MM-dd HH:mm:ss`. Compiled once
 * per pattern to one regular expression without choices in it, so reading is linear.
 */
import { fixedOffset, utc } from '../core/local-time.ts'

/** A pattern, compiled. */
export interface Pattern {
  /** False when the text itself says its offset, and for seconds and milliseconds of the epoch. */
  needsZone: boolean
  /** Years of two digits: 2000 is written `00`, so zeros alone are a date. */
  short: boolean
  /** Milliseconds: UTC with `offset` 0, else as if the clock showed UTC. Throws RangeError without the text. */
  read(text: string): { time: number; offset: number | null }
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']

/** Letters → what they match and which part they are. Capital Y and D as in Moment; there is no week-year here. */
const LETTERS: Record<string, [expression: string, part: string]> = {
  yyyy: ['\\d{4}', 'year'],
  yy: ['\\d\\d', 'shortYear'],
  MMM: ['[A-Za-z]{3}', 'monthName'],
  MM: ['\\d\\d', 'month'],
  M: ['\\d\\d?', 'month'],
  dd: ['\\d\\d', 'day'],
  d: ['\\d\\d?', 'day'],
  EEE: ['[A-Za-z]{3}', 'weekday'],
  HH: ['\\d\\d', 'hour'],
  H: ['\\d\\d?', 'hour'],
  hh: ['\\d\\d', 'half'],
  h: ['\\d\\d?', 'half'],
  a: ['[AaPp]\\.?[Mm]\\.?', 'noon'],
  mm: ['\\d\\d', 'minute'],
  m: ['\\d\\d?', 'minute'],
  ss: ['\\d\\d', 'second'],
  s: ['\\d\\d?', 'second'],
  S: ['\\d{1,9}', 'fraction'],
  Z: ['[Zz]|[+-]\\d\\d(?::?\\d\\d)?', 'offset'],
}

const TOKEN = /'((?:[^']|'')*)'|\[([^\]]*)\]|([A-Za-z])\3*|[^A-Za-z'[]/gy

const compiled = new Map<string, Pattern>()

/** Compiles a pattern, or finds it compiled. Throws RangeError that says what is wrong with it. */
export function pattern(source: unknown): Pattern {
  const known = compiled.get(source as string)
  if (known) return known
  if (typeof source !== 'string') throw new RangeError('the pattern must be text such as yyyy-MM-dd HH:mm:ss')
  const made = source === 'x' || source === 'X' ? epoch(source) : clock(source)
  if (compiled.size > 1000) compiled.clear()
  compiled.set(source, made)
  return made
}

/** Milliseconds (`x`) or seconds (`X`, with a fraction if need be) since 1970, of either sign. */
function epoch(source: string): Pattern {
  const [expression, unit] = source === 'x' ? [/^-?\d{1,16}$/, 1] : [/^-?\d{1,13}(?:\.\d{1,9})?$/, 1000]
  return {
    needsZone: false,
    short: false,
    read(text) {
      if (!expression.test(text)) throw new RangeError(`it is not written as the pattern ${source} says`)
      return { time: Math.round(Number(text) * unit), offset: 0 }
    },
  }
}

function clock(source: string): Pattern {
  const { expression, parts } = tokens(source)
  const has = (...names: string[]) => names.some((name) => parts.includes(name))
  if (!has('year', 'shortYear') || !has('month', 'monthName') || !has('day')) {
    throw new RangeError('the pattern must name year, month and day, or be X or x')
  }
  if (has('half') !== has('noon')) throw new RangeError('h and a go together; hours from 0 to 23 are H')
  if (new Set(parts).size < parts.length) throw new RangeError('the pattern names a part twice')
  return {
    needsZone: !has('offset'),
    short: has('shortYear'),
    read(text) {
      const m = expression.exec(text)
      if (!m) throw new RangeError(`it is not written as the pattern ${source} says`)
      const found: Record<string, string> = {}
      for (const [i, part] of parts.entries()) found[part] = m[i + 1]!
      return { time: timeOf(found), offset: found.offset === undefined ? null : fixedOffset(found.offset) }
    },
  }
}

function tokens(source: string): { expression: RegExp; parts: string[] } {
  let text = ''
  let end = 0
  const parts: string[] = []
  for (const [whole, quoted, bracketed, letter] of source.matchAll(TOKEN)) {
    end += whole.length
    const literal = quoted ?? bracketed
    if (literal !== undefined) text += literally(literal === '' ? "'" : literal.replaceAll("''", "'"))
    else if (letter === undefined || whole === 'T') text += literally(whole)
    else {
      const [expression, part] = meaning(whole)
      parts.push(part)
      text += `(${expression})`
    }
  }
  if (end < source.length) throw new RangeError('a quote or bracket of the pattern is not closed')
  return { expression: new RegExp(`^${text}$`), parts }
}

function meaning(letters: string): [expression: string, part: string] {
  const plain = /^(?:Y+|D+)$/.test(letters) ? letters.toLowerCase() : letters
  if (/^S+$/.test(plain) && plain.length > 1 && plain.length < 10) return [`\\d{${plain.length}}`, 'fraction']
  if (/^(?:Z+|X{2,3})$/.test(plain)) return LETTERS.Z!
  if (Object.hasOwn(LETTERS, plain)) return LETTERS[plain]!
  throw new RangeError(`the pattern holds ${letters}, which means nothing; put plain text in quotes`)
}

const literally = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&')

function timeOf(part: Record<string, string>): number {
  const year = part.year === undefined ? 2000 + Number(part.shortYear) : Number(part.year)
  const month = part.monthName === undefined ? Number(part.month) : monthOf(part.monthName)
  const day = Number(part.day)
  const hour = part.half === undefined ? Number(part.hour ?? 0) : afterNoon(part.half, part.noon!)
  const [minute, second] = [Number(part.minute ?? 0), Number(part.second ?? 0)]
  const thousandths = Number((part.fraction ?? '0').slice(0, 3).padEnd(3, '0'))
  const time = utc(year, month, day, hour, minute, second, thousandths)
  const date = new Date(time)
  if (
    date.getUTCMonth() !== month - 1 ||
    date.getUTCDate() !== day ||
    hour > 23 ||
    minute > 59 ||
    second > 59
  ) {
    throw new RangeError('this day or hour does not exist')
  }
  return time
}

function monthOf(name: string): number {
  return MONTHS.indexOf(name.toLowerCase()) + 1
}

function afterNoon(half: string, noon: string): number {
  const hour = Number(half)
  if (hour < 1 || hour > 12) throw new RangeError('this hour does not exist')
  return (hour % 12) + (/^p/i.test(noon) ? 12 : 0)
}

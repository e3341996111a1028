/** `$fromMillis`: instants as text. */
import { type DatePart, type Marker, readDatePicture } from './date-picture.ts'
import { fail } from './errors.ts'
import { formatInteger, writeInteger } from './integers.ts'

export const DAYS = ['', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']
export const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]
const DAY = 86_400_000

/** Start of the week (Monday) that holds the first Thursday of a year or month. */
function firstWeek(year: number, month: number): number {
  const first = Date.UTC(year, month)
  const day = new Date(first).getUTCDay() || 7
  return day > 4 ? first + (8 - day) * DAY : first - (day - 1) * DAY
}

function weekOf(today: number, own: number, next: number, previous: number, most: number): number {
  const since = (start: number) => (today - start) / (DAY * 7) + 1
  let week = since(own)
  if (week > most && today >= next) week = 1
  else if (week < 1) week = since(previous)
  return Math.floor(week)
}

function weekInYear(date: Date): number {
  const year = date.getUTCFullYear()
  const today = Date.UTC(year, date.getUTCMonth(), date.getUTCDate())
  return weekOf(today, firstWeek(year, 0), firstWeek(year + 1, 0), firstWeek(year - 1, 0), 52)
}

function weekInMonth(date: Date): number {
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()]
  const today = Date.UTC(year, month, date.getUTCDate())
  return weekOf(today, firstWeek(year, month), firstWeek(year, month + 1), firstWeek(year, month - 1), 4)
}

function weekYear(date: Date): number {
  const year = date.getUTCFullYear()
  const now = date.getTime()
  return now < firstWeek(year, 0) ? year - 1 : now >= firstWeek(year + 1, 0) ? year + 1 : year
}

function weekMonth(date: Date): number {
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()]
  const now = date.getTime()
  if (now < firstWeek(year, month)) return month === 0 ? 12 : month
  return now >= firstWeek(year, month + 1) ? ((month + 1) % 12) + 1 : month + 1
}

const VALUES: Record<string, (date: Date) => number> = {
  Y: (d) => d.getUTCFullYear(),
  M: (d) => d.getUTCMonth() + 1,
  D: (d) => d.getUTCDate(),
  d: (d) =>
    (Date.UTC(d.getUTCFullYear(), d.getUTCMonth(), d.getUTCDate()) - Date.UTC(d.getUTCFullYear(), 0)) / DAY +
    1,
  F: (d) => d.getUTCDay() || 7,
  W: weekInYear,
  w: weekInMonth,
  X: weekYear,
  x: weekMonth,
  H: (d) => d.getUTCHours(),
  h: (d) => d.getUTCHours() % 12 || 12,
  P: (d) => (d.getUTCHours() >= 12 ? 1 : 0),
  m: (d) => d.getUTCMinutes(),
  s: (d) => d.getUTCSeconds(),
  f: (d) => d.getUTCMilliseconds(),
}

/** A component of an instant in UTC; half days are 0 and 1. */
export function component(date: Date, name: string): number {
  return VALUES[name]!(date)
}

interface Zone {
  hours: number
  minutes: number
}

function writePart(part: DatePart, date: Date, zone: Zone): string {
  if (part.literal !== undefined) return part.literal
  const { component: name } = part
  if (name === 'Z' || name === 'z') return writeZone(part, zone)
  if (name === 'C' || name === 'E') return 'ISO'
  if (name === 'P') {
    const text = component(date, 'P') === 1 ? 'pm' : 'am'
    return part.names === 'upper' ? text.toUpperCase() : text
  }
  if (part.names && name !== 'f') return writeName(part, component(date, name))
  const value = component(date, name)
  const cut = name === 'Y' && part.yearDigits !== -1 ? value % 10 ** part.yearDigits : value
  return writeInteger(cut, part.integer!)
}

function writeName(part: Marker, value: number): string {
  const { component: name } = part
  const isMonth = name === 'M' || name === 'x'
  if (!isMonth && name !== 'F') return fail('D3133', { value: name })
  const full = isMonth ? MONTHS[value - 1]! : DAYS[value]!
  const cased =
    part.names === 'upper' ? full.toUpperCase() : part.names === 'lower' ? full.toLowerCase() : full
  return part.max !== undefined && cased.length > part.max ? cased.slice(0, part.max) : cased
}

function writeZone(part: Marker, { hours, minutes }: Zone): string {
  const integer = part.integer!
  const offset = hours * 100 + minutes
  let text: string
  const digits = integer.mandatory
  if (integer.regular > 0 || digits === 3 || digits === 4) text = writeInteger(offset, integer)
  else if (digits === 1 || digits === 2) {
    text = writeInteger(hours, integer)
    if (minutes !== 0) text += `:${formatInteger(minutes, '00')}`
  } else return fail('D3134', { value: digits })
  if (offset === 0 && part.traditional) return 'Z'
  if (offset >= 0) text = `+${text}`
  return part.component === 'z' ? `GMT${text}` : text
}

const ISO = '[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01].[f001][Z01:01t]'

/** Called by $fromMillis and $now: an instant by a picture (default ISO 8601), in a zone such as +0800. */
export function fromMillis(millis: number | undefined, picture?: string, zone?: string): string | undefined {
  if (millis === undefined) return undefined
  if (picture === undefined && zone === undefined && millis >= 0 && millis < 253_402_300_800_000) {
    if (Number.isInteger(millis)) return new Date(millis).toISOString()
  }
  const offset = zone === undefined ? 0 : Number.parseInt(zone, 10)
  const at = { hours: Math.floor(offset / 100), minutes: offset % 100 }
  const date = new Date(millis + (60 * at.hours + at.minutes) * 60_000)
  return readDatePicture(picture ?? ISO)
    .map((part) => writePart(part, date, at))
    .join('')
}

/** `$toMillis`: text to instants. */
import { type DatePart, type Marker, readDatePicture } from './date-picture.ts'
import { component, DAYS, MONTHS } from './dates.ts'
import { fail } from './errors.ts'
import { integerReader } from './integers.ts'
import { instantNow } from './limits.ts'

const ISO = /^\d{4}(-[01]\d)?(-[0-3]\d)?(T[0-2]\d:[0-5]\d:[0-5]\d)?(\.\d+)?([+-][0-2]\d:?[0-5]\d|Z)?$/

/** Throws D3110 for what is not ISO 8601 where no picture is given, D3136 for a picture with gaps. */
export function toMillis(text: string | undefined, picture?: string): number | undefined {
  if (text === undefined) return undefined
  if (picture !== undefined) return parseDate(text, picture)
  return ISO.test(text) ? Date.parse(text) : fail('D3110', { value: text })
}

interface Reader {
  pattern: string
  component: string
  read?(text: string): number | undefined
}

function readerOf(part: DatePart): Reader {
  if (part.literal !== undefined) {
    return { pattern: part.literal.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), component: '' }
  }
  const { component: name } = part
  if (name === 'Z' || name === 'z') return zoneReader(part)
  if (name === 'f') {
    const read = (t: string) => Number.parseFloat(`0.${t.slice(0, 3)}`) * 1000
    return { pattern: '[0-9]+', component: name, read }
  }
  if (part.integer) return { ...integerReader(part.integer), component: name }
  const table = names(part)
  return { pattern: '[a-zA-Z]+', component: name, read: (t) => table.get(t) }
}

function names(part: Marker): Map<string, number> {
  const cut = (name: string) => (part.max ? name.slice(0, part.max) : name)
  switch (part.component) {
    case 'M':
    case 'x':
      return new Map(MONTHS.map((name, i) => [cut(name), i + 1]))
    case 'F':
      return new Map(DAYS.slice(1).map((name, i) => [cut(name), i + 1]))
    case 'P':
      return new Map(Object.entries({ am: 0, AM: 0, pm: 1, PM: 1 }))
    default:
      return fail('D3133', { value: part.component })
  }
}

function zoneReader(part: Marker): Reader {
  const { integer, component: name } = part
  const separator = integer!.regular > 0 ? integer!.separators[0]!.character : null
  const prefix = name === 'z' ? 'GMT' : ''
  const minutes = (hours: string, more: string | null) =>
    Number.parseInt(hours, 10) * 60 + (more === null ? 0 : Number.parseInt(more, 10))
  const read = (text: string): number => {
    const value = text.slice(prefix.length)
    if (separator !== null) {
      const at = value.indexOf(separator)
      return minutes(value.slice(0, at), value.slice(at + 1))
    }
    return value.length <= 3 ? minutes(value, null) : minutes(value.slice(0, 3), value.slice(3))
  }
  const end = separator === null ? '' : `${separator}[0-9]+`
  return { pattern: `${prefix}[-+][0-9]+${end}`, component: name, read }
}

type Components = Record<string, number | undefined>

function parseDate(text: string, picture: string): number | undefined {
  const readers = readDatePicture(picture).map(readerOf)
  const found = new RegExp(`^${readers.map((r) => `(${r.pattern})`).join('')}$`, 'i').exec(text)
  if (!found) return undefined
  const components: Components = {}
  for (const [i, reader] of readers.entries()) {
    if (reader.read) components[reader.component] = reader.read(found[i + 1]!)
  }
  if (Object.keys(components).length === 0) return undefined
  return assemble(components)
}

/** Which of these components are there and not zero, as bits from the left. */
function mask(components: Components, names: string): number {
  return [...names].reduce((bits, name) => bits * 2 + (components[name] ? 1 : 0), 0)
}

/** True when none but the wanted components are there, and at least one of them. */
const only = (wanted: number, bits: number) => (~wanted & bits) === 0 && (wanted & bits) !== 0

function assemble(given: Components): number {
  const date = mask(given, 'YXMxWwdD')
  const time = mask(given, 'PHhmsf')
  const dayOfYear = !only(0b10100001, date) && only(0b10000010, date)
  const weekOfMonth = only(0b01010100, date)
  const weekOfYear = !weekOfMonth && only(0b01001000, date)
  const halfDays = !only(0b010111, time) && only(0b101111, time)
  const dates = dayOfYear ? 'YD' : weekOfMonth ? 'XxwF' : weekOfYear ? 'XWF' : 'YMD'
  const all = fill(given, dates + (halfDays ? 'Phmsf' : 'Hmsf'))
  all.M = (all.M ?? 0) > 0 ? all.M! - 1 : 0
  if (dayOfYear) {
    const day = new Date(Date.UTC(all.Y!, 0) + (all.d! - 1) * 86_400_000)
    all.M = day.getUTCMonth()
    all.D = day.getUTCDate()
  }
  if (weekOfMonth || weekOfYear) fail('D3136')
  if (halfDays) all.H = (all.h === 12 ? 0 : all.h!) + (all.P === 1 ? 12 : 0)
  const millis = Date.UTC(all.Y!, all.M, all.D!, all.H!, all.m!, all.s!, all.f!)
  return millis - (all.Z || all.z || 0) * 60_000
}

/** What stands before the first given component is that of now, what stands after the last is zero. */
function fill(given: Components, order: string): Components {
  const all = { ...given }
  let started = false
  let ended = false
  for (const name of order) {
    if (all[name] !== undefined) {
      if (ended) fail('D3136')
      started = true
    } else if (started) {
      all[name] = 'MDd'.includes(name) ? 1 : 0
      ended = true
    } else all[name] = component(new Date(instantNow()), name)
  }
  return all
}

/** Values of fields: from what a caller wrote to what is stored, and from there to what a caller reads. */
import { decimal, roundDecimal } from '../../core/money.ts'
import { valueError } from './errors.ts'
import { float } from './json.ts'
import type { Env, Field, Model } from './model.ts'
import type { Row, Value } from './store.ts'

/** The value of an empty field. */
export function emptyOf(field: Field): Value {
  if (field.type === 'integer') return 0
  if (field.type === 'float' || field.type === 'monetary') return '0'
  return field.type === 'many2many' || field.type === 'one2many' ? [] : false
}

/** How a record is called; most models show `name`. */
export function displayName(env: Env, model: Model, row: Row): string {
  return model.rules.display?.(env, row) ?? String(row.name || `${model.name},${row.id}`)
}

/** Ids of a one2many's records, in the order in which their lines are read. */
function inverseIds(env: Env, field: Field, id: number): number[] {
  const ids = [...env.store.withValue(field.relation!, field.inverse!, id)]
  const sequence = (one: number) => Number(env.store.get(field.relation!, one)?.sequence ?? 0)
  return ids.sort((a, b) => sequence(a) - sequence(b) || a - b)
}

/** The stored or worked-out value of a field. */
export function fieldValue(env: Env, model: Model, row: Row, field: Field): Value {
  if (field.name === 'display_name') return displayName(env, model, row)
  const virtual = field.virtual ? model.rules.virtual?.[field.name] : undefined
  if (virtual) return virtual(env, row)
  if (field.type === 'one2many') return inverseIds(env, field, row.id)
  return row[field.name] ?? emptyOf(field)
}

const bad = (model: Model, field: Field, value: unknown) =>
  valueError(`Wrong value for ${model.name}.${field.name}: ${JSON.stringify(value)?.replaceAll('"', "'")}`)

function readText(value: unknown): Value {
  if (value === false || value === null || value === undefined) return false
  const text = String(value)
  if (text.includes('\u0000')) {
    throw valueError('A string literal cannot contain NUL (0x00) characters.')
  }
  return text
}

function readFloat(env: Env, field: Field, value: unknown): Value {
  if (value === false || value === null || value === undefined) return '0'
  if (typeof value !== 'number' && !/^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i.test(String(value))) {
    throw valueError(`could not convert string to float: '${String(value)}'`)
  }
  const text = decimal(typeof value === 'number' ? value : Number(value))
  const digits = digitsOf(env, field)
  return digits === null ? text : roundDecimal(text, digits)
}

/** Digits that a float keeps. Since 19 unit prices are stored as they come. */
function digitsOf(env: Env, { digits }: Field): number | null {
  if (digits === 'price') return env.version >= 19 ? null : (env.options.priceDigits ?? 2)
  if (digits === 'discount') return env.options.discountDigits ?? 2
  return digits === 'qty' ? 2 : null
}

function readInteger(value: unknown): Value {
  if (value === false || value === null || value === undefined) return 0
  const number = Number(value)
  if (!Number.isFinite(number) || (typeof value === 'string' && !/^\s*[+-]?\d+\s*$/.test(value))) {
    throw valueError(`invalid literal for int() with base 10: '${String(value)}'`)
  }
  return Math.trunc(number)
}

const DAY = /^\d{4}-\d{2}-\d{2}$/
const INSTANT = /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/

/** True for an existing day, and an existing time on it. */
function exists(text: string): boolean {
  const iso = `${text.replace(' ', 'T')}${text.length === 10 ? 'T00:00:00' : ''}Z`
  const ms = Date.parse(iso)
  return !Number.isNaN(ms) && new Date(ms).toISOString().slice(0, 10) === text.slice(0, 10)
}

/** A day or an instant. Anything after the seconds, a "T" or a zone is refused, as strptime refuses it. */
export function readTime(value: unknown, instant: boolean): Value {
  if (value === false || value === null || value === undefined || value === '') return false
  const text = String(value)
  const day = text.slice(0, 10)
  if (!instant && DAY.test(day) && exists(day)) return day
  if (instant && DAY.test(text) && exists(text)) return `${text} 00:00:00`
  if (instant && INSTANT.test(text) && exists(text)) return text
  const format = instant ? '%Y-%m-%d %H:%M:%S' : '%Y-%m-%d'
  throw valueError(`time data '${text}' does not match format '${format}'`)
}

/** What is stored for a value that a caller wrote; not for x2many fields. Throws ValueError. */
export function storedValue(env: Env, model: Model, field: Field, value: unknown): Value {
  switch (field.type) {
    case 'char':
    case 'text':
    case 'html':
      return readText(value)
    case 'integer':
      return readInteger(value)
    case 'float':
    case 'monetary':
      return readFloat(env, field, value)
    case 'boolean':
      return Boolean(value)
    case 'date':
    case 'datetime':
      return readTime(value, field.type === 'datetime')
    case 'selection':
      if (value === false || value === null) return false
      if (!field.values.includes(String(value))) throw bad(model, field, value)
      return String(value)
    default:
      if (value === false || value === null || value === 0) return false
      if (typeof value !== 'number' || !Number.isInteger(value)) throw bad(model, field, value)
      return value
  }
}

/** What a caller reads; `named`: references come with the name of what they point to. */
export function shownValue(env: Env, field: Field, value: Value, named: boolean): unknown {
  if (field.type === 'float' || field.type === 'monetary') return float(String(value || '0'))
  if (field.type === 'datetime') return value === false ? false : String(value).slice(0, 19)
  if (field.type !== 'many2one' || value === false || !named) return value
  const model = env.models.get(field.relation!)!
  const row = env.store.get(model.name, value as number)
  return row ? [value, displayName(env, model, row)] : false
}

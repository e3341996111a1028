/**
 * The functions that mappings have beyond JSONata's own. All are exact: they work on decimal text and on
 * integers in minor units, never on floats. Each takes nothing (undefined, null or empty text) to nothing, as
 * JSONata's own functions do. Each throws TributaryError MAPPING_VALUE when it cannot use its argument.
 */
import { shapeOf } from '../core/errors/error.ts'
import { mappingError } from '../core/errors/mapping.ts'
import {
  addDecimal,
  currencyDigits,
  decimal,
  divideDecimal,
  fromMinor,
  isCurrency,
  multiplyDecimal,
  roundDecimal,
  subtractDecimal,
  toMinor,
} from '../core/money.ts'
import { businessDate, parseInstant } from '../core/time.ts'
import { orderRows } from './rows.ts'

type Nothing = undefined | null | ''

const isNothing = (v: unknown): v is Nothing => v === undefined || v === null || v === ''

/** Runs an exact operation; what it cannot use becomes MAPPING_VALUE with shapes, never values. */
function exact<T>(name: string, value: unknown, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw mappingError('MAPPING_VALUE', { function: name, found: shapeOf(value), problem: error.message })
  }
}

function text(name: string, value: unknown): string {
  if (typeof value === 'string') return value.trim()
  if (typeof value === 'number') return String(value)
  throw mappingError('MAPPING_VALUE', {
    function: name,
    found: shapeOf(value),
    problem: 'it takes text or a number',
  })
}

function code(name: string, currency: unknown): string {
  if (typeof currency === 'string' && isCurrency(currency)) return currency
  const found = typeof currency === 'string' && currency.length <= 8 ? `"${currency}"` : shapeOf(currency)
  throw mappingError('MAPPING_VALUE', {
    function: name,
    found,
    problem: 'the currency must be an ISO 4217 code',
  })
}

/** `$money('10.50', 'USD')` is 1050; refuses more digits than the currency has. */
export function money(value: unknown, currency: unknown): number | undefined {
  if (isNothing(value)) return undefined
  const iso = code('money', currency)
  return exact('money', value, () => toMinor(text('money', value), iso))
}

/** `$moneyRounded('10.505', 'USD')` is 1051: where a source states finer amounts on purpose. Half away from zero. */
export function moneyRounded(value: unknown, currency: unknown): number | undefined {
  if (isNothing(value)) return undefined
  const iso = code('moneyRounded', currency)
  const plain = text('moneyRounded', value)
  return exact('moneyRounded', value, () => toMinor(roundDecimal(plain, currencyDigits(iso)), iso))
}

/** `$sumMoney(amounts, 'USD')`: decimal amounts to one total in minor units; nothing counts as 0. */
export function sumMoney(values: unknown, currency: unknown): number {
  let total = 0
  for (const v of items(values)) total += money(v, currency) ?? 0
  return exact('sumMoney', values, () => whole(total))
}

/** `$lineMoney(unitPrice, quantity, 'USD')`: price × quantity in minor units, rounded half away from zero. */
export function lineMoney(price: unknown, quantity: unknown, currency: unknown): number | undefined {
  if (isNothing(price) || isNothing(quantity)) return undefined
  const p = text('lineMoney', price)
  const q = text('lineMoney', quantity)
  return moneyRounded(
    exact('lineMoney', price, () => multiplyDecimal(p, q)),
    currency,
  )
}

/** `$minor(1050, 'USD')` is '10.50': minor units to decimal text with the currency's full digits. */
export function minor(value: unknown, currency: unknown): string | undefined {
  if (isNothing(value)) return undefined
  const iso = code('minor', currency)
  return exact('minor', value, () => fromMinor(whole(value), iso))
}

function whole(value: unknown): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) {
    throw new RangeError('it takes a whole number of minor units')
  }
  return value
}

/** `$convert(1050, 'USD', '7.1', 'CNY')`: minor units of one currency to those of another, half away from zero. */
export function convert(value: unknown, from: unknown, rate: unknown, to: unknown): number | undefined {
  if (isNothing(value)) return undefined
  const source = code('convert', from)
  const factor = text('convert', rate)
  const amount = exact('convert', value, () => multiplyDecimal(fromMinor(whole(value), source), factor))
  return moneyRounded(amount, to)
}

/** Canonical decimal text: '1.50' and 1.5 are '1.5'. */
export function decimalText(value: unknown): string | undefined {
  if (isNothing(value)) return undefined
  return exact('decimal', value, () => decimal(text('decimal', value)))
}

function onDecimals(name: string, work: (a: string, b: string) => string) {
  return (a: unknown, b: unknown): string | undefined => {
    if (isNothing(a) || isNothing(b)) return undefined
    return exact(name, a, () => work(text(name, a), text(name, b)))
  }
}

/** `$decimalSum(values)`: exact sum of decimals; nothing for an empty list. */
export function decimalSum(values: unknown): string | undefined {
  const present = items(values).filter((v) => !isNothing(v))
  if (present.length === 0) return undefined
  if (present.length === 1) return exact('decimalSum', values, () => decimal(text('decimalSum', present[0])))
  return exact('decimalSum', values, () =>
    present.reduce((sum: string, v) => addDecimal(sum, text('decimalSum', v)), '0'),
  )
}

/** `$roundDecimal('1.005', 2)` is '1.01': half away from zero. */
export function rounded(value: unknown, digits: unknown): string | undefined {
  if (isNothing(value)) return undefined
  return exact('roundDecimal', value, () => roundDecimal(text('roundDecimal', value), digitsOf(digits)))
}

/** `$decimalDivide(a, b, digits)`: rounded half away from zero. */
export function quotient(a: unknown, b: unknown, digits: unknown): string | undefined {
  if (isNothing(a) || isNothing(b)) return undefined
  return exact('decimalDivide', a, () =>
    divideDecimal(text('decimalDivide', a), text('decimalDivide', b), digitsOf(digits)),
  )
}

function digitsOf(digits: unknown): number {
  if (typeof digits === 'number' && Number.isInteger(digits) && digits >= 0 && digits <= 30) return digits
  throw new RangeError('the number of digits must be a whole number from 0 to 30')
}

/** `$instant(value)`: RFC 3339 text with its zone to canonical UTC with milliseconds. */
export function instant(value: unknown): string | undefined {
  if (isNothing(value)) return undefined
  return exact('instant', value, () => parseInstant(text('instant', value)).toISOString())
}

/** `$businessDate(instant, zone)`: the calendar day `YYYY-MM-DD` there. */
export function businessDay(value: unknown, zone: unknown): string | undefined {
  if (isNothing(value)) return undefined
  return exact('businessDate', value, () =>
    businessDate(text('businessDate', value), text('businessDate', zone)),
  )
}

/** `$fit(text, length)`: at most that many characters (code points), never half of one. */
export function fit(value: unknown, length: unknown): string | undefined {
  if (isNothing(value)) return undefined
  const plain = typeof value === 'string' ? value : text('fit', value)
  const max = Number(length)
  if (plain.length <= max) return plain
  const characters = [...plain]
  return characters.length <= max ? plain : characters.slice(0, max).join('')
}

/** `$gidTail('gid://shopify/Order/7')` is '7'; a number is its text. */
export function gidTail(value: unknown): string | undefined {
  if (isNothing(value)) return undefined
  const id = text('gidTail', value)
  return id.slice(id.lastIndexOf('/') + 1)
}

/** `$items(x)`: always a list; nothing and null are left out. `$each` goes through it. */
export function items(value: unknown): unknown[] {
  if (Array.isArray(value)) return value.includes(null) ? value.filter((v) => v !== null) : value
  return value === undefined || value === null ? [] : [value]
}

/** `$firstOf(a, b, …)`: the first that is there: not nothing, null or empty text. */
export function firstOf(...values: unknown[]): unknown {
  for (let i = 0; i < values.length; i++) if (!isNothing(values[i])) return values[i]
  return undefined
}

/** `$words(' ', a, b)`: what is there of the parts, joined; nothing when none is. */
export function words(separator: unknown, ...parts: unknown[]): string | undefined {
  const there = parts.flatMap(items).filter((p) => !isNothing(p))
  return there.length === 0 ? undefined : there.join(typeof separator === 'string' ? separator : ' ')
}

/** `$listOf('a, b', ',')` is ['a', 'b']: a text cut at a separator, trimmed, without empty parts; a list stays one. */
export function listOf(value: unknown, separator: unknown): string[] {
  const parts = typeof value === 'string' ? value.split(String(separator)) : items(value).map(String)
  return parts.map((p) => p.trim()).filter((p) => p !== '')
}

/** Every function by the name that mappings use. JSONata's own names keep their meaning. */
export const FUNCTIONS: Record<string, (...args: never[]) => unknown> = {
  money,
  moneyRounded,
  sumMoney,
  lineMoney,
  minor,
  convert,
  decimal: decimalText,
  roundDecimal: rounded,
  decimalAdd: onDecimals('decimalAdd', addDecimal),
  decimalSubtract: onDecimals('decimalSubtract', subtractDecimal),
  decimalMultiply: onDecimals('decimalMultiply', multiplyDecimal),
  decimalDivide: quotient,
  decimalSum,
  instant,
  businessDate: businessDay,
  fit,
  gidTail,
  items,
  listOf,
  firstOf,
  words,
  rows: orderRows,
}

/** A pair of table and key that a lookup did not find. */
export type MissingCode = readonly [table: string, key: string]

/**
 * `$code(table, key[, default])`, `$codeFactor(table, key[, default])` and `$hasCodes(table)` over the code tables of
 * one connection. An unmapped key without default throws MAPPING_CODE_MISSING; with `missing`, it is only noted there
 * and gives nothing.
 */
export function codeFunctions(
  codes: Record<string, Record<string, string>> = {},
  factors: Record<string, Record<string, string>> = {},
  missing?: MissingCode[],
) {
  return {
    hasCodes: (table: unknown): boolean => Object.hasOwn(codes, String(table)),
    code: (table: unknown, key: unknown, fallback?: unknown): unknown => {
      if (isNothing(key)) return fallback
      const name = String(table)
      const entries = Object.hasOwn(codes, name) ? codes[name]! : {}
      if (Object.hasOwn(entries, String(key))) return entries[String(key)]
      if (fallback !== undefined) return fallback
      if (!missing) throw mappingError('MAPPING_CODE_MISSING', { table: name, key: String(key), more: '' })
      missing.push([name, String(key)])
      return undefined
    },
    codeFactor: (table: unknown, key: unknown, fallback?: unknown): unknown => {
      const name = String(table)
      if (isNothing(key) || !Object.hasOwn(factors, name)) return fallback
      const entries = factors[name]!
      return Object.hasOwn(entries, String(key)) ? entries[String(key)] : fallback
    },
  }
}

/**
 * Money and decimals in mappings: amounts are whole numbers of minor units, decimals are text, and no float
 * takes part. Each takes nothing to nothing and throws MAPPING_VALUE for what it cannot use.
 */
import {
  addDecimal,
  currencyDigits,
  decimal,
  divideDecimal,
  fromMinor,
  multiplyDecimal,
  roundDecimal,
  subtractDecimal,
  toMinor,
} from '../core/money.ts'
import { currencyCode, exact, type FunctionTable, isNothing, refused, text, unusable } from './arguments.ts'
import { items } from './functions-list.ts'

/**
 * `$money('10.50', 'USD')` is 1050. Refuses more digits than the currency has. With `'minor'` the source
 * states minor units already (Stripe, WeChat Pay): `$money(1050, 'USD', 'minor')` is 1050.
 */
export function money(value: unknown, currency: unknown, unit?: unknown): number | undefined {
  if (isNothing(value)) return undefined
  const iso = currencyCode('money', currency)
  if (unit !== undefined) return minorUnits('money', value, unit)
  try {
    return toMinor(text('money', value), iso)
  } catch (error) {
    throw refused('money', value, error)
  }
}

function minorUnits(name: string, value: unknown, unit: unknown): number {
  if (unit !== 'minor') throw unusable(name, unit, "the unit can only be 'minor'")
  return exact(name, value, () => whole(Number(decimal(text(name, value)))))
}

/** `$moneyRounded('10.505', 'USD')` is 1051: where a source states finer amounts on purpose. Half away from zero. */
export function moneyRounded(value: unknown, currency: unknown): number | undefined {
  if (isNothing(value)) return undefined
  const iso = currencyCode('moneyRounded', currency)
  const plain = text('moneyRounded', value)
  return exact('moneyRounded', value, () => toMinor(roundDecimal(plain, currencyDigits(iso)), iso))
}

/** `$sumMoney(amounts, 'USD')`: decimal amounts to one total in minor units; nothing counts as 0. */
export function sumMoney(values: unknown, currency: unknown, unit?: unknown): number {
  let total = 0
  for (const v of items(values)) {
    total += money(v, currency, unit) ?? 0
    if (!Number.isSafeInteger(total)) throw unusable('sumMoney', values, 'the sum is beyond 2^53 minor units')
  }
  return total
}

/** `$lineMoney(unitPrice, quantity, 'USD')`: price × quantity in minor units, rounded half away from zero. */
export function lineMoney(price: unknown, quantity: unknown, currency: unknown): number | undefined {
  if (isNothing(price) || isNothing(quantity)) return undefined
  const p = text('lineMoney', price)
  const q = text('lineMoney', quantity)
  const iso = currencyCode('moneyRounded', currency)
  const plain = plainProduct(p, q, currencyDigits(iso))
  if (plain !== null) return plain
  return moneyRounded(
    exact('lineMoney', price, () => multiplyDecimal(p, q)),
    iso,
  )
}

const POWERS = [1, 10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000]

/** Digits after the point of the text that `plainUnits` read last. */
let places = 0

/** The digits of a short decimal without sign and exponent as one whole number; -1 for any other. */
function plainUnits(plain: string): number {
  const { length } = plain
  let units = 0
  places = 0
  let pointed = false
  if (length === 0 || length > 9) return -1
  for (let i = 0; i < length; i++) {
    const digit = plain.charCodeAt(i) - 48
    if (digit >= 0 && digit <= 9) {
      units = units * 10 + digit
      if (pointed) places++
    } else if (digit === -2 && !pointed && i > 0) pointed = true
    else return -1
  }
  return units
}

/** Almost every price and quantity is a few digits. Null for anything else. */
function plainProduct(a: string, b: string, digits: number): number | null {
  const x = plainUnits(a)
  const scale = places
  const y = plainUnits(b)
  return x < 0 || y < 0 ? null : scaled(x * y, scale + places - digits)
}

/**
 * A whole number without its last `excess` digits, rounded half up; with zeros added where that is negative.
 * Null where whole numbers below 2^53 would not hold all of it exactly.
 */
function scaled(product: number, excess: number): number | null {
  if (product > 900_000_000_000 || excess > 8) return null
  if (excess <= 0) return product * POWERS[-excess]!
  const power = POWERS[excess]!
  const rest = product % power
  return (product - rest) / power + (rest * 2 >= power ? 1 : 0)
}

/** `$minor(1050, 'USD')` is '10.50': minor units to decimal text with the currency's full digits. */
export function minor(value: unknown, currency: unknown): string | undefined {
  if (isNothing(value)) return undefined
  const iso = currencyCode('minor', currency)
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
  const source = currencyCode('convert', from)
  const factor = text('convert', rate)
  const target = currencyCode('convert', to)
  const plain = plainConversion(value, source, factor, target)
  if (plain !== null) return plain
  const amount = exact('convert', value, () => multiplyDecimal(fromMinor(whole(value), source), factor))
  return moneyRounded(amount, target)
}

function plainConversion(value: unknown, from: string, rate: string, to: string): number | null {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) return null
  const units = plainUnits(rate)
  if (units < 0) return null
  const excess = currencyDigits(from) + places - currencyDigits(to)
  const converted = scaled(Math.abs(value) * units, excess)
  return converted !== null && value < 0 && converted !== 0 ? -converted : converted
}

/** Canonical decimal text: '1.50' and 1.5 are '1.5'. */
export function decimalText(value: unknown): string | undefined {
  if (isNothing(value)) return undefined
  try {
    return decimal(text('decimal', value))
  } catch (error) {
    throw refused('decimal', value, error)
  }
}

function onDecimals(name: string, work: (a: string, b: string) => string) {
  return (a: unknown, b: unknown): string | undefined => {
    if (isNothing(a) || isNothing(b)) return undefined
    return exact(name, a, () => work(text(name, a), text(name, b)))
  }
}

/** `$decimalSum(values)`: exact sum of decimals; nothing for an empty list. */
export function decimalSum(values: unknown): string | undefined {
  const list = items(values)
  let sum: string | undefined
  let whole = 0
  for (const value of list) {
    if (isNothing(value)) continue
    const plain = text('decimalSum', value)
    const units = plainUnits(plain)
    if (units >= 0 && places === 0) {
      whole += units
      sum ??= '0'
    } else sum = exact('decimalSum', values, () => (sum ? addDecimal(sum, plain) : decimal(plain)))
  }
  if (sum === undefined || sum === '0') return sum && String(whole)
  return whole === 0 ? sum : addDecimal(sum, String(whole))
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

/** Amounts. */
export const MONEY: FunctionTable = {
  money: {
    work: money,
    takes: "value, currency[, 'minor']",
    gives:
      "minor units of decimal text or a number; refuses more digits than the currency has; with `'minor'` the value is in minor units already",
    example: [
      "[$money('10.50', 'USD'), $money('10', 'JPY'), $money(1050, 'USD', 'minor')]",
      [1050, 10, 1050],
    ],
  },
  moneyRounded: {
    work: moneyRounded,
    takes: 'value, currency',
    gives: 'the same for finer amounts, rounded half away from zero',
    example: ["$moneyRounded('1.005', 'USD')", 101],
  },
  sumMoney: {
    work: sumMoney,
    takes: "values, currency[, 'minor']",
    gives: 'the sum of amounts in minor units; 0 for an empty list and for nothing',
    example: ["[$sumMoney(['0.10', 0.2, null], 'USD'), $sumMoney([], 'USD')]", [30, 0]],
  },
  lineMoney: {
    work: lineMoney,
    takes: 'unitPrice, quantity, currency',
    gives: 'price × quantity in minor units, rounded half away from zero',
    example: ["$lineMoney('0.125', 3, 'USD')", 38],
  },
  minor: {
    work: minor,
    takes: 'amount, currency',
    gives: "decimal text of minor units with the currency's full digits",
    example: ["$minor(1050, 'USD')", '10.50'],
  },
  convert: {
    work: convert,
    takes: 'amount, from, rate, to',
    gives: 'minor units of another currency, rounded half away from zero',
    example: ["$convert(1050, 'USD', '7.1', 'CNY')", 7455],
  },
}

/** Decimals. */
export const DECIMALS: FunctionTable = {
  decimal: {
    work: decimalText,
    takes: 'value',
    gives: 'canonical decimal text: no exponent, no zeros at the end',
    example: ["$decimal('1.50')", '1.5'],
  },
  decimalAdd: {
    work: onDecimals('decimalAdd', addDecimal),
    takes: 'a, b',
    gives: 'the exact sum',
    example: ["$decimalAdd('0.1', '0.2')", '0.3'],
  },
  decimalSubtract: {
    work: onDecimals('decimalSubtract', subtractDecimal),
    takes: 'a, b',
    gives: 'the exact difference',
    example: ["$decimalSubtract('1', '0.9')", '0.1'],
  },
  decimalMultiply: {
    work: onDecimals('decimalMultiply', multiplyDecimal),
    takes: 'a, b',
    gives: 'the exact product',
    example: ["$decimalMultiply('1.1', '1.1')", '1.21'],
  },
  decimalDivide: {
    work: quotient,
    takes: 'a, b, digits',
    gives: 'the quotient, rounded half away from zero',
    example: ["$decimalDivide('2', '3', 4)", '0.6667'],
  },
  decimalSum: {
    work: decimalSum,
    takes: 'values',
    gives: 'the exact sum of a list; nothing for an empty one',
    example: ["$decimalSum(['0.05', '0.1'])", '0.15'],
  },
  roundDecimal: {
    work: rounded,
    takes: 'value, digits',
    gives: 'rounded half away from zero',
    example: ["$roundDecimal('1.005', 2)", '1.01'],
  },
}

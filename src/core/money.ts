/**
 * Exact money and decimals. Amounts are integers in minor units of an ISO 4217 currency; unit prices and
 * quantities are decimal strings. No float ever takes part: everything runs on BigInt.
 */

/** Currencies whose minor unit is not 2 digits (ISO 4217 list one). */
const DIGITS: Record<string, number> = {
  BIF: 0,
  CLP: 0,
  DJF: 0,
  GNF: 0,
  ISK: 0,
  JPY: 0,
  KMF: 0,
  KRW: 0,
  PYG: 0,
  RWF: 0,
  UGX: 0,
  UYI: 0,
  VND: 0,
  VUV: 0,
  XAF: 0,
  XOF: 0,
  XPF: 0,
  BHD: 3,
  IQD: 3,
  JOD: 3,
  KWD: 3,
  LYD: 3,
  OMR: 3,
  TND: 3,
  CLF: 4,
  UYW: 4,
}

const KNOWN = new Set(Intl.supportedValuesOf('currency'))

/** True for an ISO 4217 code that this Node knows. */
export function isCurrency(code: string): boolean {
  return KNOWN.has(code)
}

const DIGITS_OF = new Map(Object.entries(DIGITS))

/** Amounts of one document are of one or two currencies: the last answer is usually the next one, too. */
let lastCurrency = ''
let lastDigits = 2

/** Digits after the point of a currency's minor unit: JPY 0, USD 2, KWD 3. */
export function currencyDigits(currency: string): number {
  if (currency !== lastCurrency) {
    lastDigits = DIGITS_OF.get(currency) ?? 2
    lastCurrency = currency
  }
  return lastDigits
}

/** A decimal as an integer and the number of digits after the point. */
interface Scaled {
  units: bigint
  scale: number
}

const DECIMAL = /^([+-]?)(\d+)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/

function parse(text: string | number): Scaled {
  const m = DECIMAL.exec(String(text).trim())
  if (!m) throw new RangeError(`not a decimal: text of ${String(text).length} characters`)
  const fraction = m[3] ?? ''
  const exponent = Number(m[4] ?? 0)
  let units = BigInt(m[2]! + fraction)
  if (m[1] === '-') units = -units
  const scale = fraction.length - exponent
  return scale >= 0 ? { units, scale } : { units: units * 10n ** BigInt(-scale), scale: 0 }
}

function print({ units, scale }: Scaled): string {
  const sign = units < 0n ? '-' : ''
  const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, '0')
  const whole = digits.slice(0, digits.length - scale)
  const fraction = scale > 0 ? digits.slice(-scale).replace(/0+$/, '') : ''
  return sign + whole + (fraction ? `.${fraction}` : '')
}

const POWERS = [1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15]
const MOST_DIGITS = 15
const MOST = 1e15

/**
 * Almost every decimal has a few digits: then whole numbers do, without BigInt. `plainUnits` reads one, `plainScale`
 * says how many of its digits stand after the point. Nothing else is kept between calls.
 */
let plainScale = 0

/** The digits of a text of at most 15 digits with at most one point as a whole number; NaN for anything else. */
function plainUnits(text: string): number {
  const { length } = text
  const start = text.charCodeAt(0) === 45 ? 1 : 0
  if (length === start || length > MOST_DIGITS) return Number.NaN
  let units = 0
  let point = -1
  for (let i = start; i < length; i++) {
    const code = text.charCodeAt(i)
    if (code >= 48 && code <= 57) units = units * 10 + (code - 48)
    else if (code === 46 && point < 0 && i > start) point = i
    else return Number.NaN
  }
  plainScale = point < 0 ? 0 : length - 1 - point
  return start === 1 && units !== 0 ? -units : units
}

/** The canonical text of a whole number with its point moved; null where that takes more than 15 digits. */
function printPlain(units: number, scale: number): string | null {
  if (scale > MOST_DIGITS || units >= MOST || units <= -MOST) return null
  let left = units
  let digits = scale
  while (digits > 0 && left % 10 === 0) {
    left /= 10
    digits--
  }
  if (digits === 0) return String(left === 0 ? 0 : left)
  const positive = left < 0 ? -left : left
  const power = POWERS[digits]!
  const whole = Math.floor(positive / power)
  // A one before the fraction keeps its zeros.
  const fraction = String(power + (positive - whole * power)).slice(1)
  return `${left < 0 ? '-' : ''}${whole}.${fraction}`
}

/** True for the canonical text of a decimal: no plus, no zeros before or behind, no exponent. */
function isCanonical(text: string): boolean {
  const { length } = text
  const start = text.charCodeAt(0) === 45 ? 1 : 0
  let point = -1
  let code = 0
  for (let i = start; i < length; i++) {
    code = text.charCodeAt(i)
    if (code === 46 && point < 0 && i > start) point = i
    else if (!(code >= 48 && code <= 57)) return false
  }
  const whole = (point < 0 ? length : point) - start
  if (whole > 1 && text.charCodeAt(start) === 48) return false
  if (point >= 0) return code !== 48 && code !== 46
  return whole > 0 && !(start === 1 && code === 48 && whole === 1)
}

/** The canonical text of an exact decimal: no exponent, no trailing zeros, no plus. Throws RangeError. */
export function decimal(value: string | number): string {
  if (typeof value === 'number') {
    // Between these bounds the language itself writes numbers so.
    const size = Math.abs(value)
    if (size >= 1e-6 && size < 1e21) return String(value)
    return value === 0 ? '0' : print(parse(value))
  }
  if (isCanonical(value)) return value
  return print(parse(value))
}

/** Divides rounding half away from zero, the rule of commercial rounding. */
function divideRounded(n: bigint, d: bigint): bigint {
  const negative = n < 0n !== d < 0n
  const a = n < 0n ? -n : n
  const b = d < 0n ? -d : d
  const q = (a * 2n + b) / (b * 2n)
  return negative ? -q : q
}

function roundPlain(units: number, scale: number, digits: number): string | null {
  if (scale <= digits) return printPlain(units, scale)
  const power = POWERS[scale - digits]
  if (power === undefined || digits < 0) return null
  const positive = units < 0 ? -units : units
  let rounded = Math.floor(positive / power)
  if ((positive - rounded * power) * 2 >= power) rounded++
  return printPlain(units < 0 ? -rounded : rounded, digits)
}

/** Rounds a decimal to `digits` places, half away from zero. */
export function roundDecimal(value: string | number, digits: number): string {
  if (typeof value === 'string') {
    const plain = plainUnits(value)
    const text = !Number.isNaN(plain) ? roundPlain(plain, plainScale, digits) : null
    if (text !== null) return text
  }
  const { units, scale } = parse(value)
  if (scale <= digits) return print({ units, scale })
  return print({ units: divideRounded(units, 10n ** BigInt(scale - digits)), scale: digits })
}

/**
 * Decimal text to minor units of a currency. Exact: throws RangeError when the text has more digits than
 * the currency has (use `roundDecimal` first where the source states finer amounts on purpose).
 */
export function toMinor(value: string | number, currency: string): number {
  const digits = currencyDigits(currency)
  if (typeof value === 'string') {
    const plain = plainUnits(value)
    const shift = digits - plainScale
    if (!Number.isNaN(plain) && shift >= 0) {
      const minor = plain * POWERS[shift]!
      if (minor < MOST && minor > -MOST) return minor
    }
  }
  const { units, scale } = parse(value)
  const shift = digits - scale
  if (shift >= 0) return safe(units * 10n ** BigInt(shift))
  const divisor = 10n ** BigInt(-shift)
  if (units % divisor !== 0n) throw new RangeError(`more than ${digits} decimals for ${currency}`)
  return safe(units / divisor)
}

function safe(units: bigint): number {
  const n = Number(units)
  if (!Number.isSafeInteger(n)) throw new RangeError('amount beyond 2^53 minor units')
  return n
}

/** Minor units to decimal text with the currency's full number of digits: (1050, 'USD') is '10.50'. */
export function fromMinor(minor: number, currency: string): string {
  if (!Number.isSafeInteger(minor)) throw new RangeError('minor units must be a whole number')
  const digits = currencyDigits(currency)
  if (digits === 0) return String(minor === 0 ? 0 : minor)
  const positive = minor < 0 ? -minor : minor
  const power = POWERS[digits]!
  const whole = Math.floor(positive / power)
  return `${minor < 0 ? '-' : ''}${whole}.${String(power + (positive - whole * power)).slice(1)}`
}

export function addDecimal(a: string, b: string): string {
  const left = plainUnits(a)
  const leftScale = plainScale
  const right = plainUnits(b)
  const most = Math.max(leftScale, plainScale)
  if (!Number.isNaN(left + right)) {
    const sum = left * POWERS[most - leftScale]! + right * POWERS[most - plainScale]!
    // Neither side is beyond 2^53 when its digits and the moved point are at most 15 places.
    const text =
      places(left, most - leftScale) && places(right, most - plainScale) ? printPlain(sum, most) : null
    if (text !== null) return text
  }
  const x = parse(a)
  const y = parse(b)
  const scale = Math.max(x.scale, y.scale)
  return print({
    units: x.units * 10n ** BigInt(scale - x.scale) + y.units * 10n ** BigInt(scale - y.scale),
    scale,
  })
}

export function subtractDecimal(a: string, b: string): string {
  return addDecimal(a, multiplyDecimal(b, '-1'))
}

export function multiplyDecimal(a: string, b: string): string {
  const left = plainUnits(a)
  const leftScale = plainScale
  const product = left * plainUnits(b)
  const text = product < MOST && product > -MOST ? printPlain(product, leftScale + plainScale) : null
  if (text !== null) return text
  const x = parse(a)
  const y = parse(b)
  return print({ units: x.units * y.units, scale: x.scale + y.scale })
}

/** Divides to `digits` places, half away from zero. Throws RangeError on division by zero. */
export function divideDecimal(a: string, b: string, digits: number): string {
  const x = parse(a)
  const y = parse(b)
  if (y.units === 0n) throw new RangeError('division by zero')
  const power = BigInt(digits + y.scale - x.scale)
  const n = power >= 0n ? x.units * 10n ** power : x.units
  const d = power >= 0n ? y.units : y.units * 10n ** -power
  return print({ units: divideRounded(n, d), scale: digits })
}

/** True when a whole number times that power of ten is exact. */
function places(units: number, shift: number): boolean {
  return Math.abs(units) * POWERS[shift]! < MOST
}

/** -1, 0 or 1. */
export function compareDecimal(a: string, b: string): -1 | 0 | 1 {
  const d = parse(subtractDecimal(a, b)).units
  return d < 0n ? -1 : d > 0n ? 1 : 0
}

/**
 * Splits a whole amount over weights by largest remainder: the parts are integers and add up to the whole
 * exactly; ties go to the earlier part. Weights are decimal strings; all-zero weights share evenly.
 */
export function apportion(whole: number, weights: string[]): number[] {
  if (weights.length === 0) return []
  const scaled = weights.map(parse)
  const scale = Math.max(...scaled.map((w) => w.scale))
  let units = scaled.map((w) => w.units * 10n ** BigInt(scale - w.scale))
  let total = units.reduce((a, b) => a + b, 0n)
  if (total === 0n) {
    units = units.map(() => 1n)
    total = BigInt(units.length)
  }
  const sign = whole < 0 ? -1n : 1n
  const amount = BigInt(Math.abs(whole))
  const parts = units.map((w) => (amount * w) / total)
  const order = units.map((w, i) => ({ i, rest: (amount * w) % total }))
  order.sort((a, b) => (a.rest === b.rest ? a.i - b.i : a.rest > b.rest ? -1 : 1))
  let left = amount - parts.reduce((a, b) => a + b, 0n)
  for (const { i } of order) {
    if (left === 0n) break
    parts[i]! += 1n
    left -= 1n
  }
  return parts.map((p) => safe(p * sign))
}

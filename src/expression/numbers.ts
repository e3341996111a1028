/** Functions on numbers. Arguments are checked before; nothing gives nothing. */
import { fail } from './errors.ts'

type Num = number | undefined

const DECIMAL = /^-?[0-9]+(\.[0-9]+)?([Ee][-+]?[0-9]+)?$/
const OTHER_BASE = /^(0[xX][0-9A-Fa-f]+)|(0[oO][0-7]+)|(0[bB][0-1]+)$/

const POWERS = [1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15]

/**
 * Up to 15 digits with at most one point, as amounts are: digits and power of ten are exact doubles, so that their
 * quotient is the nearest double, which is what the language's own reading gives. Null for anything else.
 */
function plainDecimal(text: string): number | null {
  const length = text.length
  const negative = text.charCodeAt(0) === 45
  const start = negative ? 1 : 0
  if (length - start > 16 || length === start) return null
  let digits = 0
  let point = -1
  for (let i = start; i < length; i++) {
    const code = text.charCodeAt(i)
    if (code >= 48 && code <= 57) digits = digits * 10 + (code - 48)
    else if (code === 46 && point < 0 && i > start && i < length - 1) point = i
    else return null
  }
  if (point < 0 && length - start > 15) return null
  const value = point < 0 ? digits : digits / POWERS[length - 1 - point]!
  return negative ? -value : value
}

/** `$number`: of text, of true and false. Throws D3030. */
export function number(value: unknown): Num {
  if (typeof value === 'number' || value === undefined) return value
  if (typeof value === 'boolean') return value ? 1 : 0
  if (typeof value === 'string') {
    const quick = plainDecimal(value)
    if (quick !== null) return quick
    if (DECIMAL.test(value)) {
      const found = Number(value)
      if (Number.isFinite(found)) return found
    } else if (OTHER_BASE.test(value)) return Number(value)
  }
  return fail('D3030', { value, index: 1 })
}

export function abs(value: Num): Num {
  return value === undefined ? undefined : Math.abs(value)
}
export function floor(value: Num): Num {
  return value === undefined ? undefined : Math.floor(value)
}
export function ceil(value: Num): Num {
  return value === undefined ? undefined : Math.ceil(value)
}

/** Moves the decimal point in the text of a number, as multiplying would add errors of its own. */
function shift(value: number, places: number): number {
  const [digits, exponent] = String(value).split('e')
  return Number(`${digits}e${exponent ? Number(exponent) + places : places}`)
}

/** Half to even. */
export function round(value: Num, precision?: number): Num {
  if (value === undefined) return undefined
  const moved = precision ? shift(value, precision) : value
  let result = Math.round(moved)
  if (Math.abs(result - moved) === 0.5 && Math.abs(result % 2) === 1) result -= 1
  if (precision) result = shift(result, -precision)
  return result === 0 ? 0 : result
}

export function sqrt(value: Num): Num {
  if (value === undefined) return undefined
  return value < 0 ? fail('D3060', { value, index: 1 }) : Math.sqrt(value)
}

export function power(value: Num, exponent: Num): Num {
  if (value === undefined) return undefined
  const result = value ** (exponent as number)
  return Number.isFinite(result) ? result : fail('D3061', { value, exp: exponent, index: 1 })
}

export function formatBase(value: Num, radix?: number): string | undefined {
  if (value === undefined) return undefined
  const base = radix === undefined ? 10 : round(radix)!
  if (base < 2 || base > 36) return fail('D3100', { value: base })
  return round(value)!.toString(base)
}

type Numbers = number[] | undefined

export function sum(list: Numbers): Num {
  if (list === undefined) return undefined
  let total = 0
  for (let i = 0; i < list.length; i++) total += list[i]!
  return total
}

export function max(list: Numbers): Num {
  if (list === undefined || list.length === 0) return undefined
  let most = Number.NEGATIVE_INFINITY
  for (const n of list) most = Math.max(most, n)
  return most
}

export function min(list: Numbers): Num {
  if (list === undefined || list.length === 0) return undefined
  let least = Number.POSITIVE_INFINITY
  for (const n of list) least = Math.min(least, n)
  return least
}

export function average(list: Numbers): Num {
  return list === undefined || list.length === 0 ? undefined : sum(list)! / list.length
}

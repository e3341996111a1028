/** Operators on values for which generated code has no short way. */
import { fail } from './errors.ts'
import { meter } from './limits.ts'
import { sequence } from './sequence.ts'
import { isNumeric } from './values.ts'

function numbers(a: unknown, b: unknown): boolean {
  if (a !== undefined && !isNumeric(a)) fail('T2001', { value: a })
  if (b !== undefined && !isNumeric(b)) fail('T2002', { value: b })
  return a !== undefined && b !== undefined
}

export function add(a: unknown, b: unknown): number | undefined {
  return numbers(a, b) ? (a as number) + (b as number) : undefined
}
export function subtract(a: unknown, b: unknown): number | undefined {
  return numbers(a, b) ? (a as number) - (b as number) : undefined
}
export function multiply(a: unknown, b: unknown): number | undefined {
  return numbers(a, b) ? (a as number) * (b as number) : undefined
}
export function divide(a: unknown, b: unknown): number | undefined {
  return numbers(a, b) ? (a as number) / (b as number) : undefined
}
export function remainder(a: unknown, b: unknown): number | undefined {
  return numbers(a, b) ? (a as number) % (b as number) : undefined
}

/** Unary minus. */
export function negate(value: unknown): number | undefined {
  if (value === undefined) return undefined
  return isNumeric(value) ? -value : fail('D1002', { value })
}

function comparable(value: unknown): boolean {
  return value === undefined || typeof value === 'string' || typeof value === 'number'
}

function ordered(a: unknown, b: unknown): boolean {
  if (!comparable(a) || !comparable(b)) {
    fail('T2010', { value: typeof a === 'string' || typeof a === 'number' ? b : a })
  }
  if (a === undefined || b === undefined) return false
  if (typeof a !== typeof b) fail('T2009', { value: a, value2: b })
  return true
}

export function less(a: unknown, b: unknown): boolean | undefined {
  return ordered(a, b) ? (a as number) < (b as number) : undefined
}
export function atMost(a: unknown, b: unknown): boolean | undefined {
  return ordered(a, b) ? (a as number) <= (b as number) : undefined
}
export function greater(a: unknown, b: unknown): boolean | undefined {
  return ordered(a, b) ? (a as number) > (b as number) : undefined
}
export function atLeast(a: unknown, b: unknown): boolean | undefined {
  return ordered(a, b) ? (a as number) >= (b as number) : undefined
}

const MOST_RANGE = 10_000_000

/** The bounds of `..`; null when it is empty. Throws T2003, T2004, D2014, D2015. */
function bounds(from: unknown, to: unknown): [number, number] | null {
  if (from !== undefined && !Number.isInteger(from)) fail('T2003', { value: from })
  if (to !== undefined && !Number.isInteger(to)) fail('T2004', { value: to })
  if (from === undefined || to === undefined || (from as number) > (to as number)) return null
  const size = (to as number) - (from as number) + 1
  if (size > MOST_RANGE) fail('D2014', { value: size, limit: MOST_RANGE })
  if (size > meter.maxItems) fail('D2015', { value: size, limit: meter.maxItems })
  return [from as number, size]
}

/** `[from..to]` as a list of its own: the commonest way to write a range. */
export function rangeList(from: unknown, to: unknown): unknown[] {
  const found = bounds(from, to)
  if (!found) return []
  const [start, size] = found
  const list: number[] = new Array(size)
  for (let i = 0; i < size; i++) list[i] = start + i
  return list
}

/** `from..to` as a value. */
export function range(from: unknown, to: unknown): unknown {
  const list = rangeList(from, to)
  return list.length > 1 ? sequence(list) : list[0]
}

/** Truth, equality, text and types of values. */
import { fail } from './errors.ts'
import { checkText } from './limits.ts'
import type { Marked } from './sequence.ts'

/** True for a usable number. Throws D1001 for an infinite one. */
export function isNumeric(value: unknown): value is number {
  if (typeof value !== 'number') return false
  if (value - value === 0) return true
  if (Number.isNaN(value)) return false
  return fail('D1001', { value })
}

/** The effective boolean value; nothing is false. */
export function truth(value: unknown): boolean {
  switch (typeof value) {
    case 'boolean':
      return value
    case 'string':
      return value !== ''
    case 'number':
      return isNumeric(value) && value !== 0
    case 'object':
      if (value === null) return false
      if (!Array.isArray(value)) return hasKeys(value)
      // Every item is looked at, as an infinite number among them is an error.
      return value.length === 1 ? truth(value[0]) : value.filter(truth).length > 0
    default:
      return false
  }
}

function hasKeys(value: object): boolean {
  for (const key in value) if (Object.hasOwn(value, key)) return true
  return false
}

/** Deep equality; nothing equals nothing else, not even nothing. */
export function equal(a: unknown, b: unknown): boolean {
  return a !== undefined && b !== undefined && deepEqual(a, b)
}

/** `!=`: false where a side is nothing. */
export function unequal(a: unknown, b: unknown): boolean {
  return a !== undefined && b !== undefined && !deepEqual(a, b)
}

/** Equality of two values by content. */
export function deepEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) && Array.isArray(b)) {
    if (a.length !== b.length) return false
    for (let i = 0; i < a.length; i++) if (!deepEqual(a[i], b[i])) return false
    return true
  }
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const keys = Object.keys(a)
  if (keys.length !== Object.keys(b).length) return false
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>]
  for (const key of keys) {
    if (!Object.hasOwn(right, key) || !deepEqual(left[key], right[key])) return false
  }
  return true
}

/** `in`: whether a list, or a single value, holds exactly this value. */
export function includes(item: unknown, list: unknown): boolean {
  if (item === undefined || list === undefined) return false
  if (!Array.isArray(list)) return list === item
  for (let i = 0; i < list.length; i++) if (list[i] === item) return true
  return false
}

function plainText(_key: string, value: unknown): unknown {
  if (typeof value === 'number') {
    // 15 digits hide what binary fractions add.
    return isNumeric(value) && !Number.isInteger(value) ? Number(value.toPrecision(15)) : value
  }
  return typeof value === 'function' ? '' : value
}

/** `$string`: text of a value; nothing stays nothing. */
export function text(value: unknown, pretty?: unknown): string | undefined {
  if (typeof value === 'string') return value
  if (value === undefined) return undefined
  if (typeof value === 'function') return ''
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) return fail('D3001', { value })
    return String(Number.isInteger(value) ? value : Number(value.toPrecision(15)))
  }
  if (typeof value === 'boolean') return value ? 'true' : 'false'
  const inner = Array.isArray(value) && (value as Marked).outerWrapper ? value[0] : value
  return checkText(JSON.stringify(inner, plainText, pretty ? 2 : 0))
}

/** `&`: both sides as text. */
export function concat(a: unknown, b: unknown): string {
  return checkText((text(a) ?? '') + (text(b) ?? ''))
}

/** `$type`. */
export function typeOf(value: unknown): string | undefined {
  if (value === undefined) return undefined
  if (value === null) return 'null'
  if (isNumeric(value)) return 'number'
  return Array.isArray(value) ? 'array' : typeof value === 'number' ? 'object' : typeof value
}

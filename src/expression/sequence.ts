/**
 * JSONata's rules for sequences: what a path gives is a list marked as a sequence; one of length 1 is its item,
 * an empty one is nothing. Lists of the data itself keep their length.
 */

/** Why an expression, or an expression on one input, is left to the interpreter. */
export class NotQuick extends Error {}

interface Sequence extends Array<unknown> {
  sequence?: boolean
}

/** A sequence of the given items. */
export function sequence(items: unknown[]): unknown[] {
  const made: Sequence = items
  made.sequence = true
  return made
}

const isSequence = (value: unknown): value is Sequence =>
  Array.isArray(value) && (value as Sequence).sequence === true

/** What an expression's result becomes before anyone sees it. */
export function settle(value: unknown): unknown {
  if (!isSequence(value)) return value
  return value.length === 0 ? undefined : value.length === 1 ? value[0] : value
}

/** A field of a value; of a list, that field of all its items, flattened. */
export function lookup(input: unknown, key: string): unknown {
  if (Array.isArray(input)) {
    const found: unknown[] = []
    for (const item of input) {
      const value = lookup(item, key)
      if (Array.isArray(value)) for (const v of value) found.push(v)
      else if (value !== undefined) found.push(value)
    }
    return sequence(found)
  }
  const isObject = input !== null && typeof input === 'object'
  return isObject && Object.hasOwn(input, key) ? (input as Record<string, unknown>)[key] : undefined
}

/** The items that a step gave, as one sequence: lists are flattened, but a single list at the end is kept. */
export function flatten(items: unknown[], last: boolean): unknown[] {
  const only = items[0]
  if (last && items.length === 1 && Array.isArray(only) && !isSequence(only)) return only
  const flat: unknown[] = []
  for (const item of items) {
    if (Array.isArray(item)) for (const v of item) flat.push(v)
    else flat.push(item)
  }
  return sequence(flat)
}

/** The effective boolean value; nothing is false. */
export function truth(value: unknown): boolean {
  if (typeof value === 'boolean') return value
  if (value === undefined || value === null || typeof value === 'function') return false
  if (Array.isArray(value)) return value.some(truth)
  if (typeof value === 'object') return !('_jsonata_function' in value) && Object.keys(value).length > 0
  return typeof value === 'number' ? isNumeric(value) && value !== 0 : value !== ''
}

/** True for a usable number. Throws RangeError for an infinite one, which JSONata refuses. */
export function isNumeric(value: unknown): value is number {
  if (typeof value !== 'number' || Number.isNaN(value)) return false
  if (!Number.isFinite(value)) throw new RangeError('a number without bounds')
  return true
}

/** `|pattern|update, delete|`: a function that changes a copy. */

import { put } from './arrays.ts'
import { type Callable, call1 } from './call.ts'
import { fail } from './errors.ts'

type Part = (input: unknown) => unknown

/** The parts of a transformation, and where they stand for their errors. */
export interface Transformation {
  pattern: Part
  update: Part
  remove: Part | null
  /** What $clone is in the scope of the transformation. */
  clone(): unknown
  positions: { own?: number; update?: number; remove?: number }
  validate(args: unknown[], context: unknown): unknown[]
}

/** Throws T2011, T2012, T2013 when called. */
export function transformer(by: Transformation): Callable {
  const work: Callable = (input) => {
    if (input === undefined) return undefined
    const clone = by.clone()
    if (typeof clone !== 'function') fail('T2013', { position: by.positions.own })
    const result = call1(clone, input, null)
    const matches = by.pattern(result)
    if (matches === undefined) return result
    for (const match of Array.isArray(matches) ? matches : [matches]) change(match, by)
    return result
  }
  work.spec = by
  return work
}

function change(match: unknown, by: Transformation): void {
  const update = by.update(match)
  if (update !== undefined) {
    if (typeof update !== 'object' || update === null || Array.isArray(update)) {
      fail('T2011', { position: by.positions.update, value: update })
    }
    for (const [key, value] of Object.entries(update)) {
      if (typeof match !== 'object' || match === null) fail('T2011', { value: match })
      put(match as Record<string, unknown>, key, value)
    }
  }
  const removed = by.remove?.(match)
  if (removed === undefined) return
  const keys = Array.isArray(removed) ? removed : [removed]
  if (!keys.every((k) => typeof k === 'string')) {
    fail('T2012', { position: by.positions.remove, value: removed })
  }
  if (typeof match !== 'object' || match === null) return
  for (const key of keys as string[]) delete (match as Record<string, unknown>)[key]
}

/**
 * JSONata's rules for sequences: what a path gives is a list marked as a sequence; one of length 1 is its item,
 * an empty one is nothing. Lists of the data itself keep their length.
 */
import { checkItems, step } from './limits.ts'

/** A list with JSONata's marks. */
export interface Marked extends Array<unknown> {
  sequence?: boolean
  /** `[]` was written after it: stays a list when it has one item. */
  keepSingleton?: boolean
  /** Made by a list constructor at the end of a path: not flattened. */
  cons?: boolean
  /** Holds the input, which is a list. */
  outerWrapper?: boolean
  /** Holds tuples of a path with `@`, `#` or `%`, which only paths open. */
  tupleStream?: boolean
}

/** Marks a list as a sequence. */
export function sequence(items: unknown[]): unknown[] {
  const made = items as Marked
  made.sequence = true
  return made
}

export function isSequence(value: unknown): value is Marked {
  return Array.isArray(value) && (value as Marked).sequence === true
}

/** What the result of a sub-expression becomes: a sequence of one is its item. */
export function norm(value: unknown): unknown {
  if (!isSequence(value)) return value
  if (value.length > 1 || value.tupleStream) return value
  return value.length === 0 ? undefined : value.keepSingleton === true ? value : value[0]
}

/** The same where `[]` was written. */
export function normKeep(value: unknown): unknown {
  if (isSequence(value)) value.keepSingleton = true
  return norm(value)
}

/** A fresh list of items as the result of a sub-expression. */
export function settle(items: unknown[]): unknown {
  if (items.length === 0) return undefined
  if (items.length === 1) return items[0]
  checkItems(items.length)
  ;(items as Marked).sequence = true
  return items
}

const isFlat = (value: unknown) => Array.isArray(value) && (value as Marked).cons !== true

/** The results of a step as one list: lists in them are opened, once. */
export function flat(results: unknown[]): unknown[] {
  let i = 0
  while (i < results.length && !isFlat(results[i])) i++
  if (i === results.length) return results
  const items = results.slice(0, i)
  for (; i < results.length; i++) {
    const one = results[i]
    if (isFlat(one)) for (const item of one as unknown[]) items.push(item)
    else items.push(one)
  }
  checkItems(items.length)
  return items
}

/** The results of the last step as the value of the path, before `norm`: a single list of the data stays itself. */
export function lastRaw(results: unknown[]): unknown[] {
  const only = results[0]
  if (results.length === 1 && Array.isArray(only) && !isSequence(only)) return only
  return sequence(flat(results))
}

/** The results of the last step as the value of the path. */
export function finish(results: unknown[]): unknown {
  const { length } = results
  if (length === 0) return undefined
  if (length === 1 && !Array.isArray(results[0])) return results[0]
  if (length > 1) {
    let i = 0
    while (i < length && !Array.isArray(results[i])) i++
    if (i === length) return settle(results)
  }
  return norm(lastRaw(results))
}

/** The same with `[]` in the path. */
export function finishKeep(results: unknown[]): unknown {
  return keep(lastRaw(results))
}

/** Marks the value of a path with `[]` in it. */
export function keep(value: unknown): unknown {
  let list = value as Marked
  if (!Array.isArray(list)) return value
  if (list.cons && !list.sequence) list = sequence([list]) as Marked
  if (list.sequence) {
    list.keepSingleton = true
    return norm(list)
  }
  return list
}

/** A single value at the end of a chain of fields. */
export function last(value: unknown): unknown {
  return isSequence(value) ? finish([value]) : value
}

/**
 * What the next step goes over, given one value: undefined is nothing, a list is its items, anything else is
 * one item.
 */
export function stream(value: unknown): unknown {
  return Array.isArray(value) && (value as Marked).cons === true ? [value] : value
}

/** A field of a value that is no plain object: of a list, that field of all its items; of others nothing. */
export function lookup(input: unknown, key: string): unknown {
  if (!Array.isArray(input)) {
    const isObject = typeof input === 'object' && input !== null
    return isObject && Object.hasOwn(input, key) ? (input as Record<string, unknown>)[key] : undefined
  }
  const found: unknown[] = []
  gather(input, key, found)
  return settle(found)
}

function gather(input: unknown[], key: string, found: unknown[]): void {
  for (const item of input) {
    if (Array.isArray(item)) {
      gather(item, key, found)
      continue
    }
    const value = lookup(item, key)
    if (Array.isArray(value)) for (const v of value) found.push(v)
    else if (value !== undefined) found.push(value)
  }
}

/** Two values as one list; nothing adds nothing. */
export function append(a: unknown, b: unknown): unknown {
  if (a === undefined) return b
  if (b === undefined) return a
  const left = Array.isArray(a) ? a : [a]
  const right = Array.isArray(b) ? b : [b]
  checkItems(left.length + right.length)
  return left.concat(right)
}

/** Adds a value to a list that is being built. */
export function pushAll(list: unknown[], value: unknown): void {
  if (Array.isArray(value)) {
    checkItems(list.length + value.length)
    for (let i = 0; i < value.length; i++) list.push(value[i])
  } else list.push(value)
}

/** What the values of an object are evaluated on when its input is a list: all items together. */
export function together(items: unknown[]): unknown {
  let all: unknown = items[0]
  for (let i = 1; i < items.length; i++) {
    if (i === 1 && items.every((v) => v !== undefined && !Array.isArray(v))) return [...items]
    all = append(all, items[i])
  }
  return all
}

/** The input of the whole expression: a list is one item. */
export function wrapInput(input: unknown): unknown {
  if (!Array.isArray(input) || isSequence(input)) return input
  const wrapped = sequence([input]) as Marked
  wrapped.outerWrapper = true
  return wrapped
}

/** `*`: the values of an object, lists among them opened to the bottom. */
export function wildcard(value: unknown): unknown {
  let input = value
  if (Array.isArray(input) && (input as Marked).outerWrapper && input.length > 0) input = input[0]
  let results = sequence([])
  if (typeof input === 'object' && input !== null) {
    for (const key of Object.keys(input)) {
      const one = (input as Record<string, unknown>)[key]
      if (Array.isArray(one)) results = append(results, one.flat(Number.POSITIVE_INFINITY)) as unknown[]
      else results.push(one)
    }
  }
  return norm(results)
}

/** `**`: a value and all that is in it. */
export function descendants(input: unknown): unknown {
  if (input === undefined) return undefined
  const found: unknown[] = []
  descend(input, found)
  return found.length === 1 ? norm(found[0]) : norm(sequence(found))
}

function descend(value: unknown, found: unknown[]): void {
  step()
  if (Array.isArray(value)) {
    for (const item of value) descend(item, found)
    return
  }
  found.push(value)
  if (typeof value === 'object' && value !== null) {
    for (const key of Object.keys(value)) descend((value as Record<string, unknown>)[key], found)
  }
}

/** A list in the middle of a path, as what the next step goes over. */
export function opened(list: unknown[]): unknown[] {
  return (list as Marked).cons === true ? [list] : list
}

/** An object's or function's value at the end of a chain: only of the object itself, never inherited. */
export function lastOwn(value: unknown, holder: object, key: string): unknown {
  if (typeof value === 'function') return Object.hasOwn(holder, key) ? value : undefined
  return last(value)
}

/** What a step goes over, as a list that may be kept. */
export function listOf(items: unknown): unknown[] {
  if (items === undefined) return sequence([])
  if (!Array.isArray(items)) return sequence([items])
  return items.length > 1 || isSequence(items) ? items : sequence([...items])
}

/** Marks a list constructor's list as not to be flattened. */
export function markCons(list: unknown[]): unknown[] {
  Object.defineProperty(list, 'cons', { value: true })
  return list
}

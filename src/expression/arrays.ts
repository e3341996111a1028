/** Functions on lists and objects, and those that take functions. Arguments are checked before. */
import { arityOf, call, call2, callback } from './call.ts'
import { fail } from './errors.ts'
import { step } from './limits.ts'
import { append, isSequence, sequence } from './sequence.ts'
import { deepEqual, truth } from './values.ts'

type List = unknown[] | undefined
type Dict = Record<string, unknown>

const keysOf = (value: unknown): string[] =>
  typeof value === 'object' && value !== null ? Object.keys(value) : []

/** Sets a key, whatever it is called. */
export function put(target: Dict, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true })
  } else target[key] = value
}

export function count(list: List): number {
  return list === undefined ? 0 : list.length
}

export function reverse(list: List): List {
  return list === undefined || list.length <= 1 ? list : [...list].reverse()
}

export function shuffle(list: List): List {
  if (list === undefined || list.length <= 1) return list
  const result: unknown[] = []
  for (const [i, item] of list.entries()) {
    const j = Math.floor(Math.random() * (i + 1))
    if (i !== j) result[i] = result[j]
    result[j] = item
  }
  return result
}

/** Scalars are compared by a set; only objects and lists need the slow comparison with each other. */
export function distinct(list: unknown): unknown {
  if (!Array.isArray(list) || list.length <= 1) return list
  const found: unknown[] = isSequence(list) ? sequence([]) : []
  const scalars = new Set<unknown>()
  const deep: unknown[] = []
  for (const value of list) {
    if (typeof value === 'object' && value !== null) {
      if (deep.some((d) => deepEqual(value, d))) continue
      deep.push(value)
    } else if (typeof value !== 'number' || !Number.isNaN(value)) {
      if (scalars.has(value)) continue
      scalars.add(value)
    }
    found.push(value)
    step()
  }
  return found
}

export function zip(...lists: unknown[]): unknown[] {
  const size = Math.min(...lists.map((l) => (Array.isArray(l) ? l.length : 0)))
  return Array.from({ length: size }, (_, i) => lists.map((l) => (l as unknown[])[i]))
}

export function keys(value: unknown): unknown[] {
  if (!Array.isArray(value)) return sequence(keysOf(value))
  const all: Dict = Object.create(null)
  for (const item of value) for (const key of keys(item)) all[key as string] = true
  return sequence(Object.keys(all))
}

export function spread(value: unknown): unknown {
  if (Array.isArray(value)) {
    let all: unknown = sequence([])
    for (const item of value) all = append(all, spread(item))
    return all
  }
  if (typeof value !== 'object' || value === null) return value
  return sequence(
    Object.entries(value).map(([key, one]) => {
      const single: Dict = {}
      put(single, key, one)
      return single
    }),
  )
}

export function merge(list: List): unknown {
  if (list === undefined) return undefined
  const all: Dict = {}
  for (const one of list) for (const key of keysOf(one)) put(all, key, (one as Dict)[key])
  return all
}

export function map(list: List, work: unknown): unknown {
  if (list === undefined) return undefined
  const found: unknown[] = []
  for (let i = 0; i < list.length; i++) {
    step()
    const value = callback(work, list[i], i, list)
    if (value !== undefined) found.push(value)
  }
  return sequence(found)
}

export function filter(list: List, work: unknown): unknown {
  if (list === undefined) return undefined
  const found: unknown[] = []
  for (let i = 0; i < list.length; i++) {
    step()
    if (truth(callback(work, list[i], i, list))) found.push(list[i])
  }
  return sequence(found)
}

export function single(list: List, work?: unknown): unknown {
  if (list === undefined) return undefined
  let found: unknown
  let times = 0
  for (let i = 0; i < list.length; i++) {
    step()
    if (work !== undefined && !truth(callback(work, list[i], i, list))) continue
    if (++times > 1) fail('D3138', { index: i })
    found = list[i]
  }
  return times === 0 ? fail('D3139') : found
}

export function reduce(list: List, work: unknown, start?: unknown): unknown {
  if (list === undefined) return undefined
  const arity = arityOf(work)
  if (arity < 2) fail('D3050', { index: 1 })
  const without = start === undefined && list.length > 0
  let value = without ? list[0] : start
  for (let i = without ? 1 : 0; i < list.length; i++) {
    step()
    if (arity === 2) value = call2(work, value, list[i], null)
    else value = call(work, [value, list[i], i, list].slice(0, arity), null)
  }
  return value
}

export function each(value: unknown, work: unknown): unknown {
  const found: unknown[] = []
  for (const key of keysOf(value)) {
    step()
    const one = callback(work, (value as Dict)[key], key, value)
    if (one !== undefined) found.push(one)
  }
  return sequence(found)
}

export function sift(value: unknown, work: unknown): unknown {
  const found: Dict = {}
  let any = false
  for (const key of keysOf(value)) {
    step()
    const one = (value as Dict)[key]
    if (!truth(callback(work, one, key, value))) continue
    put(found, key, one)
    any = true
  }
  return any ? found : undefined
}

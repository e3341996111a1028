/** Grouping `{key: value}` over lists, with or without bindings of the path. */
import { put } from './arrays.ts'
import { fail } from './errors.ts'
import { step } from './limits.ts'
import { append } from './sequence.ts'
import type { Tuple, TupleStream } from './tuples.ts'

/** One entry; both parts see an item (for the value: all items of the group) and the bindings of the path. */
export interface Pair {
  key(item: unknown, tuple: Tuple | null): unknown
  value(items: unknown, tuple: Tuple | null): unknown
}

interface Group {
  data: unknown
  pair: number
  /** The list was made here: items may be added to it in place. */
  own: boolean
}

const RESERVED = ['_jsonata_lambda', '_jsonata_function']

/** Checks a key. Throws T1003, D1013. */
export function checkKey(key: unknown): string | undefined {
  if (typeof key !== 'string') return key === undefined ? undefined : fail('T1003', { value: key })
  return RESERVED.includes(key) ? fail('D1013', { value: key }) : key
}

/** Throws D1009 when two entries give one key. */
export function group(input: unknown, pairs: Pair[]): Record<string, unknown> {
  const list = Array.isArray(input) ? input : [input]
  const groups = collect(list.length === 0 ? [undefined] : list, pairs, (item, pair) => pair.key(item, null))
  return build(groups, (data, at) => pairs[at]!.value(data, null))
}

/** The same over the bindings of a path with `@`, `#` or `%`. */
export function groupTuples(tuples: TupleStream, pairs: Pair[]): Record<string, unknown> {
  if (!tuples.tupleStream) return group(tuples, pairs)
  const groups = collect(tuples, pairs, (t, pair) => pair.key((t as Tuple)['@'], t as Tuple))
  return build(groups, (data, at) => {
    const all = Array.isArray(data) ? combine(data as Tuple[]) : (data as Tuple)
    return pairs[at]!.value(all['@'], all)
  })
}

function collect(
  list: unknown[],
  pairs: Pair[],
  keyOf: (item: unknown, pair: Pair) => unknown,
): Map<string, Group> {
  const groups = new Map<string, Group>()
  for (const item of list) {
    for (let at = 0; at < pairs.length; at++) {
      const pair = pairs[at]!
      step()
      const key = checkKey(keyOf(item, pair))
      if (key === undefined) continue
      const known = groups.get(key)
      if (!known) groups.set(key, { data: item, pair: at, own: false })
      else if (known.pair !== at) fail('D1009', { value: key })
      else if (known.own && !Array.isArray(item)) {
        if (item !== undefined) (known.data as unknown[]).push(item)
      } else {
        const both = append(known.data, item)
        known.own ||= Array.isArray(both) && both !== item && both !== known.data
        known.data = both
      }
    }
  }
  return groups
}

function build(groups: Map<string, Group>, make: (data: unknown, pair: number) => unknown) {
  const result: Record<string, unknown> = {}
  // The order of keys is that of an object: whole numbers first.
  const order: Record<string, Group> = Object.create(null)
  for (const [key, one] of groups) order[key] = one
  for (const key of Object.keys(order)) {
    const value = make(order[key]!.data, order[key]!.pair)
    if (value !== undefined) put(result, key, value)
  }
  return result
}

/** The bindings of all tuples of a group, each as one list. */
function combine(tuples: Tuple[]): Tuple {
  const all: Tuple = Object.assign(Object.create(null), tuples[0])
  for (const tuple of tuples.slice(1)) {
    for (const name of Object.keys(tuple)) all[name] = append(all[name], tuple[name])
  }
  return all
}

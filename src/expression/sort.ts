/** Sorting: `$sort` and `^(…)`. The order of comparisons is the reference's, as they may fail. */
import { call2 } from './call.ts'
import { fail } from './errors.ts'
import { step } from './limits.ts'

/** True when the two must change places. */
type Swap = (a: unknown, b: unknown) => unknown

/** Stable merge sort; a list of up to one item is given back itself. */
export function mergeSort(list: unknown[], swap: Swap): unknown[] {
  if (list.length <= 1) return list
  const middle = Math.floor(list.length / 2)
  const left = mergeSort(list.slice(0, middle), swap)
  const right = mergeSort(list.slice(middle), swap)
  const merged: unknown[] = []
  let l = 0
  let r = 0
  while (l < left.length && r < right.length) {
    step()
    merged.push(swap(left[l], right[r]) ? right[r++] : left[l++])
  }
  while (l < left.length) merged.push(left[l++])
  while (r < right.length) merged.push(right[r++])
  return merged
}

/** `$sort(list[, function])`. Throws D3070 for lists of anything but numbers or text without a function. */
export function sort(list: unknown[] | undefined, work?: unknown): unknown {
  if (list === undefined || list.length <= 1) return list
  if (work !== undefined) return mergeSort(list, (a, b) => call2(work, a, b, null))
  const all = (type: string) => list.every((v) => typeof v === type)
  if (all('string')) return [...list].sort((a, b) => ((a as string) < (b as string) ? -1 : a === b ? 0 : 1))
  if (!all('number') || list.includes(Number.NaN)) return fail('D3070', { index: 1 })
  for (const value of list) {
    if (!Number.isFinite(value)) fail('D1001', { value })
  }
  return [...list].sort((a, b) => (a as number) - (b as number))
}

/** One of the terms of `^(…)`. */
export interface Term {
  descending: boolean
  of(item: unknown): unknown
}

const isOrdered = (v: unknown) => typeof v === 'string' || typeof v === 'number'

/** `^(…)`: each term is evaluated at most once per item. Throws T2007 and T2008. */
export function orderBy(list: unknown[], terms: Term[]): unknown[] {
  if (list.length <= 1) return list
  const rows: Row[] = list.map((item) => ({ item, keys: [] }))
  const swap = (a: unknown, b: unknown) => {
    for (let i = 0; i < terms.length; i++) {
      const term = terms[i]!
      const order = compare(keyOf(a as Row, term, i), keyOf(b as Row, term, i))
      if (order !== 0) return (term.descending && Math.abs(order) === 1 ? -order : order) > 0
    }
    return false
  }
  return mergeSort(rows, swap).map((row) => (row as Row).item)
}

/** An item with the values of the first terms, as many as were asked for: terms are asked for one after the other. */
interface Row {
  item: unknown
  keys: unknown[]
}

function keyOf(row: Row, term: Term, at: number): unknown {
  if (row.keys.length === at) row.keys.push(term.of(row.item))
  return row.keys[at]
}

/** −1 or 1; 2 and −2 where one side is nothing: that stays last, ascending or descending. */
function compare(a: unknown, b: unknown): number {
  if (a === undefined) return b === undefined ? 0 : 2
  if (b === undefined) return -2
  if (!isOrdered(a) || !isOrdered(b)) fail('T2008', { value: isOrdered(a) ? b : a })
  if (typeof a !== typeof b) fail('T2007', { value: a, value2: b })
  return a === b ? 0 : (a as number) < (b as number) ? -1 : 1
}

/** The comparison of `^(…)` over tuples. */
export function tupleSwap(terms: { descending: boolean; of(item: unknown, tuple: unknown): unknown }[]) {
  return (a: unknown, aTuple: unknown, b: unknown, bTuple: unknown): boolean => {
    for (const { descending, of } of terms) {
      const order = compare(of(a, aTuple), of(b, bTuple))
      if (order !== 0) return (descending && Math.abs(order) === 1 ? -order : order) > 0
    }
    return false
  }
}

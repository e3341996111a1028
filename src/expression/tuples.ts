/** Paths with `@`, `#` or `%`: a stream of tuples, each an item with what was bound on the way to it. */
import { step } from './limits.ts'
import { flat, type Marked, norm, sequence } from './sequence.ts'
import { mergeSort } from './sort.ts'
import { isNumeric, truth } from './values.ts'

/** An item under '@', and the bindings by name. */
export type Tuple = Record<string, unknown>

/** A list of tuples as a value; only paths make and open it. */
export type TupleStream = Marked

type Run = (item: unknown, tuple: Tuple | null) => unknown

/** A stage after a step. */
export type TupleStage = { filter: Run } | { nth: number } | { index: string }

/** One step of such a path. */
export interface TupleStep {
  run: Run
  stages: TupleStage[]
  tuple: boolean
  /** Sorts instead of going on. */
  swap: ((a: unknown, aTuple: Tuple | null, b: unknown, bTuple: Tuple | null) => boolean) | null
  /** A list constructor as the first step is not repeated for each item. */
  whole: boolean
  focus?: string
  index?: string
  ancestor?: string
}

/** Gives the tuples at the end of the path; a plain list where it ended before the first binding. */
export function tuplePath(input: unknown, fromVariable: boolean, steps: TupleStep[]): TupleStream {
  let items: unknown[] = Array.isArray(input) && !fromVariable ? input : sequence([input])
  let tuples: TupleStream | null = null
  let started = false
  for (const [i, one] of steps.entries()) {
    started ||= one.tuple
    if (i === 0 && one.whole) {
      const value = one.run(items, null)
      // With a binding the input stays, as in the reference.
      if (one.focus === undefined)
        items = Array.isArray(value) ? value : typeof value === 'string' ? [...value] : sequence([])
    } else if (started) tuples = tupleStep(one, items, tuples)
    else items = plainStep(one, items)
    if (!started && items.length === 0) break
  }
  return started ? (tuples ?? stream([])) : items
}

function stream(tuples: unknown[]): TupleStream {
  const made = sequence(tuples) as TupleStream
  made.tupleStream = true
  return made
}

function plainStep(one: TupleStep, items: unknown[]): unknown[] {
  if (one.swap) {
    const { swap } = one
    const sorted = mergeSort(items, (a, b) => swap(a, null, b, null))
    return applyStages(one.stages, sorted)
  }
  const results: unknown[] = []
  for (const item of items) {
    step()
    let value = one.run(item, null)
    for (const stage of one.stages) {
      if ('filter' in stage) value = filterValue(stage.filter, value)
      else if ('nth' in stage) value = nthRaw(value, stage.nth)
    }
    if (value !== undefined) results.push(value)
  }
  return sequence(flat(results))
}

function applyStages(stages: TupleStage[], list: unknown[]): unknown[] {
  let result = list
  for (const stage of stages) {
    if ('filter' in stage) result = filterValue(stage.filter, result)
    else if ('nth' in stage) result = filterValue(() => stage.nth, result)
    else for (const [i, tuple] of result.entries()) (tuple as Tuple)[stage.index] = i
  }
  return result
}

function tupleStep(one: TupleStep, items: unknown[], given: TupleStream | null): TupleStream {
  if (one.swap) return sortStep(one, items, given)
  const made: unknown[] = []
  for (const tuple of given ?? (items.map((item) => ({ '@': item })) as Tuple[])) {
    step()
    const value = one.run((tuple as Tuple)['@'], tuple as Tuple)
    if (value === undefined) continue
    const list = (Array.isArray(value) ? value : [value]) as TupleStream
    for (let i = 0; i < list.length; i++) made.push(bind(one, tuple as Tuple, list, i))
  }
  return applyStages(one.stages, stream(made)) as TupleStream
}

function bind(one: TupleStep, tuple: Tuple, list: TupleStream, i: number): Tuple {
  const made: Tuple = Object.assign(Object.create(null), tuple)
  if (list.tupleStream) return Object.assign(made, list[i])
  if (one.focus !== undefined) made[one.focus] = list[i]
  else made['@'] = list[i]
  if (one.index !== undefined) made[one.index] = i
  if (one.ancestor !== undefined) made[one.ancestor] = tuple['@']
  return made
}

function sortStep(one: TupleStep, items: unknown[], given: TupleStream | null): TupleStream {
  const swap = one.swap!
  const sorted = given
    ? mergeSort(given, (a, b) => swap((a as Tuple)['@'], a as Tuple, (b as Tuple)['@'], b as Tuple))
    : mergeSort(items, (a, b) => swap(a, null, b, null)).map((item, i) => {
        const tuple: Tuple = { '@': item }
        if (one.index !== undefined) tuple[one.index] = i
        return tuple
      })
  return applyStages(one.stages, stream(sorted)) as TupleStream
}

/** Keeps what a predicate is true for, or what it gives the index of. */
export function filterValue(predicate: Run, value: unknown): unknown[] {
  const isStream = Array.isArray(value) && (value as TupleStream).tupleStream === true
  const items: unknown[] = Array.isArray(value) ? value : [value]
  const kept: unknown[] = []
  for (let i = 0; i < items.length; i++) {
    step()
    const item = items[i]
    const answer = isStream ? predicate((item as Tuple)['@'], item as Tuple) : predicate(item, null)
    keepBy(answer, item, items.length, i, kept)
  }
  return isStream ? stream(kept) : sequence(kept)
}

/** Adds an item, one of `count`, to what a filter keeps, as the predicate's answer says. */
export function keepBy(answer: unknown, item: unknown, count: number, at: number, kept: unknown[]): void {
  if (isNumeric(answer)) {
    if (place(answer, count) === at) kept.push(item)
  } else if (Array.isArray(answer) && answer.every(isNumeric)) {
    for (const index of answer) if (place(index, count) === at) kept.push(item)
  } else if (truth(answer)) kept.push(item)
}

const place = (index: number, length: number) => {
  const whole = Math.floor(index)
  return whole < 0 ? length + whole : whole
}

/** `[n]` on a value, as a list. */
export function nthRaw(value: unknown, index: number): unknown[] {
  const items: unknown[] = Array.isArray(value) ? value : [value]
  const item = items[place(index, items.length)]
  return Array.isArray(item) ? item : sequence(item === undefined ? [] : [item])
}

/** The items of a finished stream. */
export function itemsOf(tuples: TupleStream): unknown[] {
  if (!tuples.tupleStream) return tuples
  return sequence(tuples.map((t) => (t as Tuple)['@']))
}

/** `[n]` on a value, as a value. */
export function nth(value: unknown, index: number): unknown {
  if (!Array.isArray(value)) return index === 0 || index === -1 ? value : undefined
  return norm(nthRaw(value, index))
}

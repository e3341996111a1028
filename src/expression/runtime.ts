/** What generated code may use, by name. Nothing else of the process is within its reach. */
import { put } from './arrays.ts'
import type { Callable, Site } from './call.ts'
import * as calls from './call.ts'
import { fail, toExpressionError } from './errors.ts'
import { group, groupTuples } from './group.ts'
import type { Entry } from './library.ts'
import { checkItems, checkText, meter, spent } from './limits.ts'
import * as operators from './operators.ts'
import { matcher } from './regex.ts'
import * as sequences from './sequence.ts'
import { orderBy, tupleSwap } from './sort.ts'
import { transformer } from './transform.ts'
import { filterValue, itemsOf, keepBy, nth, nthRaw, tuplePath } from './tuples.ts'
import { concat, equal, includes, text, truth, unequal } from './values.ts'

/** Stands for a variable that is not bound yet. */
const UNBOUND = Symbol('unbound')

/** Calls a function of the library with its arguments checked. */
function checked({ validate, work }: Entry, args: unknown[], context: unknown): unknown {
  let right: unknown[]
  try {
    right = validate(args, context)
  } catch (error) {
    throw toExpressionError(error)
  }
  return work(...right)
}

/** A function whose failures say where they were. */
function guarded(work: Callable, site: () => Site | undefined): Callable {
  const made: Callable = (...args) => {
    try {
      return work(...args)
    } catch (error) {
      throw calls.locate(error, site())
    }
  }
  made.spec = work.spec
  made.arity = work.length
  return made
}

const isObject = (v: unknown) => typeof v === 'object' && v !== null && !Array.isArray(v)
const isAll = (v: unknown, test: (item: unknown) => boolean) => {
  if (!Array.isArray(v)) return false
  for (let i = 0; i < v.length; i++) if (!test(v[i])) return false
  return true
}

/** By the names that generated code uses. */
export const RUNTIME: Record<string, unknown> = {
  ...operators,
  ...calls,
  ...sequences,
  U: UNBOUND,
  M: meter,
  hasOwn: Object.hasOwn,
  truthy: Boolean,
  checkItems,
  checkText,
  checked,
  concat,
  equal,
  fail,
  filterValue,
  group,
  groupTuples,
  guarded,
  includes,
  isNumbers: (v: unknown) => isAll(v, (x) => typeof x === 'number'),
  isObject,
  isObjects: (v: unknown) => isAll(v, isObject),
  isTexts: (v: unknown) => isAll(v, (x) => typeof x === 'string'),
  itemsOf,
  keepBy,
  matcher,
  nth,
  nthRaw,
  orderBy,
  put,
  spent,
  text,
  transformer,
  truth,
  tuplePath,
  tupleSwap,
  unequal,
}
export const { U } = RUNTIME as { U: symbol }

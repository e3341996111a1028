/** JSONata's own functions: signatures, implementations, and the functions as values. */
import * as arrays from './arrays.ts'
import type { Signature } from './ast.ts'
import { parse } from './ast.ts'
import type { Callable } from './call.ts'
import { fromMillis } from './dates.ts'
import { fail } from './errors.ts'
import { formatNumber } from './format-number.ts'
import { ANY, KIND } from './gen.ts'
import { formatInteger, parseInteger } from './integers.ts'
import { instantNow } from './limits.ts'
import * as numbers from './numbers.ts'
import { toMillis } from './parse-date.ts'
import * as regex from './regex.ts'
import { append, lookup, type Marked } from './sequence.ts'
import { sort } from './sort.ts'
import * as strings from './strings.ts'
import { isNumeric, text, truth, typeOf } from './values.ts'

/** One function. */
export interface Entry {
  name: string
  signature: string
  /** How many arguments it takes as a callback, which is the reference's. */
  arity: number
  /** What it may give. */
  kind: number
  work: Callable
  /** The function as a value, with its argument check. */
  value: Callable
  /** Checks arguments and completes them from the context. Throws plain objects with T0410 to T0412. */
  validate: Signature['validate']
}

type Row = [signature: string, arity: number, kind: number, work: (...args: never[]) => unknown]

const { none, bool, num, str, obj, list, fn } = KIND
const MAYBE_TEXT = str | none
const MAYBE_NUMBER = num | none
const LISTS = ANY & ~fn

function not(value: unknown): boolean | undefined {
  return value === undefined ? undefined : !truth(value)
}

function boolean(value: unknown): boolean | undefined {
  return value === undefined ? undefined : truth(value)
}

function assert(condition: unknown, message?: string): undefined {
  return condition ? undefined : fail('D3141', { message: message || 'an $assert does not hold' })
}

/** `$clone`: a deep copy of what JSON can say, as by way of text in the reference. */
export function clone(value: unknown): unknown {
  return value === undefined ? undefined : copy(value)
}

function copy(value: unknown): unknown {
  if (typeof value === 'number') {
    // Text keeps 15 digits of a fraction, and knows no NaN.
    if (!isNumeric(value)) return null
    return Number.isInteger(value) ? value + 0 : Number(value.toPrecision(15))
  }
  if (typeof value === 'function') return ''
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) {
    const items = (value as Marked).outerWrapper ? value[0] : value
    return items === value ? value.map((v) => (v === undefined ? null : copy(v))) : copy(items)
  }
  const prototype = Object.getPrototypeOf(value)
  if (prototype !== null && prototype !== Object.prototype) return JSON.parse(text(value)!)
  const made: Record<string, unknown> = {}
  for (const key of Object.keys(value)) {
    const one = (value as Record<string, unknown>)[key]
    if (one !== undefined) arrays.put(made, key, copy(one))
  }
  return made
}

const ROWS: Record<string, Row> = {
  sum: ['<a<n>:n>', 1, MAYBE_NUMBER, numbers.sum],
  count: ['<a:n>', 1, num, arrays.count],
  max: ['<a<n>:n>', 1, MAYBE_NUMBER, numbers.max],
  min: ['<a<n>:n>', 1, MAYBE_NUMBER, numbers.min],
  average: ['<a<n>:n>', 1, MAYBE_NUMBER, numbers.average],
  string: ['<x-b?:s>', 1, MAYBE_TEXT, text],
  substring: ['<s-nn?:s>', 3, MAYBE_TEXT, strings.substring],
  substringBefore: ['<s-s:s>', 2, MAYBE_TEXT, strings.substringBefore],
  substringAfter: ['<s-s:s>', 2, MAYBE_TEXT, strings.substringAfter],
  lowercase: ['<s-:s>', 1, MAYBE_TEXT, strings.lowercase],
  uppercase: ['<s-:s>', 1, MAYBE_TEXT, strings.uppercase],
  length: ['<s-:n>', 1, MAYBE_NUMBER, strings.length],
  trim: ['<s-:s>', 1, MAYBE_TEXT, strings.trim],
  pad: ['<s-ns?:s>', 3, MAYBE_TEXT, strings.pad],
  match: ['<s-f<s:o>n?:a<o>>', 3, LISTS, regex.match],
  contains: ['<s-(sf):b>', 2, bool | none, regex.contains],
  replace: ['<s-(sf)(sf)n?:s>', 4, MAYBE_TEXT, regex.replace],
  split: ['<s-(sf)n?:a<s>>', 3, list | none, regex.split],
  join: ['<a<s>s?:s>', 2, MAYBE_TEXT, strings.join],
  formatNumber: ['<n-so?:s>', 3, MAYBE_TEXT, formatNumber],
  formatBase: ['<n-n?:s>', 2, MAYBE_TEXT, numbers.formatBase],
  formatInteger: ['<n-s:s>', 2, MAYBE_TEXT, formatInteger],
  parseInteger: ['<s-s:n>', 2, MAYBE_NUMBER, parseInteger],
  number: ['<(nsb)-:n>', 1, MAYBE_NUMBER, numbers.number],
  floor: ['<n-:n>', 1, MAYBE_NUMBER, numbers.floor],
  ceil: ['<n-:n>', 1, MAYBE_NUMBER, numbers.ceil],
  round: ['<n-n?:n>', 2, MAYBE_NUMBER, numbers.round],
  abs: ['<n-:n>', 1, MAYBE_NUMBER, numbers.abs],
  sqrt: ['<n-:n>', 1, MAYBE_NUMBER, numbers.sqrt],
  power: ['<n-n:n>', 2, MAYBE_NUMBER, numbers.power],
  random: ['<:n>', 0, num, () => Math.random()],
  boolean: ['<x-:b>', 1, bool | none, boolean],
  not: ['<x-:b>', 1, bool | none, not],
  map: ['<af>', 2, ANY, arrays.map],
  zip: ['<a+>', 0, list, arrays.zip],
  filter: ['<af>', 2, ANY, arrays.filter],
  single: ['<af?>', 2, ANY, arrays.single],
  reduce: ['<afj?:j>', 3, ANY, arrays.reduce],
  sift: ['<o-f?:o>', 2, obj | none, arrays.sift],
  keys: ['<x-:a<s>>', 1, LISTS, arrays.keys],
  lookup: ['<x-s:x>', 2, ANY, lookup as Row[3]],
  append: ['<xx:a>', 2, ANY, append],
  exists: ['<x:b>', 1, bool, (value: unknown) => value !== undefined],
  spread: ['<x-:a<o>>', 1, ANY, arrays.spread],
  merge: ['<a<o>:o>', 1, obj | none, arrays.merge],
  reverse: ['<a:a>', 1, list | none, arrays.reverse],
  each: ['<o-f:a>', 2, ANY, arrays.each],
  error: [
    '<s?:x>',
    1,
    none,
    (message?: string) => fail('D3137', { message: message || '$error was called' }),
  ],
  assert: ['<bs?:x>', 2, none, assert],
  type: ['<x:s>', 1, MAYBE_TEXT, typeOf],
  sort: ['<af?:a>', 2, list | none, sort],
  shuffle: ['<a:a>', 1, list | none, arrays.shuffle],
  distinct: ['<x:x>', 1, ANY, arrays.distinct],
  base64encode: ['<s-:s>', 1, MAYBE_TEXT, strings.base64encode],
  base64decode: ['<s-:s>', 1, MAYBE_TEXT, strings.base64decode],
  encodeUrlComponent: ['<s-:s>', 1, MAYBE_TEXT, strings.encodeUrlComponent],
  encodeUrl: ['<s-:s>', 1, MAYBE_TEXT, strings.encodeUrl],
  decodeUrlComponent: ['<s-:s>', 1, MAYBE_TEXT, strings.decodeUrlComponent],
  decodeUrl: ['<s-:s>', 1, MAYBE_TEXT, strings.decodeUrl],
  eval: ['<sx?:x>', 2, ANY, () => fail('D3121', { value: '$eval is not called by its name' })],
  toMillis: ['<s-s?:n>', 2, MAYBE_NUMBER, toMillis],
  fromMillis: ['<n-s?s?:s>', 3, MAYBE_TEXT, fromMillis],
  clone: ['<(oa)-:o>', 1, ANY, clone],
  now: [
    '<s?s?:s>',
    2,
    MAYBE_TEXT,
    (picture?: string, zone?: string) => fromMillis(instantNow(), picture, zone),
  ],
  millis: ['<:n>', 0, num, () => instantNow()],
}

const checkers = new Map<string, Signature>()

/** The checker of a signature, by the package's own parser. */
export function checker(signature: string): Signature {
  let found = checkers.get(signature)
  if (!found) {
    found = parse(`function()${signature}{0}`).signature!
    checkers.set(signature, found)
  }
  return found
}

function entry(name: string, [signature, arity, kind, work]: Row): Entry {
  const validate = (args: unknown[], context: unknown) => checker(signature).validate(args, context)
  const value: Callable = (...args) => (work as Callable)(...args)
  value.spec = { validate }
  value.arity = arity
  return { name, signature, arity, kind, work: work as Callable, value, validate }
}

/** By name. */
export const LIBRARY: Readonly<Record<string, Entry>> = Object.freeze(
  Object.fromEntries(Object.entries(ROWS).map(([name, row]) => [name, entry(name, row)])),
)

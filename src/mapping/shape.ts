/**
 * What is known of a value before anything runs: which fields it has, whether its numbers are whole, whether
 * it is money, and which float arithmetic went into it. Samples and document schemas become such shapes, and the
 * linter computes with them.
 */
import type { Node } from '../expression/ast.ts'
import type { FieldNode } from './source.ts'

/** Arithmetic that may have left a float: an operator or a function, at a node. */
export interface FloatWork {
  node: Node
  /** The field or variable whose expression it is in. */
  home: FieldNode
  /** `*`, `$sum`, … */
  by: string
  /** True when money went into it: by schema, by an exact function, or by the name of the path. */
  money: boolean
}

/** A lambda with what is around it. */
export interface Closure {
  node: Node
  scope: Scope
  input: Shape
  home: FieldNode
}

/** Variables of one place; `parent` is asked next. */
export interface Scope {
  parent: Scope | null
  names: Map<string, Shape>
  /** Names that something asked for. */
  used: Set<string>
}

/**
 * Lists are not told from their items, as JSONata does not: a shape is that of each item.
 * `known` false: anything may be in it. `number`: `whole` for integers (also minor units), `text` for what is
 * text, `any` for numbers that may have a fraction and for what is not known.
 */
export interface Shape {
  known: boolean
  fields: ReadonlyMap<string, Shape>
  number: 'whole' | 'text' | 'any' | 'none'
  money: boolean
  floats: readonly FloatWork[]
  closure: Closure | null
}

const NO_FIELDS: ReadonlyMap<string, Shape> = new Map()

/** Anything. */
export const UNKNOWN: Shape = {
  known: false,
  fields: NO_FIELDS,
  number: 'any',
  money: false,
  floats: [],
  closure: null,
}
/** Nothing at all: what an empty list or null shows of its items. */
const NOTHING: Shape = { ...UNKNOWN, known: true, number: 'none' }
export const TEXT: Shape = { ...NOTHING, number: 'text' }
export const WHOLE: Shape = { ...NOTHING, number: 'whole' }
export const NUMBER: Shape = { ...NOTHING, number: 'any' }
/** Exact minor units. */
export const MONEY: Shape = { ...WHOLE, money: true }

/** An object with these fields. */
export function objectOf(fields: ReadonlyMap<string, Shape>): Shape {
  return { ...NOTHING, fields }
}

/** True when it may be text or a number, and surely has no fields. */
export function isPlain(shape: Shape): boolean {
  return shape.known && shape.fields.size === 0 && shape.number !== 'none'
}

/** True when a sample or schema says what fields there are; an empty object or null says nothing. */
export function hasFields(shape: Shape): boolean {
  return shape.known && shape.fields.size > 0
}

/** What a value may be that is one or the other. */
export function either(a: Shape, b: Shape): Shape {
  if (a === b) return a
  return {
    known: a.known && b.known,
    fields: bothFields(a, b),
    number: wider(a, b),
    money: a.money || b.money,
    floats: union(a.floats, b.floats),
    closure: a.closure ?? b.closure,
  }
}

export function anyOf(shapes: readonly Shape[]): Shape {
  return shapes.length === 0 ? NOTHING : shapes.reduce(either)
}

function bothFields(a: Shape, b: Shape): ReadonlyMap<string, Shape> {
  if (a.fields.size === 0) return b.fields
  if (b.fields.size === 0) return a.fields
  const fields = new Map(a.fields)
  for (const [name, shape] of b.fields) {
    const other = fields.get(name)
    fields.set(name, other ? either(other, shape) : shape)
  }
  return fields
}

function wider(a: Shape, b: Shape): Shape['number'] {
  if (a.number === b.number || b.number === 'none') return a.number
  if (a.number === 'none') return b.number
  return 'any'
}

export function union<T>(a: readonly T[], b: readonly T[]): readonly T[] {
  if (a.length === 0 || a === b) return b
  const added = b.filter((item) => !a.includes(item))
  return added.length === 0 ? a : [...a, ...added]
}

const MOST_DEPTH = 60
const MOST_ITEMS = 5000

/** The shape of a value as it is. Lists become their items; only their first thousands are looked at. */
export function shapeOfValue(value: unknown, depth = 0): Shape {
  if (value === null || value === undefined) return NOTHING
  if (typeof value === 'number') return Number.isSafeInteger(value) ? WHOLE : NUMBER
  if (typeof value === 'string') return TEXT
  if (typeof value !== 'object') return NOTHING
  if (depth > MOST_DEPTH) return UNKNOWN
  if (Array.isArray(value)) return anyOf(value.slice(0, MOST_ITEMS).map((v) => shapeOfValue(v, depth + 1)))
  return objectOf(new Map(Object.entries(value).map(([k, v]) => [k, shapeOfValue(v, depth + 1)])))
}

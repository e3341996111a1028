/**
 * The common part of JSONata as plain synchronous JavaScript closures: paths, predicates, objects, lists,
 * variables, conditions, operators, functions and lambdas. Everything else is left to the `jsonata` package, and so
 * is every expression that fails: the caller evaluates it there and gets its result or its error. So this only
 * has to be right where it answers; tests hold it against the package.
 */
import jsonata from 'jsonata'
import { flatten, isNumeric, lookup, sequence, settle, truth } from './sequence.ts'

type Scope = Record<string, unknown>
type Run = (input: unknown, scope: Scope) => unknown

/** The parts of a `jsonata` syntax tree that are read here. */
interface Node {
  type: string
  value?: unknown
  [key: string]: unknown
}

/** Why an expression is left to the interpreter. */
export class NotQuick extends Error {}

/** A function of JSONata's own library. */
interface Builtin {
  _jsonata_function: true
  implementation(this: unknown, ...args: unknown[]): unknown
  signature?: { validate(args: unknown[], context: unknown): unknown[] }
}

/** Library functions that answer at once and always the same; those that take functions do not. */
const BUILTINS =
  `sum count max min average string substring substringBefore substringAfter lowercase uppercase
  length trim pad join formatNumber formatBase formatInteger parseInteger number floor ceil round abs sqrt power
  boolean not zip keys lookup append exists spread merge reverse type distinct base64encode base64decode
  encodeUrlComponent encodeUrl decodeUrlComponent decodeUrl toMillis fromMillis`.split(/\s+/)

let library: Promise<Scope> | null = null

async function loadLibrary(): Promise<Scope> {
  const scope: Scope = Object.create(null)
  for (const name of BUILTINS) scope[name] = await jsonata(`$${name}`).evaluate(undefined)
  return scope
}

/**
 * Compiles a parsed expression. The result evaluates it on an input with variables; it throws whatever went wrong
 * (then ask the interpreter). Throws NotQuick with the reason when the expression uses more than the common part.
 */
export async function compileQuick(
  ast: unknown,
  functions: Record<string, unknown>,
): Promise<(input: unknown, bindings: Record<string, unknown>) => unknown> {
  const run = compile(ast as Node)
  library ??= loadLibrary()
  const base: Scope = Object.assign(Object.create(await library), functions)
  return (input, bindings) => {
    if (Array.isArray(input)) throw new NotQuick('the input is a list')
    const scope: Scope = Object.assign(Object.create(base), bindings)
    scope.$ = input
    return run(input, scope)
  }
}

const KNOWN: Record<string, string[]> = {
  path: ['steps'],
  name: ['stages'],
  variable: ['predicate'],
  function: ['name', 'procedure', 'arguments', 'predicate', 'stages'],
  unary: ['lhs', 'expressions', 'expression', 'stages'],
  binary: ['lhs', 'rhs'],
  condition: ['condition', 'then', 'else'],
  block: ['expressions', 'predicate', 'stages'],
  bind: ['lhs', 'rhs'],
  lambda: ['arguments', 'signature', 'body', 'thunk'],
  string: [],
  number: [],
  value: [],
}

const COMPILE: Record<string, (node: Node) => Run> = {
  path,
  name: (node) => (input) => lookup(input, node.value as string),
  variable: (node) => {
    const name = node.value as string
    return name === '' ? (input) => input : (_, scope) => scope[name]
  },
  function: call,
  unary,
  binary,
  condition,
  block,
  lambda,
  string: literal,
  number: literal,
  value: literal,
}

function compile(node: Node): Run {
  const known = KNOWN[node.type]
  const make = COMPILE[node.type]
  if (!known || !make) throw new NotQuick(`${node.type} ${String(node.value ?? '')}`.trim())
  for (const key of Object.keys(node)) {
    const plain = key === 'type' || key === 'value' || key === 'position' || known.includes(key)
    if (!plain && node[key] !== undefined) throw new NotQuick(`${node.type} with ${key}`)
  }
  const run = make(node)
  const filters = ((node.predicate ?? []) as Node[]).map((f) => filter(f.expr as Node))
  if (filters.length === 0) return (input, scope) => settle(run(input, scope))
  return (input, scope) => {
    let value = run(input, scope)
    for (const f of filters) value = f(value, scope)
    return settle(value)
  }
}

function literal(node: Node): Run {
  return () => node.value
}

function path(node: Node): Run {
  const steps = node.steps as Node[]
  if (steps.some((s) => s.consarray || s.type === 'lambda')) throw new NotQuick('a list as the first step')
  const runs = steps.map((step, i) => pathStep(step, i === steps.length - 1))
  const fromVariable = steps[0]!.type === 'variable'
  const names = steps.every((s) => s.type === 'name' && !s.stages)
    ? steps.map((s) => s.value as string)
    : null
  return (input, scope) => {
    let items = Array.isArray(input) && !fromVariable ? input : [input]
    let from = 0
    // Most paths meet no list: then they are a chain of lookups.
    if (names && !Array.isArray(input)) {
      let value: unknown = input
      for (; from < names.length; from++) {
        value = lookup(value, names[from]!)
        if (value === undefined || from === names.length - 1) return value
        if (Array.isArray(value)) break
      }
      items = value as unknown[]
      from++
    }
    for (let i = from; i < runs.length; i++) {
      items = runs[i]!(items, scope)
      if (items.length === 0) break
    }
    return items
  }
}

function pathStep(step: Node, last: boolean): (items: unknown[], scope: Scope) => unknown[] {
  const run = compile(step)
  const stages = ((step.stages ?? []) as Node[]).map((stage) => {
    if (stage.type !== 'filter') throw new NotQuick(`a step with ${stage.type}`)
    return filter(stage.expr as Node)
  })
  return (items, scope) => {
    const found: unknown[] = []
    for (const item of items) {
      let value = run(item, scope)
      for (const stage of stages) value = stage(value, scope)
      if (value !== undefined) found.push(value)
    }
    return flatten(found, last)
  }
}

function filter(predicate: Node): (input: unknown, scope: Scope) => unknown {
  if (predicate.type === 'number') {
    const wanted = Math.floor(predicate.value as number)
    return (input) => {
      const items = Array.isArray(input) ? input : [input]
      const item = items[wanted < 0 ? items.length + wanted : wanted]
      return Array.isArray(item) ? item : sequence(item === undefined ? [] : [item])
    }
  }
  const run = compile(predicate)
  return (input, scope) => {
    const items = Array.isArray(input) ? input : [input]
    const kept = items.filter((item, index) => {
      const value = run(item, scope)
      if (typeof value === 'number') return isNumeric(value) && position(value, items.length) === index
      if (Array.isArray(value) && value.length > 0 && value.every(isNumeric))
        throw new NotQuick('several indexes')
      return truth(value)
    })
    return sequence(kept)
  }
}

const position = (index: number, length: number): number => {
  const whole = Math.floor(index)
  return whole < 0 ? length + whole : whole
}

function unary(node: Node): Run {
  if (node.value === '{') return object(node)
  if (node.value === '[') {
    const parts = (node.expressions as Node[]).map((n) => ({ run: compile(n), whole: n.value === '[' }))
    return (input, scope) => {
      const list: unknown[] = []
      for (const { run, whole } of parts) {
        const value = run(input, scope)
        if (Array.isArray(value) && !whole) for (const v of value) list.push(v)
        else if (value !== undefined) list.push(value)
      }
      return list
    }
  }
  if (node.value !== '-') throw new NotQuick(`unary ${String(node.value)}`)
  const run = compile(node.expression as Node)
  return (input, scope) => {
    const value = run(input, scope)
    if (value === undefined) return undefined
    if (!isNumeric(value)) throw new TypeError('not a number')
    return -value
  }
}

function object(node: Node): Run {
  const pairs = (node.lhs as [Node, Node][]).map(([key, value]) => {
    if (key.type !== 'string') throw new NotQuick('a computed key')
    return { key: key.value as string, run: compile(value) }
  })
  const keys = pairs.map((p) => p.key)
  const odd = keys.some((k) => k === '__proto__' || k.startsWith('_jsonata_'))
  if (odd || new Set(keys).size < keys.length) throw new NotQuick('an odd or repeated key')
  return (input, scope) => {
    if (Array.isArray(input)) throw new NotQuick('an object made of a list')
    const made: Record<string, unknown> = {}
    for (const { key, run } of pairs) {
      const value = run(input, scope)
      if (value !== undefined) made[key] = value
    }
    return made
  }
}

function condition(node: Node): Run {
  const test = compile(node.condition as Node)
  const then = compile(node.then as Node)
  const otherwise = node.else ? compile(node.else as Node) : () => undefined
  return (input, scope) => (truth(test(input, scope)) ? then(input, scope) : otherwise(input, scope))
}

function block(node: Node): Run {
  const parts = (node.expressions as Node[]).map((n) => {
    if (n.type !== 'bind') return { name: null, run: compile(n) }
    return { name: (n.lhs as Node).value as string, run: compile(n.rhs as Node) }
  })
  return (input, scope) => {
    const inner: Scope = Object.create(scope)
    let value: unknown
    for (const { name, run } of parts) {
      value = run(input, inner)
      if (name !== null) inner[name] = value
    }
    return value
  }
}

/** A lambda as a value; only its own kind of call can use it. */
class Closure {
  /** How `truth` knows functions, the package's own and ours. */
  readonly _jsonata_function = true
  readonly call: (args: unknown[]) => unknown
  constructor(call: (args: unknown[]) => unknown) {
    this.call = call
  }
}

function lambda(node: Node): Run {
  if (node.signature) throw new NotQuick('a lambda with a signature')
  const body = compile(node.body as Node)
  // A tail call, put off by the parser; here it is simply made (too deep a recursion ends in the interpreter).
  if (node.thunk) return body
  const names = (node.arguments as Node[]).map((a) => a.value as string)
  return (input, scope) =>
    new Closure((args) => {
      const inner: Scope = Object.create(scope)
      for (const [i, name] of names.entries()) inner[name] = args[i]
      return body(input, inner)
    })
}

const FOCUS = { createSequence: (...items: unknown[]) => sequence(items) }

function call(node: Node): Run {
  const procedure = node.procedure as Node
  if (procedure.type !== 'variable' || procedure.predicate || node.value !== '(') {
    throw new NotQuick('a computed function')
  }
  const name = procedure.value as string
  const args = (node.arguments as Node[]).map(compile)
  return (input, scope) => {
    const values = args.map((run) => run(input, scope))
    const work = scope[name]
    if (work instanceof Closure) return work.call(values)
    if (values.some((v) => v instanceof Closure)) throw new NotQuick('a function as an argument')
    if (typeof work === 'function') return atOnce(work.apply(input, values))
    const builtin = work as Builtin | undefined
    if (!builtin?._jsonata_function) throw new NotQuick(`$${name} is no function here`)
    const checked = builtin.signature ? builtin.signature.validate(values, input) : values
    return atOnce(builtin.implementation.apply({ ...FOCUS, input }, checked))
  }
}

function atOnce(value: unknown): unknown {
  if (value instanceof Promise) throw new NotQuick('a function that takes time')
  return value
}

function binary(node: Node): Run {
  const operate = OPERATORS[node.value as string]
  const left = compile(node.lhs as Node)
  const right = compile(node.rhs as Node)
  if (node.value === 'and') return (input, scope) => truth(left(input, scope)) && truth(right(input, scope))
  if (node.value === 'or') return (input, scope) => truth(left(input, scope)) || truth(right(input, scope))
  if (!operate) throw new NotQuick(`the operator ${String(node.value)}`)
  return (input, scope) => operate(left(input, scope), right(input, scope))
}

function numeric(work: (a: number, b: number) => number) {
  return (a: unknown, b: unknown) => {
    if ((a !== undefined && !isNumeric(a)) || (b !== undefined && !isNumeric(b)))
      throw new TypeError('not a number')
    return a === undefined || b === undefined ? undefined : work(a as number, b as number)
  }
}

function ordered(work: (a: number | string, b: number | string) => boolean) {
  return (a: unknown, b: unknown) => {
    for (const v of [a, b]) {
      if (v !== undefined && typeof v !== 'string' && typeof v !== 'number')
        throw new TypeError('not comparable')
    }
    if (a === undefined || b === undefined) return undefined
    if (typeof a !== typeof b) throw new TypeError('not comparable')
    return work(a as string, b as string)
  }
}

function equal(a: unknown, b: unknown): boolean {
  if (a === b) return true
  const both = typeof a === 'object' && typeof b === 'object' && a !== null && b !== null
  if (both) throw new NotQuick('objects compared')
  return false
}

const isPlain = (v: unknown) => typeof v === 'string' || (typeof v === 'number' && Number.isSafeInteger(v))

const OPERATORS: Record<string, (a: unknown, b: unknown) => unknown> = {
  '+': numeric((a, b) => a + b),
  '-': numeric((a, b) => a - b),
  '*': numeric((a, b) => a * b),
  '/': numeric((a, b) => a / b),
  '%': numeric((a, b) => a % b),
  '<': ordered((a, b) => a < b),
  '<=': ordered((a, b) => a <= b),
  '>': ordered((a, b) => a > b),
  '>=': ordered((a, b) => a >= b),
  '=': (a, b) => a !== undefined && b !== undefined && equal(a, b),
  '!=': (a, b) => a !== undefined && b !== undefined && !equal(a, b),
  in: (a, b) => a !== undefined && b !== undefined && (Array.isArray(b) ? b : [b]).includes(a),
  '&': (a, b) => {
    if ((a !== undefined && !isPlain(a)) || (b !== undefined && !isPlain(b)))
      throw new NotQuick('text of a value')
    return `${a ?? ''}${b ?? ''}`
  },
}

/**
 * The common part of JSONata as plain synchronous JavaScript closures: paths, predicates, objects, lists,
 * variables, conditions, operators, functions and lambdas. Everything else is left to the `jsonata` package, and so
 * is every expression that fails: the caller evaluates it there and gets its result or its error. So this only
 * has to be right where it answers; tests hold it against the package.
 */
import jsonata from 'jsonata'
import { OPERATORS } from './operators.ts'
import { isBound, type Names, type Node, type Run, refuseShadows, Scope, variable } from './scope.ts'
import { flatten, isNumeric, lookup, NotQuick, sequence, settle, truth } from './sequence.ts'

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

let library: Promise<Record<string, unknown>> | null = null

async function loadLibrary(): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = Object.create(null)
  for (const name of BUILTINS) found[name] = await jsonata(`$${name}`).evaluate(undefined)
  return found
}

/**
 * Compiles a parsed expression. The result evaluates it on an input with variables (never named like one of the
 * functions); it throws whatever went wrong, then ask the interpreter. Throws NotQuick with the reason when the
 * expression uses more than the common part.
 */
export async function compileQuick(
  ast: unknown,
  functions: Record<string, unknown>,
): Promise<(input: unknown, bindings: Record<string, unknown>) => unknown> {
  library ??= loadLibrary()
  const all = Object.assign(Object.create(null), await library, functions)
  refuseShadows(ast as Node, all)
  const run = compile(ast as Node, { own: [], parent: null, functions: all })
  return (input, bindings) => {
    if (Array.isArray(input)) throw new NotQuick('the input is a list')
    calls = 0
    return run(input, new Scope(null, { ...bindings, $: input }))
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

const COMPILE: Record<string, (node: Node, names: Names) => Run> = {
  path,
  name: (node) => (input) => lookup(input, node.value as string),
  variable,
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

function compile(node: Node, names: Names): Run {
  const known = KNOWN[node.type]
  const make = COMPILE[node.type]
  if (!known || !make) throw new NotQuick(`${node.type} ${String(node.value ?? '')}`.trim())
  for (const key of Object.keys(node)) {
    const plain = key === 'type' || key === 'value' || key === 'position' || known.includes(key)
    if (!plain && node[key] !== undefined) throw new NotQuick(`${node.type} with ${key}`)
  }
  const run = make(node, names)
  const filters = ((node.predicate ?? []) as Node[]).map((f) => filter(f.expr as Node, names))
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

function path(node: Node, names: Names): Run {
  const steps = node.steps as Node[]
  if (steps.some((s) => s.consarray || s.type === 'lambda')) throw new NotQuick('a list as the first step')
  const runs = steps.map((step, i) => pathStep(step, names, i === steps.length - 1))
  const fromVariable = steps[0]!.type === 'variable'
  const chain = steps.every((s) => s.type === 'name' && !s.stages)
    ? steps.map((s) => s.value as string)
    : null
  return (input, scope) => {
    let items = Array.isArray(input) && !fromVariable ? input : [input]
    let from = 0
    // Most paths meet no list: then they are a chain of lookups.
    if (chain && !Array.isArray(input)) {
      let value: unknown = input
      for (; from < chain.length; from++) {
        value = lookup(value, chain[from]!)
        if (value === undefined || from === chain.length - 1) return value
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

function pathStep(step: Node, names: Names, last: boolean): (items: unknown[], scope: Scope) => unknown[] {
  const run = compile(step, names)
  const stages = ((step.stages ?? []) as Node[]).map((stage) => {
    if (stage.type !== 'filter') throw new NotQuick(`a step with ${stage.type}`)
    return filter(stage.expr as Node, names)
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

function filter(predicate: Node, names: Names): (input: unknown, scope: Scope) => unknown {
  if (predicate.type === 'number') {
    const wanted = Math.floor(predicate.value as number)
    return (input) => {
      const items = Array.isArray(input) ? input : [input]
      const item = items[wanted < 0 ? items.length + wanted : wanted]
      return Array.isArray(item) ? item : sequence(item === undefined ? [] : [item])
    }
  }
  const run = compile(predicate, names)
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

function unary(node: Node, names: Names): Run {
  if (node.value === '{') return object(node, names)
  if (node.value === '[') {
    const parts = (node.expressions as Node[]).map((n) => ({
      run: compile(n, names),
      whole: n.value === '[',
    }))
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
  const run = compile(node.expression as Node, names)
  return (input, scope) => {
    const value = run(input, scope)
    if (value === undefined) return undefined
    if (!isNumeric(value)) throw new TypeError('not a number')
    return -value
  }
}

function object(node: Node, names: Names): Run {
  const pairs = (node.lhs as [Node, Node][]).map(([key, value]) => {
    if (key.type !== 'string') throw new NotQuick('a computed key')
    return { key: key.value as string, run: compile(value, names) }
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

function condition(node: Node, names: Names): Run {
  const test = compile(node.condition as Node, names)
  const then = compile(node.then as Node, names)
  const otherwise = node.else ? compile(node.else as Node, names) : () => undefined
  return (input, scope) => (truth(test(input, scope)) ? then(input, scope) : otherwise(input, scope))
}

function block(node: Node, outer: Names): Run {
  const names: Names = { own: [], parent: outer, functions: outer.functions }
  const parts = (node.expressions as Node[]).map((n) => {
    if (n.type !== 'bind') return { slot: -1, run: compile(n, names) }
    const name = (n.lhs as Node).value as string
    // A lambda may call itself; any other value does not see its own name yet.
    const slot = names.own.length
    if ((n.rhs as Node).type === 'lambda') names.own.push(name)
    const run = compile(n.rhs as Node, names)
    if (names.own.length === slot) names.own.push(name)
    return { slot, run }
  })
  return (input, scope) => {
    const inner = new Scope(scope, scope.globals)
    let value: unknown
    for (const { slot, run } of parts) {
      value = run(input, inner)
      if (slot >= 0) inner.slots[slot] = value
    }
    return value
  }
}

/** Calls of lambdas in one evaluation; beyond it the interpreter goes on, which can be stopped by its time limit. */
const MOST_CALLS = 100_000
let calls = 0

/** A lambda as a value; only its own kind of call can use it. */
class Closure {
  /** How `truth` knows functions, the package's own and ours. */
  readonly _jsonata_function = true
  readonly call: (args: unknown[]) => unknown
  constructor(call: (args: unknown[]) => unknown) {
    this.call = call
  }
}

function lambda(node: Node, outer: Names): Run {
  if (node.signature) throw new NotQuick('a lambda with a signature')
  // A tail call, put off by the parser; here it is simply made (too deep a recursion ends in the interpreter).
  if (node.thunk) return compile(node.body as Node, outer)
  const own = (node.arguments as Node[]).map((a) => a.value as string)
  const body = compile(node.body as Node, { own, parent: outer, functions: outer.functions })
  return (input, scope) =>
    new Closure((args) => {
      if (++calls > MOST_CALLS) throw new NotQuick('too many calls')
      const inner = new Scope(scope, scope.globals)
      for (let i = 0; i < own.length; i++) inner.slots[i] = args[i]
      return body(input, inner)
    })
}

const FOCUS = { createSequence: (...items: unknown[]) => sequence(items) }

function call(node: Node, names: Names): Run {
  const procedure = node.procedure as Node
  if (procedure.type !== 'variable' || procedure.predicate || node.value !== '(') {
    throw new NotQuick('a computed function')
  }
  const find = variable(procedure, names)
  const args = (node.arguments as Node[]).map((n) => compile(n, names))
  const name = procedure.value as string
  const known = isBound(name, names) ? undefined : names.functions[name]
  if (typeof known === 'function') return direct(known as Plain, args)
  return (input, scope) => {
    const values = args.map((run) => run(input, scope))
    const work = find(input, scope)
    if (work instanceof Closure) return work.call(values)
    if (values.some((v) => v instanceof Closure)) throw new NotQuick('a function as an argument')
    if (typeof work === 'function') return atOnce((work as Plain)(...values))
    const builtin = work as Builtin | undefined
    if (!builtin?._jsonata_function) throw new NotQuick('no function')
    const checked = builtin.signature ? builtin.signature.validate(values, input) : values
    return atOnce(builtin.implementation.apply({ ...FOCUS, input }, checked))
  }
}

type Plain = (...args: unknown[]) => unknown

/** Calls one of our own functions, which is known when compiling. They are handed plain values only. */
function direct(work: Plain, args: Run[]): Run {
  const [a, b] = args
  if (a && !b) return (input, scope) => work(plain(a(input, scope)))
  if (a && b && args.length === 2) {
    return (input, scope) => work(plain(a(input, scope)), plain(b(input, scope)))
  }
  return (input, scope) => work(...args.map((run) => plain(run(input, scope))))
}

function plain(value: unknown): unknown {
  if (value instanceof Closure) throw new NotQuick('a function as an argument')
  return value
}

function atOnce(value: unknown): unknown {
  if (value instanceof Promise) throw new NotQuick('a function that takes time')
  return value
}

function binary(node: Node, names: Names): Run {
  const operate = OPERATORS[node.value as string]
  const left = compile(node.lhs as Node, names)
  const right = compile(node.rhs as Node, names)
  if (node.value === 'and') return (input, scope) => truth(left(input, scope)) && truth(right(input, scope))
  if (node.value === 'or') return (input, scope) => truth(left(input, scope)) || truth(right(input, scope))
  if (!operate) throw new NotQuick(`the operator ${String(node.value)}`)
  return (input, scope) => operate(left(input, scope), right(input, scope))
}

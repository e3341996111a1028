/** JSONata compiled to JavaScript: one synchronous function per expression. */
import { type Node, parse } from './ast.ts'
import { locate } from './call.ts'
import { emit } from './emit.ts'
import { ExpressionError, fail, toExpressionError } from './errors.ts'
import { apart, type Gen, line } from './gen.ts'
import { checkItems, enter, type Limits, leave } from './limits.ts'
import { RUNTIME, U } from './runtime.ts'
import { boundIn, frame } from './scopes.ts'
import { isSequence, norm, wrapInput } from './sequence.ts'

/** A compiled expression: called with the input and variables by name. Throws ExpressionError, or what a host function threw. */
export type Expression = (input: unknown, bindings?: Record<string, unknown>) => unknown

export interface CompileOptions {
  /** Functions that the expression may call as `$name`. They answer at once; a promise is a value like any other. */
  functions?: Readonly<Record<string, unknown>>
  limits?: Limits
  /**
   * Names that the variables of a call may have, where that is known: other names then stand for the library and the
   * host without a look at each call. Default: any.
   */
  variables?: readonly string[]
}

/** How an expression runs. */
export interface Compiled {
  run: Expression
  /** False never happens at present: there is code for every construct. */
  compiled: boolean
  /** Why it is left to the interpreter; null when compiled. */
  reason: string | null
  /** The generated code, for people who look into it. */
  code: string
}

/** `raw` is the whole input, `inp` what paths start from, `here` what `$` is at the top. */
type Main = (
  raw: unknown,
  inp: unknown,
  here: unknown,
  bindings: Record<string, unknown> | undefined,
) => unknown

interface Built {
  main: Main
  /** Names of the library or host that the code takes as such. */
  trusted: ReadonlySet<string>
  code: string
}

/**
 * Compiles an expression. Called when a mapping or policy is loaded. Throws ExpressionError with the parser's
 * code (S0…) and position.
 */
export function compileExpression(source: string, options: CompileOptions = {}): Expression {
  return describeExpression(source, options).run
}

/** The same, with what is to be told about it. */
export function describeExpression(source: string, options: CompileOptions = {}): Compiled {
  const tree = parse(source)
  const hosts = new Map(Object.entries(options.functions ?? {}))
  const limits = { ...options.limits }
  const { main, code } = both(tree, hosts, options.variables)
  const run: Expression = (input, bindings) => {
    const outer = enter(limits)
    try {
      return main(input, wrapInput(input), input, bindings)
    } catch (error) {
      throw locate(error, undefined)
    } finally {
      leave(outer)
    }
  }
  return { run, compiled: true, reason: null, code }
}

/** The quick code, for inputs that are objects, and the careful code behind it, made when it is needed. */
function both(
  tree: Node,
  hosts: ReadonlyMap<string, unknown>,
  variables?: readonly string[],
): Pick<Built, 'main' | 'code'> {
  const quick = build(tree, hosts, false, true)
  const safe = variables !== undefined && !variables.some((name) => quick.trusted.has(name))
  let any: Built | null = null
  let open: Built | null = null
  const main: Main = (raw, inp, here, bindings) => {
    // Who binds a name of the library or the host gets code that asks for every name.
    if (bindings && !safe && shadows(bindings, quick.trusted)) {
      open ??= build(tree, hosts, true, false)
      return open.main(raw, inp, here, bindings)
    }
    if (typeof inp === 'object' && inp !== null && !Array.isArray(inp)) {
      return quick.main(raw, inp, here, bindings)
    }
    any ??= build(tree, hosts, false, false)
    return any.main(raw, inp, here, bindings)
  }
  return { main, code: quick.code }
}

function shadows(bindings: Record<string, unknown>, trusted: ReadonlySet<string>): boolean {
  for (const name in bindings) if (trusted.has(name)) return true
  return false
}

const NAMES = Object.keys(RUNTIME)
const VALUES = Object.values(RUNTIME)

function build(tree: Node, hosts: ReadonlyMap<string, unknown>, open: boolean, plain: boolean): Built {
  const g: Gen = {
    lines: [],
    beside: new Map(),
    besideLines: [],
    constants: [],
    sites: [{ position: undefined, token: undefined }],
    ids: 0,
    globals: new Map(),
    entry: [],
    trusted: new Set(),
    hosts,
    open,
    emit: (node, cx) => emit(g, node, cx),
  }
  const body = apart(g, () => {
    const names = boundIn(tree)
    const scope = names.size === 0 ? null : frame(g, null, names)
    const value = g.emit(tree, { input: 'inp', root: true, scope, depth: 0, plain })
    line(g, `return ${value.js}`)
  })
  const code = [
    "'use strict'",
    ...g.constants.map((_, i) => `const C${i} = C[${i}]`),
    ...g.besideLines,
    'return function main(raw, inp, here, bindings) {',
    ...g.entry,
    'let p = 0',
    'try {',
    ...body,
    '} catch (e) { throw locate(e, S[p]) }',
    '}',
  ].join('\n')
  const make = new Function(...NAMES, 'C', 'S', 'evaluate', code)
  const main = make(...VALUES, g.constants, g.sites, evaluator(hosts)) as Main
  return { main, trusted: g.trusted, code }
}

const MOST_KEPT = 200

type Evaluate = (
  args: unknown[],
  context: unknown,
  root: unknown,
  bindings: Record<string, unknown> | undefined,
  visible: [string, unknown][],
) => unknown

/** `$eval`: expressions made at run time; the last ones are kept. */
function evaluator(hosts: ReadonlyMap<string, unknown>): Evaluate {
  const kept = new Map<string, Main>()
  return (args, context, root, bindings, visible) => {
    const [source, focus] = args
    if (args.length > 2) return fail('T0410', { index: 3, value: args[2] })
    if (source === undefined && args.length > 0) return undefined
    if (typeof source !== 'string') return fail('T0410', { index: 1, value: source })
    const bound: Record<string, unknown> = Object.assign(Object.create(null), bindings)
    for (const [name, value] of visible) if (value !== U) bound[name] = value
    let built = kept.get(source)
    if (!built) {
      checkItems(source.length)
      built = both(parseText(source), hosts).main
      if (kept.size >= MOST_KEPT) kept.clear()
      kept.set(source, built)
    }
    const input = focus === undefined ? context : isSequence(focus) ? focus : wrapInput(focus)
    try {
      return built(root, input, norm(focus ?? context), bound)
    } catch (error) {
      throw wrapped('D3121', error)
    }
  }
}

function wrapped(code: string, error: unknown): unknown {
  if (error instanceof ExpressionError) return new ExpressionError(code, { value: error.message }, error)
  return error
}

function parseText(source: string): Node {
  try {
    return parse(source)
  } catch (error) {
    throw wrapped('D3120', toExpressionError(error))
  }
}

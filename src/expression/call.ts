/** Calls of functions that are known only at run time: lambdas, functions of the library as values, host functions. */
import type { Signature } from './ast.ts'
import { ExpressionError, fail, toExpressionError } from './errors.ts'
import { norm } from './sequence.ts'

/** A function as a value: called with its arguments, at once. */
export interface Callable {
  (...args: unknown[]): unknown
  /** How its arguments are checked and completed from the context; absent for lambdas without signature. */
  spec?: { validate(args: unknown[], context: unknown): unknown[] }
  /** How many arguments it takes, where that is not its `length`. */
  arity?: number
}

/** A call that a lambda leaves to its caller, so that recursion in the last place needs no stack. */
export class Tail {
  readonly work: unknown
  readonly args: unknown[]
  constructor(work: unknown, args: unknown[]) {
    this.work = work
    this.args = args
  }
}

/** Makes the calls that were left until there is a value; a sequence of one stays one, as in the reference. */
export function bounce(result: unknown, context: unknown): unknown {
  let value = result
  while (value instanceof Tail) value = once(value.work, value.args, context)
  return value
}

function once(work: unknown, args: unknown[], context: unknown): unknown {
  if (typeof work !== 'function') return fail('T1006')
  const { spec } = work as Callable
  return (work as Callable)(...(spec === undefined ? args : check(spec, args, context)))
}

function check(spec: NonNullable<Callable['spec']>, args: unknown[], context: unknown): unknown[] {
  try {
    return spec.validate(args, context)
  } catch (error) {
    throw toExpressionError(error)
  }
}

/** Calls whatever it is. Throws T1006 when it is no function. */
export function call(work: unknown, args: unknown[], context: unknown): unknown {
  return bounce(once(work, args, context), context)
}

export function call0(work: unknown, context: unknown): unknown {
  if (typeof work !== 'function' || (work as Callable).spec !== undefined) return call(work, [], context)
  const value = (work as Callable)()
  return typeof value === 'object' ? bounce(value, context) : value
}
export function call1(work: unknown, a: unknown, context: unknown): unknown {
  if (typeof work !== 'function' || (work as Callable).spec !== undefined) return call(work, [a], context)
  const value = (work as Callable)(a)
  return typeof value === 'object' ? bounce(value, context) : value
}
export function call2(work: unknown, a: unknown, b: unknown, context: unknown): unknown {
  if (typeof work !== 'function' || (work as Callable).spec !== undefined) return call(work, [a, b], context)
  const value = (work as Callable)(a, b)
  return typeof value === 'object' ? bounce(value, context) : value
}

/** How many arguments a function takes. */
export function arityOf(work: unknown): number {
  if (typeof work !== 'function') return fail('T1006')
  const { arity, length } = work as Callable
  return arity ?? length
}

/** Calls a function given to $map and its like, with as many of the three arguments as it takes. */
export function callback(work: unknown, value: unknown, at: unknown, all: unknown): unknown {
  const arity = arityOf(work)
  if (arity < 2) return call1(work, value, null)
  return arity === 2 ? call2(work, value, at, null) : call(work, [value, at, all], null)
}

/** A function as an argument: what it is called on no longer completes its arguments. */
export function argument(value: unknown): unknown {
  if (typeof value !== 'function' || (value as Callable).spec === undefined) return value
  const inner: Callable = (...args) => call(value, args, null)
  inner.arity = arityOf(value)
  return inner
}

/** A function as host functions may call it: never with a call left over. */
export function forHost(value: unknown): unknown {
  if (typeof value !== 'function') return value
  return (...args: unknown[]) => call(value, args, null)
}

/** A lambda with a signature. */
export function signed(work: Callable, signature: Signature): Callable {
  // The parser's copies for ?: and ?? lose the checker.
  if (typeof signature.validate === 'function') work.spec = signature
  return work
}

/** A function of the context in which it is called in the end. */
export function withContext(work: (context: unknown) => unknown): Callable {
  const made: Callable = (context) => work(context)
  made.spec = { validate: (_, context) => [context] }
  return made
}

/** Stands for `?` in a partial application. */
export const HOLE = Symbol('?')

/** `$f(?, 2)`: a function of what is left open. Throws T1008 (T1007 is the caller's, who knows the name). */
export function partial(work: unknown, args: unknown[]): Callable {
  if (typeof work !== 'function') return fail('T1008')
  const arity = Math.max(arityOf(work), 0)
  const given = args.slice(0, Math.max(arity, work.length))
  const open = given.flatMap((a, i) => (a === HOLE ? [i] : []))
  const applied: Callable = (...rest) => {
    const all = [...given]
    for (const [i, at] of open.entries()) all[at] = rest[i]
    return call(work, all, null)
  }
  applied.arity = open.length
  return applied
}

/** `~>` with a function known only at run time. */
export function chain(left: unknown, work: unknown): unknown {
  if (typeof work !== 'function') return fail('T2006', { value: work })
  if (typeof left !== 'function') return call(work, [left], null)
  // The second call is left to the caller, whose context may complete its arguments.
  const both: Callable = (x) => new Tail(work, [norm(call1(left, x, null))])
  both.arity = 1
  return both
}

/** Where a call or an operator stands. */
export interface Site {
  position: number | undefined
  token: string | undefined
}

const STACK = /call stack/

/** Called with whatever generated code threw: adds where it was, once. */
export function locate(thrown: unknown, site: Site | undefined): unknown {
  if (thrown instanceof RangeError && STACK.test(thrown.message)) {
    return locate(new ExpressionError('U1001', { reason: 'it is nested too deeply' }, thrown), site)
  }
  const error = (thrown instanceof Error ? thrown : toExpressionError(thrown)) as Error & Partial<Site>
  if (site && Object.isExtensible(error)) {
    if (error.position === undefined) error.position = site.position
    if (error.token === undefined) error.token = site.token
  }
  return error
}

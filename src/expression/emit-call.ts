/** Calls of functions: of the host directly, of the library by what is known of the arguments, of others as they come. */
import type { Node } from './ast.ts'
import { emitEval, emitLibraryCall } from './emit-library.ts'
import {
  type Context,
  constant,
  deeper,
  type Gen,
  KIND,
  line,
  may,
  quote,
  set,
  site,
  type Val,
} from './gen.ts'
import { LIBRARY } from './library.ts'
import { globalOf, isScoped, readVariable } from './scopes.ts'

/** Called for `f(…)`, and for `x ~> f(…)` with what stands before it. `context` completes arguments. */
export function emitCall(g: Gen, node: Node, cx: Context, first: Val | null, context: string | null): Val {
  const procedure = node.procedure!
  const name = procedure.type === 'variable' ? (procedure.value as string) : null
  const token = (procedure.type === 'path' ? procedure.steps![0]!.value : procedure.value) as
    | string
    | undefined
  const where = context ?? (cx.root ? 'inp' : cx.input)
  if (name && name !== '$' && !procedure.predicate && !procedure.group && !isScoped(cx.scope, name)) {
    const known = globalOf(g, name)
    if (known.type === 'library') {
      return emitLibraryCall(g, {
        name,
        node,
        cx,
        first,
        context: where,
        at: () => site(g, node.position, name),
      })
    }
    if (known.type === 'host') return emitHostCall(g, node, cx, first, known.js)
  }
  const work = g.emit(procedure, cx)
  if (procedure.type === 'path') emitForgotten(g, node, cx, work, 'T1005')
  const args = emitArguments(g, node, cx, first)
  const list = args.length === 0 ? '' : `${args.join(', ')}, `
  const call =
    args.length <= 2
      ? `call${args.length}(${work.js}, ${list}${where})`
      : `call(${work.js}, [${args.join(', ')}], ${where})`
  line(g, `${site(g, node.position, token)}; M.depth += ${cx.depth}`)
  const result = set(g, name === 'eval' ? emitMaybeEval(g, node, cx, work, args, where, call) : call)
  line(g, `M.depth -= ${cx.depth}`)
  return result
}

/** `$eval`, where the name could stand for something else. */
function emitMaybeEval(
  g: Gen,
  node: Node,
  cx: Context,
  work: Val,
  args: string[],
  context: string,
  call: string,
) {
  const at = () => site(g, node.position, 'eval')
  const asked = `${work.js} === ${constant(g, LIBRARY.eval!.value)}`
  return `${asked} ? ${emitEval(g, { cx, context, at }, args)} : ${call}`
}

/** Evaluated arguments; functions among them lose the context of their definition. */
export function emitArguments(g: Gen, node: Node, cx: Context, first: Val | null): string[] {
  const args = node.arguments!.map((arg) => {
    const value = g.emit(arg, cx)
    return may(value, KIND.fn) && arg.type !== 'lambda'
      ? set(g, `typeof ${value.js} === 'function' ? argument(${value.js}) : ${value.js}`).js
      : value.js
  })
  return first ? [first.js, ...args] : args
}

function emitHostCall(g: Gen, node: Node, cx: Context, first: Val | null, work: string): Val {
  const args = node.arguments!.map((arg) => {
    const value = g.emit(arg, cx)
    return may(value, KIND.fn)
      ? `(typeof ${value.js} === 'function' ? forHost(${value.js}) : ${value.js})`
      : value.js
  })
  if (first) args.unshift(`forHost(${first.js})`)
  line(g, site(g, node.position, node.procedure!.value as string))
  return set(g, `${work}(${args.join(', ')})`)
}

/** `sum(x)` instead of `$sum(x)`. */
export function emitForgotten(g: Gen, node: Node, cx: Context, work: Val, code: string): void {
  const name = node.procedure!.steps![0]!.value
  if (typeof name !== 'string') return
  line(g, `if (${work.js} === undefined) {`)
  const meant = readVariable(g, cx.scope, name)
  line(
    g,
    `if (truthy(${meant.js})) { ${site(g, node.position, name)}; fail(${quote(code)}, { token: ${quote(name)} }) }`,
  )
  line(g, '}')
}

/** `x ~> f`. */
export function emitApply(g: Gen, node: Node, cx: Context): Val {
  const left = g.emit(node.lhs as Node, cx)
  const right = node.rhs!
  if (right.type === 'function' && !right.predicate && !right.group) {
    return emitCall(g, right, deeper(cx), left, null)
  }
  if (right.type === 'function') {
    // Its own predicates come after the call.
    const bare = { ...right, predicate: undefined, group: undefined } as Node
    return emitCall(g, bare, deeper(cx), left, null)
  }
  const name = right.type === 'variable' && !right.predicate && !right.group ? (right.value as string) : ''
  if (name !== '' && name !== '$' && !may(left, KIND.fn) && !isScoped(cx.scope, name)) {
    const known = globalOf(g, name)
    const node1: Node = { type: 'function', arguments: [], procedure: right, position: node.position }
    if (known.type === 'library') {
      const at = () => site(g, node.position, undefined)
      return emitLibraryCall(g, { name, node: node1, cx, first: left, context: 'null', at })
    }
    if (known.type === 'host') return emitHostCall(g, node1, cx, left, known.js)
  }
  const work = g.emit(right, cx)
  line(g, `${site(g, node.position, undefined)}; M.depth += ${cx.depth}`)
  const result = set(g, `chain(${left.js}, ${work.js})`)
  line(g, `M.depth -= ${cx.depth}`)
  return result
}

/** `f(?, x)`. */
export function emitPartial(g: Gen, node: Node, cx: Context): Val {
  const args = node.arguments!.map((arg) =>
    arg.type === 'operator' && arg.value === '?' ? 'HOLE' : g.emit(arg, cx).js,
  )
  const work = g.emit(node.procedure!, cx)
  if (node.procedure!.type === 'path') emitForgotten(g, node, cx, work, 'T1007')
  const { procedure } = node
  const token = (procedure!.type === 'path' ? procedure!.steps![0]!.value : procedure!.value) as string
  return set(g, `(${site(g, node.position, token)}, partial(${work.js}, [${args.join(', ')}]))`, KIND.fn)
}

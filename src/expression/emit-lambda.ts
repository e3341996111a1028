/** Lambdas, blocks, bindings and transformations. */
import type { Node } from './ast.ts'
import { emitCall } from './emit-call.ts'
import { emitClosure } from './emit-path.ts'
import { apart, type Context, constant, type Gen, id, KIND, line, on, set, truthOf, type Val } from './gen.ts'
import { checker, LIBRARY } from './library.ts'
import { boundIn, frame, globalOf, isScoped, readVariable, slotOf } from './scopes.ts'

/** A lambda as a value: a JavaScript function of its parameters. */
export function emitLambda(g: Gen, node: Node, cx: Context): Val {
  // A call in the last place, met where it needs no care.
  if (node.thunk) return emitCall(g, node.body!, { ...cx, depth: cx.depth }, null, 'null')
  const parameters = node.arguments!.map((a) => a.value as string)
  const names = parameters.map(() => id(g, 'a'))
  const body = apart(g, () => {
    const scope = frame(g, cx.scope, new Set([...parameters, ...boundIn(node.body)]))
    for (const [i, name] of parameters.entries()) {
      const slot = scope.names.get(name)!
      line(g, `${slot.js} = ${names[i]}`)
      slot.sure = true
      slot.raw = true
    }
    emitTail(g, node.body!, { ...cx, scope, depth: 0 })
  })
  const work = [
    `(${names.join(', ')}) => {`,
    'if (--M.fuel < 0 || M.depth >= M.maxDepth) spent()',
    'let p = 0',
    'try {',
    ...body,
    '} catch (e) { throw locate(e, S[p]) }',
    '}',
  ].join('\n')
  if (!node.signature) return set(g, work, KIND.fn)
  return set(g, `signed(${work}, ${constant(g, node.signature)})`, KIND.fn)
}

/** The body of a lambda, whose last call is left to the caller. */
function emitTail(g: Gen, node: Node, cx: Context): void {
  const bare = !node.predicate && !node.group && !node.keepArray
  if (bare && node.type === 'condition') {
    const inner = { ...cx, depth: cx.depth + 1 }
    const asked = g.emit(node.condition!, inner)
    line(g, `if (${truthOf(asked)}) {`)
    emitTail(g, node.then!, inner)
    line(g, '} else {')
    if (node.else) emitTail(g, node.else, inner)
    else line(g, 'return undefined')
    line(g, '}')
  } else if (bare && node.type === 'block' && node.expressions!.length > 0) {
    const inner = { ...cx, scope: frame(g, cx.scope, boundIn(node.expressions)), depth: cx.depth + 1 }
    for (const one of node.expressions!.slice(0, -1)) emitStatement(g, one, inner)
    emitTail(g, node.expressions!.at(-1)!, inner)
  } else if (node.type === 'lambda' && node.thunk) emitLeft(g, node.body!, cx)
  else line(g, `return ${g.emit(node, cx).js}`)
}

/**
 * A call in the last place. The library and the host are called at once, as they cannot recurse without end,
 * except where an argument may come from the context: that is the caller's.
 */
function emitLeft(g: Gen, node: Node, cx: Context): void {
  const { procedure } = node
  const name = procedure!.type === 'variable' ? (procedure!.value as string) : ''
  const bare = name !== '' && name !== '$' && !procedure!.predicate && !procedure!.group
  const known = bare && !isScoped(cx.scope, name) ? globalOf(g, name).type : 'bound'
  const signature = known === 'library' ? LIBRARY[name]!.signature : ''
  const whole = !signature.includes('-') || node.arguments!.length >= LIBRARY[name]!.arity
  if (known === 'library' && name === 'eval') {
    const x = id(g)
    const body = apart(g, () => line(g, `return ${emitCall(g, node, cx, null, x).js}`))
    line(g, `return new Tail(withContext((${x}) => {\n${body.join('\n')}\n}), [])`)
    return
  }
  if ((known === 'library' && whole) || known === 'host') {
    line(g, `return ${emitCall(g, node, cx, null, 'null').js}`)
    return
  }
  const work = g.emit(procedure!, cx)
  const args = node.arguments!.map((arg) => g.emit(arg, cx).js)
  line(g, `return new Tail(${work.js}, [${args.join(', ')}])`)
}

/** One expression of a block. A lambda that is bound may use its own name. */
export function emitStatement(g: Gen, node: Node, cx: Context): Val {
  const value = g.emit(node, cx)
  if (node.type === 'bind') slotOf(cx.scope, (node.lhs as Node).value as string).sure = true
  return value
}

export function emitBlock(g: Gen, node: Node, cx: Context): Val {
  const expressions = node.expressions!
  if (expressions.length === 0) return { js: 'undefined', kind: KIND.none }
  const names = boundIn(expressions)
  const inner = names.size === 0 ? cx : { ...cx, scope: frame(g, cx.scope, names) }
  let value: Val = { js: 'undefined', kind: KIND.none }
  for (const one of expressions) value = emitStatement(g, one, inner)
  return value
}

export function emitBind(g: Gen, node: Node, cx: Context): Val {
  const value = g.emit(node.rhs!, cx)
  line(g, `${slotOf(cx.scope, (node.lhs as Node).value as string).js} = ${value.js}`)
  return value
}

export function emitTransform(g: Gen, node: Node, cx: Context): Val {
  const part = (of: Node) => {
    const item = id(g)
    return emitClosure(g, [item], of, on(cx, item))
  }
  const clone = apart(g, () => line(g, `return ${readVariable(g, cx.scope, 'clone').js}`))
  const positions = { own: node.position, update: node.update!.position, remove: node.delete?.position }
  const parts = [
    `pattern: ${part(node.pattern!)}`,
    `update: ${part(node.update!)}`,
    `remove: ${node.delete ? part(node.delete) : 'null'}`,
    `clone: () => {\n${clone.join('\n')}\n}`,
    `positions: ${JSON.stringify(positions)}`,
    `validate: ${constant(g, checker('<(oa):o>').validate)}`,
  ]
  // Its parts say where they are in a counter of their own, as it may be called later.
  return set(
    g,
    `(() => { let p = 0; return guarded(transformer({ ${parts.join(', ')} }), () => S[p]) })()`,
    KIND.fn,
  )
}

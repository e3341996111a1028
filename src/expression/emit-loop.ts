/** `$map`, `$filter`, `$reduce` and `$each`-like calls with a lambda written in place: loops without calls. */
import type { Node } from './ast.ts'
import { type Context, type Gen, id, isOnly, KIND, type LibraryCall, line, may, type Val } from './gen.ts'
import { boundIn, frame } from './scopes.ts'

const MOST: Record<string, number> = { map: 3, filter: 3, reduce: 4 }

/** Null where it has to be called as usual. */
export function emitLoop(g: Gen, call: LibraryCall): Val | null {
  const { name, node, cx, first } = call
  const most = MOST[name]
  const given = first ? [null, ...node.arguments!] : node.arguments!
  const lambda = given[1]
  const wrong = !most || given.length < 2 || given.length > (name === 'reduce' ? 3 : 2)
  if (wrong || !isPlainLambda(lambda ?? null)) return null
  const own = lambda!.arguments!.map((a) => a.value as string)
  if (name === 'reduce' && own.length < 2) return null
  if (new Set(own).size < own.length) return null
  const list = first ?? g.emit(given[0]!, cx)
  const start = given[2] ? g.emit(given[2], cx) : null
  if (start && may(start, KIND.fn))
    return name === 'reduce' ? emitReduceChecked(g, call, list, start, lambda!) : null
  return name === 'reduce' ? emitReduce(g, cx, list, start, lambda!) : emitMap(g, call, list, lambda!, own)
}

function isPlainLambda(node: Node | null): boolean {
  return node?.type === 'lambda' && !node.thunk && !node.signature && !node.predicate && !node.group
}

/** A function as the start value is refused at run time, as the signature says. */
function emitReduceChecked(g: Gen, call: LibraryCall, list: Val, start: Val, lambda: Node): Val {
  line(
    g,
    `if (typeof ${start.js} === 'function') { ${call.at()}; fail('T0410', { index: 3, value: ${start.js} }) }`,
  )
  return emitReduce(g, call.cx, list, start, lambda)
}

/** The body of a lambda in line: its parameters are variables of this turn of the loop. */
function emitBody(g: Gen, cx: Context, lambda: Node, values: string[]): Val {
  const own = lambda.arguments!.map((a) => a.value as string)
  const scope = frame(g, cx.scope, new Set([...own, ...boundIn(lambda.body)]))
  for (const [i, name] of own.entries()) {
    const slot = scope.names.get(name)!
    line(g, `${slot.js} = ${values[i] ?? 'undefined'}`)
    slot.sure = true
    slot.raw = true
  }
  return g.emit(lambda.body!, { ...cx, scope, depth: cx.depth + 1 })
}

function emitMap(g: Gen, { name, cx }: LibraryCall, list: Val, lambda: Node, own: string[]): Val {
  const result = id(g)
  const items = id(g)
  const [out, i, item] = [id(g), id(g, 'i'), id(g)]
  line(g, `let ${result}`)
  line(g, `if (${list.js} !== undefined) {`)
  line(g, `const ${items} = Array.isArray(${list.js}) ? ${list.js} : [${list.js}], ${out} = []`)
  line(g, `for (let ${i} = 0; ${i} < ${items}.length; ${i}++) {`)
  line(g, 'if (--M.fuel < 0) spent()')
  line(g, `const ${item} = ${items}[${i}]`)
  const value = emitBody(g, cx, lambda, [item, i, own.length > 2 ? items : 'undefined'])
  if (name === 'filter')
    line(g, `if (${isOnly(value, KIND.bool) ? value.js : `truth(${value.js})`}) ${out}.push(${item})`)
  else if (may(value, KIND.none)) line(g, `if (${value.js} !== undefined) ${out}.push(${value.js})`)
  else line(g, `${out}.push(${value.js})`)
  line(g, '}')
  line(g, `${result} = sequence(${out})`)
  line(g, '}')
  return { js: result, kind: 255 }
}

function emitReduce(g: Gen, cx: Context, list: Val, start: Val | null, lambda: Node): Val {
  const [result, items, i] = [id(g), id(g), id(g, 'i')]
  line(g, `let ${result}`)
  line(g, `if (${list.js} !== undefined) {`)
  line(g, `const ${items} = Array.isArray(${list.js}) ? ${list.js} : [${list.js}]`)
  line(g, `let ${i} = 0; ${result} = ${start ? start.js : 'undefined'}`)
  line(g, `if (${result} === undefined && ${items}.length > 0) { ${result} = ${items}[0]; ${i} = 1 }`)
  line(g, `for (; ${i} < ${items}.length; ${i}++) {`)
  line(g, 'if (--M.fuel < 0) spent()')
  const value = emitBody(g, cx, lambda, [result, `${items}[${i}]`, i, items])
  line(g, `${result} = ${value.js}`)
  line(g, '}')
  line(g, '}')
  return { js: result, kind: 255 }
}

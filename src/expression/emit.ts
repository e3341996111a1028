/** Every kind of node, and what happens after each: predicates, grouping, and what becomes of sequences. */
import type { Node } from './ast.ts'
import { emitApply, emitCall, emitPartial } from './emit-call.ts'
import { emitGroup, emitObject } from './emit-group.ts'
import { emitBind, emitBlock, emitLambda, emitTransform } from './emit-lambda.ts'
import { emitBinary, emitCondition, emitLiteral, emitNegation } from './emit-operators.ts'
import { emitFresh, emitPath, emitPredicates } from './emit-path.ts'
import {
  ANY,
  type Context,
  constant,
  type Gen,
  id,
  isPlain,
  KIND,
  line,
  may,
  normed,
  quote,
  set,
  type Val,
} from './gen.ts'
import { makePattern } from './regex.ts'
import { readVariable } from './scopes.ts'

type Emit = (g: Gen, node: Node, cx: Context) => Val

const EMIT: Record<string, Emit> = {
  path: emitPath,
  binary: emitBinary,
  unary: emitUnary,
  name: emitName,
  string: emitLiteral,
  number: emitLiteral,
  value: emitLiteral,
  wildcard: (g, _, cx) => set(g, `wildcard(${cx.input})`),
  descendant: (g, _, cx) => set(g, `descendants(${cx.input})`),
  parent: (g, node, cx) => readVariable(g, cx.scope, node.slot!.label),
  condition: emitCondition,
  block: emitBlock,
  bind: emitBind,
  regex: emitRegex,
  function: (g, node, cx) => emitCall(g, node, cx, null, null),
  variable: emitVariable,
  lambda: emitLambda,
  partial: emitPartial,
  apply: emitApply,
  transform: emitTransform,
  // `?` outside a call gives nothing.
  operator: () => ({ js: 'undefined', kind: KIND.none }),
}

/** Kinds of nodes whose values may be sequences that are still to become their item. */
const OPEN = new Set(['function', 'apply', 'partial', 'block', 'condition', 'bind'])

/** Generates the code of a node. */
export function emit(g: Gen, node: Node, outer: Context): Val {
  const work = EMIT[node.type]
  if (!work) throw new Error(`no code for ${node.type}`)
  const cx = { ...outer, depth: outer.depth + 1 }
  let value = work(g, node, cx)
  let open = OPEN.has(node.type)
  if (node.predicate) {
    const before = value
    if (open) value = set(g, before.js, before.kind)
    value = { js: emitPredicates(g, value, node, cx).js, kind: ANY }
    open = true
  }
  if (node.group && node.type !== 'path') {
    value = emitGroup(g, node.group, value, cx)
    open = false
  }
  if (!may(value, KIND.list)) return value
  if (node.keepArray && node.type !== 'path') return set(g, `normKeep(${value.js})`, value.kind)
  return open ? set(g, normed(value.js), value.kind) : value
}

function emitName(g: Gen, node: Node, { input }: Context): Val {
  const key = node.value as string
  const slow = `lookup(${input}, ${quote(key)})`
  if (key in Object.prototype) return set(g, slow)
  return set(g, `${isPlain(input)} ? ${input}[${quote(key)}] : ${slow}`)
}

function emitVariable(g: Gen, node: Node, cx: Context): Val {
  if (node.value === '') return cx.root ? { js: 'here', kind: ANY } : set(g, `norm(${cx.input})`)
  return readVariable(g, cx.scope, node.value as string)
}

/** The parser's copies for `?:` and `??` lose the expression; the reference then looks for this text, too. */
function asRegExp(value: unknown): RegExp {
  return value instanceof RegExp ? value : new RegExp(String(value))
}

function emitRegex(g: Gen, node: Node): Val {
  const pattern = constant(g, makePattern(asRegExp(node.value)))
  return set(g, `matcher(${pattern}, ${Number(node.position)})`, KIND.fn)
}

function emitUnary(g: Gen, node: Node, cx: Context): Val {
  if (node.value === '{') return emitObject(g, node, cx)
  if (node.value === '-') return emitNegation(g, node, cx)
  return emitArray(g, node, cx)
}

const SCALARS = KIND.bool | KIND.num | KIND.str | KIND.null | KIND.obj | KIND.fn

/** `[…]`: lists in it are opened, except those that are written as lists. */
function emitArray(g: Gen, node: Node, cx: Context): Val {
  const items = node.expressions!
  const single = items.length === 1 ? items[0]! : null
  const name = (single && emitWhole(g, single, cx)) ?? emitItems(g, items, cx)
  if (node.consarray) line(g, `markCons(${name})`)
  return { js: name, kind: KIND.list }
}

/** The list of `[from..to]` and of `[path]`, where the item makes the list itself; null for others. */
function emitWhole(g: Gen, item: Node, cx: Context): string | null {
  const inner = { ...cx, depth: cx.depth + 1 }
  const isBare = !item.predicate && !item.group && !item.keepArray
  if (item.type === 'binary' && item.value === '..' && isBare) return emitRangeList(g, item, inner)
  return emitFresh(g, item, inner)
}

function emitItems(g: Gen, items: Node[], cx: Context): string {
  const name = id(g)
  const values: [Val, boolean][] = []
  for (const item of items) values.push([g.emit(item, cx), item.value === '['])
  let sure = 0
  while (sure < values.length && (values[sure]![0].kind & ~SCALARS) === 0) sure++
  const first = values.slice(0, sure).map(([v]) => v.js)
  line(g, `const ${name} = [${first.join(', ')}]`)
  for (const [value, whole] of values.slice(sure)) {
    const one = `${name}.push(${value.js})`
    const add =
      whole || !may(value, KIND.list)
        ? one
        : `typeof ${value.js} === 'object' ? pushAll(${name}, ${value.js}) : ${one}`
    line(g, may(value, KIND.none) ? `if (${value.js} !== undefined) ${add}` : add)
  }
  return name
}

function emitRangeList(g: Gen, node: Node, cx: Context): string {
  const from = g.emit(node.lhs as Node, cx)
  const to = g.emit(node.rhs!, cx)
  g.sites.push({ position: node.position, token: '..' })
  return set(g, `(p = ${g.sites.length - 1}, rangeList(${from.js}, ${to.js}))`).js
}

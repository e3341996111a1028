/** Objects: constructors and grouping. */
import type { Node } from './ast.ts'
import { type Context, type Gen, id, isOnly, KIND, line, may, on, quote, set, site, type Val } from './gen.ts'

type Pairs = [Node, Node][]

/** A constructor's keys are texts and all different. */
function fixedKeys(pairs: Pairs): string[] | null {
  const keys = pairs.map(([key]) => (key.type === 'string' && !key.predicate && !key.group ? key.value : null))
  const plain = keys.every((k) => typeof k === 'string' && !k.startsWith('_jsonata_'))
  return plain && new Set(keys).size === keys.length ? (keys as string[]) : null
}

/** `{…}`: on one item an object, on a list the object of all its items together. */
export function emitObject(g: Gen, node: Node, cx: Context): Val {
  const pairs = node.lhs as Pairs
  const keys = fixedKeys(pairs)
  if (!keys) return emitGroup(g, { lhs: pairs, position: node.position! }, { js: cx.input, kind: KIND.list }, cx)
  const input = needsInput(pairs)
    ? set(g, `Array.isArray(${cx.input}) ? together(${cx.input}) : ${cx.input}`).js
    : cx.input
  const inner = { ...on(cx, input), depth: cx.depth }
  if (input === cx.input) inner.root = cx.root
  const values = pairs.map(([, value]) => g.emit(value, inner))
  return build(g, keys, values)
}

/** Whole numbers come first in an object, whatever the order of writing, so the order of setting is free. */
function build(g: Gen, keys: string[], values: Val[]): Val {
  const name = id(g)
  let sure = 0
  while (sure < keys.length && !may(values[sure]!, KIND.none) && keys[sure] !== '__proto__') sure++
  const start = keys.slice(0, sure).map((key, i) => `${quote(key)}: ${values[i]!.js}`)
  line(g, `const ${name} = {${start.join(', ')}}`)
  for (let i = sure; i < keys.length; i++) {
    const key = keys[i]!
    const value = values[i]!
    if (isOnly(value, KIND.none)) continue
    const put =
      key === '__proto__'
        ? `put(${name}, ${quote(key)}, ${value.js})`
        : `${name}[${quote(key)}] = ${value.js}`
    line(g, may(value, KIND.none) ? `if (${value.js} !== undefined) ${put}` : put)
  }
  return { js: name, kind: KIND.obj }
}

/** Whether any value looks at the input; texts and numbers do not. */
function needsInput(pairs: Pairs): boolean {
  const still = (n: Node): boolean =>
    (['string', 'number', 'value'].includes(n.type) && !n.predicate && !n.group) ||
    (n.type === 'unary' && n.value === '{' && !n.predicate && !n.group && (n.lhs as Pairs).every(([k, v]) => still(k) && still(v)))
  return !pairs.every(([, value]) => still(value))
}

/** Grouping by computed keys, or of a list. */
export function emitGroup(g: Gen, group: { lhs: Pairs; position: number }, value: Val, cx: Context): Val {
  const made = emitPairs(g, group.lhs, cx)
  return set(g, `(${site(g, group.position, undefined)}, group(${value.js}, [${made}]))`, KIND.obj)
}

/** The entries of a group as functions of an item and a tuple. */
export function emitPairs(g: Gen, pairs: Pairs, cx: Context, inside: (tuple: string) => Context = () => cx): string {
  const part = (node: Node) => {
    const [item, tuple] = [id(g), id(g)]
    const outer = g.lines
    g.lines = []
    const value = g.emit(node, on(inside(tuple), item))
    const body = g.lines
    g.lines = outer
    return `(${item}, ${tuple}) => {\n${body.join('\n')}\nreturn ${value.js}\n}`
  }
  return pairs.map(([key, value]) => `{ key: ${part(key)}, value: ${part(value)} }`).join(', ')
}

/** Objects: constructors and grouping. */
import type { Node } from './ast.ts'
import { besideOnce, type Context, type Gen, id, KIND, may, on, quote, set, site, type Val } from './gen.ts'

type Pairs = [Node, Node][]

/** A constructor's keys are texts and all different. */
function fixedKeys(pairs: Pairs): string[] | null {
  const keys = pairs.map(([key]) =>
    key.type === 'string' && !key.predicate && !key.group ? key.value : null,
  )
  const plain = keys.every((k) => typeof k === 'string' && !k.startsWith('_jsonata_'))
  return plain && new Set(keys).size === keys.length ? (keys as string[]) : null
}

/** `{…}`: on one item an object, on a list the object of all its items together. */
export function emitObject(g: Gen, node: Node, cx: Context): Val {
  const pairs = node.lhs as Pairs
  const keys = fixedKeys(pairs)
  if (!keys)
    return emitGroup(g, { lhs: pairs, position: node.position! }, { js: cx.input, kind: KIND.list }, cx)
  const input =
    !cx.plain && needsInput(pairs)
      ? set(g, `Array.isArray(${cx.input}) ? together(${cx.input}) : ${cx.input}`).js
      : cx.input
  const inner = { ...on(cx, input), depth: cx.depth, plain: cx.plain }
  if (input === cx.input) inner.root = cx.root
  const values = pairs.map(([, value]) => g.emit(value, inner))
  return build(g, keys, values)
}

/**
 * The object is made by a constructor of its own: the machine then leaves room for all its fields, also where some
 * are left out. It is a plain object: its prototype is that of all plain objects.
 */
function build(g: Gen, keys: string[], values: Val[]): Val {
  const maker = besideOnce(
    g,
    `object:${JSON.stringify(keys)}:${values.map((v) => v.kind & KIND.none)}`,
    (name) => {
      const body = keys.map((key, i) => {
        const put = key === '__proto__' ? `put(this, ${quote(key)}, a${i})` : `this[${quote(key)}] = a${i}`
        return may(values[i]!, KIND.none) ? `if (a${i} !== undefined) ${put}` : put
      })
      const parameters = keys.map((_, i) => `a${i}`).join(', ')
      return `function ${name}(${parameters}) {\n${body.join('\n')}\n}\n${name}.prototype = Object.prototype`
    },
  )
  return set(g, `new ${maker}(${values.map((v) => v.js).join(', ')})`, KIND.obj)
}

/** Whether any value looks at the input; texts and numbers do not. */
function needsInput(pairs: Pairs): boolean {
  const still = (n: Node): boolean =>
    (['string', 'number', 'value'].includes(n.type) && !n.predicate && !n.group) ||
    (n.type === 'unary' &&
      n.value === '{' &&
      !n.predicate &&
      !n.group &&
      (n.lhs as Pairs).every(([k, v]) => still(k) && still(v)))
  return !pairs.every(([, value]) => still(value))
}

/** Grouping by computed keys, or of a list. */
export function emitGroup(g: Gen, group: { lhs: Pairs; position: number }, value: Val, cx: Context): Val {
  const made = emitPairs(g, group.lhs, cx)
  return set(g, `(${site(g, group.position, undefined)}, group(${value.js}, [${made}]))`, KIND.obj)
}

/** The entries of a group as functions of an item and a tuple. */
export function emitPairs(
  g: Gen,
  pairs: Pairs,
  cx: Context,
  inside: (tuple: string) => Context = () => cx,
): string {
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

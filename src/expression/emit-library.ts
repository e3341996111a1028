/** Calls of JSONata's own functions: in line where types are right, else by the checked way that also makes the errors. */
import type { Node } from './ast.ts'
import { emitLoop } from './emit-loop.ts'
import {
  type Context,
  constant,
  type Gen,
  isOnly,
  KIND,
  type LibraryCall,
  line,
  may,
  quote,
  set,
  type Val,
} from './gen.ts'
import { LIBRARY } from './library.ts'

export function emitLibraryCall(g: Gen, call: LibraryCall): Val {
  const { name, node, cx, first } = call
  const loop = emitLoop(g, call)
  if (loop) return loop
  const table = name === 'lookup' && !first ? emitTable(g, node, cx) : null
  if (table) return table
  const args = node.arguments!.map((arg) => {
    const value = g.emit(arg, cx)
    if (!may(value, KIND.fn) || arg.type === 'lambda' || arg.type === 'regex') return value
    return set(g, `typeof ${value.js} === 'function' ? argument(${value.js}) : ${value.js}`, value.kind)
  })
  if (first) args.unshift(first)
  if (name === 'eval') {
    const values = args.map((a) => a.js)
    return set(g, emitEval(g, call, values))
  }
  return SHORT[name]?.(g, args) ?? emitChecked(g, call, args)
}

/** Functions during whose calls lambdas are called. */
const DEEP = new Set('map filter single reduce sift each sort replace match split contains'.split(' '))

function emitChecked(g: Gen, call: LibraryCall, args: Val[]): Val {
  const { name, cx } = call
  const entry = LIBRARY[name]!
  const work = constant(g, entry.work)
  const checkedArgs = args.map((a) => a.js).join(', ')
  const checked = `checked(${constant(g, entry)}, [${checkedArgs}], ${call.context})`
  inLists(g, entry.signature, args)
  const list = args.map((a) => a.js).join(', ')
  line(g, call.at())
  const depth = DEEP.has(name) && args.some((a) => may(a, KIND.fn))
  if (depth) line(g, `M.depth += ${cx.depth}`)
  const guard = guards(entry.signature, args)
  const result = set(
    g,
    guard === null ? checked : guard === '' ? `${work}(${list})` : `${guard} ? ${work}(${list}) : ${checked}`,
    entry.kind,
  )
  if (depth) line(g, `M.depth -= ${cx.depth}`)
  return result
}

/** Functions that are a few characters of code. */
const SHORT: Record<string, (g: Gen, args: Val[]) => Val | null> = {
  exists: (g, [a, more]) => (a && !more ? set(g, `${a.js} !== undefined`, KIND.bool) : null),
  not: (g, [a, more]) => {
    if (!a || more) return null
    if (isOnly(a, KIND.bool)) return set(g, `!${a.js}`, KIND.bool)
    return set(g, `${a.js} === undefined ? undefined : !truth(${a.js})`, KIND.bool | KIND.none)
  },
  boolean: (g, [a, more]) => {
    if (!a || more) return null
    return set(g, `${a.js} === undefined ? undefined : truth(${a.js})`, KIND.bool | KIND.none)
  },
  count: (g, [a, more]) => {
    if (!a || more) return null
    const list = may(a, KIND.list) ? `Array.isArray(${a.js}) ? ${a.js}.length : ` : ''
    return set(g, `${list}${a.js} === undefined ? 0 : 1`, KIND.num)
  },
  string: (g, [a, more]) =>
    a && !more
      ? set(g, `typeof ${a.js} === 'string' ? ${a.js} : text(${a.js})`, KIND.str | (a.kind & KIND.none))
      : null,
}

const TYPES: Record<string, (js: string) => string> = {
  s: (js) => `typeof ${js} === 'string'`,
  n: (js) => `typeof ${js} === 'number'`,
  b: (js) => `typeof ${js} === 'boolean'`,
  f: (js) => `typeof ${js} === 'function'`,
  o: (js) => `isObject(${js})`,
  'a<n>': (js) => `isNumbers(${js})`,
  'a<s>': (js) => `isTexts(${js})`,
  'a<o>': (js) => `isObjects(${js})`,
  a: (js) => `Array.isArray(${js})`,
}
const KINDS: Record<string, number> = { s: KIND.str, n: KIND.num, b: KIND.bool, f: KIND.fn }

interface Parameter {
  types: string[]
  /** May be left out at the end. */
  optional: boolean
}

/** The parameters of a signature. */
function parameters(signature: string): Parameter[] {
  const found: Parameter[] = []
  for (let at = 1; at < signature.length && !':>'.includes(signature[at]!); at++) {
    const sign = signature[at]!
    if (sign === '?') found.at(-1)!.optional = true
    else if (sign === '(') {
      const end = signature.indexOf(')', at)
      found.push({ types: [...signature.slice(at + 1, end)], optional: false })
      at = end
    } else if (sign === '<') {
      const end = signature.indexOf('>', at)
      const last = found.at(-1)!
      if (last.types[0] === 'a') last.types = [`a${signature.slice(at, end + 1)}`]
      at = end
    } else if (sign !== '-' && sign !== '+') found.push({ types: [sign], optional: false })
  }
  return found
}

/** One value where a list is wanted is put into one. */
function inLists(g: Gen, signature: string, args: Val[]): void {
  if (signature.includes('+')) return
  for (const [i, { types }] of parameters(signature).entries()) {
    const arg = args[i]
    if (!types[0]!.startsWith('a') || types.length > 1 || !arg || isOnly(arg, KIND.none)) continue
    args[i] = set(
      g,
      `${arg.js} === undefined || Array.isArray(${arg.js}) ? ${arg.js} : [${arg.js}]`,
      KIND.list | KIND.none,
    )
  }
}

/** What must hold for a call without check; '' for nothing, null where only the checked way will do. */
function guards(signature: string, args: Val[]): string | null {
  const wanted = parameters(signature)
  const least = wanted.filter((w) => !w.optional).length
  if (args.length > wanted.length || args.length < least || signature.includes('+')) return null
  const checks: string[] = []
  for (const [i, arg] of args.entries()) {
    const { types } = wanted[i]!
    if (types[0] === 'x') continue
    if (types[0] === 'j') {
      if (may(arg, KIND.fn)) checks.push(`typeof ${arg.js} !== 'function'`)
      continue
    }
    // Nothing is taken for anything but a function.
    const none: number = types.join('') === 'f' ? 0 : KIND.none
    const known = types.reduce((bits, t) => bits | (KINDS[t] ?? 0), none)
    if (isOnly(arg, known)) continue
    const options = types.map((t) => TYPES[t]!(arg.js))
    if (may(arg, none)) options.push(`${arg.js} === undefined`)
    checks.push(options.length === 1 ? options[0]! : `(${options.join(' || ')})`)
  }
  return checks.join(' && ')
}

/** `$lookup({…}, key)` with a written table: the table is made once. */
function emitTable(g: Gen, node: Node, cx: Context): Val | null {
  const [table, key] = node.arguments!
  if (node.arguments!.length !== 2 || table!.type !== 'unary' || table!.value !== '{') return null
  if (table!.predicate || table!.group) return null
  const pairs = table!.lhs as [Node, Node][]
  const literal = (n: Node) => ['string', 'number', 'value'].includes(n.type) && !n.predicate && !n.group
  if (!pairs.every(([k, v]) => k.type === 'string' && literal(k) && literal(v))) return null
  const map = new Map(pairs.map(([k, v]) => [k.value, v.value]))
  if (map.size < pairs.length || [...map.keys()].some((k) => String(k).startsWith('_jsonata_'))) return null
  const wanted = g.emit(key!, cx)
  const kind = pairs.every(([, v]) => v.type === 'string')
    ? KIND.str | KIND.none
    : KIND.str | KIND.none | KIND.num | KIND.bool | KIND.null
  const checked = `checked(${constant(g, LIBRARY.lookup)}, [{}, ${wanted.js}], null)`
  const at = g.sites.push({ position: node.position, token: 'lookup' }) - 1
  return set(
    g,
    `typeof ${wanted.js} === 'string' ? ${constant(g, map)}.get(${wanted.js}) : (p = ${at}, ${checked})`,
    kind,
  )
}

/** `$eval` sees the variables of the place where it is called. */
export function emitEval(g: Gen, call: Pick<LibraryCall, 'cx' | 'context' | 'at'>, args: string[]): string {
  const visible = new Set<string>()
  for (let at = call.cx.scope; at; at = at.parent) {
    for (const name of at.names.keys()) visible.add(name)
    for (const name of at.tuple?.names ?? []) visible.add(name)
  }
  const bound = [...visible].map((name) => {
    const slots: string[] = []
    for (let at = call.cx.scope; at; at = at.parent) {
      if (at.tuple?.names.has(name))
        slots.push(
          `${at.tuple.js} !== null && hasOwn(${at.tuple.js}, ${quote(name)}) ? ${at.tuple.js}[${quote(name)}]`,
        )
      const slot = at.names.get(name)
      if (slot) slots.push(`${slot.js} !== U ? ${slot.js}`)
    }
    return `[${quote(name)}, ${slots.join(' : ')} : U]`
  })
  line(g, call.at())
  return `evaluate([${args.join(', ')}], ${call.context}, raw, bindings, [${bound.join(', ')}])`
}

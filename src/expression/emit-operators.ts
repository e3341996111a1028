/** Operators: the common case in line, the rest by the runtime. */
import type { Node } from './ast.ts'
import {
  type Context,
  constant,
  type Gen,
  id,
  isOnly,
  KIND,
  line,
  may,
  set,
  site,
  truthOf,
  type Val,
} from './gen.ts'

const ARITHMETIC: Record<string, string> = {
  '+': 'add',
  '-': 'subtract',
  '*': 'multiply',
  '/': 'divide',
  '%': 'remainder',
}
const COMPARISON: Record<string, string> = { '<': 'less', '<=': 'atMost', '>': 'greater', '>=': 'atLeast' }

export function emitBinary(g: Gen, node: Node, cx: Context): Val {
  const sign = node.value as string
  if (sign === 'and' || sign === 'or') return emitLogic(g, node, cx)
  if (sign === 'in') {
    const quick = emitIn(g, node, cx)
    if (quick) return quick
  }
  const left = g.emit(node.lhs as Node, cx)
  const right = g.emit(node.rhs!, cx)
  const at = site(g, node.position, sign)
  if (sign in ARITHMETIC) return emitArithmetic(g, sign, left, right, at)
  if (sign in COMPARISON) return emitComparison(g, sign, left, right, at)
  if (sign === '=' || sign === '!=') return emitEquality(g, sign === '=', left, right)
  if (sign === '&') return emitConcat(g, left, right, at)
  if (sign === '..') return set(g, `(${at}, range(${left.js}, ${right.js}))`)
  return set(g, `includes(${left.js}, ${right.js})`, KIND.bool)
}

function numeric(value: Val): string | null {
  return isOnly(value, KIND.num) ? null : `typeof ${value.js} === 'number'`
}

function emitArithmetic(g: Gen, sign: string, left: Val, right: Val, at: string): Val {
  const slow = `(${at}, ${ARITHMETIC[sign]}(${left.js}, ${right.js}))`
  const kind = KIND.num | (may(left, ~KIND.num) || may(right, ~KIND.num) ? KIND.none : 0)
  // An infinite divisor would give a finite result, so both sides are looked at there.
  const finite =
    sign === '/' || sign === '%' ? `${left.js} - ${left.js} === 0 && ${right.js} - ${right.js} === 0` : null
  const checks = [numeric(left), numeric(right), finite].filter((c) => c !== null)
  const name = id(g)
  line(
    g,
    `let ${name} = ${checks.length === 0 ? '' : `${checks.join(' && ')} ? `}${left.js} ${sign} ${right.js}${checks.length === 0 ? '' : ' : NaN'}`,
  )
  line(g, `if (${name} - ${name} !== 0) ${name} = ${slow}`)
  return { js: name, kind }
}

function emitComparison(g: Gen, sign: string, left: Val, right: Val, at: string): Val {
  const slow = `(${at}, ${COMPARISON[sign]}(${left.js}, ${right.js}))`
  const checks = [numeric(left), numeric(right)].filter((c) => c !== null)
  const quick = `${left.js} ${sign} ${right.js}`
  if (checks.length === 0) return set(g, quick, KIND.bool)
  return set(g, `${checks.join(' && ')} ? ${quick} : ${slow}`, KIND.bool | KIND.none)
}

const SCALAR = KIND.bool | KIND.num | KIND.str | KIND.null

function emitEquality(g: Gen, same: boolean, left: Val, right: Val): Val {
  const { js: a } = left
  const { js: b } = right
  if (isOnly(left, SCALAR) || isOnly(right, SCALAR)) {
    if (same) return set(g, `${a} === ${b}`, KIND.bool)
    const there = [left, right].filter((v) => may(v, KIND.none)).map((v) => `${v.js} !== undefined && `)
    return set(g, `${there.join('')}${a} !== ${b}`, KIND.bool)
  }
  const deep = `typeof ${a} === 'object'`
  if (same) return set(g, `${a} === ${b} ? ${a} !== undefined : ${deep} && equal(${a}, ${b})`, KIND.bool)
  const shallow = `${a} !== undefined && ${b} !== undefined`
  return set(g, `${a} !== ${b} && (${deep} ? unequal(${a}, ${b}) : ${shallow})`, KIND.bool)
}

function emitConcat(g: Gen, left: Val, right: Val, at: string): Val {
  const slow = `(${at}, concat(${left.js}, ${right.js}))`
  const checks = [left, right].flatMap((v) => (isOnly(v, KIND.str) ? [] : [`typeof ${v.js} === 'string'`]))
  if (checks.length === 0) return set(g, slow, KIND.str)
  const name = id(g)
  line(g, `let ${name} = ${checks.join(' && ')} ? ${left.js} + ${right.js} : ${slow}`)
  line(g, `if (${name}.length > M.maxCharacters) checkText(${name})`)
  return { js: name, kind: KIND.str }
}

/** `x in ['a', 'b']`. */
function emitIn(g: Gen, node: Node, cx: Context): Val | null {
  const list = node.rhs!
  const plain =
    list.type === 'unary' && list.value === '[' && !list.predicate && !list.group && !list.consarray
  const items = plain ? list.expressions! : []
  const literal = (n: Node) => ['string', 'number', 'value'].includes(n.type) && !n.predicate && !n.group
  if (items.length === 0 || items.length > 50 || !items.every(literal)) return null
  const item = g.emit(node.lhs as Node, cx)
  return set(g, items.map((n) => `${item.js} === ${g.emit(n, cx).js}`).join(' || '), KIND.bool)
}

function emitLogic(g: Gen, node: Node, cx: Context): Val {
  const left = g.emit(node.lhs as Node, cx)
  const at = site(g, node.position, node.value as string)
  const name = id(g)
  line(g, `${at}`)
  line(g, `let ${name} = ${truthOf(left)}`)
  line(g, `if (${node.value === 'and' ? '' : '!'}${name}) {`)
  const right = g.emit(node.rhs!, cx)
  line(g, `${at}`)
  line(g, `${name} = ${truthOf(right)}`)
  line(g, '}')
  return { js: name, kind: KIND.bool }
}

export function emitNegation(g: Gen, node: Node, cx: Context): Val {
  const value = g.emit(node.expression!, cx)
  const at = site(g, node.position, '-')
  const quick = `typeof ${value.js} === 'number' && ${value.js} - ${value.js} === 0`
  return set(g, `${quick} ? -${value.js} : (${at}, negate(${value.js}))`, KIND.num | KIND.none)
}

/** Conditions, and `?:` and `??`, which the parser writes as conditions. */
export function emitCondition(g: Gen, node: Node, cx: Context): Val {
  const name = id(g)
  const twice = repeated(node)
  const first = g.emit(twice ?? node.condition!, cx)
  const isThere = twice !== null && isDefault(node.condition!)
  line(g, `let ${name}`)
  line(g, `if (${isThere ? `${first.js} !== undefined` : truthOf(first)}) {`)
  const then = twice ? first : g.emit(node.then!, cx)
  line(g, `${name} = ${then.js}`)
  let kind = isThere ? then.kind & ~KIND.none : then.kind
  if (node.else) {
    line(g, '} else {')
    const other = g.emit(node.else, cx)
    line(g, `${name} = ${other.js}`)
    kind |= other.kind
  } else kind |= KIND.none
  line(g, '}')
  return { js: name, kind: kind === 0 ? KIND.none : kind }
}

/** `a ?? b` asks `$exists(a)`, which the parser writes without a position. */
function isDefault({ type, position, procedure, arguments: args }: Node): boolean {
  return type === 'function' && position === undefined && procedure?.value === 'exists' && args?.length === 1
}

/** What `a ?: b` and `a ?? b` would evaluate twice; null for other conditions. */
function repeated(node: Node): Node | null {
  const { condition, then } = node
  const asked = isDefault(condition!) ? condition!.arguments![0]! : condition!
  if (!then || asked.type !== then.type || asked.position !== then.position) return null
  const text = JSON.stringify(then)
  // What has an effect of its own, or a signature that the copy lost, is evaluated as it stands.
  if (/"type":"(bind|lambda|transform|regex|parent)"|"tuple"/.test(text) || text !== JSON.stringify(asked))
    return null
  return then
}

/** A literal; infinite numbers cannot be written in the source. */
export function emitLiteral(g: Gen, node: Node): Val {
  const { value } = node
  if (value === null) return { js: 'null', kind: KIND.null }
  if (typeof value === 'boolean') return { js: String(value), kind: KIND.bool }
  if (typeof value === 'number' && Number.isFinite(value)) {
    return { js: `(${Object.is(value, -0) ? '-0' : value})`, kind: KIND.num }
  }
  return { js: constant(g, value), kind: typeof value === 'string' ? KIND.str : KIND.num }
}

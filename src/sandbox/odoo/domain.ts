/** Search domains: Polish prefix logic over (field path, operator, value), as in Odoo's own documentation. */
import { valueError } from './errors.ts'
import type { Env, Field, Model } from './model.ts'
import type { Row, Value } from './store.ts'
import { displayName, fieldValue, readTime } from './values.ts'

export type Node =
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Node[] }
  | { readonly kind: 'not'; readonly part: Node }
  | { readonly kind: 'constant'; readonly value: boolean }
  | Leaf

export interface Leaf {
  readonly kind: 'leaf'
  readonly path: readonly string[]
  readonly operator: string
  readonly value: unknown
}

const OPERATORS = new Set([
  ...['=', '!=', '>', '>=', '<', '<=', '=?', 'in', 'not in', 'any', 'not any', 'child_of', 'parent_of'],
  ...['like', 'not like', 'ilike', 'not ilike', '=like', '=ilike'],
])

function leafOf(item: unknown, domain: unknown): Node {
  if (!Array.isArray(item) || item.length !== 3) {
    throw valueError(`Domain() invalid item in domain: ${JSON.stringify(item)} of ${JSON.stringify(domain)}`)
  }
  const [path, given, value] = item as [unknown, unknown, unknown]
  if (typeof path === 'number') return { kind: 'constant', value: path === value }
  const operator = given === '<>' ? '!=' : given === '==' ? '=' : String(given).toLowerCase()
  if (typeof path !== 'string' || !OPERATORS.has(operator)) {
    throw valueError(`Invalid operator in condition ${JSON.stringify(item)}`)
  }
  return { kind: 'leaf', path: path.split('.'), operator, value }
}

/** Reads a domain. Throws ValueError when it is none. */
export function parseDomain(domain: unknown): Node {
  if (!Array.isArray(domain)) throw valueError(`Domain() invalid domain: ${JSON.stringify(domain)}`)
  const stack: Node[] = []
  const pop = () => {
    const node = stack.pop()
    if (!node) throw valueError(`Domain ${JSON.stringify(domain)} is syntactically not correct`)
    return node
  }
  for (const item of domain.toReversed()) {
    if (item === '!') stack.push({ kind: 'not', part: pop() })
    else if (item === '&' || item === '|') {
      stack.push({ kind: item === '&' ? 'and' : 'or', parts: [pop(), pop()] })
    } else stack.push(leafOf(item, domain))
  }
  return { kind: 'and', parts: stack.toReversed() }
}

/** Throws ValueError for a field that does not exist, whether or not any record would be looked at. */
export function checkDomain(env: Env, model: Model, node: Node): void {
  if (node.kind === 'and' || node.kind === 'or') for (const part of node.parts) checkDomain(env, model, part)
  if (node.kind === 'not') checkDomain(env, model, node.part)
  if (node.kind !== 'leaf') return
  let at: Model | undefined = model
  for (const name of node.path) {
    const field: Field | undefined = at?.fields.get(name)
    if (!field) {
      const leaf = `('${node.path.join('.')}', '${node.operator}', ${JSON.stringify(node.value)})`
      const where = env.version >= 19 ? 'condition' : 'leaf'
      throw valueError(`Invalid field ${model.name}.${node.path.join('.')} in ${where} ${leaf}`)
    }
    if (name === node.path.at(-1) && !node.operator.includes('like')) checkTimes(env, field, node.value)
    at = field.relation === null ? undefined : env.models.get(field.relation)
  }
}

function checkTimes(env: Env, field: Field, value: unknown): void {
  if (field.type !== 'date' && field.type !== 'datetime') return
  for (const one of [value].flat()) timeOf(env, field, one)
}

/** Leaves that every match must fulfil: what an index can help with. */
export function* mandatory(node: Node): Generator<Leaf> {
  if (node.kind === 'leaf') yield node
  if (node.kind === 'and') for (const part of node.parts) yield* mandatory(part)
}

/** True when some leaf speaks of this field. */
export function mentions(node: Node, field: string): boolean {
  if (node.kind === 'leaf') return node.path[0] === field
  if (node.kind === 'not') return mentions(node.part, field)
  return node.kind !== 'constant' && node.parts.some((part) => mentions(part, field))
}

/** Whether a row fulfils a domain that `checkDomain` has passed. */
export function fulfils(env: Env, model: Model, row: Row, node: Node): boolean {
  switch (node.kind) {
    case 'and':
      return node.parts.every((part) => fulfils(env, model, row, part))
    case 'or':
      return node.parts.some((part) => fulfils(env, model, row, part))
    case 'not':
      return !fulfils(env, model, row, node.part)
    case 'constant':
      return node.value
    default:
      return leafHolds(env, model, row, node)
  }
}

/** The records that a relational value points to. */
function related(env: Env, field: Field, value: Value): Row[] {
  const ids = Array.isArray(value) ? value : value === false ? [] : [value as number]
  return ids.flatMap((id) => env.store.get(field.relation!, id) ?? [])
}

function leafHolds(env: Env, model: Model, row: Row, { path, operator, value }: Leaf): boolean {
  const field = model.fields.get(path[0]!)!
  const own = fieldValue(env, model, row, field)
  if (path.length > 1) {
    const target = env.models.get(field.relation!)!
    const rest: Leaf = { kind: 'leaf', path: path.slice(1), operator, value }
    return related(env, field, own).some((one) => leafHolds(env, target, one, rest))
  }
  if (operator === '=?') return value === false || value === null || holds(env, field, own, '=', value)
  if (field.relation !== null) return relationHolds(env, field, own, operator, value)
  if (field.name === 'id' && (operator === 'child_of' || operator === 'parent_of')) {
    return inTree(env, model, [row.id], operator, value)
  }
  return holds(env, field, own, operator, value)
}

/** The field that points to the parent in models that form a tree. */
const PARENT: Readonly<Record<string, string>> = { 'stock.location': 'location_id' }

function ancestors(env: Env, model: Model, id: number): number[] {
  const chain: number[] = []
  const parent = PARENT[model.name] ?? 'parent_id'
  for (let at: Value | undefined = id; typeof at === 'number' && !chain.includes(at); ) {
    chain.push(at)
    at = env.store.get(model.name, at)?.[parent]
  }
  return chain
}

const idsOf = (value: unknown): number[] =>
  [value].flat().filter((one): one is number => typeof one === 'number')

function inTree(env: Env, model: Model, ids: readonly number[], operator: string, value: unknown): boolean {
  const wanted = idsOf(value)
  if (operator === 'child_of') {
    return ids.some((id) => ancestors(env, model, id).some((one) => wanted.includes(one)))
  }
  return wanted.some((id) => ancestors(env, model, id).some((one) => ids.includes(one)))
}

function relationHolds(env: Env, field: Field, own: Value, operator: string, value: unknown): boolean {
  const target = env.models.get(field.relation!)!
  const ids = Array.isArray(own) ? (own as number[]) : own === false ? [] : [own as number]
  if (operator === 'any' || operator === 'not any') {
    const node = parseDomain(value)
    const some = related(env, field, own).some((row) => fulfils(env, target, row, node))
    return some === (operator === 'any')
  }
  if (operator === 'child_of' || operator === 'parent_of') return inTree(env, target, ids, operator, value)
  const negative = operator.startsWith('not ') || operator === '!='
  const wanted = [value].flat()
  const byName = operator.includes('like') || wanted.some((one) => typeof one === 'string')
  const positive = negative ? operator.replace('not ', '').replace('!=', '=') : operator
  const text = target.fields.get('display_name')!
  const hit = byName
    ? related(env, field, own).some((row) => holds(env, text, displayName(env, target, row), positive, value))
    : wanted.some((one) => (one === false || one === null ? ids.length === 0 : ids.includes(Number(one))))
  return hit !== negative
}

function pattern(text: string, anchored: boolean, flags: string): RegExp {
  const body = text.replace(/\\[\s\S]|[%_]|[.*+?^${}()|[\]\\]/g, (c) => {
    if (c === '%') return '[\\s\\S]*'
    if (c === '_') return '[\\s\\S]'
    return c.length === 2 ? `\\${c[1]}` : `\\${c}`
  })
  return new RegExp(anchored ? `^${body}$` : body, flags)
}

function likes(own: Value, operator: string, value: unknown): boolean {
  const negative = operator.startsWith('not ')
  const bare = operator.replace('not ', '')
  if (own === false) return negative
  const test = pattern(String(value), bare.startsWith('='), bare.includes('ilike') ? 'i' : '')
  return test.test(String(own)) !== negative
}

function equal(env: Env, field: Field, own: Value, value: unknown): boolean {
  if (field.type === 'boolean') return own === Boolean(value)
  if (field.type === 'integer' || field.type === 'float' || field.type === 'monetary') {
    return Number(own) === Number(value ?? 0)
  }
  if (value === false || value === null || value === '') return own === false || own === ''
  if (field.type !== 'datetime' && field.type !== 'date') return own === String(value)
  const wanted = timeOf(env, field, value)
  return own === wanted || (env.version >= 19 && own !== false && String(own).slice(0, 19) === wanted)
}

/**
 * A bound as it is compared. Domains take ISO notations as well. With a zone, 19 converts; before, the database
 * passes over the zone.
 */
function timeOf(env: Env, field: Field, value: unknown): Value {
  if (field.type === 'date' || typeof value !== 'string') return readTime(value, field.type === 'datetime')
  const m = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:\d\d)?$/.exec(value)
  if (m?.[3] && env.version >= 19) {
    return new Date(`${m[1]}T${m[2]}${m[3]}`).toISOString().slice(0, 19).replace('T', ' ')
  }
  return readTime(m ? `${m[1]} ${m[2]}` : value, true)
}

const after = (text: string, ms: number) =>
  new Date(Date.parse(`${text.replace(' ', 'T')}Z`) + ms).toISOString().slice(0, 19).replace('T', ' ')

/**
 * Instants are kept finer than a second and read to the second. Up to 18 the comparison is the database's:
 * `> 10:00:00` finds 10:00:00.4 again. Since 19 a bound means its whole second (a bare day its whole day):
 * `> 10:00:00` starts at 10:00:01, and what was written later within that second is passed over
 * (odoo/odoo odoo/orm/domains.py, `_optimize_type_datetime`).
 */
function ordered(env: Env, field: Field, own: Value, operator: string, value: unknown): boolean {
  if (own === false || value === false || value === null) return false
  if (field.type !== 'date' && field.type !== 'datetime') {
    const numeric = field.type !== 'char' && field.type !== 'text' && field.type !== 'selection'
    const [a, b] = numeric ? [Number(own), Number(value)] : [String(own), String(value)]
    return compare(a < b ? -1 : a > b ? 1 : 0, operator)
  }
  let bound = String(timeOf(env, field, value))
  let sign = operator
  if (env.version >= 19 && field.type === 'datetime' && (operator === '>' || operator === '<=')) {
    bound = after(bound, String(value).length === 10 ? 86_400_000 : 1000)
    sign = operator === '>' ? '>=' : '<'
  }
  return compare(String(own) < bound ? -1 : String(own) > bound ? 1 : 0, sign)
}

function compare(order: number, operator: string): boolean {
  if (operator === '>') return order > 0
  if (operator === '>=') return order >= 0
  return operator === '<' ? order < 0 : order <= 0
}

function holds(env: Env, field: Field, own: Value, operator: string, value: unknown): boolean {
  if (operator.includes('like')) return likes(own, operator, value)
  const many = Array.isArray(value) ? value : [value]
  if (operator === '=' || operator === 'in') return many.some((one) => equal(env, field, own, one))
  if (operator === '!=' || operator === 'not in') return !many.some((one) => equal(env, field, own, one))
  return ordered(env, field, own, operator, value)
}

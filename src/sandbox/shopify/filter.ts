/** Shopify's search syntax of `orders(query:)`: terms `field:op'value'`, AND, OR, NOT and brackets. */
import { financialStatus, fulfillmentStatus, type ShopOrder } from './order.ts'

/** Decides whether an order matches; `since` is the lowest `updated_at` that can match, for fast starts. */
export interface Filter {
  matches(order: ShopOrder): boolean
  since: string | null
  /** Fields that the search does not know; Shopify ignores such terms and warns. */
  ignored: string[]
}

const TOKEN =
  /\s*(?:(\()|(\))|(AND|OR|NOT)\b|([a-z_]+):\s*(>=|<=|>|<|=)?\s*(?:'([^']*)'|"([^"]*)"|([^\s()]+))|(\S+))/y

type Test = (order: ShopOrder) => boolean
type Token = { kind: 'open' | 'close' | 'AND' | 'OR' | 'NOT' } | { kind: 'term'; test: Test }

/** Reads a query. An empty or missing one matches everything; unknown fields are ignored, as Shopify does. */
export function filterOf(query: string | null | undefined): Filter {
  const ignored: string[] = []
  let since: string | null = null
  const tokens = tokensOf(query ?? '', (field, op, value) => {
    if (field === 'updated_at' && (op === '>=' || op === '>' || op === '=')) since = utc(value)
    const test = termOf(field, op, value)
    if (!test) ignored.push(field)
    return test ?? (() => true)
  })
  const flat = tokens.every((t) => t.kind === 'term' || t.kind === 'AND')
  const matches = tokens.length === 0 ? () => true : anyOf(tokens)
  return { matches, since: flat ? since : null, ignored }
}

function tokensOf(query: string, term: (field: string, op: string, value: string) => Test): Token[] {
  const tokens: Token[] = []
  TOKEN.lastIndex = 0
  for (let m = TOKEN.exec(query); m && m[0] !== ''; m = TOKEN.exec(query)) {
    if (m[1]) tokens.push({ kind: 'open' })
    else if (m[2]) tokens.push({ kind: 'close' })
    else if (m[3]) tokens.push({ kind: m[3] as 'AND' | 'OR' | 'NOT' })
    else if (m[4]) tokens.push({ kind: 'term', test: term(m[4], m[5] ?? '=', m[6] ?? m[7] ?? m[8] ?? '') })
    else if (m[9]) tokens.push({ kind: 'term', test: anywhere(m[9]) })
    if (TOKEN.lastIndex >= query.length) break
  }
  return tokens
}

/** A word without a field looks at the order's name and e-mail. */
function anywhere(word: string): Test {
  const text = word.replace(/^['"]|['"]$/g, '')
  return (o) => o.name === text || o.name === `#${text}` || o.email === text
}

function anyOf(tokens: Token[]): Test {
  const alternatives = [allOf(tokens)]
  while (tokens[0]?.kind === 'OR') {
    tokens.shift()
    alternatives.push(allOf(tokens))
  }
  return (o) => alternatives.some((t) => t(o))
}

function allOf(tokens: Token[]): Test {
  const tests: Test[] = []
  while (tokens.length > 0 && tokens[0]!.kind !== 'OR' && tokens[0]!.kind !== 'close') {
    const token = tokens.shift()!
    if (token.kind === 'AND') continue
    tests.push(token.kind === 'term' ? token.test : token.kind === 'NOT' ? not(one(tokens)) : bracket(tokens))
  }
  return (o) => tests.every((t) => t(o))
}

function one(tokens: Token[]): Test {
  const token = tokens.shift()
  if (!token) return () => true
  return token.kind === 'term' ? token.test : bracket(tokens)
}

function bracket(tokens: Token[]): Test {
  const inner = anyOf(tokens)
  if (tokens[0]?.kind === 'close') tokens.shift()
  return inner
}

const not =
  (test: Test): Test =>
  (o) =>
    !test(o)

function termOf(field: string, op: string, value: string): Test | null {
  switch (field) {
    case 'updated_at':
      return dated(op, value, (o) => o.updatedAt)
    case 'created_at':
    case 'processed_at':
      return dated(op, value, (o) => o.createdAt)
    case 'id': {
      const id = Number(value.replace('gid://shopify/Order/', ''))
      return (o) => compare(o.id, op, id)
    }
    case 'name':
      return (o) => o.name === value || o.name === `#${value}`
    case 'tag':
      return (o) => o.tags.includes(value)
    case 'test':
      return () => value === 'true'
    case 'status':
      return statusTest(value.toLowerCase())
    case 'financial_status':
      return (o) => financialStatus(o).toLowerCase() === value.toLowerCase()
    case 'fulfillment_status':
      return (o) => fulfillmentStatus(o).toLowerCase() === value.toLowerCase()
    default:
      return null
  }
}

function statusTest(value: string): Test {
  if (value === 'cancelled') return (o) => o.cancelledAt !== null
  if (value === 'closed') return (o) => o.closedAt !== null
  if (value === 'open') return (o) => o.closedAt === null && o.cancelledAt === null
  return () => true
}

function dated(op: string, value: string, of: (order: ShopOrder) => string): Test {
  const instant = utc(value)
  return (o) => compare(of(o), op, instant)
}

/** Instants are compared as UTC text of whole seconds; a fraction is dropped, as the shop has none. */
function utc(value: string): string {
  const ms = Date.parse(value)
  return Number.isNaN(ms) ? value : `${new Date(ms).toISOString().slice(0, 19)}Z`
}

function compare<T extends string | number>(a: T, op: string, b: T): boolean {
  if (op === '>=') return a >= b
  if (op === '>') return a > b
  if (op === '<=') return a <= b
  if (op === '<') return a < b
  return a === b
}

/**
 * GraphQL for hooks: errors inside a 200, query cost and throttling (Shopify's `extensions.cost`,
 * https://shopify.dev/docs/api/usage/limits), connections of several pages.
 */
import type { GraphPage, Graphql, HttpAnswer, Outcome, Tools } from './hooks.ts'
import type { QueryCost } from './pace.ts'

interface Answer {
  data?: Record<string, unknown> | null
  errors?: { message?: string; locations?: unknown; extensions?: { code?: string } }[]
  extensions?: { cost?: Cost }
}

interface Cost {
  requestedQueryCost: number
  actualQueryCost?: number | null
  throttleStatus?: { maximumAvailable: number; currentlyAvailable: number; restoreRate: number }
}

/** One query may cost 1000 points at Shopify; what is left is room for pages that hold more than the last. */
const COST = 800
const LARGEST = 50
/** Then the whole page is tried again later, and others of this machine get their turn. */
const WAITS = 20
/**
 * Taken for a query that was never asked. One that asks for more is refused at worst, and then its cost is known;
 * to wait for the dearest each time would cost more.
 */
const UNKNOWN = 200
/** So many queries have their cost remembered; beyond, it is learned anew. */
const COSTS = 500

type Request = Parameters<Graphql['ask']>[0]

/** What one connection has learned; remembered as long as it lives. */
export interface Learned {
  /** By query text: what `first` may be. */
  sizes: Map<string, number>
  /** By `shapeOf` a query: what it asked for the last time, and with which `first`. */
  costs: Map<string, { requested: number; first: number }>
  /** Fields that the server does not know. */
  unknown: Set<string>
}

/** Made once per connection. */
export const nothingLearned = (): Learned => ({ sizes: new Map(), costs: new Map(), unknown: new Set() })

/** The tools that GraphQL works with: a call may say what it costs, and the budget is told what it did cost. */
export type CostTools = Omit<Tools, 'graphql' | 'http'> & {
  http(request: Parameters<Tools['http']>[0] & { cost?: number }): ReturnType<Tools['http']>
  spent(cost: QueryCost): Promise<void>
}

/** For one lane and class of a connection. */
export function createGraphql(tools: CostTools, learned: Learned): Graphql {
  return {
    ask: (request) => ask(tools, learned, request),
    change: (request) => change(tools, learned, request),
    size: (query) => learned.sizes.get(query),
    rest,
  }
}

const sizeOf = ({ sizes }: Learned, request: Request): number =>
  sizes.get(request.query) ?? request.sized ?? 0

async function ask(tools: CostTools, learned: Learned, request: Request): Promise<Record<string, unknown>> {
  for (let refused = 0; ; ) {
    const first = sizeOf(learned, request)
    const { data, errors = [], extensions } = await post(tools, learned, request, first)
    const cost = extensions?.cost
    if (data && errors.length === 0) {
      if (request.sized && cost) learned.sizes.set(request.query, fitting(first, request.sized, cost))
      return data
    }
    if (adapts(learned, request, errors, cost)) continue
    const code = codeOf(errors)
    if (code !== 'THROTTLED') {
      const reason = code ?? errors[0]?.message?.slice(0, 200) ?? 'an answer without data'
      tools.broken(reason, code === 'ACCESS_DENIED' ? 'config' : 'transient')
    }
    // the next one waits for its turn
    if (++refused > WAITS) tools.throttled('THROTTLED')
  }
}

type Failed = Exclude<Outcome, { kind: 'done' }>

async function change(
  tools: CostTools,
  learned: Learned,
  request: Request,
): Promise<{ data: Record<string, unknown> } | { failed: Failed }> {
  const proven = (answer: HttpAnswer) => {
    const failed = tools.outcome(answer)
    if (failed) throw Object.assign(new Error(failed.message), { failed })
    return answer
  }
  try {
    for (let refused = 0; ; refused++) {
      const { data, errors = [] } = await post(tools, learned, request, 0, proven)
      if (data) return { data }
      const failed = failedBy(errors)
      // nothing ran: the next one waits for its turn
      if (failed.code !== 'THROTTLED' || refused >= WAITS) return { failed }
    }
  } catch (error) {
    return { failed: (error as { failed?: Failed }).failed ?? tools.failed(error) }
  }
}

/**
 * What errors without data prove. A query that the server does not take (its parser and validator say where, codes
 * begin with a small letter) was never run; anything else that is not known may have been.
 */
function failedBy(errors: NonNullable<Answer['errors']>): Failed {
  const code = codeOf(errors)
  const message = errors[0]?.message?.slice(0, 300) ?? 'an answer without data'
  if (code === 'THROTTLED') return { kind: 'not-done', code, message }
  if (code === 'ACCESS_DENIED') return { kind: 'not-done', code, message, pause: true }
  const invalid = code ? /^[a-z]|^(MAX_COST_EXCEEDED|BAD_REQUEST)$/.test(code) : errors[0]?.locations
  return { kind: invalid ? 'refused' : 'unknown', code: code ?? 'GRAPHQL', message }
}

async function post(
  tools: CostTools,
  { unknown, costs }: Learned,
  { path, query, variables, sized, newer = [], signal }: Request,
  first: number,
  good: (answer: HttpAnswer) => HttpAnswer = tools.ok,
): Promise<Answer> {
  const known = newer.filter((field) => unknown.has(field)).reduce(withoutField, query)
  const shape = shapeOf(query)
  const taken = expected(costs.get(shape), first)
  const answer = await tools.http({
    method: 'POST',
    path,
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ query: known, variables: sized ? { ...variables, first } : variables }),
    cost: taken,
    signal,
  })
  // what states no cost has used none: the guess is given back
  let spent: QueryCost = { taken, requested: taken, actual: 0, bucket: null }
  try {
    const read = tools.json(good(answer).body) as Answer
    spent = spentBy(read, taken)
    if (costs.size >= COSTS) costs.clear()
    costs.set(shape, { requested: spent.requested, first })
    return read
  } finally {
    const told = tools.spent(spent)
    // or the next one would not wait
    if (spent.actual === null) await told
  }
}

/** A longer page costs more, at most in proportion. */
function expected(last: { requested: number; first: number } | undefined, first: number): number {
  if (!last) return UNKNOWN
  return Math.ceil(last.requested * Math.max(1, first / Math.max(1, last.first)))
}

/** Cursors, ids and sizes inside a text change from call to call. */
const shapeOf = (query: string): string => query.replace(/"[^"]*"|\d+/g, '')

function spentBy({ errors = [], extensions }: Answer, taken: number): QueryCost {
  const cost = extensions?.cost
  return {
    taken,
    requested: cost?.requestedQueryCost ?? taken,
    actual: codeOf(errors) === 'THROTTLED' ? null : (cost?.actualQueryCost ?? 0),
    bucket: cost?.throttleStatus ?? null,
  }
}

/** True when the query was changed by what the errors say, so that it may be asked again at once. */
function adapts(
  learned: Learned,
  request: Request,
  errors: NonNullable<Answer['errors']>,
  cost: Cost | undefined,
): boolean {
  const missing = errors
    .map((e) => /field ['"](\w+)['"]/i.exec(e.message ?? '')?.[1] ?? '')
    .filter((field) => request.newer?.includes(field) && !learned.unknown.has(field))
  for (const field of missing) learned.unknown.add(field)
  if (missing.length > 0) return true
  const size = sizeOf(learned, request)
  // More than the bucket ever holds could be waited for without end.
  const never = cost?.throttleStatus && cost.requestedQueryCost > cost.throttleStatus.maximumAvailable
  if (size <= 1 || !(never || codeOf(errors) === 'MAX_COST_EXCEEDED')) return false
  learned.sizes.set(request.query, Math.floor(size / 2))
  return true
}

const codeOf = (errors: NonNullable<Answer['errors']>): string | undefined =>
  errors.find((e) => e.extensions?.code)?.extensions?.code

function fitting(first: number, wanted: number, cost: Cost): number {
  const most = Math.max(LARGEST, wanted)
  const points = Math.min(COST, (cost.throttleStatus?.maximumAvailable ?? COST) * 0.8)
  return Math.min(most, Math.max(1, Math.floor((first * points) / Math.max(1, cost.requestedQueryCost))))
}

/** Takes a field with its arguments and selection out of a query. */
function withoutField(query: string, field: string): string {
  const start = query.search(new RegExp(`\\b${field}\\b`))
  if (start < 0) return query
  let end = start + field.length
  for (const [open, close] of ['()', '{}']) {
    const from = query.slice(end).match(/^\s*/)![0].length + end
    if (query[from] !== open) continue
    let depth = 0
    end = from
    do {
      if (query[end] === open) depth++
      if (query[end] === close) depth--
      end++
    } while (depth > 0 && end < query.length)
  }
  return query.slice(0, start) + query.slice(end)
}

async function rest(
  first: GraphPage,
  next: (after: string) => Promise<GraphPage | null>,
): Promise<GraphPage['nodes'] | null> {
  const nodes = [...first.nodes]
  let at = first
  while (at.pageInfo?.hasNextPage && at.pageInfo.endCursor) {
    const page = await next(at.pageInfo.endCursor)
    if (page === null) return null
    nodes.push(...page.nodes)
    at = page
  }
  return nodes
}

/** The Admin GraphQL API over the store: a real parser, validator and executor, and Shopify's cost rules. */
import {
  buildSchema,
  type DocumentNode,
  type ExecutionResult,
  execute,
  GraphQLError,
  type GraphQLSchema,
  parse,
  validate,
} from 'graphql'
import type { Faults } from '../faults.ts'
import { ID } from './change.ts'
import { connection, cursorOf, gid, type PageArgs, pageSize, readCursor } from './connection.ts'
import { costsOf, createBucket, MAX_QUERY_COST, type Plan } from './cost.ts'
import { filterOf } from './filter.ts'
import { goodsFor, itemView, variantView } from './goods-view.ts'
import { ITEMS } from './inventory.ts'
import { createMutations } from './mutations.ts'
import type { ShopOrder } from './order.ts'
import { SDL } from './sdl.ts'
import { placeOf, type Store } from './store.ts'
import { subscriptionView, topicName } from './subscription.ts'
import { orderView, partOf } from './view.ts'

/** A walk along one cursor ends here; slice by time instead (facts §1.2). The message is not Shopify's. */
const MAX_WALK = 25_000

/** Who the shop is. */
export interface ShopFacts {
  name: string
  domain: string
  currency: string
  zone: string
}

/** One POST body. */
export interface GraphRequest {
  query: string
  variables?: Record<string, unknown> | null
  operationName?: string
}

interface OrdersArgs extends PageArgs {
  query?: string | null
  sortKey?: string
  reverse?: boolean
}

/** What the API works on. `commit` is told of every changed order; it stores it and starts its webhooks. */
export interface GraphParts {
  store: Store
  shop: ShopFacts
  plan: Plan
  faults: Faults
  /** Orders that the search index lost, until they change again. */
  unindexed: ReadonlySet<number>
  commit(order: ShopOrder): void
}

/**
 * Makes the API. The fault `searchLag` (`max` ms) keeps orders out of `orders(query:)` for so long after
 * their last change, as the real search index does; by id they are found at once. `searchLose` keeps an order out of
 * lists and counts until its next change.
 */
export function createGraph(parts: GraphParts) {
  const { store, plan, commit } = parts
  const schema = buildSchema(SDL)
  const bucket = createBucket(plan)
  const parsed = new Map<string, DocumentNode | readonly GraphQLError[]>()
  const root = { ...queries(parts), ...createMutations(store, commit) }
  let throttled = 0

  function documentOf(query: string): DocumentNode | readonly GraphQLError[] {
    const known = parsed.get(query)
    if (known) return known
    if (parsed.size > 200) parsed.clear()
    const found = check(schema, query)
    parsed.set(query, found)
    return found
  }

  return {
    throttled: () => throttled,
    /** Answers one request; the result is the JSON body of an HTTP 200. Never throws for a bad query. */
    answer(request: GraphRequest): object {
      const document = documentOf(request.query)
      if (!('kind' in document)) return { errors: document }
      const variables = request.variables ?? {}
      const costs = costsOf(schema, document, variables, request.operationName)
      const report = (actual: number | null) => ({
        cost: {
          requestedQueryCost: costs.requested,
          actualQueryCost: actual,
          throttleStatus: bucket.status(),
        },
      })
      if (costs.requested > MAX_QUERY_COST)
        return { errors: [tooCostly(costs.requested)], extensions: report(null) }
      if (!bucket.take(costs.requested)) {
        throttled += 1
        return { errors: [THROTTLED], extensions: report(null) }
      }
      const context = { warnings: [] as object[] }
      const { operationName } = request
      const result = execute({
        schema,
        document,
        rootValue: root,
        contextValue: context,
        variableValues: variables,
        operationName,
      }) as ExecutionResult
      const actual = Math.min(costs.requested, costs.actual(result.data))
      bucket.giveBack(costs.requested - actual)
      const search = context.warnings.length > 0 ? { search: context.warnings } : {}
      return { ...result, extensions: { ...report(actual), ...search } }
    },
  }
}

const THROTTLED = {
  message: 'Throttled',
  extensions: { code: 'THROTTLED', documentation: 'https://shopify.dev/api/usage/rate-limits' },
}

function tooCostly(cost: number): object {
  return {
    message: `Query cost is ${cost}, which exceeds the single query max cost limit (${MAX_QUERY_COST}).`,
    extensions: { code: 'MAX_COST_EXCEEDED', cost, maxCost: MAX_QUERY_COST },
  }
}

function check(schema: GraphQLSchema, query: string): DocumentNode | readonly GraphQLError[] {
  try {
    const document = parse(query)
    const errors = validate(schema, document)
    return errors.length > 0 ? errors : document
  } catch (error) {
    if (error instanceof GraphQLError) return [error]
    throw error
  }
}

/** What the search index shows at this moment. */
function indexed({ store, faults, unindexed }: GraphParts): (order: ShopOrder) => boolean {
  const lag = faults.current().searchLag?.max ?? 0
  const at = new Date(Date.now() - lag).toISOString()
  return (o) => !unindexed.has(o.id) && (lag === 0 || store.held.get(o.id)!.versions.at(-1)!.at <= at)
}

function queries(parts: GraphParts) {
  const { store, shop, unindexed } = parts
  const nodeOf = (id: string) => findNode(store, id)
  return {
    shop: {
      id: gid('Shop', 1),
      name: shop.name,
      currencyCode: shop.currency,
      ianaTimezone: shop.zone,
      myshopifyDomain: shop.domain,
      taxesIncluded: true,
    },
    order: ({ id }: { id: string }) => nodeOf(id.includes('/Order/') ? id : ''),
    node: ({ id }: { id: string }) => nodeOf(id),
    nodes: ({ ids }: { ids: string[] }) => {
      if (ids.length > 250) throw new GraphQLError('The input array size is greater than the maximum of 250')
      return ids.map(nodeOf)
    },
    orders: (args: OrdersArgs, context: { warnings: object[] }) =>
      ordersPage(store, args, context, indexed(parts)),
    ordersCount: ({ query, limit }: { query?: string | null; limit?: number | null }) => {
      const { matches } = filterOf(query)
      const found = store.byUpdated.reduce((n, o) => n + (matches(o) && !unindexed.has(o.id) ? 1 : 0), 0)
      const most = limit ?? Number.POSITIVE_INFINITY
      return { count: Math.min(found, most), precision: found > most ? 'AT_LEAST' : 'EXACT' }
    },
    productVariants: (args: PageArgs & { query?: string | null }) =>
      connection(goodsFor(args.query), args, (item) => variantView(item, store.inventory)),
    inventoryItems: (args: PageArgs & { query?: string | null }) =>
      connection(goodsFor(args.query), args, (item) => itemView(item, store.inventory)),
    webhookSubscriptions: (args: PageArgs & { topics?: string[] }) =>
      connection(
        [...store.subscriptions.values()].filter((s) => !args.topics || args.topics.includes(topicName(s))),
        args,
        subscriptionView,
      ),
  }
}

/** Where the ids of an order's parts begin, and how many belong to one order. */
const PARTS: Record<string, [base: number, run: number]> = {
  LineItem: [ID.line, 1000],
  Refund: [ID.refund, 1000],
  Return: [ID.return, 1000],
  Fulfillment: [ID.fulfillment, 1000],
  FulfillmentOrder: [ID.fulfillmentOrder, 1],
}

function findNode(store: Store, id: string): object | null {
  const m = /^gid:\/\/shopify\/(\w+)\/(\d+)$/.exec(id)
  if (!m) return null
  const type = m[1]!
  const number = Number(m[2])
  if (type === 'Order') {
    const order = store.order(number)
    return order ? orderView(order) : null
  }
  const item = ITEMS.find((i) => (type === 'ProductVariant' ? i.variant : i.id) === number)
  if (type === 'ProductVariant') return item ? variantView(item, store.inventory) : null
  if (type === 'InventoryItem') return item ? itemView(item, store.inventory) : null
  const part = PARTS[type]
  const order = part && store.order(ID.order + Math.floor((number - part[0]) / part[1]))
  return (order && partOf(order, type, number)) ?? null
}

interface Cursor {
  value: string
  id: number
  /** How many were handed out along this walk so far. */
  n: number
}

const SORT: Record<string, (o: ShopOrder) => string> = {
  UPDATED_AT: (o) => o.updatedAt,
  CREATED_AT: (o) => o.createdAt,
  PROCESSED_AT: (o) => o.createdAt,
  ID: () => '',
  ORDER_NUMBER: () => '',
}

function ordersPage(
  store: Store,
  args: OrdersArgs,
  context: { warnings: object[] },
  shown: (order: ShopOrder) => boolean,
) {
  const size = pageSize(args)
  if (args.last !== undefined && args.last !== null && (args.first === undefined || args.first === null)) {
    throw new GraphQLError('this sandbox pages orders forward only: use first, after and reverse')
  }
  const key = SORT[args.sortKey ?? 'PROCESSED_AT']!
  const after = args.after ? readCursor<Cursor>(args.after) : null
  if (after && after.n >= MAX_WALK)
    throw new GraphQLError(`a walk ends after ${MAX_WALK} objects: slice by time`)
  const filter = filterOf(args.query)
  for (const field of filter.ignored) {
    context.warnings.push({
      path: ['orders'],
      query: args.query,
      warnings: [{ field, message: 'Invalid search field for this query.' }],
    })
  }
  const matches = (o: ShopOrder) => filter.matches(o) && shown(o)
  const found = walk(store, args, { ...filter, matches }, key, after, size + 1)
  const page = found.slice(0, size)
  const cursor = (o: ShopOrder, i: number) =>
    cursorOf({ value: key(o), id: o.id, n: (after?.n ?? 0) + i + 1 } satisfies Cursor)
  const edges = page.map((o, i) => ({ cursor: cursor(o, i), node: orderView(o) }))
  return {
    edges,
    nodes: edges.map((e) => e.node),
    pageInfo: {
      hasNextPage: found.length > size,
      hasPreviousPage: after !== null,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  }
}

/** Up to `most` matching orders behind the cursor, in the asked order. */
function walk(
  store: Store,
  args: OrdersArgs,
  filter: ReturnType<typeof filterOf>,
  key: (o: ShopOrder) => string,
  after: Cursor | null,
  most: number,
): ShopOrder[] {
  const forward = args.reverse !== true
  const byUpdated = args.sortKey === 'UPDATED_AT'
  const list = byUpdated ? store.byUpdated : sorted(store.byUpdated, key)
  let from = 0
  if (byUpdated && forward) {
    const start = after ?? { value: filter.since ?? '', id: 0 }
    from = placeOf(list, start.value, start.id + (after ? 1 : 0))
  }
  const found: ShopOrder[] = []
  for (let i = from; i < list.length && found.length < most; i++) {
    const o = list[forward ? i : list.length - 1 - i]!
    if (after && !behind(o, after, key, forward)) continue
    if (filter.matches(o)) found.push(o)
  }
  return found
}

function behind(o: ShopOrder, after: Cursor, key: (o: ShopOrder) => string, forward: boolean): boolean {
  const value = key(o)
  if (value === after.value) return forward ? o.id > after.id : o.id < after.id
  return forward ? value > after.value : value < after.value
}

function sorted(list: readonly ShopOrder[], key: (o: ShopOrder) => string): ShopOrder[] {
  return [...list].sort((a, b) => (key(a) === key(b) ? a.id - b.id : key(a) < key(b) ? -1 : 1))
}

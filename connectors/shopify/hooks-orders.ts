/** Orders, and what hangs under them: each record one consistent copy. */
import type { GraphPage, PageRequest, RawRecord } from 'tributary/hooks'
import {
  type At,
  fill,
  INNER,
  list,
  money,
  newer,
  type Order,
  path,
  read,
  recordOf,
  tail,
} from './hooks-graph.ts'

const ADDRESS =
  '{ firstName lastName name company address1 address2 city province provinceCode zip countryCodeV2 phone }'
/** Query cost counts what is asked for, not what comes: inner lists start small, refunds come as ids. */
const REFUNDS = 3
export const ORDER = money(`id legacyResourceId name poNumber test note email phone tags sourceName
  createdAt processedAt updatedAt closedAt cancelledAt displayFinancialStatus displayFulfillmentStatus edited
  taxesIncluded currencyCode presentmentCurrencyCode paymentGatewayNames customAttributes { key value }
  customer { id firstName lastName defaultEmailAddress { emailAddress } }
  billingAddress ${ADDRESS} shippingAddress ${ADDRESS}
  subtotalPriceSet$ totalDiscountsSet$ totalShippingPriceSet$ totalTaxSet$ totalPriceSet$ totalReceivedSet$
  totalRefundedSet$ totalTipReceivedSet$ totalCashRoundingAdjustment { paymentSet$ }
  originalTotalDutiesSet$ originalTotalAdditionalFeesSet$
  ${list('lineItems', 'first: 10', INNER.Order.lineItems)}
  ${list('shippingLines', 'first: 3', INNER.Order.shippingLines)} refunds(first: ${REFUNDS}) { id }`)
export const REFUND = `id legacyResourceId createdAt note
  ${list('refundLineItems', 'first: $first', INNER.Refund.refundLineItems)}
  ${list('refundShippingLines', 'first: 5', INNER.Refund.refundShippingLines)}`
/** Refunds and returns, each as a record of its own. */
const PART = {
  Refund:
    money(`id legacyResourceId createdAt note totalRefundedSet$ return { id } order { id name updatedAt currencyCode taxesIncluded }
    ${list('refundLineItems', 'first: 20', INNER.Refund.refundLineItems)}
    ${list('refundShippingLines', 'first: 5', INNER.Refund.refundShippingLines)}
    orderAdjustments(first: 20) { nodes { id amountSet$ taxAmountSet$ } }
    transactions(first: 20) { nodes { id kind status gateway processedAt amountSet$ } }`),
  Return: `id name status createdAt closedAt requestApprovedAt order { id name currencyCode updatedAt }
    ${list('returnLineItems', 'first: 20', INNER.Return.returnLineItems)}`,
}

/** Orders with the ids of what hangs under them. Returns want a scope of their own, so each is asked for apart. */
export const CHANGED = (ids: string) => `query Changed($first: Int!, $after: String, $query: String) {
  ${list('orders', 'first: $first, after: $after, query: $query, sortKey: UPDATED_AT', `id updatedAt ${ids}`)} }`
export const LIST = `query Orders($first: Int!, $after: String, $query: String) {
  ${list('orders', 'first: $first, after: $after, query: $query, sortKey: UPDATED_AT', ORDER)} }`
const COUNT = `query Count($query: String) { shop { name currencyCode }
  ordersCount(query: $query, limit: null) { count precision } }`
/** Puts the refunds with their lines in place of their ids. False: the order changed meanwhile. */
async function fillRefunds(at: At, of: Order) {
  let count = of.refunds.length
  if (count === 0) return true
  if (count === REFUNDS) {
    const [all] = await read(at, 'Order', [of.id], 'id updatedAt refunds(first: 250) { id }')
    if (all?.updatedAt !== of.updatedAt) return false
    count = all.refunds.length
  }
  const fields = `id updatedAt refunds(first: ${count}) { ${REFUND} }`
  const [now] = await read(at, 'Order', [of.id], fields, Math.ceil(250 / count))
  if (now?.updatedAt !== of.updatedAt) return false
  for (const refund of now.refunds) if (!(await fill(at, refund, 'Refund'))) return false
  of.refunds = now.refunds
  return true
}

/** Orders with everything inside them, each as one consistent copy; those that are gone are left out. */
export async function complete(at: At, orders: Order[]): Promise<RawRecord[]> {
  const records: RawRecord[] = []
  for (const first of orders) {
    let now: Order | undefined = first
    for (let n = 1; now && !((await fill(at, now, 'Order')) && (await fillRefunds(at, now))); n++) {
      if (n > 5) at.tools.broken('an order changed each time it was read')
      now = (await read(at, 'Order', [first.id], ORDER))[0]
    }
    if (!now) continue
    const body = Buffer.from(JSON.stringify(now))
    records.push({ id: String(now.legacyResourceId), body, contentType: 'application/json', shape: 'order' })
  }
  return records
}

/** Whole seconds, as the search counts: the window is widened, never narrowed. */
export const second = (at: Date, round: (n: number) => number) =>
  new Date(round(at.getTime() / 1000) * 1000).toISOString().replace('.000', '')
export const within = (from: string, to: Date) =>
  `updated_at:>='${from}' AND updated_at:<'${second(to, Math.ceil)}'`
/** One page of the orders that changed in a window, oldest change first. */
export async function walk(request: PageRequest, { tools, signal }: At, query: string, sized: number) {
  const start = { after: null as string | null, since: second(request.since, Math.floor), count: 0 }
  const { after, since, count } = (request.resume ?? start) as typeof start
  const variables = { after, query: within(since, request.until) }
  const data = await tools.graphql.ask({ path, query, variables, sized, newer, signal })
  const { nodes, pageInfo } = data.orders as Omit<GraphPage, 'nodes'> & { nodes: Order[] }
  const last = nodes.at(-1)?.updatedAt ?? since
  if (!pageInfo?.hasNextPage) return { nodes, next: null }
  // A walk along cursors ends at 25,000 objects: a new one starts before, where this one is.
  if (count > 20_000 && last > since) return { nodes, next: { after: null, since: last, count: 0 } }
  return { nodes, next: { after: pageInfo.endCursor, since, count: count + nodes.length } }
}

/** How many orders the shop holds, and which shop it is; without a query all of them. */
export async function counted({ tools, signal }: At, query?: string) {
  const data = await tools.graphql.ask({ path, query: COUNT, variables: { query }, signal })
  const { shop, ordersCount: n } = data as Record<string, Record<string, string>>
  return { count: Number(n!.count), exact: n!.precision === 'EXACT', shop: shop! }
}

/** Parts of orders (refunds, returns) by id, each whole, with its order's name and currency. */
export async function partsOf(at: At, type: 'Refund' | 'Return', ids: string[]): Promise<RawRecord[]> {
  const records: RawRecord[] = []
  for (let i = 0; i < ids.length; i += 5)
    for (const part of await read(at, type, ids.slice(i, i + 5), PART[type])) {
      await fill(at, part, type)
      records.push(recordOf(tail(part.id), type.toLowerCase(), part))
    }
  return records
}

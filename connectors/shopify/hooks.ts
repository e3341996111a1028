import type { GraphPage, Hooks, RawRecord, Tools } from 'tributary/hooks'

/** An order, or one of its refunds (those have an id and inner lists only). */
type Order = Record<string, unknown> & { id: string; updatedAt: string; refunds: Order[] }
type At = { tools: Tools; signal: AbortSignal }
const path = '/graphql.json'
/** Fields that not every API version has. */
const newer = ['totalCashRoundingAdjustment', 'originalTotalDutiesSet', 'originalTotalAdditionalFeesSet']
/** `name$` is a money set in the shop's currency, the one that is booked. */
const money = (fields: string) => fields.replace(/(\w+)\$/g, '$1 { shopMoney { amount } }')
const list = (name: string, args: string, fields: string) =>
  `${name}(${args}) { pageInfo { hasNextPage endCursor } nodes { ${fields} } }`

const PRICED = money('discountAllocations { allocatedAmountSet$ } taxLines { title rate priceSet$ }')
const ADDRESS =
  '{ firstName lastName name company address1 address2 city province provinceCode zip countryCodeV2 phone }'
/** The inner lists that are read to their last page, by the type that holds them. */
const INNER = {
  Order: {
    lineItems: money(`id name title variantTitle sku quantity currentQuantity requiresShipping isGiftCard
      originalUnitPriceSet$ ${PRICED}`),
    shippingLines: money(`id code title isRemoved originalPriceSet$ ${PRICED}`),
  },
  Refund: {
    refundLineItems: money('id quantity restockType lineItem { id } subtotalSet$ totalTaxSet$'),
    refundShippingLines: money('id subtotalAmountSet$ taxAmountSet$'),
  },
}
/** Query cost counts what is asked for, not what comes: inner lists start small, refunds come as ids. */
const REFUNDS = 3
const ORDER = money(`id legacyResourceId name poNumber test note email phone tags sourceName
  createdAt processedAt updatedAt closedAt cancelledAt displayFinancialStatus displayFulfillmentStatus edited
  taxesIncluded currencyCode presentmentCurrencyCode paymentGatewayNames customAttributes { key value }
  customer { id firstName lastName defaultEmailAddress { emailAddress } }
  billingAddress ${ADDRESS} shippingAddress ${ADDRESS}
  subtotalPriceSet$ totalDiscountsSet$ totalShippingPriceSet$ totalTaxSet$ totalPriceSet$ totalReceivedSet$
  totalRefundedSet$ totalTipReceivedSet$ totalCashRoundingAdjustment { paymentSet$ }
  originalTotalDutiesSet$ originalTotalAdditionalFeesSet$
  ${list('lineItems', 'first: 10', INNER.Order.lineItems)}
  ${list('shippingLines', 'first: 3', INNER.Order.shippingLines)} refunds(first: ${REFUNDS}) { id }`)
const REFUND = `id legacyResourceId createdAt note
  ${list('refundLineItems', 'first: $first', INNER.Refund.refundLineItems)}
  ${list('refundShippingLines', 'first: 5', INNER.Refund.refundShippingLines)}`
const LIST = `query Orders($first: Int!, $after: String, $query: String) {
  ${list('orders', 'first: $first, after: $after, query: $query, sortKey: UPDATED_AT', ORDER)} }`
const COUNT = `query Count($query: String) { shop { name currencyCode }
  ordersCount(query: $query, limit: null) { count precision } }`

/** Things of one type by id, those that are gone left out. `n`: what `$first` begins with, where it is used. */
async function read({ tools, signal }: At, of: string, ids: string[], fields: string, n?: number) {
  const first = n ? ', $first: Int!' : ''
  const query = `query Nodes($ids: [ID!]!${first}) { nodes(ids: $ids) { ... on ${of} { ${fields} } } }`
  const data = await tools.graphql.ask({ path, query, variables: { ids }, newer, sized: n, signal })
  return (data.nodes as (Order | null)[]).filter((node) => node !== null)
}

/** Reads the inner lists of an order or refund to their end. False: the order changed meanwhile. */
async function fill(at: At, of: Order, type: keyof typeof INNER) {
  for (const [name, fields] of Object.entries(INNER[type])) {
    const nodes = await at.tools.graphql.rest(of[name] as GraphPage, async (after) => {
      const inner = list(name, `first: 50, after: ${JSON.stringify(after)}`, fields)
      const [more] = await read(at, type, [of.id], `id ${type === 'Order' ? 'updatedAt' : ''} ${inner}`)
      return more && more.updatedAt === of.updatedAt ? (more[name] as GraphPage) : null
    })
    if (nodes === null) return false
    // Without pageInfo: the record must not depend on how the pages fell.
    of[name] = { nodes }
  }
  return true
}

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
async function complete(at: At, orders: Order[]): Promise<RawRecord[]> {
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
const second = (at: Date, round: (n: number) => number) =>
  new Date(round(at.getTime() / 1000) * 1000).toISOString().replace('.000', '')
const within = (from: string, to: Date) => `updated_at:>='${from}' AND updated_at:<'${second(to, Math.ceil)}'`

/** How many orders the shop holds, and which shop it is; without a query all of them. */
async function counted({ tools, signal }: At, query?: string) {
  const data = await tools.graphql.ask({ path, query: COUNT, variables: { query }, signal })
  const { shop, ordersCount: n } = data as Record<string, Record<string, string>>
  return { count: Number(n!.count), exact: n!.precision === 'EXACT', shop: shop! }
}

export default {
  read: {
    order: {
      async page(request, tools, signal) {
        const start = { after: null as string | null, since: second(request.since, Math.floor), count: 0 }
        const { after, since, count } = (request.resume ?? start) as typeof start
        const variables = { after, query: within(since, request.until) }
        const data = await tools.graphql.ask({ path, query: LIST, variables, sized: 5, newer, signal })
        const { nodes, pageInfo } = data.orders as GraphPage & { nodes: Order[] }
        const last = nodes.at(-1)?.updatedAt ?? since
        const records = await complete({ tools, signal }, nodes)
        if (!pageInfo?.hasNextPage) return { records, next: null }
        // A walk along cursors ends at 25,000 objects: a new one starts before, where this one is.
        if (count > 20_000 && last > since) return { records, next: { after: null, since: last, count: 0 } }
        return { records, next: { after: pageInfo.endCursor, since, count: count + nodes.length } }
      },
      async fetch(ids, tools, signal) {
        const all = ids.map((id) => `gid://shopify/Order/${id}`)
        const records: RawRecord[] = []
        for (let i = 0, size = tools.graphql.size(LIST) ?? 5; i < all.length; i += size) {
          const orders = await read({ tools, signal }, 'Order', all.slice(i, i + size), ORDER)
          records.push(...(await complete({ tools, signal }, orders)))
        }
        return records
      },
      count: (w, tools, signal) => counted({ tools, signal }, within(second(w.since, Math.floor), w.until)),
    },
  },
  async check(tools, signal) {
    const { shop, count, exact } = await counted({ tools, signal })
    const orders = `${exact ? '' : 'at least '}${count} orders`
    return { ok: true, say: `Shop "${shop.name}" (${shop.currencyCode}) holds ${orders}` }
  },
} satisfies Hooks

import type { GraphPage, Hooks, Outcome, RawRecord, Remote, Tools, WriteItem } from 'tributary/hooks'

/** An order, or one of its refunds (those have an id and inner lists only). */
type Order = Record<string, unknown> & { id: string; updatedAt: string; refunds: Order[] }
type At = { tools: Tools; signal: AbortSignal }
type Failed = Exclude<Outcome, { kind: 'done' }>
type Line = { line: string; quantity: number }
type Tracking = { company?: string | null; number?: string | null }
/** What mappings/shopify/shipment.out.yaml makes; `previous`: fulfilments that an earlier revision made. */
type Parcel = { order: string; previous?: string; location?: string; notify: boolean } & {
  tracking: Tracking
  lines: Line[]
}
/** What mappings/shopify/stock.out.yaml makes; `item`: the inventory item, where a code table names it. */
type Level = { sku: string; item?: string; location: string; quantity: number; expected: number | null }
type Open = { location: string; of: string; item: string; line: string; left: number }
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
  Fulfillment: { fulfillmentLineItems: 'quantity lineItem { id }' },
  FulfillmentOrder: { lineItems: 'id remainingQuantity lineItem { id }' },
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
const PARCELS = `id fulfillments(first: 50) { id status trackingInfo(first: 5) { company number }
  ${list('fulfillmentLineItems', 'first: 10', INNER.Fulfillment.fulfillmentLineItems)} }`
const OPEN = `id ${list(
  'fulfillmentOrders',
  'first: 20',
  `id status assignedLocation { location { id } }
  ${list('lineItems', 'first: 10', INNER.FulfillmentOrder.lineItems)}`,
)}`
const WRONG = 'userErrors { field message }'
const SHIP = `mutation Ship($fulfillment: FulfillmentInput!) { done: fulfillmentCreate(fulfillment: $fulfillment) { fulfillment { id } ${WRONG} } }`
const TRACK = `mutation Track($id: ID!, $tracking: FulfillmentTrackingInput!, $notify: Boolean) {
  done: fulfillmentTrackingInfoUpdate(fulfillmentId: $id, trackingInfoInput: $tracking, notifyCustomer: $notify) { fulfillment { id } ${WRONG} } }`
const ITEMS = `query Items($query: String) { inventoryItems(first: 250, query: $query) { nodes { id sku } } }`
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

const stop = (failed: Failed) => Object.assign(new Error(failed.message), { failed })
const refused = (code: string, message: string) => stop({ kind: 'refused', code: `SHOPIFY_${code}`, message })
const failedOf = (e: unknown, tools: Tools) => (e as { failed?: Failed }).failed ?? tools.failed(e)
const gid = (type: string, id: string) => (id.startsWith('gid:') ? id : `gid://shopify/${type}/${id}`)
const tail = (id: string) => id.slice(id.lastIndexOf('/') + 1)
const parsed = <T>(item: WriteItem) => JSON.parse(item.body.toString()) as T

/** What is asked before anything is written: nothing was written then, whatever fails. */
async function before<T>(asking: Promise<T>, tools: Tools): Promise<T> {
  return asking.catch((error) => {
    const failed = failedOf(error, tools)
    throw stop(failed.kind === 'unknown' ? { ...failed, kind: 'not-done' } : failed)
  })
}

/** A mutation whose field is called `done`. */
async function change({ tools, signal }: At, query: string, variables: object): Promise<Remote> {
  const answer = await tools.graphql.change({ path, query, variables: { ...variables }, signal })
  if ('failed' in answer) throw stop(answer.failed)
  const done = answer.data.done as { userErrors: { message: string }[]; fulfillment?: Remote } | null
  const wrong = done?.userErrors[0]
  if (wrong) throw refused('REFUSED', wrong.message.slice(0, 300))
  if (!done?.fulfillment)
    throw stop({ kind: 'unknown', code: 'NO_RESULT', message: 'no fulfilment came back' })
  return done.fulfillment
}

const linesOf = (page: GraphPage, quantity: string): Line[] =>
  page.nodes.map((n) => ({ line: tail((n.lineItem as Order).id), quantity: Number(n[quantity]) }))

/** `lines` without what `others` hold of them. */
function less(lines: Line[], others: Line[]): Line[] {
  const left = lines.map(({ line, quantity }) => {
    const held = others.filter((o) => o.line === line).reduce((n, o) => n + o.quantity, 0)
    return { line, quantity: quantity - held }
  })
  return left.filter((l) => l.quantity > 0)
}

/**
 * What the shop holds of a parcel. Shopify keeps no foreign key: a parcel is known by its tracking number (without one
 * by the name that the mapping puts behind the carrier), and a corrected one by what its earlier revision made.
 */
async function look(at: At, { order, previous, tracking, lines }: Parcel) {
  const [found] = await read(at, 'Order', [gid('Order', order)], PARCELS)
  if (!found) throw refused('ORDER_MISSING', 'the shop has no such order')
  const had = (previous ?? '').split(',')
  const same = (a?: string | null, b?: string | null) => (a ?? '') === (b ?? '')
  const held: Line[] = []
  const ours = { ids: [] as string[], stale: [] as string[], open: lines }
  for (const f of found.fulfillments as (Order & { status: string; trackingInfo: Tracking[] })[]) {
    if (['CANCELLED', 'ERROR', 'FAILURE'].includes(f.status)) continue
    const known = (t: Tracking) =>
      tracking.number ? t.number === tracking.number : !t.number && same(t.company, tracking.company)
    if (!f.trackingInfo.some(known) && !had.includes(tail(f.id))) continue
    const exact = (t: Tracking) => same(t.number, tracking.number) && same(t.company, tracking.company)
    if (!f.trackingInfo.some(exact)) ours.stale.push(f.id)
    ours.ids.push(tail(f.id))
    await fill(at, f, 'Fulfillment')
    const has = linesOf(f.fulfillmentLineItems as GraphPage, 'quantity')
    if (had.includes(tail(f.id)) && less(has, lines).length > 0)
      throw refused('CONTENT_CHANGED', 'the parcel holds less than the shop was told: cancel it there')
    held.push(...has)
  }
  return { ...ours, open: less(lines, held) }
}

/** What may still be shipped of lines, from one location: the asked one, else the one that has most of it. */
async function openOrders(at: At, { order, location }: Parcel, lines: Line[]) {
  const [found] = await read(at, 'Order', [gid('Order', order)], OPEN)
  const open: Open[] = []
  for (const of of ((found?.fulfillmentOrders as GraphPage)?.nodes ?? []) as Order[]) {
    if (!['OPEN', 'IN_PROGRESS', 'INCOMPLETE'].includes(String(of.status))) continue
    await fill(at, of, 'FulfillmentOrder')
    const place = (of.assignedLocation as { location: Order | null }).location?.id ?? ''
    const nodes = (of.lineItems as GraphPage).nodes as Order[]
    for (const n of nodes) {
      const { line, quantity } = linesOf({ nodes: [n] }, 'remainingQuantity')[0]!
      if (quantity > 0) open.push({ location: place, of: of.id, item: n.id, line, left: quantity })
    }
  }
  const short = less(
    lines,
    open.map(({ line, left }) => ({ line, quantity: left })),
  )
  if (short.length > 0)
    throw refused('NOTHING_OPEN', 'not that much is open in the shop: shipped there, cancelled or on hold')
  const most = (place: string) => {
    const there = open.filter((o) => o.location === place)
    return lines.filter((l) => there.some((o) => o.line === l.line)).length + (place === location ? 1e6 : 0)
  }
  const places = [...new Set(open.map((o) => o.location))].sort((a, b) => most(b) - most(a))
  return open.filter((o) => o.location === places[0])
}

/** Takes what is wanted out of what is open: what to send, and what of it that covers. */
function pick(open: Open[], lines: Line[]) {
  const orders = new Map<string, { id: string; quantity: number }[]>()
  const covered: Line[] = []
  for (const { line, quantity } of lines) {
    let need = quantity
    for (const o of open.filter((one) => one.line === line)) {
      const take = Math.min(need, o.left)
      if (take === 0) continue
      orders.set(o.of, [...(orders.get(o.of) ?? []), { id: o.item, quantity: take }])
      covered.push({ line, quantity: take })
      need -= take
    }
  }
  const send = [...orders].map(([id, items]) => ({
    fulfillmentOrderId: id,
    fulfillmentOrderLineItems: items,
  }))
  return { send, covered }
}

/** Does what is not done yet: corrects the tracking of what is there, ships what is not, location by location. */
async function bring(at: At, wanted: Parcel): Promise<Remote> {
  const { tracking, notify } = wanted
  const now = await before(look(at, wanted), at.tools)
  for (const id of now.stale) await change(at, TRACK, { id, tracking, notify })
  let made = now.stale.length
  for (let { open } = now; open.length > 0; made++) {
    const asking = openOrders(at, wanted, open)
    const there = await (made === 0 ? before(asking, at.tools) : asking)
    const { send, covered } = pick(there, open)
    const fulfillment = { lineItemsByFulfillmentOrder: send, trackingInfo: tracking, notifyCustomer: notify }
    now.ids.push(tail((await change(at, SHIP, { fulfillment })).id!))
    open = less(open, covered)
  }
  return { id: now.ids.join(','), state: 'final' }
}

const proved = (work: Promise<Remote>, tools: Tools): Promise<Outcome> =>
  work.then((done): Outcome => ({ kind: 'done', remote: done })).catch((error) => failedOf(error, tools))

/** The inventory item of each SKU; a SKU that none or several have is an outcome already. */
async function itemsOf({ tools, signal }: At, levels: Level[]): Promise<(string | Failed)[]> {
  const skus = [...new Set(levels.filter((l) => !l.item).map((l) => l.sku))]
  const query = skus.map((sku) => `sku:"${sku.replace(/["\\]/g, '\\$&')}"`).join(' OR ')
  const data = query ? await tools.graphql.ask({ path, query: ITEMS, variables: { query }, signal }) : null
  const nodes = ((data?.inventoryItems as GraphPage | undefined)?.nodes ?? []) as {
    id: string
    sku: string
  }[]
  return levels.map(({ item, sku }) => {
    if (item) return gid('InventoryItem', item)
    const of = nodes.filter((n) => n.sku === sku)
    if (of.length === 1) return of[0]!.id
    if (of.length > 1) return refused('SKU_AMBIGUOUS', `${of.length} articles have this SKU`).failed
    return refused('SKU_UNKNOWN', 'no article has this SKU').failed
  })
}

/** One request, a mutation of its own for each level with its own idempotency key: a result for each of them. */
async function setLevels(at: At, items: WriteItem[], salt = ''): Promise<Outcome[]> {
  const { tools, signal } = at
  const levels = items.map((item) => parsed<Level>(item))
  const ids = await before(itemsOf(at, levels), tools)
  const outcomes: (Outcome | null)[] = ids.map((id) => (typeof id === 'string' ? null : id))
  const variables: Record<string, unknown> = {}
  const parts = levels.map(({ location, quantity, expected }, i) => {
    if (outcomes[i]) return ''
    const hex = tools.hash('sha256', `${items[i]!.key}${salt}`)
    variables[`k${i}`] = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5')
    const set = { inventoryItemId: ids[i], locationId: gid('Location', location), quantity }
    const about = {
      name: 'available',
      reason: 'correction',
      referenceDocumentUri: `gid://tributary/Push/${items[i]!.key}`,
    }
    variables[`i${i}`] = { ...about, quantities: [{ ...set, changeFromQuantity: expected }] }
    return `m${i}: inventorySetQuantities(input: $i${i}) @idempotent(key: $k${i}) { userErrors { code field message } }`
  })
  if (outcomes.every((o) => o !== null)) return outcomes
  const names = Object.keys(variables).map(
    (n) => `$${n}: ${n[0] === 'k' ? 'String!' : 'InventorySetQuantitiesInput!'}`,
  )
  const query = `mutation Stock(${names.join(', ')}) { ${parts.join(' ')} }`
  const answer = await tools.graphql.change({ path, query, variables, signal })
  if ('failed' in answer) return outcomes.map((o) => o ?? answer.failed)
  const settled = levels.map(async ({ location }, i): Promise<Outcome> => {
    if (outcomes[i]) return outcomes[i]
    const result = answer.data[`m${i}`] as { userErrors: { code?: string; message: string }[] } | null
    if (!result) return { kind: 'unknown', code: 'NO_RESULT', message: 'no result for this level' }
    const [wrong] = result.userErrors
    if (!wrong)
      return { kind: 'done', remote: { id: `${tail(String(ids[i]))}@${tail(location)}`, state: 'final' } }
    // the key is used up by an attempt that failed: it will never do anything
    if (wrong.code === 'IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED' && !salt)
      return (await setLevels(at, [items[i]!], '+'))[0]!
    const running = wrong.code === 'IDEMPOTENCY_CONCURRENT_REQUEST'
    return {
      kind: running ? 'unknown' : 'refused',
      code: wrong.code ?? 'SHOPIFY_REFUSED',
      message: wrong.message,
    }
  })
  return Promise.all(settled)
}

export default {
  write: {
    shipment: {
      // parcels of one order share what is open, and a lane holds one at a time
      write: async (items, tools, signal) =>
        Promise.all(items.map((item) => proved(bring({ tools, signal }, parsed(item)), tools))),
      find: (item, tools, signal) =>
        look({ tools, signal }, parsed(item))
          .then(({ ids, stale, open }) => {
            const state: Remote['state'] = stale.length + open.length > 0 ? 'draft' : 'final'
            return { hits: ids.length > 0 ? [{ id: ids.join(','), state }] : [] }
          })
          .catch((error) => ({ failed: failedOf(error, tools) })),
      advance: (item, _, tools, signal) => proved(bring({ tools, signal }, parsed(item)), tools),
    },
    stock: {
      write: (items, tools, signal) =>
        setLevels({ tools, signal }, items).catch((error) => items.map(() => failedOf(error, tools))),
    },
  },
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

import type { Hooks, Outcome, RawRecord, Remote, Tools, WriteItem } from 'tributary/hooks'

type Failed = Exclude<Outcome, { kind: 'done' }>
type Call = { tools: Tools; signal: AbortSignal }
type Result = { id: string; state: string; errorCode?: string; message?: string }
type Changed = { result: Result }
type Reply<T> = { data: T & Partial<Changed>; errors?: { message: string; extensions?: { code?: string } }[] }
type Scale = { globalSettings: { serverConfig: { moneyStrategyPrecision: number } } }
type Orders = Scale & { orders: { totalItems: number; items: { id: string; orderPlacedAt: string }[] } }
type Parcel = { trackingCode: string | null; lines: { orderLineId: string; quantity: number }[] }
/** What mappings/vendure/shipment.out.yaml makes; `parcel` is the end of the fulfilment's method. */
type Wanted = Parcel & { order: string; parcel: string; input: object }
type Parcels = { order: { fulfillments: (Parcel & Result & { method: string })[] } | null }

/** What mappings/vendure/stock.out.yaml makes: what may be sold; `location` where it is named. */
type Level = { sku: string; location?: string; quantity: number }
type Held = { stockLocationId: string; stockAllocated: number }
type Variant = { id: string; sku: string; trackInventory: string; stockLevels: Held[] }
/** What mappings/vendure/refund.out.yaml makes; `name` (in brackets) ends the reason; `settle`: the money has gone out, under this number. */
type PayBack = { order: string; name: string; reason?: string; amount: string; settle?: string } & {
  shipping: string
  lines: { orderLineId: string; quantity: number }[]
}
type Refund = Result & { total: number; reason: string | null }
type Payment = Result & { amount: number; refunds: Refund[] }

const VARIANTS = (fields: string) => `query($options: ProductVariantListOptions) {
  variants: productVariants(options: $options) { totalItems items { ${fields} } } }`
const ARTICLE = `id sku name enabled trackInventory updatedAt product { id name enabled } options { name } taxCategory { name }
  stockLevels { stockLocationId stockOnHand stockAllocated stockLocation { name } }`
const SET =
  'mutation($input: [UpdateProductVariantInput!]!) { variants: updateProductVariants(input: $input) { id } }'
const PAID = `query($id: ID!) { globalSettings { serverConfig { moneyStrategyPrecision } }
  order(id: $id) { payments { id state amount refunds { id state total reason } } } }`
const BACK = '{ __typename ... on Refund { id state total reason } ... on ErrorResult { errorCode message } }'
const REFUND = `mutation($input: RefundOrderInput!) { result: refundOrder(input: $input) ${BACK} }`
const SETTLE = `mutation($input: SettleRefundInput!) { result: settleRefund(input: $input) ${BACK} }`
const REFUNDED = `id code currencyCode orderPlacedAt payments { id method
  refunds { id createdAt updatedAt state total items shipping adjustment reason transactionId lines { orderLineId quantity } } }`
/** Nothing moves an order's clock when money goes back: orders of so many days are looked at. */
const REACH = 60 * 86_400_000

const ORDERS = (fields: unknown) => `query($options: OrderListOptions) {
  globalSettings { serverConfig { moneyStrategyPrecision } } orders(options: $options) { totalItems items { ${fields} } } }`
const PARCELS = `query($id: ID!) { order(id: $id) { fulfillments { id state method trackingCode lines { orderLineId quantity } } } }`
const RESULT = '{ __typename ... on Fulfillment { id state } ... on ErrorResult { errorCode message } }'
const ADD = `mutation($input: FulfillOrderInput!) { result: addFulfillmentToOrder(input: $input) ${RESULT} }`
const MOVE = `mutation($id: ID!, $state: String!) { result: transitionFulfillmentToState(id: $id, state: $state) ${RESULT} }`
const LOGIN = `mutation($u: String!, $p: String!) { login(username: $u, password: $p) { __typename ... on ErrorResult { errorCode message } } }`
const PAGE = 50

const stop = (failed: Failed) => Object.assign(new Error(failed.message), { failed })
const refused = (code: string, message: string) => stop({ kind: 'refused', code: `VENDURE_${code}`, message })
const denied = (message: string) => stop({ kind: 'not-done', code: 'VENDURE_DENIED', message, pause: true })
const failedOf = (e: unknown, tools: Tools) => (e as { failed?: Failed }).failed ?? tools.failed(e)

async function post<T>({ tools, signal }: Call, query: string, variables: object, headers = {}) {
  const body = JSON.stringify({ query, variables })
  const answer = await tools.http({ method: 'POST', path: '/admin-api', headers, body, signal })
  const failed = tools.outcome(answer)
  if (failed) throw stop(failed)
  return { reply: tools.json(answer.body) as Reply<T>, token: answer.headers['vendure-auth-token'] }
}

/** Headers that prove who we are. Whatever fails here, the call itself was never sent: not-done, not unknown. */
async function credentials(call: Call): Promise<Record<string, string>> {
  const { memory, settings } = call.tools
  if (settings.apiKey) return {}
  if (!memory.has('token')) {
    const login = post<{ login: Result }>(call, LOGIN, { u: settings.username, p: settings.password })
    const { reply, token } = await login.catch((error) => {
      throw stop({ ...failedOf(error, call.tools), kind: 'not-done' })
    })
    if (reply.errors || reply.data.login.errorCode) throw denied('the login was refused')
    if (!token) throw denied('no vendure-auth-token: allow tokenMethod "bearer" on the server')
    memory.set('token', token)
  }
  return { Authorization: `Bearer ${memory.get('token')}` }
}

/** FORBIDDEN (HTTP 200, nothing ran) is an ended session. An ErrorResult proves that nothing was written. */
async function ask<T = Changed>(call: Call, query: string, variables: object, again = true): Promise<T> {
  const { reply } = await post<T>(call, query, variables, await credentials(call))
  const result = reply.data?.result
  if (result?.errorCode) throw refused(result.errorCode, result.message ?? '')
  const error = reply.errors?.[0]
  if (!error) return reply.data
  const code = error.extensions?.code ?? 'ERROR'
  const forbidden = code === 'FORBIDDEN'
  if (forbidden && again && call.tools.memory.delete('token')) return ask(call, query, variables, false)
  if (forbidden) throw denied('this user may not do that')
  if (code !== 'INTERNAL_SERVER_ERROR') throw refused(code, error.message)
  throw stop({ kind: 'unknown', code: `VENDURE_${code}`, message: error.message })
}

/** For reads: the answer, or an error of the fitting kind. */
async function told<T>(call: Call, query: string, options: object): Promise<T> {
  return ask<T>(call, query, { options }).catch((error) => {
    const failed = failedOf(error, call.tools)
    const config = failed.kind === 'refused' || 'pause' in failed
    return call.tools.broken(`${failed.code}: ${failed.message}`, config ? 'config' : 'transient')
  })
}

async function readOrders(call: Call, options: object, fields = call.tools.settings.orderFields) {
  const { globalSettings, orders } = await told<Orders>(call, ORDERS(fields), options)
  const body = (order: object) => Buffer.from(JSON.stringify({ ...globalSettings.serverConfig, ...order }))
  const kind = { contentType: 'application/json', shape: 'order', total: orders.totalItems }
  return orders.items.map((o) => ({ id: o.id, body: body(o), placed: new Date(o.orderPlacedAt), ...kind }))
}

/** Newest first, cut here: the server's date filters are off by its zone, and new orders only shift known ones. */
async function placedSince(call: Call, since: Date, resume: unknown, fields?: string) {
  const skip = Number(resume ?? 0)
  const filter = { active: { eq: false }, orderPlacedAt: { isNull: false } }
  const sort = { orderPlacedAt: 'DESC', id: 'DESC' }
  const orders = await readOrders(call, { filter, sort, skip, take: PAGE }, fields)
  const more = orders.length === PAGE && orders.at(-1)!.placed >= since
  return { orders: orders.filter((o) => o.placed >= since), next: more ? skip + PAGE : null }
}

const recordOf = (id: string, shape: string, value: object): RawRecord => {
  return { id, body: Buffer.from(JSON.stringify(value)), contentType: 'application/json', shape }
}

/** One page of all articles; they are sorted by what never changes. */
async function articles(call: Call, resume: unknown) {
  const skip = Number(resume ?? 0)
  const options = { sort: { id: 'ASC' }, skip, take: 100 }
  const { variants } = await told<{ variants: { items: Variant[] } }>(call, VARIANTS(ARTICLE), options)
  return { items: variants.items, next: variants.items.length === 100 ? skip + 100 : null }
}

const content = (p: Parcel) =>
  JSON.stringify([p.trackingCode ?? '', p.lines.map((l) => `${l.orderLineId} ${l.quantity}`).sort()])

/** What the shop holds of a parcel: `same` with the wanted content; `stale`: overtaken by a correction. */
async function look(call: Call, item: WriteItem) {
  const wanted = JSON.parse(item.body.toString()) as Wanted
  const { order } = await ask<Parcels>(call, PARCELS, { id: wanted.order })
  if (!order) throw refused('ORDER_MISSING', 'the shop has no such order')
  const ours = order.fulfillments.filter((f) => f.state !== 'Cancelled' && f.method.endsWith(wanted.parcel))
  const same = (f: Parcel) => content(f) === content(wanted)
  return { wanted, same: ours.filter(same).map(remote), stale: ours.filter((f) => !same(f)).map(remote) }
}

const remote = ({ id, state }: Result): Remote & { id: string } => {
  return { id, state: ['Created', 'Pending'].includes(state) ? 'draft' : 'final' }
}

const move = async (call: Call, id: string | null, state: string): Promise<Remote> =>
  remote((await ask(call, MOVE, { id, state })).result)

/** Takes every step not done yet, up to `last`: cancels the overtaken (freeing their quantities), adds, ships. */
async function bring(call: Call, item: WriteItem, last: 'Pending' | 'Shipped'): Promise<Remote> {
  const { wanted, same, stale } = await look(call, item)
  for (const { id } of stale) await move(call, id, 'Cancelled')
  const now = same[0] ?? remote((await ask(call, ADD, { input: wanted.input })).result)
  if (last === 'Pending' || now.state === 'final') return now
  return move(call, now.id, last)
}

const proved = (work: Promise<Remote>, tools: Tools): Promise<Outcome> =>
  work.then((done): Outcome => ({ kind: 'done', remote: done })).catch((error) => failedOf(error, tools))

/** Read before anything is written: nothing was written then, whatever fails. */
async function before<T>(asking: Promise<T>, tools: Tools): Promise<T> {
  return asking.catch((error) => {
    const failed = failedOf(error, tools)
    throw stop(failed.kind === 'unknown' ? { ...failed, kind: 'not-done' } : failed)
  })
}

/** Vendure's figure holds what is allocated to its own open orders: that is added, so that just `quantity` may be sold. */
async function setLevels(call: Call, items: WriteItem[]): Promise<Outcome[]> {
  const levels = items.map((item) => JSON.parse(item.body.toString()) as Level)
  const options = { filter: { sku: { in: [...new Set(levels.map((l) => l.sku))] } }, take: 1000 }
  const query = VARIANTS('id sku stockLevels { stockLocationId stockAllocated }')
  const { variants } = await before(
    ask<{ variants: { items: Variant[] } }>(call, query, { options }),
    call.tools,
  )
  const input = new Map<string, { stockLocationId: string; stockOnHand: number }[]>()
  const outcomes = levels.map(({ sku, location, quantity }): Outcome => {
    const of = variants.items.filter((v) => v.sku === sku)
    if (of.length !== 1)
      return refused(of.length > 1 ? 'SKU_AMBIGUOUS' : 'SKU_UNKNOWN', `${of.length} variants have this SKU`)
        .failed
    const { id, stockLevels } = of[0]!
    const place = location ?? (stockLevels.length === 1 ? stockLevels[0]!.stockLocationId : null)
    if (place === null) return refused('LOCATION_MISSING', 'it lies at several locations: name one').failed
    const allocated = stockLevels.find((l) => l.stockLocationId === place)?.stockAllocated ?? 0
    input.set(id, [...(input.get(id) ?? []), { stockLocationId: place, stockOnHand: quantity + allocated }])
    return { kind: 'done', remote: { id: `${id}@${place}`, state: 'final' } }
  })
  if (input.size === 0) return outcomes
  const failed = await ask(call, SET, {
    input: [...input].map(([id, stockLevels]) => ({ id, stockLevels })),
  }).then(
    () => null,
    (error) => failedOf(error, call.tools),
  )
  return outcomes.map((outcome) => (outcome.kind === 'done' && failed ? failed : outcome))
}

const wantedBack = (item: WriteItem) => JSON.parse(item.body.toString()) as PayBack

async function lookBack(call: Call, wanted: PayBack) {
  type Paid = Scale & { order: { payments: Payment[] } | null }
  const { order, globalSettings } = await ask<Paid>(call, PAID, { id: wanted.order })
  if (!order) throw refused('ORDER_MISSING', 'the shop has no such order')
  const digits = globalSettings.serverConfig.moneyStrategyPrecision
  const ours = (p: Payment) =>
    p.refunds.filter((r) => r.state !== 'Failed' && r.reason?.endsWith(wanted.name))
  return { payments: order.payments, digits, parts: order.payments.map(ours).filter((r) => r.length > 0) }
}

/** Vendure may spread one refund over several payments: together they are one. Twice on one payment are two. */
function refundsOf({ parts, digits }: Awaited<ReturnType<typeof lookBack>>, { settle }: PayBack): Remote[] {
  const remoteOf = (of: Refund[]): Remote => {
    const total = of.reduce((n, r) => n + r.total, 0) / 10 ** digits
    const open = settle !== undefined && of.some((r) => r.state === 'Pending')
    return {
      id: of.map((r) => r.id).join(','),
      state: open ? 'draft' : 'final',
      total: total.toFixed(digits),
    }
  }
  if (parts.some((p) => p.length > 1)) return parts.flat().map((r) => remoteOf([r]))
  return parts.length > 0 ? [remoteOf(parts.flat())] : []
}

/** Asks for the money back on the payment that has most of it left, then says that it has gone out, where it has. */
async function payBack(call: Call, wanted: PayBack): Promise<Remote> {
  let now = await before(lookBack(call, wanted), call.tools)
  if (now.parts.length === 0) {
    const left = ({ amount, refunds }: Payment) =>
      refunds.reduce((n, r) => (r.state === 'Failed' ? n : n - r.total), amount)
    const [payment] = now.payments.filter((p) => p.state === 'Settled').sort((a, b) => left(b) - left(a))
    if (!payment) throw refused('NOTHING_PAID', 'the order has no settled payment')
    const scaled = (text: string) => Math.round(Number(text) * 10 ** now.digits)
    const about = { paymentId: payment.id, reason: `${wanted.reason ?? ''} ${wanted.name}`.trim() }
    // both are deprecated, but 3.7.3 fails without them, after the payment service has paid
    const old = { shipping: scaled(wanted.shipping), adjustment: 0 }
    const input = { ...about, amount: scaled(wanted.amount), lines: wanted.lines, ...old }
    await ask(call, REFUND, { input }).catch((error) => {
      const failed = failedOf(error, call.tools)
      // the server's own error may come after the payment service was asked: no second try by itself
      throw failed.kind === 'unknown' && failed.code.startsWith('VENDURE_')
        ? refused('REFUND_FAILED', failed.message)
        : error
    })
    now = await lookBack(call, wanted)
  }
  for (const { id, state } of now.parts.flat())
    if (wanted.settle !== undefined && state === 'Pending')
      await ask(call, SETTLE, { input: { id, transactionId: wanted.settle } })
  const [made] = refundsOf(now, wanted)
  if (!made) throw stop({ kind: 'unknown', code: 'NO_RESULT', message: 'the refund does not show' })
  return { ...made, state: 'final' }
}

export default {
  read: {
    order: {
      async page({ since, until, resume }, tools, signal) {
        const { orders, next } = await placedSince({ tools, signal }, since, resume)
        return { records: orders.filter((o) => o.placed < until), next }
      },
      fetch: (ids, tools, signal) =>
        readOrders({ tools, signal }, { filter: { id: { in: ids } }, take: ids.length }),
      async count({ since: start, until: end }, tools, signal) {
        const filter = { active: { eq: false }, orderPlacedAt: { between: { start, end } } }
        const [first] = await readOrders({ tools, signal }, { filter, take: 1 })
        return { count: first?.total ?? 0, exact: false }
      },
    },
    refund: {
      async page({ since, resume }, tools, signal) {
        const start = new Date(since.getTime() - REACH)
        const { orders, next } = await placedSince({ tools, signal }, start, resume, REFUNDED)
        const records = orders.flatMap(({ body }) => {
          const { payments, ...order } = tools.json(body) as { payments: Payment[] }
          const of = ({ refunds, ...payment }: Payment) =>
            refunds.map((refund) => recordOf(refund.id, 'refund', { id: refund.id, refund, payment, order }))
          return payments.flatMap(of)
        })
        return { records, next }
      },
    },
    product: {
      async page({ resume }, tools, signal) {
        const { items, next } = await articles({ tools, signal }, resume)
        // what only stock moves is left out, or each sale would make a new product
        const still = ({ stockLevels: _, ...article }: Variant) => recordOf(article.id, 'article', article)
        return { records: items.map(still), next }
      },
    },
    stock: {
      async page({ until, resume }, tools, signal) {
        const { items, next } = await articles({ tools, signal }, resume)
        const at = until.toISOString()
        const counted = items.filter((v) => v.trackInventory !== 'FALSE')
        const of = ({ stockLevels, ...article }: Variant) =>
          stockLevels.map((level) => {
            const id = `${article.id}@${level.stockLocationId}`
            return recordOf(id, 'level', { id, at, level, article: { id: article.id, sku: article.sku } })
          })
        return { records: counted.flatMap(of), next }
      },
    },
  },
  write: {
    shipment: {
      write: (items, tools, signal) =>
        Promise.all(items.map((item) => proved(bring({ tools, signal }, item, 'Pending'), tools))),
      find: (item, tools, signal) =>
        look({ tools, signal }, item)
          .then(({ same }) => ({ hits: same }))
          .catch((error) => ({ failed: failedOf(error, tools) })),
      advance: (item, _, tools, signal) => proved(bring({ tools, signal }, item, 'Shipped'), tools),
      discard: (_, { id }, tools, signal) => proved(move({ tools, signal }, id, 'Cancelled'), tools),
    },
    stock: {
      write: (items, tools, signal) =>
        setLevels({ tools, signal }, items).catch((error) => items.map(() => failedOf(error, tools))),
    },
    refund: {
      write: (items, tools, signal) =>
        Promise.all(items.map((item) => proved(payBack({ tools, signal }, wantedBack(item)), tools))),
      find: (item, tools, signal) =>
        lookBack({ tools, signal }, wantedBack(item))
          .then((now) => ({ hits: refundsOf(now, wantedBack(item)) }))
          .catch((error) => ({ failed: failedOf(error, tools) })),
      advance: (item, _, tools, signal) => proved(payBack({ tools, signal }, wantedBack(item)), tools),
    },
  },
  async check(tools, signal) {
    const { globalSettings: g } = await ask<Orders>({ tools, signal }, ORDERS('id'), { options: { take: 1 } })
    return { ok: true, say: `Vendure answers; amounts have ${g.serverConfig.moneyStrategyPrecision} digits` }
  },
} satisfies Hooks

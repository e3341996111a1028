import type { Hooks, Outcome, Remote, Tools, WriteItem } from 'tributary/hooks'

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

async function readOrders(call: Call, options: object) {
  const query = ORDERS(call.tools.settings.orderFields)
  const { globalSettings, orders } = await ask<Orders>(call, query, { options }).catch((error) => {
    const failed = failedOf(error, call.tools)
    const config = failed.kind === 'refused' || 'pause' in failed
    return call.tools.broken(`${failed.code}: ${failed.message}`, config ? 'config' : 'transient')
  })
  const body = (order: object) => Buffer.from(JSON.stringify({ ...globalSettings.serverConfig, ...order }))
  const kind = { contentType: 'application/json', shape: 'order', total: orders.totalItems }
  return orders.items.map((o) => ({ id: o.id, body: body(o), placed: new Date(o.orderPlacedAt), ...kind }))
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

export default {
  read: {
    order: {
      // Newest first, cut here: the server's date filters are off by its zone, and new orders only shift known ones.
      async page({ since, until, resume }, tools, signal) {
        const skip = Number(resume ?? 0)
        const filter = { active: { eq: false }, orderPlacedAt: { isNull: false } }
        const sort = { orderPlacedAt: 'DESC', id: 'DESC' }
        const orders = await readOrders({ tools, signal }, { filter, sort, skip, take: PAGE })
        const records = orders.filter((o) => o.placed >= since && o.placed < until)
        const more = orders.length === PAGE && orders.at(-1)!.placed >= since
        return { records, next: more ? skip + PAGE : null }
      },
      fetch: (ids, tools, signal) =>
        readOrders({ tools, signal }, { filter: { id: { in: ids } }, take: ids.length }),
      async count({ since: start, until: end }, tools, signal) {
        const filter = { active: { eq: false }, orderPlacedAt: { between: { start, end } } }
        const [first] = await readOrders({ tools, signal }, { filter, take: 1 })
        return { count: first?.total ?? 0, exact: false }
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
  },
  async check(tools, signal) {
    const { globalSettings: g } = await ask<Orders>({ tools, signal }, ORDERS('id'), { options: { take: 1 } })
    return { ok: true, say: `Vendure answers; amounts have ${g.serverConfig.moneyStrategyPrecision} digits` }
  },
} satisfies Hooks

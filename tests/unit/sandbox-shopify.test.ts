import { existsSync, mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { ShopifyOptions } from '../../src/sandbox/shopify/options.ts'
import { type Running, startShopify } from '../../src/sandbox/shopify/server.ts'

const SAMPLE = new URL('../../../shared/protocols/samples/shopify-orders.request.json', import.meta.url)
const running: Running[] = []

afterEach(async () => {
  for (const shop of running.splice(0)) await shop.close()
})

async function start(options: Partial<ShopifyOptions> = {}): Promise<Running> {
  const shop = await startShopify({ token: 'tok', secret: 'sec', ...options })
  running.push(shop)
  return shop
}

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into freely here
type Any = any

async function control(shop: Running, path: string, body?: unknown): Promise<Any> {
  const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }
  const response = await fetch(`${shop.url}/_sandbox/${path}`, init)
  return { status: response.status, body: await response.json() }
}

function post(shop: Running, query: string, variables: object = {}, token = 'tok'): Promise<Response> {
  return fetch(`${shop.url}/admin/api/2026-10/graphql.json`, {
    method: 'POST',
    headers: { 'X-Shopify-Access-Token': token, 'Content-Type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  })
}

async function ask(shop: Running, query: string, variables: object = {}): Promise<Any> {
  return (await post(shop, query, variables)).json()
}

const make = (shop: Running, count: number, more: object = {}) =>
  control(shop, 'orders', { count, seed: 3, hard: true, ...more })
const PAGED = `query ($first: Int!, $after: String, $query: String) {
  orders(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {
    pageInfo { hasNextPage endCursor } nodes { id name updatedAt } } }`

async function walk(shop: Running, first: number, query: string | null): Promise<Any[]> {
  const nodes: Any[] = []
  for (let after: string | null = null; ; ) {
    const page: Any = (await ask(shop, PAGED, { first, after, query })).data.orders
    nodes.push(...page.nodes)
    if (!page.pageInfo.hasNextPage) return nodes
    after = page.pageInfo.endCursor
  }
}

describe('reading orders from the Shopify sandbox', () => {
  it('wants the right token and a known address', async () => {
    const shop = await start()
    const refused = await post(shop, '{ shop { name } }', {}, 'wrong')
    expect(refused.status).toBe(401)
    expect(((await refused.json()) as Any).errors).toMatch(/Invalid API key/)
    expect((await fetch(`${shop.url}/admin/api/nonsense/graphql.json`)).status).toBe(404)
    const answer = await post(shop, '{ shop { name currencyCode } }')
    expect(answer.headers.get('x-shopify-api-version')).toBe('2026-10')
    expect(((await answer.json()) as Any).data.shop.currencyCode).toBe('CNY')
  })

  it('refuses what the schema does not know, as HTTP 200 with errors', async () => {
    const shop = await start()
    const answer = await post(shop, '{ orders(first: 1) { nodes { colour } } }')
    expect(answer.status).toBe(200)
    expect(((await answer.json()) as Any).errors[0].message).toMatch(/colour/)
    expect((await ask(shop, '{ orders { nodes { id } } }')).errors[0].message).toMatch(/first or last/)
    expect((await ask(shop, '{ orders(first: 251) { nodes { id } } }')).errors[0].message).toMatch(/250/)
    expect((await ask(shop, '{ shop { name ')).errors[0].message).toMatch(/Syntax Error/)
  })

  it.skipIf(!existsSync(SAMPLE))('executes the full order query of the protocol notes', async () => {
    const shop = await start()
    await make(shop, 40)
    const { query } = JSON.parse(readFileSync(SAMPLE, 'utf8'))
    const answer = await ask(shop, query, {
      first: 40,
      after: null,
      query: "updated_at:>='2026-01-01T00:00:00Z'",
    })
    expect(answer.errors).toBeUndefined()
    const nodes: Any[] = answer.data.orders.nodes
    expect(nodes).toHaveLength(40)
    const big = nodes.find((o) => o.lineItems.pageInfo.hasNextPage)
    expect(big.lineItems.nodes).toHaveLength(50)
    const refunded = nodes.find((o) => o.refunds[0]?.refundLineItems.nodes.length > 0 && !o.cancelledAt)
    const line = refunded.refunds[0].refundLineItems.nodes[0]
    expect(refunded.lineItems.nodes.map((l: Any) => l.id)).toContain(line.lineItem.id)
    const discounted = nodes
      .flatMap((o) => o.lineItems.nodes)
      .find((l: Any) => l.discountAllocations.length > 0)
    expect(discounted.discountAllocations[0].discountApplication.__typename).toMatch(/DiscountApplication$/)
    expect(answer.extensions.cost.requestedQueryCost).toBeLessThanOrEqual(1000)
  })

  it('prints money as GraphQL does: at least one decimal, no trailing zeros', async () => {
    const shop = await start()
    await make(shop, 80)
    const fields = 'currencyCode totalPriceSet { shopMoney { amount } }'
    const lines = 'lineItems(first: 5) { nodes { originalUnitPriceSet { shopMoney { amount } } } }'
    const answer = await ask(shop, `{ orders(first: 80) { nodes { ${fields} ${lines} } } }`)
    const text = (o: Any) => o.totalPriceSet.shopMoney.amount as string
    for (const o of answer.data.orders.nodes) {
      expect(text(o)).toMatch(/^\d+\.\d*[1-9]$|^\d+\.0$/)
      if (o.currencyCode === 'JPY') expect(text(o)).toMatch(/\.0$/)
    }
    const units = answer.data.orders.nodes.flatMap((o: Any) =>
      o.lineItems.nodes.map((l: Any) => l.originalUnitPriceSet.shopMoney.amount),
    )
    expect(units.some((u: string) => /^\d+\.\d{4}$/.test(u))).toBe(true)
  })

  it('pages through all orders once, in order of change, while orders change', async () => {
    const shop = await start()
    await make(shop, 130)
    const all = await walk(shop, 20, null)
    expect(new Set(all.map((o) => o.id)).size).toBe(130)
    const sorted = [...all].sort((a, b) => (a.updatedAt < b.updatedAt ? -1 : 1))
    expect(all.map((o) => o.updatedAt)).toEqual(sorted.map((o) => o.updatedAt))
    await new Promise((resolve) => setTimeout(resolve, 1100))
    await control(shop, 'orders/7000000000003/edit', { note: 'later' })
    expect((await walk(shop, 250, null)).at(-1).id).toBe('gid://shopify/Order/7000000000003')
  })

  it('filters by instants, ids, names and states, with AND, OR and NOT', async () => {
    const shop = await start()
    await make(shop, 40)
    await new Promise((resolve) => setTimeout(resolve, 1100))
    const edited = await control(shop, 'orders/7000000000005/edit', { note: 'x' })
    const { updatedAt, createdAt } = edited.body.order
    const names = async (query: string) => (await walk(shop, 250, query)).map((o) => o.name)
    expect(await names(`updated_at:>='${updatedAt}'`)).toEqual(['#1005'])
    expect(await names(`updated_at:>'${updatedAt}'`)).toEqual([])
    expect(await names(`updated_at:>='${createdAt}' AND updated_at:<'${updatedAt}'`)).toHaveLength(39)
    expect(await names(`updated_at:>="${updatedAt.replace('Z', '+00:00')}"`)).toEqual(['#1005'])
    expect(await names('name:#1007 OR name:1008')).toEqual(['#1007', '#1008'])
    expect(await names('id:>=7000000000039')).toHaveLength(2)
    const cancelled = await names('status:cancelled')
    expect(cancelled).toHaveLength(1)
    expect(await names(`NOT status:cancelled`)).toHaveLength(39)
    expect(await names(`(financial_status:pending OR financial_status:authorized)`)).toHaveLength(2)
    const answer = await ask(shop, PAGED, { first: 1, query: 'colour:red' })
    expect(answer.extensions.search[0].warnings[0].field).toBe('colour')
    const count = await ask(shop, '{ ordersCount(query: "name:#1007") { count precision } }')
    expect(count.data.ordersCount).toEqual({ count: 1, precision: 'EXACT' })
  })

  it('pages the lines of a big order from inside, by order, node and nodes', async () => {
    const shop = await start()
    await make(shop, 40)
    const raw = (await control(shop, 'orders')).body
    const id = `gid://shopify/Order/${raw.find((o: Any) => o.lines.length === 200).id}`
    const query = `query ($id: ID!, $after: String) { order(id: $id) {
      lineItems(first: 60, after: $after) { pageInfo { hasNextPage endCursor } nodes { id } } } }`
    const ids: string[] = []
    for (let after: string | null = null; ; ) {
      const { lineItems }: Any = (await ask(shop, query, { id, after })).data.order
      ids.push(...lineItems.nodes.map((l: Any) => l.id))
      if (!lineItems.pageInfo.hasNextPage) break
      after = lineItems.pageInfo.endCursor
    }
    expect(new Set(ids).size).toBe(200)
    const refund = raw.find((o: Any) => o.refunds.length > 0).refunds[0]
    const nodes = `query ($ids: [ID!]!) { nodes(ids: $ids) { id ... on Order { name } ... on LineItem { sku }
      ... on Refund { refundLineItems(first: 5) { nodes { quantity } } } } }`
    const refundId = `gid://shopify/Refund/${refund.id}`
    const answer = await ask(shop, nodes, { ids: [id, ids[150], refundId, 'gid://shopify/Order/1'] })
    expect(answer.data.nodes.map((n: Any) => n?.id ?? null)).toEqual([id, ids[150], refundId, null])
    expect((await ask(shop, `{ node(id: "${id}") { id } }`)).data.node.id).toBe(id)
  })
})

describe('throttling', () => {
  it('states costs, answers THROTTLED when the bucket is empty, and refills', async () => {
    const shop = await start({ plan: { maximumAvailable: 60, restoreRate: 200 } })
    await make(shop, 30)
    const query = '{ orders(first: 30) { nodes { id lineItems(first: 50) { nodes { id } } } } }'
    const first = await ask(shop, query)
    const { cost } = first.extensions
    expect(cost.throttleStatus).toMatchObject({ maximumAvailable: 60, restoreRate: 200 })
    expect(cost.actualQueryCost).toBeLessThan(cost.requestedQueryCost)
    const answers = await Promise.all(Array.from({ length: 12 }, () => post(shop, query)))
    const bodies = (await Promise.all(answers.map((a) => a.json()))) as Any[]
    const throttled = bodies.find((b) => b.errors)
    expect(answers.every((a) => a.status === 200)).toBe(true)
    expect(throttled.data).toBeUndefined()
    expect(throttled.errors[0].extensions.code).toBe('THROTTLED')
    expect(throttled.extensions.cost.actualQueryCost).toBeNull()
    for (let tries = 1; ; tries++) {
      const again = await ask(shop, query)
      if (again.data) break
      expect(tries, 'waiting as told must help').toBeLessThan(3)
      const { requestedQueryCost, throttleStatus: t } = again.extensions.cost
      const seconds = (requestedQueryCost - t.currentlyAvailable) / t.restoreRate
      await new Promise((resolve) => setTimeout(resolve, seconds * 1000 + 20))
    }
    expect((await control(shop, 'stats')).body.throttled).toBeGreaterThan(0)
  })

  it('refuses a query that costs more than 1000', async () => {
    const shop = await start()
    const deep = `{ orders(first: 250) { nodes { refunds(first: 250) { refundLineItems(first: 250) { nodes {
      lineItem { id product { id } variant { id } } } } }
      fulfillmentOrders(first: 250) { nodes { id lineItems(first: 250) { nodes { id lineItem { id } } } } }
      fulfillments(first: 250) { fulfillmentLineItems(first: 250) { nodes { id lineItem { id } } } } } } }`
    expect((await ask(shop, deep)).errors[0].extensions.code).toBe('MAX_COST_EXCEEDED')
  })
})

describe('writing back', () => {
  const CREATE = `mutation ($f: FulfillmentInput!) { fulfillmentCreate(fulfillment: $f) {
    fulfillment { id status trackingInfo(first: 5) { company number url } } userErrors { field message } } }`

  async function openOrder(shop: Running): Promise<Any> {
    await control(shop, 'orders', { count: 1 })
    const lines = 'lineItems(first: 50) { nodes { id remainingQuantity lineItem { id } } }'
    const query = `{ orders(first: 1) { nodes { id fulfillmentOrders(first: 1) { nodes { id ${lines} } } } } }`
    return (await ask(shop, query)).data.orders.nodes[0].fulfillmentOrders.nodes[0]
  }

  it('ships in parcels, corrects tracking, and refuses more than is open', async () => {
    const shop = await start()
    const fo = await openOrder(shop)
    const [line] = fo.lineItems.nodes
    const f = (quantity: number, number: string) => ({
      f: {
        lineItemsByFulfillmentOrder: [
          { fulfillmentOrderId: fo.id, fulfillmentOrderLineItems: [{ id: line.id, quantity }] },
        ],
        trackingInfo: { company: 'Example Express', number },
      },
    })
    const first = (await ask(shop, CREATE, f(1, 'T-1'))).data.fulfillmentCreate
    expect(first.userErrors).toEqual([])
    expect(first.fulfillment.trackingInfo).toEqual([{ company: 'Example Express', number: 'T-1', url: null }])
    const tooMany = (await ask(shop, CREATE, f(line.remainingQuantity, 'T-2'))).data.fulfillmentCreate
    expect(tooMany.fulfillment).toBeNull()
    expect(tooMany.userErrors[0].message).toMatch(/quantity/)
    const update = `mutation ($id: ID!) { fulfillmentTrackingInfoUpdate(fulfillmentId: $id,
      trackingInfoInput: { number: "T-9" }) { fulfillment { trackingInfo { number } } userErrors { message } } }`
    const corrected = (await ask(shop, update, { id: first.fulfillment.id })).data
      .fulfillmentTrackingInfoUpdate
    expect(corrected.fulfillment.trackingInfo[0].number).toBe('T-9')
    const rest = { f: { lineItemsByFulfillmentOrder: [{ fulfillmentOrderId: fo.id }] } }
    await ask(shop, CREATE, rest)
    const status =
      '{ orders(first: 1) { nodes { displayFulfillmentStatus fulfillments(first: 9) { name } } } }'
    const order = (await ask(shop, status)).data.orders.nodes[0]
    expect(order.displayFulfillmentStatus).toBe('FULFILLED')
    expect((await ask(shop, CREATE, rest)).data.fulfillmentCreate.userErrors).toHaveLength(1)
  })

  it('answers business errors for unknown and cancelled fulfilment orders', async () => {
    const shop = await start()
    const fo = await openOrder(shop)
    const f = (id: string) => ({ f: { lineItemsByFulfillmentOrder: [{ fulfillmentOrderId: id }] } })
    const unknown = await ask(shop, CREATE, f('gid://shopify/FulfillmentOrder/1'))
    expect(unknown.data.fulfillmentCreate.userErrors[0].message).toMatch(/does not exist/)
    await control(shop, 'orders/7000000000001/cancel', {})
    const late = await ask(shop, CREATE, f(fo.id))
    expect(late.data.fulfillmentCreate.userErrors[0].message).toMatch(/not in an open state/)
  })
})

describe('faults, changes and the log', () => {
  it('refuses, delays, cuts and empties answers on demand, before or after the work', async () => {
    const shop = await start()
    await control(shop, 'orders', { count: 1 })
    const fault = (patch: object) => control(shop, 'faults', { off: 1, ...patch })
    await fault({ status429: 1 })
    const busy = await post(shop, '{ shop { name } }')
    expect([busy.status, busy.headers.get('retry-after')]).toEqual([429, '1'])
    await fault({ status500: 1 })
    expect((await post(shop, '{ shop { name } }')).status).toBe(500)
    await fault({ empty200: { probability: 1, times: 1 } })
    expect(await (await post(shop, '{ shop { name } }')).text()).toBe('')
    expect((await ask(shop, '{ shop { name } }')).data.shop.name).toContain('🍵')
    await fault({ latency: { probability: 1, min: 120, max: 150 } })
    const t = performance.now()
    await post(shop, '{ shop { name } }')
    expect(performance.now() - t).toBeGreaterThan(110)
    const ship = (id: number) => `mutation { fulfillmentCreate(fulfillment: { lineItemsByFulfillmentOrder: [
      { fulfillmentOrderId: "gid://shopify/FulfillmentOrder/${6_500_000_000_000 + id}" }] }) { userErrors { message } } }`
    await fault({ resetBefore: 1 })
    await expect(post(shop, ship(1))).rejects.toThrow()
    expect((await control(shop, 'orders')).body[0].fulfillments).toHaveLength(0)
    await fault({ resetAfter: 1 })
    await expect(post(shop, ship(1))).rejects.toThrow()
    expect((await control(shop, 'orders')).body[0].fulfillments).toHaveLength(1)
    expect((await control(shop, 'faults', { typo: 1 })).status).toBe(422)
  })

  it('lets the search index lag behind the orders on demand', async () => {
    const shop = await start()
    await make(shop, 5)
    await control(shop, 'faults', { searchLag: { probability: 1, max: 600 } })
    expect(await walk(shop, 10, null)).toEqual([])
    expect(
      (await ask(shop, '{ order(id: "gid://shopify/Order/7000000000001") { name } }')).data.order.name,
    ).toBe('#1001')
    await new Promise((resolve) => setTimeout(resolve, 650))
    expect(await walk(shop, 10, null)).toHaveLength(5)
  })

  it('loses orders from the search index on demand, until they change', async () => {
    const shop = await start()
    await control(shop, 'faults', { searchLose: { probability: 1, times: 1 } })
    await make(shop, 3)
    const count = async () => (await ask(shop, '{ ordersCount { count } }')).data.ordersCount.count
    expect((await walk(shop, 10, null)).length).toBe(2)
    expect(await count()).toBe(2)
    const lost = 'gid://shopify/Order/7000000000001'
    expect((await ask(shop, `{ order(id: "${lost}") { name } }`)).data.order.name).toBe('#1001')
    await control(shop, 'orders/7000000000001/edit', {})
    expect((await walk(shop, 10, null)).length).toBe(3)
    expect(await count()).toBe(3)
  })

  it('keeps every version and declaration, and comes back from its log after a kill', async () => {
    const log = join(mkdtempSync(join(tmpdir(), 'shop-')), 'shop.jsonl')
    const shop = await start({ log })
    await make(shop, 45)
    expect((await control(shop, 'orders/7000000000001/cancel', {})).status).toBe(200)
    expect((await control(shop, 'orders/7000000000001/cancel', {})).status).toBe(422)
    await control(shop, 'orders/7000000000002/edit', {})
    await control(shop, 'orders/7000000000006/refund', {})
    const before = [(await control(shop, 'orders')).body, (await control(shop, 'expected')).body]
    expect(before[0].map((o: Any) => o.versions.length).slice(0, 2)).toEqual([2, 2])
    const cancelled = before[1][0]
    expect(cancelled).toMatchObject({
      orderId: '7000000000001',
      number: '#1001',
      expect: 'none',
      reason: 'cancelled',
    })
    expect(cancelled.changes[0]).toEqual({ kind: 'cancelled', at: expect.stringMatching(/\.\d{3}Z$/) })
    await running.pop()!.close()
    const again = await start({ log })
    expect([(await control(again, 'orders')).body, (await control(again, 'expected')).body]).toEqual(before)
    expect((await walk(again, 7, null)).map((o) => o.id)).toHaveLength(45)
    await make(again, 1)
    expect((await control(again, 'orders?offset=45&limit=9')).body.map((o: Any) => o.name)).toEqual(['#1046'])
  })

  it('makes a paced stream with later changes', async () => {
    const shop = await start()
    const t = performance.now()
    const accepted = await make(shop, 60, { rate: 100, changes: true, changeWithin: 100 })
    expect(accepted.status).toBe(202)
    for (;;) {
      const [stream] = (await control(shop, 'stats')).body.streams
      if (stream.created === 60 && stream.changesDone === stream.changesDue) break
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    expect(performance.now() - t).toBeGreaterThan(550)
    const expected = (await control(shop, 'expected')).body
    expect(expected.filter((e: Any) => e.changes.length > 0).length).toBeGreaterThan(2)
  })

  it('creates at least 2,000 orders per second of processor time', { retry: 3 }, async () => {
    const log = join(mkdtempSync(join(tmpdir(), 'shop-')), 'shop.jsonl')
    const shop = await start({ log })
    const before = process.cpuUsage()
    await make(shop, 2000)
    const { user, system } = process.cpuUsage(before)
    expect((user + system) / 1e6).toBeLessThan(1)
  })
})

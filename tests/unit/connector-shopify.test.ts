import { existsSync, readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import type { CallEvent } from '../../src/connector/client.ts'
import { loadConnector, openConnection } from '../../src/connector/load.ts'
import type { Connection, RawRecord } from '../../src/core/ports.ts'
import { loadMapping } from '../../src/mapping/load.ts'
import { startShopify } from '../../src/sandbox/shopify/server.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

const signal = new AbortController().signal
const always = { since: new Date('2020-01-01T00:00:00Z'), until: new Date('2100-01-01T00:00:00Z') }
const context = {} as never

async function connect(base: string, calls: CallEvent[] = []): Promise<Connection> {
  const config = {
    id: 'my-shop',
    entity: 'main',
    settings: { base, token: 'tok', secret: 's3cret', previousSecret: 'old' },
    company: { zone: 'Asia/Shanghai', currency: 'CNY' },
    onCall: (e: CallEvent) => calls.push(e),
  }
  const mapping = (name: string) => loadMapping(`mappings/shopify/${name}.yaml`)
  const connection = await openConnection(await loadConnector('connectors/shopify'), config, mapping)
  closing.push(() => connection.close())
  return connection
}

async function readAll(c: Connection, window = always): Promise<RawRecord[]> {
  const records: RawRecord[] = []
  let resume: unknown = null
  do {
    const page = await c.streams[0]!.page({ ...window, resume: JSON.parse(JSON.stringify(resume)) }, signal)
    records.push(...page.records)
    resume = page.next
  } while (resume !== null)
  return records
}

async function sandbox(options: Partial<Parameters<typeof startShopify>[0]> = {}) {
  const shop = await startShopify({ token: 'tok', secret: 's3cret', ...options })
  closing.push(() => shop.close())
  const post = async (path: string, body: object = {}) => {
    const answer = await fetch(`${shop.url}/_sandbox/${path}`, { method: 'POST', body: JSON.stringify(body) })
    expect(answer.status).toBeLessThan(300)
    return answer.json()
  }
  const raw = async () =>
    (await (await fetch(`${shop.url}/_sandbox/orders`)).json()) as { id: number; lines: unknown[] }[]
  return { url: shop.url, post, raw }
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const read = (r: RawRecord) => JSON.parse(r.body.toString())

describe('shopify against the sandbox', () => {
  it('reads every order once, whole, whatever the pages', async () => {
    const shop = await sandbox()
    await shop.post('orders', { count: 120, hard: true, seed: 3 })
    const raw = await shop.raw()
    await shop.post(`orders/${raw[0]!.id}/refund`)
    for (let i = 0; i < 4; i++)
      await shop.post(`orders/${raw[1]!.id}/refund`, { adjustment: '1' }).catch(() => null)
    const c = await connect(shop.url)
    const records = await readAll(c)
    expect(records.map((r) => r.id).sort()).toEqual(raw.map((o) => String(o.id)).sort())
    expect(Math.max(...records.map((r) => read(r).lineItems.nodes.length))).toBeGreaterThanOrEqual(200)
    for (const o of await shop.raw()) {
      const { lineItems } = read(records.find((r) => r.id === String(o.id))!)
      expect(lineItems.nodes.length).toBe(o.lines.length)
      expect(new Set(lineItems.nodes.map((l: { id: string }) => l.id)).size).toBe(o.lines.length)
    }
    expect(records.some((r) => read(r).refunds.length > 0)).toBe(true)
    // The same bytes again, page by page and by id: known records are recognised by them.
    const again = await c.streams[0]!.fetch!([...records.map((r) => r.id).slice(0, 40), '1'], signal)
    expect(again).toHaveLength(40)
    expect(again.every((r) => records.find((o) => o.id === r.id)!.body.equals(r.body))).toBe(true)
  })

  it('takes its signed webhooks and maps every order of both shapes', async () => {
    const sent: { url: string; headers: Record<string, string | string[] | undefined>; body: Buffer }[] = []
    const hook = createServer(async (req, res) => {
      sent.push({ url: req.url!, headers: req.headers, body: Buffer.concat(await Array.fromAsync(req)) })
      res.end()
    })
    const shop = await sandbox({ webhookUrl: `${await listen(hook)}/{topic}` })
    await shop.post('orders', { count: 60, hard: true, seed: 5 })
    await expect.poll(() => sent.filter((s) => s.url === '/orders-create').length, { timeout: 5000 }).toBe(60)
    const c = await connect(shop.url)
    const records = await readAll(c)
    for (const { url, headers, body } of sent) {
      const delivery = c.webhooks.find((w) => `/${w.topic}` === url)!.receive(headers, body)
      expect(delivery.deliveryId).toBe(headers['x-shopify-webhook-id'])
      records.push(
        ...delivery.records.map((r) => ({ ...r, id: c.streams[0]!.identify(c.parse(r), r.shape)! })),
      )
    }
    expect(records).toHaveLength(120)
    const parked: string[] = []
    for (const record of records) {
      const mapped = c.streams[0]!.mappings[record.shape]!.map(c.parse(record), context)
      await mapped.catch((e: Error) => parked.push(e.message))
    }
    expect(parked.filter((m) => !/sku/i.test(m))).toEqual([])
  })

  it('keeps to the window', async () => {
    const shop = await sandbox()
    await shop.post('orders', { count: 5 })
    const c = await connect(shop.url)
    const past = { since: always.since, until: new Date(Date.now() - 3_600_000) }
    expect(await readAll(c, past)).toEqual([])
    expect(await readAll(c, { since: new Date(Date.now() - 3_600_000), until: always.until })).toHaveLength(5)
  })

  it('waits when throttled and loses nothing', async () => {
    const shop = await sandbox({ plan: { maximumAvailable: 120, restoreRate: 20 } })
    await shop.post('orders', { count: 100, hard: true })
    const calls: CallEvent[] = []
    const records = await readAll(await connect(shop.url, calls))
    expect(records).toHaveLength(100)
    const stats = (await (await fetch(`${shop.url}/_sandbox/stats`)).json()) as { throttled: number }
    expect(stats.throttled).toBeGreaterThan(0)
    expect(calls.every((e) => e.path.startsWith('/graphql.json'))).toBe(true)
  }, 60_000)

  it('checks: shop and number of orders, or what is wrong', async () => {
    const shop = await sandbox()
    await shop.post('orders', { count: 3 })
    expect(await (await connect(shop.url)).check(signal)).toEqual({
      ok: true,
      say: expect.stringMatching(/CNY.* 3 orders/),
    })
    const other = await sandbox({ token: 'else' })
    expect(await (await connect(other.url)).check(signal)).toMatchObject({
      ok: false,
      say: expect.stringMatching(/401/),
    })
  })
})

/** A server that answers GraphQL as a test says. */
async function graphql(
  answer: (query: string, variables: Record<string, unknown>, n: number) => object,
): Promise<string> {
  let n = 0
  const server = createServer(async (req, res) => {
    const { query, variables } = JSON.parse((await Array.fromAsync(req)).join(''))
    res.end(JSON.stringify(answer(query, variables, n++)))
  })
  return listen(server)
}

const cost = (requestedQueryCost: number, currentlyAvailable = 1000) => ({
  cost: {
    requestedQueryCost,
    throttleStatus: { maximumAvailable: 2000, currentlyAvailable, restoreRate: 1000 },
  },
})
const done = { pageInfo: { hasNextPage: false, endCursor: null }, nodes: [] as unknown[] }
const order = (id: number, more: object = {}) => ({
  id: `gid://shopify/Order/${id}`,
  legacyResourceId: String(id),
  updatedAt: '2026-11-18T00:00:01Z',
  lineItems: done,
  shippingLines: done,
  refunds: [],
  ...more,
})
const page = (nodes: unknown[], endCursor: string | null = null) => ({
  data: { orders: { pageInfo: { hasNextPage: endCursor !== null, endCursor }, nodes } },
})

describe('shopify and what the sandbox does not do', () => {
  it('halves a page that costs too much and grows it by the cost that is stated', async () => {
    const sizes: unknown[] = []
    const url = await graphql((_, { first }, n) => {
      sizes.push(first)
      if (n === 0) return { errors: [{ message: 'too much', extensions: { code: 'MAX_COST_EXCEEDED' } }] }
      return { ...page([], n < 3 ? `c${n}` : null), extensions: cost(20 * Number(first)) }
    })
    await readAll(await connect(url))
    expect(sizes).toEqual([5, 2, 40, 40])
  })

  it('waits (requested − available) / restore rate', async () => {
    const url = await graphql((_, __, n) =>
      n === 0
        ? {
            errors: [{ message: 'Throttled', extensions: { code: 'THROTTLED' } }],
            extensions: cost(412, 112),
          }
        : page([]),
    )
    const started = performance.now()
    await readAll(await connect(url))
    expect(performance.now() - started).toBeGreaterThanOrEqual(295)
  })

  it('leaves out fields that the version lacks', async () => {
    const queries: string[] = []
    const url = await graphql((query) => {
      queries.push(query)
      const field = ['totalCashRoundingAdjustment', 'originalTotalDutiesSet'].find((f) => query.includes(f))
      return field ? { errors: [{ message: `Field '${field}' doesn't exist on type 'Order'` }] } : page([])
    })
    const c = await connect(url)
    await readAll(c)
    await readAll(c)
    expect(queries).toHaveLength(4)
    expect(queries[3]).toContain('originalTotalAdditionalFeesSet')
    expect(queries[3]).not.toMatch(/totalCashRounding|paymentSet|originalTotalDutiesSet/)
  })

  it.each([
    [{ errors: [{ message: 'no', extensions: { code: 'ACCESS_DENIED' } }], data: page([]).data }, 'config'],
    [{ errors: [{ message: 'Internal error', extensions: { code: 'INTERNAL_SERVER_ERROR' } }] }, 'transient'],
    [{ errors: [{ message: "Field 'lineItems' doesn't exist" }] }, 'transient'],
    [{}, 'transient'],
  ])('%j inside a 200 is an error, not an empty page', async (answer, kind) => {
    const c = await connect(await graphql(() => answer))
    await expect(readAll(c)).rejects.toMatchObject({ kind })
  })

  it('reads an order anew when it changes between its pages', async () => {
    const first = order(1, {
      lineItems: { pageInfo: { hasNextPage: true, endCursor: 'l1' }, nodes: [{ id: 'old' }] },
    })
    const later = { updatedAt: '2026-11-18T00:00:09Z' }
    const whole = order(1, { ...later, lineItems: { ...done, nodes: [{ id: 'a' }, { id: 'b' }] } })
    const url = await graphql((query) => {
      if (query.includes('query Orders')) return page([first])
      if (query.includes('after: "l1"'))
        return { data: { nodes: [{ id: first.id, ...later, lineItems: done }] } }
      return { data: { nodes: [whole] } }
    })
    const [record] = await readAll(await connect(url))
    expect(read(record!)).toMatchObject({ ...later, lineItems: { nodes: [{ id: 'a' }, { id: 'b' }] } })
  })

  it('leaves out an order that is gone, and gives up on one that never stands still', async () => {
    const long = { lineItems: { pageInfo: { hasNextPage: true, endCursor: 'l1' }, nodes: [{ id: 'a' }] } }
    const gone = await graphql((query) =>
      query.includes('query Orders') ? page([order(1, long)]) : { data: { nodes: [null] } },
    )
    expect(await readAll(await connect(gone))).toEqual([])
    let n = 0
    const restless = await graphql((query) =>
      query.includes('query Orders')
        ? page([order(1, long)])
        : { data: { nodes: [order(1, { ...long, updatedAt: `v${n++}` })] } },
    )
    await expect(readAll(await connect(restless))).rejects.toMatchObject({ kind: 'transient' })
  })

  it('reads many refunds with all their lines', async () => {
    const gid = (i: number) => ({ id: `gid://shopify/Refund/${i}` })
    const lines = (ids: string[], endCursor: string | null = null) => ({
      pageInfo: { hasNextPage: endCursor !== null, endCursor },
      nodes: ids.map((id) => ({ id })),
    })
    const refunds = [1, 2, 3, 4, 5].map(gid)
    const url = await graphql((query) => {
      if (query.includes('query Orders')) return page([order(1, { refunds: refunds.slice(0, 3) })])
      if (query.includes('refunds(first: 250)')) return { data: { nodes: [order(1, { refunds })] } }
      if (query.includes('after: "r1"'))
        return { data: { nodes: [{ ...gid(5), refundLineItems: lines(['y']) }] } }
      const full = refunds.map((r, i) => ({
        ...r,
        refundLineItems: lines(['x'], i === 4 ? 'r1' : null),
        refundShippingLines: done,
      }))
      expect(query).toContain('refunds(first: 5)')
      return { data: { nodes: [order(1, { refunds: full })] } }
    })
    const [record] = await readAll(await connect(url))
    const found = read(record!).refunds as { refundLineItems: { nodes: { id: string }[] } }[]
    expect(found.map((r) => r.refundLineItems.nodes.map((l) => l.id).join(''))).toEqual([
      'x',
      'x',
      'x',
      'x',
      'xy',
    ])
  })

  it('starts a new walk before a cursor walk ends at 25,000 objects', async () => {
    const asked: Record<string, unknown>[] = []
    const url = await graphql((_, variables) => {
      asked.push(variables)
      return page([order(1)], asked.length === 1 ? 'c1' : null)
    })
    const c = await connect(url)
    const resume = { after: 'c0', since: '2026-11-17T00:00:00Z', count: 20_001 }
    const { next } = await c.streams[0]!.page({ ...always, resume }, signal)
    expect(next).toEqual({ after: null, since: '2026-11-18T00:00:01Z', count: 0 })
    await c.streams[0]!.page({ ...always, resume: next }, signal)
    expect(asked[1]).toMatchObject({
      after: null,
      query: expect.stringContaining(">='2026-11-18T00:00:01Z'"),
    })
  })
})

describe('shopify webhooks', () => {
  it('cover the topics: orders as they are, edits and refunds as hints', async () => {
    const c = await connect('http://127.0.0.1:9')
    expect(c.webhooks.map((w) => w.topic)).toEqual([
      'orders-create',
      'orders-updated',
      'orders-cancelled',
      'orders-edited',
      'refunds-create',
    ])
  })

  const samples = '../shared/protocols/samples'
  it.skipIf(!existsSync(samples))(
    'read the sample payloads of the protocol page (skipped where they are absent)',
    async () => {
      const c = await connect('http://127.0.0.1:9')
      const { createHmac } = await import('node:crypto')
      const receive = (topic: string, body: Buffer, secret: string) => {
        const signature = createHmac('sha256', secret).update(body).digest('base64')
        const headers = {
          'x-shopify-hmac-sha256': signature,
          'x-shopify-webhook-id': 'w1',
          'content-type': 'application/json',
        }
        return c.webhooks.find((w) => w.topic === topic)!.receive(headers, body)
      }
      const body = readFileSync(`${samples}/shopify-order.jpy-incl.webhook.json`)
      const delivery = receive('orders-updated', body, 'old')
      expect(delivery).toMatchObject({ stream: 'order', deliveryId: 'w1', fetch: [] })
      expect(delivery.records[0]).toMatchObject({ id: null, shape: 'webhook', body })
      const parsed = c.parse(delivery.records[0]!)
      expect(c.streams[0]!.identify(parsed, 'webhook')).toBe('7000000000001')
      const refund = readFileSync(`${samples}/shopify-refund.amount-only.webhook.json`)
      expect(receive('refunds-create', refund, 's3cret')).toMatchObject({
        records: [],
        fetch: ['7000000000009'],
      })
      const edit = Buffer.from('{"order_edit":{"id":78912328793,"order_id":7000000000001}}')
      expect(receive('orders-edited', edit, 's3cret').fetch).toEqual(['7000000000001'])
    },
  )
})

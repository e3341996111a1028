/** Parcels and stock written into the sandbox shop: exactly once, also when an answer is lost. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { loadConnector } from '../../src/connector/load.ts'
import { openConnection } from '../../src/connector/open.ts'
import type { Connection, WriteItem } from '../../src/core/ports.ts'
import { checkDocument } from '../../src/mapping/check-document.ts'
import { loadMapping } from '../../src/mapping/load.ts'
import { validateDocument } from '../../src/mapping/validate.ts'
import { CATALOGUE } from '../../src/sandbox/generate/catalogue.ts'
import { startShopify } from '../../src/sandbox/shopify/server.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})
const signal = new AbortController().signal
const LOCATION = '60000000001'

// biome-ignore lint/suspicious/noExplicitAny: the sandbox's raw contents are looked into freely
type Any = any

async function shop(options: Partial<Parameters<typeof startShopify>[0]> = {}) {
  const { url, close } = await startShopify({ token: 'tok', secret: 's3cret', ...options })
  closing.push(close)
  const post = async (path: string, body: object = {}): Promise<Any> => {
    const answer = await fetch(`${url}/_sandbox/${path}`, { method: 'POST', body: JSON.stringify(body) })
    expect(answer.status).toBeLessThan(300)
    return answer.json()
  }
  const get = async (path: string): Promise<Any> => (await fetch(`${url}/_sandbox/${path}`)).json()
  return { url, post, get }
}

async function connect(base: string, more: object = {}): Promise<Connection> {
  const config = {
    id: 'my-shop',
    entity: 'main',
    settings: { base, token: 'tok', secret: 's3cret', location: LOCATION, ...more },
    company: { zone: 'Asia/Shanghai', currency: 'CNY' },
  }
  const mapping = (name: string) => loadMapping(`mappings/shopify/${name}.yaml`)
  const connection = await openConnection(await loadConnector('connectors/shopify'), config, mapping)
  closing.push(() => connection.close())
  return connection
}

/** The way to the shop; the answer to the first call that names `field` is lost after the shop has done it. */
async function losing(url: string, field: string): Promise<string> {
  let lost = false
  const server = createServer(async (req, res) => {
    const body = Buffer.concat(await Array.fromAsync(req as AsyncIterable<Buffer>))
    const headers = { 'content-type': 'application/json', 'x-shopify-access-token': 'tok' }
    const answer = await fetch(url + req.url, { method: req.method!, headers, body })
    const text = await answer.text()
    if (!lost && body.includes(field)) {
      lost = true
      return req.socket.destroy()
    }
    res.writeHead(answer.status, { 'content-type': 'application/json' }).end(text)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  closing.push(() => {
    server.closeAllConnections()
    return new Promise((done) => server.close(done))
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const of = (c: Connection, kind: string) => c.writes.find((w) => w.kind === kind)!

async function item(c: Connection, kind: string, key: string, document: object, previous: Any = null) {
  const { body, check } = await of(c, kind).render(document, { key, revision: previous ? 2 : 1, previous })
  return { key, kind, revision: 1, body, check } as WriteItem
}

const write = async (c: Connection, kind: string, ...items: WriteItem[]) => of(c, kind).write(items, signal)

/** An order whose lines all have three pieces or more, and a parcel of some of them. */
async function sold(s: Awaited<ReturnType<typeof shop>>) {
  await s.post('orders', { count: 12, seed: 4, hard: true })
  const orders = (await s.get('orders')) as Any[]
  const order = orders.find((o) => !o.cancelledAt && o.lines.filter((l: Any) => l.ships).length > 1)
  const lines = order.lines.filter((l: Any) => l.ships)
  const parcel = (name: string, taken: [line: number, quantity: number][], more: object = {}) => ({
    parcel: name,
    order: { externalId: String(order.id), number: order.name },
    state: 'shipped',
    carrier: 'DHL',
    trackingNumber: `TRK-${name}`,
    lines: taken.map(([i, quantity]) => ({ line: String(lines[i].id), quantity: String(quantity) })),
    ...more,
  })
  const parcels = async () => ((await s.get('orders')) as Any[]).find((o) => o.id === order.id).fulfillments
  return { order, lines, parcel, parcels }
}

describe('parcels into the sandbox', () => {
  it('ships lines, is found again, and is not shipped twice', async () => {
    const s = await shop()
    const { lines, parcel, parcels } = await sold(s)
    const c = await connect(s.url)
    const one = await item(c, 'shipment', 'K1', parcel('a', [[0, lines[0].quantity]]))
    expect(await of(c, 'shipment').find!(one, signal)).toEqual({ hits: [] })
    const [first] = await write(c, 'shipment', one)
    expect(first).toMatchObject({ kind: 'done', remote: { state: 'final' } })
    const found = await of(c, 'shipment').find!(one, signal)
    expect(found).toEqual({ hits: [(first as Any).remote] })
    expect(await write(c, 'shipment', one)).toEqual([first])
    const held = await parcels()
    expect(held).toHaveLength(1)
    expect(held[0]).toMatchObject({ company: 'DHL', number: 'TRK-a', lines: [{ line: lines[0].id }] })
    const other = await item(c, 'shipment', 'K2', parcel('b', [[1, lines[1].quantity]]))
    expect(await of(c, 'shipment').find!(other, signal)).toEqual({ hits: [] })
    expect(await write(c, 'shipment', other)).toMatchObject([{ kind: 'done' }])
    expect(await parcels()).toHaveLength(2)
  })

  it('a lost answer is in doubt, then found; nothing is shipped again', async () => {
    const s = await shop()
    const { lines, parcel, parcels } = await sold(s)
    const c = await connect(await losing(s.url, 'fulfillmentCreate'))
    const one = await item(c, 'shipment', 'K1', parcel('a', [[0, lines[0].quantity]]))
    expect(await write(c, 'shipment', one)).toMatchObject([{ kind: 'unknown' }])
    expect(await of(c, 'shipment').find!(one, signal)).toMatchObject({ hits: [{ state: 'final' }] })
    expect(await write(c, 'shipment', one)).toMatchObject([{ kind: 'done' }])
    expect(await parcels()).toHaveLength(1)
  })

  it('a corrected tracking number changes the fulfilment that is there', async () => {
    const s = await shop()
    const { lines, parcel, parcels } = await sold(s)
    const c = await connect(s.url)
    const taken: [number, number][] = [[0, lines[0].quantity]]
    const [first] = (await write(c, 'shipment', await item(c, 'shipment', 'K1', parcel('a', taken)))) as Any
    const corrected = parcel('a', taken, { trackingNumber: 'TRK-NEW', carrier: 'UPS' })
    const second = await item(c, 'shipment', 'K2', corrected, first.remote)
    expect(await of(c, 'shipment').find!(second, signal)).toMatchObject({ hits: [{ state: 'draft' }] })
    expect(await write(c, 'shipment', second)).toEqual([first])
    expect(await parcels()).toMatchObject([{ company: 'UPS', number: 'TRK-NEW' }])
    expect(await of(c, 'shipment').find!(second, signal)).toEqual({ hits: [first.remote] })
  })

  it('without a number the parcel is known by its name; the same content again is another parcel', async () => {
    const s = await shop()
    const { lines, parcel, parcels } = await sold(s)
    const many = lines.findIndex((l: Any) => l.quantity > 1)
    const c = await connect(s.url)
    for (const name of ['a', 'b', 'b']) {
      const bare = parcel(name, [[many, 1]], { trackingNumber: null })
      expect(await write(c, 'shipment', await item(c, 'shipment', name, bare))).toMatchObject([
        { kind: 'done' },
      ])
    }
    expect((await parcels()).map((p: Any) => p.company)).toEqual(['DHL (a)', 'DHL (b)'])
  })

  it('more than is open is refused, and so is an order that is not there', async () => {
    const s = await shop()
    const { lines, parcel, parcels } = await sold(s)
    const c = await connect(s.url)
    const much = await item(c, 'shipment', 'K1', parcel('a', [[0, lines[0].quantity + 1]]))
    expect(await write(c, 'shipment', much)).toMatchObject([
      { kind: 'refused', code: 'SHOPIFY_NOTHING_OPEN' },
    ])
    const strange = parcel('a', [[0, 1]], { order: { externalId: '7', number: '#7' } })
    expect(await write(c, 'shipment', await item(c, 'shipment', 'K2', strange))).toMatchObject([
      { kind: 'refused', code: 'SHOPIFY_ORDER_MISSING' },
    ])
    expect(await parcels()).toHaveLength(0)
  })

  it('ships an order of hundreds of lines in one parcel', async () => {
    const s = await shop()
    await s.post('orders', { count: 60, seed: 3, hard: true })
    const order = ((await s.get('orders')) as Any[]).find((o) => o.lines.length > 100 && !o.cancelledAt)
    const c = await connect(s.url)
    const lines = order.lines
      .filter((l: Any) => l.ships)
      .map((l: Any) => ({ line: String(l.id), quantity: String(l.quantity) }))
    const whole = { parcel: 'x', order: { externalId: String(order.id) }, trackingNumber: 'T', lines }
    const one = await item(c, 'shipment', 'K', whole)
    expect(await write(c, 'shipment', one)).toMatchObject([{ kind: 'done' }])
    expect(await of(c, 'shipment').find!(one, signal)).toMatchObject({ hits: [{ state: 'final' }] })
  })
})

const level = (sku: string, onHand: number, more: object = {}) => ({
  site: 'main',
  sku,
  onHand: String(onHand),
  ...more,
})

describe('stock into the sandbox', () => {
  it('sets many levels in one request, with a result for each', async () => {
    const s = await shop()
    const c = await connect(s.url)
    const items = await Promise.all(
      [
        level('TEA-001', 17),
        level('NO-SUCH', 1),
        level('TEA-002', 0),
        level('TEA-003', 5, { extra: { expected: 99 } }),
        level('TEA-004', 5, { extra: { expected: 100 } }),
      ].map((l, i) => item(c, 'stock', `K${i}`, l)),
    )
    expect(await write(c, 'stock', ...items)).toMatchObject([
      { kind: 'done', remote: { id: '50000000000001@60000000001' } },
      { kind: 'refused', code: 'SHOPIFY_SKU_UNKNOWN' },
      { kind: 'done' },
      { kind: 'refused', code: 'CHANGE_FROM_QUANTITY_STALE' },
      { kind: 'done' },
    ])
    const set = ((await s.get('stock')) as Any[]).map((e) => e.sets[0].available)
    expect(set).toEqual([17, 0, 5])
  })

  it('the same bytes again do nothing: a sale in between stays', async () => {
    const s = await shop()
    const c = await connect(s.url)
    const one = await item(c, 'stock', 'K1', level('TEA-001', 17))
    const [first] = await write(c, 'stock', one)
    await s.post('stock', { sku: 'TEA-001', quantity: 16 })
    expect(await write(c, 'stock', one)).toEqual([first])
    expect(((await s.get('stock')) as Any[]).at(-1).sets[0].available).toBe(16)
    const next = await item(c, 'stock', 'K2', level('TEA-001', 17))
    expect(await write(c, 'stock', next)).toMatchObject([{ kind: 'done' }])
    expect(((await s.get('stock')) as Any[]).at(-1).sets[0].available).toBe(17)
  })

  it('a lost answer is in doubt; sent again alone it is done, once', async () => {
    const s = await shop()
    const c = await connect(await losing(s.url, 'inventorySetQuantities'))
    const items = await Promise.all(['TEA-001', 'TEA-002'].map((sku) => item(c, 'stock', sku, level(sku, 3))))
    expect((await write(c, 'stock', ...items)).map((o) => o.kind)).toEqual(['unknown', 'unknown'])
    for (const one of items) expect(await write(c, 'stock', one)).toMatchObject([{ kind: 'done' }])
    expect(await s.get('stock')).toHaveLength(2)
  })

  it('waits for points instead of being refused', async () => {
    const s = await shop({ plan: { maximumAvailable: 400, restoreRate: 400 } })
    const c = await connect(s.url)
    for (let n = 0; n < 4; n++) {
      const items = await Promise.all(
        ['TEA-001', 'TEA-002', 'TEA-003', 'TEA-004', 'TEA-005', 'CUP-001', 'CUP-002', 'CUP-003'].map((sku) =>
          item(c, 'stock', `${sku}-${n}`, level(sku, n)),
        ),
      )
      expect((await write(c, 'stock', ...items)).every((o) => o.kind === 'done')).toBe(true)
    }
    expect(await s.get('stock')).toHaveLength(32)
  })
})

/** All documents of a stream, mapped and valid. */
async function documents(c: Connection, name: string): Promise<Any[]> {
  const stream = c.streams.find((s) => s.name === name)!
  const found: Any[] = []
  let resume: unknown = null
  do {
    const window = { since: new Date('2020-01-01'), until: new Date('2100-01-01') }
    const page = await stream.page({ ...window, resume: JSON.parse(JSON.stringify(resume)) }, signal)
    for (const record of page.records) {
      const context = { connection: 'my-shop', entity: 'main', settings: {}, company: {} } as never
      const value = (await stream.mappings[record.shape]!.map(c.parse(record), context)) as object
      const document = validateDocument(stream.document, { connection: 'my-shop', entity: 'main', ...value })
      checkDocument(stream.document, document)
      found.push(document)
      const again = stream.fetch && (await stream.fetch([record.id], signal))
      if (again) expect(again[0]!.body.equals(record.body)).toBe(true)
    }
    resume = page.next
  } while (resume !== null)
  return found
}

describe('what else is read from the sandbox', () => {
  it('every article once, and its stock wherever it lies', async () => {
    const s = await shop()
    await s.post('stock', { sku: 'TEA-002', quantity: 7 })
    const c = await connect(s.url)
    const products = await documents(c, 'product')
    expect(new Set(products.map((d) => d.sku)).size).toBe(CATALOGUE.length)
    const stock = await documents(c, 'stock')
    expect(stock).toHaveLength(CATALOGUE.length)
    expect(stock.find((d) => d.sku === 'TEA-002')).toMatchObject({ available: '7', site: 'サンプル倉庫' })
  })

  it('every refund and return, by poll and by id the same bytes', async () => {
    const s = await shop()
    await s.post('orders', { count: 40, seed: 6, hard: true })
    const orders = ((await s.get('orders')) as Any[]).filter((o) => !o.cancelledAt && o.lines.length > 1)
    const [a, b, d] = orders
    await s.post(`orders/${a.id}/refund`, { lines: [{ line: a.lines[0].id, quantity: 1 }] })
    await s.post(`orders/${a.id}/refund`, { shipping: true, lines: [{ line: a.lines[1].id, quantity: 1 }] })
    await s.post(`orders/${b.id}/refund`)
    await s.post(`orders/${b.id}/return`, { lines: [{ line: b.lines[0].id, quantity: 1 }], note: 'why not' })
    await s.post(`orders/${d.id}/return`)
    await s.post(`orders/${d.id}/return`, { close: true })
    const held = ((await s.get('orders')) as Any[]).flatMap((o) => o.refunds.map((r: Any) => String(r.id)))
    const c = await connect(s.url)
    const refunds = await documents(c, 'refund')
    expect(refunds.map((r) => r.externalId).sort()).toEqual(held.sort())
    expect(await documents(c, 'return')).toEqual([])
    const returns = await documents(await connect(s.url, { returns: true }), 'return')
    expect(returns.map((r) => [r.order, r.state]).sort()).toEqual(
      [
        [String(b.id), 'approved'],
        [String(d.id), 'settled'],
      ].sort(),
    )
  })
})

describe('refunds into the sandbox', () => {
  it.each([false, true])('are made once, also when the answer is lost (paid back: %s)', async (payBack) => {
    const s = await shop()
    await s.post('orders', { count: 20, seed: 4, hard: true })
    const of20 = (await s.get('orders')) as Any[]
    const order = of20.find(
      (o) =>
        !o.cancelledAt && o.taxesIncluded && o.transactions[0]?.kind === 'SALE' && o.lines[0].goods > 200,
    )
    const c = await connect(await losing(s.url, 'refundCreate'), { payBack })
    const one = await item(c, 'refund', 'K1', {
      externalId: 'r-1',
      order: String(order.id),
      currency: order.currency,
      amount: 100,
      reason: 'late',
      components: [
        { kind: 'goods', line: String(order.lines[0].id), quantity: '1', amount: 100, restock: 'none' },
      ],
    })
    const other = await item(c, 'refund', 'K2', {
      externalId: '1',
      order: String(order.id),
      currency: order.currency,
      amount: 100,
      components: [],
    })
    expect(await of(c, 'refund').find!(one, signal)).toEqual({ hits: [] })
    expect(await write(c, 'refund', one)).toMatchObject([{ kind: 'unknown' }])
    const found = (await of(c, 'refund').find!(one, signal)) as Any
    expect(found.hits).toHaveLength(1)
    // the same key again: the shop answers with the first refund
    expect(await write(c, 'refund', one)).toEqual([{ kind: 'done', remote: found.hits[0] }])
    expect(await of(c, 'refund').find!(other, signal)).toEqual({ hits: [] })
    const now = ((await s.get('orders')) as Any[]).find((o) => o.id === order.id)
    expect(now.refunds).toMatchObject([{ note: 'late (r-1)', lines: [{ quantity: 1 }] }])
    const back = now.transactions.filter((t: Any) => t.kind === 'REFUND')
    expect(back.map((t: Any) => t.amount)).toEqual(payBack ? [100] : [])
  })
})

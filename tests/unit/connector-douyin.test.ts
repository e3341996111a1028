/** The Douyin connector against the sandbox shop, over HTTP, faults included. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Connection, RawRecord } from '../../src/core/ports.ts'
import { createTokenMemory } from '../../src/core/token-store.ts'
import { signPush } from '../../src/sandbox/douyin/sign.ts'
import { type ConnectionOptions, documentOf, itemOf, openConnector, readAll } from '../support/connection.ts'
import { type Any, control, KEY, SECRET, SHOP } from '../support/douyin-client.ts'
import { douyinShops } from '../support/douyin-shop.ts'

const shops = douyinShops()
const open: Connection[] = []
let signal: AbortSignal
beforeEach(() => {
  signal = AbortSignal.timeout(60_000)
})
afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
  await shops.close()
})

async function connect(
  base: string,
  settings: Record<string, unknown> = {},
  options: ConnectionOptions = {},
) {
  const all = { base, appKey: KEY, appSecret: SECRET, shopId: SHOP, ...settings }
  const connection = await openConnector('douyin', all, {
    codes: { carrier: { SF: 'shunfeng' } },
    ...options,
  })
  open.push(connection)
  return connection
}

async function shop(count = 0, options: object = {}, more: object = {}) {
  const opened = await shops.open(count, options, more)
  return { ...opened, connection: await connect(opened.url) }
}

const faults = (url: string, rules: object) => control(url, 'faults', rules)
const text = (record: RawRecord) => record.body.toString()
const byId = (records: RawRecord[]) => new Map(records.map((r) => [r.id, r]))

describe('orders', () => {
  it('every one arrives once although others change between two pages, with sums that agree', async () => {
    const { url, connection } = await shop(230)
    await faults(url, { changeBetweenPages: { probability: 1 } })
    const read = byId(await readAll(connection, 'order', signal))
    const expected = (await control(url, 'expected')).body as Any[]
    const all = [...expected, ...(await control(url, 'expected?page=2')).body]
    expect(read.size).toBeGreaterThanOrEqual(230)
    for (const { orderId, expect: outcome, reason } of all) {
      const document = await documentOf(connection, 'order', read.get(orderId)!).catch((e: Any) => e.code)
      if (reason === 'missing-sku') expect(document).toBe('RECORD_NO_SKU')
      else expect(document.externalId).toBe(orderId)
      if (outcome !== 'document') continue
      const held = JSON.parse(text(read.get(orderId)!))
      expect(document.totals.total).toBe(held.order_amount)
      expect(document.payment).toMatch(/^paid$|^part-refunded$/)
    }
  }, 120_000)

  it('are the same by page, by id and after a push: bytes, ids beyond 2^53, masked addresses', async () => {
    const { connection } = await shop(3)
    const stream = connection.streams.find((s) => s.name === 'order')!
    for (const polled of await readAll(connection, 'order', signal)) {
      const [fetched] = await stream.fetch!([polled.id], signal)
      expect(text(fetched!)).toBe(text(polled))
      const document = await documentOf(connection, 'order', polled).catch(() => null)
      if (!document) continue
      expect(document.externalId).toMatch(/^\d{19}$/)
      expect(document.lines[0].listing).toMatch(/^\d{19}$/)
      const held = JSON.parse(text(polled))
      expect(document.shipTo.opaqueId).toBe(held.open_address_id)
      expect(document.shipTo.name).toBe(held.mask_post_receiver)
    }
  })

  it('an order that is not known is left out of a fetch', async () => {
    const { connection } = await shop()
    expect(await connection.streams[0]!.fetch!(['6936476692437000000'], signal)).toEqual([])
  })

  it('that were unpaid, under review or given up are not paid for; what was paid back is told', async () => {
    const { url, connection } = await shop(48)
    const expected = new Map(
      ((await control(url, 'expected')).body as Any[]).map((e) => [e.orderId, e.reason]),
    )
    const payments: Record<string, string[]> = {}
    for (const record of await readAll(connection, 'order', signal)) {
      const reason = expected.get(record.id) as string
      if (!reason || reason === 'missing-sku') continue
      const document = await documentOf(connection, 'order', record)
      payments[reason] = [...new Set([...(payments[reason] ?? []), document.payment])].sort()
    }
    expect(payments).toMatchObject({
      paid: ['paid', 'part-refunded'],
      unpaid: ['unpaid'],
      'in-review': ['unpaid'],
      cancelled: ['unpaid'],
      'fully-refunded': ['refunded'],
    })
  })
})

describe('after-sales', () => {
  it('become returns and refunds of the order and line they are about', async () => {
    const { url, connection, held } = await shop(24)
    const order = (await held()).find(
      (o) => o.stage === 'paid' && o.afterSales.length === 0 && o.skus[0].code,
    )
    await control(url, `orders/${order.id}/apply`, { type: 2 })
    const sale = (await held()).find((o) => o.id === order.id).afterSales[0]
    const documents = async (stream: string) => {
      const record = byId(await readAll(connection, stream, signal)).get(sale.id)!
      return documentOf(connection, stream, record)
    }
    const line = order.skus[0].id
    expect(await documents('return')).toMatchObject({
      order: order.id,
      state: 'requested',
      total: sale.amount,
    })
    expect(await documents('refund')).toMatchObject({ order: order.id, return: sale.id, state: 'pending' })
    await control(url, `after-sales/${sale.id}/agree`, {})
    expect(await documents('return')).toMatchObject({
      state: 'settled',
      lines: [{ line }],
      freight: sale.post,
    })
    const refund = await documents('refund')
    expect(refund).toMatchObject({ state: 'settled', amount: sale.amount })
    expect(refund.components.reduce((sum: number, c: Any) => sum + c.amount, 0)).toBe(sale.amount)
  })
})

describe('products and stock', () => {
  it('come SKU by SKU; only stock moves with the poll', async () => {
    const { url, connection } = await shop()
    const products = await readAll(connection, 'product', signal)
    const stock = (await control(url, 'stock')).body as Record<string, number>
    expect(products).toHaveLength(Object.keys(stock).length)
    const again = byId(await readAll(connection, 'product', signal))
    for (const record of products) {
      expect(text(again.get(record.id)!)).toBe(text(record))
      const { sku, listings } = await documentOf(connection, 'product', record)
      expect(sku in stock).toBe(true)
      expect(listings[0].externalId).toMatch(/^\d{19}$/)
    }
    const item = await itemOf(connection, 'stock', { sku: 'TEA-001', onHand: '7', site: 's' }, 'S1')
    const write = connection.writes.find((w) => w.kind === 'stock')!
    expect(await write.write([item], signal)).toMatchObject([{ kind: 'done', remote: { id: 'S1' } }])
    expect(await write.write([item], signal)).toMatchObject([{ kind: 'done' }])
    const levels = await Promise.all(
      (await readAll(connection, 'stock', signal)).map((r) => documentOf(connection, 'stock', r)),
    )
    expect(levels.find((l) => l.sku === 'TEA-001')).toMatchObject({ site: SHOP, onHand: '7', available: '7' })
    expect(levels.find((l) => l.sku === 'TEA-002')).toMatchObject({ onHand: '1000' })
  })
})

describe('pushes', () => {
  const push = (connection: Connection, messages: unknown, secret = SECRET) => {
    const body = typeof messages === 'string' ? messages : JSON.stringify(messages)
    const headers = { 'app-id': KEY, 'event-sign': signPush(KEY, body, secret) }
    return connection.webhooks[0]!.receive(headers, Buffer.from(body))
  }

  it('name orders and after-sales, whatever form the ids have', async () => {
    const connection = await connect('http://127.0.0.1:9')
    const body =
      '[{"tag":"100","msg_id":"1","data":{"p_id":6936476692437000001}},' +
      '{"tag":"206","msg_id":"2","data":"{\\"p_id\\":6936476692437000001,\\"aftersale_id\\":6936476692437600002}"}]'
    expect(push(connection, body)).toMatchObject({
      stream: 'order',
      records: [],
      fetch: ['6936476692437000001'],
      also: [
        { stream: 'return', fetch: ['6936476692437600002'] },
        { stream: 'refund', fetch: ['6936476692437600002'] },
      ],
    })
    expect(connection.webhooks[0]!.answer.body).toBe('{"code":0,"msg":"success"}')
  })

  it('the check of the address is answered and names nothing', async () => {
    const connection = await connect('http://127.0.0.1:9')
    const told = push(connection, [{ tag: '0', msg_id: '0', data: 'check' }])
    expect(told).toMatchObject({ records: [], fetch: [] })
  })

  it('are refused under another secret, and where they are no array', async () => {
    const connection = await connect('http://127.0.0.1:9')
    expect(() => push(connection, [], 'guess')).toThrow(
      expect.objectContaining({ code: 'WEBHOOK_SIGNATURE' }),
    )
    expect(() => push(connection, { tag: '0' })).toThrow(
      expect.objectContaining({ code: 'WEBHOOK_UNREADABLE' }),
    )
  })
})

describe('parcels', () => {
  async function parcel(url: string, connection: Connection, number = 'SF10000001', quantity = '1') {
    const order = ((await control(url, 'orders')).body as Any[]).find(
      (o) => o.stage === 'paid' && o.afterSales.length === 0 && o.skus.length > 1 && o.skus[0].quantity > 1,
    )
    const document = {
      parcel: 'P1',
      order: { externalId: order.id, number: order.id },
      carrier: 'SF',
      trackingNumber: number,
      lines: [{ line: order.skus[0].id, sku: order.skus[0].code, quantity }],
    }
    const held = async () =>
      ((await control(url, 'orders')).body as Any[]).find((o) => o.id === order.id).parcels
    return { item: await itemOf(connection, 'shipment', document, `K-${number}`), held, order }
  }
  const shipped = (connection: Connection) => connection.writes.find((w) => w.kind === 'shipment')!

  it('ships some pieces of a line, and names the parcel', async () => {
    const { url, connection } = await shop(24)
    const { item, held, order } = await parcel(url, connection)
    const outcome = (await shipped(connection).write([item], signal))[0]!
    const [one] = await held()
    expect(outcome).toMatchObject({ kind: 'done', remote: { id: one.id, number: 'SF10000001', lines: 1 } })
    expect(one).toMatchObject({ company: 'shunfeng', lines: [{ sku: order.skus[0].id, quantity: 1 }] })
  })

  it.each(['resetAfter', 'empty200', 'error500After', 'malformed', 'html'])(
    'one whose answer was lost (%s) is in doubt, and the same bytes ship nothing more',
    async (fault) => {
      const { url, connection } = await shop(24)
      const { item, held } = await parcel(url, connection)
      await readAll(connection, 'order', signal) // gets the token before the fault strikes
      await faults(url, { [fault]: { probability: 1, times: 1 } })
      expect(await shipped(connection).write([item], signal)).toMatchObject([{ kind: 'unknown' }])
      expect(await shipped(connection).write([item], signal)).toMatchObject([{ kind: 'done' }])
      expect(await held()).toHaveLength(1)
    },
  )

  it('throttling leaves it undone; a token that ended is renewed once; a rule of the platform refuses', async () => {
    const { url, connection } = await shop(24)
    const { item, held } = await parcel(url, connection)
    await readAll(connection, 'order', signal)
    await faults(url, { throttle: { probability: 1, times: 1 } })
    expect(await shipped(connection).write([item], signal)).toMatchObject([
      { kind: 'not-done', code: 'isp.call-limit' },
    ])
    expect(await held()).toHaveLength(0)
    await faults(url, { tokenExpired: { probability: 1, times: 1 } })
    expect(await shipped(connection).write([item], signal)).toMatchObject([{ kind: 'done' }])
    const more = await parcel(url, connection, 'SF10000002', '99')
    expect(await shipped(connection).write([more.item], signal)).toMatchObject([
      { kind: 'refused', code: 'isv.business-failed:70023' },
    ])
  })
})

describe('tokens and failures', () => {
  it('one token serves several connections, and is got once', async () => {
    const { url } = await shop()
    const tokens = createTokenMemory()
    const paths: string[] = []
    const options = { tokens, onCall: ({ path }: { path: string }) => void paths.push(path) }
    const both = [await connect(url, {}, options), await connect(url, {}, options)]
    await Promise.all(both.map((c) => readAll(c, 'order', signal)))
    expect(paths.filter((p) => p.startsWith('/token/'))).toEqual(['/token/create'])
  })

  it.each([
    [{ throttle: { probability: 1 } }, 'CONNECTOR_THROTTLED'],
    [{ html: { probability: 1 } }, 'CONNECTOR_ANSWER_UNREADABLE'],
    [{ malformed: { probability: 1 } }, 'CONNECTOR_ANSWER_UNREADABLE'],
    [{ resetBefore: { probability: 1 } }, 'CONNECTOR_UNREACHABLE'],
  ])('a page fails by kind: %j', async (rules, code) => {
    const { url, connection } = await shop(1)
    await readAll(connection, 'order', signal)
    await faults(url, rules)
    await expect(readAll(connection, 'order', signal)).rejects.toMatchObject({ code, kind: 'transient' })
  })

  it('a wrong secret stops the connection, and no message tells it', async () => {
    const { url } = await shop()
    const wrong = await connect(url, { appSecret: 'not-the-secret' })
    const failed = await readAll(wrong, 'order', signal).catch((error: unknown) => error as Error)
    expect(failed).toMatchObject({ code: 'CONNECTOR_TOKEN_DEAD', kind: 'config' })
    expect(JSON.stringify([failed, (failed as Error).message])).not.toContain('not-the-secret')
    expect(await wrong.check(signal)).toMatchObject({ ok: false })
  })

  it('a shop that the app may not act for stops it, too', async () => {
    const { url } = await shop()
    const other = await connect(url, { shopId: '1' })
    await expect(readAll(other, 'order', signal)).rejects.toMatchObject({ code: 'CONNECTOR_TOKEN_DEAD' })
  })
})

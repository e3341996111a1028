/** The WeChat shop connector against a shop that checks tokens, ranges and pieces, faults included. */
import { createCipheriv, createHash, randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Connection, RawRecord } from '../../src/core/ports.ts'
import { createTokenMemory } from '../../src/core/token-store.ts'
import { documentOf, itemOf, openConnector, readAll } from '../support/connection.ts'
import { APP, startWechat, type WechatFault, wechatOrders } from '../support/wechat-shop.ts'

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into freely
type Any = any

const open: { close(): Promise<void> }[] = []
let signal: AbortSignal
beforeEach(() => {
  signal = AbortSignal.timeout(60_000)
})
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close()
})

const CODES = { carrier: { SF: 'SF' }, listing: { 'TEA-001': '10000000000001:20000000000001' } }

async function shop(orders: Any[] = [], settings: object = {}) {
  const remote = await startWechat(orders)
  open.push(remote)
  const given = { base: remote.url, ...APP, ...settings }
  const connection = await openConnector('wechat-shop', given, { codes: CODES, tokens: createTokenMemory() })
  open.push(connection)
  return { remote, connection }
}

const byId = (records: RawRecord[]) => new Map(records.map((r) => [r.id, r]))
const streamOf = (c: Connection, name: string) => c.streams.find((s) => s.name === name)!
const writeOf = (c: Connection, kind: string) => c.writes.find((w) => w.kind === kind)!
const seconds = () => Math.floor(Date.now() / 1000)

const parcel = (order: Any, trackingNumber = 'SF1000000001', pieces = 3) => ({
  parcel: 'p1',
  order: { externalId: order.order_id, number: order.order_id },
  ...{ state: 'shipped', carrier: 'SF', trackingNumber },
  lines: [{ line: '10000000000001:20000000000001', sku: 'TEA-001', quantity: String(pieces) }],
})

describe('orders of a WeChat shop', () => {
  it('arrive once each although others change between two pages, ids whole, sums that agree', async () => {
    const { remote, connection } = await shop(wechatOrders(230, seconds() - 10))
    const until = new Date((seconds() - 5) * 1000)
    const last = [...remote.orders]
    remote.onPage = () => {
      // at the end of the window, so that what is left of it does not move up
      last.pop()!.update_time = seconds()
    }
    const before = await readAll(connection, 'order', signal, new Date(Date.now() - 3_600_000), until)
    remote.onPage = null
    const after = await readAll(connection, 'order', signal, until, new Date(Date.now() + 2000))
    const records = byId([...before, ...after])
    expect([...records.keys()].sort()).toEqual(remote.orders.map((o) => o.order_id).sort())
    for (const record of records.values()) {
      const document = await documentOf(connection, 'order', record)
      expect(document).toMatchObject({ externalId: record.id, payment: 'paid', state: 'open', charges: [] })
    }
    expect(remote.tokens).toBe(1)
  })

  it('are the same from the list and by id', async () => {
    const { connection } = await shop(wechatOrders(5))
    const polled = await readAll(connection, 'order', signal)
    const fetched = await streamOf(connection, 'order').fetch!(
      polled.map((r) => r.id),
      signal,
    )
    expect(fetched.map((r) => [r.id, String(r.body)])).toEqual(polled.map((r) => [r.id, String(r.body)]))
    expect((await connection.check(signal)).say).toBe('Shop 样例小店 answers')
  })
})

describe('tokens and trouble', () => {
  it('a token that ended is renewed once, also when several calls meet it', async () => {
    const { remote, connection } = await shop(wechatOrders(5))
    await readAll(connection, 'order', signal)
    remote.expire()
    expect(await readAll(connection, 'order', signal)).toHaveLength(5)
    expect(remote.tokens).toBe(2)
    remote.expire()
    const ids = remote.orders.map((o) => o.order_id)
    expect(await streamOf(connection, 'order').fetch!(ids, signal)).toHaveLength(5)
    expect(remote.tokens).toBe(3)
  })

  it.each<WechatFault>(['html', 'half', 'empty', 'reset-after', 'busy'])(
    '%s fails a read as transient, and says no secret',
    async (fault) => {
      const { remote, connection } = await shop(wechatOrders(2))
      remote.fault = fault
      const failure: Any = await readAll(connection, 'order', signal).catch((error) => error)
      expect(failure).toMatchObject({ kind: 'transient' })
      for (const secret of [APP.appSecret, 'token-1'])
        expect(JSON.stringify([failure.message, failure.say])).not.toContain(secret)
    },
  )

  it('an address that is not listed, and a wrong secret, need a person', async () => {
    const { remote, connection } = await shop(wechatOrders(2))
    remote.fault = 'not-listed'
    await expect(readAll(connection, 'order', signal)).rejects.toMatchObject({ kind: 'config' })
    const other = await shop(wechatOrders(2), { appSecret: 'other' })
    const failure: Any = await readAll(other.connection, 'order', signal).catch((error) => error)
    expect(failure).toMatchObject({ code: 'CONNECTOR_TOKEN_DEAD', kind: 'config' })
  })
})

describe('parcels for a WeChat shop', () => {
  it.each<WechatFault>(['reset-after', 'half', 'empty'])(
    'an answer lost by %s leaves doubt, the parcel is found, and a second one is refused',
    async (fault) => {
      const { remote, connection } = await shop(wechatOrders(2))
      const shipment = writeOf(connection, 'shipment')
      const item = await itemOf(connection, 'shipment', parcel(remote.orders[1]), 'K1')
      expect(await shipment.find!(item, signal)).toEqual({ hits: [] })
      remote.fault = fault
      expect(await shipment.write([item], signal)).toMatchObject([{ kind: 'unknown' }])
      expect(await shipment.find!(item, signal)).toMatchObject({ hits: [{ id: 'SF1000000001' }] })
      expect(await shipment.write([item], signal)).toMatchObject([{ kind: 'refused', duplicate: true }])
      expect(remote.parcels).toBe(1)
    },
  )

  it('some pieces first, the others later; a busy platform leaves doubt', async () => {
    const { remote, connection } = await shop(wechatOrders(2))
    const shipment = writeOf(connection, 'shipment')
    const first = await itemOf(connection, 'shipment', parcel(remote.orders[1], 'SF1', 1), 'K1')
    const second = await itemOf(connection, 'shipment', parcel(remote.orders[1], 'SF2', 2), 'K2')
    expect(await shipment.write([first], signal)).toMatchObject([{ kind: 'done', remote: { id: 'SF1' } }])
    expect(remote.orders[1].status).toBe(21)
    remote.fault = 'busy'
    expect(await shipment.write([second], signal)).toMatchObject([{ kind: 'unknown' }])
    expect(await shipment.find!(second, signal)).toEqual({ hits: [] })
    expect(await shipment.write([second], signal)).toMatchObject([{ kind: 'done' }])
    expect(remote.orders[1].status).toBe(30)
    const [record] = await streamOf(connection, 'order').fetch!([remote.orders[1].order_id], signal)
    expect(await documentOf(connection, 'order', record!)).toMatchObject({ fulfillment: 'complete' })
  })
})

describe('after-sales, products and stock of a WeChat shop', () => {
  it('after-sales become returns and refunds of the order and its line', async () => {
    const { remote, connection } = await shop(wechatOrders(1))
    const [order] = remote.orders
    remote.sales = Array.from({ length: 45 }, (_, i) => ({
      ...{ after_sale_order_id: String(2_000_000_000_000_000_000n + BigInt(i)), order_id: order.order_id },
      ...{
        type: 'RETURN',
        status: 'MERCHANT_PROCESSING',
        openid: order.openid,
        refund_info: { amount: 1990 },
      },
      product_info: { product_id: '10000000000001', sku_id: '20000000000001', count: 1 },
      ...{ create_time: seconds() - 60, update_time: seconds() - 50 + i, complete_time: 0 },
    }))
    const records = byId(await readAll(connection, 'return', signal))
    expect([...records.keys()].sort()).toEqual(remote.sales.map((s) => s.after_sale_order_id))
    const [id] = records.keys()
    const document = await documentOf(connection, 'return', records.get(id!)!)
    const orderDocument = await documentOf(
      connection,
      'order',
      (await readAll(connection, 'order', signal))[0]!,
    )
    expect(document).toMatchObject({ state: 'requested', order: orderDocument.externalId, total: 1990 })
    expect(document.lines[0].line).toBe(orderDocument.lines[0].externalId)
    Object.assign(remote.sales[0], { status: 'MERCHANT_RETURN_SUCCESS', complete_time: seconds() })
    const [paid] = await streamOf(connection, 'refund').fetch!([remote.sales[0].after_sale_order_id], signal)
    expect(await documentOf(connection, 'refund', paid!)).toMatchObject({ state: 'settled', amount: 1990 })
  })

  it('one record for each SKU; figures are set, whole and never below zero', async () => {
    const { remote, connection } = await shop()
    remote.products = Array.from({ length: 65 }, (_, i) => ({
      ...{ product_id: String(10_000_000_000_001 + i), title: '样例', status: 5 },
      skus: [0, 1].map((n) => ({
        ...{ sku_id: String(20_000_000_000_001 + n), sku_code: i + n === 0 ? 'TEA-001' : `S${i}-${n}` },
        ...{ stock_num: 40, sku_attrs: [] },
      })),
    }))
    const products = await readAll(connection, 'product', signal)
    expect(byId(products).size).toBe(130)
    for (const [available, wanted] of [['12.7', '12'] as const, ['-3', '0'] as const]) {
      const level = { site: 's', sku: 'TEA-001', onHand: available, available }
      const item = await itemOf(connection, 'stock', level, `S${wanted}`)
      for (let n = 0; n < 2; n++)
        expect(await writeOf(connection, 'stock').write([item], signal)).toMatchObject([{ kind: 'done' }])
      const records = byId(await readAll(connection, 'stock', signal))
      const tea = await documentOf(connection, 'stock', records.get('10000000000001:20000000000001')!)
      expect(tea).toMatchObject({ onHand: wanted, sku: 'TEA-001' })
    }
  })
})

describe('messages of a WeChat shop', () => {
  const TOKEN = 'example-token'
  const AES = 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG'
  const sha1 = (...parts: string[]) => createHash('sha1').update(parts.sort().join('')).digest('hex')

  /** As the platform's sample code seals: random, length, message, AppID, padded to blocks of 32. */
  function seal(message: string, appId = APP.appId): string {
    const key = Buffer.from(`${AES}=`, 'base64')
    const text = Buffer.from(message)
    const length = Buffer.alloc(4)
    length.writeUInt32BE(text.length)
    const plain = Buffer.concat([randomBytes(16), length, text, Buffer.from(appId)])
    const pad = 32 - (plain.length % 32)
    const cipher = createCipheriv('aes-256-cbc', key, key.subarray(0, 16)).setAutoPadding(false)
    const sealed = [cipher.update(Buffer.concat([plain, Buffer.alloc(pad, pad)])), cipher.final()]
    return Buffer.concat(sealed).toString('base64')
  }

  function delivery(Encrypt: string, token = TOKEN): [Record<string, string>, Buffer] {
    const proof = { timestamp: '1795400000', nonce: '1320562132' }
    const msg_signature = sha1(token, proof.timestamp, proof.nonce, Encrypt)
    const query = new URLSearchParams({ ...proof, msg_signature, encrypt_type: 'aes' }).toString()
    return [{ ':query': query }, Buffer.from(JSON.stringify({ ToUserName: 'gh_example', Encrypt }))]
  }

  const pushed = async (settings: object = { callbackToken: TOKEN, encodingAesKey: AES }) =>
    (await shop([], settings)).connection.webhooks[0]!
  const order = '{"Event":"channels_ec_order_pay","order_info":{"order_id":3705115058471208928,"pay_time":1}}'

  it('name an order or an after-sale, which is fetched; the same twice says the same', async () => {
    const push = await pushed()
    const first = push.receive(...delivery(seal(order)))
    expect(first).toMatchObject({ stream: 'order', fetch: ['3705115058471208928'], records: [] })
    expect(push.receive(...delivery(seal(order)))).toEqual(first)
    const sale = { after_sale_order_id: '2000000000000000123', order_id: '1' }
    const event = { Event: 'channels_ec_aftersale_update', finder_shop_aftersale_status_update: sale }
    expect(push.receive(...delivery(seal(JSON.stringify(event))))).toMatchObject({
      fetch: [],
      also: [
        { stream: 'return', fetch: [sale.after_sale_order_id] },
        { stream: 'refund', fetch: [sale.after_sale_order_id] },
      ],
    })
    expect(push.receive(...delivery(seal('{"Event":"other"}')))).toMatchObject({ fetch: [], records: [] })
    expect(push.answer).toMatchObject({ status: 200, body: 'success' })
  })

  it('an echo is given back, but only to who knows the token', async () => {
    const push = await pushed()
    const query = (token: string) =>
      `signature=${sha1(token, '1409304348', 'xxxxxx')}&timestamp=1409304348&nonce=xxxxxx&echostr=4123%2B1`
    const told = push.receive({ ':query': query(TOKEN) }, Buffer.alloc(0))
    expect(told).toMatchObject({ records: [], fetch: [], answer: { body: '4123+1' } })
    expect(() => push.receive({ ':query': query('other') }, Buffer.alloc(0))).toThrow(
      expect.objectContaining({ code: 'WEBHOOK_SIGNATURE' }),
    )
  })

  it('what is not the platform’s is refused', async () => {
    const push = await pushed()
    const [headers, body] = delivery(seal(order))
    const other = delivery(seal('{}'))[1]
    const forged: [string, Record<string, string>, Buffer][] = [
      ['another body', headers, other],
      ['another token', ...delivery(seal(order), 'other')],
      ['no signature', { ':query': 'timestamp=1&nonce=2' }, body],
      ['another application', ...delivery(seal(order, 'wx-another'))],
      ['a plain message', headers, Buffer.from(order)],
    ]
    for (const [what, given, bytes] of forged)
      expect(() => push.receive(given, bytes), what).toThrow(
        expect.objectContaining({ code: 'WEBHOOK_SIGNATURE' }),
      )
    const none = await pushed({})
    expect(() => none.receive(headers, body)).toThrow(expect.objectContaining({ code: 'WEBHOOK_SIGNATURE' }))
    expect(() => push.receive(...delivery(seal('no JSON')))).toThrow(
      expect.objectContaining({ code: 'WEBHOOK_UNREADABLE' }),
    )
  })
})

/** The JD connector against a shop that checks signatures, times and parameters, faults included. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Connection, RawRecord } from '../../src/core/ports.ts'
import { documentOf, itemOf, openConnector, readAll } from '../support/connection.ts'
import { APP, type JdFault, jdOrders, startJd } from '../support/jd-shop.ts'
import { beijing } from '../support/top-client.ts'

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

const CODES = { carrier: { SF: '467' }, listing: { 'TEA-001': '100012345678' } }

async function shop(orders: Any[] = [], settings: object = {}) {
  const remote = await startJd(orders)
  open.push(remote)
  const connection = await openConnector('jd', { base: remote.url, ...APP, ...settings }, { codes: CODES })
  open.push(connection)
  return { remote, connection }
}

const byId = (records: RawRecord[]) => new Map(records.map((r) => [r.id, r]))
const streamOf = (c: Connection, name: string) => c.streams.find((s) => s.name === name)!
const writeOf = (c: Connection, kind: string) => c.writes.find((w) => w.kind === kind)!
const parcel = (order: Any, trackingNumber = 'SF1000000001') => ({
  parcel: 'p1',
  order: { externalId: order.orderId, number: order.orderId },
  ...{ state: 'shipped', carrier: 'SF', trackingNumber },
  lines: [{ line: '100012345678', sku: 'TEA-001', quantity: '3' }],
})

describe('orders of a JD shop', () => {
  it('arrive once each although others change between two pages, and add up', async () => {
    const { remote, connection } = await shop(jdOrders(330, Date.now() - 10_000))
    const until = new Date(Math.floor(Date.now() / 1000) * 1000 - 5000)
    let moved = 0
    remote.onPage = () => {
      remote.orders[moved]!.modified = beijing(Date.now())
      moved += 1
    }
    const before = await readAll(connection, 'order', signal, new Date(Date.now() - 3_600_000), until)
    remote.onPage = null
    const after = await readAll(connection, 'order', signal, until, new Date(Date.now() + 2000))
    expect(moved).toBeGreaterThan(3)
    const records = byId([...before, ...after])
    expect([...records.keys()].sort()).toEqual(remote.orders.map((o) => o.orderId).sort())
    for (const record of records.values()) {
      const document = await documentOf(connection, 'order', record)
      const order = remote.orders.find((o) => o.orderId === record.id)
      expect(document.charges).toEqual([])
      expect(document.totals.total).toBe(Math.round(Number(order.actualPay) * 100))
      const parts = document.lines.map((l: Any) => l.goods - l.discount)
      expect(parts.reduce((a: number, b: number) => a + b, document.shipping.amount)).toBe(
        document.totals.total,
      )
    }
  })

  it('are the same from the list and by id; one that is not there is left out', async () => {
    const { connection } = await shop(jdOrders(5))
    const polled = await readAll(connection, 'order', signal)
    const ids = [...polled.map((r) => r.id), '999999999999']
    const fetched = streamOf(connection, 'order').fetch!(ids.slice(0, 5), signal)
    expect((await fetched).map((r) => [r.id, String(r.body)])).toEqual(
      polled.map((r) => [r.id, String(r.body)]),
    )
  })

  it('ask with the window on the clock of Beijing, whatever zone we are in', async () => {
    const { remote, connection } = await shop(jdOrders(1))
    expect(await readAll(connection, 'order', signal, new Date(Date.now() - 60_000))).toHaveLength(1)
    expect((await connection.check(signal)).say).toBe('Shop 样例旗舰店 answers')
    expect(remote.calls.at(-1)).toBe('jingdong.vender.shop.query')
  })
})

describe('trouble with the gateway', () => {
  it.each<JdFault>(['html', 'half', 'empty', 'reset-after', 'timed-out'])(
    '%s fails a read as transient',
    async (fault) => {
      const { remote, connection } = await shop(jdOrders(2))
      remote.fault = fault
      const failure: Any = await readAll(connection, 'order', signal).catch((error) => error)
      expect(failure).toMatchObject({ kind: 'transient' })
      for (const secret of [APP.appSecret, APP.accessToken])
        expect(JSON.stringify([failure.message, failure.say])).not.toContain(secret)
    },
  )

  it.each([
    ['a token that has ended', { accessToken: 'old' }],
    ['a wrong secret', { appSecret: 'other' }],
    ['an unknown key', { appKey: 'other' }],
  ])('%s needs a person', async (_, settings) => {
    const { connection } = await shop(jdOrders(2), settings)
    await expect(readAll(connection, 'order', signal)).rejects.toMatchObject({ kind: 'config' })
  })

  it('an answer that tells of no success is none, though its status and code are good', async () => {
    const { connection } = await shop(jdOrders(1))
    const fetched = streamOf(connection, 'order').fetch!(['999999999999'], signal)
    await expect(fetched).rejects.toMatchObject({ kind: 'transient' })
  })
})

describe('parcels for a JD shop', () => {
  it.each<JdFault>(['reset-after', 'half', 'empty'])(
    'an answer lost by %s leaves doubt, the parcel is found, and a second one is refused',
    async (fault) => {
      const { remote, connection } = await shop(jdOrders(2))
      const shipment = writeOf(connection, 'shipment')
      const item = await itemOf(connection, 'shipment', parcel(remote.orders[0]), 'K1')
      expect(await shipment.find!(item, signal)).toEqual({ hits: [] })
      remote.fault = fault
      expect(await shipment.write([item], signal)).toMatchObject([{ kind: 'unknown' }])
      expect(await shipment.find!(item, signal)).toMatchObject({ hits: [{ id: 'SF1000000001' }] })
      expect(await shipment.write([item], signal)).toMatchObject([{ kind: 'refused', duplicate: true }])
      expect(remote.parcels).toBe(1)
      expect(remote.orders[0]).toMatchObject({ waybill: 'SF1000000001', logisticsId: '467' })
    },
  )

  it("another parcel's number on the order is not ours", async () => {
    const { remote, connection } = await shop(jdOrders(1))
    Object.assign(remote.orders[0], { waybill: 'YT1, YT2|ZT3', orderState: 'WAIT_GOODS_RECEIVE_CONFIRM' })
    const shipment = writeOf(connection, 'shipment')
    const ours = await itemOf(connection, 'shipment', parcel(remote.orders[0], 'SF1'), 'K1')
    expect(await shipment.find!(ours, signal)).toEqual({ hits: [] })
    const theirs = await itemOf(connection, 'shipment', parcel(remote.orders[0], 'YT2'), 'K2')
    expect(await shipment.find!(theirs, signal)).toMatchObject({ hits: [{ id: 'YT2' }] })
  })

  it('what was not done is told from what is in doubt', async () => {
    const { remote, connection } = await shop(jdOrders(1))
    const shipment = writeOf(connection, 'shipment')
    const item = await itemOf(connection, 'shipment', parcel(remote.orders[0]), 'K1')
    remote.accessToken = 'another'
    expect(await shipment.write([item], signal)).toMatchObject([{ kind: 'not-done', pause: true }])
    remote.accessToken = APP.accessToken
    expect(await shipment.write([item], signal)).toMatchObject([
      { kind: 'done', remote: { id: 'SF1000000001' } },
    ])
  })
})

describe('refunds, products and stock of a JD shop', () => {
  it('refunds asked for before shipping become returns and refunds; open ones are found by id', async () => {
    const { remote, connection } = await shop()
    const applyTime = beijing(Date.now() - 60_000)
    const one = {
      id: '9007199254740993',
      orderId: '287900000001',
      applyTime,
      applyRefundSum: '5970',
      status: 0,
    }
    remote.refunds = [one, ...Array.from({ length: 120 }, (_, i) => ({ ...one, id: `8${i}`, status: 3 }))]
    const records = await readAll(connection, 'return', signal)
    expect(byId(records).size).toBe(121)
    const record = byId(records).get(one.id)!
    expect(await documentOf(connection, 'return', record)).toMatchObject({
      ...{ state: 'requested', order: '287900000001', total: 5970, lines: [], kind: 'refund-only' },
    })
    remote.refunds[0] = { ...one, status: 3, checkTime: beijing(Date.now()) }
    const [again] = await streamOf(connection, 'refund').fetch!([one.id], signal)
    expect(await documentOf(connection, 'refund', again!)).toMatchObject({ state: 'settled', amount: 5970 })
  })

  it('one record for each SKU; figures are set, whole and never below zero', async () => {
    const { remote, connection } = await shop()
    const skus = Array.from({ length: 120 }, (_, i) => ({
      ...{ skuId: 100_012_345_678 + i, wareId: 1, skuName: '样例', outerId: i === 0 ? 'TEA-001' : `S${i}` },
      ...{ status: 1, stockNum: 40, modified: 1_795_399_960_000 },
    }))
    remote.skus = skus
    const products = await readAll(connection, 'product', signal)
    expect(byId(products).size).toBe(120)
    remote.skus[1]!.stockNum = 3
    expect(String((await readAll(connection, 'product', signal))[1]!.body)).toBe(String(products[1]!.body))
    const level = { site: 's', sku: 'TEA-001', onHand: '12.7', available: '12.7' }
    const item = await itemOf(connection, 'stock', level, 'S1')
    for (let n = 0; n < 2; n++)
      expect(await writeOf(connection, 'stock').write([item], signal)).toMatchObject([{ kind: 'done' }])
    const levels = (await readAll(connection, 'stock', signal)).map((r) => documentOf(connection, 'stock', r))
    const tea = (await Promise.all(levels)).find((l) => l.sku === 'TEA-001')
    expect(tea).toMatchObject({ onHand: '12', site: 'jd' })
  })
})

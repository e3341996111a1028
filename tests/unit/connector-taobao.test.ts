/** The Taobao connector against the sandbox shop, over HTTP, faults included. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Connection, RawRecord } from '../../src/core/ports.ts'
import { createTokenMemory } from '../../src/core/token-store.ts'
import { startTaobao } from '../../src/sandbox/taobao/server.ts'
import { documentOf, itemOf, openConnector, readAll } from '../support/connection.ts'
import { APP, topClient } from '../support/top-client.ts'

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

const SETTINGS = { ...APP, refreshToken: `refresh-of-${APP.session}` }

/** A shop that has sold some, and a connection to it. */
async function shop(count = 0, options: object = {}) {
  const sandbox = await startTaobao({ ...APP, ...options })
  open.push(sandbox)
  const { control } = topClient(sandbox.url)
  const connection = await openConnector(
    'taobao',
    { base: sandbox.url, ...SETTINGS },
    { codes: { carrier: { 'SF Express': 'SF' }, listing: {} }, tokens: createTokenMemory() },
  )
  open.push(connection)
  if (count > 0) await control('orders', { count, seed: 7, hard: true })
  const expected = async (): Promise<Any[]> => (await control('expected')).body
  return { connection, control, expected }
}

const byId = (records: RawRecord[]) => new Map(records.map((r) => [r.id, r]))
const streamOf = (c: Connection, name: string) => c.streams.find((s) => s.name === name)!
const writeOf = (c: Connection, kind: string) => c.writes.find((w) => w.kind === kind)!

/** A paid trade of several sub-orders that nothing has happened to. */
async function waiting(control: Any, lines = 2): Promise<Any> {
  const { body } = await control('orders')
  return body
    .map((o: Any) => o.trade)
    .find(
      (t: Any) => t.paidAt && t.refunds.length === 0 && t.parcels.length === 0 && t.lines.length === lines,
    )
}

const parcel = (trade: Any, lines: Any[], trackingNumber = 'SF1000000001', carrier = 'SF Express') => ({
  parcel: 'p1',
  order: { externalId: trade.id, number: trade.id },
  state: 'shipped',
  carrier,
  trackingNumber,
  lines: lines.map((l) => ({ line: l.id, sku: l.sku, quantity: String(l.quantity) })),
})

/**
 * All of an order stream although trades change while it is read: a window that ended before now, and then the next.
 * What changes leaves a window that has ended; one still open would have its records moved to the front.
 */
async function readMoving(c: Connection, control: Any): Promise<Map<string, RawRecord>> {
  await new Promise((resolve) => setTimeout(resolve, 1500))
  const until = new Date(Math.floor(Date.now() / 1000) * 1000 - 1000)
  const since = new Date(until.getTime() - 1_200_000)
  await control('faults', { changeBetweenPages: { probability: 1 } })
  const before = await readAll(c, 'order', signal, since, until)
  await control('faults', { off: 1 })
  const after = await readAll(
    c,
    'order',
    signal,
    new Date(until.getTime() - 5000),
    new Date(Date.now() + 2000),
  )
  return byId([...before, ...after])
}

describe('orders of a Taobao shop', () => {
  it('arrive once each although others change between two pages, with sums that agree', async () => {
    const { connection, control, expected } = await shop(100)
    const read = await readMoving(connection, control)
    const wanted = await expected()
    expect(read.size).toBe(wanted.length)
    for (const { orderId, expect: outcome, reason } of wanted) {
      const document = await documentOf(connection, 'order', read.get(orderId)!).catch((e: Any) => e.code)
      if (reason === 'missing-sku') expect(document).toBe('RECORD_NO_SKU')
      else expect(document.externalId).toBe(orderId)
      if (outcome === 'document') expect(document.payment).toMatch(/^paid$|^part-refunded$/)
      if (reason === 'unpaid') expect(document).toMatchObject({ payment: 'unpaid', state: 'open' })
      if (reason === 'cancelled') expect(document).toMatchObject({ state: 'cancelled' })
      if (reason === 'fully-refunded') expect(document.payment).toBe('refunded')
    }
  })

  it('say what the shop says: quantities, amounts, ids beyond 2^53, masked receivers', async () => {
    const { connection, control } = await shop(60)
    const raw = new Map((await control('orders')).body.map((o: Any) => [o.id, o.trade]))
    let compared = 0
    for (const record of await readAll(connection, 'order', signal)) {
      const trade = raw.get(record.id) as Any
      const document = await documentOf(connection, 'order', record).catch(() => null)
      if (!document) continue
      compared += 1
      const due = trade.lines.map((l: Any) => l.price * l.quantity + l.adjust - l.discount - l.share)
      expect(document.lines.map((l: Any) => l.goods - l.discount)).toEqual(due)
      expect(document.lines.map((l: Any) => [l.externalId, l.sku])).toEqual(
        trade.lines.map((l: Any) => [l.id, l.sku]),
      )
      expect(document.totals.total).toBe(due.reduce((a: number, b: number) => a + b, trade.freight))
      expect(document.externalId).toMatch(/^\d{19}$/)
      expect(document.placedAt).toBe(new Date(trade.placedAt).toISOString())
      expect(document.shipTo.lines.at(-1)).toBe('******')
      expect(document.shipTo.opaqueId).toMatch(/^1\w+$/)
      expect(document.remarks.buyer ?? null).toBe(trade.message)
    }
    expect(compared).toBeGreaterThan(40)
  })

  it('are the same by list and by id; one that is not known is left out', async () => {
    const { connection } = await shop(3)
    const { fetch } = streamOf(connection, 'order')
    const polled = await readAll(connection, 'order', signal)
    const ids = polled.map((r) => r.id)
    const again = await fetch!([...ids, '4100000999999999999'], signal)
    expect(again.map((r) => [r.id, r.body.toString()])).toEqual(polled.map((r) => [r.id, r.body.toString()]))
  })

  it('a page that records have left is empty and no failure', async () => {
    const { connection, control } = await shop(41)
    const { page } = streamOf(connection, 'order')
    const window = { since: new Date(Date.now() - 3_600_000), until: new Date(Date.now() + 1000) }
    const first = await page({ ...window, resume: null }, signal)
    expect(first.next).toMatchObject({ page: 2, down: true })
    await new Promise((resolve) => setTimeout(resolve, 3100))
    // it changes after the window's end, and leaves one page of forty
    await control(`orders/${first.records[0]!.id}/note`, { memo: 'later' })
    const empty = await page({ ...window, resume: JSON.parse(JSON.stringify(first.next)) }, signal)
    expect(empty.records).toEqual([])
    const last = await page({ ...window, resume: JSON.parse(JSON.stringify(empty.next)) }, signal)
    expect(new Set([...first.records, ...last.records].map((r) => r.id)).size).toBe(41)
    expect(last.next).toBeNull()
  })
})

describe('trouble with the gateway', () => {
  it.each([
    ['throttled', 'CONNECTOR_THROTTLED'],
    ['html', 'CONNECTOR_ANSWER_UNREADABLE'],
    ['half', 'CONNECTOR_ANSWER_UNREADABLE'],
    ['timeoutIn200', 'CONNECTOR_ANSWER_FAILED'],
  ])('%s fails a read as transient, and says no secret', async (fault, code) => {
    const { connection, control } = await shop(2)
    await control('faults', { [fault]: { probability: 1 } })
    const failure: Any = await readAll(connection, 'order', signal).catch((e) => e)
    expect(failure).toMatchObject({ code, kind: 'transient' })
    for (const secret of Object.values(SETTINGS)) {
      if (secret !== APP.appKey) expect(JSON.stringify([failure.message, failure.say])).not.toContain(secret)
    }
  })

  it('a session that ended is renewed once and the read goes on', async () => {
    const { connection, control, expected } = await shop(5)
    await control('session/expire', {})
    expect((await readAll(connection, 'order', signal)).length).toBe((await expected()).length)
    const { calls } = (await control('stats')).body
    expect(calls['taobao.top.auth.token.refresh']).toBe(1)
    expect((await connection.check(signal)).ok).toBe(true)
  })

  it('a grant that another one voided needs a person', async () => {
    const { connection, control } = await shop(1)
    await control('authorize', {})
    await expect(readAll(connection, 'order', signal)).rejects.toMatchObject({
      code: 'CONNECTOR_TOKEN_DEAD',
      kind: 'config',
    })
  })
})

describe('refunds of a Taobao shop', () => {
  it('become returns and refunds of the order and sub-order they are about', async () => {
    const { connection, control } = await shop(30)
    const trade = await waiting(control)
    const [line] = trade.lines
    await control(`orders/${trade.id}/ship`, {})
    await control(`orders/${trade.id}/refund`, { line: line.id, goodsBack: true, reason: '质量问题' })
    const documents = async (stream: string) => {
      const records = await readAll(connection, stream, signal)
      const all = await Promise.all(records.map((r) => documentOf(connection, stream, r)))
      return all.find((d) => d.order === trade.id)
    }
    const due = line.price * line.quantity + line.adjust - line.discount - line.share
    expect(await documents('return')).toMatchObject({
      kind: 'return',
      state: 'requested',
      lines: [{ line: line.id, sku: line.sku, amount: due }],
      total: due,
      reason: '质量问题',
    })
    await control(`orders/${trade.id}/approve`, {})
    await control(`orders/${trade.id}/approve`, { tracking: 'YT777' })
    expect(await documents('return')).toMatchObject({
      state: 'in-transit',
      parcels: [{ trackingNumber: 'YT777' }],
    })
    await control(`orders/${trade.id}/settle`, {})
    expect(await documents('return')).toMatchObject({ state: 'settled', settledAt: expect.any(String) })
    expect(await documents('refund')).toMatchObject({
      state: 'settled',
      amount: due,
      return: expect.any(String),
    })
    const order = byId(await readAll(connection, 'order', signal)).get(trade.id)!
    expect(await documentOf(connection, 'order', order)).toMatchObject({
      payment: 'part-refunded',
      lines: expect.arrayContaining([
        expect.objectContaining({ externalId: line.id, refunded: expect.objectContaining({ amount: due }) }),
      ]),
    })
  })

  it('arrive once each, those of many trades', async () => {
    const { connection, control } = await shop(150)
    const { body } = await control('orders')
    const cases = body.flatMap((o: Any) => o.trade.refunds.map((r: Any) => r.id)).sort()
    const records = await readAll(connection, 'refund', signal)
    expect([...byId(records).keys()].sort()).toEqual(cases)
    for (const record of records) {
      expect((await documentOf(connection, 'refund', record)).components).toHaveLength(1)
      expect((await documentOf(connection, 'return', { ...record })).version).toMatch(/Z$/)
    }
  })
})

describe('parcels for a Taobao shop', () => {
  const state = async (control: Any, id: string) =>
    (await control('orders')).body.find((o: Any) => o.id === id).trade.parcels

  it('go out part by part, each with its own number, and are found again', async () => {
    const { connection, control } = await shop(60)
    const trade = await waiting(control)
    const [first, second] = trade.lines
    const shipment = writeOf(connection, 'shipment')
    const a = await itemOf(connection, 'shipment', parcel(trade, [first]), 'K1')
    const b = await itemOf(connection, 'shipment', parcel(trade, [second], 'SF1000000002'), 'K2')
    expect(await shipment.find!(a, signal)).toEqual({ hits: [] })
    expect(await shipment.write([a], signal)).toMatchObject([
      { kind: 'done', remote: { id: 'SF1000000001' } },
    ])
    expect(await shipment.find!(b, signal)).toEqual({ hits: [] })
    expect(await shipment.write([b], signal)).toMatchObject([{ kind: 'done' }])
    expect(await shipment.find!(a, signal)).toMatchObject({ hits: [{ id: 'SF1000000001' }] })
    expect(await state(control, trade.id)).toMatchObject([
      { company: 'SF', number: 'SF1000000001', lines: [first.id] },
      { company: 'SF', number: 'SF1000000002', lines: [second.id] },
    ])
  })

  it.each(['resetAfter', 'half', 'empty200', 'error500After', 'timeoutIn200'])(
    'an answer lost by %s leaves doubt, the parcel is found, and a second one is refused',
    async (fault) => {
      const { connection, control } = await shop(60)
      const trade = await waiting(control, 1)
      const shipment = writeOf(connection, 'shipment')
      const item = await itemOf(connection, 'shipment', parcel(trade, trade.lines), 'K1')
      await control('faults', { [fault]: { probability: 1, times: 1 } })
      expect(await shipment.write([item], signal)).toMatchObject([{ kind: 'unknown' }])
      await control('faults', { off: 1 })
      expect(await shipment.find!(item, signal)).toMatchObject({ hits: [{ id: 'SF1000000001' }] })
      expect(await shipment.write([item], signal)).toMatchObject([{ kind: 'refused', duplicate: true }])
      expect(await state(control, trade.id)).toHaveLength(1)
    },
  )

  it('a parcel of other sub-orders under the same number is not taken for ours', async () => {
    const { connection, control } = await shop(60)
    const trade = await waiting(control)
    const [first, second] = trade.lines
    const shipment = writeOf(connection, 'shipment')
    await shipment.write([await itemOf(connection, 'shipment', parcel(trade, [first]), 'K1')], signal)
    const other = await itemOf(connection, 'shipment', parcel(trade, [second]), 'K2')
    expect(await shipment.find!(other, signal)).toEqual({ hits: [] })
  })

  it('what was not done is told from what was refused', async () => {
    const { connection, control } = await shop(30)
    const trade = await waiting(control, 1)
    const shipment = writeOf(connection, 'shipment')
    const item = (carrier: string, number: string) =>
      itemOf(connection, 'shipment', parcel(trade, trade.lines, number, carrier), 'K1')
    const good = await item('SF Express', 'SF1000000001')
    await control('faults', { throttled: { probability: 1, times: 1 } })
    expect(await shipment.write([good], signal)).toMatchObject([{ kind: 'not-done' }])
    await control('faults', { off: 1 })
    expect(await shipment.write([await item('SF Express', '?')], signal)).toMatchObject([
      { kind: 'refused', code: 'isv.logistics-offline-service-error:B60' },
    ])
    await expect(item('No Such', 'SF1000000001')).rejects.toMatchObject({ kind: expect.any(String) })
    expect(await shipment.write([good], signal)).toMatchObject([{ kind: 'done' }])
  })
})

describe('products and stock of a Taobao shop', () => {
  it('one record for each SKU, of items with and without variants', async () => {
    const { connection, control } = await shop()
    const goods: Any[] = (await control('goods')).body
    const products = await readAll(connection, 'product', signal)
    const stock = await readAll(connection, 'stock', signal)
    expect(products.map((r) => r.id).sort()).toEqual(goods.map((g) => g.skuId ?? g.itemId).sort())
    const named = await Promise.all(products.map((r) => documentOf(connection, 'product', r)))
    expect(named.map((p) => p.sku).sort()).toEqual(goods.map((g) => g.sku).sort())
    const levels = await Promise.all(stock.map((r) => documentOf(connection, 'stock', r)))
    expect(Object.fromEntries(levels.map((l) => [l.sku, l.onHand]))).toEqual(
      Object.fromEntries(goods.map((g) => [g.sku, String(g.stock)])),
    )
  })

  it('a figure is set for a variant and for an item, whole and never below zero', async () => {
    const { connection, control } = await shop()
    const goods: Any[] = (await control('goods')).body
    const plain = goods.find((g) => g.skuId === null)
    const variant = goods.find((g) => g.skuId !== null)
    const listing = { [plain.sku]: plain.itemId, [variant.sku]: `${variant.itemId}:${variant.skuId}` }
    const { url } = { url: connection && (open[0] as Any).url }
    const own = await openConnector('taobao', { base: url, ...SETTINGS }, { codes: { listing } })
    open.push(own)
    const set = async (sku: string, available: string) => {
      const document = { site: 's', sku, onHand: available, available }
      const item = await itemOf(own, 'stock', document, `S-${sku}`)
      return writeOf(own, 'stock').write([item, item], signal)
    }
    expect(await set(plain.sku, '-3')).toMatchObject([{ kind: 'done' }, { kind: 'done' }])
    expect(await set(variant.sku, '12.7')).toMatchObject([{ kind: 'done' }, { kind: 'done' }])
    const now = new Map((await control('goods')).body.map((g: Any) => [g.sku, g.stock]))
    expect([now.get(plain.sku), now.get(variant.sku)]).toEqual([0, 12])
  })
})

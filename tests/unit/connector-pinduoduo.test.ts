/** The Pinduoduo connector against the sandbox shop, over HTTP, faults included. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Connection, RawRecord } from '../../src/core/ports.ts'
import { createTokenMemory } from '../../src/core/token-store.ts'
import { startPinduoduo } from '../../src/sandbox/pinduoduo/server.ts'
import { documentOf, itemOf, openConnector, readAll } from '../support/connection.ts'
import { APP, pddClient } from '../support/pdd-client.ts'

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

const SETTINGS = { ...APP, refreshToken: `refresh-of-${APP.accessToken}` }
const CODES = { carrier: { 'SF Express': '44' } }

/** A shop that has sold some, and a connection to it. */
async function shop(count = 0, options: object = {}) {
  const sandbox = await startPinduoduo({ ...APP, tailSeconds: 0, ...options })
  open.push(sandbox)
  const { control } = pddClient(sandbox.url)
  const connect = async (codes: Record<string, Record<string, string>> = CODES) => {
    const settings = { base: sandbox.url, ...SETTINGS }
    const connection = await openConnector('pinduoduo', settings, { codes, tokens: createTokenMemory() })
    open.push(connection)
    return connection
  }
  if (count > 0) await control('orders', { count, seed: 7, hard: true })
  return { connection: await connect(), control, connect }
}

/** Half an hour is the longest window. */
const read = (c: Connection, stream: string) =>
  readAll(c, stream, signal, new Date(Date.now() - 1_500_000), new Date(Date.now() + 2000))
const byId = (records: RawRecord[]) => new Map(records.map((r) => [r.id, r]))
const streamOf = (c: Connection, name: string) => c.streams.find((s) => s.name === name)!
const writeOf = (c: Connection, kind: string) => c.writes.find((w) => w.kind === kind)!

async function waiting(control: Any): Promise<Any> {
  const { body } = await control('orders')
  return body
    .map((o: Any) => o.trade)
    .find((t: Any) => t.paidAt && t.refunds.length === 0 && t.parcels.length === 0 && t.lines[0].sku)
}

const parcel = (trade: Any, trackingNumber = 'SF1000000001', carrier = 'SF Express') => ({
  parcel: 'p1',
  order: { externalId: trade.id, number: trade.id },
  state: 'shipped',
  carrier,
  trackingNumber,
  lines: trade.lines.map((l: Any) => ({ line: l.id, sku: l.sku, quantity: String(l.quantity) })),
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

describe('orders of a Pinduoduo shop', () => {
  it('arrive once each although others change between two pages, with sums that agree', async () => {
    const { connection, control } = await shop(120)
    const records = await readMoving(connection, control)
    const expected: Any[] = (await control('expected')).body
    // what was never paid is no order to Pinduoduo
    const wanted = expected.filter((e) => records.has(e.orderId) || e.expect === 'document')
    expect(wanted.length).toBe(records.size)
    const paid = (await control('orders')).body.filter((o: Any) => o.trade.paidAt).length
    expect(records.size).toBe(paid)
    for (const { orderId, expect: outcome, reason } of wanted) {
      const document = await documentOf(connection, 'order', records.get(orderId)!).catch((e: Any) => e.code)
      if (reason === 'missing-sku') expect(document).toBe('RECORD_NO_SKU')
      else expect(document.externalId).toBe(orderId)
      if (outcome === 'document') expect(document).toMatchObject({ payment: 'paid', state: 'open' })
      if (reason === 'fully-refunded')
        expect(document).toMatchObject({ payment: 'refunded', state: 'cancelled' })
    }
  })

  it('say what the shop says: amounts, numbers of SKUs, masked receivers', async () => {
    const { connection, control } = await shop(60)
    const raw = new Map((await control('orders')).body.map((o: Any) => [o.id, o.trade]))
    let compared = 0
    for (const record of await read(connection, 'order')) {
      const trade = raw.get(record.id) as Any
      const document = await documentOf(connection, 'order', record).catch(() => null)
      if (!document) continue
      compared += 1
      const [line] = trade.lines
      const due = line.price * line.quantity + line.adjust - line.discount - line.share
      expect(document.lines[0]).toMatchObject({
        externalId: line.id,
        sku: line.sku,
        quantity: String(line.quantity),
      })
      expect(document.lines[0].goods - document.lines[0].discount).toBe(due)
      expect(document.totals.total).toBe(due + trade.freight)
      expect(document.placedAt).toBe(new Date(trade.placedAt).toISOString())
      expect(document.shipTo.opaqueId).toMatch(/^.{32}$/)
      expect(document.shipTo.name).toMatch(/^.\*$/u)
      expect(JSON.stringify(document)).not.toContain(trade.receiver.mobile)
    }
    expect(compared).toBeGreaterThan(40)
  })

  it('are the same by list and by id, with what their refunds took off', async () => {
    const { connection, control } = await shop(30)
    const polled = await read(connection, 'order')
    const again = await streamOf(connection, 'order').fetch!(
      polled.map((r) => r.id),
      signal,
    )
    expect(again.map((r) => [r.id, JSON.parse(r.body.toString())])).toEqual(
      polled.map((r) => [r.id, JSON.parse(r.body.toString())]),
    )
    const twice = byId(await read(connection, 'order'))
    for (const r of polled) expect(twice.get(r.id)!.body.toString()).toBe(r.body.toString())
    const raw: Any[] = (await control('orders')).body
    const part = raw.find((o) => o.trade.refunds[0]?.state === 'settled' && o.trade.refunds[0].pieces === 0)
    expect(JSON.parse(byId(polled).get(part.id)!.body.toString()).refunds).toHaveLength(1)
  })

  it('only what lies three minutes back is asked for, half an hour at most', async () => {
    const { connection } = await shop(0, { tailSeconds: 180 })
    const { lag, window, page } = streamOf(connection, 'order')
    const until = new Date(Date.now() - lag)
    const since = new Date(until.getTime() - window!)
    expect(await page({ since, until, resume: null }, signal)).toEqual({ records: [], next: null })
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
    const failure: Any = await read(connection, 'order').catch((e) => e)
    expect(failure).toMatchObject({ code, kind: 'transient' })
    for (const secret of [APP.clientSecret, APP.accessToken, SETTINGS.refreshToken])
      expect(JSON.stringify([failure.message, failure.say])).not.toContain(secret)
  })

  it('a token that ended is renewed once; one that another grant voided needs a person', async () => {
    const { connection, control } = await shop(5)
    await control('session/expire', {})
    expect((await read(connection, 'order')).length).toBeGreaterThan(0)
    expect((await control('stats')).body.calls['pdd.pop.auth.token.refresh']).toBe(1)
    expect((await connection.check(signal)).ok).toBe(true)
    await control('authorize', {})
    await expect(read(connection, 'order')).rejects.toMatchObject({
      code: 'CONNECTOR_TOKEN_DEAD',
      kind: 'config',
    })
  })
})

describe('refunds of a Pinduoduo shop', () => {
  it('become returns and refunds of the order and its line', async () => {
    const { connection, control } = await shop(30)
    const trade = await waiting(control)
    const [line] = trade.lines
    const due = line.price * line.quantity + line.adjust - line.discount - line.share
    await control(`orders/${trade.id}/ship`, { company: '44' })
    await control(`orders/${trade.id}/refund`, { goodsBack: true, reason: '质量问题' })
    const documents = async (stream: string) => {
      const records = await read(connection, stream)
      const all = await Promise.all(records.map((r) => documentOf(connection, stream, r)))
      return all.find((d) => d.order === trade.id)
    }
    expect(await documents('return')).toMatchObject({
      externalId: expect.stringMatching(/^\d{18}$/),
      kind: 'return',
      state: 'requested',
      lines: [{ line: line.id, sku: line.sku, amount: due }],
      total: due,
    })
    await control(`orders/${trade.id}/approve`, {})
    expect(await documents('return')).toMatchObject({ state: 'approved' })
    await control(`orders/${trade.id}/approve`, { tracking: 'YT777' })
    expect(await documents('return')).toMatchObject({
      state: 'in-transit',
      parcels: [{ trackingNumber: 'YT777' }],
    })
    await control(`orders/${trade.id}/settle`, {})
    expect(await documents('return')).toMatchObject({ state: 'settled', settledAt: expect.any(String) })
    expect(await documents('refund')).toMatchObject({ state: 'settled', amount: due })
  })

  it('arrive once each, those of many orders', async () => {
    const { connection, control } = await shop(200)
    const { body } = await control('orders')
    const cases = body.flatMap((o: Any) => o.trade.refunds.map((r: Any) => r.id)).sort()
    expect(cases.length).toBeGreaterThan(20)
    expect([...byId(await read(connection, 'refund')).keys()].sort()).toEqual(cases)
  })
})

describe('parcels for a Pinduoduo shop', () => {
  const parcels = async (control: Any, id: string) =>
    (await control('orders')).body.find((o: Any) => o.id === id).trade.parcels

  it.each(['resetAfter', 'half', 'empty200', 'error500After', 'timeoutIn200'])(
    'an answer lost by %s leaves doubt, the parcel is found, and a second one is refused',
    async (fault) => {
      const { connection, control } = await shop(20)
      const trade = await waiting(control)
      const shipment = writeOf(connection, 'shipment')
      const item = await itemOf(connection, 'shipment', parcel(trade), 'K1')
      expect(await shipment.find!(item, signal)).toEqual({ hits: [] })
      await control('faults', { [fault]: { probability: 1, times: 1 } })
      expect(await shipment.write([item], signal)).toMatchObject([{ kind: 'unknown' }])
      await control('faults', { off: 1 })
      expect(await shipment.find!(item, signal)).toMatchObject({ hits: [{ id: 'SF1000000001' }] })
      expect(await shipment.write([item], signal)).toMatchObject([{ kind: 'refused', duplicate: true }])
      expect(await parcels(control, trade.id)).toHaveLength(1)
    },
  )

  it('a corrected number replaces the first one', async () => {
    const { connection, control } = await shop(20)
    const trade = await waiting(control)
    const shipment = writeOf(connection, 'shipment')
    const first = await itemOf(connection, 'shipment', parcel(trade), 'K1')
    expect(await shipment.write([first], signal)).toMatchObject([
      { kind: 'done', remote: { id: 'SF1000000001' } },
    ])
    const previous = { id: 'SF1000000001', number: null, state: 'final' as const, total: null, lines: null }
    const context = { key: 'K1', revision: 2, previous }
    const { body, check } = await shipment.render(parcel(trade, 'SF2000000002'), context)
    const second = { key: 'K1', kind: 'shipment' as const, revision: 2, body, check }
    expect(await shipment.find!(second, signal)).toEqual({ hits: [] })
    expect(await shipment.write([second], signal)).toMatchObject([
      { kind: 'done', remote: { id: 'SF2000000002' } },
    ])
    expect(await parcels(control, trade.id)).toMatchObject([{ company: '44', number: 'SF2000000002' }])
  })

  it('what was not done is told from what was refused', async () => {
    const { connection, control } = await shop(20)
    const trade = await waiting(control)
    const shipment = writeOf(connection, 'shipment')
    const good = await itemOf(connection, 'shipment', parcel(trade), 'K1')
    await control('faults', { throttled: { probability: 1, times: 1 } })
    expect(await shipment.write([good], signal)).toMatchObject([{ kind: 'not-done' }])
    await control('faults', { off: 1 })
    const bad = await itemOf(connection, 'shipment', parcel(trade, '?'), 'K1')
    expect(await shipment.write([bad], signal)).toMatchObject([{ kind: 'refused', code: '50001' }])
    expect(await shipment.write([good], signal)).toMatchObject([{ kind: 'done' }])
  })
})

describe('products and stock of a Pinduoduo shop', () => {
  it('one record for each SKU, and figures are set, whole and never below zero', async () => {
    const { connection, control, connect } = await shop()
    const goods: Any[] = (await control('goods')).body
    const products = await read(connection, 'product')
    expect(products).toHaveLength(goods.length)
    const named = await Promise.all(products.map((r) => documentOf(connection, 'product', r)))
    expect(named.map((p) => p.sku).sort()).toEqual(goods.map((g) => g.sku).sort())
    const [one, two] = goods
    const listing = {
      [one.sku]: one.itemId,
      [two.sku]: `${two.itemId}:${named.find((p) => p.sku === two.sku).externalId}`,
    }
    const own = await connect({ listing })
    for (const [sku, available] of [
      [one.sku, '-3'],
      [two.sku, '12.7'],
    ]) {
      const item = await itemOf(own, 'stock', { site: 's', sku, onHand: available, available }, `S-${sku}`)
      expect(await writeOf(own, 'stock').write([item], signal)).toMatchObject([{ kind: 'done' }])
      expect(await writeOf(own, 'stock').write([item], signal)).toMatchObject([{ kind: 'done' }])
    }
    const levels = await Promise.all((await read(own, 'stock')).map((r) => documentOf(own, 'stock', r)))
    const left = new Map(levels.map((l) => [l.sku, l.onHand]))
    expect([left.get(one.sku), left.get(two.sku)]).toEqual(['0', '12'])
    expect(left.size).toBe(goods.length)
  })
})

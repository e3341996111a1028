/** Notifications of the marketplace sandbox: signed over timestamp and body, repeated until `{"code":0}`. */
import { createHmac } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { RETRY_GAPS } from '../../src/sandbox/lumavega/webhooks.ts'
import { type Any, market, parseExact, SECRETS, until } from '../support/lumavega-client.ts'

interface Got {
  headers: IncomingHttpHeaders
  text: string
  body: Any
  at: number
}

const start = market()
const sinks: Server[] = []
afterEach(async () => {
  for (const sink of sinks.splice(0)) {
    sink.closeAllConnections()
    await new Promise((resolve) => sink.close(resolve))
  }
})

const GOOD = { status: 200, body: '{"code":0}' }

/** A receiver; `answer` null: none at all. */
async function receiver(answer: (n: number) => { status: number; body: string } | null = () => GOOD) {
  const got: Got[] = []
  const sink = createServer(async (req, res) => {
    const text = (await Array.fromAsync(req)).join('')
    got.push({ headers: req.headers, text, body: parseExact(text), at: Date.now() })
    const one = answer(got.length)
    if (one) res.writeHead(one.status, { 'content-type': 'application/json' }).end(one.body)
  })
  await new Promise<void>((resolve) => sink.listen(0, '127.0.0.1', resolve))
  sinks.push(sink)
  return { got, webhookUrl: `http://127.0.0.1:${(sink.address() as AddressInfo).port}/hook` }
}

/** Chapter 7, from its text. */
const signature = (got: Got) =>
  createHmac('sha256', SECRETS.hookSecret)
    .update(`${got.headers['x-lumavega-timestamp']}.${got.text}`)
    .digest('hex')

describe('notifications', () => {
  it('say that something changed, signed over timestamp and body', async () => {
    const { got, webhookUrl } = await receiver()
    const shop = await start({ webhookUrl })
    await shop.control('orders', { count: 1, seed: 2 })
    await until(() => got.length === 1)
    const { order_id } = got[0]!.body
    await shop.control(`orders/${order_id}/edit`, { sellerNote: 'x' })
    await until(() => got.length === 2)
    expect(got.map((g) => [g.body.event, g.headers['x-lumavega-event'], g.body.revision])).toEqual([
      ['order.created', 'order.created', 1],
      ['order.changed', 'order.changed', 2],
    ])
    for (const one of got) {
      expect(one.headers['x-lumavega-signature']).toBe(signature(one))
      expect(one.headers['x-lumavega-signature']).toMatch(/^[0-9a-f]{64}$/)
      expect(Math.abs(Number(one.headers['x-lumavega-timestamp']) * 1000 - one.at)).toBeLessThan(2000)
      expect(Object.keys(one.body)).toEqual(['event', 'shop_id', 'order_id', 'revision', 'modified_at'])
    }
    expect(order_id).toBe('4203110000000000001')
    expect((await shop.data('lumavega.order.get', { order_id })).order.revision).toBe(2)
    expect((await shop.control('stats')).webhooks).toMatchObject({ delivered: 2, owed: 0 })
  })

  it('come for shipments that are done', async () => {
    const { got, webhookUrl } = await receiver()
    const shop = await start({ webhookUrl })
    await shop.control('orders', { count: 1, seed: 2 })
    const [order] = await shop.control('orders')
    const lines = [{ line_id: order.packages[0].lines[0].id, quantity: '0.001' }]
    const parcels = [{ carrier: 'STK', tracking_no: 'HOOK-01', lines }]
    await shop.data('lumavega.shipment.create', { order_id: order.id, reference: 'H', parcels })
    await until(() => got.some((g) => g.body.event === 'order.changed'))
  })

  it.each([
    ['HTTP 500', { status: 500, body: '{"code":0}' }],
    ['HTTP 204', { status: 204, body: '' }],
    ['another code', { status: 200, body: '{"code":1}' }],
    ['no JSON', { status: 200, body: 'ok' }],
    ['nothing', null],
  ])('come again after %s, under the same id, signed anew', async (_, bad) => {
    const { got, webhookUrl } = await receiver((n) => (n < 3 ? bad : GOOD))
    const shop = await start({ webhookUrl, retryScale: 0.001, answerTimeout: 100 })
    await shop.control('orders', { count: 1, seed: 2 })
    await until(async () => (await shop.control('stats')).webhooks.delivered === 1)
    expect(new Set(got.map((g) => g.headers['x-lumavega-delivery'])).size).toBe(1)
    expect(got).toHaveLength(3)
    for (const one of got) expect(one.headers['x-lumavega-signature']).toBe(signature(one))
  })

  it('are given up after the last of the gaps that the text names', async () => {
    expect(RETRY_GAPS).toEqual([10, 60, 300, 1800, 7200])
    const { got, webhookUrl } = await receiver(() => ({ status: 503, body: '' }))
    const shop = await start({ webhookUrl, retryScale: 0.00001 })
    await shop.control('orders', { count: 1, seed: 2 })
    await until(async () => (await shop.control('stats')).webhooks.gone === 1)
    expect(got).toHaveLength(1 + RETRY_GAPS.length)
  })

  it('are lost, doubled and held back on demand', async () => {
    const { got, webhookUrl } = await receiver()
    const shop = await start({ webhookUrl })
    await shop.control('faults', { webhookLose: { probability: 1, times: 2 } })
    await shop.control('orders', { count: 3, seed: 2 })
    await until(() => got.length === 1)
    await shop.control('faults', { webhookDuplicate: { probability: 1, times: 1 } })
    await shop.control('orders', { count: 1, seed: 2 })
    await until(() => got.length === 3)
    expect(got[1]!.text).toBe(got[2]!.text)
    await shop.control('faults', { webhookReorder: { probability: 1, times: 1, min: 150, max: 150 } })
    await shop.control('orders', { count: 2, seed: 2 })
    await until(() => got.length === 5)
    const ids = got.slice(3).map((g) => g.body.order_id)
    expect(ids).toEqual([...ids].sort().reverse())
    expect((await shop.control('stats')).webhooks).toMatchObject({ lost: 2, duplicated: 1, reordered: 1 })
  })

  it('that were owed at a restart are sent after it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tributary-lumavega-'))
    try {
      let up = false
      const { got, webhookUrl } = await receiver(() => (up ? GOOD : { status: 500, body: '' }))
      const log = join(folder, 'market.jsonl')
      const shop = await start({ log, webhookUrl })
      await shop.control('orders', { count: 5, seed: 2 })
      await until(() => got.length === 5)
      await shop.close()
      up = true
      const again = await start({ log, webhookUrl })
      await until(async () => (await again.control('stats')).webhooks.owed === 0)
      expect(new Set(got.slice(5).map((g) => g.body.order_id)).size).toBe(5)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

/** Bad input that needs a running process: each is refused with a clear answer, and its neighbours go through. */
import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { generateOrder } from '../../src/sandbox/generate/order.ts'
import { restOrder } from '../../src/sandbox/shopify/rest.ts'
import { Product } from './product.ts'
import { ask, openWorld, type World } from './world.ts'

let world: World
let product: Product
let sent = 0

beforeAll(async () => {
  world = await openWorld({ storage: 'embedded', erp: 'nc-per-bill', seed: 1, polls: false, concurrency: 2 })
  product = new Product({ folder: world.folder, url: world.product.url, embedded: true, env: {} })
  await product.start()
}, 60_000)

afterAll(async () => {
  await product?.kill()
  product?.close()
  await world?.close()
})

const sign = (body: Buffer, secret = 's') => createHmac('sha256', secret).update(body).digest('base64')

async function deliver(body: Buffer, headers: Record<string, string> = {}): Promise<Response> {
  sent += 1
  return fetch(`${world.product.url}/webhooks/shop/orders-create`, {
    method: 'POST',
    body: new Uint8Array(body),
    headers: {
      'content-type': 'application/json',
      'x-shopify-hmac-sha256': sign(body),
      'x-shopify-webhook-id': `test-${sent}`,
      ...headers,
    },
  })
}

const order = (index: number) =>
  Buffer.from(JSON.stringify(restOrder(generateOrder(1, index, new Date(), false))))

async function bills(): Promise<string[]> {
  const all = await ask<{ head: { vdef1: string } }[]>(`${world.erp.url}/_sandbox/bills`)
  return all.map((b) => b.head.vdef1).sort()
}

describe('webhooks', () => {
  it.each<[string, () => Promise<Response>, number, string]>([
    [
      'a wrong signature',
      () => deliver(order(90), { 'x-shopify-hmac-sha256': sign(order(90), 'other') }),
      401,
      'WEBHOOK_SIGNATURE',
    ],
    ['no signature', () => deliver(order(91), { 'x-shopify-hmac-sha256': '' }), 401, 'WEBHOOK_SIGNATURE'],
    ['what is not JSON', () => deliver(Buffer.from('{"id": 7,')), 400, 'WEBHOOK_UNREADABLE'],
    [
      'an unknown topic',
      () => fetch(`${world.product.url}/webhooks/shop/no-such`, { method: 'POST', body: '{}' }),
      404,
      'RUNTIME_UNKNOWN',
    ],
    [
      'an unknown connection',
      () => fetch(`${world.product.url}/webhooks/other/orders-create`, { method: 'POST', body: '{}' }),
      404,
      'RUNTIME_UNKNOWN',
    ],
  ])('%s is refused', async (_, send, status, code) => {
    const response = await send()
    const { code: said, fix } = (await response.json()) as { code: string; fix: string }
    expect([response.status, said]).toEqual([status, code])
    expect(fix.length).toBeGreaterThan(10)
  })

  it('a body of 50 MB is refused while it arrives', async () => {
    const huge = Buffer.alloc(50 * 1024 * 1024, 0x20)
    // the answer may come while the body is still being sent; the line is cut then
    const status = await deliver(huge).then(
      (response) => response.status,
      (error: Error) => (error.cause as { code?: string })?.code ?? error.message,
    )
    expect([413, 'EPIPE', 'ECONNRESET', 'UND_ERR_SOCKET']).toContain(status)
  })

  it('records that cannot be read or used are parked alone; their neighbours become documents', async () => {
    const currency = Buffer.from(
      JSON.stringify({ ...(JSON.parse(order(3).toString()) as object), currency: 'XXQ' }),
    )
    const missing = Buffer.from(
      JSON.stringify({ ...(JSON.parse(order(4).toString()) as object), currency: null }),
    )
    const gbk = Buffer.concat([
      Buffer.from('{"id":7,"note":"'),
      Buffer.from([0xc4, 0xe3, 0xba, 0xc3]),
      Buffer.from('"}'),
    ])
    const sent = [order(1), currency, missing, gbk, Buffer.from('{"id": 7 "note"}'), order(2)]
    const answers = await Promise.all(sent.map((body) => deliver(body)))
    expect(answers.map((a) => a.status)).toEqual(sent.map(() => 200))
    await expect.poll(bills, { timeout: 20_000 }).toEqual(['7000000000002', '7000000000003'])
    const parked = async () =>
      /^tributary_parked (\d+)$/m.exec(await (await fetch(`${world.product.url}/metrics`)).text())?.[1]
    await expect.poll(parked, { timeout: 10_000 }).toBe('4')
    expect(product.tail).toMatch(/CONNECTOR_RECORD_UNREADABLE/)
  }, 30_000)

  it('the same delivery twice becomes one document', async () => {
    const twice = { 'x-shopify-webhook-id': 'same' }
    expect((await deliver(order(5), twice)).status).toBe(200)
    expect((await deliver(order(5), twice)).status).toBe(200)
    await expect.poll(bills, { timeout: 20_000 }).toContain('7000000000006')
    expect(await bills()).toHaveLength(3)
  }, 30_000)
})

describe('stopping', () => {
  it('ends by itself with exit code 0 within seconds', async () => {
    const { code, took } = await product.stop()
    expect([code, took < 10_000]).toEqual([0, true])
  }, 40_000)
})

/** The database is away: at start, and in the middle of work. Senders are told to come again; nothing is lost. */
import { createHmac } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { generateOrder } from '../../src/sandbox/generate/order.ts'
import { restOrder } from '../../src/sandbox/shopify/rest.ts'
import { postgresMissing } from '../support/services.ts'
import { type Gate, gateTo } from './gate.ts'
import { Product } from './product.ts'
import { ask, openWorld, type World } from './world.ts'

describe.skipIf(postgresMissing())('the database is away', () => {
  let world: World
  let product: Product
  let gate: Gate

  beforeAll(async () => {
    world = await openWorld({
      storage: 'postgres',
      erp: 'nc-per-bill',
      seed: 1,
      polls: false,
      concurrency: 2,
    })
    gate = await gateTo(Number(new URL(world.postgres!.url).port))
    const file = join(world.folder, 'tributary.yaml')
    const gated = new URL(world.postgres!.url)
    gated.port = String(gate.port)
    writeFileSync(file, readFileSync(file, 'utf8').replace(world.postgres!.url, gated.href))
    product = new Product({ folder: world.folder, url: world.product.url, embedded: false, env: {} })
  }, 60_000)

  afterAll(async () => {
    await product?.kill()
    product?.close()
    await gate?.shut()
    await world?.close()
  })

  async function deliver(index: number): Promise<number> {
    const body = JSON.stringify(restOrder(generateOrder(1, index, new Date(), false)))
    const response = await fetch(`${world.product.url}/webhooks/shop/orders-create`, {
      method: 'POST',
      body,
      headers: {
        'x-shopify-hmac-sha256': createHmac('sha256', 's').update(body).digest('base64'),
        'x-shopify-webhook-id': `order-${index}`,
      },
    })
    if (response.status === 503) expect(response.headers.get('retry-after')).not.toBeNull()
    return response.status
  }

  const bills = async () =>
    (await ask<{ head: { vdef1: string } }[]>(`${world.erp.url}/_sandbox/bills`))
      .map((b) => b.head.vdef1)
      .sort()

  it('at start it is waited for', async () => {
    const started = product.start()
    await new Promise((resolve) => setTimeout(resolve, 6_000))
    expect(product.tail).toMatch(/database.waiting/)
    await gate.open()
    expect(await started).toBe(true)
    expect(await deliver(0)).toBe(200)
    await expect.poll(bills, { timeout: 20_000 }).toEqual(['7000000000001'])
  }, 60_000)

  it('in the middle of work, webhooks are answered 503 and come through later', async () => {
    await gate.shut()
    expect(await deliver(1)).toBe(503)
    const ready = await fetch(`${world.product.url}/readyz`)
    expect(ready.status).toBe(503)
    await gate.open()
    await expect.poll(() => deliver(1), { timeout: 20_000, interval: 500 }).toBe(200)
    expect(await deliver(2)).toBe(200)
    await expect.poll(bills, { timeout: 40_000 }).toEqual(['7000000000001', '7000000000002', '7000000000003'])
  }, 90_000)

  it('and when it is away for good, the error says so and how to fix it', async () => {
    expect((await product.stop()).code).toBe(0)
    await gate.shut()
    await expect(product.start()).rejects.toThrow(/LEDGER_UNREACHABLE|cannot be reached/)
    expect(product.tail).toMatch(/DATABASE_URL/)
  }, 90_000)
})

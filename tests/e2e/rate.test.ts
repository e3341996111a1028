/** `rate` of a connection: an ERP is called as often as it says, whatever is due, and nothing is lost or doubled by it. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, it } from 'vitest'
import { openStage, type Product, type Stage, until, untilHeld } from './stage.ts'

let stage: Stage
afterEach(() => stage?.close())

/** When the ERP was called, in order; milliseconds. */
function calls(product: Product): { at: number; method: string }[] {
  return product
    .log()
    .split('\n')
    .filter((line) => line.includes('"event":"http.call"') && line.includes('"connection":"erp"'))
    .map((line) => JSON.parse(line) as { time: string; method: string; milliseconds: number })
    .map(({ time, method, milliseconds }) => ({ at: Date.parse(time) - milliseconds, method }))
    .sort((a, b) => a.at - b.at)
}

/** Never more than the rate allows since the first one, which may have been late itself. */
function keepsTo(perSecond: number, made: { at: number }[]): void {
  for (const [i, { at }] of made.entries())
    expect(i).toBeLessThanOrEqual(((at - made[0]!.at) / 1000) * perSecond + 2)
}

it('keeps to the rate over all lanes: each document once, few attempts, and the rate is used', async () => {
  const rate = { calls: 8, per: '1s' }
  stage = await openStage({
    erp: 'naive',
    webhooks: true,
    log: 'debug',
    erpConnection: { rate, concurrency: 6 },
  })
  const product = await stage.start()
  const sold = await stage.shop.sell(24)
  const count = sold.filter((o) => o.expect === 'document').length
  await untilHeld(stage.erp, count)
  await sleep(1_000)
  const made = calls(product)
  const posts = made.filter((call) => call.method === 'POST')
  // a draft and its confirmation for each
  expect(posts).toHaveLength(2 * count)
  keepsTo(8, made)
  expect(made.length / ((made.at(-1)!.at - made[0]!.at) / 1000)).toBeGreaterThan(8 * 0.4)
  const { items } = await product.running.operations.pushList({ limit: 100 })
  expect(Math.max(...items.map((push) => push.attempts))).toBeLessThanOrEqual(3)
})

it('a rate that is slower than lanes are patient brings each document in once, too', async () => {
  const rate = { calls: 20, per: '1m' }
  stage = await openStage({
    erp: 'naive',
    webhooks: true,
    log: 'debug',
    erpConnection: { rate, concurrency: 6 },
  })
  const product = await stage.start()
  const sold = await stage.shop.sell(4)
  const count = sold.filter((o) => o.expect === 'document').length
  await until(
    'all are in the ERP',
    async () => {
      const held = await stage.erp.held()
      return held.length === count && held.every((d) => d.state !== 'draft')
    },
    120_000,
  )
  const made = calls(product)
  expect(made.filter((call) => call.method === 'POST')).toHaveLength(2 * count)
  keepsTo(1 / 3, made)
})

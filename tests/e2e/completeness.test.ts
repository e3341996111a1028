/** An order that webhooks and polls both missed is found by its count or its number; what cannot be had stays visible. */
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, it } from 'vitest'
import { businessDate } from '../../src/core/time.ts'
import type { CompletenessItem } from '../../src/runtime/operations-backfill-types.ts'
import { openStage, orderOf, type Product, type Stage, until, untilHeld, untilOrder } from './stage.ts'

const MAIN = join(import.meta.dirname, '../../src/cli/main.ts')
const ANN = { by: 'ann' }

let stage: Stage
afterEach(() => stage?.close())

async function check(product: Product, day: string): Promise<CompletenessItem> {
  const { operations } = product.running
  const [asked] = await operations.completenessCheck({ connection: 'shop', since: day, until: day, ...ANN })
  return until('checked', async () => {
    const item = await operations.completenessShow({ id: asked!.id })
    return item.state === 'done' && item
  })
}

const today = () => businessDate(new Date(), 'Asia/Shanghai')

const shell = (...args: string[]) => run(args)

async function run(args: string[], env: Record<string, string> = {}) {
  const file = join(stage.folder, 'tributary.yaml')
  writeFileSync(file, stage.config())
  const child = spawn(process.execPath, [MAIN, ...args, '--config', file], {
    cwd: stage.folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, TRIBUTARY_LANG: 'en', ...env },
  })
  let out = ''
  child.stdout.on('data', (chunk) => {
    out += chunk
  })
  const timer = setTimeout(() => child.kill('SIGTERM'), 60_000)
  const [code, signal] = await new Promise<[number | null, string | null]>((ended) =>
    child.once('close', (...how) => ended(how)),
  )
  clearTimeout(timer)
  return { code, signal, out }
}

const known = async (product: Product) => (await product.running.operations.stats({})).orders

it('finds what webhook and poll missed, and it arrives in the ERP once', async () => {
  stage = await openStage({ erp: 'naive', polls: true, webhooks: true })
  const product = await stage.start()
  const before = (await stage.shop.sell(6)).filter((o) => o.expect === 'document')
  await until('the first are known', async () => (await known(product)) === 6)
  const held = await untilHeld(stage.erp, before.length)
  // its webhook is lost, and the search index shows it only when polling has passed
  await stage.shop.faults({ webhookLose: 1, searchLag: { probability: 1, max: 60_000 } })
  const sold = (await stage.shop.sell(1, { seed: 2 })).at(-1)!
  const day = today()
  await sleep(5_000)
  const hidden = await check(product, day)
  expect(hidden).toMatchObject({ source: 7, ours: 6, arrived: 0, missing: 1, detail: { listed: 0 } })
  const doctor = await product.running.operations.doctor({})
  const finding = (id: string) => doctor.find((c) => c.id === id)
  expect(finding('completeness:shop/order')).toMatchObject({ level: 'warn' })
  const metrics = async () => (await fetch(`${product.url}/metrics`)).text()
  expect(await metrics()).toContain('tributary_missing_records{connection="shop",stream="order"} 1')
  await stage.shop.faults({ off: 1 })
  await sleep(2_500)
  // polling has read beyond it long since
  expect(await orderOf(product, sold.orderId)).toBeNull()

  const found = await check(product, day)
  expect(found).toMatchObject({ state: 'done', source: 7, ours: 6, arrived: 1, missing: 0 })
  expect(found.detail).toMatchObject({ listed: 7, arrived: [sold.orderId], oursAfter: 7 })
  const more = sold.expect === 'document' ? 1 : 0
  expect(await untilHeld(stage.erp, held.length + more)).toHaveLength(held.length + more)
  expect(await check(product, day)).toMatchObject({ source: 7, ours: 7, arrived: 0, missing: 0, detail: {} })
  expect(
    (await product.running.operations.doctor({})).find((c) => c.id === 'completeness:shop/order'),
  ).toMatchObject({
    level: 'ok',
  })
  await sleep(1_100)
  expect(await metrics()).toContain('tributary_missing_records{connection="shop",stream="order"} 0')
  expect((await product.running.operations.stats({})).received).toBeGreaterThanOrEqual(7)
}, 90_000)

it('a number that nobody has betrays an order that the search index lost altogether', async () => {
  stage = await openStage({ erp: 'naive', polls: true, flow: { mode: 'shadow' } })
  const product = await stage.start()
  await stage.shop.sell(2)
  await stage.shop.faults({ searchLose: { probability: 1, times: 1 } })
  await stage.shop.sell(1, { seed: 2 })
  const sold = await stage.shop.sell(2, { seed: 3 })
  await until('the others are known', async () => (await known(product)) === 4)
  const lost = sold[2]!
  await sleep(1_500)
  const day = today()
  const answer = await shell('completeness', 'check', 'shop', 'order', '--day', day)
  expect(answer.out).toMatch(new RegExp(`order +${day} +done +4 +4 +0 +0`))
  expect(answer.out).toContain(
    `1 of the sequence are not here (a deleted order leaves a gap): ${lost.number}`,
  )
  expect(answer.code).toBe(4)
  // its next change brings it back into the index, and polling reads it
  await stage.shop.change(lost.orderId, 'edit')
  await untilOrder(product, lost.orderId, 'known', () => true)
  await sleep(2_500)
  const later = await shell('completeness', 'check', 'shop', '--day', day, '--by-ids', '--json')
  expect(later.code).toBe(0)
  const [item] = JSON.parse(later.out) as CompletenessItem[]
  expect(item).toMatchObject({ source: 5, ours: 5, arrived: 0, missing: 0, detail: { listed: 5 } })
  expect(item!.detail.gaps).toBeUndefined()
  const listed = await shell('completeness', 'list', '--connection', 'shop', '--day', day)
  expect(listed.out.trim().split('\n')).toHaveLength(4)
  expect(listed.code).toBe(4)
}, 90_000)

it('killed in the middle of the list it begins again, and still tells all that was missing', async () => {
  // a flow that begins later polls nothing of before
  stage = await openStage({ erp: 'naive', polls: true, flow: { from: '2030-01-01T00:00:00Z' } })
  await stage.shop.sell(30)
  const day = today()
  await sleep(4_200)
  // nobody runs: it is written down
  const planned = await shell('completeness', 'check', 'shop', '--day', day, '--no-wait', '--json')
  expect(JSON.parse(planned.out)).toMatchObject([{ state: 'planned', day }])
  const dead = await run(['start'], { TRIBUTARY_CRASH_AT: 'completeness.page-committed:1' })
  expect(dead.signal).toBe('SIGKILL')
  const product = await stage.start()
  const [asked] = JSON.parse(planned.out) as CompletenessItem[]
  const done = await until('checked', async () => {
    const item = await product.running.operations.completenessShow({ id: asked!.id })
    return item.state === 'done' && item
  })
  expect(done).toMatchObject({ source: 30, ours: 0, arrived: 30, missing: 0, error: null })
  expect(done.detail).toMatchObject({ listed: 30, oursAfter: 30 })
  expect(new Set(done.detail.arrived)).toEqual(new Set((await stage.shop.orders()).map((o) => String(o.id))))
  expect(await product.running.operations.stats({})).toMatchObject({ received: 30, orders: 30 })
  expect(await stage.erp.held()).toEqual([])
}, 120_000)

it('the daily check runs by its schedule, for yesterday, once over all restarts', async () => {
  stage = await openStage({
    erp: 'naive',
    polls: true,
    flow: { mode: 'shadow' },
    shopPolls: { completeness: '* * * * * *' },
  })
  const product = await stage.start()
  const { operations } = product.running
  const daily = () => operations.completenessList({ connection: 'shop' })
  const first = await until('checked', async () => {
    const [item] = (await daily()).items
    return item?.state === 'done' && item
  })
  expect(first).toMatchObject({ stream: 'order', source: 0, ours: 0, missing: 0, by: 'tributary' })
  expect(Date.parse(first.until) - Date.parse(first.since)).toBe(24 * 3_600_000)
  expect(first.day).toBe(businessDate(first.since, 'Asia/Shanghai'))
  await product.close()
  const again = await stage.start()
  await sleep(2_200)
  expect((await again.running.operations.completenessList({ connection: 'shop' })).items).toHaveLength(1)
}, 60_000)

/** Pauses: they act at once, survive a restart, say who and why, and wrong credentials make one by themselves. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, it } from 'vitest'
import { openStage, type Stage, until, untilHeld, untilOrder } from './stage.ts'

let stage: Stage
afterEach(() => stage?.close())

it('pause and resume act within 2 s, and a pause survives a restart', async () => {
  stage = await openStage({ erp: 'naive', webhooks: true, polls: true })
  let product = await stage.start()
  await stage.shop.sell(2)
  await untilHeld(stage.erp, 2)

  const scope = { connection: 'erp' }
  await product.running.operations.pause({ ...scope, by: 'ann', why: 'stock-taking' })
  await stage.shop.sell(3)
  await until('three wait', async () => (await product.running.operations.stats({})).waiting.planned === 3)
  await sleep(1_500)
  expect(await stage.erp.held()).toHaveLength(2)

  await product.close()
  product = await stage.start()
  expect(await product.running.operations.pauses({})).toMatchObject([
    { scope, by: 'ann', why: 'stock-taking', automatic: false },
  ])
  await sleep(1_500)
  expect(await stage.erp.held()).toHaveLength(2)

  const asked = Date.now()
  const { resumed } = await product.running.operations.resume({ ...scope, by: 'ann', why: 'done' })
  expect(resumed).toHaveLength(1)
  await until('the first one moves', async () => (await stage.erp.held()).length > 2, 10_000)
  expect(Date.now() - asked).toBeLessThan(2_500)
  await untilHeld(stage.erp, 5)
})

it('a flow is paused alone', async () => {
  stage = await openStage({ erp: 'naive', webhooks: true })
  const product = await stage.start()
  await product.running.operations.pause({ flow: 'web', by: 'bo', why: 'moving' })
  const [sold] = await stage.shop.sell(1)
  const order = await untilOrder(product, sold!.orderId, 'planned', (o) => o.progress === 'planned')
  expect(order.pushes[0]).toMatchObject({ state: 'planned', attempts: 0 })
  await sleep(1_200)
  expect(await stage.erp.held()).toEqual([])
  await product.running.operations.resume({ flow: 'web', by: 'bo', why: 'moved' })
  await untilHeld(stage.erp, 1)
})

it('an ERP that refuses our sender pauses the connection, says why, and goes on after resume', async () => {
  stage = await openStage({ erp: 'nc', webhooks: true })
  const config = JSON.parse(stage.config()) as { connections: { erp: { settings: object } } }
  const wrong = { ...config.connections.erp.settings, sender: 'stranger' }
  let product = await stage.start({ erpConnection: { settings: wrong } })
  const [sold] = await stage.shop.sell(1)
  const [pause] = await until('the pause', async () => {
    const all = await product.running.operations.pauses({})
    return all.length > 0 && all
  })
  expect(pause).toMatchObject({ scope: { connection: 'erp' }, by: 'tributary', automatic: true })
  expect(pause!.why).toContain('31102')
  await sleep(1_200)
  // nobody goes on knocking
  const order = await untilOrder(product, sold!.orderId, 'planned', (o) => o.progress === 'planned')
  expect(order.pushes[0]!.attempts).toBe(1)
  await product.close()

  product = await stage.start()
  await sleep(1_200)
  expect(await stage.erp.held()).toEqual([])
  await product.running.operations.resume({ connection: 'erp', by: 'ann', why: 'sender registered' })
  await untilHeld(stage.erp, 1)
})

it('a shop that refuses our token is read no more, until it is resumed', async () => {
  stage = await openStage({ erp: 'naive', polls: true })
  await stage.shop.sell(2)
  let product = await stage.start({ shopSettings: { token: 'shpat_wrong' } })
  const [pause] = await until('the pause', async () => {
    const all = await product.running.operations.pauses({})
    return all.length > 0 && all
  })
  expect(pause).toMatchObject({ scope: { connection: 'shop' }, by: 'tributary', automatic: true })
  expect(pause!.why).toMatch(/401|refus|credential|token/i)
  expect(product.log()).not.toContain('shpat_wrong')
  await product.close()

  product = await stage.start()
  await product.running.operations.resume({ connection: 'shop', by: 'ann', why: 'new token' })
  await untilHeld(stage.erp, 2)
})

/** Shadow first, then live: what was shadowed stays so, and only what comes afterwards is sent. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openStage, type Stage, until, untilHeld, untilOrder } from './stage.ts'

let stage: Stage
beforeAll(async () => {
  stage = await openStage({ erp: 'nc', webhooks: true, flow: { mode: 'shadow' } })
})
afterAll(() => stage?.close())

it('keeps the exact bytes in shadow, sends nothing; live sends new orders only', async () => {
  const shadow = await stage.start()
  const before = (await stage.shop.sell(8)).map((e) => e.orderId)
  await until('all are shadowed', async () => (await shadow.running.operations.stats({})).shadowed === 8)
  expect(await stage.erp.held()).toEqual([])
  const shown = await untilOrder(shadow, before[0]!, 'shadowed', (o) => o.progress === 'shadowed')
  const push = await shadow.running.operations.pushShow({ id: shown.pushes[0]!.id, body: true })
  expect(push).toMatchObject({ mode: 'shadow', state: 'shadowed' })
  const bytes = Buffer.from(push.rendered!.body!, 'base64')
  expect(bytes).toHaveLength(push.rendered!.size)
  expect(bytes.toString('latin1')).toContain(`id="${push.key}"`)
  expect(bytes.toString('latin1')).toContain(before[0])
  await shadow.close()

  const live = await stage.start({ flow: { mode: 'live' } })
  const all = (await stage.shop.sell(4)).map((e) => e.orderId)
  const after = all.filter((id) => !before.includes(id))
  const held = await untilHeld(stage.erp, 4)
  expect(held.map((d) => d.orderId).sort()).toEqual(after.sort())

  // a change of a shadowed order does not carry it into the ERP either
  await stage.shop.change(before[1]!, 'edit')
  const edited = await untilOrder(live, before[1]!, 'its edit was planned', (o) =>
    o.journal.some((j) => j.event === 'stays-shadowed'),
  )
  expect(edited.pushes.map((p) => p.state)).toEqual(['shadowed'])
  for (const id of before) {
    const order = await untilOrder(live, id, 'known', () => true)
    expect(order.progress).toBe('shadowed')
  }
  expect(await stage.erp.held()).toHaveLength(4)
})

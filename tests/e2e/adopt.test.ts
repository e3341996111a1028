/** What the ERP holds already: documents of the tool used before, and those that a restored ledger forgot. */
import { mkdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { migrate } from '../../src/ledger/migrate.ts'
import { openPglite } from '../../src/ledger/pglite.ts'
import { restoreBackup } from '../../src/ledger/restore.ts'
import { type ShopOrder, totalsOf } from '../../src/sandbox/shopify/order.ts'
import { ERP_TOKEN, openStage, type Stage, untilHeld, untilOrder } from './stage.ts'

let stage: Stage
afterEach(() => stage?.close())

/** What the tool used before wrote for this order: its number as reference, its own lines, `less` off the total. */
async function writtenBefore(order: ShopOrder, less = 0): Promise<string> {
  const total = ((totalsOf(order).currentTotal - less) / 100).toFixed(2)
  const count = order.lines.length + (order.shippingLines.length > 0 ? 1 : 0)
  const lines = Array.from({ length: count }, (_, i) => ({
    ref: `old-${i}`,
    item: 'SHIPPING',
    quantity: '1',
    amount: i === 0 ? total : '0',
    tax: '0',
  }))
  const send = async (path: string, body?: object) => {
    const headers = { authorization: `Bearer ${ERP_TOKEN}`, 'content-type': 'application/json' }
    const response = await fetch(`${stage.erp.url}${path}`, {
      method: 'POST',
      headers,
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
    if (!response.ok) throw new Error(`${response.status} ${await response.text()}`)
    return (await response.json()) as { id: string }
  }
  const number = `OLD-${order.name}`
  const { id } = await send('/documents', {
    reference: number,
    number: order.name,
    currency: order.currency,
    lines,
    total,
    source: String(order.id),
  })
  await send(`/documents/${id}/confirm`)
  return id
}

describe('adopt', () => {
  it('binds what the tool used before wrote, writes what it did not, parks what differs', async () => {
    const adopt = { number: '"OLD-" & number' }
    stage = await openStage({ erp: 'naive', polls: true, flow: { adopt } })
    await stage.shop.sell(3)
    const [same, other, missing] = await stage.shop.orders()
    const [bound, differs] = [await writtenBefore(same!), await writtenBefore(other!, 1)]
    const product = await stage.start()

    const adopted = await untilOrder(product, String(same!.id), 'adopted', (o) => o.progress === 'confirmed')
    expect(adopted.bindings).toMatchObject([{ connection: 'erp', remoteId: bound }])
    expect(adopted.journal.map((j) => j.event)).toContain('adopted')
    await untilOrder(product, String(missing!.id), 'written', (o) => o.progress === 'confirmed')
    const parked = await untilOrder(product, String(other!.id), 'parked', (o) => o.progress === 'parked')
    expect(parked.parked).toMatchObject([{ code: 'PUSH_FOUND_DIFFERENT' }])

    const held = await stage.erp.held()
    const count = (order: ShopOrder) => held.filter((d) => d.orderId === String(order.id)).length
    expect([same!, other!, missing!].map(count)).toEqual([1, 1, 1])
    expect(differs).not.toBe(bound)
  })

  it('parks the order on which the expression fails; its neighbours go on', async () => {
    const adopt = { number: 'number = "#1002" ? number + 1 : "OLD-" & number' }
    stage = await openStage({ erp: 'naive', polls: true, flow: { adopt } })
    await stage.shop.sell(3)
    const orders = await stage.shop.orders()
    const failing = orders.filter((o) => o.name === '#1002')
    expect(failing).toHaveLength(1)
    const product = await stage.start()
    for (const order of orders.filter((o) => o !== failing[0]))
      await untilOrder(product, String(order.id), 'written', (o) => o.progress === 'confirmed')
    const parked = await untilOrder(product, String(failing[0]!.id), 'parked', (o) => o.progress === 'parked')
    expect(parked.parked).toMatchObject([
      { code: 'PUSH_ADOPT', message: { en: expect.stringContaining('(JSONata T2001)') } },
    ])
    expect(await stage.erp.held()).toHaveLength(2)
  })

  it('parks an order whose first question had no answer, when the expression fails after a restart', async () => {
    stage = await openStage({ erp: 'naive', polls: true, flow: { adopt: { number: '"OLD-" & number' } } })
    await stage.shop.sell(2)
    const [first, second] = await stage.shop.orders()
    await stage.erp.faults({ status500: 1 })
    const before = await stage.start()
    const asked = (o: { pushes: { state: string }[] }) => o.pushes.some((p) => p.state === 'unknown')
    for (const order of [first!, second!]) await untilOrder(before, String(order.id), 'in doubt', asked)
    await before.close()

    await stage.erp.faults({ off: 1 })
    const number = `number = "${first!.name}" ? number + 1 : "OLD-" & number`
    const after = await stage.start({ flow: { adopt: { number } } })
    const parked = await untilOrder(after, String(first!.id), 'parked', (o) => o.progress === 'parked')
    expect(parked.parked).toMatchObject([{ code: 'PUSH_ADOPT' }])
    // written; being in doubt before, it is looked for once more before it counts as confirmed
    await untilOrder(after, String(second!.id), 'written', (o) => o.pushes.some((p) => p.remoteId !== null))
    expect(await stage.erp.held()).toHaveLength(1)
  })

  it('is over after `until`', async () => {
    const adopt = { number: '"OLD-" & number', until: '2021-01-01T00:00:00Z' }
    stage = await openStage({ erp: 'naive', polls: true, flow: { adopt } })
    await stage.shop.sell(1)
    const [order] = await stage.shop.orders()
    await writtenBefore(order!)
    await stage.start()
    // the tool before was gone by then: what has its number is somebody else's document
    const held = await untilHeld(stage.erp, 2)
    expect(held.filter((d) => d.key.startsWith('OLD-'))).toHaveLength(1)
  })
})

describe.each(['nc', 'naive'] as const)('after a restore, %s', (erp) => {
  it('asks first: what was sent after the backup is found, not doubled', async () => {
    stage = await openStage({ erp, polls: true })
    let product = await stage.start()
    await stage.shop.sell(2)
    await untilHeld(stage.erp, 2)
    const backup = join(stage.folder, 'ledger.gz')
    await product.running.operations.backup({ to: backup })
    const later = (await stage.shop.sell(3)).slice(2).map((e) => e.orderId)
    await untilHeld(stage.erp, 5)
    await product.close()

    // the disk is gone, the backup is there
    renameSync(join(stage.folder, 'data'), join(stage.folder, 'lost'))
    mkdirSync(join(stage.folder, 'data'))
    const db = await openPglite(join(stage.folder, 'data'))
    await migrate(db, true)
    await restoreBackup(db, backup)
    await db.close()

    product = await stage.start()
    for (const id of later) {
      const order = await untilOrder(product, id, 'confirmed', (o) => o.progress === 'confirmed')
      expect(order.parked).toEqual([])
    }
    const held = await stage.erp.held()
    expect(held).toHaveLength(5)
    expect(new Set(held.map((d) => d.orderId)).size).toBe(5)
  })
})

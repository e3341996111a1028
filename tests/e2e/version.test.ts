/** Versions of one order: late copies, doubtful copies, edits and cancellations before, during and after its push. */
import { createHmac } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { OrderDetail } from '../../src/runtime/operations.ts'
import { generateOrder } from '../../src/sandbox/generate/order.ts'
import { restOrder } from '../../src/sandbox/shopify/rest.ts'
import { type PostgresService, postgresMissing, startPostgres } from '../support/services.ts'
import { openStage, orderOf, type Product, SECRET, type Stage, until, untilOrder } from './stage.ts'

let stage: Stage
let product: Product

let deliveries = 0

/** A webhook as the shop signs it. */
async function webhook(topic: string, payload: object): Promise<number> {
  const body = JSON.stringify(payload)
  const response = await fetch(`${stage.url}/webhooks/shop/${topic}`, {
    method: 'POST',
    body,
    headers: {
      'content-type': 'application/json',
      'x-shopify-hmac-sha256': createHmac('sha256', SECRET).update(body).digest('base64'),
      'x-shopify-webhook-id': `by-hand-${++deliveries}`,
    },
  })
  await response.arrayBuffer()
  return response.status
}

/** Sells one and answers its id. */
async function sellOne(): Promise<string> {
  return (await stage.shop.sell(1)).at(-1)!.orderId
}

const heldOf = async (id: string) => (await stage.erp.held()).filter((d) => d.orderId === id)

const STORAGES = [
  { name: 'embedded', missing: null, serve: async () => null },
  { name: 'postgres', missing: postgresMissing(), serve: () => startPostgres() },
]

describe.each(STORAGES)('$name', ({ missing, serve }) => {
  let server: PostgresService | null = null
  beforeAll(async () => {
    if (missing) return
    server = await serve()
    stage = await openStage({
      erp: 'naive',
      webhooks: true,
      polls: true,
      ...(server ? { database: server.url } : {}),
    })
    product = await stage.start()
  })
  afterAll(async () => {
    await stage?.close()
    await server?.stop()
  })

  describe.skipIf(missing)('copies of one order', () => {
    it('the webhook and the poll of one order give one document', async () => {
      const id = await sellOne()
      await untilOrder(product, id, 'confirmed', (o) => o.progress === 'confirmed')
      // polls overlap by 3 s: it is read again, and again
      const again = { connection: 'shop', ids: [id], by: 'test', why: 'again' }
      await until('a poll has read it too', async () => {
        const { records } = await product.running.operations.replay(again)
        return records >= 2
      })
      const order = await untilOrder(product, id, 'still confirmed', (o) => o.progress === 'confirmed')
      expect(order.placed.versions).toBeLessThanOrEqual(2)
      expect(order.pushes.filter((p) => p.state === 'confirmed')).toHaveLength(1)
      expect(await heldOf(id)).toHaveLength(1)
    })

    it('a copy that comes late never wins', async () => {
      const id = await sellOne()
      const before = await untilOrder(product, id, 'confirmed', (o) => o.progress === 'confirmed')
      const at = new Date(Date.now() - 3600_000)
      const stale = {
        ...restOrder(generateOrder(1, Number(id) - 7_000_000_000_001, at, false)),
        note: 'from the past',
      }
      expect(await webhook('orders-updated', stale)).toBe(200)
      await until('it was read', async () => (await product.running.operations.stats({})).waiting.inbox === 0)
      const after = await orderOf(product, id)
      expect(after!.placed).toEqual(before.placed)
      expect(after!.pushes).toHaveLength(before.pushes.length)
    })

    it('a copy of the same version with other content is settled by reading the shop once', async () => {
      const id = await sellOne()
      const mapped = (o: OrderDetail) => o.journal.filter((j) => j.event === 'mapped').length
      // by webhook and by poll
      const before = await untilOrder(
        product,
        id,
        'read twice',
        (o) => o.progress === 'confirmed' && mapped(o) === 2,
      )
      const raw = (await stage.shop.orders()).find((o) => String(o.id) === id)!
      const copy = { ...restOrder(raw), note: 'a copy that disagrees' }
      expect(await webhook('orders-updated', copy)).toBe(200)
      // the copy, and the shop's own answer by id
      await untilOrder(product, id, 'the shop was asked', (o) => mapped(o) === 4)
      await sleep(1_500)
      const after = await orderOf(product, id)
      expect(mapped(after!)).toBe(4)
      expect(after!.placed.version).toBe(before.placed.version)
      expect(after!.pushes).toHaveLength(1)
      expect(after!.tasks.filter((t) => t.state === 'open')).toEqual([])
    })

    it('thirty versions in any order, all at once: the newest stands, and it is sent once', async () => {
      const hold = { connection: 'erp', by: 'test', why: 'hold' }
      await product.running.operations.pause(hold)
      const id = await sellOne()
      const raw = (await stage.shop.orders()).find((o) => String(o.id) === id)!
      const start = Date.now() + 60_000
      const versions = Array.from({ length: 30 }, (_, n) => {
        const updated_at = new Date(start + n * 1000).toISOString().replace(/\.\d+/, '')
        return { ...restOrder(raw), updated_at, note: `version ${n}` }
      })
      // 7 and 30 have no common divisor: every version once, out of order, the newest in the middle
      const order = versions.map((_, i) => versions[(i * 7 + 11) % 30]!)
      const answers = await Promise.all(order.map((v) => webhook('orders-updated', v)))
      expect(new Set(answers)).toEqual(new Set([200]))
      const newest = new Date(start + 29_000).toISOString().replace(/\.\d+/, '')
      await untilOrder(product, id, 'the newest', (o) => Date.parse(o.placed.version) === Date.parse(newest))
      await until(
        'all are read',
        async () => (await product.running.operations.stats({})).waiting.inbox === 0,
      )
      await product.running.operations.resume(hold)
      const sent = await untilOrder(product, id, 'confirmed', (o) => o.progress === 'confirmed')
      expect(sent.pushes.filter((p) => p.state === 'confirmed')).toHaveLength(1)
      expect(await heldOf(id)).toHaveLength(1)
    })
  })

  describe.skipIf(missing)('changes', () => {
    it('before sending: the old push is withdrawn, and only the last content arrives', async () => {
      const hold = { connection: 'erp', by: 'test', why: 'hold' }
      await product.running.operations.pause(hold)
      const [edited, cancelled] = [await sellOne(), await sellOne()]
      await untilOrder(product, edited, 'planned', (o) => o.progress === 'planned')
      await untilOrder(product, cancelled, 'planned', (o) => o.progress === 'planned')
      await stage.shop.change(edited, 'edit')
      await stage.shop.change(cancelled, 'cancel')
      await untilOrder(product, edited, 'planned anew', (o) => o.pushes.length === 2)
      await untilOrder(product, cancelled, 'withdrawn', (o) => o.pushes.every((p) => p.state === 'withdrawn'))
      await product.running.operations.resume(hold)
      const order = await untilOrder(product, edited, 'confirmed', (o) =>
        o.pushes.some((p) => p.state === 'confirmed'),
      )
      expect(order.pushes.map((p) => [p.revision, p.state]).sort()).toEqual([
        [1, 'withdrawn'],
        [2, 'confirmed'],
      ])
      const [held, ...more] = await heldOf(edited)
      expect(more).toEqual([])
      expect(held!.lines).toBeGreaterThanOrEqual(order.lines.length)
      expect(await heldOf(cancelled)).toEqual([])
    })

    it('while it is sent: the change waits for the final state, then asks a person', async () => {
      await stage.erp.faults({ latency: { probability: 1, min: 2500, max: 2500, times: 2 } })
      const [edited, cancelled] = [await sellOne(), await sellOne()]
      await Promise.all([
        untilOrder(product, edited, 'sending', (o) => o.progress === 'sending'),
        untilOrder(product, cancelled, 'sending', (o) => o.progress === 'sending'),
      ])
      await stage.shop.change(edited, 'edit')
      await stage.shop.change(cancelled, 'cancel')
      const open = (kind: string) => (o: { tasks: { kind: string; state: string }[] }) =>
        o.tasks.some((t) => t.kind === kind && t.state === 'open')
      const first = await untilOrder(product, edited, 'amend-needed', open('amend-needed'))
      const second = await untilOrder(product, cancelled, 'cancel-needed', open('cancel-needed'))
      for (const order of [first, second]) {
        expect(order.pushes.map((p) => p.state)).toEqual(['confirmed'])
        expect(await heldOf(order.externalId)).toHaveLength(1)
      }
    })

    it('after it arrived: an open task, which closes when the shop takes the change back', async () => {
      const id = await sellOne()
      const sold = await untilOrder(product, id, 'confirmed', (o) => o.progress === 'confirmed')
      await stage.shop.change(id, 'edit')
      const edited = await untilOrder(product, id, 'amend-needed', (o) =>
        o.tasks.some((t) => t.state === 'open'),
      )
      expect(edited.tasks).toMatchObject([{ kind: 'amend-needed', state: 'open' }])
      const added = edited.lines.find((l) => !sold.lines.some((s) => s.externalId === l.externalId))
      await stage.shop.change(id, 'edit', { remove: { line: Number(added!.externalId) } })
      await untilOrder(product, id, 'the task is closed', (o) => o.tasks.every((t) => t.state === 'done'))
      expect(await heldOf(id)).toHaveLength(1)

      await stage.shop.change(id, 'cancel')
      await untilOrder(product, id, 'cancel-needed', (o) =>
        o.tasks.some((t) => t.kind === 'cancel-needed' && t.state === 'open'),
      )
      expect(await heldOf(id)).toHaveLength(1)
    })
  })
})

/** Stock and refunds of a real Vendure, written and read back. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Connection } from '../../src/core/ports.ts'
import { validateDocument } from '../../src/mapping/validate.ts'
import { connect, rendered } from './connect.ts'
import { openShop, type Shop } from './shop.ts'
import { type Systems, startSystems, stopSystems, whyNot } from './systems.ts'

const signal = () => AbortSignal.timeout(60_000)

// biome-ignore lint/suspicious/noExplicitAny: documents of several kinds are looked into
type Any = any

describe.skipIf(await whyNot())('stock and refunds in Vendure', () => {
  let systems: Systems
  let shop: Shop
  let vendure: Connection

  beforeAll(async () => {
    systems = await startSystems()
    shop = await openShop(systems.vendure)
    vendure = await connect('vendure', systems)
  })
  afterAll(async () => {
    await vendure?.close()
    await stopSystems()
  })

  const of = (kind: string) => vendure.writes.find((w) => w.kind === kind)!
  async function read(name: string): Promise<Any[]> {
    const stream = vendure.streams.find((s) => s.name === name)!
    const found: Any[] = []
    let resume: unknown = null
    do {
      const window = { since: new Date(Date.now() - 86_400_000), until: new Date(), resume }
      const page = await stream.page(window, signal())
      for (const record of page.records) {
        const value = (await stream.mappings[record.shape]!.map(vendure.parse(record), {} as never)) as object
        found.push(validateDocument(stream.document, { connection: 'x', entity: 'main', ...value }))
      }
      resume = page.next
    } while (resume !== null)
    return found
  }

  it('sets levels so that just the figure may be sold, and tells them', async () => {
    await shop.buy({ items: { 'MUG-350': 3 } })
    const [mug, none] = await Promise.all(
      ['MUG-350', 'NO-SUCH'].map((sku) =>
        rendered(of('stock'), { site: 'main', sku, onHand: '41', reserved: '1' }, `K-${sku}`, 1),
      ),
    )
    const outcomes = await of('stock').write([mug!, none!], signal())
    expect(outcomes).toMatchObject([{ kind: 'done' }, { kind: 'refused', code: 'VENDURE_SKU_UNKNOWN' }])
    const level = (await read('stock')).find((d) => d.sku === 'MUG-350')
    expect(level.available).toBe('40')
    expect(Number(level.reserved)).toBeGreaterThanOrEqual(3)
    expect(await of('stock').write([mug!], signal())).toMatchObject([{ kind: 'done' }])
    expect((await read('stock')).find((d) => d.sku === 'MUG-350').available).toBe('40')
    expect((await read('product')).find((d) => d.sku === 'MUG-350')).toMatchObject({ state: 'active' })
  })

  it('pays an amount back once, settles it, finds it, and reads it', async () => {
    const { id } = await shop.buy({ items: { 'BOOK-SOUP': 1 } })
    const line = (await shop.order(id)).lines[0]!.id
    const components = [{ kind: 'goods', line, quantity: '1', amount: 500 }]
    const document = {
      externalId: `r-${id}`,
      order: id,
      currency: 'EUR',
      state: 'settled',
      amount: 500,
      reason: 'late',
      components,
    }
    const item = await rendered(of('refund'), document, 'K-refund', 1)
    expect(await of('refund').find!(item, signal())).toEqual({ hits: [] })
    const [first] = await of('refund').write([item], signal())
    expect(first).toMatchObject({ kind: 'done', remote: { total: '5.00', state: 'final' } })
    expect(await of('refund').write([item], signal())).toEqual([first])
    expect(await of('refund').find!(item, signal())).toEqual({ hits: [(first as Any).remote] })
    const told = (await read('refund')).filter((d) => d.order === id)
    expect(told).toMatchObject([
      { amount: 500, currency: 'EUR', state: 'settled', reason: `late (r-${id})`, components },
    ])
    const much = await rendered(
      of('refund'),
      { ...document, externalId: 'x', amount: 9_999_900 },
      'K-much',
      1,
    )
    expect(await of('refund').write([much], signal())).toMatchObject([{ kind: 'refused' }])
  })
})

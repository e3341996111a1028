/** Orders with articles that nobody has mapped wait; an import sets going exactly those whose codes it brings. */
import { createHmac } from 'node:crypto'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { importCodes } from '../../src/ledger/code.ts'
import type { Database } from '../../src/ledger/database.ts'
import { openPglite } from '../../src/ledger/pglite.ts'
import { openPostgres } from '../../src/ledger/postgres.ts'
import { KNOWN_SKUS } from '../../src/sandbox/generate/catalogue.ts'
import { generateOrder } from '../../src/sandbox/generate/order.ts'
import { restOrder } from '../../src/sandbox/shopify/rest.ts'
import { postgresMissing, startPostgres } from '../support/services.ts'
import { openStage, type Product, SECRET, type Stage, until, untilHeld, untilOrder } from './stage.ts'

const RATES = { USD: '7.1', EUR: '7.8', JPY: '0.048', KWD: '23.1', CNY: '1' }
const MATERIAL = Object.fromEntries(KNOWN_SKUS.map((sku) => [sku, sku]))
const code = (key: string) => ({ connection: 'erp', table: 'material', key, value: KNOWN_SKUS[0]! })

let stage: Stage
afterEach(() => stage?.close())

const open = (database?: string) =>
  openStage({
    erp: 'naive',
    erpConnection: { codes: { rate: RATES, material: MATERIAL } },
    ...(database ? { database } : {}),
  })

let serial = 0

/** Sells an order whose lines have just these articles, one after another; answers its id. */
async function sell(...skus: string[]): Promise<string> {
  serial += 1
  const made = restOrder(generateOrder(11, 900 + serial, new Date(), false)) as unknown as {
    id: number
    line_items: { sku: string }[]
  }
  made.line_items.forEach((line, i) => {
    line.sku = skus[i % skus.length]!
  })
  const body = Buffer.from(JSON.stringify(made))
  const headers = {
    'content-type': 'application/json',
    'x-shopify-hmac-sha256': createHmac('sha256', SECRET).update(body).digest('base64'),
    'x-shopify-webhook-id': `codes-${serial}`,
  }
  const answer = await fetch(`${stage.url}/webhooks/shop/orders-create`, { method: 'POST', body, headers })
  expect(answer.status).toBe(200)
  return String(made.id)
}

const heldIds = async () => (await stage.erp.held()).map((d) => d.orderId).sort()
const untilParked = (product: Product, id: string) =>
  untilOrder(product, id, 'parked', (o) => o.progress === 'parked')

describe('orders with unmapped articles', () => {
  it('wait, are listed by what they hold up, and go on when their codes come: those and no others', async () => {
    stage = await open()
    const product = await stage.start()
    const { operations } = product.running
    const good = await sell(KNOWN_SKUS[1]!)
    const waitA = [await sell('NEW-A'), await sell('NEW-A')]
    const waitB = await sell('NEW-B')
    const waitBoth = await sell('NEW-A', 'NEW-B')
    for (const id of [...waitA, waitB, waitBoth]) await untilParked(product, id)
    await untilOrder(product, good, 'confirmed', (o) => o.progress === 'confirmed')

    const missing = await operations.codeMissing({})
    const lines = (await operations.orderShow({ ref: `shop/${waitBoth}` })).lines.length
    expect(missing.map((m) => [m.table, m.key, m.orders])).toEqual([
      ['material', 'NEW-A', 3],
      ['material', 'NEW-B', lines > 1 ? 2 : 1],
    ])
    expect(missing[0]!.amounts.reduce((sum, a) => sum + a.amount, 0)).toBeGreaterThan(0)
    const [parked] = (await operations.parkedList({ what: 'push' })).items
    expect(parked!.message.en).toMatch(/code table "material" has no entry for "NEW-[AB]"/)

    const done = await operations.codeImport({ entries: [code('NEW-A'), code('NEW-OTHER')], by: 'ann' })
    expect(done).toMatchObject({ added: 2, waiting: 3, redriven: { records: 0, documents: 0, pushes: 3 } })
    for (const id of waitA) await untilOrder(product, id, 'confirmed', (o) => o.progress === 'confirmed')
    const left = lines > 1 ? [waitB, waitBoth] : [waitB]
    expect(await heldIds()).toEqual([good, ...waitA, ...(lines > 1 ? [] : [waitBoth])].sort())
    for (const id of left) await untilParked(product, id)
    const untouched = await operations.orderShow({ ref: `shop/${waitB}` })
    expect(untouched.journal.map((e) => e.event)).not.toContain('retried')

    await operations.codeImport({ entries: [code('NEW-B')], by: 'ann' })
    await untilHeld(stage.erp, 5)
    expect(await operations.codeMissing({})).toEqual([])
    expect((await operations.parkedList({})).items).toEqual([])
    // mapped at once from now on
    const later = await sell('NEW-B')
    const order = await untilOrder(product, later, 'confirmed', (o) => o.progress === 'confirmed')
    expect(order.journal.map((e) => e.event)).not.toContain('parked')
  })

  it('go on although whoever imported died before setting them going, even while nothing ran', async () => {
    stage = await open()
    let product = await stage.start()
    const ids = [await sell('NEW-A'), await sell('NEW-B'), await sell('NEW-C')]
    for (const id of ids) await untilParked(product, id)
    // committed, and nothing else: what a death at that moment leaves
    await product.running.operations.codeImport({ entries: [code('NEW-A')], redrive: false, by: 'ann' })
    await untilHeld(stage.erp, 1)
    await product.close()

    const ledger = await openPglite(join(stage.folder, 'data'))
    await importCodes(ledger, [code('NEW-B')], 'ann')
    await ledger.close()
    // and one that somebody wrote into tributary.yaml
    product = await stage.start({
      erpConnection: { codes: { rate: RATES, material: { ...MATERIAL, 'NEW-C': KNOWN_SKUS[2]! } } },
    })
    await untilHeld(stage.erp, 3)
    expect(await heldIds()).toEqual([...ids].sort())
    expect((await product.running.operations.parkedList({})).items).toEqual([])
  })
})

describe.skipIf(postgresMissing())('on a PostgreSQL server', () => {
  it('an import in another process is seen by those that run', async () => {
    const server = await startPostgres()
    let other: Database | undefined
    try {
      stage = await open(server.url)
      const product = await stage.start()
      const waits = await sell('NEW-A')
      await untilParked(product, waits)
      other = openPostgres({ url: server.url })
      await importCodes(other, [code('NEW-A'), code('NEW-B')], 'ann')
      // the tables are there at once, what waited follows
      const fresh = await sell('NEW-B')
      const order = await untilOrder(product, fresh, 'confirmed', (o) => o.progress === 'confirmed')
      expect(order.journal.map((e) => e.event)).not.toContain('parked')
      await untilOrder(product, waits, 'confirmed', (o) => o.progress === 'confirmed')
      await until('both are there', async () => (await heldIds()).length === 2)
    } finally {
      await other?.close()
      await stage.close()
      await server.stop()
    }
  })
})

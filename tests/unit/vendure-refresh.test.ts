/**
 * Vendure's clocks stand still once an order is placed (tests/real/ asks a real one): what happens to it later is
 * noticed by reading it again by id. Real connector, mapping and ledger; the server answers as Vendure 3.7 does.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { loadConnector } from '../../src/connector/load.ts'
import { openConnection } from '../../src/connector/open.ts'
import type { Order } from '../../src/core/documents/order.ts'
import type { Connection, ReadStream } from '../../src/core/ports.ts'
import { loadMapping } from '../../src/mapping/load.ts'
import { fetchLane } from '../../src/pipeline/fetch.ts'
import { normalizeLane } from '../../src/pipeline/normalize.ts'
import type { Pipe } from '../../src/pipeline/pipe.ts'
import { pollStream } from '../../src/pipeline/poll.ts'
import { LEDGERS, type TestLedger } from '../support/ledgers.ts'

const HOUR = 3_600_000
const PLACED = new Date(Date.now() - HOUR).toISOString()
const GO_ON = { asked: false }

/** An order that is placed and waits for its money. */
const fresh = (id: string) => ({
  ...{ id, code: `CODE${id}`, type: 'Regular', state: 'PaymentAuthorized', active: false },
  ...{ orderPlacedAt: PLACED, createdAt: PLACED, updatedAt: PLACED, currencyCode: 'EUR', couponCodes: [] },
  customer: {
    id: '1',
    firstName: 'Ann',
    lastName: 'Example',
    emailAddress: 'a@example.test',
    phoneNumber: '',
  },
  shippingAddress: { fullName: 'Ann Example', streetLine1: '1 Road', city: 'Town', countryCode: 'DE' },
  billingAddress: { fullName: null, streetLine1: null },
  lines: [
    {
      ...{ id: '9', quantity: 1, orderPlacedQuantity: 1, taxRate: 0, unitPriceWithTax: 1000 },
      ...{ linePriceWithTax: 1000, proratedUnitPriceWithTax: 1000, proratedLinePrice: 1000 },
      ...{ proratedLinePriceWithTax: 1000, productVariant: { id: '3', sku: 'TEA', name: 'Tea' } },
    },
  ],
  ...{ surcharges: [], taxSummary: [], discounts: [], shippingLines: [], fulfillments: [] },
  ...{ subTotalWithTax: 1000, shippingWithTax: 0, totalWithTax: 1000 },
  payments: [
    {
      id: '6',
      method: 'card',
      state: 'Authorized',
      amount: 1000,
      transactionId: 'T',
      refunds: [] as object[],
    },
  ],
  history: { totalItems: 3, items: [] as object[] },
})
type ShopOrder = ReturnType<typeof fresh>

/** What the server does when the money comes: no clock of the order moves. */
function settle(order: ShopOrder): void {
  order.state = 'PaymentSettled'
  order.payments[0]!.state = 'Settled'
  order.history.totalItems += 1
  order.history.items.push({
    type: 'ORDER_PAYMENT_TRANSITION',
    createdAt: new Date().toISOString(),
    data: { to: 'Settled' },
  })
}

function cancel(order: ShopOrder): void {
  order.state = 'Cancelled'
  order.lines[0]!.quantity = 0
  order.history.totalItems += 1
}

interface OrderListOptions {
  filter: { id?: { in: string[] } }
  skip?: number
  take: number
}

describe.each(LEDGERS)('vendure on $name', (kind) => {
  let ledger: TestLedger
  let connection: Connection
  let stream: ReadStream
  let pipe: Pipe
  const held: ShopOrder[] = []
  const asked: string[][] = []
  const server = createServer(async (request, response) => {
    let text = ''
    for await (const chunk of request) text += chunk
    const { filter, skip = 0, take } = (JSON.parse(text).variables as { options: OrderListOptions }).options
    const ids = filter.id?.in
    if (ids) asked.push(ids)
    const items = held.filter((o) => !ids || ids.includes(o.id)).slice(skip, skip + take)
    const globalSettings = { serverConfig: { moneyStrategyPrecision: 2 } }
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ data: { globalSettings, orders: { items } } }))
  })

  beforeAll(async () => {
    if (kind.missing) return
    ledger = await kind.open()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const config = {
      id: 'shop',
      entity: 'main',
      settings: { base: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, apiKey: 'k' },
      company: { zone: 'UTC', currency: 'EUR' },
    }
    const mapping = (name: string) => loadMapping(`mappings/vendure/${name}.yaml`)
    connection = await openConnection(await loadConnector('connectors/vendure'), config, mapping)
    stream = connection.streams[0]!
    pipe = {
      db: ledger.db,
      queue: { wake: async () => undefined },
      connections: new Map([['shop', connection]]),
      flows: [{ mode: 'live', shops: ['shop'], erp: 'nc', from: new Date(Date.now() - 24 * HOUR) }],
      company: config.company,
      log: () => undefined,
    } as unknown as Pipe
  }, 60_000)
  afterAll(async () => {
    await connection?.close()
    server.close()
    await ledger?.close()
  })
  beforeEach(({ skip }) => {
    skip(kind.missing !== null, kind.missing ?? '')
    asked.length = 0
  })

  /** One tick of the schedule, and all that follows from it. */
  async function tick(): Promise<void> {
    await pollStream(pipe, connection, stream, GO_ON)
    await fetchLane(pipe, connection, GO_ON)
    await normalizeLane(pipe, GO_ON)
  }
  /** Lets the connector's interval pass. */
  const later = () => ledger.db.query(`update document set refresh_at = now() where refresh_at is not null`)
  async function known(id: string): Promise<Order & { versions: number; again: boolean }> {
    const { rows } = await ledger.db.query<{ content: Order; seq: number; again: boolean }>(
      `select v.content, d.seq, d.refresh_at is not null as again
         from document d join document_version v on v.document_id = d.id and v.seq = d.seq
        where d.external_id = $1`,
      [id],
    )
    return { ...rows[0]!.content, versions: rows[0]!.seq, again: rows[0]!.again }
  }

  it('a payment that moves no clock is noticed when the order is read again, and not before', async () => {
    const order = fresh('501')
    held.push(order)
    await tick()
    expect(await known('501')).toMatchObject({ payment: 'unpaid', versions: 1, again: true })
    settle(order)
    expect(order.updatedAt).toBe(PLACED)
    // the window has moved on: polling alone never sees it again
    await tick()
    expect(await known('501')).toMatchObject({ payment: 'unpaid', versions: 1 })
    expect(asked).toEqual([])
    await later()
    await tick()
    expect(asked).toEqual([['501']])
    expect(await known('501')).toMatchObject({ payment: 'paid', versions: 2, again: true })
  })

  it('an order that stands as it stood makes no new version', async () => {
    await later()
    await tick()
    expect(asked).toEqual([['501']])
    expect(await known('501')).toMatchObject({ payment: 'paid', versions: 2, again: true })
  })

  it('a cancellation is noticed too, and then it is left alone', async () => {
    cancel(held[0]!)
    await later()
    await tick()
    expect(await known('501')).toMatchObject({ state: 'cancelled', versions: 3, again: false })
    asked.length = 0
    await later()
    await tick()
    expect(asked).toEqual([])
  })

  it('is not asked again before its interval has passed', async () => {
    held.push(fresh('502'))
    // placed an hour ago, but the shop shows it only now: read by hand of the first window
    await ledger.db.query(`update stream set watermark = now() - interval '2 hours'`)
    await tick()
    expect(await known('502')).toMatchObject({ versions: 1, again: true })
    const { rows } = await ledger.db.query<{ wait: number }>(
      `select extract(epoch from refresh_at - now())::float8 as wait from document where external_id = '502'`,
    )
    expect(rows[0]!.wait).toBeGreaterThan(100)
    expect(rows[0]!.wait).toBeLessThanOrEqual(120)
    await tick()
    expect(asked).toEqual([])
  })
})

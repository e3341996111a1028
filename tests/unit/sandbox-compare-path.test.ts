/**
 * The comparer over the product's own path, without ledger and queue: the sandbox shop is polled by its
 * connector, mapped, netted of refunds, rendered and written into the sandbox ERPs by theirs; the comparer
 * must find nothing, and the records that the path refuses must be exactly the declared ones.
 */
import path from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { loadConnector } from '../../src/connector/load.ts'
import { openConnection } from '../../src/connector/open.ts'
import type { Order } from '../../src/core/documents/order.ts'
import { TributaryError } from '../../src/core/errors/error.ts'
import type { Connection, RawRecord } from '../../src/core/ports.ts'
import { checkOrder } from '../../src/mapping/check-order.ts'
import { loadMapping } from '../../src/mapping/load.ts'
import { validateDocument } from '../../src/mapping/validate.ts'
import { whyNotPushed, workOrderDocument } from '../../src/orders/work-order.ts'
import { compare, compareParked, printDifference } from '../../src/sandbox/compare/compare.ts'
import { KNOWN_SKUS } from '../../src/sandbox/generate/catalogue.ts'
import type { Expectation } from '../../src/sandbox/generate/expectation.ts'
import { startNaiveErp } from '../../src/sandbox/naive-erp/server.ts'
import { startShopify } from '../../src/sandbox/shopify/server.ts'
import { startYonyouNc } from '../../src/sandbox/yonyou-nc/server.ts'
import { RATES } from './sandbox-compare-bills.ts'

const root = path.resolve(import.meta.dirname, '../..')
const company = { zone: 'Asia/Shanghai', currency: 'CNY' }
const open: { close(): Promise<void> }[] = []

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close()
})

async function keep<T extends { close(): Promise<void> }>(starting: Promise<T>): Promise<T> {
  const one = await starting
  open.push(one)
  return one
}

async function connect(use: string, settings: Record<string, unknown>): Promise<Connection> {
  const connector = await loadConnector(path.join(root, 'connectors', use))
  const config = { id: use, entity: 'main', settings, company, codes: { rate: RATES } }
  const mappings = (name: string) => loadMapping(path.join(root, 'mappings', use, `${name}.yaml`))
  return keep(openConnection(connector, config, mappings))
}

const signal = AbortSignal.timeout(60_000)

async function poll(shop: Connection): Promise<RawRecord[]> {
  const records: RawRecord[] = []
  const window = { since: new Date(Date.now() - 3_600_000), until: new Date(Date.now() + 60_000) }
  let resume: unknown = null
  do {
    const page = await shop.streams[0]!.page({ ...window, resume }, signal)
    records.push(...page.records)
    resume = page.next
  } while (resume !== null)
  return records
}

/** What is pushed of a record; null when nothing is. Throws what parks it. */
async function orderOf(shop: Connection, record: RawRecord): Promise<Order | null> {
  const context = { connection: shop.id, entity: 'main', settings: {}, company }
  const mapped = await shop.streams[0]!.mappings[record.shape]!.map(shop.parse(record), context)
  const head = { connection: shop.id, entity: 'main' }
  const document = validateDocument('order', { ...JSON.parse(JSON.stringify(mapped)), ...head }) as Order
  const checked = checkOrder(document)
  return whyNotPushed(checked, new Date(0)).push ? workOrderDocument(checked) : null
}

/** Writes an order to its last step. False: refused. */
async function book(erp: Connection, id: string, order: Order): Promise<boolean> {
  const operation = erp.writes[0]!
  const rendered = await operation.render(order, { key: `key-${id}`, revision: 1, previous: null })
  const item = { key: `key-${id}`, kind: 'order' as const, revision: 1, ...rendered }
  const [outcome] = await operation.write([item], signal)
  if (outcome?.kind === 'refused') return false
  if (outcome?.kind !== 'done') throw new Error(`the write ended ${outcome?.kind}`)
  if (operation.drafts) {
    const last = await operation.advance!(item, outcome.remote, signal)
    expect(last.kind).toBe('done')
  }
  return true
}

async function carry(erpKind: 'yonyou-nc' | 'naive-erp', erpUrl: string, erp: Connection): Promise<void> {
  const plan = { maximumAvailable: 20_000, restoreRate: 20_000 }
  const sandbox = await keep(startShopify({ token: 'tok', secret: 'sec', plan }))
  const body = JSON.stringify({ count: 120, seed: 21, hard: true })
  await fetch(`${sandbox.url}/_sandbox/orders`, { method: 'POST', body })
  const shop = await connect('shopify', { base: sandbox.url, token: 'tok', secret: 'sec' })
  const parked: { orderId: string }[] = []
  for (const record of await poll(shop)) {
    try {
      const order = await orderOf(shop, record)
      if (order && !(await book(erp, record.id, order))) parked.push({ orderId: record.id })
    } catch (error) {
      if (!(error instanceof TributaryError) || error.kind !== 'input') throw error
      parked.push({ orderId: record.id })
    }
  }
  const result = await compare({ shop: sandbox.url, erp: erpUrl, erpKind, rules: { rates: RATES } })
  expect(result.differences.map(printDifference)).toEqual([])
  expect(result).toMatchObject({ orders: 120, matched: 120, documents: 120 - 9 - 12 })
  const expected = (await (await fetch(`${sandbox.url}/_sandbox/expected`)).json()) as Expectation[]
  expect(compareParked(expected, parked).map(printDifference)).toEqual([])
}

describe('from the sandbox shop into the sandbox ERPs', () => {
  it.each(['UTF-8', 'GBK'] as const)('NC holds what the shop sold, through %s', async (charset) => {
    const options = {
      account: 'develop',
      group: 'G01',
      senders: ['SHOP'],
      encoding: charset,
      fieldsStrict: true,
    }
    const nc = await keep(startYonyouNc(options))
    const erp = await connect('yonyou-nc', {
      base: nc.url,
      account: 'develop',
      group: 'G01',
      sender: 'SHOP',
      charset,
      pkOrg: 'ORG1',
      bizType: 'SO01',
      customer: 'WEB',
      dept: 'D1',
      taxCode: 'CN13',
    })
    await carry('yonyou-nc', nc.url, erp)
  })

  it('the naive ERP holds what the shop sold', async () => {
    const items = [...KNOWN_SKUS, 'SHIPPING', 'CHARGE']
    const naive = await keep(startNaiveErp({ token: 'erp', lateRate: 0, lag: [0, 0], items }))
    await carry('naive-erp', naive.url, await connect('naive-erp', { base: naive.url, token: 'erp' }))
  })
})

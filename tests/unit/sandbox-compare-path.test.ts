/**
 * The comparer over the product's own path, without ledger and queue: the sandbox shop is polled by its
 * connector, mapped, netted of refunds, rendered and written into the sandbox ERPs by theirs; the comparer
 * must find nothing, and the records that the path refuses must be exactly the declared ones.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
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
import { compare, compareParked, compareShops, printDifference } from '../../src/sandbox/compare/compare.ts'
import { KNOWN_SKUS } from '../../src/sandbox/generate/catalogue.ts'
import type { Expectation } from '../../src/sandbox/generate/expectation.ts'
import { startNaiveErp } from '../../src/sandbox/naive-erp/server.ts'
import { startShopify } from '../../src/sandbox/shopify/server.ts'
import { startTaobao } from '../../src/sandbox/taobao/server.ts'
import { startYonyouNc } from '../../src/sandbox/yonyou-nc/server.ts'
import { APP as TOP } from '../support/top-client.ts'
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
  // a list read backwards shows its first page twice
  return [...new Map(records.map((record) => [record.id, record])).values()]
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

// biome-ignore lint/suspicious/noExplicitAny: bills are looked into freely
type Any = any

const SHOPS = {
  shopify: {
    start: () =>
      startShopify({ token: 'tok', secret: 'sec', plan: { maximumAvailable: 20_000, restoreRate: 20_000 } }),
    settings: { token: 'tok', secret: 'sec' },
  },
  taobao: { start: () => startTaobao(TOP), settings: TOP },
}

type Kind = keyof typeof SHOPS

/** A shop that has sold `count` orders with everything that hurts, and a connection to it. */
async function sold(kind: Kind, count: number): Promise<{ url: string; shop: Connection }> {
  const { url } = await keep<{ url: string; close(): Promise<void> }>(SHOPS[kind].start())
  const body = JSON.stringify({ count, seed: 21, hard: true })
  await fetch(`${url}/_sandbox/orders`, { method: 'POST', body })
  return { url, shop: await connect(kind, { base: url, ...SHOPS[kind].settings }) }
}

/** Carries everything; returns what the path refused. */
async function carry(shop: Connection, erp: Connection): Promise<{ orderId: string }[]> {
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
  return parked
}

const expectedOf = async (url: string) =>
  (await (await fetch(`${url}/_sandbox/expected`)).json()) as Expectation[]

async function proves(
  kind: Kind,
  erpKind: 'yonyou-nc' | 'naive-erp',
  erpUrl: string,
  erp: Connection,
): Promise<void> {
  const { url, shop } = await sold(kind, 120)
  const parked = await carry(shop, erp)
  const rules = { rates: RATES }
  const result = await compare({ shop: url, shopKind: kind, erp: erpUrl, erpKind, rules })
  const expected = await expectedOf(url)
  const documents = expected.filter((e) => e.expect === 'document').length
  expect(documents).toBeGreaterThan(70)
  expect(result.differences.map(printDifference)).toEqual([])
  expect(result).toMatchObject({ orders: 120, matched: 120, documents })
  expect(parked.length).toBeGreaterThan(8)
  expect(compareParked(expected, parked).map(printDifference)).toEqual([])
}

/** A sandbox NC and a connection to it. */
async function ncIn(charset: 'UTF-8' | 'GBK'): Promise<{ url: string; erp: Connection }> {
  const options = {
    account: 'develop',
    group: 'G01',
    senders: ['SHOP'],
    encoding: charset,
    fieldsStrict: true,
  }
  const { url } = await keep(startYonyouNc(options))
  const erp = await connect('yonyou-nc', {
    base: url,
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
  return { url, erp }
}

describe('from the sandbox shop into the sandbox ERPs', () => {
  it.each([
    ['shopify', 'UTF-8'],
    ['shopify', 'GBK'],
    ['taobao', 'GBK'],
  ] as const)('NC holds what %s sold, through %s', async (kind, charset) => {
    const { url, erp } = await ncIn(charset)
    await proves(kind, 'yonyou-nc', url, erp)
  })

  it('the naive ERP holds what the shop sold', async () => {
    const items = [...KNOWN_SKUS, 'SHIPPING', 'CHARGE']
    const naive = await keep(startNaiveErp({ token: 'erp', lateRate: 0, lag: [0, 0], items }))
    await proves(
      'shopify',
      'naive-erp',
      naive.url,
      await connect('naive-erp', { base: naive.url, token: 'erp' }),
    )
  })
})

describe('two shops in one ERP', () => {
  /** Answers as the ERP would if somebody had changed its bills. */
  async function altered(bills: Any[], change: (head: Record<string, string>) => void): Promise<string> {
    const others = structuredClone(bills)
    change(others.find((b) => b.head.vdef2 === 'taobao').head)
    const server = createServer((_, res) => res.end(JSON.stringify(others)))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    open.push({ close: () => new Promise((resolve) => server.close(() => resolve())) })
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  it("are told apart; a receiver that is not the platform's to the letter is found", async () => {
    const { url, erp } = await ncIn('GBK')
    const [shopify, taobao] = [await sold('shopify', 30), await sold('taobao', 30)]
    await carry(shopify.shop, erp)
    await carry(taobao.shop, erp)
    const sides = [
      { connection: 'shopify', shop: shopify.url, shopKind: 'shopify' as const },
      { connection: 'taobao', shop: taobao.url, shopKind: 'taobao' as const },
    ]
    const look = async (erpUrl: string) => {
      const results = await compareShops(sides, {
        erp: erpUrl,
        erpKind: 'yonyou-nc',
        rules: { rates: RATES },
      })
      return results.map((r) => ({ matched: r.matched, fields: r.differences.map((d) => d.field) }))
    }
    expect(await look(url)).toEqual([
      { matched: 30, fields: [] },
      { matched: 30, fields: [] },
    ])
    const bills = (await (await fetch(`${url}/_sandbox/bills`)).json()) as Any[]
    const found = async (change: (head: Record<string, string>) => void) => look(await altered(bills, change))
    const wrong = (field: string) => [
      { matched: 30, fields: [] },
      { matched: 29, fields: [field] },
    ]
    const part = (text: string | undefined) => text!.slice(0, -1)
    expect(await found((h) => (h.vdef7 = part(h.vdef7)))).toEqual(wrong('vdef7 (opaque receiver id)'))
    expect(await found((h) => delete h.vdef7)).toEqual(wrong('vdef7 (opaque receiver id)'))
    expect(await found((h) => (h.vdef5 = part(h.vdef5)))).toEqual(wrong('vdef5 (address)'))
    expect(await found((h) => (h.vdef3 = '王小明'))).toEqual(wrong('vdef3 (name)'))
    expect(await found((h) => (h.ntotalorigmny = '0.01'))).toEqual(wrong('total'))
    const strange = await found((h) => (h.vdef2 = 'elsewhere'))
    expect(strange.map((s) => s.fields)).toEqual([['connection'], ['documents']])
    const swapped = await found((h) => (h.vdef2 = 'shopify'))
    expect(swapped.map((s) => s.fields)).toEqual([['documents of no known order'], ['documents']])
  })
})

import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { addDecimal, subtractDecimal } from '../../src/core/money.ts'
import {
  type CompareOptions,
  type Comparison,
  compare,
  compareParked,
  printDifference,
} from '../../src/sandbox/compare/compare.ts'
import { exact, ofMinor, plus, same, show, timesRounded } from '../../src/sandbox/compare/exact.ts'
import type { NaiveDocument, NcBill } from '../../src/sandbox/compare/found.ts'
import { startNaiveErp } from '../../src/sandbox/naive-erp/server.ts'
import { type Running, startShopify } from '../../src/sandbox/shopify/server.ts'
import { billOf, RATES } from './sandbox-compare-bills.ts'

// biome-ignore lint/suspicious/noExplicitAny: payloads are looked into freely here
type Any = any

const open: { close(): Promise<void> }[] = []

afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})

async function shopOf(count: number): Promise<Running> {
  const shop = await startShopify({ token: 'tok', secret: 'sec' })
  open.push(shop)
  await control(shop.url, 'orders', { count, seed: 11, hard: true })
  return shop
}

async function control(url: string, path: string, body?: unknown): Promise<Any> {
  const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }
  return (await fetch(`${url}/_sandbox/${path}`, init)).json()
}

/** Serves bills as the NC sandbox does. */
async function ncWith(bills: NcBill[]): Promise<string> {
  const server: Server = createServer((_, res) => res.end(JSON.stringify(bills)))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  open.push({
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function right(shop: Running): Promise<NcBill[]> {
  const expected: Any[] = await control(shop.url, 'expected')
  const orders: Any[] = await control(shop.url, 'orders')
  return orders.filter((_, i) => expected[i].expect === 'document').map((o) => billOf(o))
}

async function run(shop: Running, bills: NcBill[], more: Partial<CompareOptions> = {}): Promise<Comparison> {
  const rules = { rates: RATES }
  return compare({ shop: shop.url, erp: await ncWith(bills), erpKind: 'yonyou-nc', rules, ...more })
}

const fields = (c: Comparison) => c.differences.map((d) => d.field)

describe('the comparer against NC', () => {
  it('finds nothing wrong with right bills, through everything the generator deals', async () => {
    const shop = await shopOf(160)
    const bills = await right(shop)
    const result = await run(shop, bills)
    expect(result.differences.map(printDifference)).toEqual([])
    expect(result).toMatchObject({ orders: 160, documents: bills.length, matched: 160, behind: [] })
    expect(result.parkedExpected).toHaveLength(12)
  })

  it('finds a planted cent, in every amount, and says where', async () => {
    const shop = await shopOf(40)
    for (const field of ['norigtaxmny', 'norigmny', 'nmny', 'ntax', 'ntaxmny', 'norigdiscount']) {
      const bills = await right(shop)
      const bill = bills.find((b) => b.rows.length > 2 && b.head.corigcurrencyid === 'CNY')!
      bill.rows[1]![field] = subtractDecimal(bill.rows[1]![field]!, '0.01')
      const { differences } = await run(shop, bills)
      expect(differences.length, field).toBeGreaterThan(0)
      expect(differences.every((d) => d.orderId === bill.head.vdef1)).toBe(true)
      expect(differences.some((d) => d.line === bill.rows[1]!.vbdef1)).toBe(true)
    }
  })

  it('finds the smallest unit of yen and dinar', async () => {
    const shop = await shopOf(80)
    for (const [currency, unit] of [
      ['JPY', '1'],
      ['KWD', '0.001'],
    ] as const) {
      const bills = await right(shop)
      const row = bills.find((b) => b.head.corigcurrencyid === currency)!.rows[0]!
      row.norigtaxmny = addDecimal(row.norigtaxmny!, unit)
      expect(fields(await run(shop, bills))).toEqual(['gross', 'sum of rows'])
    }
  })

  it('finds a planted line: one missing, one too many, one doubled', async () => {
    const shop = await shopOf(40)
    const big = (bills: NcBill[]) => bills.find((b) => b.rows.length >= 200)!
    const missing = await right(shop)
    const [gone] = big(missing).rows.splice(117, 1)
    const one = await run(shop, missing)
    expect(one.differences[0]).toMatchObject({ line: gone!.vbdef1, field: 'rows', expected: '1', found: '0' })
    const extra = await right(shop)
    big(extra).rows.push({ ...gone!, vbdef1: '999' })
    expect((await run(shop, extra)).differences[0]).toMatchObject({ line: '999', expected: '0', found: '1' })
    const doubled = await right(shop)
    big(doubled).rows.push({ ...gone! })
    expect((await run(shop, doubled)).differences[0]).toMatchObject({
      line: gone!.vbdef1,
      expected: '1',
      found: '2',
    })
  })

  it('finds two wrong lines that hide in a right total', async () => {
    const shop = await shopOf(40)
    const bills = await right(shop)
    const [a, b] = bills.find((x) => x.rows.length > 3 && x.head.corigcurrencyid === 'CNY')!.rows
    a!.norigtaxmny = addDecimal(a!.norigtaxmny!, '0.01')
    b!.norigtaxmny = subtractDecimal(b!.norigtaxmny!, '0.01')
    expect(fields(await run(shop, bills))).toEqual(['gross', 'gross'])
  })

  it('finds wrong articles, quantities, currencies, numbers, rates, gift flags and days', async () => {
    const shop = await shopOf(40)
    const spoil: [string, (b: NcBill) => void][] = [
      ['item', (b) => Object.assign(b.rows[0]!, { cmaterialvid: 'OTHER' })],
      ['quantity', (b) => Object.assign(b.rows[0]!, { nnum: '77' })],
      ['currency', (b) => Object.assign(b.head, { corigcurrencyid: 'XXX' })],
      ['number', (b) => Object.assign(b.head, { vcooppohcode: '#1' })],
      ['nexchangerate', (b) => Object.assign(b.rows[0]!, { nexchangerate: '2' })],
      ['blargessflag', (b) => Object.assign(b.rows[0]!, { blargessflag: 'Y' })],
      ['dbilldate', (b) => Object.assign(b.head, { dbilldate: '2001-01-01 00:00:00' })],
      ['vnote', (b) => Object.assign(b.head, { vnote: 'something else' })],
    ]
    for (const [field, change] of spoil) {
      const bills = await right(shop)
      change(bills.find((b) => b.rows[0]!.norigtaxmny !== '0.00' && b.head.corigcurrencyid === 'CNY')!)
      expect(fields(await run(shop, bills)), field).toEqual([field])
    }
  })

  it('finds emoji and rare hanzi lost to a charset', async () => {
    const shop = await shopOf(40)
    for (const field of ['vdef3', 'vnote', 'vdef5']) {
      const bills = await right(shop)
      const bill = bills.find((b) => /[\u{20000}-\u{2ffff}\u{1f000}-\u{1ffff}㐂]/u.test(b.head[field]!))
      bill!.head[field] = bill!.head[field]!.replace(/[\u{10000}-\u{2ffff}㐂]/gu, '?')
      expect(fields(await run(shop, bills)), field).toHaveLength(1)
    }
  })

  it('wants exactly one document, and none for what must not arrive', async () => {
    const shop = await shopOf(40)
    const bills = await right(shop)
    const lost = bills.slice(1)
    expect((await run(shop, lost)).differences).toMatchObject([
      { field: 'documents', expected: '1', found: '0' },
    ])
    const doubled = [...bills, { ...bills[0]!, pk: 'again' }]
    expect((await run(shop, doubled)).differences).toMatchObject([
      { field: 'documents', expected: '1', found: '2' },
    ])
    const expected: Any[] = await control(shop.url, 'expected')
    const orders: Any[] = await control(shop.url, 'orders')
    for (const reason of ['unpaid', 'cancelled', 'fully-refunded', 'missing-sku', 'unknown-sku']) {
      const order = orders[expected.findIndex((e) => e.reason === reason)]
      const { differences } = await run(shop, [...bills, billOf(order)])
      expect(differences, reason).toHaveLength(1)
      expect(differences[0]!.expected).toContain(reason)
    }
    const stranger = { ...bills[0]!, head: { ...bills[0]!.head, vdef1: '4711' } }
    expect(fields(await run(shop, [...bills, stranger]))).toEqual(['documents of no known order'])
  })

  it('accepts an earlier version only where a task says so, and only a true one', async () => {
    const shop = await shopOf(40)
    const bills = await right(shop)
    const [edited, cancelled] = bills.filter((b) => b.rows.length > 1)
    await control(shop.url, `orders/${edited!.head.vdef1}/edit`, {})
    await control(shop.url, `orders/${cancelled!.head.vdef1}/cancel`, {})
    const strict = await run(shop, bills)
    expect(new Set(strict.differences.map((d) => d.orderId))).toEqual(
      new Set([edited!.head.vdef1, cancelled!.head.vdef1]),
    )
    const openTasks = new Set([edited!.head.vcooppohcode!, cancelled!.head.vcooppohcode!])
    const told = await run(shop, bills, { openTasks })
    expect(told.differences).toEqual([])
    expect(new Set(told.behind)).toEqual(openTasks)
    const final = await right(shop)
    expect((await run(shop, final, { openTasks })).behind).toEqual([])
    edited!.rows[0]!.norigtaxmny = addDecimal(edited!.rows[0]!.norigtaxmny!, '0.01')
    expect((await run(shop, bills, { openTasks })).differences.length).toBeGreaterThan(0)
    const early = bills.map((b) => ({ ...b, received: '2020-01-01T00:00:00.000Z' }))
    expect((await run(shop, early, { openTasks })).behind).toEqual([])
  })
})

describe('the comparer against the naive ERP', () => {
  it('wants confirmed documents with equal lines, read from the real sandbox', async () => {
    const shop = await shopOf(40)
    const erp = await startNaiveErp({ token: 'erp', lateRate: 0, lag: [0, 0] })
    open.push(erp)
    const bills = await right(shop)
    const ids: string[] = []
    for (const b of bills) {
      const lines = b.rows.map((r) => ({
        ref: r.vbdef1,
        item: r.cmaterialvid,
        quantity: r.nnum,
        amount: r.norigtaxmny,
        tax: subtractDecimal(r.norigtaxmny!, r.norigmny!),
      }))
      const total = lines.reduce((sum, l) => addDecimal(sum, l.amount!), '0')
      const { vdef1: source, vdef2: channel, vcooppohcode: number, corigcurrencyid: currency } = b.head
      const body = { reference: b.id, source, channel, number, currency, lines, total }
      ids.push(await create(erp.url, body))
    }
    const draft = await compare({ shop: shop.url, erp: erp.url, erpKind: 'naive-erp' })
    expect(new Set(fields(draft))).toEqual(new Set(['state']))
    for (const id of ids) await confirm(erp.url, id)
    const result = await compare({ shop: shop.url, erp: erp.url, erpKind: 'naive-erp' })
    expect(result.differences.map(printDifference)).toEqual([])
    expect(result.matched).toBe(40)
  })

  it('finds a planted cent in amount, tax and total', async () => {
    const shop = await shopOf(1)
    const [order] = await right(shop).then((bills) => bills)
    if (!order) throw new Error('seed 11 begins with an order that gets a document')
    const document = (): NaiveDocument => ({
      id: '1',
      reference: order.id,
      state: 'confirmed',
      source: order.head.vdef1!,
      number: order.head.vcooppohcode!,
      currency: order.head.corigcurrencyid!,
      total: order.rows.reduce((sum, r) => addDecimal(sum, r.norigtaxmny!), '0'),
      lines: order.rows.map((r) => ({
        ref: r.vbdef1!,
        item: r.cmaterialvid!,
        quantity: r.nnum!,
        amount: r.norigtaxmny!,
        tax: subtractDecimal(r.norigtaxmny!, r.norigmny!),
      })),
    })
    const check = async (d: NaiveDocument) =>
      fields(await compare({ shop: shop.url, erp: await ncWith([d] as Any), erpKind: 'naive-erp' }))
    expect(await check(document())).toEqual([])
    expect(await check({ ...document(), total: '0.01' })).toEqual(['total'])
    const spoilt = document()
    spoilt.lines[0]!.tax = addDecimal(spoilt.lines[0]!.tax, '0.01')
    expect(await check(spoilt)).toEqual(['tax'])
  })
})

const ERP = { Authorization: 'Bearer erp', 'Content-Type': 'application/json' }

async function create(url: string, body: object): Promise<string> {
  const response = await fetch(`${url}/documents`, {
    method: 'POST',
    headers: ERP,
    body: JSON.stringify(body),
  })
  expect(response.status).toBe(201)
  return ((await response.json()) as Any).id
}

async function confirm(url: string, id: string): Promise<void> {
  expect((await fetch(`${url}/documents/${id}/confirm`, { method: 'POST', headers: ERP })).ok).toBe(true)
}

describe('parked records', () => {
  it('wants exactly the declared ones', async () => {
    const shop = await shopOf(40)
    const expected: Any[] = await control(shop.url, 'expected')
    const declared = expected.filter((e) => e.expect === 'parked')
    const parked = declared.map((e, i) => (i % 2 ? { orderId: e.orderId } : { number: e.number }))
    expect(declared).toHaveLength(3)
    expect(compareParked(expected, parked)).toEqual([])
    expect(compareParked(expected, parked.slice(1))).toMatchObject([
      { number: declared[0].number, found: '0' },
    ])
    const healthy = expected.find((e) => e.expect === 'document')
    expect(compareParked(expected, [...parked, { number: healthy.number }])).toMatchObject([
      { number: healthy.number, expected: '0 (document: paid)', found: '1' },
    ])
    expect(compareParked(expected, [...parked, parked[0]!])).toMatchObject([{ expected: '1', found: '2' }])
    expect(compareParked(expected, [...parked, { orderId: 'x' }])).toMatchObject([
      { expected: '0 (no such order)' },
    ])
  })
})

describe('the comparer’s own arithmetic', () => {
  it('is exact, and rounds half away from zero', () => {
    const t = (a: string, b: string, d: number) => show(timesRounded(exact(a)!, exact(b)!, d))
    expect(t('1.005', '1', 2)).toBe('1.01')
    expect(t('-1.005', '1', 2)).toBe('-1.01')
    expect(t('1.0049', '1', 2)).toBe('1.00')
    expect(t('90071992547409.93', '7.1', 2)).toBe('639511147086610.50')
    expect(same(exact('10.0')!, ofMinor(1000, 2))).toBe(true)
    expect(show(plus(exact('0.1')!, exact('0.25')!))).toBe('0.35')
    expect([exact(''), exact('1e3'), exact('1,5'), exact(undefined)]).toEqual([null, null, null, null])
  })
})

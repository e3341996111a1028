/** The Yonyou NC connector over real HTTP, against the sandbox. */
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { loadConnector } from '../../src/connector/load.ts'
import { openConnection } from '../../src/connector/open.ts'
import { decimal, fromMinor } from '../../src/core/money.ts'
import type { Connection, WriteItem, WriteOperation } from '../../src/core/ports.ts'
import { checkOrder } from '../../src/mapping/check-order.ts'
import { loadMapping } from '../../src/mapping/load.ts'
import { validateDocument } from '../../src/mapping/validate.ts'
import { whyNotPushed, workOrderDocument } from '../../src/orders/work-order.ts'
import { generateOrder } from '../../src/sandbox/generate/order.ts'
import { restOrder } from '../../src/sandbox/shopify/rest.ts'
import type { YonyouNcOptions } from '../../src/sandbox/yonyou-nc/options.ts'
import { startYonyouNc } from '../../src/sandbox/yonyou-nc/server.ts'

const root = path.resolve(import.meta.dirname, '../..')
const connector = await loadConnector(path.join(root, 'connectors/yonyou-nc'))
const shopify = await loadMapping(path.join(root, 'mappings/shopify/order-webhook.in.yaml'))
const company = { zone: 'Asia/Shanghai', currency: 'CNY' }
const rate = Object.fromEntries(Intl.supportedValuesOf('currency').map((c) => [c, '1.2345']))
const signal = AbortSignal.timeout(60_000)
const closing: (() => Promise<void>)[] = []
afterAll(async () => {
  for (const close of closing.reverse()) await close()
})

async function sandbox(options: Partial<YonyouNcOptions> = {}) {
  const nc = await startYonyouNc({
    account: 'A1',
    group: 'G1',
    senders: ['tributary'],
    fieldsStrict: true,
    ...options,
  })
  closing.push(() => nc.close())
  return nc
}

async function open(
  base: string,
  settings: Record<string, unknown> = {},
): Promise<{ nc: Connection; op: WriteOperation }> {
  const nc = await openConnection(
    connector,
    {
      id: 'nc',
      entity: 'main',
      company,
      codes: { rate },
      settings: {
        base,
        account: 'A1',
        group: 'G1',
        sender: 'tributary',
        pkOrg: 'ORG',
        bizType: 'SO',
        customer: 'WEB',
        dept: 'D1',
        taxCode: 'CN01',
        ...settings,
      },
    },
    (name) => loadMapping(path.join(root, `mappings/yonyou-nc/${name}.yaml`)),
  )
  closing.push(() => nc.close())
  return { nc, op: nc.writes[0]! }
}

/** Work orders as the pipe would push them, from the generator's hard orders. */
async function workOrders(count: number) {
  const found = []
  for (let i = 0; found.length < count; i++) {
    const order = generateOrder(11, i, new Date('2026-03-01T08:00:00Z'), true)
    if (order.lines.some((l) => !l.sku || /NEW|新品|UNLISTED/.test(l.sku))) continue
    const payload = JSON.parse(JSON.stringify(restOrder(order)))
    const mapped = (await shopify.map(payload, {
      connection: 'shop',
      entity: 'main',
      settings: {},
      company,
    })) as object
    const document = checkOrder(validateDocument('order', { ...mapped, connection: 'shop', entity: 'main' }))
    if (whyNotPushed(document, new Date(0)).push) found.push(workOrderDocument(document)!)
  }
  return found
}

async function itemsOf(op: WriteOperation, orders: unknown[], prefix = 'K'): Promise<WriteItem[]> {
  return Promise.all(
    orders.map(async (order, i) => {
      const key = `${prefix}${i}`
      const { body, check } = await op.render(order, { key, revision: 1, previous: null })
      return { key, kind: 'order' as const, revision: 1, body, check }
    }),
  )
}

interface HeldBill {
  id: string
  pk: string
  total: string
  head: Record<string, string>
  rows: Record<string, string>[]
}
const bills = async (url: string): Promise<HeldBill[]> => {
  const answer = (await (await fetch(`${url}/_sandbox/bills`)).json()) as HeldBill[] | { bills: HeldBill[] }
  return Array.isArray(answer) ? answer : answer.bills
}
const faults = (url: string, patch: object) =>
  fetch(`${url}/_sandbox/faults`, {
    method: 'POST',
    body: JSON.stringify(patch),
    headers: { 'Content-Type': 'application/json' },
  })

describe('writing', () => {
  test.each(['UTF-8', 'GBK'])(
    '20 bills in one document, %s: every amount and text arrives',
    async (charset) => {
      const { url } = await sandbox({ encoding: charset as 'UTF-8' | 'GBK' })
      const { op } = await open(url, { charset })
      expect([op.class, op.batch]).toEqual(['resend-safe', 20])
      const orders = await workOrders(20)
      const items = await itemsOf(op, orders)
      const outcomes = await op.write(items, signal)
      const held = await bills(url)
      expect(outcomes.map((o) => o.kind === 'done' && o.remote.id)).toEqual(held.map((b) => b.pk))
      for (const [i, order] of orders.entries()) {
        const bill = held.find((b) => b.id === `K${i}`)!
        expect(Number(bill.total)).toBe(Number(fromMinor(order.totals.total, order.currency)))
        expect(bill.head.vdef1).toBe(order.externalId)
        expect(bill.head.vdef3).toBe(order.shipTo?.name ?? undefined)
        expect(bill.head.vnote?.replace(/\s+/g, ' ')).toBe(
          order.remarks?.buyer?.slice(0, 300).replace(/\s+/g, ' ').trim(),
        )
        expect(bill.rows.length).toBe(items[i]!.check.lines)
      }
    },
  )

  test('the same bytes again are a duplicate; the frozen bytes do not depend on when they are made', async () => {
    const { url } = await sandbox()
    const { op } = await open(url)
    const [item] = await itemsOf(op, await workOrders(1))
    expect((await itemsOf(op, await workOrders(1)))[0]!.body.equals(item!.body)).toBe(true)
    await op.write([item!], signal)
    expect(await op.write([item!], signal)).toMatchObject([
      { kind: 'refused', code: '-31000', duplicate: true },
    ])
  })

  test.each(['per-bill', 'all-or-none'] as const)('one bad bill of three, %s', async (dealRule) => {
    const { url } = await sandbox({ dealRule })
    const { op } = await open(url)
    const [a, b, c] = await workOrders(3)
    const bad = { ...b!, lines: [{ ...b!.lines[0]!, sku: 'NOWHERE' }] }
    const outcomes = await op.write(await itemsOf(op, [a, bad, c]), signal)
    const healthy = dealRule === 'per-bill' ? { kind: 'done' } : { kind: 'not-done', code: '-31004' }
    expect(outcomes).toMatchObject([healthy, { kind: 'refused', code: '-31206' }, healthy])
  })

  test.each([
    ['resetAfter', 'unknown', 1],
    ['resetBefore', 'unknown', 0],
    ['empty200', 'unknown', 1],
    ['malformed', 'unknown', 1],
    ['error500After', 'unknown', 1],
    ['status500', 'unknown', 0],
    ['status429', 'not-done', 0],
  ])('fault %s proves %s', async (fault, kind, written) => {
    const { url } = await sandbox()
    const { op } = await open(url)
    const items = await itemsOf(op, await workOrders(1))
    await faults(url, { [fault]: { probability: 1, times: 1 } })
    expect(await op.write(items, signal)).toMatchObject([{ kind }])
    expect(await bills(url)).toHaveLength(written)
    const again = await op.write(items, signal)
    expect(again).toMatchObject(written ? [{ kind: 'refused', duplicate: true }] : [{ kind: 'done' }])
  })

  test('nobody listening is not-done', async () => {
    const { op } = await open('http://127.0.0.1:9')
    expect(await op.write(await itemsOf(op, await workOrders(1)), signal)).toMatchObject([
      { kind: 'not-done' },
    ])
  })

  test.each([
    ['sender', { senders: ['other'] }, '-31102'],
    ['address', { allowAddresses: ['192.0.2.1'] }, '-31201'],
  ])('a refused %s pauses the connection', async (_, options, code) => {
    const { url } = await sandbox(options)
    const { nc, op } = await open(url)
    expect(await op.write(await itemsOf(op, await workOrders(1)), signal)).toMatchObject([
      { kind: 'not-done', pause: true, code },
    ])
    const { ok, say } = await nc.check(signal)
    expect(ok).toBe(false)
    expect(say).toContain(code)
  })

  test('a document that is too large is halved until it fits', async () => {
    const { url } = await sandbox({ limitKb: 24 })
    const { op } = await open(url)
    const items = (await itemsOf(op, await workOrders(12))).filter((i) => i.body.length < 15_000)
    expect(items.reduce((n, i) => n + i.body.length, 0)).toBeGreaterThan(30_000)
    const outcomes = await op.write(items, signal)
    expect(new Set(outcomes.map((o) => o.kind))).toEqual(new Set(['done']))
    expect(await bills(url)).toHaveLength(items.length)
  })

  test('check() expects the refusal of an unknown bill type', async () => {
    const { url } = await sandbox()
    const { nc } = await open(url)
    expect(await nc.check(signal)).toMatchObject({ ok: true })
  })
})

describe('big-file mode', () => {
  const xml = (id: string) =>
    Buffer.from(`<?xml version="1.0" encoding='UTF-8'?><ufinterface billtype="30"><bill id="${id}"><billhead>
      <csaleorderid>0001</csaleorderid><vbillcode>SO1</vbillcode><ntotalorigmny>12.50</ntotalorigmny></billhead></bill></ufinterface>`)

  test('the answer is only "received"; the posted bill is the acknowledgement', async () => {
    const { url } = await sandbox({ bigFile: true, processAfter: 1 })
    const { nc, op } = await open(url, { bigFile: true, outboundToken: 's3cret' })
    const outcomes = await op.write(await itemsOf(op, await workOrders(2)), signal)
    expect(outcomes).toMatchObject([
      { kind: 'done', accepted: true },
      { kind: 'done', accepted: true },
    ])
    const webhook = nc.webhooks.find((w) => w.topic === 'outbound')!
    const { records, stream } = webhook.receive(
      { ':query': 'token=s3cret', 'content-type': 'text/xml' },
      xml('K0'),
    )
    expect(stream).toBe('bill')
    expect(records).toMatchObject([{ id: 'K0', shape: 'bill' }])
    const mapping = nc.streams[0]!.mappings.bill!
    const value = await mapping.map(nc.parse(records[0]!), {
      connection: 'nc',
      entity: 'main',
      settings: {},
      company,
    })
    expect(
      validateDocument('acknowledgement', { ...(value as object), connection: 'nc', entity: 'main' }),
    ).toMatchObject({
      key: 'K0',
      remoteId: '0001',
      number: 'SO1',
      total: '12.5',
    })
  })

  test.each(['UTF-8', 'GBK'] as const)(
    'what NC itself posts after the import is read, %s',
    async (encoding) => {
      const posted: { headers: IncomingHttpHeaders; url: string; body: Buffer }[] = []
      const receiver = createServer(async (req, res) => {
        const chunks: Buffer[] = []
        for await (const chunk of req) chunks.push(chunk as Buffer)
        posted.push({ headers: req.headers, url: req.url ?? '', body: Buffer.concat(chunks) })
        res.end()
      })
      await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
      closing.push(() => new Promise((resolve) => receiver.close(() => resolve())))
      const acknowledgeUrl = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/webhooks/nc/outbound?token=t1`
      const { url } = await sandbox({ bigFile: true, processAfter: 1, encoding, acknowledgeUrl })
      const { nc, op } = await open(url, { bigFile: true, outboundToken: 't1' })
      const orders = await workOrders(3)
      await op.write(await itemsOf(op, orders), signal)
      await vi.waitFor(() => expect(posted).toHaveLength(3), { timeout: 10_000, interval: 20 })
      const found = []
      for (const { headers, url: address, body } of posted) {
        const { records } = nc.webhooks[0]!.receive({ ...headers, ':query': address.split('?')[1] }, body)
        const context = { connection: 'nc', entity: 'main', settings: {}, company }
        for (const r of records) found.push(await nc.streams[0]!.mappings.bill!.map(nc.parse(r), context))
      }
      const wanted = orders.map((o, i) => ({
        key: `K${i}`,
        total: decimal(fromMinor(o.totals.total, o.currency)),
      }))
      expect(found).toHaveLength(3)
      expect(found).toEqual(expect.arrayContaining(wanted.map((w) => expect.objectContaining(w))))
    },
  )

  test('several bills in one document are several records', async () => {
    const { nc } = await open('http://127.0.0.1:9', { outboundToken: 's3cret' })
    const bill = (id: string) => `<bill id="${id}"><billhead><vbillcode>${id}</vbillcode></billhead></bill>`
    const body = Buffer.from(`<ufinterface>${bill('A')}${bill('B')}</ufinterface>`)
    const { records } = nc.webhooks[0]!.receive({ 'x-tributary-token': 's3cret' }, body)
    expect(
      records.map((r) => (nc.parse(r) as { ufinterface: { bill: object } }).ufinterface.bill),
    ).toMatchObject([{ '@id': 'A' }, { '@id': 'B' }])
  })

  test.each([
    ['no token', {}, { outboundToken: 's3cret' }, 'WEBHOOK_SIGNATURE'],
    ['another token', { ':query': 'token=s3cre' }, { outboundToken: 's3cret' }, 'WEBHOOK_SIGNATURE'],
    ['no token set', { ':query': 'token=' }, {}, 'WEBHOOK_SIGNATURE'],
  ])('%s is refused', async (_, headers, settings, code) => {
    const { nc } = await open('http://127.0.0.1:9', settings)
    expect(() => nc.webhooks[0]!.receive(headers, xml('K0'))).toThrow(expect.objectContaining({ code }))
  })

  test.each(['not xml', '<ufinterface/>', ''])(
    'a payload that is no bill (%j) is unreadable',
    async (text) => {
      const { nc } = await open('http://127.0.0.1:9', { outboundToken: 't' })
      const receive = () => nc.webhooks[0]!.receive({ ':query': 'token=t' }, Buffer.from(text))
      expect(receive).toThrow(expect.objectContaining({ code: 'WEBHOOK_UNREADABLE' }))
    },
  )
})

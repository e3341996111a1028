/** The Qimen connector over real HTTP, against the sandbox, in both directions. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { loadConnector } from '../../src/connector/load.ts'
import { openConnection } from '../../src/connector/open.ts'
import type { Connection, Outcome, RawRecord, WriteItem } from '../../src/core/ports.ts'
import type { DocumentKind } from '../../src/core/states.ts'
import { loadMapping } from '../../src/mapping/load.ts'
import { validateDocument } from '../../src/mapping/validate.ts'
import type { QimenOptions } from '../../src/sandbox/qimen/options.ts'
import { startQimen } from '../../src/sandbox/qimen/server.ts'
import { chinaNow, control, SECRET, sign } from '../support/qimen-client.ts'

const root = path.resolve(import.meta.dirname, '../..')
const connector = await loadConnector(path.join(root, 'connectors/qimen'))
const company = { zone: 'Asia/Shanghai', currency: 'CNY' }
const signal = AbortSignal.timeout(60_000)
const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

const sender = {
  name: '仓库',
  mobile: '13900000000',
  province: '浙江',
  city: '杭州',
  detailAddress: '仓前街 1 号',
}

async function connect(base: string, settings: Record<string, unknown> = {}): Promise<Connection> {
  const given = {
    base,
    appKey: '12345678',
    secret: SECRET,
    signHead: SECRET,
    customerId: 'c1',
    warehouse: 'WH1',
    owner: 'OWNER1',
    sender,
  }
  const config = { id: 'wms', entity: 'main', company, settings: { ...given, ...settings } }
  const wms = await openConnection(connector, config, (name) =>
    loadMapping(path.join(root, `mappings/qimen/${name}.yaml`)),
  )
  closing.push(() => wms.close())
  return wms
}

async function open(options: Partial<QimenOptions> = {}, settings: Record<string, unknown> = {}) {
  const qimen = await startQimen({
    appKey: '12345678',
    secret: SECRET,
    customerId: 'c1',
    retryAfter: 20,
    ...options,
  })
  closing.push(() => qimen.close())
  return { url: qimen.url, wms: await connect(qimen.url, settings) }
}

const line = (externalId: string, sku: string, quantity: string, goods: number) => ({
  externalId,
  sku,
  name: `${sku} {secret} <&>`,
  kind: 'goods',
  quantity,
  unitPrice: '12.5',
  goods,
  discount: 100,
  tax: 0,
})
const ORDER = {
  externalId: '7000000000000000123',
  number: '#9',
  currency: 'CNY',
  taxIncluded: true,
  placedAt: '2026-03-01T20:30:15.000Z',
  buyer: { name: 'Wang' },
  shipTo: {
    name: '王**',
    opaqueId: '1xVoaid~/+=',
    phone: '138****0000-1234',
    lines: ['文***'],
    district: '西湖区',
    city: '杭州市',
    subdivision: '浙江省',
  },
  lines: [line('9007199254740993', 'TEA-001', '2', 2500), line('89', 'TEA-003', '1', 4200)],
  shipping: { method: 'standard', amount: 800, discount: 0, tax: 0 },
  charges: [],
  remarks: { buyer: '请快 <b>&amp;' },
}

const operation = (wms: Connection, kind: DocumentKind) => wms.writes.find((w) => w.kind === kind)!

async function item(
  wms: Connection,
  kind: DocumentKind,
  document: unknown,
  key = 'KEY1',
): Promise<WriteItem> {
  const { body, check } = await operation(wms, kind).render(document, { key, revision: 1, previous: null })
  return { key, kind, revision: 1, body, check }
}
async function put(wms: Connection, kind: DocumentKind, document: unknown, key = 'KEY1'): Promise<Outcome> {
  return (await operation(wms, kind).write([await item(wms, kind, document, key)], signal))[0]!
}
const fault = (url: string, name: string, rule: object = {}) =>
  control(url, 'faults', { [name]: { probability: 1, times: 1, ...rule } })

describe('writing', () => {
  test('a delivery order arrives: texts, masked receiver, lines and local times', async () => {
    const { url, wms } = await open()
    expect(await put(wms, 'order', ORDER)).toMatchObject({
      kind: 'done',
      remote: { id: 'DO0000001', state: 'final' },
    })
    const [held] = await control(url, 'orders')
    expect(held).toMatchObject({ kind: 'delivery', code: 'KEY1', warehouse: 'WH1', logisticsCode: 'OTHER' })
    expect(held.lines).toMatchObject([
      { lineNo: '1', itemCode: 'TEA-001', planQty: 2, subSourceOrderCode: '9007199254740993' },
      { lineNo: '2', itemCode: 'TEA-003', planQty: 1, subSourceOrderCode: '89' },
    ])
    for (const text of [
      '<createTime>2026-03-02 04:30:15<',
      '<oaid>1xVoaid~/+=<',
      '<oaidOrderSourceCode>7000000000000000123<',
      '<totalAmount>73.00<',
      '<freight>8.00<',
      'TEA-001 {secret} &lt;&amp;&gt;',
    ])
      expect(held.raw).toContain(text)
    expect(held.raw).not.toContain(SECRET)
  })

  test.each([
    ['resetAfter', 'unknown', 1],
    ['empty200', 'unknown', 1],
    ['error500After', 'unknown', 1],
    ['half', 'unknown', 1],
    ['html', 'unknown', 1],
    ['gatewayTimeout', 'unknown', 1],
    ['wmsDown', 'unknown', 0],
    ['resetBefore', 'unknown', 0],
    ['status500', 'unknown', 0],
    ['status429', 'not-done', 0],
    ['twice', 'refused', 1],
  ])('fault %s proves %s; the find tells, and one order is made', async (name, kind, there) => {
    const { url, wms } = await open()
    const op = operation(wms, 'order')
    const one = await item(wms, 'order', ORDER)
    await fault(url, name)
    const [first] = await op.write([one], signal)
    expect(first).toMatchObject({
      kind,
      ...(kind === 'refused' ? { duplicate: true, code: 'ORDER_EXISTS' } : {}),
    })
    const found = await op.find!(one, signal)
    expect(found).toEqual({
      hits: there ? [expect.objectContaining({ id: 'DO0000001', state: 'final' })] : [],
    })
    if (!there) expect(await op.write([one], signal)).toMatchObject([{ kind: 'done' }])
    expect(await control(url, 'orders')).toHaveLength(1)
  })

  test('a find that is late or fails is no absence', async () => {
    const { url, wms } = await open()
    const op = operation(wms, 'order')
    const one = await item(wms, 'order', ORDER)
    await fault(url, 'lag', { min: 300, max: 300 })
    await op.write([one], signal)
    expect(await op.find!(one, signal)).toEqual({ hits: [] })
    expect(op.settle).toBe(120_000)
    await fault(url, 'wmsDown')
    expect(await op.find!(one, signal)).toMatchObject({ failed: { kind: 'unknown' } })
    // what a find missed is refused by the warehouse, and so found again
    expect(await op.write([one], signal)).toMatchObject([{ kind: 'refused', duplicate: true }])
    await vi.waitFor(async () =>
      expect(await op.find!(one, signal)).toMatchObject({ hits: [{ id: 'DO0000001' }] }),
    )
  })

  test.each([
    [
      { secret: 'wrong', signHead: 'wrong' },
      { kind: 'not-done', pause: true, code: 'sign-check-failure' },
    ],
    [{ customerId: 'other' }, { kind: 'not-done', pause: true, code: 'INVALID_WMS_CUSTOMERID' }],
    [{ warehouse: 'NONE' }, { kind: 'not-done', pause: true, code: 'INVALID_WAREHOUSE' }],
  ])('settings that are wrong pause the connection: %j', async (settings, outcome) => {
    const { wms } = await open({}, settings)
    const got = await put(wms, 'order', ORDER)
    expect(got).toMatchObject(outcome)
    expect(JSON.stringify(got)).not.toContain(SECRET)
    // an unknown warehouse merely has no stock
    if (!('warehouse' in settings)) expect((await wms.check(signal)).ok).toBe(false)
  })

  test('an unknown item is refused; the sign with the secret at its end only', async () => {
    const { wms } = await open({ wrap: 'tail' }, { signHead: undefined })
    const bad = { ...ORDER, lines: [line('1', 'NOWHERE', '1', 100)] }
    expect(await put(wms, 'order', bad, 'K0')).toMatchObject({ kind: 'refused', code: 'INVALID_ITEM' })
    expect(await put(wms, 'order', ORDER)).toMatchObject({ kind: 'done' })
    expect(await wms.check(signal)).toMatchObject({
      ok: true,
      say: expect.stringMatching(/rows of stock: \d+/),
    })
  })

  test('a cancellation stops the order, again is still one; what has left cannot be stopped', async () => {
    const { url, wms } = await open()
    await put(wms, 'order', ORDER)
    const cancel = { order: 'KEY1', state: 'requested', reason: '不要了', at: '2026-03-02T00:00:00.000Z' }
    for (let i = 0; i < 2; i++)
      expect(await put(wms, 'cancellation', cancel, 'C1')).toMatchObject({
        kind: 'done',
        remote: { id: 'KEY1' },
      })
    expect(await control(url, 'orders')).toMatchObject([{ status: 'CANCELED' }])
    await put(wms, 'order', ORDER, 'KEY2')
    await control(url, 'work', { code: 'KEY2' })
    expect(await put(wms, 'cancellation', { ...cancel, order: 'KEY2' }, 'C2')).toMatchObject({
      kind: 'refused',
      code: 'ORDER_ALREADY_SHIPPED',
    })
    await expect(
      put(wms, 'cancellation', { ...cancel, lines: [{ sku: 'TEA-001', quantity: '1' }] }, 'C3'),
    ).rejects.toMatchObject({ kind: 'input' })
  })
})

/** A place that takes confirms as the product does: verify, read, and only then answer. */
async function receiver(options: Partial<QimenOptions> = {}, topic = 'confirm') {
  const got: RawRecord[] = []
  const hints: string[] = []
  const refused: string[] = []
  let wms: Connection | undefined
  const server = createServer(async (req, res) => {
    const chunks: Buffer[] = []
    for await (const chunk of req) chunks.push(chunk as Buffer)
    const webhook = wms!.webhooks.find((w) => w.topic === topic)!
    try {
      const { stream, records, fetch } = webhook.receive(
        { ...req.headers, ':query': req.url!.split('?')[1] },
        Buffer.concat(chunks),
      )
      got.push(...records.map((r) => ({ ...r, id: r.id!, stream })))
      hints.push(...fetch)
      res
        .writeHead(webhook.answer.status, { 'content-type': webhook.answer.contentType })
        .end(webhook.answer.body)
    } catch (error) {
      refused.push((error as { code: string }).code)
      res.writeHead(401).end()
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => server.close())
  const callbackUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks/wms/${topic}?shop=1`
  const opened = await open({ callbackUrl, ...options })
  wms = opened.wms
  const taken = (count: number) =>
    vi.waitFor(
      async () =>
        expect((await control(opened.url, 'stats')).messages).toMatchObject({ taken: count, owed: 0 }),
      { timeout: 10_000 },
    )
  return { ...opened, got, hints, refused, taken }
}

async function mapped(wms: Connection, one: RawRecord, stream: string, document: DocumentKind) {
  const value = await wms.streams
    .find((s) => s.name === stream)!
    .mappings[one.shape]!.map(wms.parse(one), {
      connection: 'wms',
      entity: 'main',
      settings: {},
      company,
    })
  return validateDocument(document, { ...(value as object), connection: 'wms', entity: 'main' })
}

describe('confirms', () => {
  test('each parcel of a confirm arrives with the lines of the shop, the gateway is content', async () => {
    const { url, wms, got, taken } = await receiver()
    await put(wms, 'order', ORDER)
    await control(url, 'work', {
      code: 'KEY1',
      lines: [{ line: '1', quantity: 1 }],
      packages: [{ expressCode: 'SF1', logisticsCode: 'SF' }],
      final: false,
    })
    await control(url, 'work', {
      code: 'KEY1',
      packages: [
        {
          expressCode: 'SF2',
          logisticsCode: 'SF',
          weight: '0.5',
          items: [{ itemCode: 'TEA-001', quantity: 1 }],
        },
        { expressCode: 'YTO3', logisticsCode: 'YTO', items: [{ itemCode: 'TEA-003', quantity: 1 }] },
      ],
    })
    await taken(2)
    const parcels = await Promise.all(got.map((r) => mapped(wms, r, 'shipment', 'shipment')))
    expect(parcels).toMatchObject([
      {
        order: 'KEY1',
        state: 'shipped',
        site: 'WH1',
        carrier: 'SF',
        trackingNumber: 'SF1',
        lines: [{ line: '9007199254740993', sku: 'TEA-001', quantity: '1' }],
      },
      { trackingNumber: 'SF2', weight: '0.5', lines: [{ sku: 'TEA-001', quantity: '1' }] },
      { carrier: 'YTO', trackingNumber: 'YTO3', lines: [{ sku: 'TEA-003', quantity: '1' }] },
    ])
    expect(new Set(got.map((r) => r.id)).size).toBe(3)
  })

  test('twice and out of order it is the same records', async () => {
    const { url, wms, got, taken } = await receiver()
    await put(wms, 'order', ORDER)
    await fault(url, 'confirmTwice', { times: 5 })
    await fault(url, 'confirmReorder', { min: 100, max: 200 })
    await control(url, 'work', { code: 'KEY1', lines: [{ line: '1', quantity: 1 }], final: false })
    await control(url, 'work', { code: 'KEY1' })
    await taken(2)
    await vi.waitFor(() => expect(got.length).toBe(4))
    const byId = Map.groupBy(got, (r) => r.id)
    expect(byId.size).toBe(2)
    for (const same of byId.values()) expect(same[0]!.body.equals(same[1]!.body)).toBe(true)
  })

  test('a return goes out and comes back as received', async () => {
    const { url, wms, got, taken } = await receiver({ callbackPrefix: '' })
    const back = {
      externalId: 'R1',
      kind: 'return',
      order: 'KEY1',
      reason: '尺寸不合适',
      lines: [{ line: '89', sku: 'TEA-003', quantity: '1' }],
      shipFrom: {
        name: '王小明',
        phone: '13800000000',
        subdivision: '浙江',
        city: '杭州',
        lines: ['文一路'],
      },
    }
    expect(await put(wms, 'return', back, 'RK1')).toMatchObject({ kind: 'done', remote: { id: 'RO0000001' } })
    expect(
      await operation(wms, 'return').find!(await item(wms, 'return', back, 'RK1'), signal),
    ).toMatchObject({ hits: [{ id: 'RO0000001' }] })
    await control(url, 'work', { code: 'RK1', lines: [{ line: '1', quantity: 1, type: 'CC' }] })
    await taken(1)
    expect(await mapped(wms, got[0]!, 'return', 'return')).toMatchObject({
      number: 'RK1',
      order: 'KEY1',
      state: 'received',
      lines: [{ line: '89', sku: 'TEA-003', received: '1', restock: 'damaged' }],
    })
    await expect(put(wms, 'return', { ...back, kind: 'refund-only' }, 'RK2')).rejects.toMatchObject({
      kind: 'input',
    })
  })

  test('a stock count is a hint: what is there is asked for, and polls read all of it', async () => {
    const { url, wms, hints, taken } = await receiver()
    await put(wms, 'order', ORDER)
    await control(url, 'count', {
      items: [
        { item: 'TEA-001', quantity: -10 },
        { item: 'TEA-001', quantity: 3, type: 'CC' },
        { item: 'TEA-001', quantity: 5, batch: 'B7' },
      ],
    })
    await taken(1)
    expect(hints).toEqual(['TEA-001'])
    const stock = wms.streams.find((s) => s.name === 'stock')!
    const [one] = await stock.fetch!(hints, signal)
    expect(await mapped(wms, one!, 'stock', 'stock')).toMatchObject({
      site: 'WH1',
      sku: 'TEA-001',
      onHand: '995',
      reserved: '2',
      damaged: '3',
    })
    const ids: string[] = []
    for (let resume: unknown = null, page = null; page === null || resume !== null; resume = page.next) {
      page = await stock.page({ since: new Date(0), until: new Date(), resume }, signal)
      ids.push(...page.records.map((r) => r.id))
      if (page.next === null) break
    }
    expect(new Set(ids).size).toBe(
      new Set((await control(url, 'stock')).map((s: { item: string }) => s.item)).size,
    )
    await fault(url, 'status429')
    await expect(stock.fetch!(hints, signal)).rejects.toMatchObject({ kind: 'transient' })
    await fault(url, 'half')
    await expect(stock.fetch!(hints, signal)).rejects.toMatchObject({ kind: 'transient' })
  })

  test('what is not signed, signed otherwise or not handled is refused', async () => {
    const { wms } = await open()
    const receive = (topic: string, method: string, body: string, tail = false) => {
      const params = { method, app_key: '12345678', timestamp: chinaNow() }
      const signed = sign(params, body, SECRET)
      const query = new URLSearchParams({ ...params, sign: tail ? signed.toLowerCase() : signed })
      return () =>
        wms.webhooks.find((w) => w.topic === topic)!.receive({ ':query': String(query) }, Buffer.from(body))
    }
    const ok =
      '<request><deliveryOrder><deliveryOrderCode>K</deliveryOrderCode><outBizCode>1</outBizCode></deliveryOrder></request>'
    expect(receive('confirm', 'taobao.qimen.deliveryorder.confirm', ok)()).toMatchObject({
      stream: 'shipment',
      records: [{ id: 'K:1' }],
    })
    const refused = (code: string) => expect.objectContaining({ code })
    expect(receive('confirm-tail', 'deliveryorder.confirm', ok)).toThrow(refused('WEBHOOK_SIGNATURE'))
    expect(receive('confirm', 'deliveryorder.confirm', ok, true)).toThrow(refused('WEBHOOK_SIGNATURE'))
    expect(receive('confirm', 'entryorder.confirm', ok)).toThrow(refused('WEBHOOK_UNREADABLE'))
    expect(receive('confirm', 'deliveryorder.confirm', ok.slice(0, -9))).toThrow(
      refused('WEBHOOK_UNREADABLE'),
    )
    expect(receive('confirm', 'orderprocess.report', '<confirm/>')).toThrow(refused('WEBHOOK_UNREADABLE'))
  })

  test('the tail-only sign of the gateway is taken by the topic for it', async () => {
    const { url, wms, got, refused, taken } = await receiver({ wrap: 'tail' }, 'confirm-tail')
    const tail = await connect(url, { signHead: undefined })
    void wms
    await put(tail, 'order', ORDER)
    await control(url, 'work', { code: 'KEY1' })
    await taken(1)
    expect([got.length, refused]).toEqual([1, []])
  })
})

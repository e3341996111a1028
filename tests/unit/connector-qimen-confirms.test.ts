/** What the gateway sends to the Qimen connector: confirms and stock counts, from the sandbox over real HTTP. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { Connection, RawRecord } from '../../src/core/ports.ts'
import type { DocumentKind } from '../../src/core/states.ts'
import { validateDocument } from '../../src/mapping/validate.ts'
import type { QimenOptions } from '../../src/sandbox/qimen/options.ts'
import { chinaNow, control, SECRET, sign } from '../support/qimen-client.ts'
import {
  closeAll,
  closing,
  company,
  connect,
  fault,
  item,
  ORDER,
  open,
  operation,
  put,
  signal,
} from '../support/qimen-connection.ts'

afterEach(closeAll)

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

/** The sandbox Qimen, from the warehouse to the ERP: confirms and reports, and their repetition. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import type { QimenOptions } from '../../src/sandbox/qimen/options.ts'
import { startQimen } from '../../src/sandbox/qimen/server.ts'
import { call, control, delivery, orderLine, receiver, SECRET } from '../support/qimen-client.ts'

const running = new Set<{ close(): Promise<void> }>()
const folders: string[] = []
afterEach(async () => {
  for (const server of running) await server.close()
  running.clear()
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

const KEYS = { appKey: '12345678', secret: SECRET, customerId: 'c1', retryAfter: 20 }

async function start(options: Partial<QimenOptions> = {}) {
  const qimen = await startQimen({ ...KEYS, ...options })
  running.add(qimen)
  const stop = async () => {
    running.delete(qimen)
    await qimen.close()
  }
  return { url: qimen.url, stop }
}

/** An ERP and a gateway that reports to it. */
async function pair(answers: (string | number)[] = [], options: Partial<QimenOptions> = {}) {
  const erp = await receiver(answers)
  running.add(erp)
  return { erp, ...(await start({ callbackUrl: erp.url, ...options })) }
}

const owed = async (url: string) => (await control(url, 'stats')).messages
const settled = (url: string, taken: number) =>
  expect.poll(() => owed(url), { timeout: 5000 }).toMatchObject({ owed: 0, taken })

const TWO = [
  { item: 'TEA-001', quantity: 3 },
  { item: 'CUP-001', quantity: 1 },
]
const heads = (order: { code: string; head: object; name: string }) => ({ [order.name]: order.head })

describe('shipping', () => {
  test('one confirm for the whole order, signed as calls are', async () => {
    const { erp, url } = await pair()
    await call(url, 'deliveryorder.create', delivery('D1', TWO))
    await control(url, 'work', { code: 'D1', packages: [{ expressCode: 'SF1', weight: '1.25' }] })
    await settled(url, 1)
    expect(erp.got).toHaveLength(1)
    const [{ method, valid, request }] = erp.got as [(typeof erp.got)[0]]
    expect({ method, valid }).toEqual({ method: 'taobao.qimen.deliveryorder.confirm', valid: true })
    expect(request.deliveryOrder).toMatchObject({
      deliveryOrderCode: 'D1',
      deliveryOrderId: 'DO0000001',
      warehouseCode: 'WH1',
      orderType: 'JYCK',
      status: 'DELIVERED',
      confirmType: '0',
      outBizCode: 'M00000001',
    })
    expect(request.packages.package).toMatchObject([
      {
        logisticsCode: 'SF',
        expressCode: 'SF1',
        weight: '1.25',
        items: {
          item: [
            { itemCode: 'TEA-001', quantity: '3' },
            { itemCode: 'CUP-001', quantity: '1' },
          ],
        },
      },
    ])
    expect(request.orderLines.orderLine).toMatchObject([
      { orderLineNo: '1', ownerCode: 'OWNER1', planQty: '3', actualQty: '3' },
      { orderLineNo: '2', planQty: '1', actualQty: '1' },
    ])
    const seen = (await call(url, 'deliveryorder.query', { orderCode: 'D1' })).response
    expect(seen).toMatchObject({
      deliveryOrder: { status: 'DELIVERED' },
      packages: { package: [{ expressCode: 'SF1' }] },
    })
  })

  test('parts are increments, each with an outBizCode of its own, in order', async () => {
    const { erp, url } = await pair()
    await call(url, 'deliveryorder.create', delivery('D1', TWO))
    await control(url, 'work', { code: 'D1', lines: [{ line: '1', quantity: 1 }] })
    await control(url, 'work', { code: 'D1', lines: [{ line: 'TEA-001', quantity: 2, batches: [] }] }).catch(
      (cause: Error) => expect(cause.message).toContain('0 in batches'),
    )
    await control(url, 'count', {
      items: [{ item: 'TEA-001', quantity: 5, batch: 'B1', expireDate: '2027-01-01' }],
    })
    await control(url, 'work', {
      code: 'D1',
      lines: [
        { line: '1', quantity: 2, batches: [{ code: 'B1', quantity: 2 }] },
        { line: '2', quantity: 1 },
      ],
    })
    await settled(url, 3)
    const confirms = erp.got
      .filter((one) => one.method.endsWith('deliveryorder.confirm'))
      .map((one) => one.request)
    expect(
      confirms.map((c) => [c.deliveryOrder.status, c.deliveryOrder.confirmType, c.deliveryOrder.outBizCode]),
    ).toEqual([
      ['PARTDELIVERED', '1', 'M00000001'],
      ['DELIVERED', '0', 'M00000003'],
    ])
    expect(confirms[1].orderLines.orderLine[0]).toMatchObject({
      actualQty: '2',
      batchs: { batch: [{ batchCode: 'B1', actualQty: '2' }] },
    })
    const stock = (await control(url, 'stock')) as { item: string; batch: string; quantity: number }[]
    expect(stock.filter((s) => s.item === 'TEA-001').map((s) => [s.batch, s.quantity])).toEqual([
      ['', 999],
      ['B1', 3],
    ])
    await expect(control(url, 'work', { code: 'D1' })).rejects.toThrow('DELIVERED')
  })

  test('more than was ordered does not leave, and a short order can be closed', async () => {
    const { erp, url } = await pair()
    await call(url, 'deliveryorder.create', delivery('D1', TWO))
    await expect(control(url, 'work', { code: 'D1', lines: [{ line: '2', quantity: 2 }] })).rejects.toThrow(
      'more than was ordered',
    )
    await control(url, 'work', { code: 'D1', lines: [{ line: '1', quantity: 1 }], final: true })
    await settled(url, 1)
    expect(erp.got[0]!.request.deliveryOrder).toMatchObject({ status: 'DELIVERED', confirmType: '0' })
    expect(erp.got[0]!.request.orderLines.orderLine).toHaveLength(1)
  })
})

describe('receiving and reporting', () => {
  const person = delivery('x', TWO).deliveryOrder.senderInfo
  test.each([
    [
      'entryorder',
      {
        name: 'entryOrder',
        code: 'E1',
        head: { entryOrderCode: 'E1', ownerCode: 'OWNER1', warehouseCode: 'WH1', orderType: 'CGRK' },
      },
    ],
    [
      'returnorder',
      {
        name: 'returnOrder',
        code: 'E1',
        head: { returnOrderCode: 'E1', warehouseCode: 'WH1', orderType: 'THRK', senderInfo: person },
      },
    ],
  ])('%s.confirm: parts, damaged goods, batches', async (kind, order) => {
    const { erp, url } = await pair()
    await call(url, `${kind}.create`, { ...heads(order), orderLines: { orderLine: TWO.map(orderLine) } })
    await control(url, 'work', { code: 'E1', lines: [{ line: '1', quantity: 1, type: 'CC' }] })
    const batches = [{ code: 'B7', quantity: 2, productDate: '2026-01-01', expireDate: '2028-01-01' }]
    await control(url, 'work', { code: 'E1', lines: [{ line: '1', quantity: 2, batches }], final: true })
    await settled(url, 2)
    const told = erp.got.map((one) => one.request[order.name])
    expect(erp.got.every((one) => one.valid && one.method === `taobao.qimen.${kind}.confirm`)).toBe(true)
    expect(told.map((one) => [one.status, one.confirmType])).toEqual([
      ['PARTFULFILLED', '1'],
      ['FULFILLED', '0'],
    ])
    expect(erp.got[0]!.request.orderLines.orderLine).toMatchObject([{ inventoryType: 'CC', actualQty: '1' }])
    expect(erp.got[1]!.request.orderLines.orderLine[0].batchs.batch).toMatchObject([
      { batchCode: 'B7', expireDate: '2028-01-01' },
    ])
    const stock = (await control(url, 'stock')) as {
      item: string
      type: string
      batch: string
      quantity: number
    }[]
    expect(stock.filter((s) => s.item === 'TEA-001').map((s) => [s.type, s.batch, s.quantity])).toEqual([
      ['ZP', '', 1000],
      ['CC', '', 1],
      ['ZP', 'B7', 2],
    ])
  })

  test('stockout.confirm, orderprocess.report and a count in pages', async () => {
    const { erp, url } = await pair()
    const head = {
      deliveryOrderCode: 'S1',
      warehouseCode: 'WH1',
      orderType: 'CGTH',
      createTime: '2026-01-01 00:00:00',
    }
    await call(url, 'stockout.create', { deliveryOrder: head, orderLines: { orderLine: TWO.map(orderLine) } })
    await control(url, 'report', { code: 'S1', status: 'PICK', info: '拣货' })
    await control(url, 'work', { code: 'S1' })
    const items = ['TEA-001', 'TEA-002', 'TEA-003'].map((item) => ({ item, quantity: -1 }))
    await control(url, 'count', { items, pageSize: 2, adjust: 'ADJUST' })
    await settled(url, 4)
    const of = (method: string) =>
      erp.got.filter((one) => one.method === `taobao.qimen.${method}`).map((one) => one.request)
    expect(of('orderprocess.report')).toMatchObject([
      {
        order: [{ orderCode: 'S1', orderType: 'CGTH' }],
        process: [{ processStatus: 'PICK', operateInfo: '拣货' }],
      },
    ])
    expect(of('stockout.confirm')).toMatchObject([
      { deliveryOrder: { deliveryOrderCode: 'S1', status: 'DELIVERED', expressCode: expect.any(String) } },
    ])
    const reports = of('inventory.report').sort((a, b) => Number(a.currentPage) - Number(b.currentPage))
    expect(reports).toMatchObject([
      { totalPage: '2', currentPage: '1', adjustType: 'ADJUST', items: { item: [{ quantity: '-1' }, {}] } },
      { totalPage: '2', currentPage: '2', items: { item: [{ itemCode: 'TEA-003' }] } },
    ])
    expect(reports[0].outBizCode).not.toBe(reports[1].outBizCode)
    expect(reports[0].checkOrderCode).toBe(reports[1].checkOrderCode)
    const way = (await call(url, 'orderprocess.query', { orderCode: 'S1', warehouseCode: 'WH1' })).response
      .orderProcess
    expect(way.processes.process.map((p: { processStatus: string }) => p.processStatus)).toEqual([
      'ACCEPT',
      'PICK',
      'DELIVERED',
    ])
  })
})

describe('until the ERP takes it', () => {
  test('same bytes, new signature, until flag=success', async () => {
    const { erp, url } = await pair([500, 'not yet', '<html/>', '', 'success'])
    await call(url, 'deliveryorder.create', delivery('D1', TWO))
    await control(url, 'work', { code: 'D1' })
    await settled(url, 1)
    expect(erp.got).toHaveLength(5)
    expect(new Set(erp.got.map((one) => one.text)).size).toBe(1)
    expect(erp.got.every((one) => one.valid)).toBe(true)
    const [message] = await control(url, 'messages')
    expect(message).toMatchObject({ attempts: 5, state: 'taken', last: 'success' })
  })

  test('later messages about an order wait for the earlier one, those about others do not', async () => {
    const { erp, url } = await pair(Array(4).fill(503), { retryAfter: 60 })
    for (const code of ['D1', 'D2']) await call(url, 'deliveryorder.create', delivery(code, TWO))
    await control(url, 'report', { code: 'D1', status: 'PICK' })
    await control(url, 'work', { code: 'D1' })
    await control(url, 'report', { code: 'D2', status: 'PICK' })
    await settled(url, 3)
    const first = (text: string) => erp.got.findLastIndex((one) => one.text.includes(text))
    expect(first('<orderCode>D1<')).toBeLessThan(
      erp.got.findIndex((one) => one.text.includes('<deliveryOrderCode>D1<')),
    )
  })

  test('what is owed survives a restart; nothing is sent without an address', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sandbox-qimen-'))
    folders.push(folder)
    const log = join(folder, 'qimen.jsonl')
    const mute = await start({ log })
    await call(mute.url, 'deliveryorder.create', delivery('D1', TWO))
    await control(mute.url, 'work', { code: 'D1' })
    expect(await owed(mute.url)).toMatchObject({ owed: 1, posts: 0 })
    await mute.stop()
    const { erp, url } = await pair([], { log })
    await settled(url, 1)
    expect(erp.got.map((one) => one.request.deliveryOrder.deliveryOrderCode)).toEqual(['D1'])
    expect((await call(url, 'deliveryorder.create', delivery('D1', TWO))).response.code).toBe('ORDER_EXISTS')
  })

  test('a confirm can come twice, late or never', async () => {
    const { erp, url } = await pair()
    for (const code of ['D1', 'D2', 'D3']) await call(url, 'deliveryorder.create', delivery(code, TWO))
    const codes = () => erp.got.map((one) => one.request.deliveryOrder.deliveryOrderCode)
    await control(url, 'faults', { confirmTwice: { probability: 1, times: 1 } })
    await control(url, 'work', { code: 'D1' })
    await expect.poll(codes).toEqual(['D1', 'D1'])
    await control(url, 'faults', { confirmReorder: { probability: 1, times: 1, min: 150, max: 150 } })
    await control(url, 'work', { code: 'D2', lines: [{ line: '1', quantity: 1 }] })
    await control(url, 'work', { code: 'D2' })
    await expect
      .poll(() => erp.got.slice(2).map((one) => one.request.deliveryOrder.status))
      .toEqual(['DELIVERED', 'PARTDELIVERED'])
    await control(url, 'faults', { confirmLose: { probability: 1, times: 1 } })
    await control(url, 'work', { code: 'D3' })
    expect(await owed(url)).toMatchObject({ lost: 1 })
    expect(codes()).not.toContain('D3')
  })

  test('works by itself where it is told to', async () => {
    const { erp, url } = await pair([], { workAfter: 50, callbackPrefix: '' })
    await call(url, 'deliveryorder.create', delivery('D1', TWO))
    await settled(url, 1)
    expect(erp.got[0]).toMatchObject({ method: 'deliveryorder.confirm', valid: true })
  })
})

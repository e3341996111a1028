/** The sandbox Qimen, from the ERP to the warehouse: signature, orders, cancel, queries, items, faults. */
import { afterEach, describe, expect, test } from 'vitest'
import type { QimenOptions } from '../../src/sandbox/qimen/options.ts'
import { startQimen } from '../../src/sandbox/qimen/server.ts'
import { signatureOf } from '../../src/sandbox/qimen/sign.ts'
import { call, chinaNow, control, delivery, orderLine, SECRET, sign, xml } from '../support/qimen-client.ts'

const running = new Set<{ close(): Promise<void> }>()
afterEach(async () => {
  for (const server of running) await server.close()
  running.clear()
})

const KEYS = { appKey: '12345678', secret: SECRET, customerId: 'c1' }

async function start(options: Partial<QimenOptions> = {}) {
  const qimen = await startQimen({ ...KEYS, ...options })
  running.add(qimen)
  return qimen.url
}

const TEA = [{ item: 'TEA-001', quantity: 2 }]
const ONCE = { probability: 1, times: 1 }

describe('the signature', () => {
  test('is what two other implementations make of the same call', () => {
    const params = {
      method: 'taobao.qimen.deliveryorder.create',
      app_key: '12345678',
      timestamp: '2024-03-01 10:00:00',
      format: 'xml',
      v: '2.0',
      sign_method: 'md5',
      customerId: 'c1234567890',
    }
    const body =
      '<?xml version="1.0" encoding="UTF-8"?><request><deliveryOrder><deliveryOrderCode>DO20240301001</deliveryOrderCode><orderType>JYCK</orderType><warehouseCode>WH1</warehouseCode></deliveryOrder></request>'
    const expected = '1C87AC45ACA9793A828675381EA300F8'
    expect(signatureOf(Object.entries(params), Buffer.from(body), 'helloworld')).toBe(expected)
    expect(sign(params, body, 'helloworld')).toBe(expected)
    const more = [...Object.entries(params), ['empty', ''], ['sign', 'X']] as [string, string][]
    expect(signatureOf(more, Buffer.from(body), 'helloworld')).toBe(expected)
    const zero = [...Object.entries(params), ['zero', '0']] as [string, string][]
    expect(signatureOf(zero, Buffer.from(body), 'helloworld')).not.toBe(expected)
  })

  test.each([
    ['a wrong one', { sign: '0'.repeat(32) }, 'sign-check-failure'],
    ['none', { sign: '' }, 'isv.missing-parameter'],
    ['another key', { app_key: '1' }, 'isv.invalid-app-key'],
    ['an old timestamp', { timestamp: chinaNow(-3_600_000) }, 'isv.invalid-timestamp'],
    [
      'a timestamp in UTC',
      { timestamp: new Date().toISOString().slice(0, 19).replace('T', ' ') },
      'isv.invalid-timestamp',
    ],
    ['another route', { customerId: 'c2' }, 'INVALID_WMS_CUSTOMERID'],
    ['an unknown method', { method: 'taobao.qimen.nothing.create' }, 'INVALID_METHOD'],
    ['JSON', { format: 'json' }, 'isv.invalid-parameter'],
  ])('refuses %s', async (_, over, code) => {
    const url = await start()
    const { status, response } = await call(url, 'deliveryorder.create', delivery('D1', TEA), over)
    expect(status).toBe(200)
    expect(response).toMatchObject({ flag: 'failure', code, message: expect.stringMatching(/./) })
    expect(await control(url, 'orders')).toEqual([])
  })

  test('covers the bytes of the body, and the secret may stand behind only', async () => {
    const url = await start()
    const body = xml(delivery('D1', TEA))
    const params = {
      method: 'taobao.qimen.deliveryorder.create',
      app_key: '12345678',
      customerId: 'c1',
      format: 'xml',
      sign_method: 'md5',
      timestamp: chinaNow(),
      v: '2.0',
    }
    const query = new URLSearchParams({ ...params, sign: sign(params, body, SECRET) })
    const answer = await fetch(`${url}/router/qimen/service?${query}`, { method: 'POST', body: `${body} ` })
    expect(await answer.text()).toContain('sign-check-failure')
    const tail = await start({ wrap: 'tail' })
    expect((await call(tail, 'deliveryorder.create', delivery('D1', TEA))).response.code).toBe(
      'sign-check-failure',
    )
  })
})

describe('orders', () => {
  test('a delivery order is taken once', async () => {
    const url = await start()
    const first = await call(url, 'deliveryorder.create', delivery('D1', TEA))
    expect(first.type).toBe('text/xml; charset=utf-8')
    expect(first.response).toEqual({
      flag: 'success',
      code: '0',
      message: 'success',
      createTime: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/),
      deliveryOrderId: 'DO0000001',
      warehouseCode: 'WH1',
      logisticsCode: 'SF',
    })
    const again = await call(url, 'deliveryorder.create', delivery('D1', TEA))
    expect(again.response).toMatchObject({ flag: 'failure', code: 'ORDER_EXISTS' })
    expect(await control(url, 'orders')).toMatchObject([
      { code: 'D1', status: 'ACCEPT', lines: [{ planQty: 2, actualQty: 0 }] },
    ])
    const kind = await start({ duplicates: 'accept' })
    await call(kind, 'deliveryorder.create', delivery('D1', TEA))
    const same = await call(kind, 'deliveryorder.create', delivery('D1', TEA))
    expect(same.response).toMatchObject({ flag: 'success', deliveryOrderId: 'DO0000001' })
  })

  const without = (name: string) => delivery('D1', TEA, { [name]: undefined })
  test.each([
    ['no code', without('deliveryOrderCode'), 'INVALID_PARAMS', 'deliveryOrderCode'],
    ['a code that is too long', delivery('D'.repeat(51), TEA), 'INVALID_PARAMS', 'deliveryOrderCode'],
    ['an unknown type', delivery('D1', TEA, { orderType: 'XX' }), 'INVALID_ORDER_TYPE', 'XX'],
    ['an unknown warehouse', delivery('D1', TEA, { warehouseCode: 'WH9' }), 'INVALID_WAREHOUSE', 'WH9'],
    ['an unknown item', delivery('D1', [{ item: 'NONE', quantity: 1 }]), 'INVALID_ITEM', 'NONE'],
    ['no lines', delivery('D1', []), 'INVALID_PARAMS', 'orderLines'],
    ['a line of nothing', delivery('D1', [{ item: 'TEA-001', quantity: 0 }]), 'INVALID_PARAMS', 'planQty'],
    ['a fraction', delivery('D1', [{ item: 'TEA-001', quantity: 1.5 }]), 'INVALID_PARAMS', 'planQty'],
    [
      'two lines of one number',
      delivery('D1', [
        { item: 'TEA-001', quantity: 1, no: '1' },
        { item: 'TEA-002', quantity: 1, no: '1' },
      ]),
      'INVALID_PARAMS',
      'orderLineNo',
    ],
    [
      'a wrong time',
      delivery('D1', TEA, { createTime: '2026-02-30 00:00:00' }),
      'INVALID_PARAMS',
      'createTime',
    ],
    ['an amount that is none', delivery('D1', TEA, { totalAmount: '1,13' }), 'INVALID_PARAMS', 'totalAmount'],
    ['no receiver', without('receiverInfo'), 'INVALID_PARAMS', 'receiverInfo'],
    [
      'a receiver without a telephone',
      delivery('D1', TEA, { receiverInfo: { name: 'x', province: 'x', city: 'x', detailAddress: 'x' } }),
      'INVALID_PARAMS',
      'receiverInfo.mobile',
    ],
    ['another root', '<order/>', 'INVALID_REQUEST_CONTENT', 'request'],
    ['broken XML', '<request><a></request>', 'INVALID_REQUEST_CONTENT', ''],
  ])('refuses %s', async (_, body, code, about) => {
    const url = await start()
    const { response } = await call(url, 'deliveryorder.create', body)
    expect(response).toMatchObject({ flag: 'failure', code, message: expect.stringContaining(about) })
    expect(await control(url, 'orders')).toEqual([])
    expect((await control(url, 'stats')).refused).toEqual({ [code]: 1 })
  })

  test('a masked buyer needs no telephone', async () => {
    const url = await start()
    const receiverInfo = { name: '王**', province: '浙江', city: '杭州', detailAddress: '***' }
    const order = delivery('D1', TEA, { receiverInfo, oaidOrderSourceCode: '123456789012345678901' })
    expect((await call(url, 'deliveryorder.create', order)).response.flag).toBe('success')
  })

  test('a batch takes the good ones and lists the others', async () => {
    const url = await start()
    const orders = [delivery('D1', TEA), delivery('D2', [{ item: 'NONE', quantity: 1 }]), delivery('D1', TEA)]
    const { response } = await call(url, 'deliveryorder.batchcreate', { orders: { order: orders } })
    expect(response).toMatchObject({
      flag: 'failure',
      orders: {
        order: [
          { deliveryOrderCode: 'D2', message: expect.stringContaining('NONE') },
          { deliveryOrderCode: 'D1', message: expect.stringContaining('已存在') },
        ],
      },
    })
    expect((await control(url, 'orders')).map((o: { code: string }) => o.code)).toEqual(['D1'])
  })

  test('cancel before anything left, once or twice, and not after', async () => {
    const url = await start()
    const cancel = (code: string) =>
      call(url, 'order.cancel', {
        warehouseCode: 'WH1',
        ownerCode: 'OWNER1',
        orderCode: code,
        orderType: 'JYCK',
      })
    for (const code of ['D1', 'D2']) await call(url, 'deliveryorder.create', delivery(code, TEA))
    expect((await cancel('D1')).response.flag).toBe('success')
    expect((await cancel('D1')).response.flag).toBe('success')
    expect((await cancel('D3')).response).toMatchObject({ flag: 'failure', code: 'INVALID_ORDER_CODE' })
    await control(url, 'work', { code: 'D2' })
    expect((await cancel('D2')).response).toMatchObject({ flag: 'failure', code: 'ORDER_ALREADY_SHIPPED' })
    await expect(control(url, 'work', { code: 'D1' })).rejects.toThrow('CANCELED')
    const again = await call(url, 'deliveryorder.create', delivery('D1', TEA))
    expect(again.response.code).toBe('ORDER_EXISTS')
  })

  test.each([
    [
      'entryorder',
      { entryOrder: { entryOrderCode: 'E1', ownerCode: 'OWNER1', warehouseCode: 'WH1', orderType: 'CGRK' } },
      { entryOrderId: 'EO0000001' },
    ],
    [
      'returnorder',
      {
        returnOrder: {
          returnOrderCode: 'E1',
          warehouseCode: 'WH1',
          senderInfo: delivery('x', TEA).deliveryOrder.senderInfo,
        },
      },
      { returnOrderId: 'RO0000001' },
    ],
    [
      'stockout',
      {
        deliveryOrder: {
          deliveryOrderCode: 'E1',
          warehouseCode: 'WH1',
          orderType: 'DBCK',
          createTime: chinaNow(),
        },
      },
      { deliveryOrderId: 'SO0000001' },
    ],
  ])('%s.create and query', async (kind, head, ids) => {
    const url = await start()
    const body = { ...head, orderLines: { orderLine: TEA.map(orderLine) } }
    expect((await call(url, `${kind}.create`, body)).response).toMatchObject({ flag: 'success', ...ids })
    expect((await call(url, `${kind}.create`, body)).response.code).toBe('ORDER_EXISTS')
    const found = (await call(url, `${kind}.query`, { orderCode: 'E1', ownerCode: 'OWNER1' })).response
    expect(found).toMatchObject({
      flag: 'success',
      totalLines: '1',
      orderLines: { orderLine: [{ itemCode: 'TEA-001', planQty: '2', actualQty: '0' }] },
    })
    const other = kind === 'returnorder' ? 'entryorder' : 'returnorder'
    expect((await call(url, `${other}.query`, { orderCode: 'E1' })).response.code).toBe('INVALID_ORDER_CODE')
  })

  test('a query pages through the lines', async () => {
    const url = await start()
    const lines = ['TEA-001', 'TEA-002', 'TEA-003'].map((item) => ({ item, quantity: 1 }))
    await call(url, 'deliveryorder.create', delivery('D1', lines))
    const page = async (n: number) =>
      (await call(url, 'deliveryorder.query', { orderCode: 'D1', page: n, pageSize: 2 })).response
    expect((await page(1)).orderLines.orderLine).toHaveLength(2)
    expect((await page(2)).orderLines.orderLine).toMatchObject([{ itemCode: 'TEA-003' }])
    const wrong = await call(url, 'deliveryorder.query', { orderCode: 'D1', pageSize: 101 })
    expect(wrong.response.code).toBe('INVALID_PARAMS')
  })
})

describe('items and stock', () => {
  test('an item must be synchronized before it can be ordered', async () => {
    const url = await start({ items: [], stock: 0 })
    const order = delivery('D1', [{ item: 'NEW', quantity: 1 }])
    expect((await call(url, 'deliveryorder.create', order)).response.code).toBe('INVALID_ITEM')
    const item = {
      actionType: 'add',
      warehouseCode: 'WH1',
      ownerCode: 'OWNER1',
      item: { itemCode: 'NEW', itemName: '新 <品>', itemType: 'ZC' },
    }
    const first = (await call(url, 'singleitem.synchronize', item)).response
    expect(first).toMatchObject({ flag: 'success', itemId: 'I0000001' })
    expect(
      (await call(url, 'singleitem.synchronize', { ...item, actionType: 'update' })).response.itemId,
    ).toBe('I0000001')
    expect((await call(url, 'deliveryorder.create', order)).response.flag).toBe('success')
    const many = {
      ...item,
      item: undefined,
      items: { item: [{ itemCode: 'A', itemName: 'a' }, { itemCode: 'B' }] },
    }
    expect((await call(url, 'items.synchronize', many)).response).toMatchObject({
      flag: 'failure',
      items: { item: [{ itemCode: 'B' }] },
    })
    expect((await call(url, 'singleitem.synchronize', { ...item, actionType: 'delete' })).response.code).toBe(
      'INVALID_PARAMS',
    )
  })

  test('what is on hand and what open orders hold', async () => {
    const url = await start({ items: ['TEA-001', 'TEA-002'], stock: 10 })
    await call(url, 'deliveryorder.create', delivery('D1', TEA))
    const criteria = { warehouseCode: 'WH1', ownerCode: 'OWNER1', itemCode: 'TEA-001', inventoryType: 'ZP' }
    const ask = async () =>
      (await call(url, 'inventory.query', { criteriaList: { criteria } })).response.items.item
    expect(await ask()).toMatchObject([
      { itemCode: 'TEA-001', quantity: '10', lockQuantity: '2', inventoryType: 'ZP' },
    ])
    await control(url, 'work', { code: 'D1' })
    expect(await ask()).toMatchObject([{ quantity: '8', lockQuantity: '0' }])
    const page = (await call(url, 'stock.query', { warehouseCode: 'WH1', page: 2, pageSize: 1 })).response
    expect(page).toMatchObject({
      totalCount: '2',
      items: { item: [{ itemCode: 'TEA-002', quantity: '10' }] },
    })
    await call(url, 'deliveryorder.create', delivery('D2', [{ item: 'TEA-001', quantity: 9 }]))
    await expect(control(url, 'work', { code: 'D2' })).rejects.toThrow('8 on hand')
  })
})

describe('faults', () => {
  const held = async (url: string) => (await control(url, 'orders')).length

  test.each([
    ['status500', 0],
    ['resetBefore', 0],
    ['htmlBefore', 0],
    ['wmsDown', 0],
    ['resetAfter', 1],
    ['empty200', 1],
    ['html', 1],
    ['half', 1],
    ['gatewayTimeout', 1],
    ['twice', 1],
  ])('%s: %i orders afterwards, and no proof of it in the answer', async (fault, left) => {
    const url = await start()
    await control(url, 'faults', { [fault]: ONCE })
    const answer = await call(url, 'deliveryorder.create', delivery('D1', TEA)).catch((cause: Error) => cause)
    expect(await held(url)).toBe(left)
    if (answer instanceof Error) expect(['resetBefore', 'resetAfter', 'half']).toContain(fault)
    else if (fault === 'gatewayTimeout' || fault === 'wmsDown')
      expect(answer.response).toMatchObject({ flag: 'failure', code: 'isp.remote-service-timeout' })
    else if (fault === 'twice') expect(answer.response.code).toBe('ORDER_EXISTS')
    else expect(answer.response).toBeUndefined()
  })

  test('a query lags behind a create, a second create does not', async () => {
    const url = await start()
    await control(url, 'faults', { lag: { ...ONCE, min: 300, max: 300 } })
    await call(url, 'deliveryorder.create', delivery('D1', TEA))
    const find = async () => (await call(url, 'deliveryorder.query', { orderCode: 'D1' })).response.flag
    expect(await find()).toBe('failure')
    expect((await call(url, 'deliveryorder.create', delivery('D1', TEA))).response.code).toBe('ORDER_EXISTS')
    await expect.poll(find, { timeout: 3000 }).toBe('success')
  })
})

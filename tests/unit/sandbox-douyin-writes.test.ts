/** What the Douyin sandbox takes: parcels, after-sales, stock; its faults and its log. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Any, big, call, control, send, tokenOf } from '../support/douyin-client.ts'
import { douyinShops, HOUR, nowSeconds } from '../support/douyin-shop.ts'

const { start, open, close } = douyinShops()
let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sandbox-douyin-'))
})
afterEach(async () => {
  await close()
  rmSync(folder, { recursive: true })
})

/** The first order that is to be shipped and has a line of several pieces beside another line. */
async function shippable(held: () => Promise<Any[]>): Promise<Any> {
  return (await held()).find(
    (o) =>
      o.stage === 'paid' &&
      o.skus.length > 1 &&
      o.skus.every((s: Any) => s.closed === 0) &&
      o.skus[0].quantity > 1,
  )
}

describe('shipping', () => {
  const parcel = (sku: string, quantity: number, number: string) => ({
    shipped_order_info: [{ shipped_order_id: sku, shipped_num: quantity }],
    logistics_code: number,
    company_code: 'shunfeng',
  })

  it('goes in several parcels and parts of lines, once per request id', async () => {
    const { ask, held } = await open(72)
    const { id, skus } = await shippable(held)
    const [first] = skus
    const ship = (request: string, packs: object[]) =>
      ask('order.logisticsAddMultiPack', { order_id: id, request_id: request, pack_list: packs })
    const answer = await ship('r1', [
      parcel(first.id, 1, 'SF0000000001'),
      parcel(skus[1].id, skus[1].quantity, 'SF0000000002'),
    ])
    expect(answer.data.pack_list).toHaveLength(2)
    expect((await ship('r1', [parcel(first.id, 1, 'SF0000000001')])).data).toEqual(answer.data)
    const detail = async () => (await ask('order.orderDetail', { shop_order_id: id })).data.shop_order_detail
    expect(await detail()).toMatchObject({ order_status: 101, main_status: 101 })
    expect((await detail()).logistics_info.map((p: Any) => p.tracking_no)).toEqual([
      'SF0000000001',
      'SF0000000002',
    ])
    expect((await ship('r2', [parcel(first.id, first.quantity, 'SF0000000003')])).sub_code).toBe(
      'isv.business-failed:70023',
    )
    await ask('order.logisticsAdd', {
      order_id: id,
      company_code: 'shunfeng',
      logistics_code: 'SF0000000004',
    })
    expect(await detail()).toMatchObject({ order_status: 3 })
    expect((await detail()).logistics_info).toHaveLength(3)
    const again = await ask('order.logisticsAdd', {
      order_id: id,
      company_code: 'shunfeng',
      logistics_code: 'SF0000000004',
    })
    expect(again.sub_code).toBe('isv.business-failed:60110')
  })

  it('refuses what the platform would refuse, and then ships nothing', async () => {
    const { ask, held } = await open(72)
    const { id, skus } = await shippable(held)
    const one = async (more: object) =>
      (
        await ask('order.logisticsAdd', {
          order_id: id,
          company_code: 'shunfeng',
          logistics_code: 'SF0000000009',
          ...more,
        })
      ).sub_code
    expect(await one({ company_code: '' })).toBe('isv.business-failed:60011')
    expect(await one({ company_code: 'pigeon' })).toBe('isv.business-failed:60018')
    expect(await one({ logistics_code: '' })).toBe('isv.parameter-invalid:60014')
    expect(await one({ logistics_code: '单号' })).toBe('isv.parameter-invalid:60017')
    expect(await one({ order_id: '12' })).toBe('isv.business-failed:60033')
    const packs = [parcel(skus[0].id, 1, 'SF0000000009'), parcel('99', 1, 'SF0000000008')]
    const many = await ask('order.logisticsAddMultiPack', { order_id: id, request_id: 'r', pack_list: packs })
    expect(many.sub_code).toBe('isv.business-failed:60102')
    const missing = await ask('order.logisticsAddMultiPack', { order_id: id, pack_list: packs })
    expect(missing.sub_code).toBe('isv.missing-parameter:50050')
    const byStage = new Map((await held()).map((o) => [o.stage, o.id]))
    expect(await one({ order_id: byStage.get('unpaid') })).toBe('isv.business-failed:60137')
    expect(await one({ order_id: byStage.get('review') })).toBe('isv.business-failed:60109')
    expect(await one({ order_id: byStage.get('cancelled') })).toBe('isv.business-failed:60021')
    expect((await held()).flatMap((o) => o.parcels)).toEqual([])
  })

  it('takes a number on two orders only when both go to the same address', async () => {
    const { ask, held } = await open(60, {}, { hard: false })
    const orders = await held()
    const [first] = orders
    const there = (o: Any) => `${o.receiver.name} ${o.receiver.detail}`
    const same = orders.find((o) => o !== first && there(o) === there(first))
    const other = orders.find((o) => there(o) !== there(first))
    const ship = (o: Any) =>
      ask('order.logisticsAdd', { order_id: o.id, company_code: 'jd', logistics_code: 'JD0000000001' })
    expect((await ship(first)).code).toBe(10000)
    expect((await ship(other)).sub_code).toBe('isv.business-failed:70022')
    expect((await ship(same)).code).toBe(10000)
  })
})

describe('after-sales', () => {
  it('before shipping close the line, and stand in the way of shipping meanwhile', async () => {
    const { url, ask, held } = await open(72)
    const { id, skus } = await shippable(held)
    const applied = await control(url, `orders/${id}/apply`, { sku: skus[0].id })
    const [a] = applied.body.order.afterSales
    const list = await ask('afterSale.List', {
      page: 0,
      size: 10,
      order_id: id,
      order_by: ['update_time asc'],
    })
    expect(list.data.items[0].aftersale_info).toMatchObject({
      aftersale_id: a.id,
      aftersale_type: 2,
      aftersale_status: 6,
    })
    const ship = (reject: boolean) =>
      ask('order.logisticsAdd', {
        order_id: id,
        company_code: 'jd',
        logistics_code: 'JD0000000001',
        is_refund_reject: reject,
      })
    expect((await ship(false)).sub_code).toBe('isv.business-failed:60040')
    const agreed = await control(url, `after-sales/${a.id}/agree`, {})
    expect(agreed.body.order.skus[0].closed).toBe(21)
    expect(agreed.body.expected.changes).toMatchObject([{ kind: 'refunded' }])
    const { text } = await ask('afterSale.Detail', { after_sale_id: a.id })
    expect(text).toContain(`"after_sale_id":${a.id},`)
    expect(text).toContain(`"real_refund_amount":${a.amount},`)
    expect((await ship(false)).code).toBe(10000)
    const shipped = (await held()).find((o) => o.id === id)
    expect(shipped.parcels[0].lines.map((l: Any) => l.sku)).not.toContain(skus[0].id)
  })

  it('after shipping are returned, received and refunded, or refused; lists page and lag nowhere', async () => {
    const { url, ask, held } = await open(24, {}, { hard: false })
    const steps = async (id: string, ...words: string[]) => {
      for (const word of words)
        expect((await control(url, `after-sales/${id}/${word}`, {})).status, word).toBe(200)
    }
    const sold = (await held()).slice(0, 3)
    for (const [i, o] of sold.entries()) {
      await ask('order.logisticsAdd', {
        order_id: o.id,
        company_code: 'jd',
        logistics_code: `JD000000000${i}`,
      })
      const quantity = Math.min(1, o.skus[0].quantity)
      await control(url, `orders/${o.id}/apply`, { quantity, type: i === 2 ? 1 : 0 })
    }
    const [back, refused, money] = (await held()).slice(0, 3).map((o) => o.afterSales[0])
    await steps(back.id, 'agree', 'send-back', 'receive')
    await steps(refused.id, 'refuse')
    await steps(money.id, 'agree')
    expect((await control(url, `after-sales/${back.id}/agree`, {})).status).toBe(422)
    const page = (n: number) =>
      ask('afterSale.List', {
        page: n,
        size: 2,
        update_start_time: nowSeconds() - HOUR,
        order_by: ['update_time asc'],
      })
    const [one, two] = [(await page(0)).data, (await page(1)).data]
    expect([one.has_more, two.has_more, one.total]).toEqual([true, false, 3])
    const statuses = [...one.items, ...two.items].map((i: Any) => i.aftersale_info.aftersale_status)
    expect(statuses.sort()).toEqual([12, 12, 27])
    const tooFar = await ask('afterSale.List', { page: 501, size: 100 })
    expect(tooFar.sub_code).toBe('isv.parameter-invalid:11000')
  })
})

describe('stock and products', () => {
  it('pages products with 64-bit ids and writes stock by SKU id or code', async () => {
    const { ask } = await open(0)
    const first = await ask('product.listV2', { page: 1, size: 10 })
    expect(first.data.data).toHaveLength(10)
    expect((await ask('product.listV2', { page: 0, size: 10 })).code).toBe(40004)
    let cursor = ''
    const ids: string[] = []
    for (;;) {
      const { data, text } = await ask('product.listV2', {
        page: 1,
        size: 20,
        use_cursor: true,
        cursor_id: cursor,
      })
      if (data.data.length === 0) break
      ids.push(...[...text.matchAll(/"product_id":(\d{19}),/g)].map(([, id]) => id!))
      cursor = data.cursor_id
    }
    expect(ids).toHaveLength(first.data.total)
    const skus = await ask('sku.list', { product_id: big(ids[0]!) })
    expect(skus.data[0]).toMatchObject({ code: 'TEA-001', stock_num: 1000 })
    const skuId = String(skus.data[0].id)
    expect((await ask('sku.syncStock', { sku_id: big(skuId), stock_num: 7 })).code).toBe(10000)
    expect((await ask('sku.stockNum', { sku_id: skuId })).data.stock_num).toBe(7)
    const add = (n: number, once: string) =>
      ask('sku.syncStock', { code: 'TEA-001', stock_num: n, incremental: true, idempotent_id: once })
    expect((await add(5, 'a')).code).toBe(10000)
    expect((await add(5, 'a')).sub_code).toBe('isv.parameter-invalid:40010')
    expect((await add(-13, 'b')).code).toBe(40004)
    expect((await add(-12, 'c')).code).toBe(10000)
    expect((await ask('sku.syncStock', { sku_id: '1', stock_num: 1 })).sub_code).toBe(
      'isv.parameter-invalid:5',
    )
    expect((await ask('sku.stockNum', { code: 'TEA-001' })).data.stock_num).toBe(0)
  })
})

describe('faults and the log', () => {
  it('loses answers after the work is done', async () => {
    const { url, ask, token, held } = await open(72)
    const { id } = await shippable(held)
    const params = { order_id: id, company_code: 'jd', logistics_code: 'JD0000000001' }
    await control(url, 'faults', { resetAfter: { probability: 1, times: 1 } })
    await expect(send(url, 'order.logisticsAdd', params, { token })).rejects.toThrow('fetch failed')
    expect((await ask('order.logisticsAdd', params)).sub_code).toBe('isv.business-failed:60110')
    await control(url, 'faults', { malformed: { probability: 1, times: 1 } })
    const half = await (await send(url, 'order.orderDetail', { shop_order_id: id }, { token })).text()
    expect(() => JSON.parse(half)).toThrow(SyntaxError)
    await control(url, 'faults', { html: { probability: 1, times: 1 } })
    const page = await send(url, 'order.orderDetail', { shop_order_id: id }, { token })
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
    await control(url, 'faults', { throttle: { probability: 1, times: 1 } })
    expect((await ask('order.orderDetail', { shop_order_id: id })).code).toBe(60000)
    expect((await control(url, 'faults', { gremlin: 1 })).status).toBe(422)
    const { body } = await control(url, 'stats')
    expect(body.faults).toEqual({ resetAfter: 1, malformed: 1, html: 1, throttle: 1 })
  })

  it('a restart holds the same orders, parcels, stock and answers to requests', async () => {
    const log = join(folder, 'shop.jsonl')
    const { url, ask, held } = await open(48, { log })
    const { id, skus } = await shippable(held)
    const pack = {
      shipped_order_info: [{ shipped_order_id: skus[0].id }],
      logistics_code: 'SF0000000001',
      company_code: 'shunfeng',
    }
    const params = { order_id: id, request_id: 'once', pack_list: [pack] }
    const answer = await ask('order.logisticsAddMultiPack', params)
    await ask('sku.syncStock', { code: 'TEA-002', stock_num: 3 })
    const before = await held()
    const stock = await control(url, 'stock')
    await close()
    const again = await start({ log })
    const token = await tokenOf(again.url)
    expect((await control(again.url, 'orders')).body).toEqual(before)
    expect(await control(again.url, 'stock')).toEqual(stock)
    expect((await call(again.url, 'order.logisticsAddMultiPack', params, { token })).data).toEqual(
      answer.data,
    )
    await control(again.url, 'orders', { count: 2 })
    expect((await control(again.url, 'expected')).body).toHaveLength(50)
  })

  it('changes orders by request and by itself, and declares it', async () => {
    const { url, held } = await open(96, {}, { changes: true, changeWithin: 1 })
    await new Promise((resolve) => setTimeout(resolve, 100))
    const { body } = await control(url, 'stats')
    expect(body.streams[0].changesDone).toBe(body.streams[0].changesDue)
    expect(body.streams[0].changesDone).toBeGreaterThan(3)
    expect(body.versions).toBe(96 + body.streams[0].changesDone)
    const unpaid = (await held()).find((o) => o.stage === 'unpaid')!
    const repriced = await control(url, `orders/${unpaid.id}/reprice`, { modify: -100, post: 50 })
    expect(repriced.body.order.skus[0].modify).toBe(unpaid.skus[0].modify - 100)
    const paid = await control(url, `orders/${unpaid.id}/pay`, { review: true })
    expect(paid.body.expected).toMatchObject({ expect: 'none', reason: 'in-review' })
    const released = await control(url, `orders/${unpaid.id}/release`, {})
    expect(['document', 'parked']).toContain(released.body.expected.expect)
    expect((await control(url, `orders/${unpaid.id}/cancel`, {})).status).toBe(422)
    expect((await control(url, `orders/${unpaid.id}/teleport`, {})).status).toBe(404)
  })
})

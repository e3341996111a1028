import { afterEach, describe, expect, it } from 'vitest'
import type { TaobaoOptions } from '../../src/sandbox/taobao/options.ts'
import { startTaobao } from '../../src/sandbox/taobao/server.ts'
import { APP, topClient } from '../support/top-client.ts'

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into freely here
type Any = any

const open: { close(): Promise<void> }[] = []

afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})

async function start(options: Partial<TaobaoOptions> = {}) {
  const shop = await startTaobao({ ...APP, ...options })
  open.push(shop)
  return { ...topClient(shop.url), url: shop.url, close: shop.close }
}

type Shop = Awaited<ReturnType<typeof start>>

/** Sells plain paid trades until one has `lines` sub-orders; returns it raw. */
async function tradeOf(shop: Shop, lines: number): Promise<Any> {
  for (let seed = 1; ; seed += 1) {
    await shop.control('orders', { count: 5, seed })
    const found = (await shop.control('orders')).body.findLast((o: Any) => o.lines.length === lines)
    if (found) return found
  }
}

const offline = (shop: Shop, tid: string, more: Record<string, string> = {}) =>
  shop.call('taobao.logistics.offline.send', { tid, out_sid: 'SF1234567890', company_code: 'SF', ...more })

const full = async (shop: Shop, tid: string): Promise<Any> =>
  (await shop.call('taobao.trade.fullinfo.get', { fields: 'tid,status,consign_time,orders', tid })).body.trade

describe('shipping in the Taobao sandbox', () => {
  it('ships a trade once; a second parcel for it is refused', async () => {
    const shop = await start()
    const { id } = await tradeOf(shop, 2)
    const sent = await offline(shop, id)
    expect(sent.body.shipping).toEqual({ is_success: true })
    const trade = await full(shop, id)
    expect(trade.status).toBe('WAIT_BUYER_CONFIRM_GOODS')
    for (const order of trade.orders.order)
      expect(order).toMatchObject({ invoice_no: 'SF1234567890', logistics_company: '顺丰速运' })
    for (const again of ['SF1234567890', 'SF9999999999'])
      expect((await offline(shop, id, { out_sid: again })).error).toMatchObject({
        code: 15,
        sub_code: 'isv.logistics-offline-service-error:B04',
      })
    expect((await shop.control('orders')).body.find((o: Any) => o.id === id).trade.parcels).toHaveLength(1)
  })

  it('ships by sub-orders when the split is said in full', async () => {
    const shop = await start()
    const { id, lines } = await tradeOf(shop, 3)
    const [first, second, third] = lines.map((l: Any) => l.id) as string[]
    const half = (more: Record<string, string>) =>
      offline(shop, id, more).then((a) => a.error?.sub_code?.slice(-4))
    expect(await half({ is_split: '1' })).toBe('CD26')
    expect(await half({ sub_tid: first! })).toBe('CD25')
    expect(await half({ is_split: '1', sub_tid: '41' })).toBe(':P38')
    const online = { tid: id, out_sid: 'YT0000000001', company_code: 'YTO', is_split: '1', sub_tid: first! }
    expect((await shop.call('taobao.logistics.online.send', online)).body.shipping.is_success).toBe(true)
    const part = await full(shop, id)
    expect(part.status).toBe('SELLER_CONSIGNED_PART')
    expect(part.orders.order.map((o: Any) => o.invoice_no)).toEqual(['YT0000000001', undefined, undefined])
    expect((await shop.call('taobao.logistics.online.send', online)).error.sub_code).toMatch(/online.*:P38$/)
    expect(await half({})).toBe('CD22')
    const rest = { is_split: '1', sub_tid: `${second},${third}`, out_sid: 'SF0000000002' }
    expect((await offline(shop, id, rest)).body.shipping.is_success).toBe(true)
    expect((await full(shop, id)).status).toBe('WAIT_BUYER_CONFIRM_GOODS')
  })

  it('refuses carriers, numbers and trades that cannot be', async () => {
    const shop = await start()
    const { id } = await tradeOf(shop, 1)
    const code = async (more: Record<string, string>) =>
      (await offline(shop, id, more)).error?.sub_code?.split(':')[1]
    expect(await code({ company_code: 'NOBODY' })).toBe('B56')
    expect(await code({ out_sid: '??' })).toBe('B60')
    expect(await code({ tid: '4100000000099999001' })).toBe('B01')
    await offline(shop, id)
    const raws: Any[] = (await shop.control('orders')).body
    const whose = JSON.stringify(raws.find((o) => o.id === id).trade.receiver)
    const other = raws.find((o) => JSON.stringify(o.trade.receiver) !== whose)
    expect((await offline(shop, other.id)).error.sub_code).toMatch(/:B60$/)
    await shop.control(`orders/${other.id}/cancel`, {})
    expect((await offline(shop, other.id, { out_sid: 'SF5555555555' })).error.sub_code).toMatch(/:B04$/)
  })

  it('does the work and loses the answer: the trade tells what became of it', async () => {
    const shop = await start()
    const lost = async (fault: string) => {
      const { id } = await tradeOf(shop, 1)
      await shop.control('faults', { [fault]: { probability: 1, times: 1 } })
      const answer = await offline(shop, id, { out_sid: `SF${id.slice(-10)}` }).catch(() => null)
      expect((await full(shop, id)).orders.order[0].invoice_no).toBe(`SF${id.slice(-10)}`)
      expect((await offline(shop, id)).error.sub_code).toMatch(/:B04$/)
      return answer
    }
    expect(await lost('resetAfter')).toBeNull()
    expect((await lost('empty200'))!.text).toBe('')
    expect((await lost('error500After'))!.status).toBe(500)
    const half = (await lost('half'))!
    expect([half.status, half.body, half.error]).toEqual([200, undefined, undefined])
    expect(half.text.length).toBeGreaterThan(5)
    expect((await lost('timeoutIn200'))!.error).toMatchObject({
      code: 15,
      sub_code: 'isp.top-remote-connection-timeout',
    })
  })

  it('does nothing where it says so', async () => {
    const shop = await start()
    const { id } = await tradeOf(shop, 1)
    const struck = async (fault: string) => {
      await shop.control('faults', { [fault]: { probability: 1, times: 1 } })
      return offline(shop, id).catch(() => null)
    }
    const page = (await struck('html'))!
    expect([page.status, page.type]).toEqual([200, 'text/html; charset=utf-8'])
    expect((await struck('throttled'))!.error).toMatchObject({ code: 7, msg: 'App Call Limited' })
    expect((await struck('sessionExpired'))!.error).toMatchObject({ code: 27, sub_code: 'session-expired' })
    expect((await struck('status429'))!.status).toBe(429)
    expect(await struck('resetBefore')).toBeNull()
    expect((await full(shop, id)).status).toBe('WAIT_SELLER_SEND_GOODS')
    expect((await offline(shop, id)).body.shipping.is_success).toBe(true)
  })
})

describe('refunds in the Taobao sandbox', () => {
  const list = async (shop: Shop) => {
    const fields =
      'refund_id,tid,oid,status,refund_fee,modified,has_good_return,good_status,refund_phase,dispute_type'
    return (
      (await shop.call('taobao.refunds.receive.get', { fields, page_size: '100' })).body.refunds?.refund ?? []
    )
  }

  it('go from the wish to the money, under one number', async () => {
    const shop = await start()
    const { id, lines } = await tradeOf(shop, 2)
    const change = (what: string, body: object) => shop.control(`orders/${id}/${what}`, body)
    await change('refund', { line: lines[0].id })
    const [asked] = await list(shop)
    expect(asked).toMatchObject({
      tid: id,
      oid: lines[0].id,
      status: 'WAIT_SELLER_AGREE',
      dispute_type: 'REFUND',
    })
    expect((await change('refund', { line: lines[0].id })).status).toBe(422)
    await change('settle', {})
    const [settled] = await list(shop)
    expect(settled).toMatchObject({ refund_id: asked.refund_id, status: 'SUCCESS', has_good_return: false })
    const trade = await full(shop, id)
    expect(trade.status).toBe('WAIT_SELLER_SEND_GOODS')
    expect(trade.orders.order.map((o: Any) => [o.status, o.refund_status])).toEqual([
      ['TRADE_CLOSED', 'SUCCESS'],
      ['WAIT_SELLER_SEND_GOODS', 'NO_REFUND'],
    ])
    const one = { fields: 'refund_id,status,refund_fee,modified,end_time', refund_id: asked.refund_id }
    const single = (await shop.call('taobao.refund.get', one)).body.refund
    expect(single).toMatchObject({ status: 'SUCCESS', refund_fee: settled.refund_fee })
    expect(single.end_time).toBeTruthy()
    expect(single).not.toHaveProperty('modified')
  })

  it('take the freight along with the last line that was not shipped', async () => {
    const shop = await start()
    await shop.control('orders', { count: 30 })
    const raws: Any[] = (await shop.control('orders')).body
    const raw = raws.find((o) => o.lines.length === 2 && o.trade.freight > 0)
    await shop.control(`orders/${raw.id}/cancel`, {})
    const asked = { fields: 'tid,status,payment,post_fee,orders', tid: raw.id }
    const { trade } = (await shop.call('taobao.trade.fullinfo.get', asked)).body
    expect(trade).toMatchObject({ status: 'TRADE_CLOSED', payment: '0.00' })
    expect(Number(trade.post_fee)).toBeGreaterThan(0)
    const fees = (await list(shop))
      .filter((r: Any) => r.tid === raw.id)
      .map((r: Any) => Number(r.refund_fee) * 100)
    const lines = raw.trade.lines.map((l: Any) => l.price * l.quantity)
    expect(fees.map(Math.round).sort()).toEqual([lines[0], lines[1] + raw.trade.freight].sort())
  })

  it('bring goods back after shipping, and can be refused', async () => {
    const shop = await start()
    const { id } = await tradeOf(shop, 1)
    const change = (what: string, body: object = {}) => shop.control(`orders/${id}/${what}`, body)
    expect((await change('refund', { goodsBack: true })).status).toBe(422)
    await offline(shop, id)
    await change('refund', { goodsBack: true })
    await change('refuse')
    expect((await list(shop))[0]).toMatchObject({ status: 'SELLER_REFUSE_BUYER', has_good_return: true })
    await change('refund', { goodsBack: true })
    await change('approve')
    expect((await list(shop))[0].status).toBe('WAIT_BUYER_RETURN_GOODS')
    await change('approve', { tracking: 'YT5550000001' })
    expect((await list(shop))[0]).toMatchObject({
      status: 'WAIT_SELLER_CONFIRM_GOODS',
      good_status: 'BUYER_RETURNED_GOODS',
    })
    await change('settle')
    expect((await full(shop, id)).status).toBe('TRADE_CLOSED')
    expect((await list(shop)).map((r: Any) => r.status)).toEqual(['SUCCESS', 'SELLER_REFUSE_BUYER'])
  })
})

describe('stock in the Taobao sandbox', () => {
  const update = (shop: Shop, own: Record<string, string>) => shop.call('taobao.item.quantity.update', own)

  it('lists goods with and without variants and sets what is there', async () => {
    const shop = await start()
    const fields = 'num_iid,title,outer_id,num'
    const items: Any[] = []
    for (let page = 1; ; page += 1) {
      const { body } = await shop.call('taobao.items.onsale.get', { fields, page_no: String(page) })
      items.push(...(body.items?.item ?? []))
      if (items.length >= body.total_results) break
    }
    const num_iids = items.map((i) => i.num_iid).slice(0, 40)
    const asked = { fields: 'sku_id,num_iid,outer_id,quantity', num_iids: num_iids.join(',') }
    const skus: Any[] = (await shop.call('taobao.item.skus.get', asked)).body.skus.sku
    const tea = skus.find((s) => s.outer_id === 'TEA-002')
    const plain = items.find((i) => i.outer_id === 'TEA-001')
    expect(skus.some((s) => s.num_iid === plain.num_iid)).toBe(false)
    const set = { num_iid: String(tea.num_iid), quantity: '37' }
    expect((await update(shop, set)).error.code).toBe(40)
    expect((await update(shop, { ...set, outer_id: 'TEA-002' })).body.item.skus.sku[0].quantity).toBe(37)
    expect(
      (await update(shop, { ...set, sku_id: String(tea.sku_id), quantity: '-7', type: '2' })).body.item.num,
    ).toBe(30)
    expect((await update(shop, { ...set, outer_id: 'TEA-002', quantity: '-1' })).error.code).toBe(41)
    expect((await update(shop, { ...set, outer_id: 'CUP-001' })).error.sub_code).toBe('isv.sku-not-exist')
    expect((await update(shop, { num_iid: String(plain.num_iid), quantity: '0' })).body.item.num).toBe(0)
    expect(
      (await shop.call('taobao.item.skus.get', asked)).body.skus.sku.find(
        (s: Any) => s.outer_id === 'TEA-002',
      ).quantity,
    ).toBe(30)
    expect((await shop.call('taobao.items.inventory.get', { fields })).body).toMatchObject({
      total_results: 0,
    })
  })

  it('goes down with every order', async () => {
    const shop = await start()
    const { lines, trade } = await tradeOf(shop, 1)
    const goods: Any[] = (await shop.control('goods')).body
    const sold = (await shop.control('orders')).body
      .flatMap((o: Any) => o.trade.lines)
      .filter((l: Any) => l.goods === trade.lines[0].goods)
      .reduce((n: number, l: Any) => n + l.quantity, 0)
    expect(goods.find((g) => g.sku === lines[0].sku).stock).toBe(1000 - sold)
  })
})

describe('messages in the Taobao sandbox', () => {
  const consume = async (shop: Shop, more = {}) =>
    (await shop.call('taobao.tmc.messages.consume', { quantity: '200', ...more })).body?.messages
      ?.tmc_message ?? []

  it('come for what was permitted, again and again until they are confirmed', async () => {
    const shop = await start({ redeliverSeconds: 1 })
    await shop.control('orders', { count: 2 })
    expect(await consume(shop)).toEqual([])
    const topics = 'taobao_trade_TradeBuyerPay,taobao_trade_TradeSellerShip,taobao_refund_RefundCreated'
    expect((await shop.call('taobao.tmc.user.permit', { topics })).body.is_success).toBe(true)
    const { id } = await tradeOf(shop, 1)
    await offline(shop, id)
    const first = await consume(shop)
    expect(first.filter((m: Any) => m.topic.includes('TradeCreate'))).toEqual([])
    const shipped = first.filter((m: Any) => m.topic === 'taobao_trade_TradeSellerShip')
    expect(shipped).toHaveLength(1)
    expect(shipped[0].content).toContain(`"tid":${id},`)
    expect(await consume(shop)).toEqual([])
    await new Promise((resolve) => setTimeout(resolve, 1100))
    expect((await consume(shop)).map((m: Any) => m.id)).toEqual(first.map((m: Any) => m.id))
    const s_message_ids = first.map((m: Any) => m.id).join(',')
    await shop.call('taobao.tmc.messages.confirm', { s_message_ids })
    await new Promise((resolve) => setTimeout(resolve, 1100))
    expect(await consume(shop)).toEqual([])
    expect((await shop.call('taobao.tmc.messages.consume', { group_name: 'vip' })).error.code).toBe(41)
    expect((await shop.call('taobao.tmc.messages.consume', { quantity: '9' })).error.code).toBe(41)
  })

  it('come twice or never on demand', async () => {
    const shop = await start()
    await shop.call('taobao.tmc.user.permit', {})
    await shop.control('faults', { messageTwice: 1 })
    await shop.control('orders', { count: 1 })
    const topics = (await consume(shop)).map((m: Any) => m.topic.split('_')[2])
    expect(topics).toEqual(['TradeCreate', 'TradeCreate', 'TradeBuyerPay', 'TradeBuyerPay'])
    await shop.control('faults', { off: 1, messageLost: 1 })
    await shop.control('orders', { count: 1 })
    expect((await shop.control('messages')).body).toHaveLength(4)
  })
})

import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { compareAll } from '../../src/sandbox/compare/compare.ts'
import { expectedOf } from '../../src/sandbox/compare/expected.ts'
import { fromNaive } from '../../src/sandbox/compare/found.ts'
import type { PinduoduoOptions } from '../../src/sandbox/pinduoduo/options.ts'
import { startPinduoduo } from '../../src/sandbox/pinduoduo/server.ts'
import { APP, at, pddClient } from '../support/pdd-client.ts'

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into freely here
type Any = any

const open: { close(): Promise<void> }[] = []

afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})

async function start(options: Partial<PinduoduoOptions> = {}) {
  const shop = await startPinduoduo({ ...APP, tailSeconds: 0, ...options })
  open.push(shop)
  return { ...pddClient(shop.url), url: shop.url, close: shop.close }
}

type Shop = Awaited<ReturnType<typeof start>>

/** Sells one plain paid order; returns it raw. */
async function order(shop: Shop): Promise<Any> {
  await shop.control('orders', { count: 1 })
  return (await shop.control('orders')).body.at(-1)
}

const single = async (shop: Shop, order_sn: string): Promise<Any> =>
  (await shop.call('pdd.order.information.get', { order_sn })).json.order_info_get_response.order_info

const send = (shop: Shop, order_sn: string, more: Record<string, string> = {}) =>
  shop.call('pdd.logistics.online.send', {
    order_sn,
    logistics_id: '44',
    tracking_number: 'SF1234567890',
    ...more,
  })

describe('shipping in the Pinduoduo sandbox', () => {
  it('ships an order once; later the number can only be changed', async () => {
    const shop = await start()
    const { id } = await order(shop)
    expect((await send(shop, id, { redelivery_type: '2' })).error.error_code).toBe(50001)
    expect((await send(shop, id)).json.logistics_online_send_response.is_success).toBe(true)
    expect(await single(shop, id)).toMatchObject({
      order_status: 2,
      logistics_id: 44,
      tracking_number: 'SF1234567890',
    })
    expect((await send(shop, id)).error).toMatchObject({
      error_code: 50001,
      sub_msg: '订单已发货，请勿重复发货',
    })
    const again = { tracking_number: 'YT0000000001', logistics_id: '85', redelivery_type: '2' }
    expect((await send(shop, id, again)).error).toBeUndefined()
    expect(await single(shop, id)).toMatchObject({ logistics_id: 85, tracking_number: 'YT0000000001' })
    await shop.control(`orders/${id}/finish`, {})
    expect((await single(shop, id)).order_status).toBe(3)
  })

  it('refuses carriers, numbers, foreign orders and those that buyers want undone', async () => {
    const shop = await start()
    const { id } = await order(shop)
    const why = async (more: Record<string, string>) => (await send(shop, id, more)).error?.error_code
    expect(await why({ logistics_id: '99999' })).toBe(50001)
    expect(await why({ tracking_number: '??' })).toBe(50001)
    expect(await why({ tracking_number: '' })).toBe(21002)
    expect(await why({ order_sn: '990101-000000000000001' })).toBe(50001)
    await shop.control(`orders/${id}/refund`, {})
    expect(await why({})).toBe(50001)
    await shop.control(`orders/${id}/withdraw`, {})
    expect(await why({})).toBeUndefined()
  })

  it('does the work and loses the answer, or does nothing and says so', async () => {
    const shop = await start()
    const struck = async (fault: string, id: string) => {
      await shop.control('faults', { [fault]: { probability: 1, times: 1 } })
      return send(shop, id).catch(() => null)
    }
    for (const fault of ['resetAfter', 'empty200', 'half', 'timeoutIn200']) {
      const { id } = await order(shop)
      const answer = await struck(fault, id)
      expect([fault, (await single(shop, id)).order_status]).toEqual([fault, 2])
      if (fault === 'timeoutIn200') expect(answer!.error).toMatchObject({ error_code: 52002 })
      else expect([answer?.json, answer?.error]).toEqual([undefined, undefined])
    }
    const { id } = await order(shop)
    expect((await struck('html', id))!.type).toBe('text/html; charset=utf-8')
    expect((await struck('throttled', id))!.error.error_code).toBe(70031)
    expect((await struck('sessionExpired', id))!.error.error_code).toBe(10019)
    expect((await single(shop, id)).order_status).toBe(1)
  })
})

describe('refunds in the Pinduoduo sandbox', () => {
  const window = () => ({ start_updated_at: at(-1200), end_updated_at: at(60) })
  const list = async (shop: Shop, more: Record<string, string> = {}) => {
    const own = { after_sales_status: '1', after_sales_type: '1', ...window(), ...more }
    return (await shop.call('pdd.refund.list.increment.get', own)).json.refund_increment_get_response
  }

  it('go from the wish to the money: yuan in the list, fen in the single one', async () => {
    const shop = await start()
    const { id, trade } = await order(shop)
    await shop.control(`orders/${id}/refund`, {})
    const asked = (await list(shop)).refund_list[0]
    expect(asked).toMatchObject({ order_sn: id, after_sales_status: 2, after_sales_type: 2 })
    expect(Number(asked.id)).toBeGreaterThan(Number.MAX_SAFE_INTEGER)
    expect(asked.updated_time).toMatch(/^\d{10}$/)
    expect(await single(shop, id)).toMatchObject({ refund_status: 2, after_sales_status: 2 })
    await shop.control(`orders/${id}/settle`, {})
    const settled = (await list(shop)).refund_list[0]
    expect(settled).toMatchObject({ id: asked.id, after_sales_status: 10 })
    const own = { order_sn: id, after_sales_id: asked.id }
    const one = (await shop.call('pdd.refund.information.get', own)).json
    expect(one.refund_amount).toBe(trade.lines[0].price * trade.lines[0].quantity + trade.freight)
    expect(one.refund_amount).toBe(Math.round(Number(settled.refund_amount) * 100))
    expect(one.recreated_at).toBeGreaterThan(1_000_000_000_000)
    expect(await single(shop, id)).toMatchObject({ refund_status: 4, after_sales_status: 10 })
    expect(
      (await shop.call('pdd.refund.information.get', { ...own, after_sales_id: '1' })).error.error_code,
    ).toBe(50001)
  })

  it('are filtered by state and kind, or all of one order', async () => {
    const shop = await start()
    const shipped = await order(shop)
    await send(shop, shipped.id)
    await shop.control(`orders/${shipped.id}/refund`, { goodsBack: true, pieces: 1 })
    const waiting = await order(shop)
    await shop.control(`orders/${waiting.id}/refund`, {})
    expect((await list(shop)).total_count).toBe(2)
    expect((await list(shop, { after_sales_type: '3' })).refund_list.map((r: Any) => r.order_sn)).toEqual([
      shipped.id,
    ])
    expect((await list(shop, { after_sales_status: '2' })).refund_list.map((r: Any) => r.order_sn)).toEqual([
      waiting.id,
    ])
    await shop.control(`orders/${waiting.id}/refuse`, {})
    expect((await list(shop, { after_sales_status: '6' })).total_count).toBe(1)
    expect((await list(shop, { order_sn: shipped.id, after_sales_status: '10' })).total_count).toBe(1)
    const missing = await shop.call('pdd.refund.list.increment.get', { after_sales_type: '1', ...window() })
    expect(missing.error.error_code).toBe(21002)
  })
})

describe('the Pinduoduo sandbox', () => {
  it('lists goods and sets what is there', async () => {
    const shop = await start()
    const page = await shop.call('pdd.goods.list.get', { page_size: '100' })
    const { goods_list, total_count } = page.json.goods_list_get_response
    expect(goods_list).toHaveLength(total_count)
    const find = async () => {
      const { json } = await shop.call('pdd.goods.list.get', { outer_id: 'TEA-001' })
      return json.goods_list_get_response.goods_list[0]
    }
    const tea = await find()
    const [sku] = tea.sku_list
    expect(sku).toMatchObject({ outer_id: 'TEA-001', sku_quantity: 1000 })
    const update = async (own: Record<string, string>) => {
      const answer = await shop.call('pdd.goods.quantity.update', { goods_id: String(tea.goods_id), ...own })
      return answer.error?.error_code ?? (await find()).sku_list[0].sku_quantity
    }
    expect(await update({ quantity: '37', outer_id: 'TEA-001' })).toBe(37)
    expect(await update({ quantity: '-7', sku_id: String(sku.sku_id), update_type: '2' })).toBe(30)
    expect(await update({ quantity: '-31', outer_id: 'TEA-001', update_type: '2' })).toBe(21001)
    expect(await update({ quantity: '5' })).toBe(21002)
    expect(await update({ quantity: '5', outer_id: 'CUP-001' })).toBe(50001)
    expect(await update({ quantity: '5', outer_id: 'TEA-001', goods_id: '1' })).toBe(50001)
  })

  it('gives tokens for codes and refresh tokens; a new grant ends them all', async () => {
    const shop = await start()
    const works = async (access_token: string) => {
      const own = { order_status: '5', refund_status: '5', start_confirm_at: at(-60), end_confirm_at: at() }
      return (
        (await shop.call('pdd.order.list.get', own, { common: { access_token } })).error?.error_code ?? 'yes'
      )
    }
    const exchange = async (method: 'create' | 'refresh', own: Record<string, string>) => {
      const answer = await shop.call(`pdd.pop.auth.token.${method}`, own, {
        common: { access_token: undefined },
      })
      return answer.json[`pop_auth_token_${method}_response`] ?? answer.error
    }
    expect(await works(APP.accessToken)).toBe('yes')
    const page = `${shop.url}/service-market/auth?client_id=${APP.clientId}&redirect_uri=http://127.0.0.1:9/&state=s1`
    const back = new URL((await fetch(page, { redirect: 'manual' })).headers.get('location')!)
    expect(await works(APP.accessToken)).toBe(20032)
    const code = back.searchParams.get('code')!
    const first = await exchange('create', { code })
    expect(first).toMatchObject({
      expires_in: 86_400,
      owner_id: expect.any(String),
      scope: expect.any(Array),
    })
    expect(first.expires_at - Date.now() / 1000).toBeGreaterThan(86_000)
    expect(await exchange('create', { code })).toMatchObject({ error_code: 21001 })
    expect(await works(first.access_token)).toBe('yes')
    const second = await exchange('refresh', { refresh_token: first.refresh_token })
    expect(second.refresh_token_expires_at).toBe(first.refresh_token_expires_at)
    expect([await works(first.access_token), await works(second.access_token)]).toEqual([20032, 'yes'])
    await shop.control('session/expire', {})
    expect(await works(second.access_token)).toBe(10019)
    await shop.control('authorize', {})
    expect(await exchange('refresh', { refresh_token: second.refresh_token })).toMatchObject({
      error_code: 21001,
    })
  })

  it('keeps the topics that messages go out for', async () => {
    const shop = await start()
    const topics = 'pdd_trade_TradeConfirmed,pdd_refund_RefundCreated'
    const { json } = await shop.call('pdd.pmc.user.permit', { topics })
    expect(json.pmc_user_permit_response.is_success).toBe(true)
    expect((await shop.control('stats')).body.topics).toEqual(topics.split(','))
  })

  it('lets only so many calls through a second', async () => {
    const shop = await start({ callsPerSecond: 2 })
    const answers = await Promise.all(Array.from({ length: 12 }, () => shop.call('pdd.time.get')))
    expect(answers.filter((a) => a.error?.error_code === 70031).length).toBeGreaterThanOrEqual(6)
    expect(new Set(answers.map((a) => a.status))).toEqual(new Set([200]))
  })

  it('comes back from its log with all it held', async () => {
    const log = join(mkdtempSync(join(tmpdir(), 'pinduoduo-')), 'shop.jsonl')
    const shop = await start({ log })
    await shop.control('orders', { count: 40, hard: true, seed: 3 })
    const { id } = await order(shop)
    await send(shop, id)
    const all = (on: Shop) =>
      Promise.all(['orders', 'expected', 'goods'].map(async (what) => (await on.control(what)).body))
    const before = await all(shop)
    await open.pop()!.close()
    expect(await all(await start({ log }))).toEqual(before)
  })

  it('declares what the ERP must hold: documents made of the protocol alone pass the comparer', async () => {
    const shop = await start()
    await shop.control('orders', { count: 90, hard: true, seed: 5 })
    const orders = (await shop.control('orders')).body
    const expected = (await shop.control('expected')).body
    const wanted = expected.filter((e: Any) => e.expect === 'document')
    const documents = await Promise.all(
      wanted.map(async (e: Any) => documentOf(await single(shop, e.orderId))),
    )
    const right = compareAll(orders, expected, documents.map(fromNaive), {}, expectedOf)
    expect(right.differences).toEqual([])
    expect(right).toMatchObject({ orders: 90, matched: 90, documents: wanted.length })
    documents[3].lines[0].quantity = '99'
    expect(
      compareAll(orders, expected, documents.map(fromNaive), {}, expectedOf).differences.length,
    ).toBeGreaterThan(0)
  })

  /** The document for an order, from what the protocol says of it. */
  function documentOf(info: Any): Any {
    const [item] = info.item_list
    const fen = (yuan: number) => Math.round(yuan * 100)
    const goods = fen(info.pay_amount) - fen(info.postage)
    const rows = [
      { ref: String(item.sku_id), item: item.outer_id, quantity: String(item.goods_count), fen: goods },
    ]
    if (info.postage > 0)
      rows.push({ ref: 'shipping', item: 'SHIPPING', quantity: '1', fen: fen(info.postage) })
    return {
      id: `D${info.order_sn}`,
      reference: '',
      state: 'confirmed',
      source: info.order_sn,
      number: info.order_sn,
      currency: 'CNY',
      total: (fen(info.pay_amount) / 100).toFixed(2),
      lines: rows.map(({ fen: f, ...row }) => ({ ...row, amount: (f / 100).toFixed(2), tax: '0.00' })),
    }
  }
})

import { afterEach, describe, expect, it } from 'vitest'
import type { PinduoduoOptions } from '../../src/sandbox/pinduoduo/options.ts'
import { startPinduoduo } from '../../src/sandbox/pinduoduo/server.ts'
import { signatureOf } from '../../src/sandbox/pinduoduo/sign.ts'
import { APP, at, type PddAnswer, pddClient } from '../support/pdd-client.ts'

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

const sold = (shop: Shop, count: number, more: object = {}) =>
  shop.control('orders', { count, seed: 7, hard: true, ...more })

const ALL = { order_status: '5', refund_status: '5' }
const lately = () => ({ start_updated_at: at(-1200), end_updated_at: at(60) })

const increment = (shop: Shop, more: Record<string, string> = {}): Promise<PddAnswer> =>
  shop.call('pdd.order.number.list.increment.get', { is_lucky_flag: '0', ...ALL, ...lately(), ...more })

const found = (answer: PddAnswer): Any => answer.json.order_sn_increment_get_response
const numbers = (answer: PddAnswer): string[] => found(answer).order_sn_list.map((o: Any) => o.order_sn)

const single = async (shop: Shop, order_sn: string): Promise<Any> =>
  (await shop.call('pdd.order.information.get', { order_sn })).json.order_info_get_response?.order_info

describe('the signature of Pinduoduo', () => {
  it('is what another language makes of made-up inputs', () => {
    const inputs = {
      type: 'pdd.order.information.get',
      client_id: 'made-up-client',
      access_token: 'made-up-token',
      timestamp: '1772330400',
      data_type: 'JSON',
      version: 'V1',
      order_sn: '260301-123456789012345',
      note: '中文',
      sign: 'never part of itself',
    }
    expect(signatureOf(new Map(Object.entries(inputs)), 'made-up-secret')).toBe(
      '53688773B70D3947263570EB999D97E7',
    )
  })

  it('opens the gate, in a form and as JSON', async () => {
    const shop = await start()
    for (const asJson of [false, true]) {
      const { json } = await shop.call('pdd.time.get', { note: '中文' }, { asJson })
      expect(json.time_get_response.time).toMatch(/^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/)
    }
  })
})

describe('the gate of the Pinduoduo sandbox', () => {
  it.each<[string, Record<string, string | undefined>, number]>([
    ['a wrong signature', { sign: 'A'.repeat(32) }, 20004],
    ['no signature', { sign: '' }, 10001],
    ['a stranger', { client_id: 'somebody' }, 10016],
    ['nobody', { client_id: undefined }, 10001],
    ['no clock', { timestamp: undefined }, 10001],
    ['milliseconds for a clock', { timestamp: String(Date.now()) }, 10001],
    ['a clock eleven minutes late', { timestamp: at(-660) }, 10001],
    ['a clock eleven minutes early', { timestamp: at(660) }, 10001],
    ['XML', { data_type: 'XML' }, 10001],
    ['no token', { access_token: undefined }, 10001],
    ['a foreign token', { access_token: 'stolen' }, 20032],
    ['no method', { type: undefined }, 10001],
    ['a method that is not there', { type: 'pdd.refund.list.get' }, 10017],
  ])('refuses %s in a 200', async (_, common, code) => {
    const answer = await (await start()).call('pdd.order.information.get', { order_sn: '1' }, { common })
    expect([answer.status, answer.error?.error_code]).toEqual([200, code])
    expect(answer.error).toHaveProperty('sub_code', null)
    expect(answer.error.request_id).toBeTruthy()
  })

  it('takes a parameter that was not signed for a forgery', async () => {
    const shop = await start()
    const forged = await shop.call('pdd.time.get', {}, { unsigned: { page: '2' } })
    expect(forged.error.error_code).toBe(20004)
    expect((await shop.call('pdd.time.get', {}, { common: { timestamp: at(-540) } })).error).toBeUndefined()
  })

  it.each<[Record<string, string>, number]>([
    [{ is_lucky_flag: '' }, 21002],
    [{ order_status: '4' }, 21001],
    [{ refund_status: '' }, 21002],
    [{ start_updated_at: at(), end_updated_at: at() }, 21001],
    [{ start_updated_at: at(), end_updated_at: at(-1) }, 21001],
    [{ start_updated_at: at(-1801), end_updated_at: at() }, 21001],
    [{ start_updated_at: '2026-11-01 10:00:00' }, 21001],
    [{ page_size: '101' }, 21001],
    [{ page: '0' }, 21001],
  ])('wants windows and pages as they must be: %o', async (wrong, code) => {
    expect((await increment(await start(), wrong)).error.error_code).toBe(code)
  })

  it('wants the end of a window three minutes back, unless told otherwise', async () => {
    const strict = await start({ tailSeconds: 180 })
    const window = (end: number) => ({ start_updated_at: at(end - 1800), end_updated_at: at(end) })
    const late = await increment(strict, window(-170))
    expect(late.error).toMatchObject({ error_code: 21001, sub_msg: expect.stringContaining('180') })
    expect(found(await increment(strict, window(-181)))).toMatchObject({ total_count: 0, order_sn_list: [] })
    expect(found(await increment(await start(), window(0)))).toMatchObject({ total_count: 0 })
  })
})

describe('reading orders from the Pinduoduo sandbox', () => {
  it('pages newest first; use_has_next says less; unpaid orders are not there', async () => {
    const shop = await start()
    await sold(shop, 60)
    const raws: Any[] = (await shop.control('orders')).body
    const paid = raws.filter((o) => o.trade.paidAt).map((o) => o.id)
    expect(paid).toHaveLength(56)
    const first = await increment(shop, { page_size: '20' })
    expect(found(first)).toMatchObject({ total_count: 56 })
    expect(found(first)).not.toHaveProperty('has_next')
    const last = await increment(shop, { page_size: '20', page: '3', use_has_next: 'true' })
    expect(found(last)).toMatchObject({ has_next: false })
    expect(found(last)).not.toHaveProperty('total_count')
    const middle = await increment(shop, { page_size: '20', page: '2', use_has_next: 'true' })
    expect(found(middle).has_next).toBe(true)
    expect([...numbers(first), ...numbers(middle), ...numbers(last)].sort()).toEqual(paid.sort())
    const unpaid = raws.find((o) => !o.trade.paidAt).id
    expect((await shop.call('pdd.order.information.get', { order_sn: unpaid })).error).toMatchObject({
      error_code: 50001,
      sub_msg: '订单不属于当前店铺或订单不存在',
    })
    await shop.control(`orders/${unpaid}/pay`, {})
    expect((await single(shop, unpaid)).order_sn).toBe(unpaid)
    const day = { start_confirm_at: at(-3600), end_confirm_at: at(60) }
    const listed = await shop.call('pdd.order.list.get', { ...ALL, ...day, page_size: '50' })
    expect(listed.json.order_list_get_response).toMatchObject({ total_count: 57 })
    const long = { start_confirm_at: at(-86_401), end_confirm_at: at() }
    expect((await shop.call('pdd.order.list.get', { ...ALL, ...long })).error.error_code).toBe(21001)
  })

  it('filters by where orders and refunds stand', async () => {
    const shop = await start()
    await sold(shop, 30)
    const count = async (more: Record<string, string>) => found(await increment(shop, more)).total_count
    expect(await count({ order_status: '2' })).toBe(0)
    expect(await count({ refund_status: '2' })).toBe(1)
    expect(await count({ refund_status: '4' })).toBe(3)
    expect(await count({ refund_status: '1' })).toBe(24)
    expect(await count({ trade_type: '1' })).toBe(0)
  })

  it('loses no order that moves between pages for whom reads from the last page on', async () => {
    expect(await missedBy([6, 5, 4, 3, 2, 1])).toEqual([])
    expect(await missedBy([1, 2, 3, 4, 5, 6])).not.toEqual([])
  })

  /** Orders never seen when a window that has ended is read by these pages, one order leaving it after each. */
  async function missedBy(pages: number[]): Promise<string[]> {
    const shop = await start()
    await sold(shop, 60, { hard: false, seed: 1 })
    await new Promise((resolve) => setTimeout(resolve, 2100))
    const window = { start_updated_at: at(-1200), end_updated_at: at(-1), page_size: '10' }
    expect(found(await increment(shop, window)).total_count).toBe(60)
    await shop.control('faults', { changeBetweenPages: 1, seed: 5 })
    const seen = new Set<string>()
    for (const page of pages)
      for (const number of numbers(await increment(shop, { ...window, page: String(page) }))) seen.add(number)
    await shop.control('faults', { off: 1 })
    for (const number of numbers(await increment(shop, { start_updated_at: window.end_updated_at })))
      seen.add(number)
    return (await shop.control('orders')).body.map((o: Any) => o.id).filter((id: string) => !seen.has(id))
  }

  it('states amounts as numbers in yuan that add up, whoever pays a discount', async () => {
    const shop = await start()
    await sold(shop, 60)
    const fen = (yuan: number) => {
      expect(Math.abs(yuan * 100 - Math.round(yuan * 100))).toBeLessThan(1e-6)
      return Math.round(yuan * 100)
    }
    for (const o of found(await increment(shop)).order_sn_list as Any[]) {
      const [item] = o.item_list
      expect(fen(item.goods_price) * item.goods_count - fen(o.order_change_amount)).toBe(fen(o.goods_amount))
      expect(fen(o.seller_discount) + fen(o.platform_discount)).toBe(fen(o.discount_amount))
      expect(fen(o.goods_amount) - fen(o.discount_amount) + fen(o.postage)).toBe(fen(o.pay_amount))
      expect([o.pay_type, o.pay_no]).toEqual(['', ''])
    }
  })

  it('enciphers the receiver while an order waits and hides it afterwards', async () => {
    const shop = await start()
    await sold(shop, 30)
    const shared = new Map<string, string>()
    for (const raw of (await shop.control('orders')).body.filter((o: Any) => o.trade.paidAt) as Any[]) {
      const answer = await shop.call('pdd.order.information.get', { order_sn: raw.id })
      const { name, mobile, address } = raw.trade.receiver
      for (const secret of [mobile, address]) expect(answer.text).not.toContain(secret)
      if (name.length > 1) expect(answer.text).not.toContain(name)
      const info = answer.json.order_info_get_response.order_info
      const secret = [info.receiver_name, info.receiver_phone, info.receiver_address, info.address]
      if (raw.trade.refunds.length > 0) expect(secret).toEqual(['', '', '', ''])
      else for (const text of secret) expect(text).toMatch(/^~[\w+/=]+~[\w+/=]+~1~~$/)
      expect(info.receiver_phone_mask).toMatch(/^138\*{4}\d{4}$/)
      const whose = JSON.stringify(raw.trade.receiver)
      expect(shared.get(whose) ?? info.open_address_id).toBe(info.open_address_id)
      shared.set(whose, info.open_address_id)
    }
    const waiting = found(await increment(shop, { refund_status: '1' })).order_sn_list[0]
    expect(waiting.receiver_name).not.toBe('')
    await shop.control(`orders/${waiting.order_sn}/ship`, { company: '44', number: 'SF00000001' })
    const shipped = await single(shop, waiting.order_sn)
    expect(shipped).toMatchObject({
      order_status: 2,
      receiver_name: '',
      address: '',
      tracking_number: 'SF00000001',
    })
    expect(shipped.receiver_name_mask).toBe(waiting.receiver_name_mask)
  })

  it('shows an index that lags', async () => {
    const shop = await start()
    await sold(shop, 3, { hard: false })
    await shop.control('faults', { searchLag: { probability: 1, min: 60_000 } })
    expect(found(await increment(shop)).total_count).toBe(0)
    const [raw] = (await shop.control('orders')).body
    expect(await single(shop, raw.id)).toMatchObject({ order_sn: raw.id, order_status: 1 })
  })
})

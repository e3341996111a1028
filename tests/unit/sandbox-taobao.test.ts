import { afterEach, describe, expect, it } from 'vitest'
import type { TaobaoOptions } from '../../src/sandbox/taobao/options.ts'
import { startTaobao } from '../../src/sandbox/taobao/server.ts'
import { signatureOf } from '../../src/sandbox/taobao/sign.ts'
import { APP, beijing, type TopAnswer, topClient } from '../support/top-client.ts'

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

const MINUTE = 60_000
const sold = (shop: Shop, count: number, more: object = {}) =>
  shop.control('orders', { count, seed: 7, hard: true, ...more })

/** The window of everything that happened in the last minutes. */
const lately = () => ({
  start_modified: beijing(Date.now() - 20 * MINUTE),
  end_modified: beijing(Date.now() + MINUTE),
})

const increment = (shop: Shop, more: Record<string, string> = {}): Promise<TopAnswer> =>
  shop.call('taobao.trades.sold.increment.get', {
    fields: 'tid,tid_str,status,modified',
    ...lately(),
    ...more,
  })

const tids = (answer: TopAnswer): string[] => (answer.body.trades?.trade ?? []).map((t: Any) => t.tid_str)

async function full(shop: Shop, tid: string): Promise<Any> {
  const fields =
    'tid,status,payment,total_fee,post_fee,discount_fee,orders,modified,pay_time,receiver_name,receiver_mobile,receiver_address,oaid,buyer_message'
  return (await shop.call('taobao.trade.fullinfo.get', { fields, tid })).body.trade
}

describe('the signature of TOP', () => {
  // computed with another language's library from made-up inputs
  const inputs = {
    method: 'taobao.trade.fullinfo.get',
    app_key: '87654321',
    session: 'made-up',
    timestamp: '2026-03-01 10:00:00',
    format: 'json',
    v: '2.0',
    fields: 'tid,orders',
    tid: '4100000000000000001',
    buyer_nick: '',
    sign: 'never part of itself',
  }
  it.each([
    ['md5', '0148551EE4C7BB63BC6ED56E7A7B0829'],
    ['hmac', '760BBADF4EECAF69478A1674D2A4A44A'],
    ['hmac-sha256', '02665C420A337C6C1B3EF8DB4F7423EC9EA9696E04A78FEF0E6431053BD22816'],
  ])('by %s', (sign_method, expected) => {
    expect(signatureOf(new Map(Object.entries({ ...inputs, sign_method })), 'made-up-secret')).toBe(expected)
  })

  it.each(['md5', 'hmac', 'hmac-sha256'])(
    '%s opens the gate, in a form and in the query',
    async (sign_method) => {
      const shop = await start()
      for (const query of [false, true]) {
        const { body } = await shop.call('taobao.time.get', {}, { common: { sign_method }, query })
        expect(body.time).toMatch(/^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/)
      }
    },
  )
})

describe('the gate of the Taobao sandbox', () => {
  const now = Date.now()
  it.each<[string, Record<string, string | undefined>, number]>([
    ['a wrong signature', { sign: 'A'.repeat(32) }, 25],
    ['no signature', { sign: '' }, 24],
    ['an unknown digest', { sign_method: 'sha1', sign: 'A'.repeat(40) }, 25],
    ['no digest', { sign_method: undefined, sign: 'A'.repeat(32) }, 40],
    ['a stranger', { app_key: '1' }, 29],
    ['nobody', { app_key: undefined }, 28],
    ['no clock', { timestamp: undefined }, 30],
    ['seconds for a clock', { timestamp: String(Math.floor(now / 1000)) }, 31],
    ['the clock of UTC', { timestamp: beijing(now - 28_800_000) }, 31],
    ['a clock eleven minutes late', { timestamp: beijing(now - 11 * MINUTE) }, 31],
    ['a clock eleven minutes early', { timestamp: beijing(now + 11 * MINUTE) }, 31],
    ['a day that is none', { timestamp: '2026-02-30 10:00:00' }, 31],
    ['another version', { v: '1.0' }, 33],
    ['no version', { v: undefined }, 32],
    ['the default form, XML', { format: undefined }, 23],
    ['no session', { session: undefined }, 26],
    ['a foreign session', { session: 'stolen' }, 27],
    ['no method', { method: undefined }, 21],
    ['a method that is not there', { method: 'taobao.item.get' }, 22],
  ])('refuses %s in a 200', async (_, common, code) => {
    const shop = await start()
    const answer = await shop.call('taobao.trades.sold.get', { fields: 'tid' }, { common })
    expect([answer.status, answer.error?.code]).toEqual([200, code])
    expect(answer.error.request_id).toBeTruthy()
  })

  it('takes a clock nine minutes off, and a parameter that was not signed for a forgery', async () => {
    const shop = await start()
    const late = { common: { timestamp: beijing(Date.now() - 9 * MINUTE) } }
    expect((await shop.call('taobao.time.get', {}, late)).body).toBeDefined()
    const forged = await shop.call(
      'taobao.trades.sold.get',
      { fields: 'tid' },
      { unsigned: { page_no: '2' } },
    )
    expect(forged.error).toMatchObject({ code: 25, msg: 'Invalid signature' })
  })

  it.each<[Record<string, string>, number]>([
    [{ fields: '' }, 40],
    [{ start_modified: '' }, 40],
    [{ start_modified: beijing(now), end_modified: beijing(now) }, 41],
    [{ start_modified: beijing(now), end_modified: beijing(now - 1000) }, 41],
    [{ start_modified: beijing(now - 86_401_000), end_modified: beijing(now) }, 41],
    [{ start_modified: '2026-11-01T10:00:00Z' }, 41],
    [{ page_size: '101' }, 41],
    [{ page_no: '0' }, 41],
  ])('wants windows and pages as they must be: %o', async (wrong, code) => {
    expect((await increment(await start(), wrong)).error.code).toBe(code)
  })

  it('takes a window of exactly a day', async () => {
    const shop = await start()
    const day = { start_modified: beijing(now - 86_400_000), end_modified: beijing(now) }
    expect((await increment(shop, day)).body).toMatchObject({ total_results: 0 })
  })
})

describe('reading trades from the Taobao sandbox', () => {
  it('pages newest first; use_has_next says less', async () => {
    const shop = await start()
    await sold(shop, 45)
    const counted = await increment(shop, { page_size: '20' })
    expect(counted.body).toMatchObject({ total_results: 45 })
    expect(counted.body).not.toHaveProperty('has_next')
    const last = await increment(shop, { page_size: '20', page_no: '3', use_has_next: 'true' })
    expect(last.body).toMatchObject({ has_next: false })
    expect(last.body).not.toHaveProperty('total_results')
    expect(tids(last)).toHaveLength(5)
    expect((await increment(shop, { page_size: '20', use_has_next: 'true' })).body.has_next).toBe(true)
    const beyond = await increment(shop, { page_size: '20', page_no: '4' })
    expect(beyond.body).not.toHaveProperty('trades')
    await new Promise((resolve) => setTimeout(resolve, 1100))
    const oldest = tids(last).at(-1)!
    await shop.control(`orders/${oldest}/note`, { memo: 'later', flag: 2 })
    expect(tids(await increment(shop, { page_size: '20' }))[0]).toBe(oldest)
  })

  it('states ids as bare numbers beyond 2^53, which JSON.parse makes equal', async () => {
    const shop = await start()
    await sold(shop, 1, { hard: false, seed: 2 })
    const [raw] = (await shop.control('orders')).body
    const answer = await shop.call('taobao.trade.fullinfo.get', { fields: 'tid,orders', tid: raw.id })
    expect(answer.text).toContain(`"tid":${raw.id},`)
    for (const line of raw.lines) expect(answer.text).toContain(`"oid":${line.id},`)
    expect(Number(raw.id)).toBeGreaterThan(Number.MAX_SAFE_INTEGER)
    expect(String(JSON.parse(answer.text).trade_fullinfo_get_response.trade.tid)).not.toBe(raw.id)
  })

  it('loses no trade that moves between pages for whom reads from the last page on', async () => {
    const back = await walk('backward')
    expect(back.missed).toEqual([])
    const forward = await walk('forward')
    expect(forward.missed).not.toEqual([])
  })

  /** Reads a window that has ended, in pages of 10, while a trade leaves it after every page. */
  async function walk(direction: 'forward' | 'backward'): Promise<{ missed: string[] }> {
    const shop = await start()
    await sold(shop, 60, { seed: 1 })
    await new Promise((resolve) => setTimeout(resolve, 2100))
    const window = {
      start_modified: beijing(Date.now() - 20 * MINUTE),
      end_modified: beijing(Date.now() - 1000),
      page_size: '10',
    }
    expect((await increment(shop, window)).body.total_results).toBe(60)
    await shop.control('faults', { changeBetweenPages: 1, seed: 5 })
    const seen = new Set<string>()
    const pages = [1, 2, 3, 4, 5, 6]
    for (const page of direction === 'forward' ? pages : pages.reverse())
      for (const tid of tids(await increment(shop, { ...window, page_no: String(page) }))) seen.add(tid)
    await shop.control('faults', { off: 1 })
    // what left the window is in a later one
    for (const tid of tids(await increment(shop, { start_modified: window.end_modified, page_size: '100' })))
      seen.add(tid)
    const all: Any[] = (await shop.control('orders')).body
    return { missed: all.map((o) => o.id).filter((id) => !seen.has(id)) }
  }

  it('shows an index that lags: the trade is there, the list does not know it yet', async () => {
    const shop = await start()
    await sold(shop, 3, { hard: false })
    await shop.control('faults', { searchLag: { probability: 1, min: 60_000 } })
    expect((await increment(shop)).body.total_results).toBe(0)
    const [raw] = (await shop.control('orders')).body
    expect((await full(shop, raw.id)).status).toBe('WAIT_SELLER_SEND_GOODS')
    await shop.control('faults', { off: 1 })
    expect((await increment(shop)).body.total_results).toBe(3)
  })

  it('shows parts in lists, the whole in the single trade, and of both what was asked for', async () => {
    const shop = await start()
    await sold(shop, 30)
    const fields = 'tid,buyer_message,receiver_address,orders.oid,orders.num'
    const window = { start_created: beijing(Date.now() - MINUTE), end_created: beijing(Date.now() + MINUTE) }
    const list = (await shop.call('taobao.trades.sold.get', { fields, page_size: '100', ...window })).body
    for (const trade of list.trades.trade) {
      expect(Object.keys(trade).sort()).toEqual(['orders', 'tid'])
      expect(Object.keys(trade.orders.order[0])).toEqual(['oid', 'num'])
    }
    const raws: Any[] = (await shop.control('orders')).body
    const wrote = raws.find((o) => o.note)
    expect((await full(shop, wrote.id)).buyer_message).toBe(wrote.note)
    const waiting = await shop.call('taobao.trades.sold.get', {
      fields: 'tid',
      status: 'WAIT_BUYER_PAY',
      ...window,
    })
    expect(waiting.body.total_results).toBe(1)
    expect((await shop.call('taobao.trade.fullinfo.get', { fields: 'tid', tid: '41' })).error).toMatchObject({
      code: 15,
      sub_code: 'isv.trade-not-exist',
    })
  })

  it('adds up to the fen, in yuan with two decimals', async () => {
    const shop = await start()
    await sold(shop, 60)
    const fen = (yuan: string) => {
      expect(yuan).toMatch(/^-?\d+\.\d{2}$/)
      return Math.round(Number(yuan) * 100)
    }
    for (const raw of (await shop.control('orders')).body as Any[]) {
      const trade = await full(shop, raw.id)
      const lines: Any[] = trade.orders.order
      const divided = lines.reduce((sum, l) => sum + fen(l.divide_order_fee), 0)
      if (raw.trade.refunds.length === 0) expect(divided + fen(trade.post_fee)).toBe(fen(trade.payment))
      for (const l of lines) {
        expect(fen(l.price) * l.num + fen(l.adjust_fee) - fen(l.discount_fee)).toBe(fen(l.total_fee))
        expect(fen(l.total_fee) - fen(l.part_mjz_discount ?? '0.00')).toBe(fen(l.divide_order_fee))
      }
      const shares = lines.reduce((sum, l) => sum + fen(l.part_mjz_discount ?? '0.00'), 0)
      expect(shares).toBe(fen(trade.discount_fee))
    }
  })

  it('never shows whom it goes to: only masks, and an identity of receiver and instant', async () => {
    const shop = await start()
    await sold(shop, 30)
    const oaids = new Map<string, string>()
    for (const raw of (await shop.control('orders')).body as Any[]) {
      const answer = await shop.call('taobao.trade.fullinfo.get', {
        fields:
          'tid,receiver_name,receiver_mobile,receiver_address,receiver_state,oaid,buyer_nick,title,orders',
        tid: raw.id,
      })
      const { name, mobile, address } = raw.trade.receiver
      for (const secret of [mobile, address, raw.trade.buyer.nick]) expect(answer.text).not.toContain(secret)
      if (name.length > 1) expect(answer.text).not.toContain(name)
      expect(answer.body.trade.receiver_mobile).toMatch(/^\*{7}\d{4}$/)
      const whose = JSON.stringify([raw.trade.receiver, raw.trade.placedAt])
      expect(oaids.get(whose) ?? answer.body.trade.oaid).toBe(answer.body.trade.oaid)
      oaids.set(whose, answer.body.trade.oaid)
    }
    expect(new Set(oaids.values()).size).toBe(oaids.size)
    expect(oaids.size).toBeGreaterThan(5)
  })
})

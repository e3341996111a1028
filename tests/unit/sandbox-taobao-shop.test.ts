import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { compareAll } from '../../src/sandbox/compare/compare.ts'
import { expectedOf } from '../../src/sandbox/compare/expected.ts'
import { fromNaive } from '../../src/sandbox/compare/found.ts'
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

describe('authorisation in the Taobao sandbox', () => {
  const token = async (shop: Shop, form: Record<string, string>) => {
    const common = { client_id: APP.appKey, client_secret: APP.appSecret }
    const body = new URLSearchParams({ ...common, ...form })
    const response = await fetch(`${shop.url}/token`, { method: 'POST', body })
    return { status: response.status, body: (await response.json()) as Any }
  }
  const works = async (shop: Shop, session: string) =>
    (await shop.call('taobao.trades.sold.get', { fields: 'tid' }, { common: { session } })).error?.sub_code ??
    'yes'

  it('a code buys one session, a refresh the next, a new grant ends them all', async () => {
    const shop = await start()
    expect(await works(shop, APP.session)).toBe('yes')
    const page = `${shop.url}/authorize?client_id=${APP.appKey}&redirect_uri=http://127.0.0.1:9/back&state=s1`
    const sent = await fetch(page, { redirect: 'manual' })
    const back = new URL(sent.headers.get('location')!)
    expect([sent.status, back.searchParams.get('state')]).toEqual([302, 's1'])
    expect(await works(shop, APP.session)).toBe('invalid-sessionkey')
    const grant = {
      grant_type: 'authorization_code',
      code: back.searchParams.get('code')!,
      redirect_uri: 'http://x',
    }
    expect((await token(shop, { ...grant, client_secret: 'wrong' })).status).toBe(400)
    const { body } = await token(shop, grant)
    expect(body).toMatchObject({
      token_type: 'Bearer',
      expires_in: 86_400,
      taobao_user_id: expect.any(String),
    })
    expect((await token(shop, grant)).body.error).toBe('invalid_grant')
    expect(await works(shop, body.access_token)).toBe('yes')
    const { refresh_token } = body
    const next = (await token(shop, { grant_type: 'refresh_token', refresh_token })).body
    expect(await works(shop, body.access_token)).toBe('invalid-sessionkey')
    expect(await works(shop, next.access_token)).toBe('yes')
    await shop.control('session/expire', {})
    expect(await works(shop, next.access_token)).toBe('session-expired')
    const twin = await shop.call('taobao.top.auth.token.refresh', { refresh_token: next.refresh_token })
    const third = JSON.parse(twin.body.token_result)
    expect(await works(shop, third.access_token)).toBe('yes')
    const { code } = (await shop.control('authorize', {})).body
    expect(await works(shop, third.access_token)).toBe('invalid-sessionkey')
    const fourth = await shop.call('taobao.top.auth.token.create', { code })
    expect(await works(shop, JSON.parse(fourth.body.token_result).access_token)).toBe('yes')
  })

  it('a session ends by itself, and no refresh outlives the grant', async () => {
    const shop = await start({ accessSeconds: 1, refreshSeconds: 1 })
    await new Promise((resolve) => setTimeout(resolve, 1100))
    expect(await works(shop, APP.session)).toBe('session-expired')
    const late = await token(shop, {
      grant_type: 'refresh_token',
      refresh_token: `refresh-of-${APP.session}`,
    })
    expect(late.body.error).toBe('invalid_grant')
  })
})

describe('the Taobao sandbox', () => {
  it('lets only so many calls through a second', async () => {
    const shop = await start({ callsPerSecond: 2 })
    const answers = await Promise.all(Array.from({ length: 12 }, () => shop.call('taobao.time.get')))
    const limited = answers.filter((a) => a.error?.code === 7)
    expect(limited.length).toBeGreaterThanOrEqual(6)
    expect(new Set(answers.map((a) => a.status))).toEqual(new Set([200]))
    expect(limited[0]!.error.sub_code).toBe('accesscontrol.limited-by-api-access-count')
  })

  it('comes back from its log with all it held', async () => {
    const log = join(mkdtempSync(join(tmpdir(), 'taobao-')), 'shop.jsonl')
    const shop = await start({ log })
    await shop.call('taobao.tmc.user.permit', {})
    await shop.control('orders', { count: 40, hard: true, seed: 3 })
    const { id } = await tradeOf(shop, 2)
    await offline(shop, id)
    const { code } = (await shop.control('authorize', {})).body
    const grant = JSON.parse((await shop.call('taobao.top.auth.token.create', { code })).body.token_result)
    await shop.control('stock', { sku: 'TEA-001', quantity: 5 })
    const all = (on: Shop) =>
      Promise.all(
        ['orders', 'expected', 'goods', 'messages'].map(async (what) => (await on.control(what)).body),
      )
    const before = await all(shop)
    await open.pop()!.close()
    const again = await start({ log })
    expect(await all(again)).toEqual(before)
    const common = { session: grant.access_token }
    expect((await again.call('taobao.trades.sold.get', { fields: 'tid' }, { common })).body).toBeDefined()
  })

  it('makes a paced stream with later changes', async () => {
    const shop = await start()
    const asked = { count: 60, rate: 300, hard: true, seed: 4, changes: true, changeWithin: 300 }
    expect((await shop.control('orders', asked)).status).toBe(202)
    let stream: Any
    do {
      await new Promise((resolve) => setTimeout(resolve, 50))
      stream = (await shop.control('stats')).body.streams[0]
    } while (stream.created < 60 || stream.changesDone < stream.changesDue)
    expect(stream.changesDue).toBeGreaterThan(3)
    const kinds = (await shop.control('expected')).body.flatMap((e: Any) => e.changes.map((c: Any) => c.kind))
    expect(kinds.length).toBeGreaterThan(3)
  })

  it('declares what the ERP must hold: documents made of the protocol alone pass the comparer', async () => {
    const shop = await start()
    await shop.control('orders', { count: 90, hard: true, seed: 5 })
    const orders = (await shop.control('orders')).body
    const expected = (await shop.control('expected')).body
    const wanted = expected.filter((e: Any) => e.expect === 'document')
    const documents = await Promise.all(wanted.map((e: Any) => documentOf(shop, e.orderId)))
    const right = compareAll(orders, expected, documents.map(fromNaive), {}, expectedOf)
    expect(right.differences).toEqual([])
    expect(right).toMatchObject({ orders: 90, matched: 90, documents: wanted.length })
    expect(right.parkedExpected.length).toBeGreaterThan(5)
    documents[3].lines[0].amount = '0.01'
    expect(
      compareAll(orders, expected, documents.map(fromNaive), {}, expectedOf).differences.length,
    ).toBeGreaterThan(0)
  })

  /** The document for a trade, from what the protocol says of it and its refunds. */
  async function documentOf(shop: Shop, tid: string): Promise<Any> {
    const fields = 'tid,post_fee,orders,payment'
    const { trade } = (await shop.call('taobao.trade.fullinfo.get', { fields, tid })).body
    const fen = (yuan: string) => Math.round(Number(yuan) * 100)
    const rows: Any[] = trade.orders.order
      .filter((o: Any) => o.status !== 'TRADE_CLOSED')
      .map((o: Any) => ({
        ref: o.oid,
        item: o.outer_sku_id ?? o.outer_iid,
        quantity: String(o.num),
        fen: fen(o.divide_order_fee),
      }))
    if (fen(trade.post_fee) > 0)
      rows.push({ ref: 'shipping', item: 'SHIPPING', quantity: '1', fen: fen(trade.post_fee) })
    const total = rows.reduce((sum, r) => sum + r.fen, 0)
    return {
      id: `D${tid}`,
      reference: '',
      state: 'confirmed',
      source: tid,
      number: tid,
      currency: 'CNY',
      total: (total / 100).toFixed(2),
      lines: rows.map(({ fen: f, ...row }) => ({ ...row, amount: (f / 100).toFixed(2), tax: '0.00' })),
    }
  }
})

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CARDS, cardOf, generateOrder } from '../../src/sandbox/douyin/generate.ts'
import { orderAmount } from '../../src/sandbox/douyin/order.ts'
import { canonicalParam, signCall, signPush } from '../../src/sandbox/douyin/sign.ts'
import {
  type Any,
  type Asked,
  big,
  call,
  canonical,
  control,
  KEY,
  SECRET,
  SHOP,
  tokenOf,
} from '../support/douyin-client.ts'
import { ALL, douyinShops, HOUR, nowSeconds, subCode } from '../support/douyin-shop.ts'

const { start, open, close } = douyinShops()
let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sandbox-douyin-'))
})
afterEach(async () => {
  await close()
  rmSync(folder, { recursive: true })
})

describe('the gateway of the Douyin sandbox', () => {
  it('signs as independent implementations do', () => {
    const signed = {
      appKey: KEY,
      method: 'order.searchList',
      paramJson: '{"page":0,"size":100,"update_time_end":1709258400,"update_time_start":1709256600}',
      timestamp: '1709258400',
      v: '2',
    }
    expect(signCall(SECRET, signed, 'hmac-sha256')).toBe(
      'dba5a49771a29e24adafc9d9233d23e69e52e45d519bb21c93f7ef8ac9d30993',
    )
    expect(signCall(SECRET, signed, 'md5')).toBe('41e90b473b81e5e24700bc5c3da4be00')
    expect(canonicalParam('{"c":1,"b":[{"n":1,"m":2}],"a":{"y":"中<文>&","x":1}}')).toBe(
      '{"a":{"x":1,"y":"中<文>&"},"b":[{"m":2,"n":1}],"c":1}',
    )
    const push = `[{"tag":"100","msg_id":"69000:0:1","data":{"p_id":4781320682406083640,"shop_id":4463798}}]`
    expect(signPush(KEY, push, SECRET)).toBe('0b258a94072c5554d6390a4d9e1295b8')
  })

  it('takes both signatures, seconds and text in China time, and any order of keys in the body', async () => {
    const { ask } = await open(3)
    const china = new Date(Date.now() + 8 * HOUR * 1000).toISOString().slice(0, 19).replace('T', ' ')
    const shuffled = `{ "size":10.0 ,"update_time_start":${nowSeconds() - HOUR},"page":0}`
    const params = { page: 0, size: 10, update_time_start: nowSeconds() - HOUR }
    for (const asked of [{}, { by: 'md5' as const }, { timestamp: china }, { body: shuffled }]) {
      const answer = await ask('order.searchList', params, asked)
      expect(answer).toMatchObject({ code: 10000, msg: 'success', data: { total: 3 } })
      expect(answer.log_id).toMatch(/^\d{14}/)
    }
  })

  it.each<[string, string, Asked]>([
    ['a wrong secret', '40003 isv.signature-invalid', { secret: 'other' }],
    ['another body than the signed one', '40003 isv.signature-invalid', { body: '{"page":0,"size":9}' }],
    ['an empty signature', '40001 isv.signature-missing', { query: { sign: '' } }],
    ['a body that is no JSON', '40003 isv.parameter-format-invalid', { body: 'page=0' }],
    ['an old timestamp', '40003 isv.timestamp-invalid', { timestamp: String(nowSeconds() - 3600) }],
    ['milliseconds', '40003 isv.timestamp-format-error', { timestamp: String(Date.now()) }],
    ['another app', '40003 isv.app-id-invalid', { query: { app_key: '1' } }],
    ['another path', '70000 isp.api-service-off', { path: '/order/list' }],
    ['no token', '40001 isv.access-token-missing', { query: { access_token: '' } }],
    ['a made-up token', '40003 isv.access-token-no-existed', { query: { access_token: 'x' } }],
  ])('refuses %s, inside a 200', async (_, wanted, asked) => {
    const { ask } = await open(1)
    expect(subCode(await ask('order.searchList', ALL, asked))).toBe(wanted)
  })

  it('refuses md5 where the shop says so, and calls beyond its pace', async () => {
    const { ask } = await open(1, { hmacOnly: true, callsPerSecond: 2 })
    expect(subCode(await ask('order.searchList', ALL, { by: 'md5' }))).toContain('signature-invalid')
    const codes = await Promise.all(
      Array.from({ length: 6 }, async () => (await ask('order.searchList', ALL)).code),
    )
    expect(codes.filter((code) => code === 10000).length).toBeLessThanOrEqual(3)
    expect(codes).toContain(60000)
  })
})

describe('tokens', () => {
  it('go by grant and shop, live on with their end, and are renewed by refresh', async () => {
    const { url } = await start({ tokenLife: 4, code: 'c0de' })
    const create = (params: object) => call(url, 'token.create', params)
    expect(subCode(await create({ grant_type: 'other', code: '' }))).toContain('grant-type-invalid')
    expect(subCode(await create({ grant_type: 'authorization_self', shop_id: '1' }))).toContain(
      'no-authorization',
    )
    expect(subCode(await create({ grant_type: 'authorization_code', code: 'x' }))).toContain('code-invalid')
    const first = (await create({ grant_type: 'authorization_code', code: 'c0de' })).data
    expect(first.expires_in).toBeLessThanOrEqual(4)
    expect(first.shop_id).toBe(Number(SHOP))
    const same = (await create({ grant_type: 'authorization_self', test_shop: '1' })).data
    expect(same.access_token).toBe(first.access_token)
    await control(url, 'tokens/expire', {})
    expect(subCode(await call(url, 'order.searchList', ALL, { token: first.access_token }))).toContain(
      'token-expired',
    )
    const refresh = (token: string) =>
      call(url, 'token.refresh', { grant_type: 'refresh_token', refresh_token: token })
    const next = (await refresh(first.refresh_token)).data
    expect(next.access_token).not.toBe(first.access_token)
    expect((await call(url, 'order.searchList', ALL, { token: next.access_token })).code).toBe(10000)
    expect(subCode(await refresh(first.refresh_token))).toContain('token-invalid')
  })

  it('can end in the middle of a job, and outlive the process', async () => {
    const log = join(folder, 'shop.jsonl')
    const { url, ask, token } = await open(3, { log })
    await control(url, 'faults', { tokenExpired: { probability: 1, times: 1 } })
    expect(subCode(await ask('order.searchList', ALL))).toContain('token-expired')
    expect(subCode(await ask('order.searchList', ALL))).toContain('token-expired')
    const fresh = await tokenOf(url)
    expect(fresh).not.toBe(token)
    await close()
    const again = await start({ log })
    const answer = await call(again.url, 'order.searchList', ALL, { token: fresh })
    expect(answer.data.total).toBe(3)
  })
})

describe('orders', () => {
  it('are paged by windows, newest first unless asked otherwise', async () => {
    const { ask } = await open(130)
    const ids: string[] = []
    for (let page = 0; ; page += 1) {
      const { data } = await ask('order.searchList', { ...ALL, page, size: 50, order_asc: true })
      expect(data).toMatchObject({ page, size: 50, total: 130 })
      if (data.shop_order_list.length === 0) break
      ids.push(...data.shop_order_list.map((o: Any) => o.order_id))
    }
    expect(new Set(ids).size).toBe(130)
    const { data } = await ask('order.searchList', { ...ALL, size: 1 })
    expect(data.shop_order_list[0].order_id).toBe(ids.at(-1))
  })

  it('says what is wrong with a window, a page or a size', async () => {
    const { ask } = await open(1)
    const code = async (params: object) => (await ask('order.searchList', params)).sub_code
    expect(await code({ ...ALL, size: 101 })).toBe('isv.parameter-invalid:20008')
    expect(await code({ ...ALL, page: -1 })).toBe('isv.parameter-invalid:10035')
    expect(await code({ ...ALL, page: 501, size: 100 })).toBe('isv.parameter-invalid:20013')
    expect(await code({ page: 0, size: 10 })).toBe('isv.parameter-invalid:20011')
    const old = { page: 0, size: 10, create_time_start: nowSeconds() - 91 * 86_400 }
    expect(await code(old)).toBe('isv.parameter-invalid:20022')
    expect((await ask('order.searchList', { ...ALL, size: 'many' })).code).toBe(40004)
  })

  it('have amounts in fen that add up, sealed receivers, and ids beyond 2^53', async () => {
    const { ask } = await open(96)
    const { data, text } = await ask('order.searchList', ALL)
    for (const o of data.shop_order_list as Any[]) {
      const sum = (field: string) => o.sku_order_list.reduce((n: number, s: Any) => n + s[field], 0)
      expect(o.order_id).toMatch(/^\d{19}$/)
      expect(o.promotion_amount).toBe(
        o.promotion_shop_amount + o.promotion_platform_amount + o.promotion_talent_amount,
      )
      expect(o.order_amount).toBe(
        sum('sum_amount') + sum('modify_amount') - sum('promotion_amount') + o.post_amount,
      )
      expect(sum('order_amount')).toBe(o.order_amount)
      expect(o.pay_amount).toBe(o.pay_time === 0 ? 0 : o.order_amount)
      expect(o.encrypt_post_receiver).toMatch(/^##.+\*.+#1##$/)
      expect(o.encrypt_post_tel).toMatch(/^\$\$.+\*.+\$1\$\$$/)
      expect(o.mask_post_tel).toMatch(/^1\d\d\*{4}\d{4}$/)
      expect(o.post_addr.encrypt_detail).toMatch(/^##/)
      for (const s of o.sku_order_list) expect(s.product_id_str).toMatch(/^366020742803897\d{4}$/)
    }
    expect(text).toMatch(/"product_id":366020742803897\d{4},"product_id_str"/)
    expect(text).not.toMatch(/张伟|13800000001|芳甸路/)
    const known = new Map<string, string>()
    for (const o of data.shop_order_list as Any[]) {
      const where = `${o.mask_post_receiver} ${o.mask_post_addr.detail}`
      expect(known.get(where) ?? o.open_address_id).toBe(o.open_address_id)
      known.set(where, o.open_address_id)
    }
    expect(new Set(known.values()).size).toBe(known.size)
  })

  it('deal every difficulty once in a block, and the same again for the same seed', () => {
    const dealt = Array.from({ length: 24 }, (_, i) => cardOf(3, i))
    expect(new Set(dealt)).toEqual(new Set([...CARDS, 'plain']))
    const order = generateOrder(3, 17, 1_800_000_000, true)
    expect(generateOrder(3, 17, 1_800_000_000, true)).toEqual(order)
    for (let i = 0; i < 200; i++) {
      const o = generateOrder(9, i, 1_800_000_000, true)
      expect(orderAmount(o)).toBeGreaterThanOrEqual(0)
      expect(Number.isSafeInteger(orderAmount(o))).toBe(true)
    }
  })

  it('are found by id at once, though the list lags behind', async () => {
    const { url, ask, held } = await open(3)
    await control(url, 'faults', { searchLag: { probability: 1, min: 60_000, max: 60_000 } })
    expect((await ask('order.searchList', ALL)).data.total).toBe(0)
    const [{ id }] = await held()
    expect((await ask('order.orderDetail', { shop_order_id: id })).data.shop_order_detail.order_id).toBe(id)
    expect((await ask('order.orderDetail', { shop_order_id: '1' })).code).toBe(50002)
  })

  it('shift between pages when one of them changes meanwhile', async () => {
    const { url, ask } = await open(60, {}, { hard: false })
    await new Promise((resolve) => setTimeout(resolve, 1100))
    await control(url, 'faults', { changeBetweenPages: 1 })
    const ids: string[] = []
    for (let page = 0; page < 6; page += 1) {
      const { data } = await ask('order.searchList', { ...ALL, page, size: 10 })
      ids.push(...data.shop_order_list.map((o: Any) => o.order_id))
    }
    expect(ids).toHaveLength(60)
    expect(new Set(ids).size).toBeLessThan(60)
  })
})

describe('the signing of the tests', () => {
  it('is not the sandbox’s own', () => {
    expect(canonical({ b: [{ n: 1, m: 2 }], a: { y: '中<文>&', x: big('9007199254740993') } })).toBe(
      '{"a":{"x":9007199254740993,"y":"中<文>&"},"b":[{"m":2,"n":1}]}',
    )
    expect(canonicalParam('{"a":{"y":"中<文>&","x":9007199254740993},"10":1.0,"9":null}')).toBe(
      '{"10":1,"9":null,"a":{"x":9007199254740993,"y":"中<文>&"}}',
    )
  })
})

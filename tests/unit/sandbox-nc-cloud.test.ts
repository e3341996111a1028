import { afterEach, describe, expect, it } from 'vitest'
import { openBody, saltOf, sealBody, signatureOf } from '../../src/sandbox/nc-cloud/crypto.ts'
import type { NcCloudOptions } from '../../src/sandbox/nc-cloud/options.ts'
import { type Running, startNcCloud } from '../../src/sandbox/nc-cloud/server.ts'
import {
  type Any,
  APP_SECRET,
  askToken,
  CENTER,
  CLIENT,
  call,
  control,
  login,
  orderOf,
  QUERY,
  SAVE,
  seal,
  sealedSecret,
  send,
  signed,
  tokenQuery,
} from '../support/nc-cloud-client.ts'

const running: Running[] = []

afterEach(async () => {
  for (const one of running.splice(0)) await one.close()
})

async function start(options: Partial<NcCloudOptions> = {}): Promise<string> {
  const app = { clientId: CLIENT, clientSecret: APP_SECRET, bizCenters: [CENTER] }
  const cloud = await startNcCloud({ ...app, ...options })
  running.push(cloud)
  return cloud.url
}

const session = async (options: Partial<NcCloudOptions> = {}) => login(await start(options))
const codes = async (url: string) => (await control(url, 'bills')).body.map((b: Any) => b.head.vdef1)

describe('the cryptography of the NC Cloud sandbox', () => {
  const key = 'MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA-not-a-real-key-used-only-as-text/+=='

  it('salts and signs as Java does', () => {
    expect(saltOf(key)).toBe('FibWxH+LdSS6o57yaxHVNg==')
    const of = (...parts: string[]) => signatureOf(parts, key, true)
    expect(of(CLIENT, APP_SECRET)).toBe('bff7f6e9ffef2a4c4ca8b161e96353f8fd7e9a68b340b96cd5351ae7513913e2')
    expect(of(CLIENT, APP_SECRET, 'user1', 'pwd1')).toBe(
      'bd16e64e431f290b728d2759c4ee4d49f0fa68d5de6d693725c96d73d8eeeecb',
    )
    expect(of(CLIENT, APP_SECRET, 'refresh-1')).toBe(
      'f992f7d7d9ee9a248453d7822dba1bcb68c072cab6e667e971593d2fefdc6b0c',
    )
    expect(signatureOf([CLIENT, APP_SECRET], key, false)).toBe(
      '2827edd3ecc00bc04c4e32ee413fe041ee24c16660f1885f3183eb3760fdb80c',
    )
    expect(signed(`${CLIENT}${APP_SECRET}`, key, true)).toBe(of(CLIENT, APP_SECRET))
  })

  it('seals bodies as Java does, and opens what the client of the tests sealed', () => {
    const aes = 'MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY='
    const text = '{"code":["01","测试"]}'
    expect(sealBody(text, 'L1', aes)).toBe('hsQD59uAqWo7T7UYtqGBIlkoIxyKMiIh')
    for (const level of ['L0', 'L1', 'L2', 'L3', 'L4'] as const) {
      expect(openBody(seal(text, level, aes), level, aes)).toBe(text)
    }
    expect(() => openBody(seal(text, 'L4', aes), 'L3', aes)).toThrow()
  })
})

describe('tokens of NC Cloud', () => {
  const keyOf = async (url: string) => (await control(url, 'app')).body.publicKey as string

  it('come for a right request, by any grant, and the newest alone is good', async () => {
    const url = await start({ username: 'user1', password: 'pwd1' })
    const key = await keyOf(url)
    const first = await askToken(url, tokenQuery(key))
    expect(first).toMatchObject({ success: true, code: '1000000000', data: { security_level: 'L0' } })
    expect(first.data.expires_in).toBe(1_000_000)
    const password = { grant_type: 'password', username: 'user1', password: sealedSecret('pwd1', key) }
    const second = await askToken(url, tokenQuery(key, password, { parts: ['user1', 'pwd1'] }))
    const refresh = {
      grant_type: 'refresh_token',
      refresh_token: second.data.refresh_token,
      biz_center: null,
    }
    const third = await askToken(url, tokenQuery(key, refresh, { parts: [second.data.refresh_token] }))
    const tokens = [first, second, third].map((t) => t.data.access_token)
    expect(new Set(tokens).size).toBe(3)
    const one = await login(url)
    const old = await call({ ...one, token: third.data.access_token }, QUERY, { vdef1: 'x' })
    expect(old.message).toBe('token失效，请重新获取token')
    expect((await call(one, QUERY, { vdef1: 'x' })).success).toBe(true)
  })

  it('take secrets with line breaks, of several blocks, and of old releases', async () => {
    const long = 'geheim-'.repeat(40)
    const url = await start({ clientSecret: long })
    const key = await keyOf(url)
    const broken = sealedSecret(long, key).replace(/(.{76})/g, '$1\r\n')
    const signature = signed(`${CLIENT}${long}`, key, true)
    expect((await askToken(url, tokenQuery(key, { client_secret: broken, signature }))).success).toBe(true)
    const old = await start({ padding: 'pkcs1', salt: 'none' })
    const oldKey = await keyOf(old)
    const query = tokenQuery(oldKey, {}, { salted: false, padding: 'pkcs1' })
    expect((await askToken(old, query)).success).toBe(true)
    expect((await askToken(old, tokenQuery(oldKey, {}, { padding: 'pkcs1' }))).message).toContain(
      'verify signature',
    )
  })

  it.each<[string, Record<string, string | null>, string]>([
    ['business centre', { biz_center: '9' }, '无效的账套编码，请检查'],
    ['missing business centre', { biz_center: null }, '无效的账套编码，请检查'],
    ['app', { client_id: 'other' }, 'Third-party applications are not registered'],
    ['plain secret', { client_secret: APP_SECRET }, '解密失败Decryption error'],
    ['signature', { signature: 'x' }, 'Failed to verify signature for get token'],
    ['grant', { grant_type: 'implicit' }, 'unsupported_grant_type'],
  ])('are refused for a wrong %s', async (_, more, message) => {
    const url = await start()
    const answer = await askToken(url, tokenQuery(await keyOf(url), more))
    expect(answer).toEqual({ success: false, code: '', message, data: null })
  })

  it('are refused for a wrong secret, user, refresh token or content type', async () => {
    const url = await start({ username: 'user1', password: 'pwd1' })
    const key = await keyOf(url)
    const text = async (more: Record<string, string | null>, parts: string[] = []) =>
      (await askToken(url, tokenQuery(key, more, { parts }))).message
    expect(await text({ client_secret: sealedSecret('other', key) })).toBe(
      'Third-party applications are not authorized',
    )
    const user = { grant_type: 'password', username: 'user1', password: sealedSecret('no', key) }
    expect(await text(user, ['user1', 'no'])).toBe('用户名或密码错误')
    expect(await text({ grant_type: 'refresh_token', refresh_token: 'x' }, ['x'])).toContain('refresh_token')
    const json = await askToken(url, tokenQuery(key), 'application/json')
    expect(json.message).toContain('Bad request content type')
  })
})

describe('calls', () => {
  it.each(['L0', 'L1', 'L2', 'L3', 'L4'] as const)(
    'save and find an order at level %s',
    async (securityLevel) => {
      const s = await session({ securityLevel })
      const saved = await call(s, SAVE, [orderOf({ vdef20: 'key-1', vnote: '普洱🍵' })])
      expect(saved).toMatchObject({ success: true, code: '1000000000' })
      const [{ so_saleorder: head, so_saleorder_b: rows }] = saved.data
      expect(head.csaleorderid).toMatch(/^1001B1[0-9A-Z]{14}$/)
      expect(head.vbillcode).toMatch(/^SO20261120\d{8}$/)
      expect(rows[0].csaleorderbid).toMatch(/^1001B1/)
      const found = await call(s, QUERY, { vdef20: ['key-1', 'key-2'] })
      expect(found.data).toMatchObject({ total: 1, datas: [{ so_saleorder: { vnote: '普洱🍵' } }] })
      if (securityLevel !== 'L0') {
        const raw = await (await send(s, QUERY, { vdef20: 'key-1' })).text()
        expect(raw).not.toContain('key-1')
      }
    },
  )

  it.each<[string, Record<string, string | null>, string]>([
    ['no client id', { client_id: null }, 'appid参数缺失'],
    ['another client', { client_id: 'other' }, 'Third-party applications are not registered'],
    ['no token', { access_token: null }, 'token失效，请重新获取token'],
    ['a wrong signature', { signature: 'x' }, 'Failed to verify signature for call api'],
    ['no gateway flag', { ucg_flag: null }, '非法请求: 缺少请求头 ucg_flag=y'],
    ['an upper-case flag', { ucg_flag: 'Y' }, '非法请求: 缺少请求头 ucg_flag=y'],
    [
      'a form',
      { 'content-type': 'application/x-www-form-urlencoded' },
      '非法请求: content-type 应为 application/json;charset=utf-8',
    ],
  ])('are refused with %s', async (_, headers, message) => {
    const s = await session()
    expect(await call(s, SAVE, [orderOf()], headers)).toMatchObject({ success: false, message })
    expect(await codes(s.url)).toEqual([])
  })

  it('are refused without the permission, at another level, and after the token’s end', async () => {
    const s = await session({ apis: [SAVE], securityLevel: 'L2' })
    const denied = await call(s, QUERY, { vdef1: 'x' })
    expect(denied).toMatchObject({
      code: '1000000010',
      message: `第三方应用【${CLIENT}】没有【${QUERY}】的权限`,
    })
    const plain = await call({ ...s, level: 'L0' }, SAVE, [orderOf()])
    expect(plain.message).toBe('解密失败Decryption error')
    await control(s.url, 'tokens/expire', {})
    expect((await call(s, SAVE, [orderOf()])).message).toBe('The access_token has expired')
    const aes = await session({ securityLevel: 'L1' })
    expect((await call({ ...aes, level: 'L0' }, SAVE, [orderOf()])).message).toContain(
      'verify signature for call',
    )
  })

  it('want the salt where the release wants it', async () => {
    const url = await start({ salt: 'token' })
    const right = await login(url, { token: true, call: false })
    expect((await call(right, SAVE, [orderOf()])).success).toBe(true)
    const wrong = { ...right, salted: { token: true, call: true } }
    expect((await call(wrong, SAVE, [orderOf()])).message).toContain('verify signature for call')
  })
})

describe('sales orders', () => {
  it('are saved all or none, with their own bill codes unique', async () => {
    const s = await session()
    const save = (...orders: Any[]) => call(s, SAVE, orders)
    const mixed = await save(orderOf(), orderOf({ ccustomerid: '' }))
    expect(mixed).toMatchObject({ success: false, message: 'head: 字段 ccustomerid 不能为空' })
    expect(await codes(s.url)).toEqual([])
    expect((await save(orderOf({ vbillcode: 'K-1' }), orderOf({ vbillcode: 'K-2' }))).success).toBe(true)
    expect((await save(orderOf({ vbillcode: 'K-2' }))).message).toBe('单据号 K-2 已存在')
    expect((await save(orderOf({ vbillcode: 'K-3' }), orderOf({ vbillcode: 'K-3' }))).success).toBe(false)
    expect(await codes(s.url)).toHaveLength(2)
  })

  it.each<[string, Any, string]>([
    ['a missing row field', [orderOf({}, { ctaxcodeid: '' })], 'row 10: 字段 ctaxcodeid 不能为空'],
    [
      'an unknown material',
      [orderOf({}, {}, { cmaterialvid: 'NEW-2026' })],
      '字段不能通过基础档案翻译: material=NEW-2026',
    ],
    [
      'sums that do not hold',
      [orderOf({}, { ntaxmny: '227' })],
      'row 10: 价税合计不平, 必须 ntaxmny = nmny + ntax',
    ],
    ['a number that is none', [orderOf({}, { nnum: 'two' })], 'row 10: 字段 nnum 的值不是 UFDouble'],
    ['no rows', [{ ...orderOf(), so_saleorder_b: [] }], '表体不能为空, 至少需要一行 (so_saleorder_b/item)'],
    ['no body', [{ so_saleorder: {} }], '参数格式错误: 第 1 张单据缺少 so_saleorder_b'],
    ['no array', orderOf(), '参数格式错误: 请求体应为非空数组'],
    ['a negative sale', [orderOf({}, { nnum: -1 })], 'row 10: 数量为负的行必须是退换货行 (fretexchange)'],
    ['a positive return', [orderOf({}, { fretexchange: 1 })], 'row 10: 退货行的数量必须为负'],
  ])('are refused for %s', async (_, body, message) => {
    const s = await session()
    expect(await call(s, SAVE, body)).toMatchObject({ success: false, message })
  })

  it('keep the digits of numbers, and take returns as negative rows', async () => {
    const s = await session()
    const text = JSON.stringify([orderOf({ vdef1: 'exact' })]).replace('"nmny":200,', '"nmny":200.00000000,')
    expect((await call(s, SAVE, text)).success).toBe(true)
    const minus = {
      norigtaxmny: -113,
      norigmny: -100,
      nmny: -100,
      ntax: -13,
      ncaltaxmny: -100,
      ntaxmny: -113,
    }
    const back = orderOf({ vdef1: 'back' }, { nnum: '-1', nastnum: '-1', fretexchange: 1, ...minus })
    expect((await call(s, SAVE, [back])).success).toBe(true)
    const bills: Any[] = (await control(s.url, 'bills')).body
    expect(bills.map((b) => [b.head.vdef1, b.rows[0].nmny])).toEqual([
      ['exact', '200.00000000'],
      ['back', '-100'],
    ])
  })

  it('are changed and deleted while they are free', async () => {
    const s = await session()
    const [{ so_saleorder: head }] = (await call(s, SAVE, [orderOf({ vdef1: 'a' })])).data
    const pk = head.csaleorderid
    const changed = orderOf({ vdef1: 'a', csaleorderid: pk, vnote: 'later' })
    expect((await call(s, SAVE, [changed])).data[0].so_saleorder.vbillcode).toBe(head.vbillcode)
    const foreign = orderOf({ csaleorderid: pk }, { csaleorderbid: 'made up' })
    expect((await call(s, SAVE, [foreign])).message).toBe('行 made up 不存在')
    await control(s.url, `bills/${pk}/approve`, {})
    expect((await call(s, SAVE, [{ ...changed, x: 1 }])).message).toBe('单据已审批, 不能修改')
    const remove = (...pks: string[]) => call(s, '/nccloud/api/so/saleorder/delete', { csaleorderid: pks })
    expect((await remove(pk)).message).toBe('单据已审批, 不能删除')
    const [{ so_saleorder: free }] = (await call(s, SAVE, [orderOf({ vdef1: 'b' })])).data
    expect((await remove(free.csaleorderid, 'none')).success).toBe(false)
    expect((await remove(free.csaleorderid)).data).toEqual({ deleted: [free.csaleorderid] })
    expect(await codes(s.url)).toEqual(['a'])
  })

  it('refuse an identical repeat when asked to, and only then', async () => {
    const s = await session({ repeatWindow: 60_000 })
    const body = [orderOf({ vdef1: 'twice' })]
    expect((await call(s, SAVE, body)).success).toBe(true)
    expect((await call(s, SAVE, body)).message).toBe('重复请求: 相同的请求已处理')
    expect((await call(s, SAVE, body, { repeat_check: null })).success).toBe(true)
    await control(s.url, 'faults', { slow: { probability: 1, times: 1, min: 300, max: 300 } })
    const other = [orderOf({ vdef1: 'at once' })]
    const both = await Promise.all([call(s, SAVE, other), call(s, SAVE, other)])
    expect(both.map((a) => a.success).sort()).toEqual([false, true])
    expect(await codes(s.url)).toEqual(['twice', 'twice', 'at once'])
    const wrong = [orderOf({ ccustomerid: '' })]
    for (let i = 0; i < 2; i++) expect((await call(s, SAVE, wrong)).message).toContain('ccustomerid')
  })

  it('are found by the field that carries a key, by windows, page by page, with a lag on demand', async () => {
    const s = await session()
    for (let i = 0; i < 5; i++) await call(s, SAVE, [orderOf({ vdef20: `key-${i % 2}`, vdef3: 'all' })])
    const page = (pageIndex: number, more: object) => call(s, QUERY, { ...more, pageIndex, pageSize: 2 })
    const keys = async (n: number) =>
      (await page(n, { vdef3: 'all' })).data.datas.map((d: Any) => d.so_saleorder.csaleorderid)
    const all = [...(await keys(1)), ...(await keys(2)), ...(await keys(3))]
    expect(new Set(all).size).toBe(5)
    expect((await page(1, { vdef20: 'key-1' })).data.total).toBe(2)
    expect(
      (await page(1, { ts_start: '2000-01-01 00:00:00', ts_end: '2001-01-01 00:00:00' })).data.total,
    ).toBe(0)
    expect((await page(1, { ts_start: '2020-01-01 00:00:00' })).data.total).toBe(5)
    expect((await call(s, QUERY, {})).message).toBe('查询条件不能为空')
    expect((await call(s, QUERY, { colour: 'red' })).message).toBe('没有查询字段 colour')
    expect((await page(0, { vdef3: 'all' })).success).toBe(false)
    await control(s.url, 'faults', { queryLag: { probability: 1, min: 60_000, max: 60_000 } })
    expect((await page(1, { vdef3: 'all' })).data.total).toBe(0)
  })
})

describe('stock-outs and stock', () => {
  it('are read back by order and window after people have shipped', async () => {
    const s = await session()
    const order = orderOf(
      { vbillcode: 'SO-1' },
      { vbdef1: 'L1' },
      { vbdef1: 'L2', nnum: 3 },
      { vbdef1: 'shipping', cmaterialvid: 'SHIPPING' },
    )
    const [{ so_saleorder: head }] = (await call(s, SAVE, [order])).data
    await control(s.url, 'stock', { material: 'TEA-001', quantity: '10' })
    const part = { order: 'SO-1', lines: [{ row: 'L2', quantity: '1' }], tracking: 'SF001', carrier: 'SF' }
    expect((await control(s.url, 'saleouts', part)).status).toBe(201)
    expect((await control(s.url, 'saleouts', { order: 'SO-1', tracking: 'SF002' })).status).toBe(201)
    expect((await control(s.url, 'saleouts', { order: 'SO-1' })).status).toBe(422)
    const ask = (body: object) => call(s, '/nccloud/api/ic/saleout/query', body)
    const { datas } = (await ask({ csourcebillhid: head.csaleorderid })).data
    expect(datas.map((d: Any) => d.ic_saleout_h.vdef2)).toEqual(['SF001', 'SF002'])
    const lines = datas.flatMap((d: Any) =>
      d.ic_saleout_b.map((b: Any) => [b.vbdef1, b.nnum, b.vsourcebillcode]),
    )
    expect(lines).toEqual([
      ['L2', '1', 'SO-1'],
      ['L1', '2', 'SO-1'],
      ['L2', '2', 'SO-1'],
    ])
    expect((await ask({ ts_start: '2020-01-01 00:00:00', vsourcebillcode: 'SO-2' })).data.total).toBe(0)
    const onHand = await call(s, '/nccloud/api/ic/onhand/query', { cmaterialvid: ['TEA-001', 'CUP-001'] })
    expect(onHand.data.datas).toEqual([
      { cwarehouseid: 'WH01', cmaterialvid: 'TEA-001', nonhandnum: '5', navailnum: '5' },
    ])
  })
})

/** A small WeChat shop (微信小店) as published clients speak to it: JSON, tokens in the query, lists of ids by next_key. */
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

// biome-ignore lint/suspicious/noExplicitAny: orders are looked into freely
type Any = any

export const APP = { appId: 'wx-made-up', appSecret: 'made-up-secret' }
const DAY = 86_400

export type WechatFault = 'html' | 'half' | 'reset-after' | 'empty' | 'busy' | 'not-listed'

class Refused extends Error {
  readonly code: number
  constructor(code: number, why = 'refused') {
    super(why)
    this.code = code
  }
}

/** Paid orders, a second apart, the last at `now` (seconds); every third has a second SKU. */
export function wechatOrders(count: number, now = Math.floor(Date.now() / 1000)): Any[] {
  return Array.from({ length: count }, (_, i) => {
    const at = now - (count - 1 - i)
    const infos = [
      {
        product_id: '10000000000001',
        sku_id: '20000000000001',
        sku_cnt: 3,
        sale_price: 1990,
        sku_code: 'TEA-001',
      },
    ].map((one) => ({ ...one, title: '样例', real_price: one.sku_cnt * one.sale_price - (i % 2) * 70 }))
    if (i % 3 === 0)
      infos.push({
        ...infos[0]!,
        sku_id: '20000000000002',
        sku_cnt: 1,
        sale_price: 9,
        real_price: 9,
        sku_code: 'CUP',
      })
    const goods = infos.reduce((sum, one) => sum + one.real_price, 0)
    return {
      ...{ order_id: String(3_705_115_058_471_200_000n + BigInt(i)), openid: `example-${i}`, status: 20 },
      ...{ create_time: at, update_time: at },
      order_detail: {
        product_infos: infos,
        pay_info: { pay_time: at, transaction_id: `example-${i}`, payment_method: 1 },
        price_info: { product_price: goods, order_price: goods + 600, freight: 600 },
        delivery_info: {
          address_info: { user_name: '张*', tel_number: '138****0000' },
          delivery_product_info: [],
        },
        ext_info: { customer_notes: '', merchant_notes: '' },
      },
    }
  })
}

/** Starts one with some orders. `fault` spoils the next answer but those for tokens; `onPage` runs after each page of ids. */
export async function startWechat(orders: Any[] = []) {
  const shop = {
    ...{ url: '', orders, sales: [] as Any[], products: [] as Any[], calls: [] as string[], parcels: 0 },
    ...{
      token: '',
      tokens: 0,
      fault: null as WechatFault | null,
      onPage: null as (() => void) | null,
      close,
    },
    /** The token that is out there ends now. */
    expire() {
      shop.token = ''
    },
  }
  const server = createServer(async (req, res) => {
    const text = Buffer.concat(await Array.fromAsync(req as AsyncIterable<Buffer>)).toString('utf8')
    const url = new URL(req.url ?? '/', shop.url)
    shop.calls.push(url.pathname)
    if (url.pathname === '/cgi-bin/stable_token') return void send(res, tokenOf(shop, JSON.parse(text)))
    const fault = shop.fault
    shop.fault = null
    if (fault === 'html') return void res.end('<html><body>502</body></html>')
    if (fault === 'not-listed') return void res.writeHead(403).end('Forbidden')
    if (fault === 'busy') return void send(res, { errcode: -1, errmsg: 'system error' })
    send(res, answer(shop, req.method ?? '', url, text), fault)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  shop.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return shop

  function close(): Promise<void> {
    server.closeAllConnections()
    return new Promise((done) => server.close(() => done()))
  }
}

type Shop = Awaited<ReturnType<typeof startWechat>>

function send(res: ServerResponse, body: object, fault: WechatFault | null = null): void {
  const text = JSON.stringify(body)
  if (fault === 'reset-after') return void res.socket?.resetAndDestroy()
  res.setHeader('content-type', 'application/json; encoding=utf-8')
  res.end(fault === 'empty' ? '' : fault === 'half' ? text.slice(0, text.length >> 1) : text)
}

function tokenOf(shop: Shop, given: Any): object {
  if (given.grant_type !== 'client_credential') return { errcode: 40002, errmsg: 'invalid grant_type' }
  if (given.appid !== APP.appId) return { errcode: 40013, errmsg: 'invalid appid' }
  if (given.secret !== APP.appSecret) return { errcode: 40125, errmsg: 'invalid appsecret' }
  if (shop.token === '' || given.force_refresh === true) {
    shop.tokens += 1
    shop.token = `token-${shop.tokens}`
  }
  return { access_token: shop.token, expires_in: 7200 }
}

function answer(shop: Shop, method: string, url: URL, text: string): object {
  try {
    if (url.searchParams.get('access_token') !== shop.token) throw new Refused(42001, 'access_token expired')
    const get = url.pathname === '/channels/ec/basics/info/get'
    if ((method === 'GET') !== get) throw new Refused(43001, 'require another method')
    const work = METHODS[url.pathname]
    if (!work) throw new Refused(48001, 'api unauthorized')
    return { errcode: 0, errmsg: 'ok', ...work(shop, get ? {} : JSON.parse(text)) }
  } catch (error) {
    if (error instanceof Refused) return { errcode: error.code, errmsg: error.message }
    throw error
  }
}

/** A page of ids; `next_key` holds what was asked, which must not change on the way. */
function idsOf(list: Any[], id: string, asked: string, key: string, size: number) {
  const [question, from = '0'] = key === '' ? [asked] : (JSON.parse(key) as [string, string])
  if (question !== asked) throw new Refused(606006, 'next_key does not fit')
  const some = list.slice(Number(from), Number(from) + size)
  const next = Number(from) + some.length
  return {
    ids: some.map((one) => one[id]),
    more: next < list.length,
    next: JSON.stringify([asked, String(next)]),
  }
}

function between(list: Any[], from: unknown, to: unknown, most: number): Any[] {
  if (typeof from !== 'number' || typeof to !== 'number' || from > 1e11)
    throw new Refused(40097, 'invalid time')
  if (!(to > from && to - from <= most)) throw new Refused(40097, 'invalid range')
  return list
    .filter((one) => one.update_time >= from && one.update_time <= to)
    .sort((a, b) => a.update_time - b.update_time)
}

const found = (list: Any[], name: string, id: unknown): Any => {
  const one = list.find((o) => o[name] === id)
  if (!one) throw new Refused(100_002, 'not found')
  return one
}

const METHODS: Record<string, (shop: Shop, given: Any) => object> = {
  '/channels/ec/basics/info/get': () => ({ info: { nickname: '样例小店', username: 'gh_example' } }),
  '/channels/ec/order/list/get': (shop, given) => {
    const { start_time, end_time } = given.update_time_range ?? {}
    if (!(given.page_size <= 100)) throw new Refused(40097)
    const list = between(shop.orders, start_time, end_time, 7 * DAY)
    const page = idsOf(list, 'order_id', `${start_time}-${end_time}`, given.next_key ?? '', given.page_size)
    shop.onPage?.()
    return { order_id_list: page.ids, has_more: page.more, next_key: page.next }
  },
  '/channels/ec/order/get': (shop, given) => ({ order: found(shop.orders, 'order_id', given.order_id) }),
  '/channels/ec/aftersale/getaftersalelist': (shop, given) => {
    const { begin_update_time: from, end_update_time: to, next_key: key = '' } = given
    const page = idsOf(between(shop.sales, from, to, DAY), 'after_sale_order_id', `${from}-${to}`, key, 20)
    return { after_sale_order_id_list: page.ids, has_more: page.more, next_key: page.next }
  },
  '/channels/ec/aftersale/getaftersaleorder': (shop, given) => ({
    after_sale_order: found(shop.sales, 'after_sale_order_id', given.after_sale_order_id),
  }),
  '/channels/ec/product/list/get': (shop, given) => {
    if (!(given.page_size <= 30)) throw new Refused(40097)
    const page = idsOf(shop.products, 'product_id', 'all', given.next_key ?? '', given.page_size)
    return { product_ids: page.ids, next_key: page.more ? page.next : '', total_num: shop.products.length }
  },
  '/channels/ec/product/get': (shop, given) => ({
    product: found(shop.products, 'product_id', given.product_id),
  }),
  '/channels/ec/product/stock/update': (shop, given) => {
    const sku = found(found(shop.products, 'product_id', given.product_id).skus, 'sku_id', given.sku_id)
    if (given.diff_type !== 3 || !Number.isInteger(given.num) || given.num < 0) throw new Refused(40097)
    sku.stock_num = given.num
    return {}
  },
  '/channels/ec/order/delivery/send': (shop, given) => {
    const order = found(shop.orders, 'order_id', given.order_id)
    const info = order.order_detail.delivery_info
    if (order.status !== 20 && order.status !== 21) throw new Refused(10_020_050, 'order cannot be shipped')
    for (const parcel of given.delivery_list) {
      for (const one of parcel.product_infos) take(order, info, one)
      info.delivery_product_info.push({ ...parcel, delivery_time: Math.floor(Date.now() / 1000) })
      shop.parcels += 1
    }
    const left = order.order_detail.product_infos.some((one: Any) => shippedOf(info, one) < one.sku_cnt)
    Object.assign(order, { status: left ? 21 : 30, update_time: Math.floor(Date.now() / 1000) })
    return {}
  },
}

const shippedOf = (info: Any, { sku_id }: Any): number =>
  info.delivery_product_info
    .flatMap((parcel: Any) => parcel.product_infos)
    .filter((one: Any) => one.sku_id === sku_id)
    .reduce((sum: number, one: Any) => sum + one.product_cnt, 0)

/** No piece goes out twice. */
function take(order: Any, info: Any, one: Any): void {
  const line = order.order_detail.product_infos.find(
    (own: Any) => own.sku_id === one.sku_id && own.product_id === one.product_id,
  )
  if (!line || shippedOf(info, one) + one.product_cnt > line.sku_cnt)
    throw new Refused(10_020_051, 'too many')
}

/** A small JD POP shop that speaks JOS as published clients do: signed forms, envelopes in `_responce`, everything a 200. */
import { createHash } from 'node:crypto'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { beijing } from './top-client.ts'

// biome-ignore lint/suspicious/noExplicitAny: orders are looked into freely
type Any = any

export const APP = { appKey: 'made-up-key', appSecret: 'made-up-secret', accessToken: 'made-up-token' }
const HOUR = 3_600_000
const DAY = 24 * HOUR

export type JdFault = 'html' | 'half' | 'reset-after' | 'empty' | 'timed-out'

class Refused extends Error {
  readonly code: string
  constructor(code: string, why: string) {
    super(why)
    this.code = code
  }
}

/** Orders placed a minute apart, the last just before `now`; every third has a second line. */
export function jdOrders(count: number, now = Date.now()): Any[] {
  return Array.from({ length: count }, (_, i) => {
    const at = beijing(now - (count - i) * 1000)
    const id = String(287_900_000_000 + i)
    const items = [{ skuId: '100012345678', outerSkuId: 'TEA-001', jdPrice: '19.90', itemTotal: '3' }]
    if (i % 3 === 0)
      items.push({ skuId: '100012345680', outerSkuId: 'CUP-002', jdPrice: '0.10', itemTotal: '1' })
    const goods = items.reduce((sum, l) => sum + Math.round(Number(l.jdPrice) * 100) * Number(l.itemTotal), 0)
    const off = i % 2 === 0 ? 701 : 0
    const yuan = (fen: number) => (fen / 100).toFixed(2)
    return {
      ...{ orderId: id, venderId: '802001', payType: '4-在线支付', orderState: 'WAIT_SELLER_STOCK_OUT' },
      ...{ modified: at, orderStartTime: at, paymentConfirmTime: at, freightPrice: '6.00', waybill: '' },
      ...{ orderTotalPrice: yuan(goods), sellerDiscount: yuan(off), orderSellerPrice: yuan(goods - off) },
      ...{ shouldPay: yuan(goods - off + 600), actualPay: yuan(goods - off + 600), logisticsId: '' },
      consigneeInfo: {
        fullname: '张*',
        mobile: '138****0000',
        fullAddress: '北京朝阳区******',
        province: '北京',
      },
      itemInfoList: items.map((item) => ({ ...item, skuName: '样例', wareId: '10023456789' })),
    }
  })
}

/** Starts one with some orders. `fault` spoils the next answer; `onPage` is called after each page of orders. */
export async function startJd(orders: Any[] = []) {
  const shop = {
    ...{ url: '', orders, refunds: [] as Any[], skus: [] as Any[], calls: [] as string[], parcels: 0 },
    ...{ accessToken: APP.accessToken, fault: null as JdFault | null, onPage: null as (() => void) | null },
    close,
  }
  const server = createServer(async (req, res) => {
    const text = Buffer.concat(await Array.fromAsync(req as AsyncIterable<Buffer>)).toString('utf8')
    const params = new URLSearchParams(text)
    const fault = shop.fault
    shop.fault = null
    if (fault === 'html') return void res.end('<html><body>系统繁忙</body></html>')
    if (fault === 'timed-out') return void send(res, failure('65', '系统处理超时'))
    send(res, answer(shop, params), fault)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  shop.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return shop

  function close(): Promise<void> {
    server.closeAllConnections()
    return new Promise((done) => server.close(() => done()))
  }
}

type Shop = Awaited<ReturnType<typeof startJd>>

function send(res: ServerResponse, body: object, fault: JdFault | null = null): void {
  const text = JSON.stringify(body)
  if (fault === 'reset-after') return void res.socket?.resetAndDestroy()
  res.setHeader('content-type', 'application/json;charset=UTF-8')
  res.end(fault === 'empty' ? '' : fault === 'half' ? text.slice(0, text.length >> 1) : text)
}

const failure = (code: string, zh: string) => ({ error_response: { code, zh_desc: zh, en_desc: 'refused' } })

function answer(shop: Shop, params: URLSearchParams): object {
  const method = params.get('method') ?? ''
  shop.calls.push(method)
  try {
    admit(shop, params)
    const work = METHODS[method]
    if (!work) throw new Refused('15', '不存在的方法名')
    const [name, body] = work(shop, JSON.parse(params.get('360buy_param_json') ?? ''))
    const key = `${method.replaceAll('.', '_')}_responce`
    return { [key]: name === '' ? { code: '0', ...body } : { code: '0', [name]: body } }
  } catch (error) {
    if (error instanceof Refused) return failure(error.code, error.message)
    throw error
  }
}

function admit(shop: Shop, params: URLSearchParams): void {
  if (params.get('app_key') !== APP.appKey) throw new Refused('21', '无效App Key')
  if (params.get('v') !== '2.0') throw new Refused('5', '不支持的版本号')
  const names = [...params.keys()].filter((name) => name !== 'sign').sort()
  const pairs = names.map((name) => name + params.get(name)).join('')
  const sign = createHash('md5')
    .update(`${APP.appSecret}${pairs}${APP.appSecret}`)
    .digest('hex')
    .toUpperCase()
  if (params.get('sign') !== sign) throw new Refused('12', '无效签名')
  const sent = params.get('timestamp') ?? ''
  const now = [beijing(Date.now() - 10 * 60_000), beijing(Date.now() + 10 * 60_000)]
  if (!/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/.test(sent) || sent < now[0]! || sent > now[1]!)
    throw new Refused('8', '非法的时间戳参数')
  if (params.get('access_token') !== shop.accessToken) throw new Refused('19', '无效access_token')
}

const ok = { success: true, englishErrCode: '', chineseErrCode: '', numberCode: 0 }
const pageOf = (list: Any[], page: number, size: number) => list.slice((page - 1) * size, page * size)
const shown = (order: Any, fields: string) =>
  Object.fromEntries(Object.entries(order).filter(([name]) => fields.split(',').includes(name)))

function wanted(given: Any, names: string[]): void {
  for (const name of names) if (given[name] === undefined || given[name] === '') throw new Refused('18', name)
}

const METHODS: Record<string, (shop: Shop, given: Any) => [string, object]> = {
  'jingdong.pop.order.search': (shop, given) => {
    wanted(given, [
      'start_date',
      'end_date',
      'order_state',
      'optional_fields',
      'source_id',
      'page',
      'page_size',
    ])
    if (typeof given.page !== 'string' || !(Number(given.page_size) <= 100)) throw new Refused('18', 'page')
    const length = Date.parse(given.end_date) - Date.parse(given.start_date)
    if (!(length > 0 && length <= 31 * DAY)) throw new Refused('18', 'end_date')
    const list = shop.orders
      .filter((o) => o.modified >= given.start_date && o.modified <= given.end_date)
      .filter((o) => given.order_state.split(',').includes(o.orderState))
      .sort((a, b) => (a.modified + a.orderId < b.modified + b.orderId ? -1 : 1))
    const orders = pageOf(list, Number(given.page), Number(given.page_size))
    const infos = orders.map((o) => shown(o, given.optional_fields))
    shop.onPage?.()
    // the total is a number here and a text there
    return [
      'searchorderinfo_result',
      { apiResult: ok, orderTotal: String(list.length), orderInfoList: infos },
    ]
  },
  'jingdong.pop.order.get': (shop, given) => {
    wanted(given, ['order_id', 'optional_fields', 'source_id'])
    const order = shop.orders.find((o) => o.orderId === given.order_id)
    if (!order) return ['orderDetailInfo', { apiResult: { success: 'false', chineseErrCode: '订单不存在' } }]
    const info = shown(order, given.optional_fields)
    return ['orderDetailInfo', { apiResult: { ...ok, success: 'true' }, orderInfo: info }]
  },
  'jingdong.pop.order.shipment': (shop, given) => {
    wanted(given, ['orderId', 'logiCoprId', 'logiNo'])
    const order = shop.orders.find((o) => o.orderId === given.orderId)
    if (order?.orderState !== 'WAIT_SELLER_STOCK_OUT')
      return [
        'sopjosshipment_result',
        { success: false, chineseErrCode: '订单状态不正确', numberCode: '10400001' },
      ]
    Object.assign(order, { orderState: 'WAIT_GOODS_RECEIVE_CONFIRM', modified: beijing(Date.now()) })
    Object.assign(order, { waybill: given.logiNo, logisticsId: given.logiCoprId })
    shop.parcels += 1
    return ['sopjosshipment_result', { ...ok, numberCode: '0' }]
  },
  'jingdong.pop.afs.soa.refundapply.queryPageList': (shop, given) => {
    const ids = given.ids?.split(',')
    const list = shop.refunds.filter((r) =>
      ids ? ids.includes(r.id) : r.applyTime >= given.applyTimeStart && r.applyTime <= given.applyTimeEnd,
    )
    const result = pageOf(list, Number(given.pageIndex), Number(given.pageSize))
    return ['queryResult', { success: true, totalCount: list.length, result }]
  },
  'jingdong.sku.read.searchSkuList': (shop, given) => {
    const data = pageOf(shop.skus, Number(given.pageNo), Number(given.page_size))
    return ['page', { totalItem: shop.skus.length, data: data.map((sku) => shown(sku, given.field)) }]
  },
  'jingdong.stock.write.updateSkuStock': (shop, given) => {
    const sku = shop.skus.find((one) => String(one.skuId) === String(given.skuId))
    if (!sku) throw new Refused('18', 'skuId')
    sku.stockNum = given.stockNum
    return ['', { success: true }]
  },
  'jingdong.vender.shop.query': () => [
    'shop_jos_result',
    { vender_id: 802001, shop_id: 900001, shop_name: '样例旗舰店' },
  ],
}

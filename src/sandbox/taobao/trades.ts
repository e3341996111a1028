/** Reading trades. Lists are newest first, show part of a trade and reach three months back [1, MCC]. */
import { pageBack } from '../marketplace/gateway.ts'
import type { Trade } from '../marketplace/trade.ts'
import { instantOf, type Params } from '../marketplace/wire.ts'
import { invalid, refused } from './errors.ts'
import { type Context, clock, dayWindow, digits, listing, type Method, reach, whole } from './methods.ts'
import { project, statusOf, tradeFields } from './view.ts'

/** What only `trade.fullinfo.get` shows [M: which fields those are; that lists show part of a trade is published]. */
const NOT_IN_LISTS = new Set([
  'buyer_message',
  'seller_memo',
  'promotion_details',
  'receiver_name',
  'receiver_mobile',
  'receiver_address',
  'oaid',
])

function answer(found: readonly Trade[], params: Params, context: Context): Record<string, unknown> {
  const status = params.get('status')
  const list = status ? found.filter((t) => statusOf(t) === status) : found
  const size = whole(params, 'page_size', 40, 100)
  const { items, more } = pageBack(list, whole(params, 'page_no', 1), size)
  const shown = items.map((t) => project(tradeFields(t, context.seller), params.get('fields')!, NOT_IN_LISTS))
  const body = listing(params, list.length, { items: shown, more }, ['trades', 'trade'])
  context.shop.stir(list)
  return body
}

/** `taobao.trades.sold.get`: by the instant of the order. */
const sold: Method = {
  required: ['fields'],
  session: true,
  run(params, context) {
    const from = clock(params, 'start_created') ?? reach(context.now)
    const to = clock(params, 'end_created') ?? instantOf(context.now)
    if (from > to) throw invalid('start_created', '开始时间不能大于结束时间')
    const oldest = reach(context.now)
    const found = context.shop.store.placed(from, to).filter((t) => t.placedAt >= oldest)
    return answer(found, params, context)
  },
}

/** `taobao.trades.sold.increment.get`: by the instant of the last change; a window of at most a day. */
const increment: Method = {
  required: ['fields', 'start_modified', 'end_modified'],
  session: true,
  run(params, context) {
    const [from, to] = dayWindow(params, 'start_modified', 'end_modified')
    const oldest = reach(context.now)
    const found = context.shop.changed(from, to).filter((t) => t.placedAt >= oldest)
    return answer(found, params, context)
  },
}

/** `taobao.trade.fullinfo.get`. */
const fullinfo: Method = {
  required: ['fields', 'tid'],
  session: true,
  run(params, { shop, seller }) {
    const trade = shop.store.trade(digits(params, 'tid'))
    if (!trade) throw refused('isv.trade-not-exist', '交易不存在')
    return { trade: project(tradeFields(trade, seller), params.get('fields')!) }
  },
}

export const TRADE_METHODS: Readonly<Record<string, Method>> = Object.freeze({
  'taobao.trades.sold.get': sold,
  'taobao.trades.sold.increment.get': increment,
  'taobao.trade.fullinfo.get': fullinfo,
})

/**
 * Reading orders: only those that came about (were paid), newest first, three months back. Lists show whole orders, the
 * receiver too.
 */
import { pageBack } from '../marketplace/gateway.ts'
import type { Trade } from '../marketplace/trade.ts'
import type { Params } from '../marketplace/wire.ts'
import { refused } from './errors.ts'
import { type Context, incrementOf, type Method, oneOf, reach, whole, windowOf } from './methods.ts'
import { orderFields, orderStatus, refundStatus } from './view.ts'

const ORDER_STATUS = [1, 2, 3, 5]
const REFUND_STATUS = [1, 2, 3, 4, 5]

/** 5 asks for all. */
function wanted(params: Params): (trade: Trade) => boolean {
  const order = oneOf(params, 'order_status', ORDER_STATUS)
  const refund = oneOf(params, 'refund_status', REFUND_STATUS)
  const type = params.get('trade_type')
  return (t) =>
    t.paidAt !== null &&
    (order === 5 || orderStatus(t) === order) &&
    (refund === 5 || refundStatus(t) === refund) &&
    type !== '1'
}

/** One page; `use_has_next` leaves the count out and says whether there is more. */
function answer(
  list: readonly Trade[],
  name: string,
  params: Params,
  { shop }: Context,
): Record<string, unknown> {
  const size = whole(params, 'page_size', 100, 100)
  const { items, more } = pageBack(list, whole(params, 'page', 1), size)
  const shown = { [name]: items.map(orderFields) }
  const body =
    params.get('use_has_next') === 'true'
      ? { ...shown, has_next: more }
      : { ...shown, total_count: list.length }
  shop.stir(list)
  return body
}

/** `pdd.order.number.list.increment.get`: by the instant of the last change. */
const increment: Method = {
  key: 'order_sn_increment_get_response',
  required: ['is_lucky_flag', 'order_status', 'refund_status', 'start_updated_at', 'end_updated_at'],
  token: true,
  run(params, context) {
    const [from, to] = incrementOf(params, context)
    const lucky = oneOf(params, 'is_lucky_flag', [0, 1, 2])
    const fits = wanted(params)
    const oldest = reach(context.now)
    const list = context.shop.changed(from, to).filter((t) => fits(t) && lucky !== 2 && t.placedAt >= oldest)
    return answer(list, 'order_sn_list', params, context)
  },
}

/** `pdd.order.list.get`: by the instant it came about; a window of at most a day. */
const list: Method = {
  key: 'order_list_get_response',
  required: ['order_status', 'refund_status', 'start_confirm_at', 'end_confirm_at'],
  token: true,
  run(params, context) {
    const [from, to] = windowOf(params, 'start_confirm_at', 'end_confirm_at', 86_400)
    const fits = wanted(params)
    const oldest = reach(context.now)
    const found = context.shop.store
      .placed(oldest, to)
      .filter((t) => fits(t) && t.paidAt! >= from && t.paidAt! <= to)
      .sort((a, b) => (a.paidAt! + a.id < b.paidAt! + b.id ? -1 : 1))
    return answer(found, 'order_list', params, context)
  },
}

/** `pdd.order.information.get`. */
const information: Method = {
  key: 'order_info_get_response',
  required: ['order_sn'],
  token: true,
  run: (params, context) => ({ order_info: orderFields(orderOf(params, context)) }),
}

/** The paid order that a call names. Throws PddError. */
export function orderOf(params: Params, { shop, now }: Context): Trade {
  const trade = shop.store.trade(params.get('order_sn')!)
  if (!trade?.paidAt || trade.placedAt < reach(now)) throw refused('订单不属于当前店铺或订单不存在')
  return trade
}

export const ORDER_METHODS: Readonly<Record<string, Method>> = Object.freeze({
  'pdd.order.number.list.increment.get': increment,
  'pdd.order.list.get': list,
  'pdd.order.information.get': information,
})

/** Shipping: an order goes out whole, once; a later call may only change the number [1]. Refusals' texts are [M]. */
import { reship, ship } from '../marketplace/change.ts'
import { refused } from './errors.ts'
import { type Method, whole } from './methods.ts'
import { orderOf } from './orders.ts'
import { COMPANIES, orderStatus, refundStatus } from './view.ts'

const NUMBER = /^[A-Za-z0-9-]{6,30}$/

/** `pdd.logistics.online.send`; `redelivery_type` 1 ships (the default), 2 changes what was shipped. */
const send: Method = {
  key: 'logistics_online_send_response',
  required: ['order_sn', 'logistics_id', 'tracking_number'],
  token: true,
  run(params, context) {
    const trade = orderOf(params, context)
    const company = params.get('logistics_id')!
    const number = params.get('tracking_number')!
    if (!Object.hasOwn(COMPANIES, company)) throw refused('快递公司不存在')
    if (!NUMBER.test(number)) throw refused('快递单号格式不正确')
    const again = whole(params, 'redelivery_type', 1, 2) === 2
    const shipped = orderStatus(trade) !== 1
    if (shipped && !again) throw refused('订单已发货，请勿重复发货')
    if (!shipped && again) throw refused('订单未发货，不能修改发货信息')
    if (refundStatus(trade) !== 1) throw refused('订单售后处理中或已退款，不能发货')
    const next = again
      ? reship(trade, trade.lines[0]!.id, company, number, context.now)
      : ship(trade, { company, number }, context.now)
    context.shop.commit([next], 'other')
    return { is_success: true }
  },
}

export const LOGISTICS_METHODS: Readonly<Record<string, Method>> = Object.freeze({
  'pdd.logistics.online.send': send,
})

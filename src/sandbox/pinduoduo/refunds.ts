/** Reading refunds: incrementally, newest first [M], and one by order and number. */
import { pageBack } from '../marketplace/gateway.ts'
import type { HeldCase } from '../marketplace/store.ts'
import { refused } from './errors.ts'
import { incrementOf, type Method, oneOf, whole } from './methods.ts'
import { orderOf } from './orders.ts'
import { afterSalesStatus, refundFields, refundListFields } from './view.ts'

/** 1 asks for all [M]; the published list of states has no word for it. */
const ANY_STATUS = 1
/** 1 all, 2 money only, 3 with goods, 4 exchange, 5 resend, 6 repair. */
const TYPES = [1, 2, 3, 4, 5, 6]

/**
 * `pdd.refund.list.increment.get`. With an order's number the other conditions count for nothing, but must be there
 * [1].
 */
const increment: Method = {
  key: 'refund_increment_get_response',
  required: ['after_sales_status', 'after_sales_type', 'start_updated_at', 'end_updated_at'],
  token: true,
  run(params, context) {
    const { shop } = context
    const order = params.get('order_sn')
    const status = whole(params, 'after_sales_status', ANY_STATUS, 40, 0)
    const type = oneOf(params, 'after_sales_type', TYPES)
    const fits = ({ one }: HeldCase) =>
      (status === ANY_STATUS || afterSalesStatus(one) === status) &&
      (type === 1 || type === (one.goodsBack ? 3 : 2))
    const found = order
      ? shop.store.refunds('', '\uffff').filter(({ trade }) => trade.id === order)
      : shop.store.refunds(...incrementOf(params, context)).filter(fits)
    const { items } = pageBack(found, whole(params, 'page', 1), whole(params, 'page_size', 100, 100))
    const body = {
      refund_list: items.map(({ trade, one }) => refundListFields(trade, one)),
      total_count: found.length,
    }
    shop.stir(found.map(({ trade }) => trade))
    return body
  },
}

/** `pdd.refund.information.get`: the answer stands under no key, as its published example [1]. */
const information: Method = {
  key: null,
  required: ['order_sn'],
  token: true,
  run(params, context) {
    const trade = orderOf(params, context)
    const id = params.get('after_sales_id')
    const one = id ? trade.refunds.find((r) => r.id === id) : trade.refunds.at(-1)
    if (!one) throw refused('售后单不存在')
    return refundFields(trade, one)
  },
}

export const REFUND_METHODS: Readonly<Record<string, Method>> = Object.freeze({
  'pdd.refund.list.increment.get': increment,
  'pdd.refund.information.get': information,
})

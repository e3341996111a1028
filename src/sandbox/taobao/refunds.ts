/** Reading refunds: a list by the instant of the last change, newest first [M], and one by its number. */
import { pageBack } from '../marketplace/gateway.ts'
import { instantOf } from '../marketplace/wire.ts'
import { invalid, refused } from './errors.ts'
import { clock, digits, listing, type Method, reach, whole } from './methods.ts'
import { project, refundFields } from './view.ts'

/** The single refund has no `modified` [1]: only the list tells which of two copies is newer. */
const NOT_IN_SINGLE = new Set(['modified', 'order_status'])
const NOT_IN_LISTS = new Set(['price', 'num_iid', 'cs_status'])

/** `taobao.refunds.receive.get`. */
const receive: Method = {
  required: ['fields'],
  session: true,
  run(params, { shop, seller, now }) {
    const from = clock(params, 'start_modified') ?? reach(now)
    const to = clock(params, 'end_modified') ?? instantOf(now)
    if (from > to) throw invalid('start_modified', '开始时间不能大于结束时间')
    const status = params.get('status')
    const list = shop.store
      .refunds(from, to)
      .map(({ trade, one }) => ({ trade, fields: refundFields(trade, one, seller) }))
      .filter(({ fields }) => !status || fields.status === status)
    const { items, more } = pageBack(list, whole(params, 'page_no', 1), whole(params, 'page_size', 40, 100))
    const shown = items.map(({ fields }) => project(fields, params.get('fields')!, NOT_IN_LISTS))
    const body = listing(params, list.length, { items: shown, more }, ['refunds', 'refund'])
    shop.stir(list.map(({ trade }) => trade))
    return body
  },
}

/** `taobao.refund.get`. */
const single: Method = {
  required: ['fields', 'refund_id'],
  session: true,
  run(params, { shop, seller }) {
    const id = digits(params, 'refund_id')
    const found = shop.store.refunds('', '\uffff').find(({ one }) => one.id === id)
    if (!found) throw refused('isv.refund-not-exist', '退款单不存在')
    return {
      refund: project(refundFields(found.trade, found.one, seller), params.get('fields')!, NOT_IN_SINGLE),
    }
  },
}

export const REFUND_METHODS: Readonly<Record<string, Method>> = Object.freeze({
  'taobao.refunds.receive.get': receive,
  'taobao.refund.get': single,
})

/**
 * Which messages a change of an order causes, and their form: `{tag, msg_id, data}` with 64-bit numbers as ids.
 * The numbers of the tags and the fields of `data` rest on memory, not on a source.
 */
import { numberText } from '../exact-json.ts'
import { AFTER_SALE, type AfterSale, type DouyinOrder, orderStatus } from './order.ts'

/** Tags by what they tell. 0 checks the receiver's address. */
export const TAG = Object.freeze({
  check: '0',
  created: '100',
  paid: '101',
  shipped: '102',
  finished: '103',
  readdressed: '105',
  cancelled: '106',
  repriced: '107',
  partlyShipped: '108',
  remarked: '109',
  toShip: '110',
  refundApplied: '200',
  refundAgreed: '201',
  returnAgreed: '202',
  refundRefused: '204',
  refunded: '206',
  refundEnded: '207',
})

export interface Message {
  tag: string
  msg_id: string
  data: object | string
}

/** What to tell about a new version of an order. `before` is undefined for a new order. */
export function messagesOf(
  before: DouyinOrder | undefined,
  after: DouyinOrder,
  version: number,
  shopId: string,
): Message[] {
  const tags = before ? changed(before, after) : [TAG.created, ...paidTags(after)]
  const trade = tags.map((tag) => ({
    tag,
    msg_id: `${after.id}:${tag}:${version}`,
    data: tradeData(after, shopId),
  }))
  const refunds = after.afterSales.flatMap((a) => {
    const was = before?.afterSales.find((b) => b.id === a.id)
    if (!before || was?.status === a.status) return []
    const tag = refundTag(a)
    return [{ tag, msg_id: `${a.id}:${tag}:${version}`, data: refundData(after, a, shopId) }]
  })
  return [...trade, ...refunds]
}

/** 110 follows 101 once the platform's risk control lets the order go. */
function paidTags(order: DouyinOrder): string[] {
  if (order.paidAt === 0) return []
  return orderStatus(order) === 2 ? [TAG.paid, TAG.toShip] : [TAG.paid]
}

function changed(before: DouyinOrder, after: DouyinOrder): string[] {
  const tags: string[] = []
  const status = orderStatus(after)
  if (before.paidAt === 0 && after.paidAt !== 0) tags.push(...paidTags(after))
  if (before.stage === 'review' && after.stage === 'paid') tags.push(TAG.toShip)
  if (after.parcels.length > before.parcels.length)
    tags.push(status === 101 ? TAG.partlyShipped : TAG.shipped)
  if (before.stage !== after.stage && after.stage === 'finished') tags.push(TAG.finished)
  if (before.stage !== after.stage && after.stage === 'cancelled') tags.push(TAG.cancelled)
  if (before.receiver !== after.receiver) tags.push(TAG.readdressed)
  if (before.sellerWords !== after.sellerWords || before.stars !== after.stars) tags.push(TAG.remarked)
  const modified = (o: DouyinOrder) => o.skus.reduce((n, s) => n + s.modify, o.modifyPost)
  if (modified(before) !== modified(after)) tags.push(TAG.repriced)
  return tags
}

function refundTag(a: AfterSale): string {
  if (a.status === AFTER_SALE.applied) return TAG.refundApplied
  if (a.status === AFTER_SALE.toReturn) return TAG.returnAgreed
  if (a.status === AFTER_SALE.refused) return TAG.refundRefused
  if (a.status === AFTER_SALE.ended) return TAG.refundEnded
  return a.refundStatus === 3 ? TAG.refunded : TAG.refundAgreed
}

function tradeData(order: DouyinOrder, shopId: string): object {
  return {
    p_id: numberText(order.id),
    s_ids: order.skus.map((s) => numberText(s.id)),
    shop_id: numberText(shopId),
    order_status: orderStatus(order),
    order_type: 0,
    biz: 2,
    create_time: order.createdAt,
    pay_time: order.paidAt,
    update_time: order.updatedAt,
  }
}

function refundData(order: DouyinOrder, a: AfterSale, shopId: string): object {
  return {
    aftersale_id: numberText(a.id),
    aftersale_type: a.type,
    aftersale_status: a.status,
    refund_amount: a.amount,
    p_id: numberText(order.id),
    s_id: numberText(a.sku),
    shop_id: numberText(shopId),
    apply_time: a.appliedAt,
    update_time: a.updatedAt,
  }
}

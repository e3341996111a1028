/** What can happen to an order after it was placed. Pure: an order in, its next version out. */
import { failed } from './answer.ts'
import {
  type DouyinOrder,
  openAfterSales,
  openOf,
  orderStatus,
  type Parcel,
  type Receiver,
  type SkuOrder,
} from './order.ts'

/** Thrown when a change cannot be made; the message is for the person who asked. */
export class ChangeRefused extends Error {}

/** The buyer pays; the platform's risk control may look at it first. */
export function pay(order: DouyinOrder, now: number, review = false): DouyinOrder {
  if (order.stage !== 'unpaid') throw new ChangeRefused('only an unpaid order can be paid')
  return { ...order, stage: review ? 'review' : 'paid', paidAt: now, updatedAt: now }
}

/** Risk control lets a paid order go. */
export function release(order: DouyinOrder, now: number): DouyinOrder {
  if (order.stage !== 'review') throw new ChangeRefused('the order is not under review')
  return { ...order, stage: 'paid', updatedAt: now }
}

/** An unpaid order is given up; a paid one is refunded instead. */
export function cancel(order: DouyinOrder, now: number, reason = '不想要了'): DouyinOrder {
  if (order.stage !== 'unpaid') throw new ChangeRefused('a paid order is not cancelled but refunded')
  return { ...order, stage: 'cancelled', cancelReason: reason, updatedAt: now }
}

/** The buyer has received everything. */
export function finish(order: DouyinOrder, now: number): DouyinOrder {
  if (orderStatus(order) !== 3) throw new ChangeRefused('only a shipped order can be finished')
  return { ...order, stage: 'finished', finishedAt: now, updatedAt: now }
}

/** The shop writes a remark or sets a flag. */
export function remark(
  order: DouyinOrder,
  words: string | undefined,
  stars: number | undefined,
  now: number,
) {
  const { sellerWords, stars: before } = order
  return { ...order, sellerWords: words ?? sellerWords, stars: stars ?? before, updatedAt: now }
}

/** The buyer moves the delivery elsewhere, while nothing is shipped. */
export function readdress(order: DouyinOrder, part: Partial<Receiver>, now: number): DouyinOrder {
  if (![1, 2, 105].includes(orderStatus(order))) throw new ChangeRefused('the order has left already')
  return { ...order, receiver: { ...order.receiver, ...part }, updatedAt: now }
}

/** The shop changes the price of a line or the freight by hand, before payment. */
export function reprice(
  order: DouyinOrder,
  by: { sku?: string; modify?: number; post?: number },
  now: number,
): DouyinOrder {
  if (order.stage !== 'unpaid') throw new ChangeRefused('only an unpaid order changes its price')
  const skus = order.skus.map((s) =>
    s.id === (by.sku ?? order.skus[0]!.id) ? { ...s, modify: s.modify + (by.modify ?? 0) } : s,
  )
  return { ...order, skus, modifyPost: order.modifyPost + (by.post ?? 0), updatedAt: now }
}

/** One parcel to be, as a shipping call asks for it; `quantity` null: all that is open. */
export interface Pack {
  company: string
  companyName: string
  number: string
  lines: { sku: string; quantity: number | null }[]
}

/**
 * Ships parcels. All or nothing: a call that asks for one piece too many changes nothing. Throws a refusal of
 * the API. `rejectRefunds` turns open refunds of what is shipped down, else they stand in the way.
 */
export function ship(order: DouyinOrder, packs: readonly Pack[], rejectRefunds: boolean, now: number) {
  mayShip(order)
  let next = order
  for (const pack of packs) next = addParcel(next, pack, rejectRefunds, now)
  return { ...next, updatedAt: now }
}

function mayShip(order: DouyinOrder): void {
  const status = orderStatus(order)
  if (order.skus.every((s) => s.closed !== 0)) throw failed('60068', '该订单已售前退款成功，不能发货。')
  if (status === 1) throw failed('60137', '订单未支付，禁止发货。')
  if (status === 105) throw failed('60109', '订单正在风控审核中，请等待订单变为“备货中”状态后重试。')
  if (status === 3) throw failed('60110', '订单已发货，不允许再次执行发货。')
  if (status === 4) throw failed('60021', '订单已取消，禁止发货。')
  if (status === 5) throw failed('60113', '订单已完结，禁止发货。')
}

function addParcel(order: DouyinOrder, pack: Pack, rejectRefunds: boolean, now: number): DouyinOrder {
  const lines = pack.lines.map(({ sku: id, quantity }) => {
    const sku = order.skus.find((s) => s.id === id)
    if (!sku) throw failed('60102', '60102:商品单不存在，请仔细检查后重试')
    return { sku: id, quantity: takeable(order, sku, quantity) }
  })
  const asked = openAfterSales(order).filter((a) => lines.some((l) => l.sku === a.sku))
  if (asked.length > 0 && !rejectRefunds) {
    throw failed('60040', '发货订单中有退款申请需要处理，请先处理。')
  }
  const id = String(BigInt(order.id) + 500_001n + BigInt(order.parcels.length))
  const { company, companyName, number } = pack
  const parcel: Parcel = { id, at: now, company, companyName, number, lines }
  const afterSales = order.afterSales.map((a) =>
    asked.includes(a) ? { ...a, status: 27, updatedAt: now, finalAt: now, refundStatus: 4 as const } : a,
  )
  return { ...order, parcels: [...order.parcels, parcel], afterSales }
}

function takeable(order: DouyinOrder, sku: SkuOrder, asked: number | null): number {
  if (sku.closed !== 0) throw failed('60068', '该订单已售前退款成功，不能发货。')
  const open = openOf(order, sku)
  const quantity = asked ?? open
  if (quantity < 0 || asked === 0) throw failed('60080', '60080:商品的发货数量不允许小于0')
  if (open === 0 || quantity > open) throw failed('70023', '70023:已发货，请检查订单状态')
  return quantity
}

/** After-sales: what buyers ask for after paying, and what becomes of it. Pure, like change.ts. */
import { ChangeRefused } from './change.ts'
import {
  AFTER_SALE,
  type AfterSale,
  type DouyinOrder,
  openAfterSales,
  paidFor,
  type SkuOrder,
  shippedOf,
} from './order.ts'
import { BY_CODE } from './shelf.ts'

/**
 * What the buyer asks for. Left out: the first line, all its pieces, all that was paid for them, and a refund
 * before shipping or (once a piece has left) a return. Amounts in fen.
 */
export interface AfterSaleRequest {
  sku?: string
  type?: AfterSale['type']
  quantity?: number
  amount?: number
  reason?: string
  /** The code of the article that an exchange sends instead; default the same one. */
  exchange?: string
}

/** What is still possible with an after-sale: agree to it, goods come back, refuse, withdraw. */
export type AfterSaleStep = 'agree' | 'send-back' | 'receive' | 'refuse' | 'withdraw'

/** The buyer applies. Throws ChangeRefused. */
export function apply(order: DouyinOrder, asked: AfterSaleRequest, now: number): DouyinOrder {
  if (!['paid', 'finished', 'review'].includes(order.stage)) throw new ChangeRefused('nothing has been paid')
  const sku = order.skus.find((s) => (asked.sku ? s.id === asked.sku : s.closed === 0))
  if (!sku) throw new ChangeRefused('the order has no such line')
  if (sku.closed !== 0 || openAfterSales(order, sku.id).length > 0) {
    throw new ChangeRefused('the line has an after-sale already')
  }
  const shipped = shippedOf(order, sku.id)
  const type = asked.type ?? (shipped > 0 ? 0 : 2)
  if ((type === 2) !== (shipped === 0)) throw new ChangeRefused('that kind does not fit what was shipped')
  const quantity = asked.quantity ?? sku.quantity
  if (quantity < 1 || quantity > sku.quantity || (type === 2 && quantity !== sku.quantity)) {
    throw new ChangeRefused(`the line has ${sku.quantity} pieces`)
  }
  const afterSale = open(order, sku, { ...asked, type, quantity }, now)
  return { ...order, afterSales: [...order.afterSales, afterSale], updatedAt: now }
}

function open(
  order: DouyinOrder,
  sku: SkuOrder,
  asked: AfterSaleRequest & Pick<AfterSale, 'type' | 'quantity'>,
  now: number,
): AfterSale {
  const whole = asked.quantity === sku.quantity
  const goods = Math.floor((paidFor(order, sku) * asked.quantity) / sku.quantity)
  const amount = asked.type === 3 ? 0 : (asked.amount ?? goods)
  if (amount > paidFor(order, sku)) throw new ChangeRefused('more than was paid')
  const code = asked.exchange ?? sku.code
  return {
    id: String(BigInt(order.id) + 600_001n + BigInt(order.afterSales.length)),
    sku: sku.id,
    type: asked.type,
    status: AFTER_SALE.applied,
    refundStatus: 1,
    quantity: asked.quantity,
    amount,
    post: whole && amount === paidFor(order, sku) ? paidFor(order, sku) - goodsPaid(order, sku) : 0,
    reason: asked.reason ?? '七天无理由退货',
    appliedAt: now,
    updatedAt: now,
    finalAt: 0,
    refundedAt: 0,
    returned: null,
    exchange:
      asked.type === 3
        ? { skuId: BY_CODE.get(code)?.skuId ?? sku.skuId, code, quantity: asked.quantity }
        : null,
  }
}

function goodsPaid(order: DouyinOrder, sku: SkuOrder): number {
  return paidFor({ ...order, post: 0, modifyPost: 0 }, sku)
}

/** Takes an after-sale one step on. Throws ChangeRefused when it is not there yet or already over. */
export function advance(order: DouyinOrder, id: string, step: AfterSaleStep, now: number): DouyinOrder {
  const before = order.afterSales.find((a) => a.id === id)
  if (!before) throw new ChangeRefused('the order has no such after-sale')
  if (before.finalAt !== 0) throw new ChangeRefused('the after-sale is over')
  const after = { ...moved(before, step, now), updatedAt: now }
  const afterSales = order.afterSales.map((a) => (a === before ? after : a))
  const skus = order.skus.map((s) => (s.id === after.sku ? { ...s, closed: closedBy(order, s, after) } : s))
  return { ...order, afterSales, skus, updatedAt: now }
}

function moved(a: AfterSale, step: AfterSaleStep, now: number): AfterSale {
  const over = (status: number, refundStatus: AfterSale['refundStatus']): AfterSale => ({
    ...a,
    status,
    refundStatus,
    finalAt: now,
    refundedAt: refundStatus === 3 ? now : 0,
  })
  const comesBack = a.type === 0 || a.type === 3
  if (step === 'refuse') return over(AFTER_SALE.refused, 4)
  if (step === 'withdraw') return over(AFTER_SALE.ended, 1)
  if (step === 'agree' && a.status === AFTER_SALE.applied) {
    return comesBack ? { ...a, status: AFTER_SALE.toReturn } : over(AFTER_SALE.done, 3)
  }
  if (step === 'send-back' && a.status === AFTER_SALE.toReturn) {
    return {
      ...a,
      status: AFTER_SALE.sentBack,
      returned: { company: 'zhongtong', number: `ZT${a.id.slice(-12)}` },
    }
  }
  if (step === 'receive' && a.status === AFTER_SALE.sentBack) {
    return a.type === 3 ? over(14, 4) : over(AFTER_SALE.done, 3)
  }
  throw new ChangeRefused(`an after-sale in status ${a.status} cannot ${step}`)
}

/** A line is closed when all its money has been paid back. */
function closedBy(order: DouyinOrder, sku: SkuOrder, a: AfterSale): SkuOrder['closed'] {
  if (a.refundStatus !== 3 || a.quantity !== sku.quantity || a.amount !== paidFor(order, sku))
    return sku.closed
  if (a.type === 2) return 21
  return order.stage === 'finished' ? 39 : 22
}

/**
 * What the sandbox Douyin shop (抖店) holds of an order, and the sums that follow from it. Amounts are whole
 * fen, instants whole seconds (0: not yet), ids text of up to 19 digits. Every change makes a new version.
 */
import { apportion } from '../../core/money.ts'

/** One article of an order (商品单): a sub-order with an id of its own. */
export interface SkuOrder {
  /** Equals the shop order's id where the order has one line only, as on the platform. */
  id: string
  productId: string
  skuId: string
  /** The merchant's own code; '' where nobody has filled it in. */
  code: string
  name: string
  spec: string | null
  quantity: number
  /** Per piece. */
  price: number
  /** Discounts on the whole line, by who pays them. */
  shopOff: number
  platformOff: number
  talentOff: number
  /** Taken off by the means of payment; the shop gets it all the same. */
  payOff: number
  /** Price change that the shop made by hand, usually negative. */
  modify: number
  gift: boolean
  /** `main_status` once an after-sale has paid the whole line back: 21 before, 22 after shipping, 39 after receipt; 0 otherwise. */
  closed: 0 | 21 | 22 | 39
}

/** A division of the address with its code (GB/T 2260). */
export interface Place {
  name: string
  id: string
}

export interface Receiver {
  name: string
  phone: string
  province: Place
  city: Place
  town: Place
  street: Place
  detail: string
}

export interface Parcel {
  id: string
  at: number
  /** Code and name of the carrier. */
  company: string
  companyName: string
  number: string
  lines: { sku: string; quantity: number }[]
}

/** Numbers of `aftersale_status`; 28 is one that the buyer withdrew. */
export const AFTER_SALE = Object.freeze({
  applied: 6,
  toReturn: 7,
  sentBack: 11,
  done: 12,
  refused: 27,
  ended: 28,
})

/** One after-sale (售后单), always about one line. */
export interface AfterSale {
  id: string
  sku: string
  /** 0 return and refund, 1 refund after shipping, 2 refund before shipping, 3 exchange. */
  type: 0 | 1 | 2 | 3
  status: number
  /** 1 to be paid back, 3 paid back, 4 not paid back. */
  refundStatus: 1 | 3 | 4
  quantity: number
  /** What the buyer gets back, freight included; of that, freight. */
  amount: number
  post: number
  reason: string
  appliedAt: number
  updatedAt: number
  finalAt: number
  refundedAt: number
  /** How the goods came back. */
  returned: { company: string; number: string } | null
  /** What an exchange sends instead. */
  exchange: { skuId: string; code: string; quantity: number } | null
}

export interface DouyinOrder {
  id: string
  createdAt: number
  updatedAt: number
  paidAt: number
  finishedAt: number
  /** `review`: paid, but held back by the platform's risk control. */
  stage: 'unpaid' | 'review' | 'paid' | 'cancelled' | 'finished'
  cancelReason: string
  skus: SkuOrder[]
  /** Freight, and the change that the shop made to it by hand. */
  post: number
  modifyPost: number
  /** Number of the buyer; what the API shows of him is an opaque id. */
  buyer: number
  receiver: Receiver
  buyerWords: string
  sellerWords: string
  /** Coloured flag, 0 grey to 5 red. */
  stars: number
  shipBy: number
  /** The streamer whose broadcast sold it. */
  author: { id: string; name: string } | null
  parcels: Parcel[]
  afterSales: AfterSale[]
}

/** Price times pieces. */
export const goodsOf = (sku: SkuOrder): number => sku.price * sku.quantity

/** All that was taken off the price of a line, whoever pays it. */
export const promotionOf = (sku: SkuOrder): number => sku.shopOff + sku.platformOff + sku.talentOff

/** What the buyer owes for the goods of a line. */
export const lineAmount = (sku: SkuOrder): number => goodsOf(sku) + sku.modify - promotionOf(sku)

/** Freight as charged, and what of it falls on each line (largest remainder over the pieces). */
export function freightOf(order: DouyinOrder): { amount: number; shares: number[] } {
  const amount = order.post + order.modifyPost
  return {
    amount,
    shares: apportion(
      amount,
      order.skus.map((s) => String(s.quantity)),
    ),
  }
}

/** What the buyer owes for the whole order. */
export function orderAmount(order: DouyinOrder): number {
  return order.skus.reduce((sum, sku) => sum + lineAmount(sku), order.post + order.modifyPost)
}

/** Pieces of a line that are in parcels. */
export function shippedOf(order: DouyinOrder, sku: string): number {
  let quantity = 0
  for (const p of order.parcels) for (const l of p.lines) if (l.sku === sku) quantity += l.quantity
  return quantity
}

/** Pieces of a line that may still be shipped. */
export function openOf(order: DouyinOrder, sku: SkuOrder): number {
  return sku.closed === 0 ? sku.quantity - shippedOf(order, sku.id) : 0
}

/** What the buyer paid for one line, freight included. */
export function paidFor(order: DouyinOrder, sku: SkuOrder): number {
  return order.paidAt === 0 ? 0 : lineAmount(sku) + freightOf(order).shares[order.skus.indexOf(sku)]!
}

/** After-sales of a line (or of all) that nobody has decided yet. */
export function openAfterSales(order: DouyinOrder, sku?: string): AfterSale[] {
  return order.afterSales.filter((a) => a.finalAt === 0 && (sku === undefined || a.sku === sku))
}

/** Numbers of `order_status` (facts §7.3) with their texts. */
export const STATUS_TEXT: Readonly<Record<number, string>> = Object.freeze({
  1: '待支付',
  2: '备货中',
  3: '已发货',
  4: '已关闭',
  5: '已完成',
  101: '部分发货',
  105: '已支付',
  21: '发货前退款完结',
  22: '发货后退款完结',
  39: '收货后退款完结',
})

const STAGE_STATUS = { unpaid: 1, review: 105, cancelled: 4, finished: 5 } as const

/** `order_status` of one line. */
export function skuStatus(order: DouyinOrder, sku: SkuOrder): number {
  if (sku.closed !== 0) return 4
  if (order.stage !== 'paid') return STAGE_STATUS[order.stage]
  const shipped = shippedOf(order, sku.id)
  if (shipped === 0) return 2
  return shipped < sku.quantity ? 101 : 3
}

/** `order_status` of the order: its lines that are not closed decide. */
export function orderStatus(order: DouyinOrder): number {
  if (order.skus.every((s) => s.closed !== 0)) return 4
  if (order.stage !== 'paid') return STAGE_STATUS[order.stage]
  if (order.parcels.length === 0) return 2
  return order.skus.some((s) => openOf(order, s) > 0) ? 101 : 3
}

/** `main_status`: as `order_status`, but a refund says when it happened. */
export function mainStatus(order: DouyinOrder): number {
  const closed = order.skus.map((s) => s.closed)
  return closed.every((c) => c !== 0) ? Math.max(...closed) : orderStatus(order)
}

/** What the ERP must hold for one version of a Douyin order, worked out from the raw order alone. */
import type { DouyinOrder, SkuOrder } from '../douyin/order.ts'
import { ofMinor } from './exact.ts'
import type { ExpectedDocument, ExpectedLine } from './expected.ts'

/** Fen. */
const DIGITS = 2

/**
 * The document for an order: its lines without those refunded before shipping, and freight. Prices contain a
 * tax that the platform does not state, and the receiver is sealed: of both nothing is expected. With
 * `withSubsidies` the platform's and streamers' shares of a discount count as revenue, else only what the
 * buyer pays does.
 */
export function expectedOfDouyin(order: DouyinOrder, withSubsidies: boolean): ExpectedDocument {
  const lines = [
    ...order.skus.filter((s) => s.closed !== 21).map((s) => lineOf(s, withSubsidies)),
    freight(order),
  ]
  let total = 0n
  for (const l of lines) total += l.gross.units
  return {
    orderId: order.id,
    number: order.id,
    currency: 'CNY',
    total: { units: total, scale: DIGITS },
    lines,
    name: null,
    phone: null,
    address: [],
    masked: null,
    note: order.buyerWords,
    placedAt: new Date((order.paidAt || order.createdAt) * 1000).toISOString(),
  }
}

const untold = { net: null, tax: null, discount: null }

function lineOf(sku: SkuOrder, withSubsidies: boolean): ExpectedLine {
  const paid = sku.price * sku.quantity + sku.modify - sku.shopOff - sku.platformOff - sku.talentOff
  const gross = withSubsidies ? paid + sku.platformOff + sku.talentOff : paid
  const row = { ref: sku.id, kind: 'goods' as const, sku: sku.code, quantity: sku.quantity }
  return { ...row, gross: ofMinor(gross, DIGITS), ...untold, optional: false }
}

/** Freight of lines that were refunded before shipping went back with them. */
function freight(order: DouyinOrder): ExpectedLine {
  const back = order.afterSales.filter((a) => a.type === 2 && a.refundStatus === 3)
  const amount = back.reduce((left, a) => left - a.post, order.post + order.modifyPost)
  const row = { ref: 'shipping', kind: 'freight' as const, sku: null, quantity: 1 }
  return { ...row, gross: ofMinor(amount, DIGITS), ...untold, optional: amount === 0 }
}

/**
 * The shipping methods. `order.logisticsAdd` ships a whole order in one parcel; `order.logisticsAddMultiPack`
 * ships pieces of lines in several, and answers a `request_id` that has been carried out with its first
 * answer, without shipping again (both as public clients of the platform describe them).
 */
import { failed, invalid } from './answer.ts'
import { type Pack, ship } from './change.ts'
import { type DouyinOrder, openOf } from './order.ts'
import { flag, optionalText, optionalWhole, type Params, records, requiredText } from './params.ts'
import { addressId } from './seal.ts'
import type { Change, Shipped, Store } from './store.ts'

/** Carriers of `order.logisticsCompanyList`. */
export const CARRIERS: ReadonlyMap<string, string> = new Map([
  ['shunfeng', '顺丰速运'],
  ['yuantong', '圆通速递'],
  ['zhongtong', '中通快递'],
  ['yunda', '韵达快递'],
  ['shentong', '申通快递'],
  ['jd', '京东快递'],
  ['ems', 'EMS'],
  ['jtexpress', '极兔速递'],
])

export interface ShippingParts {
  store: Store
  commit(orders: DouyinOrder[], change: Change | null, answered?: Shipped): void
  now(): number
}

/** `order.logisticsCompanyList`. */
export function carriers(): object[] {
  return [...CARRIERS].map(([code, name], i) => ({ id: i + 1, code, name }))
}

function orderOf({ store }: ShippingParts, params: Params): DouyinOrder {
  const order = store.order(requiredText(params, 'order_id', '50049'))
  if (!order) throw failed('60033', '订单不存在，请仔细检查后重试。')
  return order
}

function packOf(params: Params, lines: Pack['lines']): Pack {
  const company = optionalText(params, 'company_code')
  if (company === '') throw failed('60011', '60011:物流公司编码不允许为空')
  const companyName = CARRIERS.get(company)
  if (!companyName) throw failed('60018', '暂不支持该物流公司或物流商已失效，请检查。')
  const number = optionalText(params, 'logistics_code')
  if (number === '') throw invalid('60014', '物流单号不能为空')
  if (!/^[A-Za-z0-9-]{6,40}$/.test(number)) throw invalid('60017', '物流单号不符合规则')
  return { company, companyName, number, lines }
}

/** A number may be on parcels of several orders only where all of them go to the same address. */
function usedElsewhere({ store }: ShippingParts, order: DouyinOrder, number: string): boolean {
  for (const { versions } of store.held.values()) {
    const other = versions.at(-1)!.order
    if (other.id === order.id || !other.parcels.some((p) => p.number === number)) continue
    if (addressId(other.receiver) !== addressId(order.receiver)) return true
  }
  return false
}

function carryOut(parts: ShippingParts, order: DouyinOrder, packs: Pack[], params: Params): DouyinOrder {
  if (packs.some((p) => usedElsewhere(parts, order, p.number))) {
    throw failed('70022', '70022:运单已被其他订单使用，且收货人手机号/收货地址不一致，请核对运单')
  }
  const reject = flag(params, 'is_refund_reject') || flag(params, 'is_reject_refund')
  return ship(order, packs, reject, parts.now())
}

/** `order.logisticsAdd`: everything of the order that is still open. */
export function shipWhole(parts: ShippingParts, params: Params): object {
  const order = orderOf(parts, params)
  const lines = order.skus.filter((s) => openOf(order, s) > 0).map((s) => ({ sku: s.id, quantity: null }))
  const shipped = carryOut(parts, order, [packOf(params, lines)], params)
  parts.commit([shipped], 'other')
  return { pack_id: shipped.parcels.at(-1)!.id }
}

/** `order.logisticsAddMultiPack`. */
export function shipParcels(parts: ShippingParts, params: Params): object {
  const request = requiredText(params, 'request_id', '50050')
  const before = parts.store.answerTo(request)
  if (before) return before
  const order = orderOf(parts, params)
  const packs = records(params, 'pack_list').map((pack) => {
    const lines = records(pack, 'shipped_order_info').map((info) => ({
      sku: requiredText(info, 'shipped_order_id', '60016'),
      quantity: optionalWhole(info, 'shipped_num'),
    }))
    if (lines.length === 0) throw failed('60036', '发货信息为空。')
    return packOf(pack, lines)
  })
  if (packs.length === 0) throw failed('60036', '发货信息为空。')
  const shipped = carryOut(parts, order, packs, params)
  const answer = { pack_list: shipped.parcels.slice(-packs.length).map(packView) }
  parts.commit([shipped], 'other', { request, answer })
  return answer
}

function packView(parcel: DouyinOrder['parcels'][number]): object {
  return {
    pack_id: parcel.id,
    logistics_code: parcel.number,
    shipped_order_info: parcel.lines.map((l) => ({ shipped_order_id: l.sku, shipped_num: l.quantity })),
  }
}

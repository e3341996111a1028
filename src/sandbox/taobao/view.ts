/**
 * Trades and refunds as TOP shows them (china.md §6; field lists and meanings from the published structures Trade,
 * Order and Refund [1]). Amounts are yuan text, instants Beijing time, tid and oid bare numbers beyond 2^53; what is
 * empty is left out [M].
 */
import { createHash } from 'node:crypto'
import { GOODS } from '../marketplace/goods.ts'
import type { Shown } from '../marketplace/sold.ts'
import {
  caseOf,
  dueOf,
  isOpen,
  lineState,
  parcelOf,
  paymentOf,
  type RefundCase,
  soldFor,
  stateOf,
  type Trade,
  type TradeLine,
  type TradeState,
} from '../marketplace/trade.ts'
import { beijing, yuan } from '../marketplace/wire.ts'

/** One structure; undefined fields do not go out. */
export type Fields = Record<string, unknown>

const STATUS: Record<TradeState, string> = {
  unpaid: 'WAIT_BUYER_PAY',
  void: 'TRADE_CLOSED_BY_TAOBAO',
  paid: 'WAIT_SELLER_SEND_GOODS',
  'part-shipped': 'SELLER_CONSIGNED_PART',
  shipped: 'WAIT_BUYER_CONFIRM_GOODS',
  finished: 'TRADE_FINISHED',
  refunded: 'TRADE_CLOSED',
}

const REFUND_STATUS: Record<RefundCase['state'], string> = {
  requested: 'WAIT_SELLER_AGREE',
  approved: 'WAIT_BUYER_RETURN_GOODS',
  'sent-back': 'WAIT_SELLER_CONFIRM_GOODS',
  settled: 'SUCCESS',
  refused: 'SELLER_REFUSE_BUYER',
  withdrawn: 'CLOSED',
}

/** TOP's word for where a trade stands. */
export const statusOf = (trade: Trade): string => STATUS[stateOf(trade)]

const time = (instant: string | null): string | undefined => (instant ? beijing(instant) : undefined)

/** Name and number hidden but for a rest; the address is hidden wholly since 2026-08-31 [1]. */
export function shownTo(trade: Trade): Shown {
  const { name, mobile, province, city, district, town, zip } = trade.receiver
  const address = '******'
  const place = ['CN', zip, province, inCounty(trade) ? null : city, district, town, address]
  return {
    name: `${[...name][0]}**`,
    phone: `*******${mobile.slice(-4)}`,
    address,
    masked: { opaqueId: oaidOf(trade), place: place.filter((part) => part !== null) },
  }
}

/** A county that belongs to no city stands in the district alone [1]. */
const inCounty = ({ receiver }: Trade): boolean => receiver.city.startsWith('省直辖')

/**
 * The opaque identity of a receiver: of name, numbers, address and the instant of the order [1], so that two orders of
 * one receiver never share one.
 */
export function oaidOf(trade: Trade): string {
  const { name, mobile, province, city, district, town, address } = trade.receiver
  const whole = [name, mobile, province, city, district, town, address, trade.placedAt].join('\u0001')
  return `1${createHash('sha256').update(whole).digest('base64').replace(/\W/g, '').slice(0, 39)}`
}

/** The whole trade, as `trade.fullinfo.get` can show it. */
export function tradeFields(trade: Trade, seller: string): Fields {
  const single = trade.lines.length === 1 ? trade.lines[0]! : null
  return {
    tid: BigInt(trade.id),
    tid_str: trade.id,
    status: statusOf(trade),
    type: 'fixed',
    title: seller,
    seller_nick: seller,
    buyer_nick: `${trade.buyer.nick[0]}**`,
    buyer_open_uid: trade.buyer.openUid,
    created: time(trade.placedAt),
    modified: time(trade.modifiedAt),
    pay_time: time(trade.paidAt),
    consign_time: time(trade.parcels[0]?.at ?? null),
    end_time: time(trade.finishedAt ?? trade.closedAt),
    // What hangs on one line says nothing where there are several [1].
    num: single?.quantity ?? 0,
    num_iid: single ? Number(GOODS[single.goods]!.itemId) : undefined,
    price: single ? yuan(single.price) : undefined,
    adjust_fee: yuan(single?.adjust ?? 0),
    ...moneyFields(trade),
    shipping_type: trade.freight === 0 ? 'free' : 'express',
    trade_from: 'WAP,WAP',
    has_buyer_message: trade.message !== null,
    buyer_message: trade.message ?? undefined,
    seller_memo: trade.memo ?? undefined,
    seller_flag: trade.flag,
    ...receiverFields(trade),
    promotion_details: promotions(trade),
    orders: { order: trade.lines.map((line) => orderFields(trade, line)) },
  }
}

function moneyFields(trade: Trade): Fields {
  const sum = (of: (line: TradeLine) => number) => trade.lines.reduce((n, line) => n + of(line), 0)
  const back = trade.refunds.filter((r) => r.state === 'settled' && !r.afterShipping)
  return {
    total_fee: yuan(sum((line) => line.price * line.quantity)),
    discount_fee: yuan(sum((line) => line.share)),
    post_fee: yuan(trade.freight),
    // A refund before shipping lowers it, so it is no record of what was paid [1].
    payment: yuan(paymentOf(trade) - back.reduce((n, r) => n + r.amount, 0)),
    received_payment: yuan(trade.finishedAt ? paymentOf(trade) : 0),
  }
}

function receiverFields(trade: Trade): Fields {
  const { province, city, district, town, zip } = trade.receiver
  const shown = shownTo(trade)
  return {
    receiver_name: shown.name,
    receiver_mobile: shown.phone,
    receiver_state: province,
    receiver_city: inCounty(trade) ? undefined : city,
    receiver_district: district ?? undefined,
    receiver_town: town ?? undefined,
    receiver_address: shown.address,
    receiver_zip: zip,
    receiver_country: '',
    oaid: shown.masked?.opaqueId,
  }
}

function promotions(trade: Trade): Fields | undefined {
  const whole = trade.lines.reduce((n, line) => n + line.share, 0)
  const list = [
    ...(whole > 0 ? [[trade.id, '店铺满减', whole] as const] : []),
    ...trade.lines.filter((l) => l.discount > 0).map((l) => [l.id, '单品优惠', l.discount] as const),
  ]
  if (list.length === 0) return undefined
  return {
    promotion_detail: list.map(([id, name, amount]) => ({
      id: BigInt(id),
      promotion_name: name,
      discount_fee: yuan(amount),
    })),
  }
}

/** A sub-order. `payment` contains the freight where it is the only one, and never its share of the order's discount. */
function orderFields(trade: Trade, line: TradeLine): Fields {
  const { itemId, skuId } = GOODS[line.goods]!
  const parcel = parcelOf(trade, line.id)
  const refund = caseOf(trade, line.id)
  const only = trade.lines.length === 1
  const state = lineState(trade, line)
  return {
    oid: BigInt(line.id),
    oid_str: line.id,
    num_iid: Number(itemId),
    sku_id: skuId ?? undefined,
    outer_iid: (skuId === null ? line.sku : line.sku && `SPU-${line.goods}`) || undefined,
    outer_sku_id: skuId === null ? undefined : (line.sku ?? undefined),
    title: line.title,
    sku_properties_name: line.option === null ? undefined : `规格:${line.option}`,
    num: line.quantity,
    price: yuan(line.price),
    total_fee: yuan(dueOf(line)),
    discount_fee: yuan(line.discount),
    adjust_fee: yuan(line.adjust),
    payment: yuan(dueOf(line) + (only ? trade.freight : 0)),
    part_mjz_discount: line.share > 0 ? yuan(line.share) : undefined,
    divide_order_fee: yuan(soldFor(line)),
    status: STATUS[state],
    refund_status: refund ? REFUND_STATUS[refund.state] : 'NO_REFUND',
    refund_id: refund ? BigInt(refund.id) : undefined,
    end_time: time(state === 'refunded' ? refund!.endedAt : (trade.finishedAt ?? trade.closedAt)),
    consign_time: time(parcel?.at ?? null),
    logistics_company: parcel ? (COMPANIES[parcel.company] ?? parcel.company) : undefined,
    invoice_no: parcel?.number,
    shipping_type: trade.freight === 0 ? 'free' : 'express',
    seller_type: 'B',
    is_oversold: false,
  }
}

/** The whole refund; each of the two methods shows its own part. */
export function refundFields(trade: Trade, one: RefundCase, seller: string): Fields {
  const line = trade.lines.find((l) => l.id === one.line)!
  const { itemId, skuId } = GOODS[line.goods]!
  return {
    refund_id: one.id,
    tid: BigInt(trade.id),
    oid: BigInt(one.line),
    status: REFUND_STATUS[one.state],
    dispute_type: one.goodsBack ? 'REFUND_AND_RETURN' : 'REFUND',
    created: time(one.createdAt),
    modified: time(one.modifiedAt),
    end_time: time(one.endedAt),
    total_fee: yuan(soldFor(line)),
    refund_fee: yuan(one.amount),
    payment: yuan(Math.max(0, soldFor(line) - one.amount)),
    order_status: STATUS[lineState(trade, line)],
    good_status: goodStatus(trade, one),
    has_good_return: one.goodsBack,
    refund_phase: trade.finishedAt ? 'aftersale' : 'onsale',
    refund_version: Date.parse(one.modifiedAt),
    reason: one.reason,
    desc: '',
    title: line.title,
    num: line.quantity,
    price: yuan(line.price),
    num_iid: Number(itemId),
    outer_id: line.sku ?? undefined,
    sku: skuId ? `${skuId}|规格:${line.option}` : undefined,
    buyer_nick: `${trade.buyer.nick[0]}**`,
    buyer_open_uid: trade.buyer.openUid,
    seller_nick: seller,
    sid: one.tracking ?? undefined,
    cs_status: isOpen(one) ? 1 : undefined,
  }
}

function goodStatus(trade: Trade, one: RefundCase): string {
  if (one.tracking) return 'BUYER_RETURNED_GOODS'
  return trade.finishedAt ? 'BUYER_RECEIVED' : 'BUYER_NOT_RECEIVED'
}

/** Some of the platform's carriers: code and name. Any other code is refused. */
export const COMPANIES: Readonly<Record<string, string>> = Object.freeze({
  SF: '顺丰速运',
  ZTO: '中通快递',
  YTO: '圆通速递',
  STO: '申通快递',
  YUNDA: '韵达快递',
  JTSD: '极兔速递',
  EMS: 'EMS',
  POSTB: '邮政快递包裹',
  DBKD: '德邦快递',
})

/**
 * The fields that were asked for, of those that a method can show: `a,b,orders` or `orders.oid,orders.num` for parts of
 * a list. Unknown names are passed over [M].
 */
export function project(fields: Fields, asked: string, without: ReadonlySet<string> = NONE): Fields {
  const names = asked.split(',').map((name) => name.trim())
  const out: Fields = {}
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined || without.has(name)) continue
    const parts = names.filter((n) => n.startsWith(`${name}.`)).map((n) => n.slice(name.length + 1))
    if (names.includes(name)) out[name] = clean(value)
    else if (parts.length > 0) out[name] = partsOf(value as Fields, parts)
  }
  return out
}

const NONE: ReadonlySet<string> = new Set()

/** A list in its wrapper (`{order: […]}`), each entry cut down to some fields. */
function partsOf(wrapped: Fields, parts: string[]): Fields {
  return Object.fromEntries(
    Object.entries(wrapped).map(([one, list]) => [
      one,
      (list as Fields[]).map((entry) => project(entry, parts.join(','))),
    ]),
  )
}

/** Takes undefined fields out of lists, so that they look empty to nobody. */
function clean(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(clean)
  if (typeof value !== 'object' || value === null) return value
  const known = Object.entries(value).filter(([, field]) => field !== undefined)
  return Object.fromEntries(known.map(([name, field]) => [name, clean(field)]))
}

/**
 * Orders and refunds as Pinduoduo shows them (field lists and meanings as published [1]). Orders state amounts as
 * numbers in yuan and instants in Beijing time; the receiver is enciphered while the order waits and gone afterwards;
 * the list of refunds has yuan as text and instants as text of seconds, a single refund fen and milliseconds.
 */
import { createHash } from 'node:crypto'
import { GOODS, type Goods } from '../marketplace/goods.ts'
import type { Shown } from '../marketplace/sold.ts'
import {
  isOpen,
  lineState,
  parcelOf,
  paymentOf,
  type RefundCase,
  stateOf,
  type Trade,
  type TradeLine,
} from '../marketplace/trade.ts'
import { beijing, seconds, yuan } from '../marketplace/wire.ts'

type Fields = Record<string, unknown>

/** Numbers of some carriers. Any other is refused. */
export const COMPANIES: Readonly<Record<string, string>> = Object.freeze({
  44: '顺丰快递',
  85: '圆通快递',
  115: '中通快递',
  116: '邮政EMS',
  119: '德邦快递',
  121: '韵达快递',
  384: '极兔速递',
})

/** The number of what is sold: here every listing has one, with variants or without. */
export const skuIdOf = (goods: Goods): string => goods.skuId ?? String(5_900_000_000_301 + goods.n * 10_007)

/** 1 to be shipped, 2 on its way, 3 with the buyer. */
export function orderStatus(trade: Trade): number {
  if (trade.finishedAt) return 3
  return trade.parcels.length > 0 ? 2 : 1
}

/** 1 nothing or closed, 2 being dealt with, 4 paid back. */
export function refundStatus(trade: Trade): number {
  const one = trade.refunds.at(-1)
  if (!one || one.state === 'withdrawn') return 1
  return one.state === 'settled' ? 4 : 2
}

/** The finer state of a case; what the buyer has sent back waits for the merchant again [M]. */
export function afterSalesStatus(one: RefundCase | undefined): number {
  if (!one) return 0
  const by = {
    requested: one.goodsBack ? 3 : 2,
    approved: 7,
    'sent-back': 3,
    settled: 10,
    refused: 6,
    withdrawn: 11,
  }
  return by[one.state]
}

/** Yuan as a number with at most two decimals. */
const money = (fen: number): number => fen / 100
const time = (instant: string | null): string => (instant ? beijing(instant) : '')

function hash(...parts: string[]): string {
  return createHash('sha256').update(parts.join('\u0001')).digest('base64')
}

/** What only the platform's own cloud can read; its form, not its strength, is the platform's. */
const cipher = (trade: Trade, field: string, text: string): string =>
  text === '' ? '' : `~${hash(trade.id, field, text)}~${hash(field, text).slice(0, 12)}~1~~`

/** True while the receiver may be had at all: it waits, and nobody wants money back. */
export function showsReceiver(trade: Trade): boolean {
  return stateOf(trade) === 'paid' && refundStatus(trade) === 1
}

/** The masked receiver, which stays [M]. */
export function shownTo(trade: Trade): Shown {
  const { name, mobile, address } = trade.receiver
  return {
    name: `${[...name][0]}*`,
    phone: `${mobile.slice(0, 3)}****${mobile.slice(-4)}`,
    address: `${[...address].slice(0, 2).join('')}****`,
  }
}

function receiverFields(trade: Trade): Fields {
  const { name, mobile, province, city, district, town, address } = trade.receiver
  const open = showsReceiver(trade)
  const secret = (field: string, text: string) => (open ? cipher(trade, field, text) : '')
  const shown = shownTo(trade)
  const place = `${province}${city}${district ?? ''}`
  return {
    country: '中国',
    province,
    city,
    town: district ?? town ?? '',
    receiver_name: secret('receiver_name', name),
    receiver_name_mask: shown.name,
    receiver_phone: secret('receiver_phone', mobile),
    receiver_phone_mask: shown.phone,
    receiver_address: secret('receiver_address', address),
    receiver_address_mask: shown.address,
    address: secret('address', place + address),
    address_mask: `${place}${shown.address}`,
    // Orders that may be merged have it in common [1].
    open_address_id: hash(name, mobile, place, address).slice(0, 32),
  }
}

/** An order, as the lists and the single order show it. An order is always of one article. */
export function orderFields(trade: Trade): Fields {
  const parcel = parcelOf(trade, trade.lines[0]!.id)
  const paid = trade.paidAt ?? trade.placedAt
  return {
    order_sn: trade.id,
    confirm_status: 1,
    group_status: 1,
    trade_type: 0,
    order_status: orderStatus(trade),
    refund_status: refundStatus(trade),
    after_sales_status: afterSalesStatus(trade.refunds.at(-1)),
    risk_control_status: 0,
    created_time: time(trade.placedAt),
    pay_time: time(trade.paidAt),
    confirm_time: time(trade.paidAt),
    updated_at: time(trade.modifiedAt),
    shipping_time: time(parcel?.at ?? null),
    receive_time: time(trade.finishedAt),
    last_ship_time: time(new Date(Date.parse(paid) + 48 * 3_600_000).toISOString()),
    ...moneyFields(trade),
    buyer_memo: trade.message ?? '',
    remark: trade.memo ?? '',
    remark_tag: trade.flag,
    is_lucky_flag: 1,
    is_pre_sale: 0,
    logistics_id: parcel ? Number(parcel.company) : 0,
    tracking_number: parcel?.number ?? '',
    step_order_info: null,
    ...receiverFields(trade),
    item_list: [itemFields(trade.lines[0]!)],
  }
}

/** goods = price × count − what the merchant changed by hand; pay = goods − discount + postage [1]. */
function moneyFields(trade: Trade): Fields {
  const line = trade.lines[0]!
  return {
    goods_amount: money(line.price * line.quantity + line.adjust),
    order_change_amount: money(-line.adjust),
    discount_amount: money(line.discount + line.share),
    seller_discount: money(line.discount),
    platform_discount: money(line.share),
    capital_free_discount: 0,
    postage: money(trade.freight),
    pay_amount: money(paymentOf(trade)),
    // Both are hidden but for shops abroad [1].
    pay_type: '',
    pay_no: '',
  }
}

function itemFields(line: TradeLine): Fields {
  const goods = GOODS[line.goods]!
  return {
    goods_id: Number(goods.itemId),
    sku_id: Number(skuIdOf(goods)),
    outer_id: line.sku ?? '',
    outer_goods_id: '',
    goods_name: line.title,
    goods_spec: line.option ?? '',
    goods_price: money(line.price),
    goods_count: line.quantity,
    goods_img: `https://img.example.com/${goods.itemId}.jpg`,
  }
}

/** A refund in the incremental list: yuan and seconds, both as text. */
export function refundListFields(trade: Trade, one: RefundCase): Fields {
  const line = trade.lines[0]!
  const goods = GOODS[line.goods]!
  const at = (instant: string | null) => (instant ? String(seconds(instant)) : '')
  return {
    id: BigInt(one.id),
    order_sn: trade.id,
    after_sales_type: one.goodsBack ? 3 : 2,
    after_sales_status: afterSalesStatus(one),
    after_sale_reason: one.reason,
    created_time: at(one.createdAt),
    updated_time: at(one.modifiedAt),
    confirm_time: at(trade.paidAt),
    order_amount: yuan(paymentOf(trade)),
    discount_amount: yuan(line.discount + line.share),
    refund_amount: yuan(one.amount),
    goods_id: Number(goods.itemId),
    sku_id: skuIdOf(goods),
    outer_id: line.sku ?? '',
    outer_goods_id: '',
    goods_name: line.title,
    goods_number: String(line.quantity),
    goods_price: yuan(line.price),
    tracking_number: one.tracking ?? '',
    speed_refund_flag: 0,
    dispute_refund_status: 0,
  }
}

/** A single refund: fen and milliseconds [1: the examples; that no unit is named but one says fen]. */
export function refundFields(trade: Trade, one: RefundCase): Fields {
  const line = trade.lines[0]!
  return {
    id: BigInt(one.id),
    order_sn: trade.id,
    after_sales_type: one.goodsBack ? 2 : 1,
    after_sales_status: afterSalesStatus(one),
    after_sales_reason: one.reason,
    confirm_time: Date.parse(trade.paidAt!),
    recreated_at: Date.parse(one.createdAt),
    updated_time: beijing(one.modifiedAt),
    expire_time: isOpen(one) ? Date.parse(one.createdAt) + 48 * 3_600_000 : null,
    order_amount: paymentOf(trade),
    discount_amount: line.discount + line.share,
    refund_amount: one.amount,
    goods_number: line.quantity,
    goods_price: line.price,
    part_after_sales_type: one.goodsBack ? 1 : 0,
    part_after_sales_value: one.goodsBack ? one.pieces : 0,
    shipping_status: ['paid', 'unpaid'].includes(lineState(trade, line)) ? 0 : 1,
    express_no: one.tracking ?? '',
    sku_id: skuIdOf(GOODS[line.goods]!),
    speed_refund_flag: 0,
    dispute_refund_status: 0,
  }
}

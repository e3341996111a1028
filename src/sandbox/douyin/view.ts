/**
 * An order as `order.searchList` and `order.orderDetail` show it. Field names and which of them are text or
 * 64-bit numbers follow published answers of the platform; receiver data is sealed. Amounts are fen.
 */
import { numberText } from '../exact-json.ts'
import {
  type AfterSale,
  type DouyinOrder,
  freightOf,
  goodsOf,
  lineAmount,
  mainStatus,
  orderAmount,
  orderStatus,
  type Parcel,
  promotionOf,
  type Receiver,
  type SkuOrder,
  STATUS_TEXT,
  skuStatus,
} from './order.ts'
import { addressId, buyerId, maskName, maskPhone, sealPhone, sealText } from './seal.ts'

const SHOP_NAME = '小茶旗舰店 🍵'

/** A list of specifications; articles without options have none. */
export function specs(spec: string | null): { name: string; value: string }[] {
  return spec === null ? [] : [{ name: '规格', value: spec }]
}

/** Amounts of a line or of the whole order; `payOff` does not lower what the shop gets. */
function amounts(skus: readonly SkuOrder[], paid: boolean, owed: number, post: number, modifyPost: number) {
  const sum = (of: (sku: SkuOrder) => number) => skus.reduce((n, sku) => n + of(sku), 0)
  const talent = sum((s) => s.talentOff)
  const platform = sum((s) => s.platformOff)
  return {
    order_amount: owed,
    pay_amount: paid ? owed : 0,
    post_amount: post + modifyPost,
    post_origin_amount: post,
    post_insurance_amount: 0,
    modify_amount: sum((s) => s.modify),
    modify_post_amount: modifyPost,
    promotion_amount: sum(promotionOf),
    promotion_shop_amount: sum((s) => s.shopOff),
    promotion_platform_amount: platform,
    promotion_talent_amount: talent,
    promotion_pay_amount: paid ? sum((s) => s.payOff) : 0,
    promotion_redpack_amount: 0,
    promotion_redpack_platform_amount: 0,
    promotion_redpack_talent_amount: 0,
    shop_cost_amount: sum((s) => s.shopOff),
    platform_cost_amount: platform + talent,
    only_platform_cost_amount: platform,
    author_cost_amount: talent,
  }
}

function receiverView(order: DouyinOrder) {
  const { name, phone, province, city, town, street, detail } = order.receiver
  const divisions = { province, city, town, street }
  return {
    encrypt_post_receiver: sealText(order.id, name),
    encrypt_post_tel: sealPhone(order.id, phone),
    mask_post_receiver: maskName(name),
    mask_post_tel: maskPhone(phone),
    post_addr: { ...divisions, encrypt_detail: sealText(order.id, detail) },
    mask_post_addr: { ...divisions, detail: maskDetail(order.receiver) },
    open_address_id: addressId(order.receiver),
  }
}

const maskDetail = ({ detail }: Receiver) => `${[...detail].slice(0, 2).join('')}****`

/** What order and lines say alike. */
function lifeOf(order: DouyinOrder, status: number, main: number) {
  return {
    order_status: status,
    order_status_desc: STATUS_TEXT[status] ?? '',
    main_status: main,
    main_status_desc: STATUS_TEXT[main] ?? '',
    biz: 2,
    biz_desc: '小店',
    order_type: 0,
    order_type_desc: '普通订单',
    trade_type: 0,
    trade_type_desc: '普通',
    b_type: 2,
    b_type_desc: '抖音',
    sub_b_type: 3,
    sub_b_type_desc: 'H5',
    app_id: 1128,
    pay_type: order.paidAt === 0 ? 0 : orderAmount(order) === 0 ? 7 : 2,
    channel_payment_no: order.paidAt === 0 ? '' : `${order.paidAt}${order.id}`,
    create_time: order.createdAt,
    pay_time: order.paidAt,
    update_time: order.updatedAt,
    finish_time: order.finishedAt,
    order_expire_time: 1800,
    exp_ship_time: order.paidAt === 0 ? 0 : order.shipBy,
    cancel_reason: order.cancelReason,
  }
}

/** The newest after-sale of a line, as the order shows it: states only, never an amount. */
function afterSaleInfo(all: readonly AfterSale[], sku: string) {
  const last = all.findLast((a) => a.sku === sku)
  return {
    after_sale_status: last?.status ?? 0,
    after_sale_type: last?.type ?? 0,
    refund_status: last?.refundStatus ?? 0,
  }
}

/** Where the buyer came from. */
function sourceView({ author }: DouyinOrder) {
  return {
    c_biz: author ? 2 : 8,
    c_biz_desc: author ? '精选联盟' : '小店自卖',
    theme_type: author ? '1' : '0',
    author_id: author ? numberText(author.id) : 0,
    author_name: author?.name ?? '',
  }
}

function skuView(order: DouyinOrder, sku: SkuOrder, freight: number, main: string | null) {
  const paid = order.paidAt !== 0
  const status = skuStatus(order, sku)
  const sent = order.parcels.find((p) => p.lines.some((l) => l.sku === sku.id))
  return {
    order_id: sku.id,
    parent_order_id: order.id,
    order_level: 3,
    ...lifeOf(order, status, sku.closed || status),
    ...amounts([sku], paid, lineAmount(sku) + freight, freight, 0),
    product_id: numberText(sku.productId),
    product_id_str: sku.productId,
    sku_id: numberText(sku.skuId),
    out_sku_id: '',
    out_product_id: '0',
    code: sku.code,
    product_name: sku.name,
    spec: specs(sku.spec),
    item_num: sku.quantity,
    goods_price: sku.price,
    origin_amount: sku.price,
    sum_amount: goodsOf(sku),
    goods_type: 0,
    has_tax: false,
    pre_sale_type: 0,
    receive_type: 1,
    is_comment: 0,
    given_product_type: sku.gift ? 'FREE' : '',
    master_sku_order_id_list: sku.gift && main ? [main] : [],
    reduce_stock_type: 1,
    inventory_list: [],
    ...sourceView(order),
    ship_time: sent?.at ?? 0,
    after_sale_info: afterSaleInfo(order.afterSales, sku.id),
    ...receiverView(order),
  }
}

function parcelView(order: DouyinOrder, parcel: Parcel) {
  const info = parcel.lines.map(({ sku: id, quantity }) => {
    const sku = order.skus.find((s) => s.id === id)!
    return {
      product_name: sku.name,
      price: sku.price,
      outer_sku_id: sku.code,
      sku_id: numberText(sku.skuId),
      sku_specs: specs(sku.spec),
      product_count: quantity,
      product_id: numberText(sku.productId),
      product_id_str: sku.productId,
      sku_order_id: id,
    }
  })
  return {
    tracking_no: parcel.number,
    company: parcel.company,
    company_name: parcel.companyName,
    ship_time: parcel.at,
    delivery_id: parcel.id,
    product_info: info,
  }
}

/** The whole order. */
export function orderView(order: DouyinOrder, shopId: string): Record<string, unknown> {
  const { shares } = freightOf(order)
  const main = order.skus.find((s) => !s.gift)?.id ?? null
  return {
    order_id: order.id,
    order_level: 2,
    shop_id: numberText(shopId),
    shop_name: SHOP_NAME,
    open_id: '',
    doudian_open_id: buyerId(order.buyer),
    ...lifeOf(order, orderStatus(order), mainStatus(order)),
    ...amounts(order.skus, order.paidAt !== 0, orderAmount(order), order.post, order.modifyPost),
    ship_time: order.parcels[0]?.at ?? 0,
    buyer_words: order.buyerWords,
    seller_words: order.sellerWords,
    seller_remark_stars: order.stars,
    ...receiverView(order),
    logistics_info: order.parcels.map((p) => parcelView(order, p)),
    sku_order_list: order.skus.map((s, i) => skuView(order, s, shares[i]!, main)),
    promotion_detail: {},
    order_phase_list: [],
    serial_number_list: [],
  }
}

/** An after-sale as the API shows it: in a list with its id as text, alone with its id as a 64-bit number. */
import { numberText } from '../exact-json.ts'
import {
  type AfterSale,
  type DouyinOrder,
  freightOf,
  lineAmount,
  type Parcel,
  type SkuOrder,
  skuStatus,
} from './order.ts'
import { addressId } from './seal.ts'
import { specs } from './view.ts'

/** An after-sale as `afterSale.List` shows it. */
export function afterSaleItem(order: DouyinOrder, a: AfterSale): object {
  const sku = order.skus.find((s) => s.id === a.sku)!
  return {
    aftersale_info: {
      aftersale_id: a.id,
      aftersale_order_type: 1,
      aftersale_type: a.type,
      aftersale_status: a.status,
      aftersale_status_to_final_time: a.finalAt,
      related_id: order.id,
      apply_time: a.appliedAt,
      create_time: a.appliedAt,
      update_time: a.updatedAt,
      status_deadline: a.finalAt === 0 ? a.updatedAt + 2 * 86_400 : 0,
      refund_amount: a.amount,
      refund_post_amount: a.post,
      refund_tax_amount: 0,
      refund_status: a.refundStatus,
      refund_type: 0,
      aftersale_refund_type: 0,
      aftersale_num: a.quantity,
      part_type: a.quantity < sku.quantity ? 1 : 0,
      arbitrate_status: 0,
      return_logistics_code: a.returned?.number ?? '',
      return_logistics_company_name: a.returned ? '中通快递' : '',
      return_promotion_amount: 0,
      got_pkg: a.type === 2 ? 0 : 1,
      remark: '',
      exchange_sku_info: exchangeView(a),
      order_logistics: order.parcels.map(forwardView),
    },
    order_info: {
      shop_order_id: order.id,
      order_flag: order.stars,
      related_order_info: [relatedView(order, sku, a)],
    },
  }
}

function forwardView(parcel: Parcel) {
  return {
    tracking_no: parcel.number,
    company_name: parcel.companyName,
    company_code: parcel.company,
    logistics_time: parcel.at,
    logistics_state: 0,
  }
}

function exchangeView(a: AfterSale) {
  const { skuId = '', code = '', quantity = 0 } = a.exchange ?? {}
  return { sku_id: skuId, code, num: quantity, out_sku_id: '', name: '', price: '', spec_desc: '' }
}

function relatedView(order: DouyinOrder, sku: SkuOrder, a: AfterSale) {
  const freight = freightOf(order).shares[order.skus.indexOf(sku)]!
  return {
    sku_order_id: sku.id,
    order_status: skuStatus(order, sku),
    pay_amount: lineAmount(sku) + freight,
    post_amount: freight,
    item_num: sku.quantity,
    create_time: order.createdAt,
    tax_amount: 0,
    is_oversea_order: 0,
    product_name: sku.name,
    product_id: numberText(sku.productId),
    shop_sku_code: sku.code,
    sku_spec: specs(sku.spec),
    promotion_pay_amount: sku.payOff,
    price: sku.price,
    aftersale_pay_amount: a.amount,
    aftersale_post_amount: a.post,
    aftersale_tax_amount: 0,
    aftersale_item_num: a.quantity,
    given_sku_order_ids: [],
  }
}

/** An after-sale as `afterSale.Detail` shows it; here its id is a 64-bit number. */
export function afterSaleDetail(order: DouyinOrder, a: AfterSale): object {
  const sku = order.skus.find((s) => s.id === a.sku)!
  return {
    process_info: {
      after_sale_info: {
        after_sale_id: numberText(a.id),
        after_sale_order_type: 1,
        after_sale_status: a.status,
        after_sale_type: a.type,
        refund_status: a.refundStatus,
        refund_total_amount: a.amount,
        refund_post_amount: a.post,
        refund_promotion_amount: 0,
        real_refund_amount: a.refundStatus === 3 ? a.amount : 0,
        refund_time: a.refundedAt,
        apply_time: a.appliedAt,
        update_time: a.updatedAt,
        aftersale_status_to_final_time: a.finalAt,
        after_sale_apply_count: a.quantity,
        need_return_count: a.type === 0 || a.type === 3 ? a.quantity : 0,
        part_type: a.quantity < sku.quantity ? 1 : 0,
        reason: a.reason,
        reason_code: 0,
        reason_remark: '',
        apply_role: 1,
        got_pkg: a.type === 2 ? 0 : 1,
        exchange_sku_info: exchangeView(a),
        open_address_id: addressId(order.receiver),
      },
      logistics_info: {
        return: a.returned ? { company_code: a.returned.company, tracking_no: a.returned.number } : {},
        order: order.parcels.map((p) => ({ company_code: p.company, tracking_no: p.number })),
      },
    },
    order_info: {
      shop_order_id: numberText(order.id),
      sku_order_infos: [{ ...relatedView(order, sku, a), sku_order_id: numberText(sku.id) }],
    },
  }
}

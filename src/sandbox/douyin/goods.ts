/**
 * Products, SKUs and stock. Fields and error codes follow public clients of the platform. Selling does not
 * change the stock here: it is what was last written, so that a write can be read back exactly.
 */
import { numberText } from '../exact-json.ts'
import { invalid, missing } from './answer.ts'
import {
  flag,
  optionalText,
  optionalWhole,
  type Params,
  requiredText,
  requiredWhole,
  texts,
} from './params.ts'
import { BY_CODE, BY_SKU_ID, SHELF, type ShelfItem } from './shelf.ts'
import type { Store } from './store.ts'

/** Every product was made and last changed here (epoch s), one minute after the other. */
const OPENED = 1_767_225_600

const at = (item: ShelfItem) => OPENED + SHELF.indexOf(item) * 60

function productView(item: ShelfItem): object {
  const { article, productId } = item
  return {
    product_id: numberText(productId),
    outer_product_id: '',
    out_product_id: 0,
    name: article.name,
    status: 0,
    check_status: 3,
    product_type: 0,
    img: '',
    spec_id: numberText(item.skuId),
    create_time: at(item),
    update_time: at(item),
    is_package_product: false,
    category_detail: { first_cid: 20036, second_cid: 20658, third_cid: 24998, fourth_cid: 0 },
  }
}

/** `product.listV2`: pages from 1, at most 10,000 products, or a cursor that is read until nothing comes. */
export function listProducts(params: Params): object {
  const size = requiredWhole(params, 'size')
  if (size < 1 || size > 100) throw invalid('2010004', 'size: 填写范围1~100')
  const status = optionalWhole(params, 'status') ?? 0
  const from = optionalWhole(params, 'update_start_time') ?? 0
  const to = optionalWhole(params, 'update_end_time') ?? Number.POSITIVE_INFINITY
  const ids = new Set(texts(params, 'product_id'))
  // both ends of the window are outside it, unlike everywhere else
  const found = SHELF.filter(
    (item) => status === 0 && at(item) > from && at(item) < to && (ids.size === 0 || ids.has(item.productId)),
  )
  if (flag(params, 'use_cursor')) {
    const start = Number(optionalText(params, 'cursor_id') || '0')
    const data = found.slice(start, start + size)
    return { data: data.map(productView), total: found.length, size, cursor_id: String(start + data.length) }
  }
  const page = requiredWhole(params, 'page')
  if (page < 1) throw invalid('2010004', '页数从1开始')
  if (page * size > 10_000) throw invalid('2010004', 'page*size最大不能超过1万条')
  const data = found.slice((page - 1) * size, page * size)
  return { data: data.map(productView), total: found.length, page, size }
}

function skuView(store: Store, item: ShelfItem): object {
  return {
    id: numberText(item.skuId),
    product_id: numberText(item.productId),
    product_id_str: item.productId,
    code: item.article.sku,
    out_sku_id: 0,
    price: item.price,
    spec_detail_name1: item.article.option ?? '',
    stock_num: store.stockOf(item.skuId),
    prehold_stock_num: 0,
    sku_status: true,
  }
}

/** `sku.list`: the SKUs of a product. */
export function listSkus(store: Store, params: Params): object[] {
  const productId = requiredText(params, 'product_id', '3')
  const found = SHELF.filter((item) => item.productId === productId)
  if (found.length === 0) throw invalid('4', '该商品不属于你')
  return found.map((item) => skuView(store, item))
}

function itemOf(params: Params, sub: string): ShelfItem {
  const skuId = optionalText(params, 'sku_id')
  const code = optionalText(params, 'code')
  const item = skuId === '' ? BY_CODE.get(code) : BY_SKU_ID.get(skuId)
  if (!item) throw invalid(sub, `${skuId ? `sku_id: ${skuId}` : `code: ${code}`}, 找不到对应的sku`)
  return item
}

/** `sku.stockNum`. */
export function stockOf(store: Store, params: Params): object {
  const item = itemOf(params, '20050')
  return {
    sku_id: numberText(item.skuId),
    code: item.article.sku,
    sku_type: 0,
    stock_num: store.stockOf(item.skuId),
    prehold_stock_num: 0,
  }
}

/** `sku.syncStock`: sets the stock, or adds to it once per idempotency id. */
export function syncStock(store: Store, params: Params): object {
  const item = itemOf(params, '5')
  const wanted = requiredWhole(params, 'stock_num')
  const incremental = flag(params, 'incremental')
  const once = optionalText(params, 'idempotent_id')
  if (incremental && once === '') throw missing('idempotent_id')
  const value = incremental ? store.stockOf(item.skuId) + wanted : wanted
  if (value < 0) throw invalid('40004', '系统错误:更新库存数失败: 库存不足')
  if (!store.setStock(item.skuId, value, once === '' ? null : once)) {
    throw invalid('40010', '[idempotent_id]重复，操作已执行')
  }
  return {}
}

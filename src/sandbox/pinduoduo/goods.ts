/** Listings and stock. The list is as published [1]; the key of the update's answer is [M]. */
import { pageBack } from '../marketplace/gateway.ts'
import { GOODS, type Goods, goodsById } from '../marketplace/goods.ts'
import { invalid, missing, refused } from './errors.ts'
import { type Method, whole } from './methods.ts'
import { skuIdOf } from './view.ts'

/** `pdd.goods.list.get`: by name, code or whether it is on sale. */
const list: Method = {
  key: 'goods_list_get_response',
  required: [],
  token: true,
  run(params, { shop }) {
    const [onsale, outer, name] = [params.get('is_onsale'), params.get('outer_id'), params.get('goods_name')]
    const fits = (g: Goods) => {
      // One of the three counts, in this order [1].
      if (onsale) return onsale === '1'
      if (outer) return g.sku === outer
      return !name || g.title.includes(name)
    }
    const found = GOODS.filter(fits)
    const { items } = pageBack(found, whole(params, 'page', 1), whole(params, 'page_size', 100, 100))
    return { goods_list: items.map((g) => goodsFields(g, shop.store.stock[g.n]!)), total_count: found.length }
  },
}

function goodsFields(goods: Goods, stock: number): Record<string, unknown> {
  return {
    goods_id: Number(goods.itemId),
    goods_name: goods.title,
    goods_quantity: stock,
    goods_reserve_quantity: 0,
    created_at: 1_700_000_000,
    image_url: `https://img.example.com/${goods.itemId}.jpg`,
    thumb_url: `https://img.example.com/${goods.itemId}-s.jpg`,
    is_more_sku: goods.skuId === null ? 0 : 1,
    is_onsale: 1,
    sku_list: [
      {
        sku_id: Number(skuIdOf(goods)),
        outer_id: goods.sku,
        outer_goods_id: '',
        spec: goods.option ?? '',
        sku_quantity: stock,
        reserve_quantity: 0,
        is_sku_onsale: 1,
      },
    ],
  }
}

/** `pdd.goods.quantity.update`: type 1 sets the stock (the default), 2 changes it by so much [1]. */
const update: Method = {
  key: 'goods_quantity_update_response',
  required: ['goods_id', 'quantity'],
  token: true,
  run(params, { shop }) {
    const goods = goodsById(params.get('goods_id')!)
    if (!goods) throw refused('商品不存在')
    const [sku, outer] = [params.get('sku_id'), params.get('outer_id')]
    if (!sku && !outer) throw missing('sku_id')
    if (sku ? sku !== skuIdOf(goods) : outer !== goods.sku) throw refused('SKU不存在')
    const type = whole(params, 'update_type', 1, 2)
    const asked = whole(params, 'quantity', 0, 99_999_999, type === 1 ? 0 : -99_999_999)
    const next = type === 1 ? asked : shop.store.stock[goods.n]! + asked
    if (next < 0) throw invalid('库存不能小于0')
    shop.store.setStock(goods.n, next)
    return { is_success: true }
  },
}

export const GOODS_METHODS: Readonly<Record<string, Method>> = Object.freeze({
  'pdd.goods.list.get': list,
  'pdd.goods.quantity.update': update,
})

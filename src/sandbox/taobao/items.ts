/**
 * Listings and stock [M for the shapes of the answers; parameters and the two ways of `type` are published]. An item
 * without variants has its stock and code itself.
 */
import { pageBack } from '../marketplace/gateway.ts'
import { GOODS, type Goods, goodsById } from '../marketplace/goods.ts'
import { beijing, type Params, yuan } from '../marketplace/wire.ts'
import { invalid, missing, refused } from './errors.ts'
import { type Context, digits, listing, type Method, whole } from './methods.ts'
import { type Fields, project } from './view.ts'

function itemFields(goods: Goods, stock: number, { seller, now }: Context): Fields {
  return {
    num_iid: Number(goods.itemId),
    title: goods.title,
    nick: seller,
    outer_id: goods.skuId === null ? goods.sku : `SPU-${goods.n}`,
    num: stock,
    price: yuan(goods.price),
    approve_status: 'onsale',
    has_showcase: false,
    modified: beijing(now.toISOString()),
  }
}

function skuFields(goods: Goods, stock: number, now: Date): Fields {
  return {
    sku_id: Number(goods.skuId),
    num_iid: Number(goods.itemId),
    outer_id: goods.sku,
    quantity: stock,
    price: yuan(goods.price),
    status: 'normal',
    properties_name: `1627207:28341:规格:${goods.option}`,
    modified: beijing(now.toISOString()),
  }
}

/** Both lists of items; newest first means nothing here, so they count down from the last. */
function items(which: (goods: Goods) => boolean): Method {
  return {
    required: ['fields'],
    session: true,
    run(params, context) {
      const q = params.get('q')
      const list = GOODS.filter((g) => which(g) && (!q || g.title.includes(q)))
      const { items: page } = pageBack(list, whole(params, 'page_no', 1), whole(params, 'page_size', 40, 200))
      const shown = page.map((g) =>
        project(itemFields(g, context.shop.store.stock[g.n]!, context), params.get('fields')!),
      )
      return listing(new Map(), list.length, { items: shown, more: false }, ['items', 'item'])
    },
  }
}

/** `taobao.item.skus.get`: the variants of at most 40 items. */
const skus: Method = {
  required: ['fields', 'num_iids'],
  session: true,
  run(params, { shop, now }) {
    const ids = params.get('num_iids')!.split(',')
    if (ids.length > 40) throw invalid('num_iids', '最多40个')
    const found = ids.flatMap((id) => goodsById(id.trim()) ?? []).filter((g) => g.skuId !== null)
    if (found.length === 0) return {}
    const fields = params.get('fields')!
    return { skus: { sku: found.map((g) => project(skuFields(g, shop.store.stock[g.n]!, now), fields)) } }
  },
}

/** `taobao.item.quantity.update`: type 1 sets the stock (the default), 2 changes it by so much [1]. */
const update: Method = {
  required: ['num_iid', 'quantity'],
  session: true,
  run(params, { shop, now }) {
    const goods = goodsOf(params)
    const type = whole(params, 'type', 1, 2)
    const asked = whole(params, 'quantity', 0, 99_999_999, type === 1 ? 0 : -99_999_999)
    const next = type === 1 ? asked : shop.store.stock[goods.n]! + asked
    if (next < 0) throw invalid('quantity', '库存不能小于0')
    shop.store.setStock(goods.n, next)
    const modified = beijing(now.toISOString())
    const sku = goods.skuId && {
      skus: { sku: [{ sku_id: Number(goods.skuId), quantity: next, modified }] },
    }
    return { item: { num_iid: Number(goods.itemId), num: next, modified, ...sku } }
  },
}

/** The item, and its variant when one is named; an item with variants has no stock of its own [M]. Throws TopError. */
function goodsOf(params: Params): Goods {
  const goods = goodsById(digits(params, 'num_iid'))
  if (!goods) throw refused('isv.item-not-exist', '商品不存在')
  const [skuId, outerId] = [params.get('sku_id'), params.get('outer_id')]
  if (!skuId && !outerId) {
    if (goods.skuId !== null) throw missing('sku_id')
    return goods
  }
  const same = skuId ? skuId === goods.skuId : outerId === goods.sku
  if (!same) throw refused('isv.sku-not-exist', 'SKU不存在')
  return goods
}

export const ITEM_METHODS: Readonly<Record<string, Method>> = Object.freeze({
  'taobao.items.onsale.get': items(() => true),
  'taobao.items.inventory.get': items(() => false),
  'taobao.item.skus.get': skus,
  'taobao.item.quantity.update': update,
})

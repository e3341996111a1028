/** The reading methods: orders and after-sales by windows of time, page by page, and one by its id. */
import { delayOf, type Faults } from '../faults.ts'
import { afterSaleDetail, afterSaleItem } from './after-sale-view.ts'
import { failed, invalid } from './answer.ts'
import { type AfterSale, type DouyinOrder, orderStatus } from './order.ts'
import {
  flag,
  optionalText,
  optionalWhole,
  type Params,
  records,
  requiredText,
  requiredWhole,
  texts,
} from './params.ts'
import type { Store } from './store.ts'
import { orderView } from './view.ts'

const DAY = 86_400

/** What the reading methods work on. */
export interface ListParts {
  store: Store
  faults: Faults
  shopId: string
}

/** `page` from 0 and `size` of a list; page × size may reach 50,000 (facts §7.3). */
function pageAsked(params: Params, tooLarge: string): { page: number; size: number } {
  const page = requiredWhole(params, 'page')
  const size = requiredWhole(params, 'size')
  if (page < 0) throw invalid('10035', '查询列表页数不能小于0')
  if (size < 1 || size > 100) throw invalid('20008', '单次查询数超过限制，单页最大支持100')
  if (page * size > 50_000) throw invalid(tooLarge, '最多支持查询5万')
  return { page, size }
}

interface Window {
  start: number
  end: number
}

/** Start included, end not: what the platform says of after-sales; of orders it says nothing. */
function windowOf(params: Params, start: string, end: string): Window | null {
  const from = optionalWhole(params, start)
  const to = optionalWhole(params, end)
  return from === null && to === null ? null : { start: from ?? 0, end: to ?? Number.POSITIVE_INFINITY }
}

const within = (at: number, window: Window | null) =>
  window === null || (at >= window.start && at < window.end)

/** `order.searchList`. The fault `searchLag` (`min`..`max` ms) shows orders as they were that long ago. */
export function searchOrders({ store, faults, shopId }: ListParts, params: Params): object {
  const { page, size } = pageAsked(params, '20013')
  const created = windowOf(params, 'create_time_start', 'create_time_end')
  const updated = windowOf(params, 'update_time_start', 'update_time_end')
  if ((created?.start ?? 0) === 0 && (updated?.start ?? 0) === 0) {
    throw invalid('20011', '订单查询开始时间不能为空')
  }
  const oldest = Math.floor(Date.now() / 1000) - 90 * DAY
  if (created && created.start > 0 && created.start < oldest) {
    throw invalid('20022', '订单查询只支持查询最近90天内的数据')
  }
  const by = optionalText(params, 'order_by') === 'update_time' ? 'updatedAt' : 'createdAt'
  const sign = flag(params, 'order_asc') ? 1 : -1
  const status = statusAsked(params)
  const found = indexed(store, faults).filter(
    (o) =>
      o.createdAt >= oldest &&
      within(o.createdAt, created) &&
      within(o.updatedAt, updated) &&
      (status === null || status.has(orderStatus(o))),
  )
  found.sort((a, b) => sign * (a[by] - b[by] || (a.id < b.id ? -1 : 1)))
  const orders = found.slice(page * size, (page + 1) * size)
  return { page, size, total: found.length, shop_order_list: orders.map((o) => orderView(o, shopId)) }
}

function statusAsked(params: Params): ReadonlySet<number> | null {
  const combined = records(params, 'combine_status')
  if (combined.length === 0) return null
  if (combined.length > 1) throw invalid('20012', '订单查询状态条件超过限制，只支持1个元素')
  return new Set(optionalText(combined[0]!, 'order_status').split(',').map(Number))
}

/** The orders as the search index has them: all of them up to date, or as they were a while ago. */
function indexed(store: Store, faults: Faults): DouyinOrder[] {
  const lag = faults.hit('searchLag')
  const held = [...store.held.values()]
  if (!lag) return held.map((h) => h.versions.at(-1)!.order)
  const seen = new Date(Date.now() - delayOf(lag, faults.random())).toISOString()
  return held.flatMap((h) => h.versions.findLast((v) => v.at <= seen)?.order ?? [])
}

/** `order.orderDetail`: at once, and however old the order is. */
export function orderDetail({ store, shopId }: ListParts, params: Params): object {
  const order = store.order(requiredText(params, 'shop_order_id'))
  if (!order) throw failed('20003', '订单不存在')
  return { shop_order_detail: orderView(order, shopId) }
}

interface Held {
  order: DouyinOrder
  afterSale: AfterSale
}

function* allAfterSales(store: Store): Generator<Held> {
  for (const { versions } of store.held.values()) {
    const { order } = versions.at(-1)!
    for (const afterSale of order.afterSales) yield { order, afterSale }
  }
}

/** `afterSale.List`. */
export function searchAfterSales({ store }: ListParts, params: Params): object {
  const { page, size } = pageAsked(params, '11000')
  const applied = windowOf(params, 'start_time', 'end_time')
  const updated = windowOf(params, 'update_start_time', 'update_end_time')
  const orderId = optionalText(params, 'order_id')
  const id = optionalText(params, 'aftersale_id')
  const type = optionalWhole(params, 'aftersale_type')
  const statuses = new Set(texts(params, 'standard_aftersale_status').map(Number))
  const found = [...allAfterSales(store)].filter(
    ({ order, afterSale: a }) =>
      within(a.appliedAt, applied) &&
      within(a.updatedAt, updated) &&
      (orderId === '' || order.id === orderId) &&
      (id === '' || a.id === id) &&
      (type === null || a.type === type) &&
      (statuses.size === 0 || statuses.has(a.status)),
  )
  found.sort(orderOf(texts(params, 'order_by')))
  const items = found.slice(page * size, (page + 1) * size)
  const more = (page + 1) * size < found.length
  return {
    page,
    size,
    total: found.length,
    has_more: more,
    items: items.map((h) => afterSaleItem(h.order, h.afterSale)),
  }
}

const SORTS = { apply_time: 'appliedAt', update_time: 'updatedAt', status_deadline: 'updatedAt' } as const

/** `["update_time asc"]`; without any the newest application comes first, so that updates shift the pages. */
function orderOf(asked: readonly string[]): (a: Held, b: Held) => number {
  const [name = 'apply_time', direction = 'desc'] = (asked[0] ?? '').split(' ').filter((word) => word !== '')
  const field = SORTS[name as keyof typeof SORTS]
  if (field === undefined || !['asc', 'desc'].includes(direction))
    throw invalid('11000', 'order_by: 参数错误')
  const sign = direction === 'asc' ? 1 : -1
  return (a, b) =>
    sign * (a.afterSale[field] - b.afterSale[field] || (a.afterSale.id < b.afterSale.id ? -1 : 1))
}

/** `afterSale.Detail`. */
export function afterSaleById({ store }: ListParts, params: Params): object {
  const id = requiredText(params, 'after_sale_id')
  for (const { order, afterSale } of allAfterSales(store)) {
    if (afterSale.id === id) return afterSaleDetail(order, afterSale)
  }
  throw invalid('11000', '参数错误，售后单ID错误')
}

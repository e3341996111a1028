/** Taking orders: create, batch create, cancel, and items (china.md §6.1). */
import { delayOf } from '../faults.ts'
import type { XmlElement } from '../xml.ts'
import { checkedOrder, NAMES, ownerOf, refused, wanted, warehouseOf } from './check.ts'
import { child, fields, list, type Tree, text } from './message.ts'
import { chinaTime } from './sign.ts'
import { itemKey, type Kind, orderKey, type WmsOrder } from './store.ts'
import { isOpen, Refusal, type Wms } from './warehouse.ts'

/** `DO0000001`, by kind. */
function nextId(wms: Wms, kind: Kind): string {
  const letters = { delivery: 'DO', stockout: 'SO', entry: 'EO', return: 'RO' }[kind]
  return `${letters}${String(wms.store.orders.size + 1).padStart(7, '0')}`
}

/** A known code is refused, or answered as the first time where the option says so. */
function known(wms: Wms, kind: Kind, owner: string, code: string): WmsOrder | null {
  const before = wms.store.orders.get(orderKey(kind, owner, code))
  if (!before) return null
  if (wms.options.duplicates === 'accept') return before
  throw new Refusal('ORDER_EXISTS', `单据编码已存在: ${code}`)
}

function take(wms: Wms, kind: Kind, request: XmlElement, raw: string): WmsOrder {
  const { code, owner, ...order } = checkedOrder(wms, kind, request)
  const before = known(wms, kind, owner, code)
  if (before) return before
  const at = Date.now()
  const lag = wms.faults.hit('lag')
  const created: WmsOrder = {
    kind,
    code,
    owner,
    ...order,
    id: nextId(wms, kind),
    status: 'ACCEPT',
    at,
    visibleAt: lag ? at + delayOf(lag, wms.faults.random()) : at,
    packages: [],
    steps: [{ status: 'ACCEPT', at, info: '仓库接单' }],
    raw,
  }
  wms.store.commit([['order', created]])
  return created
}

/** `deliveryorder.create`, `stockout.create`, `entryorder.create`, `returnorder.create`. */
export function createOrder(kind: Kind) {
  return (wms: Wms, request: XmlElement, raw: string): Tree => {
    const order = take(wms, kind, request, raw)
    const id = { [NAMES[kind].id]: order.id }
    if (kind !== 'delivery' && kind !== 'stockout') return id
    const head = { createTime: chinaTime(order.at), ...id }
    if (kind === 'stockout') return head
    return { ...head, warehouseCode: order.warehouse, logisticsCode: order.logisticsCode }
  }
}

/** Each order stands for itself: the good ones are taken, the answer lists the others. */
export function batchCreate(wms: Wms, request: XmlElement, raw: string): Tree {
  const orders = list(request, 'orders', 'order')
  if (orders.length === 0) throw refused('orders 不能为空')
  const failed: Tree[] = []
  for (const one of orders) {
    try {
      take(wms, 'delivery', one, raw.slice(one.start, one.end))
    } catch (cause) {
      if (!(cause instanceof Refusal)) throw cause
      const code = text(child(one, 'deliveryOrder'), 'deliveryOrderCode')
      failed.push({ deliveryOrderCode: code, message: cause.message })
    }
  }
  if (failed.length === 0) return {}
  return {
    flag: 'failure',
    code: 'PARTIAL',
    message: `${failed.length} 个单据失败`,
    orders: { order: failed },
  }
}

/** Stops an order that has not left; one that was stopped before is answered as stopped. */
export function cancelOrder(wms: Wms, request: XmlElement): Tree {
  const code = wanted(request, 'orderCode')
  const warehouse = warehouseOf(wms, request)
  const owner = text(request, 'ownerCode')
  const type = text(request, 'orderType')
  const found = wms.store
    .withCode(code)
    .filter((order) => order.warehouse === warehouse && (owner === '' || order.owner === owner))
    .filter((order) => type === '' || order.orderType === type)
  const [order] = found
  if (!order) throw new Refusal('INVALID_ORDER_CODE', `单据编码不存在: ${code}`)
  if (order.status === 'CANCELED') return {}
  if (!isOpen(order) || order.lines.some((line) => line.actualQty > 0)) {
    throw new Refusal('ORDER_ALREADY_SHIPPED', `单据状态不允许取消: ${order.status}`)
  }
  const step = { status: 'CANCELED', at: Date.now(), info: text(request, 'cancelReason') }
  wms.store.commit([['order', { ...order, status: 'CANCELED', steps: [...order.steps, step] }]])
  return {}
}

function syncOne(wms: Wms, owner: string, element: XmlElement): string {
  const code = wanted(element, 'itemCode')
  wanted(element, 'itemName', 200)
  const before = wms.store.items.get(itemKey(owner, code))
  const id = before?.id ?? `I${String(wms.store.items.size + 1).padStart(7, '0')}`
  wms.store.commit([['item', { owner, code, id, fields: { ...before?.fields, ...fields(element) } }]])
  return id
}

function checkAction(request: XmlElement): void {
  const action = wanted(request, 'actionType')
  if (action !== 'add' && action !== 'update') throw refused(`actionType 应为 add 或 update: ${action}`)
}

/** Adds an item or changes it; `add` of a known one changes it, too. */
export function syncItem(wms: Wms, request: XmlElement): Tree {
  checkAction(request)
  warehouseOf(wms, request)
  const owner = ownerOf(wms, request)
  const item = child(request, 'item')
  if (!item) throw refused('item 不能为空')
  return { itemId: syncOne(wms, owner, item) }
}

/** The same for several; the answer lists those that failed. */
export function syncItems(wms: Wms, request: XmlElement): Tree {
  checkAction(request)
  warehouseOf(wms, request)
  const owner = ownerOf(wms, request)
  const failed: Tree[] = []
  for (const item of list(request, 'items', 'item')) {
    try {
      syncOne(wms, owner, item)
    } catch (cause) {
      if (!(cause instanceof Refusal)) throw cause
      failed.push({ itemCode: text(item, 'itemCode'), message: cause.message })
    }
  }
  if (failed.length === 0) return {}
  return { flag: 'failure', code: 'PARTIAL', message: `${failed.length} 个商品失败`, items: { item: failed } }
}

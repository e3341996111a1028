/** Asking the warehouse: orders with what became of them, their way, and stock (china.md §6.1). */
import type { XmlElement } from '../xml.ts'
import { NAMES, pieces, refused, wanted, warehouseOf } from './check.ts'
import { list, type Tree, text } from './message.ts'
import { chinaTime } from './sign.ts'
import { itemKey, type Kind, type Stock, type WmsOrder } from './store.ts'
import { locked, Refusal, type Wms } from './warehouse.ts'

/** The platform's limit of a page. */
const MOST = 100

function pageOf(request: XmlElement): { page: number; size: number } {
  const page = pieces(text(request, 'page') || '1', 'page')
  const size = pieces(text(request, 'pageSize') || '50', 'pageSize')
  if (page < 1 || size < 1 || size > MOST) throw refused(`page 从 1 开始, pageSize 最多 ${MOST}`)
  return { page, size }
}

/** The order that a query names, as far as queries show it yet. */
function found(wms: Wms, kind: Kind, request: XmlElement): WmsOrder {
  const names = NAMES[kind]
  const code = text(request, 'orderCode') || text(request, names.code)
  const id = text(request, 'orderId') || text(request, names.id)
  if (code === '' && id === '') throw refused('orderCode 不能为空')
  const owner = text(request, 'ownerCode')
  const order = [...(code === '' ? wms.store.orders.values() : wms.store.withCode(code))].find(
    (one) => one.kind === kind && (id === '' || one.id === id) && (owner === '' || one.owner === owner),
  )
  if (!order || order.visibleAt > Date.now()) {
    throw new Refusal('INVALID_ORDER_CODE', `单据编码不存在: ${code || id}`)
  }
  return order
}

/** Head, packages and lines as both the queries and the confirms write them. */
export function orderTree(order: WmsOrder): Tree {
  const names = NAMES[order.kind]
  return {
    [names.code]: order.code,
    [names.id]: order.id,
    warehouseCode: order.warehouse,
    ...(order.kind === 'entry'
      ? { ownerCode: order.owner, entryOrderType: order.orderType }
      : { orderType: order.orderType }),
    status: order.status,
  }
}

export function packageTrees(order: Pick<WmsOrder, 'packages'>): Tree | undefined {
  if (order.packages.length === 0) return undefined
  return {
    package: order.packages.map((one) => ({
      logisticsCode: one.logisticsCode,
      expressCode: one.expressCode,
      packageCode: one.packageCode,
      weight: one.weight || undefined,
      items: { item: one.items.map(({ itemCode, quantity }) => ({ itemCode, quantity })) },
    })),
  }
}

/** `deliveryorder.query`, `stockout.query`, `entryorder.query`, `returnorder.query`; lines by pages. */
export function queryOrder(kind: Kind) {
  return (wms: Wms, request: XmlElement): Tree => {
    const { page, size } = pageOf(request)
    const order = found(wms, kind, request)
    const lines = order.lines.slice((page - 1) * size, page * size)
    return {
      totalLines: order.lines.length,
      [NAMES[kind].head]: orderTree(order),
      packages: packageTrees(order),
      orderLines: {
        orderLine: lines.map((line) => ({
          orderLineNo: line.lineNo,
          ownerCode: line.owner,
          itemCode: line.itemCode,
          inventoryType: line.inventoryType,
          planQty: line.planQty,
          actualQty: line.actualQty,
        })),
      },
    }
  }
}

/** The way of an order, oldest step first. */
export function queryProcess(wms: Wms, request: XmlElement): Tree {
  const code = wanted(request, 'orderCode')
  const type = text(request, 'orderType')
  const order = wms.store.withCode(code).find((one) => type === '' || one.orderType === type)
  if (!order || order.visibleAt > Date.now()) {
    throw new Refusal('INVALID_ORDER_CODE', `单据编码不存在: ${code}`)
  }
  const processes = order.steps.map(({ status, at, info }) => ({
    processStatus: status,
    operateTime: chinaTime(at),
    operateInfo: info,
  }))
  return {
    orderProcess: {
      orderCode: order.code,
      orderId: order.id,
      orderType: order.orderType,
      warehouseCode: order.warehouse,
      processes: { process: processes },
    },
  }
}

function stockTree(wms: Wms, row: Stock): Tree {
  return {
    warehouseCode: row.warehouse,
    ownerCode: row.owner,
    itemCode: row.item,
    itemId: wms.store.items.get(itemKey(row.owner, row.item))?.id,
    inventoryType: row.type,
    quantity: row.quantity,
    lockQuantity: row.batch === '' ? Math.min(row.quantity, locked(wms, row)) : 0,
    batchCode: row.batch || undefined,
    productDate: row.productDate || undefined,
    expireDate: row.expireDate || undefined,
  }
}

/** Rows that fit what is asked; an element left out asks for all. */
function rows(wms: Wms, wanted_: XmlElement): Stock[] {
  const ask = (name: string) => text(wanted_, name)
  const fits = (value: string, name: string) => ask(name) === '' || ask(name) === value
  return [...wms.store.stock.values()].filter(
    (row) =>
      fits(row.warehouse, 'warehouseCode') &&
      fits(row.owner, 'ownerCode') &&
      fits(row.item, 'itemCode') &&
      fits(row.type, 'inventoryType') &&
      fits(row.batch, 'batchCode'),
  )
}

/** `inventory.query`: one list for all criteria; an unknown item is simply not in it. */
export function queryInventory(wms: Wms, request: XmlElement): Tree {
  const criteria = list(request, 'criteriaList', 'criteria')
  if (criteria.length === 0) throw refused('criteriaList 不能为空')
  if (criteria.length > MOST) throw refused(`criteriaList 最多 ${MOST} 条`)
  const all = criteria.flatMap((one) => {
    if (text(one, 'warehouseCode')) warehouseOf(wms, one)
    wanted(one, 'itemCode')
    return rows(wms, one)
  })
  return { items: { item: all.map((row) => stockTree(wms, row)) } }
}

/** `stock.query`: everything, by pages. */
export function queryStock(wms: Wms, request: XmlElement): Tree {
  const { page, size } = pageOf(request)
  const all = rows(wms, request)
  const part = all.slice((page - 1) * size, page * size)
  return { totalCount: all.length, items: { item: part.map((row) => stockTree(wms, row)) } }
}

/**
 * What the warehouse reports: shipped, received, counted, on its way (china.md §6.1). Every report is stored
 * together with what it reports, under an `outBizCode` of its own, and quantities are increments.
 */
import { document, type Tree } from './message.ts'
import { orderTree, packageTrees } from './query.ts'
import { chinaTime } from './sign.ts'
import type { Message, OrderLine, Package, Put, Stock, WmsOrder } from './store.ts'
import { changed, isOpen, isOutbound, Refusal, type Wms } from './warehouse.ts'

/** Part of one line, in batches where it has any. */
export interface Moved {
  line: string
  quantity: number
  /** Received goods may be of another condition than expected. */
  type?: string
  batches?: readonly { code: string; quantity: number; productDate?: string; expireDate?: string }[]
}

export interface Work {
  /** Order code. */
  code: string
  kind?: string
  /** Left out: everything that is still open. */
  lines?: readonly Moved[]
  packages?: readonly Partial<Package>[]
  /** False: more will follow. Default: true once nothing is open. */
  final?: boolean
}

const METHODS = {
  delivery: 'deliveryorder.confirm',
  stockout: 'stockout.confirm',
  entry: 'entryorder.confirm',
  return: 'returnorder.confirm',
} as const

/** A message to be stored in the same commit as what it tells. */
export function message(
  wms: Wms,
  method: string,
  about: string,
  tree: (outBizCode: string) => Tree,
): Message {
  const n = wms.store.messages.size + 1
  const outBizCode = `M${String(n).padStart(8, '0')}`
  const body = document('request', tree(outBizCode))
  return { n, method, about, outBizCode, body, at: Date.now(), attempts: 0, state: 'owed', last: '' }
}

function open(order: WmsOrder): Moved[] {
  return order.lines
    .filter((line) => line.planQty > line.actualQty)
    .map((line) => ({ line: line.lineNo, quantity: line.planQty - line.actualQty }))
}

function movedLine(order: WmsOrder, moved: Moved): OrderLine {
  const line = order.lines.find((one) => one.lineNo === moved.line || one.itemCode === moved.line)
  if (!line) throw new Refusal('LINE', `${order.code} has no line ${moved.line}`)
  const inBatches = moved.batches?.reduce((sum, one) => sum + one.quantity, 0) ?? moved.quantity
  if (!Number.isInteger(moved.quantity) || moved.quantity < 1 || inBatches !== moved.quantity) {
    throw new Refusal('QUANTITY', `line ${moved.line}: ${moved.quantity} pieces, ${inBatches} in batches`)
  }
  if (isOutbound(order) && line.actualQty + moved.quantity > line.planQty) {
    throw new Refusal('QUANTITY', `line ${moved.line}: more than was ordered`)
  }
  return line
}

/** The stock rows that a movement changes. */
function stockPuts(wms: Wms, order: WmsOrder, line: OrderLine, moved: Moved): Put[] {
  const sign = isOutbound(order) ? -1 : 1
  const at = { warehouse: order.warehouse, owner: line.owner, item: line.itemCode }
  const type = moved.type ?? line.inventoryType
  const none: Omit<Stock, 'quantity' | 'batch'> = { ...at, type, productDate: '', expireDate: '' }
  if (!moved.batches) return [changed(wms, { ...none, batch: '' }, sign * moved.quantity)]
  return moved.batches.map((one) => {
    const dates = { productDate: one.productDate ?? '', expireDate: one.expireDate ?? '' }
    return changed(wms, { ...none, ...dates, batch: one.code }, sign * one.quantity)
  })
}

function packagesOf(wms: Wms, order: WmsOrder, work: Work, moved: readonly Moved[]): Package[] {
  if (!isOutbound(order)) return []
  const items = moved.map((one) => ({ itemCode: movedLine(order, one).itemCode, quantity: one.quantity }))
  return (work.packages ?? [{}]).map((given, i) => {
    const number = `${String(wms.store.messages.size + 1).padStart(8, '0')}${i + 1}`
    const logisticsCode = given.logisticsCode ?? (order.logisticsCode || 'OTHER')
    return {
      logisticsCode,
      expressCode: given.expressCode ?? `${logisticsCode}${number}`,
      packageCode: given.packageCode ?? `P${number}`,
      weight: given.weight ?? '',
      items: given.items ?? items,
    }
  })
}

function lineTree(line: OrderLine, moved: Moved): Tree {
  const batches = moved.batches?.map((one) => ({
    batchCode: one.code,
    productDate: one.productDate,
    expireDate: one.expireDate,
    inventoryType: moved.type ?? line.inventoryType,
    actualQty: one.quantity,
  }))
  return {
    orderLineNo: line.lineNo,
    orderSourceCode: line.sourceOrderCode || undefined,
    subSourceCode: line.subSourceOrderCode || undefined,
    ownerCode: line.owner,
    itemCode: line.itemCode,
    inventoryType: moved.type ?? line.inventoryType,
    planQty: line.planQty,
    actualQty: moved.quantity,
    batchs: batches ? { batch: batches } : undefined,
  }
}

function confirmTree(order: WmsOrder, packages: readonly Package[], lines: Tree[], final: boolean) {
  const at = chinaTime(Date.now())
  const headName =
    order.kind === 'entry' ? 'entryOrder' : order.kind === 'return' ? 'returnOrder' : 'deliveryOrder'
  return (outBizCode: string): Tree => ({
    [headName]: {
      ...orderTree(order),
      outBizCode,
      confirmType: final ? 0 : 1,
      ...(order.kind === 'entry' ? { operateTime: at } : { orderConfirmTime: at }),
      ...(order.kind === 'stockout'
        ? { logisticsCode: packages[0]?.logisticsCode, expressCode: packages[0]?.expressCode }
        : {}),
    },
    packages: packageTrees({ packages }),
    orderLines: { orderLine: lines },
  })
}

function orderOf(wms: Wms, code: string, kind?: string): WmsOrder {
  const order = wms.store.withCode(code).find((one) => kind === undefined || one.kind === kind)
  if (!order) throw new Refusal('ORDER', `no order ${code}`)
  return order
}

/** Ships or receives, all or a part, and owes the ERP the confirm. Throws Refusal. */
export function work(wms: Wms, asked: Work): { message: number; status: string } {
  const order = orderOf(wms, asked.code, asked.kind)
  if (!isOpen(order)) throw new Refusal('ORDER', `${order.code} is ${order.status}`)
  const moved = asked.lines ?? open(order)
  if (moved.length === 0 && asked.final !== true) throw new Refusal('ORDER', `nothing open in ${order.code}`)
  const puts: Put[] = []
  const done = new Map<string, number>()
  for (const one of moved) {
    const line = movedLine(order, one)
    if (done.has(line.lineNo)) throw new Refusal('LINE', `line ${line.lineNo} twice`)
    puts.push(...stockPuts(wms, order, line, one))
    done.set(line.lineNo, one.quantity)
  }
  const lines = order.lines.map((l) => ({ ...l, actualQty: l.actualQty + (done.get(l.lineNo) ?? 0) }))
  const final = asked.final ?? lines.every((line) => line.actualQty >= line.planQty)
  const packages = moved.length > 0 ? packagesOf(wms, order, asked, moved) : []
  const status = isOutbound(order)
    ? final
      ? 'DELIVERED'
      : 'PARTDELIVERED'
    : final
      ? 'FULFILLED'
      : 'PARTFULFILLED'
  const step = { status, at: Date.now(), info: packages.map((one) => one.expressCode).join(',') }
  const now: WmsOrder = {
    ...order,
    status,
    lines,
    packages: [...order.packages, ...packages],
    steps: [...order.steps, step],
  }
  const trees = moved.map((one) => lineTree(movedLine(order, one), one))
  const told = message(wms, METHODS[order.kind], order.code, confirmTree(now, packages, trees, final))
  wms.store.commit([...puts, ['order', now], ['message', told]])
  wms.send([told.n])
  return { message: told.n, status }
}

/** A step of an order's way that changes nothing else, told by `orderprocess.report`. */
export function report(
  wms: Wms,
  asked: { code: string; status: string; info?: string },
): { message: number } {
  const order = orderOf(wms, asked.code)
  const at = Date.now()
  const step = { status: asked.status, at, info: asked.info ?? '' }
  const told = message(wms, 'orderprocess.report', order.code, () => ({
    order: {
      orderCode: order.code,
      orderId: order.id,
      orderType: order.orderType,
      warehouseCode: order.warehouse,
    },
    process: { processStatus: step.status, operateTime: chinaTime(at), operateInfo: step.info || undefined },
  }))
  wms.store.commit([
    ['order', { ...order, steps: [...order.steps, step] }],
    ['message', told],
  ])
  wms.send([told.n])
  return { message: told.n }
}

export interface Count {
  warehouse?: string
  owner?: string
  /** CHECK stock count, ADJUST correction. */
  adjust?: 'CHECK' | 'ADJUST'
  /** Differences to what was on hand, signed. */
  items: readonly { item: string; quantity: number; type?: string; batch?: string; expireDate?: string }[]
  /** Items per message; default all in one. */
  pageSize?: number
}

/** A stock count: changes the stock and owes the ERP one `inventory.report` per page. */
export function count(wms: Wms, asked: Count): { messages: number[] } {
  const warehouse = asked.warehouse ?? [...wms.warehouses][0]!
  const owner = asked.owner ?? [...wms.owners][0]!
  const puts = asked.items.map((one) => {
    const batch = { batch: one.batch ?? '', productDate: '', expireDate: one.expireDate ?? '' }
    return changed(wms, { warehouse, owner, item: one.item, type: one.type ?? 'ZP', ...batch }, one.quantity)
  })
  const size = asked.pageSize ?? Math.max(1, asked.items.length)
  const pages = Math.ceil(asked.items.length / size)
  const check = `CK${String(wms.store.messages.size + 1).padStart(7, '0')}`
  const told: Message[] = []
  for (let page = 1; page <= pages; page += 1) {
    const part = asked.items.slice((page - 1) * size, page * size)
    const one = message(wms, 'inventory.report', check, () => ({
      totalPage: pages,
      currentPage: page,
      pageSize: size,
      warehouseCode: warehouse,
      checkOrderCode: check,
      ownerCode: owner,
      checkTime: chinaTime(Date.now()),
      outBizCode: `${check}-${page}`,
      adjustType: asked.adjust ?? 'CHECK',
      items: {
        item: part.map((item) => ({
          itemCode: item.item,
          inventoryType: item.type ?? 'ZP',
          quantity: item.quantity,
          batchCode: item.batch,
          expireDate: item.expireDate,
        })),
      },
    }))
    told.push({ ...one, n: one.n + page - 1, outBizCode: `${check}-${page}` })
  }
  wms.store.commit([...puts, ...told.map((one) => ['message', one] as const)])
  wms.send(told.map(({ n }) => n))
  return { messages: told.map(({ n }) => n) }
}

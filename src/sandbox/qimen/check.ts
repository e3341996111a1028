/**
 * What the warehouse system looks at before it takes an order: required elements, lengths, numbers, times and
 * known codes. The element names and lengths are those of the platform's published request classes; which
 * codes a refusal carries is every warehouse system's own choice.
 */
import type { XmlElement } from '../xml.ts'
import { child, fields, list, text } from './message.ts'
import { readChinaTime } from './sign.ts'
import { itemKey, type Kind, type OrderLine } from './store.ts'
import { Refusal, type Wms } from './warehouse.ts'

export const refused = (message: string) => new Refusal('INVALID_PARAMS', message)

/** A required text of at most `length` characters. */
export function wanted(element: XmlElement | undefined, name: string, length = 50): string {
  const value = text(element, name)
  if (value === '') throw refused(`${name} 不能为空`)
  if ([...value].length > length) throw refused(`${name} 长度超过 ${length}`)
  return value
}

function checkTimes(element: XmlElement | undefined, names: readonly string[], required: boolean): void {
  for (const name of names) {
    const value = required ? wanted(element, name, 19) : text(element, name)
    if (value !== '' && readChinaTime(value) === null) throw refused(`${name} 格式应为 yyyy-MM-dd HH:mm:ss`)
  }
}

const AMOUNT = /^-?\d{1,16}(\.\d{1,4})?$/
const AMOUNTS = /(Amount|Price|freight|serviceFee)$/

function checkAmounts(element: XmlElement | undefined): void {
  for (const [name, value] of Object.entries(fields(element))) {
    if (AMOUNTS.test(name) && value !== '' && !AMOUNT.test(value)) throw refused(`${name} 不是金额: ${value}`)
  }
}

/** A whole number of pieces; the platform's quantities have no fractions. */
export function pieces(value: string, name: string): number {
  if (!/^\d{1,9}$/.test(value)) throw refused(`${name} 应为非负整数: ${value}`)
  return Number(value)
}

function checkPerson(element: XmlElement | undefined, name: string, masked: boolean): void {
  const person = child(element, name)
  if (!person) throw refused(`${name} 不能为空`)
  wanted(person, 'name')
  if (!masked && text(person, 'mobile') === '' && text(person, 'tel') === '') {
    throw refused(`${name}.mobile 不能为空`)
  }
  for (const part of ['province', 'city']) wanted(person, part)
  wanted(person, 'detailAddress', 200)
}

export function warehouseOf(wms: Wms, element: XmlElement | undefined): string {
  const code = wanted(element, 'warehouseCode')
  if (code !== 'OTHER' && !wms.warehouses.has(code))
    throw new Refusal('INVALID_WAREHOUSE', `仓库编码不存在: ${code}`)
  return code === 'OTHER' ? [...wms.warehouses][0]! : code
}

export function ownerOf(wms: Wms, element: XmlElement | undefined): string {
  const code = wanted(element, 'ownerCode')
  if (!wms.owners.has(code)) throw new Refusal('INVALID_OWNER', `货主编码不存在: ${code}`)
  return code
}

function lineOf(wms: Wms, element: XmlElement, n: number): OrderLine {
  const owner = ownerOf(wms, element)
  const itemCode = wanted(element, 'itemCode')
  if (!wms.store.items.has(itemKey(owner, itemCode))) {
    throw new Refusal('INVALID_ITEM', `商品编码不存在: ${itemCode}`)
  }
  checkAmounts(element)
  const planQty = pieces(wanted(element, 'planQty'), 'planQty')
  if (planQty === 0) throw refused('planQty 必须大于 0')
  return {
    lineNo: text(element, 'orderLineNo') || String(n + 1),
    itemCode,
    owner,
    inventoryType: text(element, 'inventoryType') || 'ZP',
    planQty,
    actualQty: 0,
    sourceOrderCode: text(element, 'sourceOrderCode'),
    subSourceOrderCode: text(element, 'subSourceOrderCode'),
  }
}

function linesOf(wms: Wms, request: XmlElement): OrderLine[] {
  const elements = list(request, 'orderLines', 'orderLine')
  if (elements.length === 0) throw refused('orderLines 不能为空')
  const lines = elements.map((element, n) => lineOf(wms, element, n))
  if (new Set(lines.map((line) => line.lineNo)).size < lines.length) throw refused('orderLineNo 重复')
  if (new Set(lines.map((line) => line.owner)).size > 1) throw refused('一个单据只能有一个货主')
  return lines
}

const TYPES: Readonly<Record<Kind, readonly string[]>> = {
  delivery: ['JYCK', 'HHCK', 'BFCK', 'QTCK'],
  stockout: ['PTCK', 'DBCK', 'B2BCK', 'QTCK', 'CGTH'],
  entry: ['SCRK', 'LYRK', 'CCRK', 'CGRK', 'DBRK', 'QTRK', 'B2BRK', 'XTRK'],
  return: ['THRK', 'HHRK'],
}

/** Where each kind of order says what it is: root element, its code, its type. */
export const NAMES: Readonly<Record<Kind, { head: string; code: string; id: string; type: string }>> = {
  delivery: { head: 'deliveryOrder', code: 'deliveryOrderCode', id: 'deliveryOrderId', type: 'orderType' },
  stockout: { head: 'deliveryOrder', code: 'deliveryOrderCode', id: 'deliveryOrderId', type: 'orderType' },
  entry: { head: 'entryOrder', code: 'entryOrderCode', id: 'entryOrderId', type: 'orderType' },
  return: { head: 'returnOrder', code: 'returnOrderCode', id: 'returnOrderId', type: 'orderType' },
}

function checkDelivery(head: XmlElement): void {
  checkTimes(head, ['createTime', 'placeOrderTime', 'operateTime'], true)
  checkTimes(head, ['payTime'], false)
  wanted(head, 'shopNick', 200)
  for (const name of ['sourcePlatformCode', 'logisticsCode']) wanted(head, name)
  if (text(head, 'orderType') === 'HHCK') wanted(head, 'preDeliveryOrderCode')
  checkPerson(head, 'senderInfo', false)
  // Buyers that the platform masks are known by the order's own code instead.
  checkPerson(head, 'receiverInfo', text(head, 'oaidOrderSourceCode') !== '')
}

/** The parts of a create, checked. Throws Refusal. */
export function checkedOrder(wms: Wms, kind: Kind, request: XmlElement) {
  const names = NAMES[kind]
  const head = child(request, names.head)
  if (!head) throw refused(`${names.head} 不能为空`)
  const code = wanted(head, names.code)
  const orderType = text(head, names.type) || (kind === 'return' ? 'THRK' : '')
  if (!TYPES[kind].includes(orderType))
    throw new Refusal('INVALID_ORDER_TYPE', `不支持的单据类型: ${orderType}`)
  const warehouse = warehouseOf(wms, head)
  if (kind === 'delivery') checkDelivery(head)
  if (kind === 'stockout') checkTimes(head, ['createTime'], true)
  if (kind === 'return') checkPerson(head, 'senderInfo', false)
  if (kind === 'entry') ownerOf(wms, head)
  checkAmounts(head)
  const lines = linesOf(wms, request)
  const total = text(head, 'totalOrderLines')
  if (total !== '' && pieces(total, 'totalOrderLines') !== lines.length) {
    throw refused(`totalOrderLines 为 ${total}, 实际 ${lines.length} 行 (不支持分批传送)`)
  }
  return {
    code,
    orderType,
    warehouse,
    owner: lines[0]!.owner,
    lines,
    logisticsCode: text(head, 'logisticsCode'),
  }
}

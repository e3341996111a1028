/**
 * Sales orders over the OpenAPI (facts §2, §1.8): save, delete, query. Saving takes an array of
 * `{so_saleorder, so_saleorder_b}` and is one transaction: all of them or none. NC Cloud knows no id of the
 * sender's beside the bill: whoever wants to find an order again puts a key into a field of his own (`vdef…`)
 * or into `vbillcode`, which is unique. Paths and shapes of delete and query rest on memory.
 */
import { addDecimal, compareDecimal } from '../../core/money.ts'
import { asRecord, scalarText } from '../exact-json.ts'
import type { Fields } from '../yonyou-nc/bill-type.ts'
import { type Archives, checkBill } from '../yonyou-nc/check.ts'
import { HEAD_FIELDS } from '../yonyou-nc/fields.ts'
import { SALES_ORDER } from '../yonyou-nc/sales-order.ts'
import { business } from './answer.ts'
import { type Condition, conditionOf, matches, pageAsked, pageOf, sinceAsked, tsText } from './query.ts'
import type { Repeat, SaleOrder, Store } from './store.ts'

/** One order of a request, every value as text. */
interface Wanted {
  head: Fields
  rows: Fields[]
}

function fieldsOf(value: unknown, where: string): Fields {
  const record = asRecord(value)
  if (!record) throw business(`参数格式错误: ${where} 应为对象`)
  return Object.fromEntries(Object.entries(record).map(([name, one]) => [name, scalarText(one).trim()]))
}

function read(body: unknown): Wanted[] {
  if (!Array.isArray(body) || body.length === 0) throw business('参数格式错误: 请求体应为非空数组')
  return body.map((one, i) => {
    const { so_saleorder: head, so_saleorder_b: rows } = asRecord(one) ?? {}
    if (!Array.isArray(rows)) throw business(`参数格式错误: 第 ${i + 1} 张单据缺少 so_saleorder_b`)
    return {
      head: fieldsOf(head, 'so_saleorder'),
      rows: rows.map((row) => fieldsOf(row, 'so_saleorder_b')),
    }
  })
}

/** Row flag `fretexchange`: 0 or nothing a sale, 1 withdraw, 2 exchange; what comes back has a negative number. */
function checkReturns(rows: readonly Fields[]): string | null {
  for (const [i, row] of rows.entries()) {
    const back = compareDecimal(row.nnum || '0', '0') < 0
    const flag = row.fretexchange || '0'
    const where = `row ${row.crowno || i + 1}`
    if (!['0', '1', '2'].includes(flag)) return `${where}: fretexchange 只能是 0, 1 或 2`
    if (back && flag === '0') return `${where}: 数量为负的行必须是退换货行 (fretexchange)`
    if (!back && flag === '1') return `${where}: 退货行的数量必须为负`
  }
  return null
}

/** Saves orders; the keys are known and committed when this returns. Throws Refused, and then none is saved. */
export function saveOrders(store: Store, archives: Archives, body: unknown, repeat: Repeat | null): object[] {
  const staged: SaleOrder[] = []
  for (const wanted of read(body)) {
    const refused = checkBill({ id: '', ...wanted, raw: '' }, archives, true, SALES_ORDER)
    // XChange names its plugin before the cause; the OpenAPI has none
    const problem = refused?.text.replace(/^.*异常信息:/, '') ?? checkReturns(wanted.rows)
    if (problem) throw business(problem)
    staged.push(stage(store, staged, wanted))
  }
  store.put(staged, repeat)
  return staged.map(orderView)
}

function stage(store: Store, staged: readonly SaleOrder[], { head, rows }: Wanted): SaleOrder {
  const asked = head.csaleorderid || null
  const before = asked === null ? undefined : store.orders.get(asked)
  if (asked !== null && !before) throw business(`销售订单 ${asked} 不存在`)
  if (before && before.status !== 1) throw business('单据已审批, 不能修改')
  const code = head.vbillcode || before?.code || newCode(store, staged, head.dbilldate!)
  const owner = staged.find((o) => o.code === code)?.pk ?? store.ownerOf(code)
  if (owner !== undefined && owner !== before?.pk) throw business(`单据号 ${code} 已存在`)
  const pk = before?.pk ?? store.nextKey()
  const now = new Date()
  const known = new Set(before?.rows.map((row) => row.csaleorderbid))
  const keyed = rows.map((row) => {
    if (row.csaleorderbid && !known.has(row.csaleorderbid)) throw business(`行 ${row.csaleorderbid} 不存在`)
    return { ...row, csaleorderbid: row.csaleorderbid || store.nextKey() }
  })
  return {
    pk,
    code,
    status: head.fstatusflag === '2' ? 2 : 1,
    head: { ...head, csaleorderid: pk, vbillcode: code },
    rows: keyed,
    received: before?.received ?? now.toISOString(),
    changed: now.getTime(),
    updates: before ? before.updates + 1 : 0,
  }
}

function newCode(store: Store, staged: readonly SaleOrder[], date: string): string {
  const stem = `SO${date.slice(0, 10).replaceAll('-', '')}`
  for (let n = store.orders.size + staged.length + 1; ; n += 1) {
    const code = `${stem}${String(n).padStart(8, '0')}`
    if (store.ownerOf(code) === undefined && !staged.some((o) => o.code === code)) return code
  }
}

/** An order as a save and a query answer it. */
export function orderView({ head, rows, changed, status }: SaleOrder): object {
  return {
    so_saleorder: { ...head, fstatusflag: String(status), ts: tsText(changed) },
    so_saleorder_b: rows,
  }
}

/** Deletes free orders by `csaleorderid`. Throws Refused, and then none is deleted. */
export function deleteOrders(store: Store, body: unknown): object {
  const pks = conditionOf(body).get('csaleorderid') ?? []
  if (pks.length === 0) throw business('参数格式错误: 缺少 csaleorderid')
  for (const pk of pks) {
    const order = store.orders.get(pk)
    if (!order) throw business(`销售订单 ${pk} 不存在`)
    if (order.status !== 1) throw business('单据已审批, 不能删除')
    if ([...store.saleOuts.values()].some((s) => s.order === pk)) throw business('单据已出库, 不能删除')
  }
  store.remove(pks)
  return { deleted: pks }
}

/** Fields of the head that a query may name. */
const ASKABLE = new Set([...HEAD_FIELDS, 'csaleorderid'])

/**
 * Orders by fields of the head (one value or a list), by `ts_start`/`ts_end` (the last change, half open), page
 * by page from 1, oldest change first. `seen` hides what a lagging index does not show yet.
 */
export function queryOrders(store: Store, body: unknown, seen: (at: number) => boolean): object {
  const condition: Condition = conditionOf(body)
  const since = sinceAsked(condition)
  const wrong = [...condition.keys()].find((field) => !ASKABLE.has(field))
  const { page, size } = pageAsked(condition)
  if (wrong !== undefined && !['pageIndex', 'pageSize'].includes(wrong))
    throw business(`没有查询字段 ${wrong}`)
  const found = [...store.orders.values()].filter(
    (o) => seen(o.changed) && since(o.changed) && matches(condition, o.head, ASKABLE),
  )
  found.sort((a, b) => a.changed - b.changed || (a.pk < b.pk ? -1 : 1))
  return pageOf(found, page, size, orderView)
}

/** Pieces of a row that stock-outs have taken; decimal text. */
export function shippedOf(store: Store, order: string, row: string): string {
  let sum = '0'
  for (const saleOut of store.saleOuts.values()) {
    if (saleOut.order !== order) continue
    for (const line of saleOut.lines) if (line.row === row) sum = addDecimal(sum, line.quantity)
  }
  return sum
}

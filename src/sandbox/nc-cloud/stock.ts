/**
 * Stock-outs and stock on hand, for reading (facts §1.7, §2). Their paths, the shape of the queries and the
 * two head fields that carry carrier and tracking number here (`vdef1`, `vdef2`) rest on memory or are the
 * sandbox's own choice.
 */
import { addDecimal, compareDecimal, subtractDecimal } from '../../core/money.ts'
import { business } from './answer.ts'
import { type Condition, conditionOf, matches, pageAsked, pageOf, sinceAsked, tsText } from './query.ts'
import { shippedOf } from './sale-order.ts'
import { type SaleOrder, type SaleOut, type Store, stockKey } from './store.ts'

/** A stock-out as a query answers it. */
export function saleOutView(store: Store, saleOut: SaleOut): object {
  const order = store.orders.get(saleOut.order)
  return {
    ic_saleout_h: {
      cgeneralhid: saleOut.pk,
      vbillcode: saleOut.code,
      pk_org: order?.head.pk_org ?? '',
      ccustomerid: order?.head.ccustomerid ?? '',
      cwarehouseid: saleOut.warehouse,
      dbilldate: tsText(saleOut.at),
      fbillflag: '3',
      vdef1: saleOut.carrier,
      vdef2: saleOut.tracking,
      ts: tsText(saleOut.at),
    },
    ic_saleout_b: saleOut.lines.map((line, i) => ({
      cgeneralbid: line.pk,
      crowno: String((i + 1) * 10),
      cmaterialvid: line.material,
      nnum: line.quantity,
      nassistnum: line.quantity,
      csourcetype: '30',
      csourcebillhid: saleOut.order,
      csourcebillbid: line.row,
      vsourcebillcode: order?.code ?? '',
      vbdef1: order?.rows.find((r) => r.csaleorderbid === line.row)?.vbdef1 ?? '',
    })),
  }
}

const SALEOUT_FIELDS = new Set(['cgeneralhid', 'vbillcode', 'csourcebillhid', 'vsourcebillcode'])

/** Stock-outs by their own key or code, by their source order, by `ts_start`/`ts_end`. */
export function querySaleOuts(store: Store, body: unknown, seen: (at: number) => boolean): object {
  const condition: Condition = conditionOf(body)
  const since = sinceAsked(condition)
  const { page, size } = pageAsked(condition)
  const wrong = [...condition.keys()].find((field) => !SALEOUT_FIELDS.has(field))
  if (wrong !== undefined) throw business(`没有查询字段 ${wrong}`)
  const found = [...store.saleOuts.values()].filter((s) => {
    const values = {
      cgeneralhid: s.pk,
      vbillcode: s.code,
      csourcebillhid: s.order,
      vsourcebillcode: store.orders.get(s.order)?.code,
    }
    return seen(s.at) && since(s.at) && matches(condition, values, SALEOUT_FIELDS)
  })
  found.sort((a, b) => a.at - b.at || (a.pk < b.pk ? -1 : 1))
  return pageOf(found, page, size, (s) => saleOutView(store, s))
}

const ONHAND_FIELDS = new Set(['cwarehouseid', 'cmaterialvid'])

/** Stock on hand by warehouse and material; what was never counted has no row. */
export function queryOnHand(store: Store, body: unknown): object {
  const condition = conditionOf(body)
  const { page, size } = pageAsked(condition)
  const wrong = [...condition.keys()].find((field) => !ONHAND_FIELDS.has(field))
  if (wrong !== undefined) throw business(`没有查询字段 ${wrong}`)
  const rows = [...store.stock].map(([key, quantity]) => {
    const [cwarehouseid = '', cmaterialvid = ''] = key.split('\n')
    return { cwarehouseid, cmaterialvid, nonhandnum: quantity, navailnum: quantity }
  })
  const found = rows.filter((row) => matches(condition, row, ONHAND_FIELDS))
  return pageOf(found, page, size, (row) => row)
}

/** What people ship: rows by their key, all that is open when nothing is named. */
export interface ShipRequest {
  order?: string
  lines?: { row: string; quantity?: string }[]
  warehouse?: string
  carrier?: string
  tracking?: string
}

/** Books a stock-out as a person in NC would. Throws RangeError when there is nothing to book. */
export function ship(store: Store, asked: ShipRequest): SaleOut {
  const order =
    store.orders.get(asked.order ?? '') ?? store.orders.get(store.ownerOf(asked.order ?? '') ?? '')
  if (!order) throw new RangeError(`no order ${asked.order}`)
  const warehouse = asked.warehouse ?? 'WH01'
  const wanted = asked.lines ?? order.rows.map((row) => ({ row: row.csaleorderbid! }))
  const lines = wanted.flatMap((one) => lineOf(store, order, one))
  if (lines.length === 0) throw new RangeError('nothing is open')
  const pk = store.nextKey()
  const { carrier = 'SF', tracking = `SF${pk.slice(-10)}` } = asked
  const code = `XC${tsText(Date.now()).slice(0, 10).replaceAll('-', '')}${String(store.saleOuts.size + 1).padStart(6, '0')}`
  const saleOut = { pk, code, order: order.pk, warehouse, carrier, tracking, lines, at: Date.now() }
  const stock = new Map<string, string>()
  for (const { material, quantity } of lines) {
    const key = stockKey(warehouse, material)
    stock.set(key, subtractDecimal(stock.get(key) ?? store.stock.get(key) ?? '0', quantity))
  }
  store.ship(saleOut, [...stock])
  return saleOut
}

function lineOf(store: Store, order: SaleOrder, asked: { row: string; quantity?: string }): SaleOut['lines'] {
  const row = order.rows.find((r) => r.csaleorderbid === asked.row || r.vbdef1 === asked.row)
  if (!row) throw new RangeError(`no row ${asked.row}`)
  const key = row.csaleorderbid!
  const open = subtractDecimal(row.nnum || '0', shippedOf(store, order.pk, key))
  const quantity = asked.quantity ?? open
  if (compareDecimal(quantity, open) > 0) throw new RangeError(`row ${asked.row} has only ${open} open`)
  // returns come in by another bill, and freight is not shipped
  if (compareDecimal(quantity, '0') <= 0 || ['SHIPPING', 'CHARGE'].includes(row.cmaterialvid ?? '')) return []
  return [{ pk: store.nextKey(), row: key, material: row.cmaterialvid ?? '', quantity }]
}

/** Adds to (or, with `set`, replaces) the stock of a material. */
export function changeStock(
  store: Store,
  asked: { material: string; warehouse?: string; quantity: string; set?: boolean },
): string {
  const key = stockKey(asked.warehouse ?? 'WH01', asked.material)
  const value = asked.set ? asked.quantity : addDecimal(store.stock.get(key) ?? '0', asked.quantity)
  store.setStock([[key, value]])
  return value
}

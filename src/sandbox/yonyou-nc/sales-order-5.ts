/**
 * The sales order (bill type 30) of NC 5.x: the fields that a published template calls mandatory. Here `ntaxmny` is
 * the tax and `nsummny` the amount with tax. A return is the same bill with `bretinvflag` Y (china.md §1.7).
 */
import { addDecimal, compareDecimal } from '../../core/money.ts'
import type { Bill, BillType, Fields } from './bill-type.ts'
import { type Archive, words } from './fields.ts'
import { pluginRefusal, type Refusal } from './refusal.ts'

const PLUGIN = 'nc.bs.so.so001.SaleOrderPlugin'
const refuse = (text: string) => pluginRefusal('-32000', text, PLUGIN)
const of = (name: Archive, fields: string) => words(fields).map((field) => [field, name] as const)

/** With tax = without + tax, in both currencies. */
const SUMS = [
  ['noriginalcursummny', 'noriginalcurmny', 'noriginalcurtaxmny'],
  ['nsummny', 'nmny', 'ntaxmny'],
] as const

function checkRow(row: Fields, where: string, back: boolean): Refusal | null {
  for (const [sum, net, tax] of SUMS) {
    if (compareDecimal(row[sum]!, addDecimal(row[net]!, row[tax]!)) !== 0)
      return refuse(`${where}: 价税合计不平, 必须 ${sum} = ${net} + ${tax}`)
  }
  const negative = compareDecimal(row.nnumber!, '0') < 0
  if (negative && !back) return refuse(`${where}: 非退货订单的数量不能为负`)
  if (negative && compareDecimal(row.noriginalcursummny!, '0') > 0)
    return refuse(`${where}: 数量和金额符号相反`)
  return null
}

function rules({ head, rows }: Bill): Refusal | null {
  if (head.creceipttype !== '30') return refuse('creceipttype 必须为 30')
  if (head.fstatus !== '1') return refuse('fstatus 只能是 1 (自由)')
  const back = head.bretinvflag === 'Y'
  for (const [i, row] of rows.entries()) {
    const found = checkRow(row, `row ${row.crowno || i + 1}`, back)
    if (found) return found
  }
  if (back && !rows.some((row) => compareDecimal(row.nnumber!, '0') < 0)) return refuse('退货订单没有退货行')
  return null
}

export const SALES_ORDER_5: BillType = Object.freeze({
  code: '30',
  plugin: PLUGIN,
  wrapper: 'so_order',
  head: 'so_order_head',
  body: 'so_order_body',
  inside: false,
  row: 'entry',
  requiredHead: words(`
    pk_corp creceipttype dbilldate ccustomerid cdeptid coperatorid csalecorpid ccalbodyid creceiptcustomerid
    creceiptcorpid ndiscountrate dmakedate fstatus`),
  requiredRow: words(`
    crowno cunitid nnumber cinventoryid dconsigndate ddeliverdate ccurrencytypeid nitemdiscountrate ndiscountrate
    ntaxrate noriginalcurprice noriginalcurtaxprice noriginalcurnetprice noriginalcurtaxnetprice noriginalcurtaxmny
    noriginalcurmny noriginalcursummny noriginalcurdiscountmny nexchangeotobrate nprice ntaxprice nnetprice
    ntaxnetprice ntaxmny nmny nsummny ndiscountmny coperatorid frowstatus cadvisecalbodyid creceiptcorpid`),
  headFields: null,
  rowFields: null,
  archives: new Map([
    ...of('org', 'csalecorpid ccalbodyid cadvisecalbodyid'),
    ...of('customer', 'ccustomerid creceiptcustomerid creceiptcorpid'),
    ...of('currency', 'ccurrencytypeid'),
    ...of('material', 'cinventoryid'),
  ]),
  pk: 'csaleid',
  billCode: 'vreceiptcode',
  day: 'dbilldate',
  status: 'fstatus',
  amount: 'noriginalcursummny',
  total: 'nheadsummny',
  prefix: 'SO',
  rules,
})

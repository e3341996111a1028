/** The sales order (bill type 30) of NC 6.x: tags, fields and the rules of its plugin (china.md §1.8). */
import { addDecimal, compareDecimal } from '../../core/money.ts'
import type { Bill, BillType, Fields } from './bill-type.ts'
import { ARCHIVE_OF, HEAD_FIELDS, REQUIRED_HEAD, REQUIRED_ROW, ROW_FIELDS } from './fields.ts'
import { pluginRefusal, type Refusal } from './refusal.ts'

const PLUGIN = 'nc.bs.so.m30.pfxx.M30PfxxPlugin'
const refuse = (text: string) => pluginRefusal('-32000', text, PLUGIN)
const amount = (row: Fields, field: string) => row[field] || '0'
const sign = (value: string) => Math.sign(compareDecimal(value, '0'))

function checkRow(row: Fields, where: string): Refusal | null {
  const domestic = row.csendcountryid === row.crececountryid
  const [net, tax] = [amount(row, 'nmny'), amount(row, 'ntax')]
  const expected = domestic ? addDecimal(net, tax) : net
  if (compareDecimal(amount(row, 'ntaxmny'), expected) !== 0) {
    const rule = domestic ? 'ntaxmny = nmny + ntax' : 'ntaxmny = nmny'
    return refuse(`${where}: 价税合计不平, 必须 ${rule}`)
  }
  for (const field in row) {
    if (field.startsWith('ntotal') && row[field] && compareDecimal(row[field]!, '0') !== 0) {
      return refuse(`${where}: 累计字段 ${field} 必须为 0 或空`)
    }
  }
  return checkReturn(row, where)
}

/**
 * Prices never below 0, amounts of both currencies with one sign, and of a returned row (`fretexchange` 1) a
 * negative quantity. Without a flag the plugin fills it in by the quantity's sign.
 */
function checkReturn(row: Fields, where: string): Refusal | null {
  const flag = row.fretexchange ?? ''
  if (flag !== '' && !['0', '1', '2'].includes(flag)) return refuse(`${where}: fretexchange 只能是 0, 1 或 2`)
  for (const field in row) {
    if (/^n(qt)?orig(tax)?(net)?pr(ice|c)$/.test(field) && sign(amount(row, field)) < 0) {
      return refuse(`${where}: ${field} 单价不能小于0`)
    }
  }
  const [quantity, orig, local] = ['nnum', 'norigtaxmny', 'ntaxmny'].map((f) => sign(amount(row, f)))
  if (orig! * local! < 0) return refuse(`${where}: 本币金额和原币金额符号相反`)
  if (flag === '1' && quantity! >= 0) return refuse(`${where}: 退货行的数量必须为负`)
  if (flag === '1' && orig! > 0) return refuse(`${where}: 数量和金额符号相反`)
  if (quantity! < 0 && flag !== '' && flag !== '1') return refuse(`${where}: 数量为负的行必须是退货行`)
  return null
}

function rules(bill: Bill): Refusal | null {
  for (const [i, row] of bill.rows.entries()) {
    const found = checkRow(row, `row ${row.crowno || i + 1}`)
    if (found) return found
  }
  const status = bill.head.fstatusflag || '1'
  if (status !== '1' && status !== '2') return refuse('fstatusflag 只能是 1 (自由) 或 2 (审批通过)')
  if (status === '2' && bill.head.fpfstatusflag !== '1')
    return refuse('fstatusflag 为 2 时 fpfstatusflag 必须为 1')
  return null
}

export const SALES_ORDER: BillType = Object.freeze({
  code: '30',
  plugin: PLUGIN,
  wrapper: 'bill',
  head: 'billhead',
  body: 'so_saleorder_b',
  inside: true,
  row: 'item',
  requiredHead: REQUIRED_HEAD,
  requiredRow: REQUIRED_ROW,
  headFields: HEAD_FIELDS,
  rowFields: ROW_FIELDS,
  archives: ARCHIVE_OF,
  pk: 'csaleorderid',
  billCode: 'vbillcode',
  day: 'dbilldate',
  status: 'fstatusflag',
  amount: 'norigtaxmny',
  total: 'ntotalorigmny',
  prefix: 'SO',
  rules,
})

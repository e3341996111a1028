/**
 * Receivables and receipts: F0 and F2 of NC 6.x, D0 and D2 of NC 5.x (china.md §1.3, §1.7). Those of 5.x have the
 * mandatory fields of published templates. Of 6.x the facts name only the types: fields and tags here are the columns
 * of its tables, and what is required is the least that such a bill needs.
 */
import { addDecimal, compareDecimal } from '../../core/money.ts'
import type { Bill, BillType, Fields } from './bill-type.ts'
import { type Archive, words } from './fields.ts'
import { pluginRefusal, type Refusal } from './refusal.ts'

const of = (name: Archive, fields: string) => words(fields).map((field) => [field, name] as const)
const sum = (rows: readonly Fields[], field: string) =>
  rows.reduce((total, row) => addDecimal(total, row[field] || '0'), '0')

/** Every row: whole = net + tax; the head's totals are those of its rows. */
function checked(
  plugin: string,
  { head, rows }: Bill,
  heads: readonly (readonly [head: string, row: string])[],
  splits: readonly (readonly [whole: string, net: string, tax: string])[],
): Refusal | null {
  for (const [total, field] of heads) {
    if (compareDecimal(head[total] || '0', sum(rows, field)) !== 0)
      return pluginRefusal('-32000', `表头 ${total} 与表体 ${field} 合计不等`, plugin)
  }
  for (const [i, row] of rows.entries()) {
    for (const [whole, net, tax] of splits) {
      if (compareDecimal(row[whole] || '0', addDecimal(row[net] || '0', row[tax] || '0')) !== 0)
        return pluginRefusal('-32000', `row ${i + 1}: ${whole} 必须等于 ${net} + ${tax}`, plugin)
    }
  }
  return null
}

/** `side`: de (receivable) or cr (receipt). */
function release6(code: 'F0' | 'F2', side: 'de' | 'cr', pk: string): BillType {
  const plugin = `nc.bs.arap.pfxx.Arap${code}Plugin`
  const totals = [['money', `money_${side}`] as const, ['local_money', `local_money_${side}`] as const]
  const splits = side === 'de' ? ([['local_money_de', 'local_notax_de', 'local_tax_de']] as const) : []
  return Object.freeze({
    code,
    plugin,
    wrapper: 'bill',
    head: 'billhead',
    body: 'bodys',
    inside: true,
    row: 'item',
    requiredHead: words('pk_org pk_tradetype billdate customer pk_currtype money local_money rate'),
    requiredRow: words(`customer pk_currtype rate money_${side} local_money_${side} scomment`),
    headFields: null,
    rowFields: null,
    archives: new Map([
      ...of('org', 'pk_org'),
      ...of('customer', 'customer'),
      ...of('currency', 'pk_currtype'),
    ]),
    decimals: /money|^(rate|taxrate)$|_(de|cr)$/,
    dates: /date$/,
    pk,
    billCode: 'billno',
    day: 'billdate',
    status: 'billstatus',
    amount: `money_${side}`,
    total: 'money',
    prefix: code,
    rules: (bill: Bill) => checked(plugin, bill, totals, splits),
  })
}

/** `side`: debit (receivable) or credit (receipt); their tax is spelt differently in NC itself. */
function release5(code: 'D0' | 'D2', side: 'debit' | 'credit'): BillType {
  const plugin = 'nc.bs.arap.plugin.VoucherPlugin'
  const tax = side === 'debit' ? 'tax' : 'Tax'
  return Object.freeze({
    code,
    plugin,
    wrapper: 'voucher',
    head: 'voucher_head',
    body: 'voucher_body',
    inside: false,
    row: 'entry',
    requiredHead: words(
      'corp businessType billDate sysid initFlag inputOp payCorp appendix billstatus prepay',
    ),
    requiredRow: words(`
      sum_direction object customer currencyId original_exchange_rate original_balance local_balance
      quantity_balance ${side}_quantity ${side}_original_sum ${side}_original_noTax ${side}_original_${tax}
      ${side}_local_sum ${side}_local_noTax ${side}_local_${tax} Tax_Type`),
    headFields: null,
    rowFields: null,
    archives: new Map([...of('customer', 'payCorp customer'), ...of('currency', 'currencyId')]),
    decimals: /_(sum|noTax|tax|Tax|balance|quantity|rate)$/,
    dates: /Date$/,
    pk: 'vouchid',
    billCode: 'billnumber',
    day: 'billDate',
    status: 'billstatus',
    amount: `${side}_original_sum`,
    total: 'original_sum',
    prefix: code,
    rules(bill: Bill) {
      if (bill.head.businessType !== code)
        return pluginRefusal('-32000', `businessType 必须为 ${code}`, plugin)
      return checked(
        plugin,
        bill,
        [],
        [
          [`${side}_original_sum`, `${side}_original_noTax`, `${side}_original_${tax}`],
          [`${side}_local_sum`, `${side}_local_noTax`, `${side}_local_${tax}`],
        ],
      )
    },
  })
}

export const RECEIVABLES: readonly BillType[] = Object.freeze([
  release6('F0', 'de', 'pk_recbill'),
  release6('F2', 'cr', 'pk_gatherbill'),
])

export const RECEIVABLES_5: readonly BillType[] = Object.freeze([
  release5('D0', 'debit'),
  release5('D2', 'credit'),
])

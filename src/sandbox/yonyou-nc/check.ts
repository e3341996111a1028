/**
 * What the platform and the sales order's plugin look at before a bill of type 30 is written (china.md §1.5,
 * §1.8), in their order: required fields and types, codes, sums, status. Pure; ids and bill codes are the
 * store's business.
 */
import { addDecimal, compareDecimal } from '../../core/money.ts'
import type { Bill, Fields } from './bill.ts'
import {
  ARCHIVE_OF,
  type Archive,
  HEAD_FIELDS,
  REQUIRED_HEAD,
  REQUIRED_ROW,
  ROW_FIELDS,
  typeError,
} from './fields.ts'
import { type InvalidCode, pluginRefusal, type Refusal, refusal } from './refusal.ts'

/** What this account knows. An archive without a list holds every code. */
export interface Archives {
  readonly known: Readonly<Partial<Record<Archive, ReadonlySet<string>>>>
  /** -31206 (cannot be translated via archive) or -31200 (content not translatable): releases differ. */
  readonly unmappedCode: '-31206' | '-31200'
  /** Refuse fields that bill type 30 does not have, to find spelling mistakes; a real server ignores them. */
  readonly fieldsStrict: boolean
}

/** `where` is 'head' or 'row <crowno>'. */
function checkFields(fields: Fields, where: string, required: readonly string[]): Refusal | null {
  for (const field of required) {
    if (!fields[field]) return refusal('-31200', `${where}: 字段 ${field} 不能为空`)
  }
  for (const field in fields) {
    const value = fields[field]!
    const expected = value === '' ? null : typeError(field, value)
    if (expected) return refusal('-31200', `${where}: 字段 ${field} 的值不是 ${expected}`)
  }
  return null
}

function unknownField(fields: Fields, where: string, known: ReadonlySet<string>): Refusal | null {
  for (const field in fields) {
    if (!known.has(field)) return refusal('-22100', `${where}: XML 转换为 VO 出错, 没有字段 ${field}`)
  }
  return null
}

function checkContent(bill: Bill, archives: Archives): Refusal | null {
  if (bill.rows.length === 0) return refusal('-31200', '表体不能为空, 至少需要一行 (so_saleorder_b/item)')
  const head =
    checkFields(bill.head, 'head', REQUIRED_HEAD) ??
    (archives.fieldsStrict ? unknownField(bill.head, 'head', HEAD_FIELDS) : null)
  if (head) return head
  for (const [i, row] of bill.rows.entries()) {
    const where = `row ${row.crowno || i + 1}`
    const found =
      checkFields(row, where, REQUIRED_ROW) ??
      (archives.fieldsStrict ? unknownField(row, where, ROW_FIELDS) : null)
    if (found) return found
  }
  return null
}

function unmapped(fields: Fields, archives: Archives, into: Map<string, InvalidCode>): void {
  for (const [field, archive] of ARCHIVE_OF) {
    const code = fields[field]
    const known = archives.known[archive]
    if (code && known && !known.has(code)) into.set(`${archive} ${code}`, { archive, code })
  }
}

/** With isexchange=N the fields carry 20-character keys, and nobody outside has been given any. */
function checkKeys(bill: Bill): Refusal | null {
  for (const fields of [bill.head, ...bill.rows]) {
    for (const [field, archive] of ARCHIVE_OF) {
      const key = fields[field]
      if (!key) continue
      const why = key.length === 20 ? `${archive} 档案中没有此主键` : '不是 20 位主键, 需要 isexchange="Y"'
      return refusal('-31200', `字段 ${field}: ${why}`)
    }
  }
  return null
}

function checkCodes(bill: Bill, archives: Archives): Refusal | null {
  const found = new Map<string, InvalidCode>()
  unmapped(bill.head, archives, found)
  for (const row of bill.rows) unmapped(row, archives, found)
  if (found.size === 0) return null
  const invalid = [...found.values()]
  const list = invalid.map((i) => `${i.archive}=${i.code}`).join(', ')
  return refusal(archives.unmappedCode, `字段不能通过基础档案翻译: ${list}`, invalid)
}

function checkRowRules(row: Fields, where: string): Refusal | null {
  const amount = (field: string) => row[field] || '0'
  const domestic = row.csendcountryid === row.crececountryid
  const expected = domestic ? addDecimal(amount('nmny'), amount('ntax')) : amount('nmny')
  if (compareDecimal(amount('ntaxmny'), expected) !== 0) {
    const rule = domestic ? 'ntaxmny = nmny + ntax' : 'ntaxmny = nmny'
    return pluginRefusal('-32000', `${where}: 价税合计不平, 必须 ${rule}`)
  }
  for (const field in row) {
    if (field.startsWith('ntotal') && row[field] && compareDecimal(row[field]!, '0') !== 0) {
      return pluginRefusal('-32000', `${where}: 累计字段 ${field} 必须为 0 或空`)
    }
  }
  return null
}

function checkRules(bill: Bill): Refusal | null {
  for (const [i, row] of bill.rows.entries()) {
    const found = checkRowRules(row, `row ${row.crowno || i + 1}`)
    if (found) return found
  }
  const status = bill.head.fstatusflag || '1'
  if (status !== '1' && status !== '2') {
    return pluginRefusal('-32000', 'fstatusflag 只能是 1 (自由) 或 2 (审批通过)')
  }
  if (status === '2' && bill.head.fpfstatusflag !== '1') {
    return pluginRefusal('-32000', 'fstatusflag 为 2 时 fpfstatusflag 必须为 1')
  }
  return null
}

/** Null for a bill that could be written as far as its own content goes, else the first refusal. */
export function checkBill(bill: Bill, archives: Archives, exchange: boolean): Refusal | null {
  return (
    checkContent(bill, archives) ??
    (exchange ? checkCodes(bill, archives) : checkKeys(bill)) ??
    checkRules(bill)
  )
}

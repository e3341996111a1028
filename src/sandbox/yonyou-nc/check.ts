/**
 * What the platform and a bill type's plugin look at before a bill is written (china.md §1.5, §1.8), in their
 * order: required fields and types, codes, then the plugin's own rules. Pure; ids and bill codes are the store's
 * business.
 */
import type { Bill, BillType, Fields } from './bill-type.ts'
import { type Archive, typeError } from './fields.ts'
import { type InvalidCode, type Refusal, refusal } from './refusal.ts'

/** What this account knows. An archive without a list holds every code. */
export interface Archives {
  readonly known: Readonly<Partial<Record<Archive, ReadonlySet<string>>>>
  /** -31206 (cannot be translated via archive) or -31200 (content not translatable): releases differ. */
  readonly unmappedCode: '-31206' | '-31200'
  /** Refuse fields that the bill type does not have (where all are known), to find spelling mistakes; a real server ignores them. */
  readonly fieldsStrict: boolean
}

/** `where` is 'head' or 'row <crowno>'. */
function checkFields(
  fields: Fields,
  where: string,
  required: readonly string[],
  type: BillType,
): Refusal | null {
  for (const field of required) {
    if (!fields[field]) return refusal('-31200', `${where}: 字段 ${field} 不能为空`)
  }
  for (const field in fields) {
    const value = fields[field]!
    const expected = value === '' ? null : typeError(field, value, type)
    if (expected) return refusal('-31200', `${where}: 字段 ${field} 的值不是 ${expected}`)
  }
  return null
}

function unknownField(fields: Fields, where: string, known: ReadonlySet<string> | null): Refusal | null {
  if (!known) return null
  for (const field in fields) {
    if (!known.has(field)) return refusal('-22100', `${where}: XML 转换为 VO 出错, 没有字段 ${field}`)
  }
  return null
}

function checkContent(bill: Bill, archives: Archives, type: BillType): Refusal | null {
  if (bill.rows.length === 0)
    return refusal('-31200', `表体不能为空, 至少需要一行 (${type.body}/${type.row})`)
  const head =
    checkFields(bill.head, 'head', type.requiredHead, type) ??
    (archives.fieldsStrict ? unknownField(bill.head, 'head', type.headFields) : null)
  if (head) return head
  for (const [i, row] of bill.rows.entries()) {
    const where = `row ${row.crowno || i + 1}`
    const found =
      checkFields(row, where, type.requiredRow, type) ??
      (archives.fieldsStrict ? unknownField(row, where, type.rowFields) : null)
    if (found) return found
  }
  return null
}

function unmapped(fields: Fields, { known }: Archives, type: BillType, into: Map<string, InvalidCode>): void {
  for (const [field, archive] of type.archives) {
    const code = fields[field]
    const codes = known[archive]
    if (code && codes && !codes.has(code)) into.set(`${archive} ${code}`, { archive, code })
  }
}

/** With isexchange=N the fields carry 20-character keys, and nobody outside has been given any. */
function checkKeys(bill: Bill, type: BillType): Refusal | null {
  for (const fields of [bill.head, ...bill.rows]) {
    for (const [field, archive] of type.archives) {
      const key = fields[field]
      if (!key) continue
      const why = key.length === 20 ? `${archive} 档案中没有此主键` : '不是 20 位主键, 需要 isexchange="Y"'
      return refusal('-31200', `字段 ${field}: ${why}`)
    }
  }
  return null
}

function checkCodes(bill: Bill, archives: Archives, type: BillType): Refusal | null {
  const found = new Map<string, InvalidCode>()
  unmapped(bill.head, archives, type, found)
  for (const row of bill.rows) unmapped(row, archives, type, found)
  if (found.size === 0) return null
  const invalid = [...found.values()]
  const list = invalid.map((i) => `${i.archive}=${i.code}`).join(', ')
  return refusal(archives.unmappedCode, `字段不能通过基础档案翻译: ${list}`, invalid)
}

/** Null for a bill that could be written as far as its own content goes, else the first refusal. */
export function checkBill(bill: Bill, archives: Archives, exchange: boolean, type: BillType): Refusal | null {
  return (
    checkContent(bill, archives, type) ??
    (exchange ? checkCodes(bill, archives, type) : checkKeys(bill, type)) ??
    type.rules(bill)
  )
}

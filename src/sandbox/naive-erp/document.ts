/** The body of a document as a client posts it, and what makes the naive ERP refuse one. */
import { addDecimal, compareDecimal, decimal } from '../../core/money.ts'

export interface Line {
  ref: string
  item: string
  /** Decimal strings; `tax` is contained in `amount`. */
  quantity: string
  amount: string
  tax: string
}

/** Amounts are decimals in the document's currency. Fields beyond these are kept as they came. */
export interface Body {
  reference: string
  number: string
  currency: string
  lines: Line[]
  total: string
  [field: string]: unknown
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''

function isDecimal(value: unknown): value is string {
  return isText(value) && /^[+-]?\d{1,25}(\.\d{1,25})?$/.test(value)
}

function lineFault(line: unknown, where: string, items: ReadonlySet<string> | null): string | null {
  if (typeof line !== 'object' || line === null) return `${where}: not an object`
  const fields = line as Record<string, unknown>
  for (const name of ['ref', 'item']) if (!isText(fields[name])) return `${where}.${name}: text expected`
  for (const name of ['quantity', 'amount', 'tax']) {
    if (!isDecimal(fields[name])) return `${where}.${name}: decimal text expected`
  }
  if (items && !items.has(fields.item as string)) return `${where}.item: unknown item ${fields.item}`
  return null
}

/** The reason why the body cannot be a document, or null when it can. `items` null: every code is known. */
export function bodyFault(body: unknown, items: ReadonlySet<string> | null): string | null {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return 'an object expected'
  const { lines, total, ...fields } = body as Record<string, unknown>
  for (const name of ['reference', 'number', 'currency']) {
    if (!isText(fields[name])) return `${name}: text expected`
  }
  if (!Array.isArray(lines) || lines.length === 0) return 'lines: at least one line expected'
  for (const [i, line] of lines.entries()) {
    const fault = lineFault(line, `lines[${i}]`, items)
    if (fault) return fault
  }
  if (!isDecimal(total)) return 'total: decimal text expected'
  const sum = (lines as Line[]).reduce((all, line) => addDecimal(all, line.amount), '0')
  if (compareDecimal(sum, total) === 0) return null
  return `total: the lines add up to ${sum}, not ${decimal(total)}`
}

/** Lists and values that may be missing, in mappings. */
import type { Order } from '../core/documents/order.ts'
import { type FunctionTable, isNothing, unusable } from './arguments.ts'
import { type OrderRow, orderRows } from './rows.ts'

/** `$items(x)`: always a list; nothing and null are left out. `$each` goes through it. */
export function items(value: unknown): unknown[] {
  if (Array.isArray(value)) return value.includes(null) ? value.filter((v) => v !== null) : value
  return value === undefined || value === null ? [] : [value]
}

/** `$firstOf(a, b, …)`: the first that is there: not nothing, null or empty text. */
export function firstOf(...values: unknown[]): unknown {
  for (let i = 0; i < values.length; i++) if (!isNothing(values[i])) return values[i]
  return undefined
}

/** `$listOf('a, b', ',')` is ['a', 'b']: a text cut at a separator, trimmed, without empty parts; a list stays one. */
export function listOf(value: unknown, separator: unknown): string[] {
  const parts = typeof value === 'string' ? value.split(String(separator)) : items(value).map(written)
  return parts.map((p) => p.trim()).filter((p) => p !== '')
}

function written(part: unknown): string {
  if (typeof part === 'object') throw unusable('listOf', part, 'it takes text, or a list of it')
  return String(part)
}

/** `$rows(order)`: see rows.ts. Looks only whether it is an order at all: documents were checked when they came in. */
export function rows(order: unknown): OrderRow[] | undefined {
  if (isNothing(order)) return undefined
  const { lines, charges, shipping } = order as Partial<Order>
  if (!Array.isArray(lines) || !Array.isArray(charges) || !shipping) {
    throw unusable('rows', order, 'it takes an order document')
  }
  return orderRows(order as Order)
}

/** Lists. */
export const LISTS: FunctionTable = {
  firstOf: {
    work: firstOf,
    takes: 'a, b, …',
    gives: 'the first that is there: not missing, null or empty text',
    example: ["$firstOf(null, '', 'b', 'c')", 'b'],
  },
  items: {
    work: items,
    takes: 'value',
    gives: 'always a list, also of one value or none, without nulls',
    example: ["[$items('a')]", ['a']],
  },
  listOf: {
    work: listOf,
    takes: 'text, separator',
    gives: 'a text cut up, trimmed, without empty parts',
    example: ["$listOf('a, b,', ',')", ['a', 'b']],
  },
  rows: {
    work: rows,
    takes: 'order',
    gives:
      'the order as rows of an ERP document: lines, then freight, then charges; each with `number`, `ref`, `kind`, `quantity`, `gross`, `net`, `tax`, `discount`, `taxRate`, `line`, `charge`',
    example: [
      `$rows({'taxIncluded': true, 'lines': [], 'charges': [], 'shipping': {'amount': 500, 'discount': 0, 'tax': 0}}).ref`,
      'shipping',
    ],
  },
}

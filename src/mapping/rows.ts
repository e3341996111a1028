/**
 * An order as the rows of an ERP document: its lines, then freight, then charges, each with what the buyer
 * owes for it (`gross`), the part without tax (`net`) and the tax, whatever the order's tax rule. Every ERP
 * mapping needs this, so it is a function (`$rows(order)`) and not an expression in each of them.
 */
import type { Order, OrderLine } from '../core/documents/order.ts'

export interface OrderRow {
  /** 1, 2, 3 …; ERPs that number in steps multiply. */
  number: number
  /** Source line id, `shipping`, or `charge:<n>` counted from 0. */
  ref: string
  kind: 'line' | 'shipping' | 'charge'
  /** The order line or charge itself. */
  line?: OrderLine
  charge?: Order['charges'][number]
  quantity: string
  /** Minor units of the order's currency. */
  gross: number
  net: number
  tax: number
  discount: number
  /** Decimal fraction ('0.13'), when the source states one. */
  taxRate?: string
}

/**
 * Rows in a fixed order; freight is left out where it is all zero (there is nothing to book), lines of zero
 * amount stay (gifts are delivered). Σ gross is `orderTotal(order)`.
 */
export function orderRows(order: Order): OrderRow[] {
  const rows: OrderRow[] = []
  const push = (
    row: Pick<OrderRow, 'ref' | 'kind' | 'line' | 'charge' | 'quantity' | 'discount'>,
    amount: number,
    tax: number,
    taxRate?: string | null,
  ) => {
    const gross = order.taxIncluded ? amount : amount + tax
    rows.push({
      number: rows.length + 1,
      ...row,
      gross,
      net: gross - tax,
      tax,
      ...(taxRate ? { taxRate } : {}),
    })
  }
  for (const line of order.lines) {
    const { externalId: ref, quantity, discount } = line
    push({ ref, kind: 'line', line, quantity, discount }, line.goods - discount, line.tax, line.taxRate)
  }
  const s = order.shipping
  if (s.amount !== 0 || s.discount !== 0 || s.tax !== 0) {
    const row = { ref: 'shipping', kind: 'shipping' as const, quantity: '1', discount: s.discount }
    push(row, s.amount - s.discount, s.tax, s.taxRate)
  }
  for (const [n, charge] of order.charges.entries()) {
    push(
      { ref: `charge:${n}`, kind: 'charge', charge, quantity: '1', discount: 0 },
      charge.amount,
      charge.tax,
    )
  }
  return rows
}

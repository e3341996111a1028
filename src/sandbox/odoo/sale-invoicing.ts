/** What of a sales order has been invoiced and what can be. */
import { addDecimal, compareDecimal, subtractDecimal } from '../../core/money.ts'
import { num } from './amount.ts'
import type { Env } from './model.ts'
import { linesOf } from './sale-amounts.ts'
import { delivered } from './sale-delivery.ts'
import type { Row, Value } from './store.ts'

export function invoicesOf(env: Env, order: Row): number[] {
  return [...env.store.withValue('account.move', 'invoice_origin', String(order.name))]
}

export function invoiced(env: Env, line: Row): string {
  const order = env.store.get('sale.order', line.order_id as number)!
  return invoicesOf(env, order)
    .map((id) => env.store.get('account.move', id)!)
    .filter((move) => move.state !== 'cancel')
    .flatMap((move) =>
      [...env.store.withValue('account.move.line', 'move_id', move.id)]
        .map((id) => env.store.get('account.move.line', id)!)
        .filter((one) => (one.sale_line_ids as number[] | undefined)?.includes(line.id))
        .map((one) =>
          move.move_type === 'out_refund' ? subtractDecimal('0', num(one.quantity)) : num(one.quantity),
        ),
    )
    .reduce(addDecimal, '0')
}

/** What the product's policy lets be invoiced now: what was ordered, or what was delivered. */
export function toInvoice(env: Env, line: Row): string {
  const order = env.store.get('sale.order', line.order_id as number)!
  if (order.state !== 'sale' || line.display_type) return '0'
  const product = env.store.get('product.product', line.product_id as number)
  const base = product?.invoice_policy === 'delivery' ? delivered(env, line) : num(line.product_uom_qty)
  return subtractDecimal(base, invoiced(env, line))
}

export function invoiceStatus(env: Env, order: Row): Value {
  if (order.state !== 'sale') return 'no'
  const lines = linesOf(env, order.id).filter((line) => !line.display_type)
  if (lines.some((line) => compareDecimal(toInvoice(env, line), '0') !== 0)) return 'to invoice'
  return lines.length > 0 && invoicesOf(env, order).length > 0 ? 'invoiced' : 'no'
}

/** Totals of sales orders and their lines. */
import { num } from './amount.ts'
import type { Env } from './model.ts'
import { modelOf, setValues } from './records.ts'
import type { Row } from './store.ts'
import { documentAmounts, lineAmounts, type Priced } from './tax.ts'

export const taxField = (env: Env) => (env.version >= 19 ? 'tax_ids' : 'tax_id')

export const uomField = (env: Env) => (env.version >= 19 ? 'product_uom_id' : 'product_uom')

export function currencyOf(env: Env, row: Row): string {
  return String(env.store.get('res.currency', row.currency_id as number)?.name ?? '')
}

export function linesOf(env: Env, order: number): Row[] {
  const rows = [...env.store.withValue('sale.order.line', 'order_id', order)].map(
    (id) => env.store.get('sale.order.line', id)!,
  )
  return rows.sort((a, b) => Number(a.sequence) - Number(b.sequence) || a.id - b.id)
}

function priced(env: Env, line: Row, currency: string): Priced {
  return {
    price: num(line.price_unit),
    quantity: num(line.product_uom_qty),
    discount: num(line.discount),
    taxIds: (line[taxField(env)] ?? []) as number[],
    currency,
  }
}

/** Works out the totals of an order from its lines. */
export function totals(env: Env, order: number): void {
  const row = env.store.get('sale.order', order)
  if (!row) return
  const currency = currencyOf(env, row)
  const lines = linesOf(env, order).filter((line) => !line.display_type)
  const { net, tax, gross } = documentAmounts(
    env,
    lines.map((line) => priced(env, line, currency)),
    currency,
  )
  const model = modelOf(env, 'sale.order')
  setValues(env, model, order, { amount_untaxed: net, amount_tax: tax, amount_total: gross }, false)
}

export function lineTotals(env: Env, id: number): void {
  const line = env.store.get('sale.order.line', id)!
  const order = env.store.get('sale.order', line.order_id as number)!
  const { net, tax, gross } = lineAmounts(env, priced(env, line, currencyOf(env, order)))
  const model = modelOf(env, 'sale.order.line')
  setValues(env, model, id, { price_subtotal: net, price_tax: tax, price_total: gross }, false)
}

/** Lines of sales orders: what is filled in, what is forbidden, and what follows from a change. */
import { isMore } from './amount.ts'
import { userError, validationError } from './errors.ts'
import type { Env, Rules, Values } from './model.ts'
import { lineTotals, taxField, totals, uomField } from './sale-amounts.ts'
import { delivered, followQuantity } from './sale-delivery.ts'
import { invoiced, toInvoice } from './sale-invoicing.ts'
import type { Row } from './store.ts'

function lineDefaults(env: Env, row: Values): void {
  const product = env.store.get('product.product', row.product_id as number)
  const uom = uomField(env)
  if (!row.display_type) {
    row[uom] ??= product?.uom_id
    row[taxField(env)] ??= product?.taxes_id ?? []
    row.name ??= product
      ? product.default_code
        ? `[${product.default_code}] ${product.name}`
        : product.name
      : ''
    if (!row.is_downpayment && !(row.product_id && row[uom])) {
      throw validationError(
        'The operation cannot be completed: Missing required fields on accountable sale order line.',
      )
    }
  }
  row.price_unit ??= product?.lst_price ?? '0'
  row.product_uom_qty ??= row.display_type ? '0' : '1'
  row.discount ??= '0'
}

const LOCKED_FIELDS = [
  'product_id',
  'name',
  'price_unit',
  'product_uom',
  'product_uom_id',
  'product_uom_qty',
  'tax_id',
  'tax_ids',
  'discount',
]

function lineGuard(env: Env, rows: readonly Row[], values: Values): void {
  const touched = LOCKED_FIELDS.filter((field) => field in values)
  for (const line of rows) {
    const order = env.store.get('sale.order', line.order_id as number)!
    if (order.locked && touched.length > 0) {
      throw userError(
        `It is forbidden to modify the following fields in a locked order:\n${touched.join('\n')}`,
      )
    }
    if (order.state === 'sale' && 'product_uom_qty' in values) {
      if (isMore(delivered(env, line), String(values.product_uom_qty))) {
        throw userError(
          'The ordered quantity of a sale order line cannot be decreased below the amount already delivered. Instead, create a return in your inventory.',
        )
      }
    }
  }
}

function lineWritten(env: Env, ids: readonly number[], changed: ReadonlySet<string>, created: boolean): void {
  for (const id of ids) {
    lineTotals(env, id)
    const line = env.store.get('sale.order.line', id)!
    const order = env.store.get('sale.order', line.order_id as number)!
    totals(env, order.id)
    if (order.state !== 'sale' || line.display_type) continue
    if (created || changed.has('product_uom_qty')) followQuantity(env, line, order)
  }
}

function lineDeletable(env: Env, rows: readonly Row[]): void {
  const confirmed = rows.some(
    (line) => env.store.get('sale.order', line.order_id as number)?.state === 'sale',
  )
  if (!confirmed) return
  throw userError(
    "Once a sales order is confirmed, you can't remove one of its lines (we need to track if something gets invoiced or delivered).\nSet the quantity to 0 instead.",
  )
}

const ofOrder = (field: string) => (env: Env, line: Row) =>
  env.store.get('sale.order', line.order_id as number)?.[field] ?? false

export const SALE_LINE_RULES: Rules = {
  display: (env, row) => `${ofOrder('name')(env, row)} - ${String(row.name).split('\n')[0]}`,
  defaults: lineDefaults,
  written: lineWritten,
  guard: lineGuard,
  deletable: lineDeletable,
  deleted(env, rows) {
    for (const order of new Set(rows.map((row) => row.order_id as number))) totals(env, order)
  },
  virtual: {
    currency_id: ofOrder('currency_id'),
    company_id: ofOrder('company_id'),
    order_partner_id: ofOrder('partner_id'),
    state: ofOrder('state'),
    qty_delivered: delivered,
    qty_invoiced: invoiced,
    qty_to_invoice: toInvoice,
  },
}

/** Sales orders: what is filled in, totals, confirm and cancel (global.md §9, "sale.order"). */
import { num } from './amount.ts'
import { userError } from './errors.ts'
import { button, type Call, type Env, type Method, type Rules, type Values } from './model.ts'
import { cancelPicking } from './picking.ts'
import { modelOf, rowsOf, setValues } from './records.ts'
import { linesOf, lineTotals, totals } from './sale-amounts.ts'
import { deliveryStatus, pickingsOf, ship } from './sale-delivery.ts'
import { invoiceStatus, invoicesOf } from './sale-invoicing.ts'
import type { Row, Value } from './store.ts'

/** The partner's own address of a type, or the partner. */
function addressOf(env: Env, partner: Value, type: 'invoice' | 'delivery'): Value {
  const child = [...env.store.withValue('res.partner', 'parent_id', partner)].find(
    (id) => env.store.get('res.partner', id)!.type === type,
  )
  return child ?? partner
}

const first = (env: Env, model: string) => [...env.store.rows(model).keys()][0] ?? false

function orderDefaults(env: Env, row: Values): void {
  const partner = env.store.get('res.partner', row.partner_id as number)
  if (partner) {
    row.partner_invoice_id ??= addressOf(env, partner.id, 'invoice')
    row.partner_shipping_id ??= addressOf(env, partner.id, 'delivery')
  }
  row.company_id ??= 1
  row.pricelist_id ??= partner?.property_product_pricelist || first(env, 'product.pricelist')
  row.currency_id = orderCurrency(env, row)
  row.warehouse_id ??= first(env, 'stock.warehouse')
  row.user_id ??= env.uid
  row.date_order ??= env.now.slice(0, 19)
  if (!row.name || row.name === 'New')
    row.name = `S${String(env.store.next('sale.order name')).padStart(5, '0')}`
  for (const field of ['amount_untaxed', 'amount_tax', 'amount_total']) row[field] = '0'
}

/** The pricelist decides the currency; without one it is the company's. */
function orderCurrency(env: Env, row: Values): Value {
  const pricelist = env.store.get('product.pricelist', row.pricelist_id as number)
  return pricelist?.currency_id ?? env.store.get('res.company', 1)!.currency_id!
}

function orderWritten(
  env: Env,
  ids: readonly number[],
  changed: ReadonlySet<string>,
  created: boolean,
): void {
  const model = modelOf(env, 'sale.order')
  for (const id of ids) {
    const row = env.store.get(model.name, id)!
    const follow: Record<string, Value> = {}
    if (!created && changed.has('partner_id')) {
      const partner = row.partner_id!
      if (!changed.has('partner_invoice_id')) follow.partner_invoice_id = addressOf(env, partner, 'invoice')
      if (!changed.has('partner_shipping_id'))
        follow.partner_shipping_id = addressOf(env, partner, 'delivery')
    }
    if (changed.has('pricelist_id')) follow.currency_id = orderCurrency(env, row)
    if (Object.keys(follow).length > 0) setValues(env, model, id, follow)
    if (changed.has('pricelist_id') && !created) for (const line of linesOf(env, id)) lineTotals(env, line.id)
    totals(env, id)
  }
}

function orderDeletable(_: Env, rows: readonly Row[]): void {
  if (rows.every((row) => row.state === 'draft' || row.state === 'cancel')) return
  throw userError('You can not delete a sent quotation or a confirmed sales order. You must first cancel it.')
}

function confirm({ env, model, ids }: Call): boolean {
  for (const order of rowsOf(env, model, ids)) {
    if (order.state !== 'draft' && order.state !== 'sent') {
      throw userError('Some orders are not in a state requiring confirmation.')
    }
    const lines = linesOf(env, order.id)
    if (lines.some((line) => !line.display_type && !line.is_downpayment && !line.product_id)) {
      throw userError('A line on these orders missing a product, you cannot confirm it.')
    }
    // The date of the order becomes the date of its confirmation, whatever was written.
    setValues(env, model, order.id, { state: 'sale', date_order: env.now.slice(0, 19) })
    ship(
      env,
      env.store.get(model.name, order.id)!,
      lines
        .filter((line) => !line.display_type)
        .map((line) => ({ line, quantity: num(line.product_uom_qty) })),
    )
  }
  return true
}

function doCancel(env: Env, order: Row): void {
  for (const picking of pickingsOf(env, order.id))
    if (picking.state !== 'done') cancelPicking(env, picking.id)
  for (const id of invoicesOf(env, order)) {
    if (env.store.get('account.move', id)!.state === 'draft') {
      setValues(env, modelOf(env, 'account.move'), id, { state: 'cancel' })
    }
  }
  setValues(env, modelOf(env, 'sale.order'), order.id, { state: 'cancel' })
}

/** Anything but a draft opens a dialogue first, unless the context says `disable_cancel_warning`. */
function cancel({ env, model, ids }: Call): unknown {
  const orders = rowsOf(env, model, ids)
  if (orders.some((order) => order.locked)) {
    throw userError('You cannot cancel a locked order. Please unlock it first.')
  }
  if (env.context.disable_cancel_warning || orders.every((order) => order.state === 'draft')) {
    for (const order of orders) doCancel(env, order)
    return true
  }
  return {
    name: 'Cancel Sales Order',
    view_mode: 'form',
    res_model: 'sale.order.cancel',
    view_id: 717,
    type: 'ir.actions.act_window',
    context: { default_order_id: orders[0]!.id, mark_so_as_canceled: true },
    target: 'new',
  }
}

const setter = (values: (order: Row) => Record<string, Value>): Method =>
  button(({ env, model, ids }) => {
    for (const order of rowsOf(env, model, ids)) setValues(env, model, order.id, values(order))
    return true
  })

export const SALE_RULES: Rules = {
  defaults: orderDefaults,
  written: orderWritten,
  deletable: orderDeletable,
  virtual: {
    invoice_ids: invoicesOf,
    invoice_count: (env, row) => invoicesOf(env, row).length,
    invoice_status: invoiceStatus,
    delivery_count: (env, row) => pickingsOf(env, row.id).length,
    delivery_status: deliveryStatus,
  },
  methods: {
    action_confirm: button(confirm),
    action_cancel: button(cancel),
    action_draft: setter(({ state }) => ({
      state: state === 'cancel' || state === 'sent' ? 'draft' : state!,
    })),
    action_lock: setter(() => ({ locked: true })),
    action_unlock: setter(() => ({ locked: false })),
    action_quotation_sent: setter((order) => {
      if (order.state !== 'draft') throw userError('Only draft orders can be marked as sent directly.')
      return { state: 'sent' }
    }),
  },
}

export const CANCEL_RULES: Rules = {
  display: (_, row) => `sale.order.cancel,${row.id}`,
  methods: {
    action_cancel: button(({ env, model, ids }) => {
      for (const wizard of rowsOf(env, model, ids)) {
        doCancel(env, env.store.get('sale.order', wizard.order_id as number)!)
      }
      return true
    }),
  },
}

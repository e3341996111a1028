/**
 * The control routes: what the database holds, raw, and what people in the warehouse and in accounting do.
 *
 *   GET  /_sandbox/orders             sales orders with their lines, for the comparer
 *   GET  /_sandbox/records?model=     all rows of a model as they are stored
 *   GET  /_sandbox/stats              counters
 *   POST /_sandbox/ship               {order | picking, lines?: {sku: quantity}, tracking?, backorder?}
 *   POST /_sandbox/stock              {sku, quantity, warehouse?}: what is on hand from now on
 *   POST /_sandbox/pay                {invoice}: an invoice is paid
 *   POST /_sandbox/faults             see server.ts
 */
import { subtractDecimal } from '../../core/money.ts'
import { num } from './amount.ts'
import { type Odoo, openCall } from './call.ts'
import type { Env, Values } from './model.ts'
import { movesOf, validatePickings } from './picking.ts'
import { modelOf, setValues, writeRecords } from './records.ts'
import { currencyOf, linesOf } from './sale-amounts.ts'
import { pickingsOf } from './sale-delivery.ts'
import { searchRows } from './search.ts'
import { addOnHand } from './stock.ts'
import type { Row } from './store.ts'

/** Why a control request cannot be done. */
export class Impossible extends Error {}

function xmlidOf(env: Env, model: string, id: number): string | null {
  const [data] = env.store.withValue('ir.model.data', 'res_key', `${model},${id}`)
  return data === undefined ? null : String(env.store.get('ir.model.data', data)!.complete_name)
}

const utc = (text: unknown) => `${String(text).replace(' ', 'T')}Z`

/**
 * A line's reference to what it was ordered as: a field `x_ref` where there is one, else what its external id
 * adds to the order's (`m.key` and `m.key_4711` make 4711).
 */
function refOf(env: Env, line: Row, order: string | null): string {
  if (line.x_ref) return String(line.x_ref)
  const own = xmlidOf(env, 'sale.order.line', line.id)
  return own && order && own.startsWith(order) ? own.slice(order.length + 1) : (own ?? '')
}

/** A sales order as the comparer reads it; all amounts are decimals in its currency. */
function shownOrder(env: Env, order: Row) {
  const external = xmlidOf(env, 'sale.order', order.id)
  const lines = linesOf(env, order.id).filter((line) => !line.display_type)
  return {
    id: order.id,
    name: order.name,
    externalId: external,
    state: order.state,
    number: order.client_order_ref || '',
    source: order.origin || '',
    currency: currencyOf(env, order),
    untaxed: num(order.amount_untaxed),
    tax: num(order.amount_tax),
    total: num(order.amount_total),
    received: utc(order.create_date),
    lines: lines.map((line) => ({
      ref: refOf(env, line, external),
      item: env.store.get('product.product', line.product_id as number)?.default_code || '',
      quantity: num(line.product_uom_qty),
      net: num(line.price_subtotal),
      tax: num(line.price_tax),
      gross: num(line.price_total),
    })),
  }
}

/** Lines of the JSON list of all sales orders. */
export function* listOrders(odoo: Odoo): Generator<string> {
  const env = openCall(odoo, {})
  let separator = '[\n'
  for (const order of odoo.store.rows('sale.order').values()) {
    yield `${separator}${JSON.stringify(shownOrder(env, order))}`
    separator = ',\n'
  }
  yield separator === '[\n' ? '[]\n' : '\n]\n'
}

export function rawRecords(odoo: Odoo, model: string): Row[] {
  if (!odoo.models.has(model)) throw new Impossible(`no model ${model}`)
  return [...odoo.store.rows(model).values()]
}

function orderOf(env: Env, wanted: unknown): Row {
  const fields = typeof wanted === 'number' ? ['id'] : ['name', 'client_order_ref', 'origin']
  for (const field of fields) {
    const [row] = searchRows(env, modelOf(env, 'sale.order'), [[field, '=', wanted]], {}, true)
    if (row) return row
  }
  throw new Impossible(`no sales order ${String(wanted)}`)
}

/** The transfers that a request means: the one named, or all open ones of the order. */
function wantedPickings(env: Env, asked: Values): Row[] {
  if (asked.picking !== undefined) {
    const field = typeof asked.picking === 'number' ? 'id' : 'name'
    return searchRows(env, modelOf(env, 'stock.picking'), [[field, '=', asked.picking]], {}, true)
  }
  return pickingsOf(env, orderOf(env, asked.order).id).filter(
    (p) => p.state !== 'done' && p.state !== 'cancel',
  )
}

/** Takes the named quantities, or all that is wanted, into the moves' quantities. */
function pick(env: Env, picking: Row, lines: Record<string, unknown> | undefined): void {
  for (const move of movesOf(env, picking.id)) {
    if (move.state === 'done' || move.state === 'cancel') continue
    const product = env.store.get('product.product', move.product_id as number)!
    const quantity = lines ? (lines[String(product.default_code)] ?? 0) : num(move.product_uom_qty)
    writeRecords(env, modelOf(env, 'stock.move'), [move.id], { quantity })
  }
}

/** What the warehouse does: picks, writes the tracking number, validates. Answers the transfers. */
export function shipOrder(odoo: Odoo, asked: Values): unknown {
  const rest = asked.backorder === false
  const env = openCall(odoo, { skip_backorder: true })
  return odoo.store.transaction(() => {
    const pickings = wantedPickings(env, asked)
    if (pickings.length === 0) throw new Impossible('nothing to ship')
    const ids = pickings.map(({ id }) => id)
    for (const picking of pickings) {
      pick(env, picking, asked.lines as Record<string, unknown> | undefined)
      if (asked.tracking !== undefined) {
        const model = modelOf(env, 'stock.picking')
        setValues(env, model, picking.id, { carrier_tracking_ref: String(asked.tracking) })
      }
    }
    const context = { ...env.context, ...(rest ? { picking_ids_not_to_backorder: ids } : {}) }
    validatePickings({ ...env, context }, ids)
    return ids.map((id) => env.store.get('stock.picking', id)!)
  })
}

/** Sets what is on hand in a warehouse. */
export function setStock(odoo: Odoo, asked: Values): unknown {
  const env = openCall(odoo, {})
  return odoo.store.transaction(() => {
    const [product] = searchRows(
      env,
      modelOf(env, 'product.product'),
      [['default_code', '=', asked.sku]],
      {},
      true,
    )
    if (!product) throw new Impossible(`no product ${String(asked.sku)}`)
    const domain = asked.warehouse === undefined ? [] : [['code', '=', asked.warehouse]]
    const [warehouse] = searchRows(env, modelOf(env, 'stock.warehouse'), domain, {}, true)
    if (!warehouse) throw new Impossible(`no warehouse ${String(asked.warehouse)}`)
    const place = warehouse.lot_stock_id!
    const before = [...env.store.withValue('stock.quant', 'product_id', product.id)]
      .map((id) => env.store.get('stock.quant', id)!)
      .find((quant) => quant.location_id === place)
    addOnHand(env, product.id, place, subtractDecimal(String(asked.quantity), num(before?.quantity)))
    return { sku: asked.sku, warehouse: warehouse.code, quantity: asked.quantity }
  })
}

export function payInvoice(odoo: Odoo, asked: Values): unknown {
  const env = openCall(odoo, {})
  return odoo.store.transaction(() => {
    const field = typeof asked.invoice === 'number' ? 'id' : 'name'
    const [move] = searchRows(env, modelOf(env, 'account.move'), [[field, '=', asked.invoice]], {}, true)
    if (move?.state !== 'posted') throw new Impossible(`no posted invoice ${String(asked.invoice)}`)
    setValues(env, modelOf(env, 'account.move'), move.id, { payment_state: 'paid', amount_residual: '0' })
    return { invoice: move.name, payment_state: 'paid' }
  })
}

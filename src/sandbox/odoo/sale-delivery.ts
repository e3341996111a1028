/** What a sales order makes of its lines in the warehouse. */
import { addDecimal, compareDecimal, subtractDecimal } from '../../core/money.ts'
import { isMore, num } from './amount.ts'
import type { Env } from './model.ts'
import { cancelPicking, confirmPicking, movesOf } from './picking.ts'
import { createRecord, modelOf, setValues } from './records.ts'
import { linesOf, uomField } from './sale-amounts.ts'
import type { Row, Value } from './store.ts'

export function pickingsOf(env: Env, order: number): Row[] {
  return [...env.store.withValue('stock.picking', 'sale_id', order)].map(
    (id) => env.store.get('stock.picking', id)!,
  )
}

/** Goods of a line that went out, less what came back. */
export function delivered(env: Env, line: Row): string {
  return [...env.store.withValue('stock.move', 'sale_line_id', line.id)]
    .map((id) => env.store.get('stock.move', id)!)
    .filter((move) => move.state === 'done')
    .reduce((sum, move) => {
      if (!move.origin_returned_move_id) return addDecimal(sum, num(move.quantity))
      return move.to_refund === true ? subtractDecimal(sum, num(move.quantity)) : sum
    }, '0')
}

/** A transfer for these lines' quantities, confirmed and reserved as far as there is stock. */
export function ship(env: Env, order: Row, wanted: readonly { line: Row; quantity: string }[]): void {
  const goods = wanted.filter(({ line }) => {
    const product = env.store.get('product.product', line.product_id as number)
    return product !== undefined && product.type !== 'service'
  })
  if (goods.length === 0) return
  const warehouse = env.store.get('stock.warehouse', order.warehouse_id as number)!
  const pickings = modelOf(env, 'stock.picking')
  const id = createRecord(env, pickings, {
    picking_type_id: warehouse.out_type_id,
    partner_id: order.partner_shipping_id,
    location_id: warehouse.lot_stock_id,
    origin: order.name,
    scheduled_date: String(order.commitment_date || env.now).slice(0, 19),
  })
  setValues(env, pickings, id, { sale_id: order.id })
  for (const { line, quantity } of goods) {
    createRecord(env, modelOf(env, 'stock.move'), {
      picking_id: id,
      product_id: line.product_id,
      product_uom: line[uomField(env)],
      product_uom_qty: Number(quantity),
      sale_line_id: line.id,
      origin: order.name,
    })
  }
  confirmPicking(env, id)
}

/** After a confirmed line changed: its open move follows, or a further transfer is made for what is missing. */
export function followQuantity(env: Env, line: Row, order: Row): void {
  const moves = [...env.store.withValue('stock.move', 'sale_line_id', line.id)]
    .map((id) => env.store.get('stock.move', id)!)
    .filter((move) => move.state !== 'cancel' && !move.origin_returned_move_id)
  const planned = moves.reduce((sum, move) => addDecimal(sum, num(move.product_uom_qty)), '0')
  const change = subtractDecimal(num(line.product_uom_qty), planned)
  if (compareDecimal(change, '0') === 0) return
  const open = moves.find((move) => move.state !== 'done')
  if (!open) {
    if (isMore(change, '0')) ship(env, order, [{ line, quantity: change }])
    return
  }
  const demand = addDecimal(num(open.product_uom_qty), change)
  const model = modelOf(env, 'stock.move')
  setValues(env, model, open.id, { product_uom_qty: demand })
  const picking = open.picking_id as number
  if (isMore(demand, '0')) confirmPicking(env, picking)
  else if (movesOf(env, picking).every((move) => !isMore(num(move.product_uom_qty), '0')))
    cancelPicking(env, picking)
}

export function deliveryStatus(env: Env, order: Row): Value {
  const pickings = pickingsOf(env, order.id).filter((picking) => picking.state !== 'cancel')
  if (pickings.length === 0) return false
  if (pickings.every((picking) => picking.state === 'done')) return 'full'
  if (!pickings.some((picking) => picking.state === 'done')) return 'pending'
  return linesOf(env, order.id).some((line) => isMore(delivered(env, line), '0')) ? 'partial' : 'started'
}

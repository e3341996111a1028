/** Transfers: confirm, reserve, validate, backorders and returns (global.md §9, "Delivery"). */
import { addDecimal, subtractDecimal } from '../../core/money.ts'
import { isMore, num } from './amount.ts'
import { userError } from './errors.ts'
import { button, type Env, type Method, type Rules, type Values } from './model.ts'
import { createRecord, modelOf, rowsOf, setValues } from './records.ts'
import { addOnHand, isCounted, isInternal, reserve } from './stock.ts'
import type { Row, Value } from './store.ts'

export function movesOf(env: Env, picking: number): Row[] {
  return [...env.store.withValue('stock.move', 'picking_id', picking)]
    .sort((a, b) => a - b)
    .map((id) => env.store.get('stock.move', id)!)
}

const isOpen = (move: Row) => move.state !== 'done' && move.state !== 'cancel'

/** The state of a transfer follows from its moves. */
function stateOf(moves: readonly Row[]): string {
  if (moves.length === 0 || moves.some((move) => move.state === 'draft')) return 'draft'
  const open = moves.filter(isOpen)
  if (open.length === 0) return moves.some((move) => move.state === 'done') ? 'done' : 'cancel'
  return open.some((move) => move.state === 'assigned' || move.state === 'partially_available')
    ? 'assigned'
    : 'confirmed'
}

function refresh(env: Env, picking: number): void {
  const state = stateOf(movesOf(env, picking))
  const model = modelOf(env, 'stock.picking')
  const row = env.store.get(model.name, picking)!
  if (row.state === state) return
  const done: Record<string, Value> = state === 'done' ? { date_done: env.now.slice(0, 19) } : {}
  // Being reserved is worked out from the moves; being done or cancelled is written.
  setValues(env, model, picking, { state, ...done }, state === 'done' || state === 'cancel')
  const type = env.store.get('stock.picking.type', row.picking_type_id as number)
  if (state !== 'done' || !row.sale_id || type?.code !== 'outgoing') return
  const order = env.store.get('sale.order', row.sale_id as number)!
  const first = order.effective_date || env.now.slice(0, 19)
  setValues(env, modelOf(env, 'sale.order'), order.id, { effective_date: first }, false)
}

function setMove(env: Env, move: Row, values: Record<string, Value>): Row {
  setValues(env, modelOf(env, 'stock.move'), move.id, values)
  return env.store.get('stock.move', move.id)!
}

/** Writes a move's quantity into its detail line. */
function setLine(env: Env, move: Row): void {
  const [line] = env.store.withValue('stock.move.line', 'move_id', move.id)
  const model = modelOf(env, 'stock.move.line')
  const values = { quantity: num(move.quantity), picked: move.picked === true }
  if (line !== undefined) setValues(env, model, line, values)
  else if (isMore(num(move.quantity), '0')) {
    const { picking_id, product_id, location_id, location_dest_id } = move
    const head = { move_id: move.id, picking_id, product_id, location_id, location_dest_id }
    createRecord(env, model, { ...head, product_uom_id: move.product_uom, ...values })
  }
}

/** Whether goods of this move come out of counted stock. */
function isReserved(env: Env, move: Row): boolean {
  const product = env.store.get('product.product', move.product_id as number)!
  return isCounted(env, product) && isInternal(env, move.location_id!)
}

/** Reserves what is missing; goods from outside, or not counted, are always there. */
function assign(env: Env, move: Row): void {
  const missing = subtractDecimal(num(move.product_uom_qty), num(move.quantity))
  const got = !isMore(missing, '0')
    ? '0'
    : isReserved(env, move)
      ? reserve(env, move.product_id!, move.location_id!, missing)
      : missing
  const quantity = addDecimal(num(move.quantity), got)
  const whole = !isMore(num(move.product_uom_qty), quantity)
  const state = whole ? 'assigned' : isMore(quantity, '0') ? 'partially_available' : 'confirmed'
  setLine(env, setMove(env, move, { quantity, state }))
}

/** The reservation follows a quantity that somebody wrote, even beyond what is there. */
function follow(env: Env, move: Row, before: string): void {
  if (!isOpen(move) || !isReserved(env, move)) return
  reserve(env, move.product_id!, move.location_id!, subtractDecimal(num(move.quantity), before), true)
}

function release(env: Env, move: Row): Row {
  if (isReserved(env, move) && isMore(num(move.quantity), '0')) {
    reserve(env, move.product_id!, move.location_id!, subtractDecimal('0', num(move.quantity)))
  }
  return setMove(env, move, { quantity: '0' })
}

export function confirmPicking(env: Env, picking: number): void {
  for (const move of movesOf(env, picking))
    if (move.state === 'draft') setMove(env, move, { state: 'confirmed' })
  assignPicking(env, picking)
}

function assignPicking(env: Env, picking: number): void {
  for (const move of movesOf(env, picking)) if (isOpen(move) && move.state !== 'draft') assign(env, move)
  refresh(env, picking)
}

/** Cancels what is not done. */
export function cancelPicking(env: Env, picking: number): void {
  const moves = movesOf(env, picking)
  if (moves.some((move) => move.state === 'done')) {
    throw userError(
      "You cannot cancel a stock move that has been set to 'Done'. Create a return in order to reverse the moves which took place.",
    )
  }
  for (const move of moves) setMove(env, release(env, move), { state: 'cancel' })
  if (moves.length === 0) setValues(env, modelOf(env, 'stock.picking'), picking, { state: 'cancel' })
  else refresh(env, picking)
}

/** What counts as done of each open move: once one move is marked as picked, only marked ones do. */
function doneQuantities(moves: readonly Row[]): Map<Row, string> {
  const marked = moves.some((move) => move.picked === true)
  return new Map(moves.map((move) => [move, marked && move.picked !== true ? '0' : num(move.quantity)]))
}

const isShort = (done: ReadonlyMap<Row, string>) =>
  [...done].some(([move, quantity]) => isMore(num(move.product_uom_qty), quantity))

/** Moves the goods of one move; what is left over becomes a move of its own, which is returned. */
function finish(env: Env, move: Row, quantity: string): Row | null {
  const rest = subtractDecimal(num(move.product_uom_qty), quantity)
  const { product_id, location_id, location_dest_id } = move
  if (isReserved(env, move)) {
    reserve(env, product_id!, location_id!, subtractDecimal('0', num(move.quantity)))
  }
  const product = env.store.get('product.product', product_id as number)!
  if (isCounted(env, product)) {
    addOnHand(env, product_id!, location_id!, subtractDecimal('0', quantity))
    addOnHand(env, product_id!, location_dest_id!, quantity)
  }
  const left = isMore(rest, '0') ? copyMove(env, move, rest) : null
  const demand = left ? quantity : num(move.product_uom_qty)
  const values = {
    quantity,
    picked: true,
    state: 'done',
    product_uom_qty: demand,
    date: env.now.slice(0, 19),
  }
  setLine(env, setMove(env, move, values))
  return left
}

function copyMove(env: Env, move: Row, quantity: string): Row {
  const model = modelOf(env, 'stock.move')
  const { picking_id, product_id, product_uom, location_id, location_dest_id, sale_line_id, origin } = move
  const id = createRecord(env, model, {
    ...(env.version <= 18 ? { name: move.name } : {}),
    ...{ picking_id, product_id, product_uom, location_id, location_dest_id, sale_line_id, origin },
    origin_returned_move_id: move.origin_returned_move_id ?? false,
    product_uom_qty: quantity,
  })
  return setMove(env, env.store.get(model.name, id)!, { state: 'confirmed' })
}

function backorderOf(env: Env, picking: Row, moves: readonly Row[]): void {
  const { partner_id, picking_type_id, location_id, location_dest_id, origin, sale_id, carrier_id } = picking
  const head = {
    partner_id,
    picking_type_id,
    location_id,
    location_dest_id,
    origin,
    carrier_id: carrier_id ?? false,
  }
  const model = modelOf(env, 'stock.picking')
  const id = createRecord(env, model, head)
  setValues(env, model, id, { backorder_id: picking.id, sale_id: sale_id ?? false })
  for (const move of moves) setMove(env, move, { picking_id: id })
  assignPicking(env, id)
}

function finishPicking(env: Env, picking: Row, keepRest: boolean): void {
  const left: Row[] = []
  for (const [move, quantity] of doneQuantities(movesOf(env, picking.id).filter(isOpen))) {
    if (isMore(quantity, '0')) left.push(...[finish(env, move, quantity)].filter((one) => one !== null))
    else left.push(setMove(env, release(env, move), { state: 'confirmed' }))
  }
  if (left.length > 0 && keepRest) backorderOf(env, picking, left)
  else for (const move of left) setMove(env, move, { state: 'cancel' })
  refresh(env, picking.id)
}

/** The dialogue that asks what to do with the rest, for the caller to fill in. */
function backorderAction(env: Env, pickings: readonly Row[], all: readonly number[]) {
  return {
    name: 'Create Backorder?',
    type: 'ir.actions.act_window',
    view_mode: 'form',
    res_model: 'stock.backorder.confirmation',
    views: [[420, 'form']],
    view_id: 420,
    target: 'new',
    context: {
      ...env.context,
      default_show_transfers: all.length > 1,
      default_pick_ids: pickings.map(({ id }) => [4, id]),
      button_validate_picking_ids: all,
    },
  }
}

/** `button_validate`: true, or the action of the dialogue that the web client would open. */
export function validatePickings(env: Env, ids: readonly number[]): unknown {
  const model = modelOf(env, 'stock.picking')
  const rows = rowsOf(env, model, ids).filter((row) => row.state !== 'done')
  for (const row of rows) if (row.state === 'draft') confirmPicking(env, row.id)
  const short: Row[] = []
  for (const row of rows) {
    const open = movesOf(env, row.id).filter(isOpen)
    if (open.length === 0) {
      throw userError(
        'You can’t validate an empty transfer. Please add some products to move before proceeding.',
      )
    }
    const done = doneQuantities(open)
    const something = [...done.values()].some((quantity) => isMore(quantity, '0'))
    if (!something && !env.context.skip_sanity_check) {
      throw userError(
        'You cannot validate a transfer if no quantities are reserved. To force the transfer, encode quantities.',
      )
    }
    if (isShort(done)) short.push(row)
  }
  const rule = (row: Row) =>
    env.store.get('stock.picking.type', row.picking_type_id as number)!.create_backorder
  const asked = env.context.skip_backorder ? [] : short.filter((row) => rule(row) === 'ask')
  if (asked.length > 0) return backorderAction(env, asked, ids)
  const without = [env.context.picking_ids_not_to_backorder].flat()
  for (const row of rows) finishPicking(env, row, !without.includes(row.id) && rule(row) !== 'never')
  return true
}

function each(work: (env: Env, id: number) => void): Method {
  return button(({ env, model, ids }) => {
    for (const { id } of rowsOf(env, model, ids)) work(env, id)
    return true
  })
}

/** Fills in a transfer that was created from outside: places from its type, a number, moves under it. */
function pickingDefaults(env: Env, row: Values): void {
  const type = env.store.get('stock.picking.type', row.picking_type_id as number)
  if (!type) return
  row.location_id ??= type.default_location_src_id
  row.location_dest_id ??= type.default_location_dest_id
  row.company_id ??= 1
  row.scheduled_date ??= env.now.slice(0, 19)
  if (row.name) return
  const warehouse = env.store.get('stock.warehouse', type.warehouse_id as number)
  const number = String(env.store.next(`picking ${type.id}`)).padStart(5, '0')
  row.name = `${warehouse?.code ?? 'WH'}/${type.sequence_code}/${number}`
}

export const PICKING_RULES: Rules = {
  defaults: pickingDefaults,
  written(env, ids, changed) {
    if (changed.has('move_ids') || changed.has('move_ids_without_package'))
      for (const id of ids) refresh(env, id)
  },
  virtual: {
    picking_type_code: (env, row) =>
      env.store.get('stock.picking.type', row.picking_type_id as number)?.code ?? false,
  },
  methods: {
    action_confirm: each(confirmPicking),
    action_assign: each(assignPicking),
    action_cancel: each(cancelPicking),
    do_unreserve: each((env, id) => {
      for (const move of movesOf(env, id).filter(isOpen)) {
        setLine(env, setMove(env, release(env, move), { state: 'confirmed' }))
      }
      refresh(env, id)
    }),
    button_validate: button(({ env, ids }) => validatePickings(env, ids)),
  },
}

export const MOVE_RULES: Rules = {
  display: (env, row) => String(env.store.get('product.product', row.product_id as number)?.name ?? ''),
  defaults(env, row) {
    const product = env.store.get('product.product', row.product_id as number)
    const picking = env.store.get('stock.picking', row.picking_id as number)
    row.product_uom ??= product?.uom_id
    row.location_id ??= picking?.location_id
    row.location_dest_id ??= picking?.location_dest_id
    row.company_id ??= 1
    row.date ??= env.now.slice(0, 19)
    row.product_uom_qty ??= '0'
    if (env.version <= 18) row.name ??= product?.name
  },
  written(env, ids, changed, created, before) {
    for (const [i, id] of ids.entries()) {
      const move = env.store.get('stock.move', id)!
      if (changed.has('quantity')) follow(env, move, num(before[i]?.quantity))
      if (changed.has('quantity') || changed.has('picked')) setLine(env, move)
      if (
        created &&
        move.picking_id &&
        env.store.get('stock.picking', move.picking_id as number)?.state !== 'draft'
      ) {
        refresh(env, move.picking_id as number)
      }
    }
  },
}

export const MOVE_LINE_RULES: Rules = {
  defaults(env, row) {
    const move = env.store.get('stock.move', row.move_id as number)
    for (const field of ['picking_id', 'product_id', 'location_id', 'location_dest_id'])
      row[field] ??= move?.[field]
    row.product_uom_id ??= move?.product_uom
    row.date ??= env.now.slice(0, 19)
  },
  written(env, ids, changed) {
    if (!changed.has('quantity') && !changed.has('picked')) return
    for (const id of ids) {
      const line = env.store.get('stock.move.line', id)!
      const move = env.store.get('stock.move', line.move_id as number)
      if (!move || !isOpen(move)) continue
      const lines = [...env.store.withValue('stock.move.line', 'move_id', move.id)].map(
        (one) => env.store.get('stock.move.line', one)!,
      )
      const quantity = lines.reduce((sum, one) => addDecimal(sum, num(one.quantity)), '0')
      const now = setMove(env, move, { quantity, picked: lines.some((one) => one.picked === true) })
      follow(env, now, num(move.quantity))
    }
  },
  virtual: {
    state: (env, row) => env.store.get('stock.move', row.move_id as number)?.state ?? 'draft',
  },
}

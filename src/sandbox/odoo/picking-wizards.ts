/** The dialogues after a transfer: what becomes of the rest, and sending goods back. */
import { addDecimal, subtractDecimal } from '../../core/money.ts'
import { isMore, least, num } from './amount.ts'
import { userError } from './errors.ts'
import { button, type Call, type Env, type Method, type Model, type Rules } from './model.ts'
import type { Series } from './options.ts'
import { confirmPicking, movesOf, validatePickings } from './picking.ts'
import { createRecord, modelOf, rowsOf, setValues } from './records.ts'
import type { Row } from './store.ts'

/** `process` keeps the rest as a backorder, `process_cancel_backorder` drops it. */
function answered({ env, model, ids }: Call, keep: boolean): unknown {
  const pickings = rowsOf(env, model, ids).flatMap((row) => row.pick_ids as number[])
  const all = (env.context.button_validate_picking_ids as number[] | undefined) ?? pickings
  const context = {
    ...env.context,
    skip_backorder: true,
    ...(keep ? {} : { picking_ids_not_to_backorder: pickings }),
  }
  return validatePickings({ ...env, context }, all)
}

export const BACKORDER_RULES: Rules = {
  display: (_, row) => `stock.backorder.confirmation,${row.id}`,
  methods: {
    process: button((call) => answered(call, true)),
    process_cancel_backorder: button((call) => answered(call, false)),
  },
}

interface Returned {
  move: Row
  quantity: string
  refund: boolean
}

function createReturn(env: Env, model: Model, picking: Row, lines: readonly Returned[]) {
  if (picking.state !== 'done') throw userError('You may only return Done pickings.')
  const wanted = lines.filter(({ quantity }) => isMore(quantity, '0'))
  if (wanted.length === 0) throw userError('Please specify at least one non-zero quantity.')
  const type = env.store.get('stock.picking.type', picking.picking_type_id as number)!
  const pickings = modelOf(env, 'stock.picking')
  const id = createRecord(env, pickings, {
    picking_type_id: type.return_picking_type_id || type.id,
    partner_id: picking.partner_id ?? false,
    location_id: picking.location_dest_id,
    location_dest_id: picking.location_id,
    origin: `Return of ${picking.name}`,
  })
  setValues(env, pickings, id, { return_id: picking.id, sale_id: picking.sale_id ?? false })
  for (const { move, quantity, refund } of wanted) {
    createRecord(env, modelOf(env, 'stock.move'), {
      picking_id: id,
      product_id: move.product_id,
      product_uom: move.product_uom,
      product_uom_qty: quantity,
      sale_line_id: move.sale_line_id ?? false,
      origin_returned_move_id: move.id,
      to_refund: refund,
    })
  }
  confirmPicking(env, id)
  return {
    name: 'Returned Picking',
    view_mode: 'form',
    res_model: pickings.name,
    res_id: id,
    type: 'ir.actions.act_window',
    context: { ...env.context, active_model: model.name },
  }
}

/** Everything that went out and has not come back. */
function returnable(env: Env, picking: number): Returned[] {
  return movesOf(env, picking)
    .filter((move) => move.state === 'done')
    .map((move) => {
      const back = [...env.store.withValue('stock.move', 'origin_returned_move_id', move.id)]
        .map((id) => env.store.get('stock.move', id)!)
        .filter((one) => one.state !== 'cancel')
        .reduce((sum, one) => addDecimal(sum, num(one.product_uom_qty)), '0')
      const quantity = subtractDecimal(num(move.quantity), least(back, num(move.quantity)))
      return { move, quantity, refund: true }
    })
}

function wizardLines(env: Env, wizard: Row): Returned[] {
  return [...env.store.withValue('stock.return.picking.line', 'wizard_id', wizard.id)].map((id) => {
    const line = env.store.get('stock.return.picking.line', id)!
    const move = env.store.get('stock.move', line.move_id as number)
    if (!move) {
      throw userError('You have manually created product lines, please delete them to proceed.')
    }
    return { move, quantity: num(line.quantity), refund: line.to_refund === true }
  })
}

function returnMethod(all: boolean): Method {
  return button(({ env, model, ids }) => {
    const [wizard] = rowsOf(env, model, ids)
    const [picking] = rowsOf(env, modelOf(env, 'stock.picking'), [wizard!.picking_id as number])
    const given = wizardLines(env, wizard!)
    // Up to 17 the wizard starts with everything; since 18 with zeros, so a caller has to say how many.
    const whole = all || (env.version <= 17 && given.length === 0)
    return createReturn(env, model, picking!, whole ? returnable(env, picking!.id) : given)
  })
}

/** Names of the return wizard's buttons, by series. */
export function returnRules(version: Series): Rules {
  return {
    display: (_, row) => `stock.return.picking,${row.id}`,
    defaults(env, row) {
      row.picking_id ??= env.context.active_id
    },
    methods:
      version <= 17
        ? { create_returns: returnMethod(false) }
        : { action_create_returns: returnMethod(false), action_create_returns_all: returnMethod(true) },
  }
}

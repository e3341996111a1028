/** Customer invoices and refunds, as far as sales orders need them (global.md §9, "Invoice"). */
import { compareDecimal } from '../../core/money.ts'
import { num } from './amount.ts'
import { userError } from './errors.ts'
import { button, type Env, type Rules, type Values } from './model.ts'
import { createRecord, modelOf, rowsOf, setValues } from './records.ts'
import { currencyOf, linesOf, taxField, uomField } from './sale-amounts.ts'
import { toInvoice } from './sale-invoicing.ts'
import type { Row } from './store.ts'
import { documentAmounts, lineAmounts, type Priced } from './tax.ts'

function linesOfMove(env: Env, move: number): Row[] {
  return [...env.store.withValue('account.move.line', 'move_id', move)]
    .sort((a, b) => a - b)
    .map((id) => env.store.get('account.move.line', id)!)
}

function priced(line: Row, currency: string): Priced {
  return {
    price: num(line.price_unit),
    quantity: num(line.quantity),
    discount: num(line.discount),
    taxIds: (line.tax_ids ?? []) as number[],
    currency,
  }
}

function totals(env: Env, id: number): void {
  const move = env.store.get('account.move', id)
  if (!move) return
  const currency = currencyOf(env, move)
  const lines = linesOfMove(env, id).filter((line) => line.display_type === 'product')
  for (const line of lines) {
    const { net, gross } = lineAmounts(env, priced(line, currency))
    const figures = { price_subtotal: net, price_total: gross }
    setValues(env, modelOf(env, 'account.move.line'), line.id, figures, false)
  }
  const all = documentAmounts(
    env,
    lines.map((line) => priced(line, currency)),
    currency,
  )
  const open = move.payment_state === 'paid' ? '0' : all.gross
  const figures = { amount_untaxed: all.net, amount_tax: all.tax, amount_total: all.gross }
  setValues(env, modelOf(env, 'account.move'), id, { ...figures, amount_residual: open }, false)
}

/** `INV/2026/00001`, refunds `RINV/2026/00001`; given when the document is posted. */
function numberOf(env: Env, move: Row, day: string): string {
  const prefix = { out_invoice: 'INV', out_refund: 'RINV', in_invoice: 'BILL', in_refund: 'RBILL' }[
    String(move.move_type)
  ]
  const key = `${prefix ?? 'MISC'}/${day.slice(0, 4)}`
  return `${key}/${String(env.store.next(key)).padStart(5, '0')}`
}

function post(env: Env, move: Row): void {
  if (move.state !== 'draft') throw userError(`The entry ${move.name} (id ${move.id}) must be in draft.`)
  if (!move.partner_id) {
    throw userError("The field 'Customer' is required, please complete it to validate the Customer Invoice.")
  }
  if (linesOfMove(env, move.id).length === 0) {
    throw userError("Even magicians can't post nothing! You need to add a line before posting.")
  }
  const day = String(move.invoice_date || env.now.slice(0, 10))
  setValues(env, modelOf(env, 'account.move'), move.id, {
    state: 'posted',
    name: move.name || numberOf(env, move, day),
    invoice_date: day,
    date: day,
    invoice_date_due: move.invoice_date_due || day,
  })
}

const firstOf = (env: Env, model: string) => [...env.store.rows(model).keys()][0] ?? false

export const INVOICE_RULES: Rules = {
  display: (_, row) => String(row.name || 'Draft Invoice'),
  defaults(env, row) {
    row.currency_id ??= env.store.get('res.company', 1)!.currency_id
    row.company_id ??= 1
    row.journal_id ??= firstOf(env, 'account.journal')
    for (const field of ['amount_untaxed', 'amount_tax', 'amount_total', 'amount_residual']) row[field] = '0'
  },
  guard(_, rows, values) {
    if (!rows.some((row) => row.state === 'posted')) return
    if ('invoice_line_ids' in values || 'partner_id' in values || 'currency_id' in values) {
      throw userError('You cannot modify a posted entry of this journal because it is in strict mode.')
    }
  },
  written(env, ids) {
    for (const id of ids) totals(env, id)
  },
  deletable(_, rows) {
    if (rows.some((row) => row.name))
      throw userError('You cannot delete this entry, as it has already consumed a sequence number.')
  },
  methods: {
    action_post: button(({ env, model, ids }) => {
      for (const move of rowsOf(env, model, ids)) post(env, move)
      return false
    }),
    button_draft: button(({ env, model, ids }) => {
      for (const move of rowsOf(env, model, ids)) {
        if (move.state === 'draft')
          throw userError('Only posted/cancelled journal entries can be reset to draft.')
        setValues(env, model, move.id, { state: 'draft' })
      }
      return true
    }),
    button_cancel: button(({ env, model, ids }) => {
      for (const move of rowsOf(env, model, ids)) {
        if (move.state !== 'draft') throw userError('Only draft journal entries can be cancelled.')
        setValues(env, model, move.id, { state: 'cancel' })
      }
      return true
    }),
  },
}

export const INVOICE_LINE_RULES: Rules = {
  display: (_, row) => String(row.name || ''),
  defaults(env, row) {
    const product = env.store.get('product.product', row.product_id as number)
    row.name ??= product?.name
    row.quantity ??= '1'
    row.price_unit ??= product?.lst_price ?? '0'
    row.product_uom_id ??= product?.uom_id
    row.tax_ids ??= product?.taxes_id ?? []
  },
  written(env, ids) {
    for (const id of ids) totals(env, env.store.get('account.move.line', id)!.move_id as number)
  },
  deleted(env, rows) {
    for (const id of new Set(rows.map((row) => row.move_id as number))) totals(env, id)
  },
  virtual: {
    currency_id: (env, row) => env.store.get('account.move', row.move_id as number)?.currency_id ?? false,
  },
}

const NOTHING_TO_INVOICE =
  'Cannot create an invoice. No items are available to invoice.\n\nTo resolve this issue, please ensure that:\n   • The products have been delivered before attempting to invoice them.\n   • The invoicing policy of the product is configured correctly.'

/** One draft invoice for what is to be invoiced of an order (several orders are not put into one). */
function invoiceOrder(env: Env, order: Row): number {
  const lines = linesOf(env, order.id)
    .map((line) => ({ line, quantity: toInvoice(env, line) }))
    .filter(({ quantity }) => compareDecimal(quantity, '0') !== 0)
  if (lines.length === 0) throw userError(NOTHING_TO_INVOICE)
  return createRecord(env, modelOf(env, 'account.move'), {
    move_type: 'out_invoice',
    partner_id: order.partner_invoice_id,
    currency_id: order.currency_id,
    invoice_origin: order.name,
    ref: order.client_order_ref ?? false,
    invoice_line_ids: lines.map(({ line, quantity }) => [0, 0, invoiceLine(env, line, quantity)]),
  })
}

function invoiceLine(env: Env, line: Row, quantity: string): Values {
  return {
    name: line.name,
    product_id: line.product_id ?? false,
    product_uom_id: line[uomField(env)] ?? false,
    quantity,
    price_unit: line.price_unit,
    discount: line.discount,
    tax_ids: line[taxField(env)] ?? [],
    sale_line_ids: [line.id],
  }
}

const showMoves = (ids: readonly number[]) => ({
  type: 'ir.actions.act_window',
  name: 'Invoices',
  res_model: 'account.move',
  view_mode: ids.length === 1 ? 'form' : 'list,form',
  ...(ids.length === 1 ? { res_id: ids[0] } : { domain: [['id', 'in', ids]] }),
})

export const INVOICE_WIZARD_RULES: Rules = {
  display: (_, row) => `sale.advance.payment.inv,${row.id}`,
  defaults(env, row) {
    const { active_ids, active_model } = env.context
    row.sale_order_ids ??= active_model === 'sale.order' ? active_ids : []
  },
  methods: {
    create_invoices: button(({ env, model, ids }) => {
      const orders = rowsOf(env, model, ids).flatMap((wizard) => wizard.sale_order_ids as number[])
      return showMoves(
        rowsOf(env, modelOf(env, 'sale.order'), orders).map((order) => invoiceOrder(env, order)),
      )
    }),
  },
}

function refundOf(env: Env, move: Row, reason: string, day: string | false): number {
  if (move.state !== 'posted') throw userError('You can only reverse posted moves.')
  const lines = linesOfMove(env, move.id).map((line) => {
    const { name, product_id, product_uom_id, quantity, price_unit, discount, tax_ids, sale_line_ids } = line
    const values = {
      name,
      product_id,
      product_uom_id,
      quantity,
      price_unit,
      discount,
      tax_ids,
      sale_line_ids,
    }
    return [0, 0, Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))]
  })
  return createRecord(env, modelOf(env, 'account.move'), {
    move_type: move.move_type === 'out_invoice' ? 'out_refund' : 'in_refund',
    partner_id: move.partner_id,
    currency_id: move.currency_id,
    invoice_origin: move.invoice_origin ?? false,
    ref: reason ? `Reversal of: ${move.name}, ${reason}` : `Reversal of: ${move.name}`,
    reversed_entry_id: move.id,
    invoice_date: day,
    invoice_line_ids: lines,
  })
}

export const REVERSAL_RULES: Rules = {
  display: (_, row) => `account.move.reversal,${row.id}`,
  defaults(env, row) {
    const { active_ids, active_model } = env.context
    row.move_ids ??= active_model === 'account.move' ? active_ids : []
  },
  methods: {
    refund_moves: button(({ env, model, ids }) => {
      const refunds = rowsOf(env, model, ids).flatMap((wizard) => {
        const moves = rowsOf(env, modelOf(env, 'account.move'), wizard.move_ids as number[])
        const made = moves.map((m) =>
          refundOf(env, m, String(wizard.reason || ''), (wizard.date || false) as string),
        )
        setValues(env, model, wizard.id, { new_move_ids: made })
        return made
      })
      return showMoves(refunds)
    }),
  },
}

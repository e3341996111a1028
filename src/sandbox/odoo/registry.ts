/** All models of the sandbox, put together for one series. */
import { valueError } from './errors.ts'
import { INVOICE_LINE_RULES, INVOICE_RULES, INVOICE_WIZARD_RULES, REVERSAL_RULES } from './invoice.ts'
import { type Env, type Field, fieldsOf, type Model, parseField, type Rules } from './model.ts'
import type { Series } from './options.ts'
import { MOVE_LINE_RULES, MOVE_RULES, PICKING_RULES } from './picking.ts'
import { BACKORDER_RULES, returnRules } from './picking-wizards.ts'
import { CANCEL_RULES, SALE_RULES } from './sale.ts'
import { SALE_LINE_RULES } from './sale-line.ts'
import { LOCATION_RULES, PRODUCT_RULES, QUANT_RULES } from './stock.ts'
import type { Row } from './store.ts'
import * as base from './tables-base.ts'
import * as trade from './tables-trade.ts'

interface Entry {
  name: string
  title: string
  table: string
  order?: string
  rules?: Rules | ((version: Series) => Rules)
}

function partnerDisplay(env: Env, row: Row): string {
  const parent = row.parent_id ? env.store.get('res.partner', row.parent_id as number) : undefined
  return parent ? `${parent.name}, ${row.name || row.type}` : String(row.name)
}

const DATA_RULES: Rules = {
  display: (_, row) => String(row.complete_name),
  defaults(_, row) {
    row.complete_name = `${row.module}.${row.name}`
    row.res_key = `${row.model},${row.res_id}`
  },
  guard() {
    throw valueError('External ids are written by load only')
  },
}

const TAX_RULES: Rules = {
  virtual: { price_include: (_, row) => row.price_include_override === 'tax_included' },
}

const CURRENCY_RULES: Rules = {
  defaults(_, row) {
    row.rounding ??= '0.01'
    row.decimal_places ??= 2
  },
}

const nameless = (name: string): Rules => ({ display: (_, row) => `${name},${row.id}` })

/** All models: what Odoo calls them, their fields, order and rules. */
const ENTRIES: readonly Entry[] = [
  {
    name: 'res.partner',
    title: 'Contact',
    table: base.PARTNER,
    order: 'display_name asc, id desc',
    rules: { display: partnerDisplay },
  },
  { name: 'res.country', title: 'Country', table: base.COUNTRY, order: 'name' },
  { name: 'res.country.state', title: 'Country state', table: base.COUNTRY_STATE, order: 'code' },
  { name: 'res.company', title: 'Companies', table: base.COMPANY },
  { name: 'res.users', title: 'User', table: base.USER },
  {
    name: 'res.currency',
    title: 'Currency',
    table: base.CURRENCY,
    order: 'active desc, name',
    rules: CURRENCY_RULES,
  },
  { name: 'uom.uom', title: 'Product Unit of Measure', table: base.UOM },
  { name: 'product.pricelist', title: 'Pricelist', table: base.PRICELIST, order: 'sequence, id' },
  {
    name: 'product.product',
    title: 'Product Variant',
    table: base.PRODUCT,
    order: 'default_code, name, id',
    rules: PRODUCT_RULES,
  },
  { name: 'account.tax', title: 'Tax', table: base.TAX, order: 'sequence, id', rules: TAX_RULES },
  { name: 'ir.model.data', title: 'Model Data', table: base.DATA, rules: DATA_RULES },
  {
    name: 'sale.order',
    title: 'Sales Order',
    table: trade.SALE,
    order: 'date_order desc, id desc',
    rules: SALE_RULES,
  },
  {
    name: 'sale.order.line',
    title: 'Sales Order Line',
    table: trade.SALE_LINE,
    order: 'order_id, sequence, id',
    rules: SALE_LINE_RULES,
  },
  { name: 'sale.order.cancel', title: 'Sales Order Cancel', table: trade.CANCEL_WIZARD, rules: CANCEL_RULES },
  {
    name: 'sale.advance.payment.inv',
    title: 'Sales Advance Payment Invoice',
    table: trade.INVOICE_WIZARD,
    rules: INVOICE_WIZARD_RULES,
  },
  { name: 'stock.warehouse', title: 'Warehouse', table: trade.WAREHOUSE },
  {
    name: 'stock.location',
    title: 'Inventory Locations',
    table: trade.LOCATION,
    order: 'complete_name, id',
    rules: LOCATION_RULES,
  },
  { name: 'stock.picking.type', title: 'Picking Type', table: trade.PICKING_TYPE },
  {
    name: 'stock.picking',
    title: 'Transfer',
    table: trade.PICKING,
    order: 'scheduled_date asc, id desc',
    rules: PICKING_RULES,
  },
  { name: 'stock.move', title: 'Stock Move', table: trade.MOVE, rules: MOVE_RULES },
  {
    name: 'stock.move.line',
    title: 'Product Moves (Stock Move Line)',
    table: trade.MOVE_LINE,
    rules: { ...nameless('stock.move.line'), ...MOVE_LINE_RULES },
  },
  { name: 'stock.lot', title: 'Lot/Serial', table: trade.LOT },
  { name: 'stock.quant', title: 'Quants', table: trade.QUANT, rules: QUANT_RULES },
  {
    name: 'stock.backorder.confirmation',
    title: 'Backorder Confirmation',
    table: trade.BACKORDER_WIZARD,
    rules: BACKORDER_RULES,
  },
  { name: 'stock.return.picking', title: 'Return Picking', table: trade.RETURN_WIZARD, rules: returnRules },
  {
    name: 'stock.return.picking.line',
    title: 'Return Picking Line',
    table: trade.RETURN_WIZARD_LINE,
    rules: nameless('stock.return.picking.line'),
  },
  { name: 'delivery.carrier', title: 'Shipping Methods', table: trade.CARRIER },
  { name: 'account.journal', title: 'Journal', table: trade.JOURNAL },
  {
    name: 'account.move',
    title: 'Journal Entry',
    table: trade.INVOICE,
    order: 'date desc, name desc, id desc',
    rules: INVOICE_RULES,
  },
  { name: 'account.move.line', title: 'Journal Item', table: trade.INVOICE_LINE, rules: INVOICE_LINE_RULES },
  {
    name: 'account.move.reversal',
    title: 'Account Move Reversal',
    table: trade.REVERSAL_WIZARD,
    rules: REVERSAL_RULES,
  },
]

/** Fields beyond Odoo's own, "model.name:type". Throws RangeError when one names no model. */
function extraOf(model: string, all: ReadonlySet<string>, extra: readonly string[]): [string, Field][] {
  return extra.flatMap((text): [string, Field][] => {
    const m = /^([a-z_.]+)\.(x_\w+):(\S+)$/.exec(text)
    if (!m || !all.has(m[1]!)) throw new RangeError(`extra field ${text}: model.x_name:type expected`)
    return m[1] === model ? [[m[2]!, parseField(`${m[2]} ${m[3]} index`)]] : []
  })
}

/** The models by name. Throws RangeError for an extra field that cannot be. */
export function modelsOf(version: Series, extra: readonly string[] = []): Map<string, Model> {
  const names = new Set(ENTRIES.map(({ name }) => name))
  return new Map(
    ENTRIES.map(({ name, title, table, order = 'id', rules: given = {} }) => {
      const rules = typeof given === 'function' ? given(version) : given
      const fields = new Map([...fieldsOf(table, version), ...extraOf(name, names, extra)])
      return [name, { name, title, fields, order, rules, methods: rules.methods ?? {} }]
    }),
  )
}

/** The fields that the store looks up by value. */
export function indexedFields(models: ReadonlyMap<string, Model>): Map<string, string[]> {
  return new Map(
    [...models.values()].map((model) => [
      model.name,
      [...model.fields.values()].filter((field) => field.index).map((field) => field.name),
    ]),
  )
}

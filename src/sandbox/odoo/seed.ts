/** What a new database holds: one company with its masters, as after the first afternoon of a consultant. */
import { currencyDigits } from '../../core/money.ts'
import { CATALOGUE } from '../generate/catalogue.ts'
import type { Env, Values } from './model.ts'
import { DEFAULT_CURRENCIES, DEFAULT_TAXES } from './options.ts'
import { createRecord, modelOf, setValues } from './records.ts'
import { addOnHand, isCounted } from './stock.ts'

/** The products that our own mappings send beside articles (freight, fees). */
const SERVICES: Readonly<Record<string, string>> = { SHIPPING: 'Shipping', CHARGE: 'Charge' }
const COUNTRIES = [
  'CN',
  'US',
  'DE',
  'JP',
  'KW',
  'FR',
  'GB',
  'KR',
  'AE',
  'SG',
  'HK',
  'TW',
  'CZ',
  'NL',
  'DK',
  'IN',
]

/** Creates records with external ids, "module.name". */
function maker(env: Env) {
  const data = modelOf(env, 'ir.model.data')
  return (model: string, xmlid: string, values: Values): number => {
    const id = createRecord(env, modelOf(env, model), values)
    const [module, name] = xmlid.split('.')
    createRecord(env, data, { module, name, model, res_id: id, noupdate: true })
    return id
  }
}

type Make = ReturnType<typeof maker>

const codeName = (code: string) => code.toLowerCase().replace(/[^a-z0-9]+/g, '_')

function seedCompany(env: Env, make: Make): void {
  const own = env.options.currency ?? 'CNY'
  const codes = new Set([own, ...(env.options.currencies ?? DEFAULT_CURRENCIES)])
  const ids = new Map<string, number>()
  for (const code of codes) {
    const decimals = currencyDigits(code)
    const rounding = 10 ** -decimals
    const values = { name: code, symbol: code, decimal_places: decimals, rounding }
    ids.set(code, make('res.currency', `base.${code}`, values))
  }
  const company = make('res.company', 'base.main_company', { name: 'My Company', currency_id: ids.get(own) })
  const partner = make('res.partner', 'base.main_partner', { name: 'My Company', is_company: true })
  setValues(env, modelOf(env, 'res.company'), company, { partner_id: partner })
  // The superuser comes first, so the caller is user 2 as in every Odoo.
  make('res.users', 'base.user_root', { name: 'OdooBot', login: '__system__', active: false })
  const login = env.options.login ?? 'api@example.com'
  const user = { name: 'API', login, company_id: company, partner_id: partner, tz: env.options.zone ?? 'UTC' }
  make('res.users', 'base.user_admin', user)
  for (const [code, currency] of ids) {
    const xmlid = code === own ? 'product.list0' : `sandbox.pricelist_${code}`
    make('product.pricelist', xmlid, { name: `Default ${code}`, currency_id: currency })
  }
  for (const code of COUNTRIES) make('res.country', `base.${code.toLowerCase()}`, { name: code, code })
  make('res.partner', 'sandbox.partner_web', { name: 'Web customers', ref: 'WEB', customer_rank: 1 })
  const journal = { name: 'Customer Invoices', code: 'INV', type: 'sale' }
  make('account.journal', 'sandbox.journal_sale', journal)
  make('delivery.carrier', 'delivery.free_delivery_carrier', { name: 'Standard delivery' })
}

/** Every rate twice: "13%" on top of prices, "13% incl" contained in them. */
function seedTaxes(env: Env, make: Make): void {
  for (const rate of env.options.taxes ?? DEFAULT_TAXES) {
    for (const included of [false, true]) {
      const name = `${rate}%${included ? ' incl' : ''}`
      const xmlid = `sandbox.tax_${codeName(rate)}${included ? '_incl' : ''}`
      const how =
        env.version >= 18
          ? { price_include_override: included ? 'tax_included' : 'tax_excluded' }
          : { price_include: included }
      make('account.tax', xmlid, { name, amount: rate, ...how })
    }
  }
}

function seedWarehouse(env: Env, make: Make, code: string, first: boolean): void {
  const tail = first ? '' : `_${codeName(code)}`
  const place = (name: string, xmlid: string, usage: string, parent: number | false = false) =>
    make('stock.location', xmlid, { name, usage, location_id: parent })
  if (first) {
    place('Customers', 'stock.stock_location_customers', 'customer')
    place('Vendors', 'stock.stock_location_suppliers', 'supplier')
  }
  const at = (name: string) => refOfSeed(env, `stock.stock_location_${name}`)
  const view = place(code, `sandbox.location_view${tail}`, 'view')
  const stock = place('Stock', `stock.stock_location_stock${tail}`, 'internal', view)
  const house = first ? 'stock.warehouse0' : `sandbox.warehouse${tail}`
  const warehouse = make('stock.warehouse', house, { name: code, code, lot_stock_id: stock, company_id: 1 })
  const type = (name: string, xmlid: string, values: Values) =>
    make('stock.picking.type', xmlid, { name, warehouse_id: warehouse, company_id: 1, ...values })
  const inType = type('Receipts', `stock.picking_type_in${tail}`, {
    code: 'incoming',
    sequence_code: 'IN',
    default_location_src_id: at('suppliers'),
    default_location_dest_id: stock,
  })
  const outType = type('Delivery Orders', `stock.picking_type_out${tail}`, {
    code: 'outgoing',
    sequence_code: 'OUT',
    default_location_src_id: stock,
    default_location_dest_id: at('customers'),
    return_picking_type_id: inType,
  })
  setValues(env, modelOf(env, 'stock.warehouse'), warehouse, { in_type_id: inType, out_type_id: outType })
}

function refOfSeed(env: Env, xmlid: string): number {
  const [id] = env.store.withValue('ir.model.data', 'complete_name', xmlid)
  return env.store.get('ir.model.data', id!)!.res_id as number
}

function seedProducts(env: Env, make: Make): void {
  const unit = make('uom.uom', 'uom.product_uom_unit', { name: 'Units', factor: 1, rounding: 0.01 })
  const names = new Map(CATALOGUE.map((article) => [article.sku, article]))
  const codes = env.options.products ?? [...names.keys(), ...Object.keys(SERVICES)]
  const stocks = [...env.store.rows('stock.warehouse').values()].map((row) => row.lot_stock_id!)
  const pieces = env.options.stock ?? 100_000
  for (const code of codes) {
    const service = code in SERVICES
    const kind = service
      ? { type: 'service' }
      : env.version >= 18
        ? { type: 'consu', is_storable: true }
        : { detailed_type: 'product' }
    const old = service && env.version <= 17 ? { detailed_type: 'service' } : {}
    const id = make('product.product', `sandbox.product_${codeName(code)}`, {
      name: names.get(code)?.name ?? SERVICES[code] ?? code,
      default_code: code,
      lst_price: names.get(code)?.price ?? 0,
      uom_id: unit,
      ...kind,
      ...old,
    })
    if (!isCounted(env, env.store.get('product.product', id)!) || pieces === 0) continue
    for (const stock of stocks) addOnHand(env, id, stock, String(pieces))
  }
}

/** Fills an empty database in one transaction; one that holds something stays as it is. */
export function seed(env: Env): void {
  if (env.store.rows('res.company').size > 0) return
  env.store.transaction(() => {
    const make = maker(env)
    seedCompany(env, make)
    seedTaxes(env, make)
    for (const [i, code] of (env.options.warehouses ?? ['WH']).entries())
      seedWarehouse(env, make, code, i === 0)
    seedProducts(env, make)
  })
}

/** Stock on hand and reservations: quants per product and location, and what the products show of them. */
import { addDecimal, compareDecimal, subtractDecimal } from '../../core/money.ts'
import { atLeastZero, least, num } from './amount.ts'
import { button, type Call, type Env, type Rules } from './model.ts'
import { createRecord, modelOf, rowsOf, setValues } from './records.ts'
import type { Row, Value } from './store.ts'

export function isInternal(env: Env, location: Value): boolean {
  const usage = env.store.get('stock.location', location as number)?.usage
  return usage === 'internal' || usage === 'transit'
}

/** Goods whose stock is counted; services never move, other goods move without being counted. */
export function isCounted(env: Env, product: Row): boolean {
  return env.version >= 18
    ? product.type === 'consu' && product.is_storable === true
    : product.type === 'product'
}

function quantOf(env: Env, product: Value, location: Value): Row | undefined {
  return [...env.store.withValue('stock.quant', 'product_id', product)]
    .map((id) => env.store.get('stock.quant', id)!)
    .find((quant) => quant.location_id === location)
}

function quantFor(env: Env, product: Value, location: Value): Row {
  const found = quantOf(env, product, location)
  if (found) return found
  const model = modelOf(env, 'stock.quant')
  const id = createRecord(env, model, { product_id: product, location_id: location })
  return env.store.get(model.name, id)!
}

/** Adds to what is on hand at a location; of places outside the company it may become negative. */
export function addOnHand(env: Env, product: Value, location: Value, change: string): void {
  const quant = quantFor(env, product, location)
  const quantity = addDecimal(num(quant.quantity), change)
  setValues(env, modelOf(env, 'stock.quant'), quant.id, { quantity })
}

/** Reserves up to `wanted`, or exactly that by `force`; returns how much. Negative `wanted` gives back. */
export function reserve(env: Env, product: Value, location: Value, wanted: string, force = false): string {
  const quant = quantFor(env, product, location)
  const free = atLeastZero(subtractDecimal(num(quant.quantity), num(quant.reserved_quantity)))
  const taken = force || compareDecimal(wanted, '0') < 0 ? wanted : least(free, wanted)
  const reserved = atLeastZero(addDecimal(num(quant.reserved_quantity), taken))
  setValues(env, modelOf(env, 'stock.quant'), quant.id, { reserved_quantity: reserved })
  return taken
}

/** The warehouse whose stock location this is, or is inside of. */
export function warehouseOf(env: Env, location: Value): number | false {
  const byStock = new Map(
    [...env.store.rows('stock.warehouse').values()].map((row) => [row.lot_stock_id, row.id]),
  )
  for (let at: Value | undefined = location; typeof at === 'number'; ) {
    const found = byStock.get(at)
    if (found !== undefined) return found
    at = env.store.get('stock.location', at)?.location_id
  }
  return false
}

/** Quants that a product's figures count: inside the company, and in the context's warehouse or location. */
function countedQuants(env: Env, product: Row): Row[] {
  const { location, warehouse, warehouse_id } = env.context
  const warehouses = [env.version >= 19 ? warehouse_id : warehouse].flat().filter(Boolean)
  const locations = [location].flat().filter(Boolean)
  return [...env.store.withValue('stock.quant', 'product_id', product.id)]
    .map((id) => env.store.get('stock.quant', id)!)
    .filter((quant) => isInternal(env, quant.location_id!))
    .filter((q) => warehouses.length === 0 || warehouses.includes(warehouseOf(env, q.location_id!)))
    .filter((q) => locations.length === 0 || locations.includes(q.location_id))
}

const total = (rows: readonly Row[], field: string) =>
  rows.reduce((sum, row) => addDecimal(sum, num(row[field])), '0')

const OPEN = new Set<Value>(['waiting', 'confirmed', 'partially_available', 'assigned'])

function planned(env: Env, product: Row, side: 'location_id' | 'location_dest_id'): string {
  const moves = [...env.store.withValue('stock.move', 'product_id', product.id)]
    .map((id) => env.store.get('stock.move', id)!)
    .filter((move) => OPEN.has(move.state!) && isInternal(env, move[side]!))
  return total(moves, 'product_uom_qty')
}

const onHand = (env: Env, product: Row) => total(countedQuants(env, product), 'quantity')

/** Stock figures of product.product. */
export const PRODUCT_RULES: Rules = {
  display: (_, row) => (row.default_code ? `[${row.default_code}] ${row.name}` : String(row.name)),
  defaults(env, row) {
    row.uom_id ??= [...env.store.rows('uom.uom').keys()][0]
    if (env.version === 17) row.type = row.detailed_type ?? row.type
  },
  virtual: {
    currency_id: (env) => env.store.get('res.company', 1)!.currency_id!,
    qty_available: onHand,
    free_qty: (env, row) =>
      subtractDecimal(onHand(env, row), total(countedQuants(env, row), 'reserved_quantity')),
    incoming_qty: (env, row) => planned(env, row, 'location_dest_id'),
    outgoing_qty: (env, row) => planned(env, row, 'location_id'),
    virtual_available: (env, row) =>
      subtractDecimal(
        addDecimal(onHand(env, row), planned(env, row, 'location_dest_id')),
        planned(env, row, 'location_id'),
      ),
  },
}

/** Sets what is on hand to the counted quantity, as the button of a stock count does. */
function applyInventory({ env, model, ids }: Call): boolean {
  for (const quant of rowsOf(env, model, ids)) {
    setValues(env, model, quant.id, {
      quantity: num(quant.inventory_quantity),
      inventory_quantity: '0',
      inventory_quantity_set: false,
    })
  }
  return true
}

export const QUANT_RULES: Rules = {
  display: (env, row) => String(env.store.get('product.product', row.product_id as number)?.name ?? ''),
  defaults(env, row) {
    row.quantity ??= '0'
    row.reserved_quantity ??= '0'
    row.in_date = env.now
  },
  virtual: {
    warehouse_id: (env, row) => warehouseOf(env, row.location_id!),
    available_quantity: (_, row) => subtractDecimal(num(row.quantity), num(row.reserved_quantity)),
    product_uom_id: (env, row) => env.store.get('product.product', row.product_id as number)?.uom_id ?? false,
  },
  methods: { action_apply_inventory: button(applyInventory) },
}

function completeName(env: Env, row: Row): string {
  const parent = row.location_id ? env.store.get('stock.location', row.location_id as number) : undefined
  return parent ? `${completeName(env, parent)}/${row.name}` : String(row.name)
}

export const LOCATION_RULES: Rules = {
  display: completeName,
  virtual: {
    complete_name: completeName,
    warehouse_id: (env, row) => warehouseOf(env, row.id),
  },
}

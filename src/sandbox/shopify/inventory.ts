/**
 * The stock of the sandbox shop: one inventory item per article of the catalogue, its quantities at two locations, and
 * what sets them. Rules by the facts of Shopify's inventory mutations: an idempotency key repeats its first answer, or
 * refuses other parameters; `changeFromQuantity` is compared unless it is null.
 */
import { createHash } from 'node:crypto'
import { CATALOGUE } from '../generate/catalogue.ts'
import { instant } from './change.ts'

/** One inventory item. `sku` is null for what the catalogue does not know. */
export interface Item {
  id: number
  variant: number
  sku: string
  title: string
  option: string | null
  price: number
}

/** What a level was set to, as the log keeps it. */
export interface LevelSet {
  item: number
  location: number
  available: number
}

/** One mutation that was carried out; `answer` is repeated for its key. */
export interface StockEvent {
  t: 'stock'
  at: string
  key: string | null
  fingerprint: string
  sets: LevelSet[]
  answer: object
}

const ITEM = 50_000_000_000_000
const VARIANT = 48_000_000_000_000
/** The sandbox ships from the first; the second is there so that a place matters. */
export const LOCATIONS = Object.freeze([
  { id: 60_000_000_001, name: 'サンプル倉庫' },
  { id: 60_000_000_002, name: 'Second store' },
])
/** Pieces of every article at the first location when the shop opens; the second stocks none. */
const OPENING = 100

export const ITEMS: readonly Item[] = CATALOGUE.map(({ sku, name, option, price }, i) => {
  return { id: ITEM + i + 1, variant: VARIANT + i + 1, sku, title: name, option, price }
})

export interface Level {
  available: number
  updatedAt: string
}

export interface SetInput {
  name: string
  reason: string
  referenceDocumentUri?: string | null
  quantities: {
    inventoryItemId: string
    locationId: string
    quantity: number
    changeFromQuantity?: number | null
  }[]
}

/** What the shop holds of its articles. `record` stores an event before it counts. */
export function createInventory(now: Date = new Date()) {
  const opened = instant(now)
  const levels = new Map<string, Level>(
    ITEMS.map((item) => [`${item.id}@${LOCATIONS[0]!.id}`, { available: OPENING, updatedAt: opened }]),
  )
  const keys = new Map<string, StockEvent>()
  const events: StockEvent[] = []

  return {
    /** Every mutation carried out so far, oldest first. */
    events,
    level: (item: number, location: number): Level | undefined => levels.get(`${item}@${location}`),
    apply(event: StockEvent): void {
      events.push(event)
      if (event.key) keys.set(event.key, event)
      for (const { item, location, available } of event.sets)
        levels.set(`${item}@${location}`, { available, updatedAt: event.at })
    },
    /** The event that a mutation makes, or its answer where nothing is carried out. */
    plan(input: SetInput, key: string | null, at: Date): StockEvent | { answer: object } {
      const fingerprint = createHash('sha256').update(JSON.stringify(input)).digest('hex')
      const known = key === null ? undefined : keys.get(key)
      if (known?.fingerprint === fingerprint) return { answer: known.answer }
      if (known)
        return refuse('IDEMPOTENCY_KEY_PARAMETER_MISMATCH', ['input'], 'other parameters under a used key')
      const wrong = checked(input, levels)
      if (wrong) return wrong
      const changes: object[] = []
      const sets = input.quantities.map((q) => {
        const [item, location] = [numberOf(q.inventoryItemId), numberOf(q.locationId)]
        const before = levels.get(`${item}@${location}`)!.available
        if (before !== q.quantity) changes.push({ name: input.name, delta: q.quantity - before })
        return { item, location, available: q.quantity }
      })
      const group = {
        id: `gid://shopify/InventoryAdjustmentGroup/${events.length + 1}`,
        reason: input.reason,
        referenceDocumentUri: input.referenceDocumentUri ?? null,
        changes,
      }
      const answer = { inventoryAdjustmentGroup: group, userErrors: [] }
      return { t: 'stock', at: instant(at), key, fingerprint, sets, answer }
    },
  }
}

export type Inventory = ReturnType<typeof createInventory>

/** All of it is refused when one quantity is. */
function checked(input: SetInput, levels: Map<string, Level>): { answer: object } | null {
  if (input.name !== 'available' && input.name !== 'on_hand')
    return refuse('INVALID_NAME', ['input', 'name'], 'The quantity name must be available or on_hand.')
  for (const [i, q] of input.quantities.entries()) {
    const field = (name: string) => ['input', 'quantities', String(i), name]
    const [item, location] = [numberOf(q.inventoryItemId), numberOf(q.locationId)]
    const level = levels.get(`${item}@${location}`)
    if (!ITEMS.some((known) => known.id === item))
      return refuse(
        'INVALID_INVENTORY_ITEM',
        field('inventoryItemId'),
        'The inventory item could not be found.',
      )
    if (!LOCATIONS.some((known) => known.id === location))
      return refuse('INVALID_LOCATION', field('locationId'), 'The location could not be found.')
    if (!level)
      return refuse(
        'ITEM_NOT_STOCKED_AT_LOCATION',
        field('locationId'),
        'The item is not stocked at the location.',
      )
    if (q.changeFromQuantity === undefined)
      return refuse(
        'INVALID_QUANTITY',
        field('changeFromQuantity'),
        'changeFromQuantity must be stated, or null.',
      )
    if (q.changeFromQuantity !== null && q.changeFromQuantity !== level.available)
      return refuse(
        'CHANGE_FROM_QUANTITY_STALE',
        field('changeFromQuantity'),
        'The expected quantity is out of date.',
      )
  }
  return null
}

const refuse = (code: string, field: string[], message: string) => ({
  answer: { inventoryAdjustmentGroup: null, userErrors: [{ code, field, message }] },
})

const numberOf = (id: string): number => Number(id.slice(id.lastIndexOf('/') + 1))

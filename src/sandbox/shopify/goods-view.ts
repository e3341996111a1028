/** Articles and their stock as the Admin GraphQL API shows them, and the search over them. */
import { connection, gid, type PageArgs } from './connection.ts'
import { type Inventory, ITEMS, type Item, LOCATIONS } from './inventory.ts'

/** Articles do not change in the sandbox; this is when all of them were made. */
const MADE = '2026-01-05T08:00:00Z'

/** A place as GraphQL shows it. */
export function locationView(location: (typeof LOCATIONS)[number]) {
  return { __typename: 'Location', id: gid('Location', location.id), name: location.name }
}

/** The variant that a line of an order was made of; null for what the catalogue does not know. */
export function variantOf(sku: string | null) {
  const item = ITEMS.find((i) => i.sku === sku)
  return item ? variantView(item, null) : null
}

/** One article. Without the shop's inventory its stock is left out. */
export function variantView(item: Item, inventory: Inventory | null) {
  return {
    __typename: 'ProductVariant',
    id: gid('ProductVariant', item.variant),
    legacyResourceId: String(item.variant),
    sku: item.sku,
    barcode: null,
    title: item.option ?? 'Default Title',
    displayName: `${item.title} - ${item.option ?? 'Default Title'}`,
    price: item.price.toFixed(2),
    createdAt: MADE,
    updatedAt: MADE,
    selectedOptions: [{ name: 'Title', value: item.option ?? 'Default Title' }],
    product: {
      __typename: 'Product',
      id: gid('Product', item.variant - 39_000_000_000_000),
      legacyResourceId: String(item.variant - 39_000_000_000_000),
      title: item.title,
      vendor: 'サンプル商店',
      productType: '',
      status: 'ACTIVE',
    },
    inventoryItem: () => itemView(item, inventory),
  }
}

/** One inventory item with its levels. */
export function itemView(item: Item, inventory: Inventory | null): object {
  const levels = () => LOCATIONS.flatMap((at) => levelView(item, at, inventory) ?? [])
  return {
    __typename: 'InventoryItem',
    id: gid('InventoryItem', item.id),
    legacyResourceId: String(item.id),
    sku: item.sku,
    tracked: true,
    requiresShipping: true,
    createdAt: MADE,
    updatedAt: MADE,
    measurement: {
      id: gid('InventoryItemMeasurement', item.id),
      weight: { unit: 'GRAMS', value: 250 },
    },
    variant: () => variantView(item, inventory),
    inventoryLevel: ({ locationId }: { locationId: string }) => {
      const at = LOCATIONS.find((one) => gid('Location', one.id) === locationId)
      return at ? levelView(item, at, inventory) : null
    },
    inventoryLevels: (args: PageArgs) => connection(levels(), args, (level) => level),
  }
}

function levelView(item: Item, at: (typeof LOCATIONS)[number], inventory: Inventory | null): object | null {
  const level = inventory?.level(item.id, at.id)
  if (!level) return null
  const of: Record<string, number> = { available: level.available, on_hand: level.available }
  const id = gid('InventoryLevel', at.id)
  return {
    __typename: 'InventoryLevel',
    id: `${id}?inventory_item_id=${item.id}`,
    createdAt: MADE,
    updatedAt: level.updatedAt,
    item: () => itemView(item, inventory),
    location: locationView(at),
    quantities: ({ names }: { names: string[] }) =>
      names.map((name) => ({
        id: `gid://shopify/InventoryQuantity/${item.id}?name=${name}`,
        name,
        quantity: of[name] ?? 0,
        updatedAt: level.updatedAt,
      })),
  }
}

/** What of the catalogue a search finds: `sku:`, `id:` and `updated_at:` joined by AND, alternatives by OR. */
export function goodsFor(query: string | null | undefined): readonly Item[] {
  if (!query) return ITEMS
  const any = query.split(/ OR /).map((alternative) => alternative.split(/ AND /).map(termOf))
  return ITEMS.filter((item) => any.some((all) => all.every((fits) => fits(item))))
}

function termOf(text: string): (item: Item) => boolean {
  const [, field, op, quoted, plain] =
    /^\(?(\w+):(>=|<=|>|<)?(?:["']((?:\\.|[^"'\\])*)["']|(\S+?))\)?$/.exec(text.trim()) ?? []
  const value = quoted?.replace(/\\(.)/g, '$1') ?? plain ?? ''
  if (field === 'sku') return (item) => item.sku === value
  if (field === 'id') return (item) => String(item.id) === value || String(item.variant) === value
  if (field === 'updated_at') {
    const at = new Date(value).toISOString().slice(0, 19)
    const made = MADE.slice(0, 19)
    return () => (op?.startsWith('>') ? made >= at : made < at)
  }
  // unknown fields are ignored, as Shopify does
  return () => true
}

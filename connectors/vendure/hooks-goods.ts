/** Articles and their stock. */
import type { Outcome, WriteItem } from 'tributary/hooks'
import { ask, before, type Call, failedOf, refused, told } from './hooks-graph.ts'

/** What mappings/vendure/stock.out.yaml makes: what may be sold; `location` where it is named. */
type Level = { sku: string; location?: string; quantity: number }
type Held = { stockLocationId: string; stockAllocated: number }
export type Variant = { id: string; sku: string; trackInventory: string; stockLevels: Held[] }
const VARIANTS = (fields: string) => `query($options: ProductVariantListOptions) {
  variants: productVariants(options: $options) { totalItems items { ${fields} } } }`
const ARTICLE = `id sku name enabled trackInventory updatedAt product { id name enabled } options { name } taxCategory { name }
  stockLevels { stockLocationId stockOnHand stockAllocated stockLocation { name } }`
const SET =
  'mutation($input: [UpdateProductVariantInput!]!) { variants: updateProductVariants(input: $input) { id } }'
/** One page of all articles; they are sorted by what never changes. */
export async function articles(call: Call, resume: unknown) {
  const skip = Number(resume ?? 0)
  const options = { sort: { id: 'ASC' }, skip, take: 100 }
  const { variants } = await told<{ variants: { items: Variant[] } }>(call, VARIANTS(ARTICLE), options)
  return { items: variants.items, next: variants.items.length === 100 ? skip + 100 : null }
}

/** Vendure's figure holds what is allocated to its own open orders: that is added, so that just `quantity` may be sold. */
export async function setLevels(call: Call, items: WriteItem[]): Promise<Outcome[]> {
  const levels = items.map((item) => JSON.parse(item.body.toString()) as Level)
  const options = { filter: { sku: { in: [...new Set(levels.map((l) => l.sku))] } }, take: 1000 }
  const query = VARIANTS('id sku stockLevels { stockLocationId stockAllocated }')
  const { variants } = await before(
    ask<{ variants: { items: Variant[] } }>(call, query, { options }),
    call.tools,
  )
  const input = new Map<string, { stockLocationId: string; stockOnHand: number }[]>()
  const outcomes = levels.map(({ sku, location, quantity }): Outcome => {
    const of = variants.items.filter((v) => v.sku === sku)
    if (of.length !== 1)
      return refused(of.length > 1 ? 'SKU_AMBIGUOUS' : 'SKU_UNKNOWN', `${of.length} variants have this SKU`)
        .failed
    const { id, stockLevels } = of[0]!
    const place = location ?? (stockLevels.length === 1 ? stockLevels[0]!.stockLocationId : null)
    if (place === null) return refused('LOCATION_MISSING', 'it lies at several locations: name one').failed
    const allocated = stockLevels.find((l) => l.stockLocationId === place)?.stockAllocated ?? 0
    input.set(id, [...(input.get(id) ?? []), { stockLocationId: place, stockOnHand: quantity + allocated }])
    return { kind: 'done', remote: { id: `${id}@${place}`, state: 'final' } }
  })
  if (input.size === 0) return outcomes
  const failed = await ask(call, SET, {
    input: [...input].map(([id, stockLevels]) => ({ id, stockLevels })),
  }).then(
    () => null,
    (error) => failedOf(error, call.tools),
  )
  return outcomes.map((outcome) => (outcome.kind === 'done' && failed ? failed : outcome))
}

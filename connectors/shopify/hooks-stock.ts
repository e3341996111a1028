/** Articles and their stock: read by cursor, set with an idempotency key for each level. */
import type { GraphPage, Outcome, WriteItem } from 'tributary/hooks'
import { type At, gid, INNER, list, path, tail } from './hooks-graph.ts'
import { before, type Failed, keyOf, parsed, refused } from './hooks-write.ts'

/** What mappings/shopify/stock.out.yaml makes; `item`: the inventory item, where a code table names it. */
type Level = { sku: string; item?: string; location: string; quantity: number; expected: number | null }
export const PRODUCTS = `query Products($first: Int!, $after: String) { all: ${list(
  'productVariants',
  'first: $first, after: $after, sortKey: ID',
  `id legacyResourceId sku barcode title updatedAt selectedOptions { name value } product { id title status productType vendor }
  inventoryItem { id requiresShipping measurement { weight { unit value } } }`,
)} }`
export const LEVELS = `query Levels($first: Int!, $after: String) { all: ${list(
  'inventoryItems',
  'first: $first, after: $after',
  `id sku tracked ${list('inventoryLevels', 'first: 10', INNER.InventoryItem.inventoryLevels)}`,
)} }`
const ITEMS = `query Items($query: String) { inventoryItems(first: 250, query: $query) { nodes { id sku } } }`
/** The inventory item of each SKU; a SKU that none or several have is an outcome already. */
async function itemsOf({ tools, signal }: At, levels: Level[]): Promise<(string | Failed)[]> {
  const skus = [...new Set(levels.filter((l) => !l.item).map((l) => l.sku))]
  const query = skus.map((sku) => `sku:"${String(sku).replace(/["\\]/g, '\\$&')}"`).join(' OR ')
  const data = query ? await tools.graphql.ask({ path, query: ITEMS, variables: { query }, signal }) : null
  const nodes = ((data?.inventoryItems as GraphPage | undefined)?.nodes ?? []) as {
    id: string
    sku: string
  }[]
  return levels.map(({ item, sku }) => {
    if (item) return gid('InventoryItem', item)
    const of = nodes.filter((n) => n.sku === sku)
    if (of.length === 1) return of[0]!.id
    if (of.length > 1) return refused('SKU_AMBIGUOUS', `${of.length} articles have this SKU`).failed
    return refused('SKU_UNKNOWN', 'no article has this SKU').failed
  })
}
type Result = { userErrors: { code?: string; message: string }[] } | null | undefined

/** What became of one level. */
function outcomeOf(result: Result, id: string): Outcome {
  if (!result) return { kind: 'unknown', code: 'NO_RESULT', message: 'no result for this level' }
  const [wrong] = result.userErrors
  if (!wrong) return { kind: 'done', remote: { id, state: 'final' } }
  const running = wrong.code === 'IDEMPOTENCY_CONCURRENT_REQUEST'
  return {
    kind: running ? 'unknown' : 'refused',
    code: wrong.code ?? 'SHOPIFY_REFUSED',
    message: wrong.message,
  }
}

/** One request, a mutation of its own for each level with its own idempotency key: a result for each of them. */
export async function setLevels(at: At, items: WriteItem[], salt = ''): Promise<Outcome[]> {
  const { tools, signal } = at
  const levels = items.map((item) => parsed<Level>(item))
  const ids = await before(itemsOf(at, levels), tools)
  const variables: Record<string, unknown> = {}
  const names: string[] = []
  const parts = levels.map(({ location, quantity, expected }, i) => {
    if (typeof ids[i] !== 'string') return ''
    const { key } = items[i]!
    const level = { inventoryItemId: ids[i], locationId: gid('Location', location), quantity }
    const about = {
      name: 'available',
      reason: 'correction',
      referenceDocumentUri: `gid://tributary/Push/${key}`,
    }
    variables[`k${i}`] = keyOf(tools, `${key}${salt}`)
    variables[`i${i}`] = { ...about, quantities: [{ ...level, changeFromQuantity: expected }] }
    names.push(`$k${i}: String!, $i${i}: InventorySetQuantitiesInput!`)
    return `m${i}: inventorySetQuantities(input: $i${i}) @idempotent(key: $k${i}) { userErrors { code field message } }`
  })
  const query = `mutation Stock(${names.join(', ')}) { ${parts.join(' ')} }`
  const answer =
    names.length > 0 ? await tools.graphql.change({ path, query, variables, signal }) : { data: {} }
  const settled = levels.map(async ({ location }, i): Promise<Outcome> => {
    const id = ids[i]!
    if (typeof id !== 'string') return id
    if ('failed' in answer) return answer.failed
    const outcome = outcomeOf(answer.data[`m${i}`] as Result, `${tail(id)}@${tail(location)}`)
    // the key is used up by an attempt that failed: it will never do anything
    const spent = 'code' in outcome && outcome.code === 'IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED' && salt === ''
    return spent ? (await setLevels(at, [items[i]!], '+'))[0]! : outcome
  })
  return Promise.all(settled)
}

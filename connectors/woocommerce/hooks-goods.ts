/** Articles and their stock, and what refunds lack of their orders. */
import type { Outcome, RawRecord, WriteItem } from 'tributary/hooks'
import { type At, ask, before, type Failed, failedOf, type Product, parsed, refused } from './hooks-shop.ts'

type Level = { sku: string; product?: string; variation?: string; quantity: number }
/** Where each level is set: `parent/id`, or an outcome for a SKU that none or several have. */
async function places(at: At, levels: Level[]): Promise<(string | Failed)[]> {
  const skus = [...new Set(levels.filter((l) => !l.product).map((l) => l.sku))]
  const query = `per_page=100&sku=${encodeURIComponent(skus.join(','))}`
  const found = skus.length > 0 ? await ask<Product[]>(at, 'GET', `/products?${query}`) : []
  return levels.map(({ sku, product, variation }) => {
    if (product) return variation ? `${product}/${variation}` : `0/${product}`
    const of = found.filter((p) => p.sku === sku)
    if (of.length === 1) return `${of[0]!.type === 'variation' ? of[0]!.parent_id : 0}/${of[0]!.id}`
    return refused(of.length > 1 ? 'SKU_AMBIGUOUS' : 'SKU_UNKNOWN', `${of.length} products have this SKU`)
      .failed
  })
}

/** One request per parent (variations) and one for all other products, with a result for each level. */
export async function setLevels(at: At, items: WriteItem[]): Promise<Outcome[]> {
  const levels = items.map((item) => parsed<Level>(item))
  const where = await before(places(at, levels), at.tools).catch((error) =>
    levels.map(() => failedOf(error, at.tools)),
  )
  const outcomes: Outcome[] = where.map((w) =>
    typeof w === 'string' ? { kind: 'unknown', code: 'NO_RESULT', message: 'no result for this level' } : w,
  )
  const parents = new Set(where.flatMap((w) => (typeof w === 'string' ? [w.split('/')[0]!] : [])))
  for (const parent of parents) {
    const mine = where.flatMap((w, i) => (typeof w === 'string' && w.startsWith(`${parent}/`) ? [i] : []))
    const idOf = (i: number) => Number(String(where[i]).split('/')[1])
    const update = mine.map((i) => ({ id: idOf(i), manage_stock: true, stock_quantity: levels[i]!.quantity }))
    const path = parent === '0' ? '/products/batch' : `/products/${parent}/variations/batch`
    try {
      const done = await ask<{ update?: { id: number; error?: { code: string; message: string } }[] }>(
        at,
        'POST',
        path,
        { update },
      )
      for (const i of mine) {
        const result = done.update?.find((r) => r.id === idOf(i))
        const { code, message } = result?.error ?? {}
        if (code) outcomes[i] = { kind: 'refused', code, message: String(message).slice(0, 300) }
        else if (result) outcomes[i] = { kind: 'done', remote: { id: String(result.id), state: 'final' } }
      }
    } catch (error) {
      for (const i of mine) outcomes[i] = failedOf(error, at.tools)
    }
  }
  return outcomes
}

/** The record with more members before its own, whose bytes stay as they came. */
const joined = (record: RawRecord, id: string, more: object): RawRecord => {
  const text = `${JSON.stringify(more).slice(0, -1)},${record.body.toString().trimStart().slice(1)}`
  return { ...record, id, body: Buffer.from(text) }
}

/** Refunds name no currency: it comes from their orders. */
export async function withOrders(records: RawRecord[], { tools, signal }: At): Promise<RawRecord[]> {
  const parents = records.map((r) => (tools.json(r.body) as { parent_id: number }).parent_id)
  const ids = [...new Set(parents)].join(',')
  if (ids === '') return []
  const query = { include: ids, per_page: 100, status: 'any', _fields: 'id,number,currency' }
  const orders = (await tools.call({ get: '/orders', query }, {}, signal)) as { id: number }[]
  return records.map((r, i) => joined(r, r.id, { order: orders.find((o) => o.id === parents[i]) ?? null }))
}

/** Variable products are their variations. `at`: for stock, whose clock no product shows; what is not counted has none. */
export async function articles(
  records: RawRecord[],
  { tools, signal }: At,
  at: string | null,
): Promise<RawRecord[]> {
  const found = records.map(async (record) => {
    const product = tools.json(record.body) as Product
    const counted = ({ manage_stock }: Product) => at === null || manage_stock !== false
    const kept = (of: Product, more: object) =>
      counted(of) ? [joined(record, String(of.id), { at, ...more })] : []
    if (product.type !== 'variable') return kept(product, {})
    const all: Product[] = []
    for (let page = 1; all.length === (page - 1) * 100; page++) {
      const get = `/products/${product.id}/variations?per_page=100&page=${page}`
      all.push(...((await tools.call({ get }, {}, signal)) as Product[]))
    }
    return all.flatMap((variation) => kept(variation, { variation }))
  })
  return (await Promise.all(found)).flat()
}

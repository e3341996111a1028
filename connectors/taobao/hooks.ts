/** Items of a Taobao shop taken apart into the SKUs that they are sold as. */
import type { Hooks, RawRecord, Tools } from 'tributary/hooks'

type Tree = Record<string, unknown>

/** What `taobao.item.skus.get` takes at once; the list has pages of as many. */
const SKUS = {
  post: '/router/rest',
  form: {
    method: 'taobao.item.skus.get',
    fields: 'sku_id,num_iid,outer_id,quantity,status,properties_name,modified',
    num_iids: '{ids}',
  },
}

/** The variants of some items; the answer leaves the list out where none has any. */
async function variantsOf(items: readonly Tree[], tools: Tools, signal: AbortSignal): Promise<Tree[]> {
  const ids = items.map((item) => String(item.num_iid)).join(',')
  const answer = (await tools.call(SKUS, { ids }, signal)) as {
    item_skus_get_response?: { skus?: { sku?: Tree[] } }
  }
  if (!answer.item_skus_get_response) tools.broken('an answer without item_skus_get_response')
  return answer.item_skus_get_response?.skus?.sku ?? []
}

/**
 * One record per SKU: `item` as the list gives it, and `sku` where it has variants. `at`: when it was read, for figures
 * that hold for an instant; figures are left out of what does not, so that a product is the same until it changes.
 */
async function apart(records: RawRecord[], at: string | null, tools: Tools, signal: AbortSignal) {
  const items = records.map((record) => tools.json(record.body) as Tree)
  if (items.length === 0) return []
  const skus = await variantsOf(items, tools, signal)
  return items.flatMap((item): RawRecord[] => {
    const { num, ...head } = item
    const own = skus.filter((sku) => String(sku.num_iid) === String(item.num_iid))
    if (own.length === 0) return [recordOf(String(item.num_iid), { item: at ? item : head }, at)]
    return own.map((sku) => {
      const { quantity, ...rest } = sku
      return recordOf(String(sku.sku_id), { item: head, sku: at ? sku : rest }, at)
    })
  })
}

function recordOf(id: string, parts: Tree, at: string | null): RawRecord {
  const body = Buffer.from(JSON.stringify({ id, ...(at ? { at } : {}), ...parts }))
  return { id, body, contentType: 'application/json', shape: 'sku' }
}

export default {
  read: {
    product: { refine: (records, _request, tools, signal) => apart(records, null, tools, signal) },
    stock: {
      refine: (records, request, tools, signal) =>
        apart(records, request?.until.toISOString() ?? null, tools, signal),
    },
  },
} satisfies Hooks

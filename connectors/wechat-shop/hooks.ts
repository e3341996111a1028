/** Products of a WeChat shop taken apart into the SKUs that they are sold as. */
import type { Hooks, RawRecord, Tools } from 'tributary/hooks'

type Tree = Record<string, unknown>

/** One record per SKU with its product. `at`: when it was read, as products have no clock of their own. */
function apart(records: RawRecord[], at: string, figures: boolean, tools: Tools): RawRecord[] {
  return records.flatMap((record) => {
    const { skus, desc_info: _, head_imgs: __, ...product } = tools.json(record.body) as Tree
    return (Array.isArray(skus) ? (skus as Tree[]) : []).map(({ stock_num, ...rest }): RawRecord => {
      const id = `${product.product_id}:${rest.sku_id}`
      const body = { id, at, product, sku: figures ? { ...rest, stock_num } : rest }
      return { id, body: Buffer.from(JSON.stringify(body)), contentType: 'application/json', shape: 'sku' }
    })
  })
}

const read = (request: { until: Date } | null) => (request?.until ?? new Date()).toISOString()

export default {
  read: {
    product: { refine: async (records, request, tools) => apart(records, read(request), false, tools) },
    stock: { refine: async (records, request, tools) => apart(records, read(request), true, tools) },
  },
} satisfies Hooks

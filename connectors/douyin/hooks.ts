/**
 * Douyin shop: products and stock are read SKU by SKU (a product's list holds none, and a SKU's has no name), and a
 * push is an array of messages about orders and after-sales.
 */
import type { Hooks, Page, PageRequest, Tools } from 'tributary/hooks'

type Tree = Record<string, unknown>

const SIZE = 50
/** Products whose SKUs are asked for at a time. */
const TOGETHER = 4

const list = (value: unknown): Tree[] => (Array.isArray(value) ? (value as Tree[]) : [])
const textOf = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : ''

const PRODUCTS = {
  post: '/product/listV2',
  query: { method: 'product.listV2' },
  json: { use_cursor: true, cursor_id: '{cursor}', size: SIZE, page: 1 },
}
const SKUS = {
  post: '/sku/list',
  query: { method: 'sku.list' },
  json: { product_id: '{product}' },
}

/**
 * One page of products, each SKU a record: all of them at every poll, as stock moves no clock. `at` is the instant of
 * the poll where the record has none of its own.
 */
async function skus(
  request: PageRequest,
  tools: Tools,
  signal: AbortSignal,
  at: string | null,
): Promise<Page> {
  const cursor = textOf(request.resume)
  const answer = (await tools.call(PRODUCTS, { cursor }, signal)) as Tree
  const { data, cursor_id } = (answer.data ?? {}) as Tree
  if (!Array.isArray(data)) tools.broken('product.listV2 gave no list')
  const products = list(data)
  const records: Page['records'] = []
  for (let i = 0; i < products.length; i += TOGETHER) {
    const some = products.slice(i, i + TOGETHER)
    const all = await Promise.all(some.map((product) => skusOf(product, tools, signal)))
    for (const [n, found] of all.entries()) for (const sku of found) records.push(recordOf(some[n]!, sku, at))
  }
  const next = textOf(cursor_id)
  return { records, next: products.length < SIZE || next === '' || next === cursor ? null : next }
}

async function skusOf(product: Tree, tools: Tools, signal: AbortSignal): Promise<Tree[]> {
  const answer = (await tools.call(SKUS, { product: textOf(product.product_id) }, signal)) as Tree
  if (!Array.isArray(answer.data)) tools.broken('sku.list gave no list')
  return list(answer.data)
}

function recordOf(product: Tree, sku: Tree, at: string | null): Page['records'][number] {
  const { stock_num: _, prehold_stock_num: __, ...still } = sku
  const body = at === null ? { id: textOf(sku.id), product, sku: still } : { id: textOf(sku.id), at, sku }
  return {
    id: body.id,
    body: Buffer.from(JSON.stringify(body)),
    contentType: 'application/json',
    shape: 'sku',
  }
}

export default {
  read: {
    product: { page: (request, tools, signal) => skus(request, tools, signal, null) },
    stock: { page: (request, tools, signal) => skus(request, tools, signal, request.until.toISOString()) },
  },
  webhooks: {
    push: {
      // tag 0 checks the address and names nothing; the numbers of the others are not needed
      read(_headers, body, tools) {
        const messages = tools.json(body)
        if (!Array.isArray(messages)) throw new SyntaxError('a push is an array')
        const told = list(messages).map(({ data }) => {
          const tree = typeof data === 'string' && data.startsWith('{') ? tools.json(data) : data
          return (tree !== null && typeof tree === 'object' ? tree : {}) as Tree
        })
        const ids = (name: string) =>
          [...new Set(told.map((data) => textOf(data[name])))].filter((id) => id !== '')
        const sales = ids('aftersale_id')
        const also = ['return', 'refund'].map((stream) => ({ stream, fetch: sales }))
        return { stream: 'order', deliveryId: null, records: [], fetch: ids('p_id'), also }
      },
    },
  },
} satisfies Hooks

/** What refunds took off an order, which the order itself does not say; goods taken apart into SKUs. */
import type { Hooks, RawRecord, Tools } from 'tributary/hooks'

type Tree = Record<string, unknown>

/** With an order's number the other conditions count for nothing, but must be there. */
const REFUNDS = {
  post: '/api/router',
  form: {
    type: 'pdd.refund.list.increment.get',
    after_sales_status: 1,
    after_sales_type: 1,
    start_updated_at: '{from}',
    end_updated_at: '{to}',
    order_sn: '{order}',
    page: 1,
    page_size: 100,
  },
}

/** At once: enough to hide the way there and back. */
const TOGETHER = 4

async function refundsOf(order: string, tools: Tools, signal: AbortSignal): Promise<Tree[]> {
  const to = Math.floor(Date.now() / 1000) - 240
  const answer = (await tools.call(REFUNDS, { order, from: to - 600, to }, signal)) as {
    refund_increment_get_response?: { refund_list?: Tree[] }
  }
  const list = answer.refund_increment_get_response?.refund_list
  if (!Array.isArray(list)) tools.broken('an answer without refund_list')
  // ids order them: the same refunds are the same bytes
  return (list ?? []).toSorted((a, b) => (String(a.id) < String(b.id) ? -1 : 1))
}

/**
 * An order of which money went back says only that: how much, and whether goods come with it, is in its refunds. Such
 * an order gets them as `refunds`; every other stays as it came, to the byte.
 */
async function joined(record: RawRecord, tools: Tools, signal: AbortSignal): Promise<RawRecord> {
  const order = tools.json(record.body) as Tree
  if (order.refund_status === 1 && !order.after_sales_status) return record
  const refunds = await refundsOf(record.id, tools, signal)
  return { ...record, body: Buffer.from(JSON.stringify({ ...order, refunds })) }
}

async function withRefunds(records: RawRecord[], tools: Tools, signal: AbortSignal): Promise<RawRecord[]> {
  const out: RawRecord[] = []
  for (let i = 0; i < records.length; i += TOGETHER) {
    const some = records.slice(i, i + TOGETHER)
    out.push(...(await Promise.all(some.map((record) => joined(record, tools, signal)))))
  }
  return out
}

/** One record per SKU with the goods that it belongs to. `at`: when it was read, as goods have no clock of their own. */
function apart(records: RawRecord[], at: string, figures: boolean, tools: Tools): RawRecord[] {
  return records.flatMap((record) => {
    const {
      sku_list,
      goods_quantity: _,
      goods_reserve_quantity: __,
      ...goods
    } = tools.json(record.body) as Tree
    const skus = Array.isArray(sku_list) ? (sku_list as Tree[]) : []
    return skus.map(({ sku_quantity, reserve_quantity, ...rest }): RawRecord => {
      const sku = figures ? { ...rest, sku_quantity, reserve_quantity } : rest
      const id = String(rest.sku_id)
      const body = Buffer.from(JSON.stringify({ id, at, goods, sku }))
      return { id, body, contentType: 'application/json', shape: 'sku' }
    })
  })
}

const read = (request: { until: Date } | null) => (request?.until ?? new Date()).toISOString()

export default {
  read: {
    order: { refine: (records, _request, tools, signal) => withRefunds(records, tools, signal) },
    product: {
      refine: async (records, request, tools) => apart(records, read(request), false, tools),
    },
    stock: {
      refine: async (records, request, tools) => apart(records, read(request), true, tools),
    },
  },
} satisfies Hooks

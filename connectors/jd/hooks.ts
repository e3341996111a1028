/** SKUs of a JD shop as products, which stay the same until they change, and as stock, whose figures hold for an instant. */
import type { Hooks, RawRecord, Tools } from 'tributary/hooks'

function shown(records: RawRecord[], at: string | null, tools: Tools): RawRecord[] {
  return records.map((record) => {
    const { stockNum, ...sku } = tools.json(record.body) as Record<string, unknown>
    const body = at === null ? { sku } : { at, sku: { ...sku, stockNum } }
    return { ...record, body: Buffer.from(JSON.stringify(body)) }
  })
}

export default {
  read: {
    product: { refine: async (records, _request, tools) => shown(records, null, tools) },
    stock: {
      refine: async (records, request, tools) =>
        shown(records, (request?.until ?? new Date()).toISOString(), tools),
    },
  },
} satisfies Hooks

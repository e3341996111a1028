/** Tells of the first order of each shop that stands in the ERP: what a person waits for in the first seconds. */
import { fromMinor } from '../../core/money.ts'
import type { Operations, OrderSummary } from '../../runtime/operations.ts'
import { SHOPS, type ShopName } from './shops.ts'

/** One shop's first order in the ERP. */
export interface First {
  shop: ShopName
  /** Since this process began. */
  seconds: number
  /** Number, amount, and receiver as the ERP holds them. */
  what: string
}

interface Erp {
  url: string
  kind: 'yonyou-nc' | 'naive-erp'
}

/** Makes the watch; each call looks once and answers with the shops whose first order has come since. */
export function watchFirsts(operations: Operations, erp: Erp): () => Promise<First[]> {
  const waiting = new Set(SHOPS)
  return async () => {
    const found: First[] = []
    for (const shop of waiting) {
      const { items } = await operations.ordersList({ connection: shop, progress: 'confirmed', limit: 1 })
      const [order] = items
      if (!order) continue
      waiting.delete(shop)
      const seconds = Math.round(process.uptime() * 10) / 10
      const what = [order.number, `${order.currency} ${fromMinor(order.total, order.currency)}`]
      found.push({ shop, seconds, what: [...what, ...(await receiverIn(erp, order))].join(', ') })
    }
    return found
  }
}

/** Who receives it, as NC holds it: name, address and opaque id; nothing of an ERP that holds no receivers. */
async function receiverIn({ url, kind }: Erp, order: OrderSummary): Promise<string[]> {
  if (kind !== 'yonyou-nc') return []
  const bills = (await (await fetch(`${url}/_sandbox/bills`)).json()) as { head: Record<string, string> }[]
  const head = bills.find((b) => b.head.vdef1 === order.externalId && b.head.vdef2 === order.connection)?.head
  if (!head) return []
  return [head.vdef3, head.vdef5, head.vdef7 && `OAID ${head.vdef7}`].filter((part) => part !== undefined)
}

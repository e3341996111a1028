/** The quickstart's verdict: both sides read raw, shop by shop. */
import type { Operations } from '../../runtime/operations.ts'
import { type Comparison, compareParked, compareShops } from '../../sandbox/compare/compare.ts'
import type { Difference } from '../../sandbox/compare/document.ts'
import { SHOPS, type ShopName, type ShopUrls } from './shops.ts'

/** What the verdict needs. */
export interface Judged {
  shops: ShopUrls
  erp: string
  erpKind: 'yonyou-nc' | 'naive-erp'
  operations: Operations
}

/** One shop's orders against what became of them. `parked`: how many of its records wait for a person. */
export interface ShopVerdict extends Pick<Comparison, 'orders' | 'documents' | 'matched' | 'behind'> {
  shop: ShopName
  parked: number
  differences: Difference[]
}

/** Compares every shop with the ERP, and what is parked with what was declared. */
export async function judge(stage: Judged): Promise<ShopVerdict[]> {
  const parked = await allParked(stage.operations)
  const first = await compareAll(stage)
  const open = await Promise.all(first.map((result, i) => tasksOf(stage.operations, SHOPS[i]!, result)))
  const results = await compareAll(stage, open)
  return results.map(({ orders, documents, matched, behind, differences, parkedExpected }, i) => {
    const shop = SHOPS[i]!
    const own = parked.filter((p) => p.shop === shop)
    const wrong = compareParked(parkedExpected, own)
    return {
      shop,
      orders,
      documents,
      matched,
      behind,
      parked: own.length,
      differences: [...differences, ...wrong],
    }
  })
}

function compareAll({ shops, erp, erpKind }: Judged, open?: readonly Set<string>[]): Promise<Comparison[]> {
  const sides = SHOPS.map((shop, i) => ({
    connection: shop,
    shop: shops[shop],
    shopKind: shop,
    ...(open ? { openTasks: open[i]! } : {}),
  }))
  return compareShops(sides, { erp, erpKind })
}

async function allParked(operations: Operations): Promise<{ shop: string; orderId: string }[]> {
  const found: { shop: string; orderId: string }[] = []
  let after: string | undefined
  do {
    const page = await operations.parkedList({ limit: 500, ...(after ? { after } : {}) })
    for (const item of page.items) {
      const [shop = '', ...id] = (item.order ?? `${item.connection}/${item.externalId ?? item.id}`).split('/')
      found.push({ shop, orderId: id.join('/') })
    }
    after = page.next ?? undefined
  } while (after)
  return found
}

/** Orders whose document is knowingly behind: they changed after they were written, and a task says so. */
async function tasksOf(operations: Operations, shop: ShopName, result: Comparison): Promise<Set<string>> {
  const open = new Set<string>()
  for (const orderId of new Set(result.differences.map((d) => d.orderId))) {
    const order = await operations.orderShow({ ref: `${shop}/${orderId}` }).catch(() => null)
    if (order?.tasks.some((t) => t.state === 'open')) open.add(order.number)
  }
  return open
}

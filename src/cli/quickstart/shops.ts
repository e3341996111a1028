/** The quickstart's sandbox shops: which there are, selling in them, asking what was sold. Sandbox addresses only. */
import type { ShopKind } from '../../sandbox/compare/compare.ts'

/** A shop and its connection in the quickstart's configuration: both are named after the connector. */
export type ShopName = Extract<ShopKind, 'shopify' | 'taobao'>

/** In this order everywhere; Shopify calls us, Taobao is asked. */
export const SHOPS: readonly ShopName[] = Object.freeze(['shopify', 'taobao'])

/** Base address of each. */
export type ShopUrls = Readonly<Record<ShopName, string>>

/** How many of `count` orders each shop sells: halves, the first shop one more where they are odd. */
export function sharesOf(count: number): Record<ShopName, number> {
  return { shopify: Math.ceil(count / 2), taobao: Math.floor(count / 2) }
}

/** Sells `count` orders with everything that hurts, `rate` per second in all shops, some of them changed later. */
export async function generate(
  shops: ShopUrls,
  { count, seed, rate }: { count: number; seed: number; rate: number },
): Promise<void> {
  const shares = sharesOf(count)
  for (const shop of SHOPS) {
    const wish = { count: shares[shop], seed, rate: rate / SHOPS.length }
    const response = await fetch(`${shops[shop]}/_sandbox/orders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...wish, hard: true, changes: true, changeWithin: 10_000 }),
    })
    if (!response.ok)
      throw new Error(`the ${shop} sandbox answered ${response.status} to a request for orders`)
  }
}

export interface Generated {
  /** Orders sold so far. */
  orders: Record<ShopName, number>
  all: number
  /** All orders made, all later changes done. */
  done: boolean
}

/** How far the shops have come. */
export async function generated(shops: ShopUrls): Promise<Generated> {
  const [shopify, taobao] = await Promise.all(SHOPS.map((shop) => statsOf(shops[shop])))
  const streams = [...shopify!.streams, ...taobao!.streams]
  return {
    orders: { shopify: shopify!.orders, taobao: taobao!.orders },
    all: shopify!.orders + taobao!.orders,
    done: streams.every((s) => s.created >= s.count && s.changesDone >= s.changesDue),
  }
}

interface ShopStats {
  orders: number
  streams: { count: number; created: number; changesDue: number; changesDone: number }[]
}

async function statsOf(shop: string): Promise<ShopStats> {
  return (await (await fetch(`${shop}/_sandbox/stats`)).json()) as ShopStats
}

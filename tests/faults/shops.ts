/** What differs between the shops of a fault run: how they misbehave, which order may be deadly, how old a poll is. */
import * as shopify from '../../src/sandbox/generate/order.ts'
import * as market from '../../src/sandbox/marketplace/generate.ts'
import { tradeId } from '../../src/sandbox/taobao/options.ts'
import { type Shop, TAOBAO_LAG } from './world.ts'

/** The usual misbehaviour. */
export const SHOP_FAULTS: Record<Shop, Record<string, unknown>> = {
  shopify: {
    webhookDuplicate: 0.1,
    webhookReorder: { probability: 0.15, min: 100, max: 3000 },
    webhookLose: 0.1,
    resetAfter: 0.02,
    status429: 0.02,
    status500: 0.02,
  },
  // rarer: each order is a call of its own, and one that fails fails the page. No `sessionExpired`: a process that is
  // killed between a new session and its place in the ledger has lost the grant, here as on the platform.
  taobao: {
    throttled: 0.01,
    html: 0.005,
    half: 0.005,
    timeoutIn200: 0.005,
    empty200: 0.005,
    resetBefore: 0.005,
    resetAfter: 0.005,
    status500: 0.005,
    slow: { probability: 0.05, min: 20, max: 200 },
    searchLag: { probability: 0.3, min: 100, max: 1500 },
    changeBetweenPages: 0.3,
  },
}

const PAID = { expect: 'document', reason: 'paid' }

/** Id of an ordinary order that nothing happens to later. Throws when a run has none. */
export function killerOf({
  seed,
  orders,
  shop = 'shopify',
}: {
  seed: number
  orders: number
  shop?: Shop
}): string {
  const quiet: Record<Shop, (index: number) => boolean> = {
    shopify: (i) => shopify.cardOf(seed, i) === 'plain' && !shopify.laterChange(seed, i + 1, PAID),
    taobao: (i) => market.cardOf(seed, i) === 'plain' && !market.laterChange(seed, i, PAID),
  }
  for (let index = Math.floor(orders / 4); index < orders; index++) {
    if (!quiet[shop](index)) continue
    return shop === 'shopify' ? String(7_000_000_000_001 + index) : tradeId(index)
  }
  throw new Error('no ordinary order for the deadly record')
}

/** Seconds: a poll every three, of what is older than the shop's lag. */
export const POLL_AGE: Record<Shop, number> = { shopify: 5, taobao: 5 + TAOBAO_LAG }

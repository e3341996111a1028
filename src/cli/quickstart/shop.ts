/** The quickstart's hand on the sandbox shop: sell orders, and ask how many were sold. Sandbox addresses only. */

/** Sells `count` orders with everything that hurts, `rate` per second, some of them changed later. */
export async function generate(
  shop: string,
  wish: { count: number; seed: number; rate: number },
): Promise<void> {
  const response = await fetch(`${shop}/_sandbox/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...wish, hard: true, changes: true, changeWithin: 10_000 }),
  })
  if (!response.ok) throw new Error(`the sandbox shop answered ${response.status} to a request for orders`)
}

export interface Generated {
  orders: number
  /** All orders made, all later changes done. */
  done: boolean
}

export async function generated(shop: string): Promise<Generated> {
  const response = await fetch(`${shop}/_sandbox/stats`)
  const stats = (await response.json()) as {
    orders: number
    streams: { count: number; created: number; changesDue: number; changesDone: number }[]
  }
  const done = stats.streams.every((s) => s.created >= s.count && s.changesDone >= s.changesDue)
  return { orders: stats.orders, done }
}

/** How fast webhooks become durable: `serve` alone in turns with the bare handler and, where asked for, one insert each. */
import { join } from 'node:path'
import { freePort } from '../../tests/support/free-port.ts'
import { type LoadResult, load, median, percentile } from './load.ts'
import { deliveries } from './orders.ts'
import { type Started, startScript } from './process.ts'
import { type Storage, startProduct } from './storage.ts'

export interface IntakeOptions {
  /** Requests per round, and before the first that counts. */
  orders: number
  warm: number
  rounds: number
  connections: number
  /** Beside them a handler that inserts a row per request (PostgreSQL only). */
  inserting?: boolean
}

export interface Intake {
  /** Requests per second, medians of the rounds. */
  bare: number
  served: number
  inserted: number | null
  /** Medians of each round's own ratio: to be compared with nothing else. */
  ofBare: number
  ofInserted: number | null
  /** Milliseconds from sending to the answer, all rounds of `serve`. */
  p99: number
  /** Webhooks that now wait in the ledger. */
  sent: number
}

/** Throws where a webhook was refused. */
export async function measureIntake(storage: Storage, nc: string, options: IntakeOptions): Promise<Intake> {
  const { orders, warm, rounds, connections, inserting = false } = options
  const here = (name: string) => join(import.meta.dirname, name)
  const serve = await startProduct(storage, nc, await freePort(), 'serve')
  const bare = await startScript([here('bare.ts')])
  const insert = inserting ? await startScript([here('insert.ts'), storage.database!]) : null
  const to = (server: Started, path = '/webhook') => ({ url: server.url, path, connections })
  const found: { plain: LoadResult; durable: LoadResult; one: LoadResult | null }[] = []
  let sent = 0
  for (let i = 0; i <= rounds; i++) {
    const ready = deliveries(i === 0 ? warm : orders, sent)
    sent += ready.length
    const plain = await load(ready, to(bare))
    const durable = await load(ready, to(serve, '/webhooks/shop/orders-create'))
    const one = insert && (await load(ready, to(insert)))
    if (durable.refused > 0) throw new Error(`${durable.refused} webhooks were refused`)
    if (i > 0) found.push({ plain, durable, one })
  }
  for (const server of [bare, serve, insert]) await server?.stop()
  const middle = (of: (round: (typeof found)[number]) => number) => median(found.map(of))
  const latency = found.flatMap((f) => f.durable.latency).sort((a, b) => a - b)
  return {
    bare: middle((f) => f.plain.perSecond),
    served: middle((f) => f.durable.perSecond),
    inserted: insert && middle((f) => f.one!.perSecond),
    ofBare: middle((f) => f.durable.perSecond / f.plain.perSecond),
    ofInserted: insert && middle((f) => f.durable.perSecond / f.one!.perSecond),
    p99: percentile(latency, 0.99),
    sent,
  }
}

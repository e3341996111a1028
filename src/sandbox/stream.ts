/**
 * Streams of orders: `POST /_sandbox/orders` sells so many, at once or at a rate, and lets things happen to
 * them later. What is sold and what happens is the shop's own affair.
 */
import { setImmediate as turn } from 'node:timers/promises'
import type { Answer } from './serve.ts'

/** The request. `rate`: orders per second, 0 at once; `changeWithin`: ms that later changes may take. */
export interface StreamRequest {
  count: number
  seed?: number
  rate?: number
  hard?: boolean
  changes?: boolean
  changeWithin?: number
}

/** How far a stream is. */
export interface Stream {
  id: number
  count: number
  created: number
  changesDue: number
  changesDone: number
}

/** What a shop does for a stream. */
export interface Seller<Id> {
  /** For its complaints on the console. */
  name: string
  /** Makes and commits the next `size` orders; returns their ids. */
  sell(asked: StreamRequest, size: number): Id[]
  /** What happens to one of them later, if anything; `delay` is a fraction (0..1) of the time for changes. */
  later(asked: StreamRequest, id: Id): { delay: number; run(): void } | null
}

const BATCH = 50

/** Makes the streams of one shop. `close` stops them and the changes still to come. */
export function createStreams<Id>(seller: Seller<Id>) {
  const list: Stream[] = []
  const timers = new Set<NodeJS.Timeout>()
  let closed = false

  function after(ms: number, run: () => void): void {
    const timer = setTimeout(() => {
      timers.delete(timer)
      run()
    }, ms)
    timers.add(timer)
  }

  function batch(stream: Stream, asked: StreamRequest, size: number): void {
    const ids = seller.sell(asked, size)
    stream.created += size
    if (asked.changes) for (const id of ids) plan(stream, asked, id)
  }

  function plan(stream: Stream, asked: StreamRequest, id: Id): void {
    const planned = seller.later(asked, id)
    if (!planned) return
    stream.changesDue += 1
    after(planned.delay * (asked.changeWithin ?? 5000), () => {
      stream.changesDone += 1
      planned.run()
    })
  }

  async function run(stream: Stream, asked: StreamRequest): Promise<void> {
    const start = performance.now()
    while (!closed && stream.created < stream.count) {
      const left = stream.count - stream.created
      const due = asked.rate
        ? Math.floor(((performance.now() - start) / 1000) * asked.rate) - stream.created
        : left
      if (due > 0) batch(stream, asked, Math.min(due, left, BATCH))
      if (asked.rate) await new Promise<void>((resolve) => after(10, resolve))
      else await turn()
    }
  }

  return {
    list,
    /** Starts one: 201 when all is sold, 202 when it goes on at a rate, 422 for no count. */
    async start(asked: StreamRequest): Promise<Answer> {
      if (!Number.isSafeInteger(asked.count) || asked.count < 0)
        return { status: 422, body: { error: 'count?' } }
      const stream = { id: list.length + 1, count: asked.count, created: 0, changesDue: 0, changesDone: 0 }
      list.push(stream)
      const running = run(stream, asked)
      if (!asked.rate) {
        await running
        return { status: 201, body: stream }
      }
      running.catch((error: Error) =>
        console.error(`stream ${stream.id} of the ${seller.name} sandbox ended: ${error.message}`),
      )
      return { status: 202, body: stream }
    },
    close(): void {
      closed = true
      for (const timer of timers) clearTimeout(timer)
    },
  }
}

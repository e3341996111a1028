/** A worker per connection that documents are written into; they follow the configuration. */
import { deliverLane } from '../pipeline/deliver.ts'
import { deliverQueue, type Pipe, wakeDelivery } from '../pipeline/pipe.ts'
import type { Working } from '../queue/queue.ts'
import type { Live } from './live.ts'

export class Delivery {
  #pipe: Pipe
  #live: Live
  #working = new Map<string, Working>()
  /** Workers of connections that are gone, on their way out. */
  #leaving = new Set<Promise<void>>()

  constructor(pipe: Pipe, live: Live) {
    this.#pipe = pipe
    this.#live = live
  }

  async follow(): Promise<void> {
    const wanted = [...this.#live.now.connections.values()].filter((c) => c.writes.length > 0)
    const ids = new Set(wanted.map((c) => c.id))
    for (const [id, working] of [...this.#working].filter(([id]) => !ids.has(id))) {
      this.#working.delete(id)
      const left: Promise<void> = working.stop().finally(() => this.#leaving.delete(left))
      this.#leaving.add(left)
    }
    await Promise.all(
      wanted.map(async ({ id, concurrency }) => {
        const here = this.#working.get(id)
        if (here) here.resize(concurrency)
        else this.#working.set(id, await this.#start(id, concurrency))
        // its lanes may share the pushes in another way now
        if (here) await wakeDelivery(this.#pipe, id)
      }),
    )
  }

  #start(id: string, concurrency: number): Promise<Working> {
    return this.#pipe.queue.work(deliverQueue(id), concurrency, (lane) =>
      this.#live.run(async ({ connections }, stopping) => {
        const connection = connections.get(id)
        if (connection) await deliverLane(this.#pipe, connection, Number(lane), stopping)
      }),
    )
  }

  async stop(): Promise<void> {
    await Promise.all([...[...this.#working.values()].map((w) => w.stop()), ...this.#leaving])
  }
}

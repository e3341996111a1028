/** Baseline "BullMQ no-op": jobs per second that the queue's backend carries when they do nothing. */
import { createPostgresBackend, Queue, Worker } from 'bullmq'
import { Redis } from 'ioredis'
import type { Database } from '../../src/ledger/database.ts'

export async function noopJobs(store: { db: Database } | { redis: string }, count: number): Promise<number> {
  const redis = 'redis' in store ? new Redis(store.redis, { maxRetriesPerRequest: null }) : null
  const options = redis
    ? { connection: redis as never, prefix: '{bench}' }
    : { connection: (store as { db: Database }).db.pool() as never }
  const backend = (redis ? undefined : createPostgresBackend) as never
  const queue = new Queue('noop', options, backend)
  await queue.waitUntilReady()
  for (let i = 0; i < count; i += 500) {
    await queue.addBulk(
      Array.from({ length: Math.min(500, count - i) }, () => ({
        name: 'n',
        data: {},
        opts: { removeOnComplete: true },
      })),
    )
  }
  let done = 0
  const started = performance.now()
  const worker = await new Promise<Worker>((resolve) => {
    const w: Worker = new Worker(
      'noop',
      async () => {
        if (++done === count) setImmediate(() => resolve(w))
      },
      { ...options, concurrency: 50 },
      backend,
    )
  })
  const perSecond = (count * 1000) / (performance.now() - started)
  await worker.close()
  await queue.close()
  await redis?.quit()
  return perSecond
}

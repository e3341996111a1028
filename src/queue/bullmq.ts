/** The queue on BullMQ 6: on Redis/Valkey, or on the ledger's own database through its pool look-alike. */
import { Queue as BullQueue, createPostgresBackend, type QueueOptions, Worker } from 'bullmq'
import { Redis } from 'ioredis'
import { refuseInsideTransaction } from '../core/transaction-guard.ts'
import type { Queue, QueueTrouble, Working } from './queue.ts'

/** The ledger owns attempts and back-off; a job that failed or ended leaves nothing behind. */
const JOB = { attempts: 1, removeOnComplete: true, removeOnFail: true } as const

/**
 * A killed worker's lane runs again within 12 s. A living one renews its lock every 3 s; one that stood still for
 * longer than the lock may have its lane run twice for a moment, which the ledger's own leases make harmless.
 */
const LOCK = { lockDuration: 9_000, lockRenewTime: 3_000, stalledInterval: 3_000 } as const

/** How long a wake-up may take before it is left to the sweeper. */
const WAKE_LIMIT = 2_000

/**
 * How long a lane that found nothing more waits for a wake-up before it gives its job back. Under load the next
 * one comes within this time and needs no way through the store; another process's wake-up waits as long.
 */
const LINGER = 50

export type QueueStore = { pool: unknown } | { redis: string }

/** A lane at work: whether it was woken meanwhile, and what ends its waiting for that. */
interface Run {
  again: boolean
  rouse?: () => void
}

class BullmqQueue implements Queue {
  #store: QueueStore
  #redis: Redis | null = null
  #trouble: QueueTrouble
  #queues = new Map<string, BullQueue>()
  #workers = new Set<Worker>()
  /** Lanes that run in this process now. */
  #running = new Map<string, Run>()
  /** Lanes whose wake-up is on its way, and whether another was asked for meanwhile. */
  #waking = new Map<string, { again: boolean; done: Promise<void> }>()

  constructor(store: QueueStore, trouble: QueueTrouble) {
    this.#store = store
    this.#trouble = trouble
    if ('redis' in store) {
      this.#redis = new Redis(store.redis, { maxRetriesPerRequest: null, enableReadyCheck: true })
      this.#redis.on('error', (error) => trouble('redis', error))
    }
  }

  #options(): QueueOptions {
    return this.#redis
      ? { connection: this.#redis as never, prefix: '{tributary}' }
      : { connection: (this.#store as { pool: unknown }).pool as never }
  }

  #backend(): never | undefined {
    return (this.#redis ? undefined : createPostgresBackend) as never
  }

  #queue(name: string): BullQueue {
    let queue = this.#queues.get(name)
    if (!queue) {
      queue = new BullQueue(name, this.#options(), this.#backend())
      queue.on('error', (error) => this.#trouble(name, error))
      this.#queues.set(name, queue)
    }
    return queue
  }

  async ready(): Promise<void> {
    if (this.#redis) await refuseEviction(this.#redis)
    await this.#queue('normalize').waitUntilReady()
  }

  wake(queue: string, lane: string): Promise<void> {
    refuseInsideTransaction('waking a queue')
    const name = `${queue} ${lane}`
    const here = this.#running.get(name)
    if (here) {
      // it is at work in this very process: no need to tell it by way of the store
      here.again = true
      here.rouse?.()
      return Promise.resolve()
    }
    const waking = this.#waking.get(name)
    if (waking) {
      waking.again = true
      return waking.done
    }
    const state = { again: false, done: Promise.resolve() }
    this.#waking.set(name, state)
    state.done = this.#wakeLoop(queue, lane, name, state)
    return state.done
  }

  async #wakeLoop(queue: string, lane: string, name: string, state: { again: boolean }): Promise<void> {
    try {
      do {
        state.again = false
        const deduplication = { id: lane, keepLastIfActive: true }
        await within(this.#queue(queue).add(lane, {}, { ...JOB, deduplication }), WAKE_LIMIT)
      } while (state.again)
    } catch (error) {
      this.#trouble(`wake ${name}`, error as Error)
    } finally {
      this.#waking.delete(name)
    }
  }

  async work(name: string, concurrency: number, handler: (lane: string) => Promise<void>): Promise<Working> {
    const stop = { asked: false }
    const worker = new Worker(
      name,
      (job) => this.#run(name, job.name, handler, stop),
      { ...this.#options(), ...LOCK, concurrency, drainDelay: 5 },
      this.#backend(),
    )
    worker.on('error', (error) => this.#trouble(name, error))
    worker.on('failed', (_job, error) => this.#trouble(name, error))
    this.#workers.add(worker)
    await worker.waitUntilReady()
    return {
      resize: (lanes) => {
        worker.concurrency = lanes
      },
      stop: async () => {
        stop.asked = true
        this.#workers.delete(worker)
        await worker.close()
      },
    }
  }

  /** One job: the lane's handler, again as long as it is woken while it runs. */
  async #run(
    queue: string,
    lane: string,
    handler: (lane: string) => Promise<void>,
    stop: { asked: boolean },
  ): Promise<void> {
    const name = `${queue} ${lane}`
    const state: Run = { again: false }
    this.#running.set(name, state)
    try {
      do {
        state.again = false
        await handler(lane)
        if (!state.again && !stop.asked) await linger(state)
      } while (state.again && !stop.asked)
    } finally {
      this.#running.delete(name)
    }
    // woken after the last look, on the way out: somebody else is to do it
    if (state.again) await this.wake(queue, lane)
  }

  async close(): Promise<void> {
    await Promise.all([...this.#workers].map((worker) => worker.close()))
    await Promise.all([...this.#waking.values()].map((w) => w.done))
    await Promise.all([...this.#queues.values()].map((queue) => queue.close()))
    if (this.#redis) await this.#redis.quit().catch(() => this.#redis?.disconnect())
  }
}

/** Resolves when the lane is woken, or when it has waited long enough. */
async function linger(run: Run): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, LINGER)
    run.rouse = () => {
      clearTimeout(timer)
      resolve()
    }
  })
  delete run.rouse
}

/** Redis that may evict keys would drop jobs silently; they come back by the sweeper, but late. */
async function refuseEviction(redis: Redis): Promise<void> {
  const [, policy] = (await redis.config('GET', 'maxmemory-policy').catch(() => [])) as string[]
  if (policy && policy !== 'noeviction') {
    throw new Error(`Redis has maxmemory-policy ${policy}: set it to noeviction, or jobs vanish`)
  }
}

function within<T>(work: Promise<T>, limit: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${limit} ms`)), limit)
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}

/** Opens the queue on Redis/Valkey, or on the database whose pool is given. */
export function openQueue(store: QueueStore, trouble: QueueTrouble): Queue {
  return new BullmqQueue(store, trouble)
}

/** The working half of a process: workers on the queues, schedules, sweeper. They follow the configuration. */
import { TributaryError } from '../core/errors/error.ts'
import { isPaused, pauseConnection } from '../ledger/pause.ts'
import { deliverLane } from '../pipeline/deliver.ts'
import { fetchLane } from '../pipeline/fetch.ts'
import { receiveFiles } from '../pipeline/files.ts'
import { normalizeLane } from '../pipeline/normalize.ts'
import {
  deliverQueue,
  FETCH,
  NORMALIZE,
  type Pipe,
  PLAN,
  POLL,
  type Stopping,
  wakeDelivery,
} from '../pipeline/pipe.ts'
import { planLane } from '../pipeline/plan.ts'
import { pollStream } from '../pipeline/poll.ts'
import { type PollSchedule, pollLane, startSchedules } from '../pipeline/schedule.ts'
import { startSweeper } from '../pipeline/sweep.ts'
import type { Working } from '../queue/queue.ts'
import type { Generation } from './generation.ts'
import type { Live } from './live.ts'

const DAY = 24 * 3600_000

export interface Workers {
  /** Follows the present generation: workers for its connections, its schedules. To be called after each swap. */
  follow(): Promise<void>
  /** Ends the batches in hand, hands the rest back, then resolves. */
  stop(): Promise<void>
}

/** Starts everything that works off the ledger. */
export async function startWork(pipe: Pipe, live: Live): Promise<Workers> {
  const { queue } = pipe
  const working = await Promise.all([
    queue.work(NORMALIZE, 1, () => live.run((_, stopping) => normalizeLane(pipe, stopping))),
    queue.work(PLAN, 1, () => live.run((_, stopping) => planLane(pipe, stopping))),
    queue.work(FETCH, 4, (lane) => live.run((now, stopping) => fetchNamed(pipe, now, lane, stopping))),
    queue.work(POLL, 4, (lane) => live.run((now, stopping) => pollNamed(pipe, now, lane, stopping))),
  ])
  const delivery = new Delivery(pipe, live)
  await delivery.follow()
  const schedules = await startSchedules(pipe, pollSchedules(live.now))
  const sweeper = startSweeper(pipe, () => Math.ceil(live.now.config.retention.raw / DAY))
  return {
    async follow() {
      await delivery.follow()
      await schedules.set(pollSchedules(live.now))
      sweeper.lookAtCodes()
    },
    async stop() {
      live.stop()
      await schedules.stop()
      await sweeper.stop()
      await Promise.all([...working.map((w) => w.stop()), delivery.stop()])
    },
  }
}

/** A worker per connection that documents are written into. */
class Delivery {
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

async function fetchNamed(
  pipe: Pipe,
  { connections }: Generation,
  id: string,
  stopping: Stopping,
): Promise<void> {
  const connection = connections.get(id)
  if (connection && !(await isPaused(pipe.db, id))) await fetchLane(pipe, connection, stopping)
}

async function pollNamed(
  pipe: Pipe,
  { config, connections }: Generation,
  lane: string,
  stopping: Stopping,
): Promise<void> {
  for (const connection of connections.values()) {
    const stream = connection.streams.find((s) => pollLane(connection.id, s.name) === lane)
    if (!stream || (await isPaused(pipe.db, connection.id))) continue
    const own = config.connections[connection.id]?.poll[stream.name]
    try {
      if (own?.drop) {
        const shape = own.drop.shape ?? Object.keys(stream.mappings)[0]!
        await receiveFiles(pipe, connection, stream, { folder: own.drop.folder, shape }, stopping)
      }
      if (!own?.off) await pollStream(pipe, connection, stream, stopping)
    } catch (error) {
      pipe.log('warn', 'poll failed', { connection: connection.id, stream: stream.name, error })
      // wrong settings do not get better by trying: stop the connection until somebody has looked
      // (unless they were replaced meanwhile)
      if (error instanceof TributaryError && error.kind === 'config' && !stopping.asked) {
        await pauseConnection(pipe.db, connection.id, `${error.code}: ${error.message}`, 'tributary')
      }
    }
  }
}

/** Streams that some flow needs, with the schedule nearest to the user: flow, connection, connector. */
function pollSchedules({ config, connections }: Pick<Generation, 'config' | 'connections'>): PollSchedule[] {
  const schedules: PollSchedule[] = []
  const active = Object.values(config.flows).filter((f) => f.mode !== 'off')
  for (const connection of connections.values()) {
    const asShop = active.filter((f) => f.shops.includes(connection.id))
    const asErp = active.filter((f) => f.erp === connection.id)
    for (const stream of connection.streams) {
      const own = config.connections[connection.id]?.poll[stream.name]
      const wanted =
        (stream.document === 'order' && asShop.length > 0) ||
        (stream.document !== 'order' &&
          asErp.some((f) => stream.document === 'acknowledgement' || f.back.includes(stream.document)))
      if (!wanted || (own?.off && !own.drop)) continue
      const flow = stream.document === 'order' ? asShop.find((f) => f.every)?.every : null
      schedules.push({
        connection: connection.id,
        stream: stream.name,
        every: flow ?? own?.every ?? stream.every,
      })
    }
  }
  return schedules
}

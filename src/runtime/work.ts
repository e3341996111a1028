/** The working half of a process: workers on the queues, schedules, sweeper. */
import { TributaryError } from '../core/errors/error.ts'
import { isPaused, pauseConnection } from '../ledger/pause.ts'
import { backfillLane } from '../pipeline/backfill.ts'
import { completenessLane } from '../pipeline/completeness.ts'
import { CHECKED_AT, type CheckSchedule, startChecks } from '../pipeline/completeness-schedule.ts'
import { deliverLane } from '../pipeline/deliver.ts'
import { fetchLane } from '../pipeline/fetch.ts'
import { receiveFiles } from '../pipeline/files.ts'
import { normalizeLane } from '../pipeline/normalize.ts'
import {
  BACKFILL,
  COMPLETENESS,
  deliverQueue,
  FETCH,
  NORMALIZE,
  type Pipe,
  PLAN,
  POLL,
} from '../pipeline/pipe.ts'
import { planLane } from '../pipeline/plan.ts'
import { pollStream } from '../pipeline/poll.ts'
import { type PollSchedule, pollLane, startSchedules } from '../pipeline/schedule.ts'
import { startSweeper } from '../pipeline/sweep.ts'
import { startAlerts, type WantedStream } from './alerts.ts'
import type { Config } from './config.ts'

const DAY = 24 * 3600_000

export interface Workers {
  /** Ends the batches in hand, hands the rest back, then resolves. */
  stop(): Promise<void>
}

/** Starts everything that works off the ledger. */
export async function startWork(pipe: Pipe, config: Config): Promise<Workers> {
  const stopping = { asked: false }
  const streams = wantedStreams(pipe, config)
  const polls = pollSchedules(pipe, config)
  const working = await Promise.all([
    pipe.queue.work(NORMALIZE, 1, () => normalizeLane(pipe, stopping)),
    pipe.queue.work(PLAN, 1, () => planLane(pipe, stopping)),
    pipe.queue.work(FETCH, 4, (lane) => fetchNamed(pipe, lane, stopping)),
    pipe.queue.work(POLL, 4, (lane) => pollNamed(pipe, config, lane, stopping)),
    // queues of their own: history never holds up what is new
    pipe.queue.work(BACKFILL, 2, (lane) => backfillNamed(pipe, lane, stopping)),
    pipe.queue.work(COMPLETENESS, 2, (lane) => checkNamed(pipe, lane, stopping)),
    ...[...pipe.connections.values()]
      .filter((c) => c.writes.length > 0)
      .map((c) =>
        pipe.queue.work(deliverQueue(c.id), c.concurrency, (lane) =>
          deliverLane(pipe, c, Number(lane), stopping),
        ),
      ),
  ])
  const schedules = await startSchedules(pipe, polls)
  const checks = await startChecks(pipe, checkSchedules(pipe, config, polls))
  const sweeper = startSweeper(pipe, Math.ceil(config.retention.raw / DAY))
  const alerts = startAlerts(pipe, config, streams)
  return {
    async stop() {
      stopping.asked = true
      for (const connection of pipe.connections.values()) connection.hasten?.()
      await schedules.stop()
      await checks.stop()
      await alerts.stop()
      await sweeper.stop()
      await Promise.all(working.map((w) => w.stop()))
    },
  }
}

async function fetchNamed(pipe: Pipe, id: string, stopping: { asked: boolean }): Promise<void> {
  const connection = pipe.connections.get(id)
  if (connection && !(await isPaused(pipe.db, id))) await fetchLane(pipe, connection, stopping)
}

async function backfillNamed(pipe: Pipe, id: string, stopping: { asked: boolean }): Promise<void> {
  const connection = pipe.connections.get(id)
  if (connection) await backfillLane(pipe, connection, stopping)
}

async function checkNamed(pipe: Pipe, lane: string, stopping: { asked: boolean }): Promise<void> {
  for (const connection of pipe.connections.values()) {
    const stream = connection.streams.find((s) => pollLane(connection.id, s.name) === lane)
    if (stream) await completenessLane(pipe, connection, stream, stopping)
  }
}

async function pollNamed(
  pipe: Pipe,
  config: Config,
  lane: string,
  stopping: { asked: boolean },
): Promise<void> {
  for (const connection of pipe.connections.values()) {
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
      if (error instanceof TributaryError && error.kind === 'config') {
        await pauseConnection(pipe.db, connection.id, `${error.code}: ${error.message}`, 'tributary')
      }
    }
  }
}

interface PolledStream extends WantedStream {
  every: string
}

/** Those that are read by schedule. */
export function pollSchedules(pipe: Pipe, config: Config): PollSchedule[] {
  return wantedStreams(pipe, config)
    .filter((s) => s.polled)
    .map(({ connection, stream, every }) => ({ connection, stream, every }))
}

/** What a shop tells of an order beside the order itself: read from the shops of every flow that is on. */
const FROM_SHOPS: ReadonlySet<string> = new Set(['order', 'return', 'refund', 'cancellation'])

/**
 * Streams that some flow needs, with the schedule nearest to the user: flow, connection, connector. Of a connection
 * that a flow uses, a stream that no flow needs (a shop's products) is read where its connection gives it a schedule
 * or a folder of its own.
 */
function wantedStreams(pipe: Pipe, config: Config): PolledStream[] {
  const wanted: PolledStream[] = []
  const active = Object.values(config.flows).filter((f) => f.mode !== 'off')
  for (const connection of pipe.connections.values()) {
    const asShop = active.filter((f) => f.shops.includes(connection.id))
    const asErp = active.filter((f) => f.erp === connection.id)
    for (const stream of connection.streams) {
      const own = config.connections[connection.id]?.poll[stream.name]
      const needed =
        (FROM_SHOPS.has(stream.document) && asShop.length > 0) ||
        (stream.document !== 'order' &&
          (asErp.some((f) => stream.document === 'acknowledgement' || f.back.includes(stream.document)) ||
            (asShop.length + asErp.length > 0 && (own?.every || own?.drop))))
      if (!needed) continue
      const flow = stream.document === 'order' ? asShop.find((f) => f.every)?.every : null
      wanted.push({
        connection: connection.id,
        stream: stream.name,
        polled: !own?.off || own.drop !== undefined,
        every: flow ?? own?.every ?? stream.every,
      })
    }
  }
  return wanted
}

/** Of the streams that are polled, those whose source lists what it has. */
function checkSchedules(pipe: Pipe, config: Config, polls: PollSchedule[]): CheckSchedule[] {
  return polls.flatMap(({ connection, stream }) => {
    const own = config.connections[connection]?.poll[stream]
    const listed = !pipe.connections.get(connection)?.streams.find((s) => s.name === stream)?.unlisted
    const every = own?.completeness === undefined ? CHECKED_AT : own.completeness
    return listed && !own?.off && every !== null ? [{ connection, stream, every }] : []
  })
}

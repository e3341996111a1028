/** The working half of a process: workers on the queues, schedules, sweeper, alerts. They follow the configuration. */
import { TributaryError } from '../core/errors/error.ts'
import { isPaused, pauseConnection } from '../ledger/pause.ts'
import { backfillLane } from '../pipeline/backfill.ts'
import { completenessLane } from '../pipeline/completeness.ts'
import { startChecks } from '../pipeline/completeness-schedule.ts'
import { fetchLane } from '../pipeline/fetch.ts'
import { receiveFiles } from '../pipeline/files.ts'
import { normalizeLane } from '../pipeline/normalize.ts'
import {
  BACKFILL,
  COMPLETENESS,
  FETCH,
  NORMALIZE,
  type Pipe,
  PLAN,
  POLL,
  type Stopping,
} from '../pipeline/pipe.ts'
import { planLane } from '../pipeline/plan.ts'
import { pollStream } from '../pipeline/poll.ts'
import { pollLane, startSchedules } from '../pipeline/schedule.ts'
import { startSweeper } from '../pipeline/sweep.ts'
import { startAlerts } from './alerts.ts'
import { Delivery } from './delivery.ts'
import type { Generation } from './generation.ts'
import type { Live } from './live.ts'
import { checkSchedules, pollSchedules } from './wanted-streams.ts'

const DAY = 24 * 3600_000

export interface Workers {
  /** Follows the present generation: workers for its connections, its schedules, its alerts. To be called after each swap. */
  follow(): Promise<void>
  /** Ends the batches in hand, hands the rest back, then resolves. */
  stop(): Promise<void>
}

type Lane = (pipe: Pipe, now: Generation, lane: string, stopping: Stopping) => Promise<void>

/** Starts everything that works off the ledger. */
export async function startWork(pipe: Pipe, live: Live): Promise<Workers> {
  const work = (queue: string, concurrency: number, run: Lane) =>
    pipe.queue.work(queue, concurrency, (lane) => live.run((now, stopping) => run(pipe, now, lane, stopping)))
  const working = await Promise.all([
    work(NORMALIZE, 1, (_pipe, _now, _lane, stopping) => normalizeLane(pipe, stopping)),
    work(PLAN, 1, (_pipe, _now, _lane, stopping) => planLane(pipe, stopping)),
    work(FETCH, 4, fetchNamed),
    work(POLL, 4, pollNamed),
    // queues of their own: history never holds up what is new
    work(BACKFILL, 2, backfillNamed),
    work(COMPLETENESS, 2, checkNamed),
  ])
  const delivery = new Delivery(pipe, live)
  await delivery.follow()
  const schedules = await startSchedules(pipe, pollSchedules(live.now))
  const checks = await startChecks(pipe, checkSchedules(live.now))
  const sweeper = startSweeper(pipe, () => Math.ceil(live.now.config.retention.raw / DAY))
  const alerts = startAlerts(pipe, live)
  return {
    async follow() {
      await delivery.follow()
      await schedules.set(pollSchedules(live.now))
      await checks.set(checkSchedules(live.now))
      sweeper.lookAtCodes()
      await alerts.follow()
    },
    async stop() {
      live.stop()
      await schedules.stop()
      await checks.stop()
      await alerts.stop()
      await sweeper.stop()
      await Promise.all([...working.map((w) => w.stop()), delivery.stop()])
    },
  }
}

async function fetchNamed(pipe: Pipe, now: Generation, id: string, stopping: Stopping): Promise<void> {
  const connection = now.connections.get(id)
  if (connection && !(await isPaused(pipe.db, id))) await fetchLane(pipe, connection, stopping)
}

async function backfillNamed(pipe: Pipe, now: Generation, id: string, stopping: Stopping): Promise<void> {
  const connection = now.connections.get(id)
  if (connection) await backfillLane(pipe, connection, stopping)
}

async function checkNamed(pipe: Pipe, now: Generation, lane: string, stopping: Stopping): Promise<void> {
  for (const connection of now.connections.values()) {
    const stream = connection.streams.find((s) => pollLane(connection.id, s.name) === lane)
    if (stream) await completenessLane(pipe, connection, stream, stopping)
  }
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

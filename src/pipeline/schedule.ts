/**
 * schedule: cron ticks that start polls. One winner per tick over all processes (a unique row per schedule
 * and tick); ticks missed while nobody ran are caught up once, at start.
 */
import cron, { type ScheduledTask } from 'node-cron'
import { finishTick, lastTick, winTick } from '../ledger/stream.ts'
import { type Pipe, POLL } from './pipe.ts'

/** Seconds after which a tick whose winner died is won again. */
const LEASE = 30

export interface Schedules {
  stop(): Promise<void>
}

export interface PollSchedule {
  connection: string
  stream: string
  /** Cron with optional seconds, UTC. */
  every: string
}

/** Lane of a stream's polls. */
export function pollLane(connection: string, stream: string): string {
  return `${connection}/${stream}`
}

/** Starts all schedules; each also runs once now if a tick was missed (or never ran). */
export async function startSchedules(pipe: Pipe, schedules: PollSchedule[]): Promise<Schedules> {
  const tasks: ScheduledTask[] = []
  for (const schedule of schedules) {
    const name = pollLane(schedule.connection, schedule.stream)
    const task = cron.schedule(
      schedule.every,
      (context) =>
        tick(pipe, name, context.date).catch((error) =>
          pipe.log('warn', 'tick failed', { schedule: name, error }),
        ),
      // a process that was blocked gets several ticks at once: each is its own row, and one poll does for all
      { timezone: 'Etc/UTC', name, noOverlap: true },
    )
    tasks.push(task)
    await catchUp(pipe, name, task)
  }
  return {
    async stop() {
      for (const task of tasks) await task.destroy()
    },
  }
}

async function tick(pipe: Pipe, name: string, at: Date): Promise<void> {
  const instant = new Date(Math.floor(at.getTime() / 1000) * 1000)
  if (!(await winTick(pipe.db, name, instant, LEASE))) return
  await pipe.queue.wake(POLL, name)
  await finishTick(pipe.db, name, instant)
}

/** The last tick on record is older than one interval: somebody slept. One poll reads all that was missed. */
async function catchUp(pipe: Pipe, name: string, task: ScheduledTask): Promise<void> {
  const last = await lastTick(pipe.db, name)
  const next = task.getNextRun()
  const missed = !last || !next || last.getTime() < Date.now() - (next.getTime() - Date.now()) - 1000
  if (missed) await pipe.queue.wake(POLL, name)
}

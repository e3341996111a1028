/**
 * schedule: cron ticks that start polls. One winner per tick over all processes (a unique row per schedule
 * and tick); ticks missed while nobody ran are caught up once, at start.
 */
import cron, { type Logger, type ScheduledTask } from 'node-cron'
import { finishTick, lastTick, winTick } from '../ledger/stream.ts'
import { type Pipe, POLL } from './pipe.ts'

/** Seconds after which a tick whose winner died is won again. */
const LEASE = 30

export interface Schedules {
  /** From now on just these. Those that stay as they are go on undisturbed, new ones begin as at a start. */
  set(schedules: PollSchedule[]): Promise<void>
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

/** Starts all schedules; each also runs once now if a tick was missed (or never ran), or a window is half read. */
export async function startSchedules(pipe: Pipe, schedules: PollSchedule[]): Promise<Schedules> {
  const tasks = new Map<string, ScheduledTask>()
  const keyOf = ({ connection, stream, every }: PollSchedule) => `${pollLane(connection, stream)} ${every}`
  const set = async (wanted: PollSchedule[]) => {
    const keys = new Set(wanted.map(keyOf))
    for (const [key, task] of [...tasks].filter(([key]) => !keys.has(key))) {
      tasks.delete(key)
      await task.destroy()
    }
    for (const schedule of wanted.filter((s) => !tasks.has(keyOf(s)))) {
      const task = startTask(pipe, schedule)
      tasks.set(keyOf(schedule), task)
      await catchUp(pipe, schedule, task)
    }
  }
  await set(schedules)
  return { set, stop: () => set([]) }
}

function startTask(pipe: Pipe, { connection, stream, every }: PollSchedule): ScheduledTask {
  const name = pollLane(connection, stream)
  return cron.schedule(
    every,
    (context) =>
      tick(pipe, name, context.date).catch((error) =>
        pipe.log('warn', 'tick failed', { schedule: name, error }),
      ),
    // a process that was blocked gets several ticks at once: each is its own row, and one poll does for all
    { timezone: 'Etc/UTC', name, noOverlap: true, logger: cronLog(pipe, name) },
  )
}

async function tick(pipe: Pipe, name: string, at: Date): Promise<void> {
  const instant = new Date(Math.floor(at.getTime() / 1000) * 1000)
  if (!(await winTick(pipe.db, name, instant, LEASE))) return
  await pipe.queue.wake(POLL, name)
  await finishTick(pipe.db, name, instant)
}

/** The library prints to the console otherwise, where every line must be one of ours. */
function cronLog(pipe: Pipe, name: string): Logger {
  const say = (level: 'debug' | 'warn') => (message: string | Error) =>
    pipe.log(level, 'schedule', { schedule: name, message: String(message) })
  return { info: say('debug'), debug: say('debug'), warn: say('warn'), error: say('warn') }
}

/** The last tick on record is older than one interval: somebody slept. One poll reads all that was missed. */
async function catchUp(pipe: Pipe, schedule: PollSchedule, task: ScheduledTask): Promise<void> {
  const name = pollLane(schedule.connection, schedule.stream)
  const last = await lastTick(pipe.db, name)
  const next = task.getNextRun()
  const missed = !last || !next || last.getTime() < Date.now() - (next.getTime() - Date.now()) - 1000
  if (missed || (await isHalfRead(pipe, schedule))) await pipe.queue.wake(POLL, name)
}

/** Its reader died between two pages: waiting for the next tick could mean a day. */
async function isHalfRead(pipe: Pipe, { connection, stream }: PollSchedule): Promise<boolean> {
  const { rows } = await pipe.db.query(
    'select 1 from stream where connection = $1 and stream = $2 and window_until is not null',
    [connection, stream],
  )
  return rows.length > 0
}

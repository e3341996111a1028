/**
 * schedule: cron ticks that start polls. One winner per tick over all processes (a unique row per schedule
 * and tick); ticks missed while nobody ran are caught up once, at start.
 */
import cron, { type Logger, type ScheduledTask } from 'node-cron'
import { finishTick, lastTick, winTick } from '../ledger/stream.ts'
import { type Pipe, POLL } from './pipe.ts'

/** Seconds after which a tick whose winner died is won again. */
const LEASE = 30

export interface Schedules<S> {
  /** From now on just these. Those that stay as they are go on undisturbed, new ones begin as at a start. */
  set(schedules: S[]): Promise<void>
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
export function startSchedules(pipe: Pipe, schedules: PollSchedule[]): Promise<Schedules<PollSchedule>> {
  const ticks = ({ connection, stream, every }: PollSchedule): Ticks => {
    const name = pollLane(connection, stream)
    return { name, every, zone: 'Etc/UTC', run: () => pipe.queue.wake(POLL, name) }
  }
  return followTicks(pipe, { ticks, begun: (schedule, task) => catchUp(pipe, schedule, task) }, schedules)
}

/**
 * Ticks that can be replaced by others while they run: those wanted no more end, new ones begin, and `begun` may make
 * up for what was missed.
 */
export async function followTicks<S>(
  pipe: Pipe,
  of: { ticks(schedule: S): Ticks; begun(schedule: S, task: ScheduledTask): Promise<void> },
  schedules: S[],
): Promise<Schedules<S>> {
  const tasks = new Map<string, ScheduledTask>()
  const keyOf = ({ name, every, zone }: Ticks) => `${name} ${every} ${zone}`
  const set = async (wanted: S[]) => {
    const ticks = new Map(wanted.map((schedule) => [keyOf(of.ticks(schedule)), schedule]))
    for (const [key, task] of [...tasks].filter(([key]) => !ticks.has(key))) {
      tasks.delete(key)
      await task.destroy()
    }
    for (const [key, schedule] of [...ticks].filter(([key]) => !tasks.has(key))) {
      const task = startTicks(pipe, of.ticks(schedule))
      tasks.set(key, task)
      await of.begun(schedule, task)
    }
  }
  await set(schedules)
  return { set, stop: () => set([]) }
}

export interface Ticks {
  /** Unique among all schedules. */
  name: string
  /** Cron with optional seconds, in `zone`. */
  every: string
  zone: string
  run(): Promise<void>
}

/** Runs it once per tick over all processes; a winner that died is followed by another. */
export function startTicks(pipe: Pipe, { name, every, zone, run }: Ticks): ScheduledTask {
  const tick = async (at: Date) => {
    const instant = new Date(Math.floor(at.getTime() / 1000) * 1000)
    if (!(await winTick(pipe.db, name, instant, LEASE))) return
    await run()
    await finishTick(pipe.db, name, instant)
  }
  return cron.schedule(
    every,
    (context) =>
      tick(context.date).catch((error) => pipe.log('warn', 'tick failed', { schedule: name, error })),
    // a process that was blocked gets several ticks at once: each is its own row, and one poll does for all
    { timezone: zone, name, noOverlap: true, logger: cronLog(pipe, name) },
  )
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

/** When streams are checked for completeness: once a day for the day before, and for days that were missed. */
import type { ScheduledTask } from 'node-cron'
import { businessDay, dayAfter, yesterday } from '../core/business-day.ts'
import { lastCheckedDay, planChecks } from '../ledger/completeness.ts'
import { lastTick, watermarkOf } from '../ledger/stream.ts'
import { SCHEDULE } from './completeness.ts'
import { COMPLETENESS, type Pipe } from './pipe.ts'
import { earliest } from './poll.ts'
import { followTicks, pollLane, type Schedules, type Ticks } from './schedule.ts'
import { reachOf } from './windows.ts'

/** Half past two at night in the company's zone. */
export const CHECKED_AT = '0 30 2 * * *'

/** Days back that are caught up; older ones are checked on demand. */
const MOST_DAYS = 7

export interface CheckSchedule {
  connection: string
  stream: string
  /** Cron with optional seconds, in the company's zone. */
  every: string
}

/** Starts the daily checks; what was missed while nobody ran is planned at once, if the stream was ever read. */
export function startChecks(pipe: Pipe, schedules: CheckSchedule[]): Promise<Schedules<CheckSchedule>> {
  const nameOf = ({ connection, stream }: CheckSchedule) => `completeness ${pollLane(connection, stream)}`
  const run = ({ connection, stream }: CheckSchedule) => planDays(pipe, connection, stream)
  const ticks = (schedule: CheckSchedule): Ticks => ({
    name: nameOf(schedule),
    every: schedule.every,
    zone: pipe.company.zone,
    run: () => run(schedule),
  })
  const begun = async (schedule: CheckSchedule, task: ScheduledTask) => {
    const { connection, stream } = schedule
    if (await missed(pipe, nameOf(schedule), task, connection, stream)) await run(schedule)
  }
  return followTicks(pipe, { ticks, begun }, schedules)
}

async function missed(
  pipe: Pipe,
  name: string,
  task: ScheduledTask,
  connection: string,
  stream: string,
): Promise<boolean> {
  if ((await watermarkOf(pipe.db, connection, stream)) === null) return false
  const last = await lastTick(pipe.db, name)
  const next = task.getNextRun()
  const now = Date.now()
  return !last || !next || last.getTime() < now - (next.getTime() - now) - 1000
}

/** Plans the days from the one after the last planned so up to yesterday. Called once per tick over all processes. */
export async function planDays(
  pipe: Pipe,
  connection: string,
  stream: string,
  now: Date = new Date(),
): Promise<void> {
  const { zone } = pipe.company
  const newest = yesterday(zone, now)
  const last = await lastCheckedDay(pipe.db, connection, stream, SCHEDULE)
  const from = earliest(pipe, connection)
  const read = pipe.connections.get(connection)?.streams.find((s) => s.name === stream)
  const reach = read ? reachOf(read, now.getTime()) : null
  const days: string[] = []
  for (let day = newest; days.length < MOST_DAYS && (last === null ? day === newest : day > last); ) {
    days.unshift(day)
    day = dayAfter(day, -1)
  }
  const checks = days
    .map((day) => ({ connection, stream, day, ...businessDay(day, zone), list: false }))
    // before the first flow began there is nothing to be complete, and what is out of reach cannot be compared
    .filter(({ since, until }) => until > from && since >= (reach ?? since))
  if (checks.length === 0) return
  await planChecks(pipe.db, checks, { by: SCHEDULE })
  await pipe.queue.wake(COMPLETENESS, pollLane(connection, stream))
}

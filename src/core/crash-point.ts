/**
 * Named moments at which the fault tests kill the process: `TRIBUTARY_CRASH_AT=deliver.sent:3` dies by
 * SIGKILL when the third call of that name is reached. `TRIBUTARY_CRASH_ON_RECORD=<external id>` dies
 * whenever a record is mapped that holds this id. Unset, a call costs one comparison.
 */
import { writeSync } from 'node:fs'

/** Those of a configuration that is being activated. */
export const CONFIGURATION_CRASH_POINTS = ['configuration.opened', 'configuration.swapped'] as const

/** Those of an order on its way, in the order of the pipe. */
export const CRASH_POINTS = [
  'receive.taken',
  'receive.committed',
  'poll.page-committed',
  'fetch.committed',
  'backfill.page-committed',
  'completeness.page-committed',
  'normalize.claimed',
  'normalize.mapped',
  'normalize.committed',
  'plan.claimed',
  'plan.committed',
  'deliver.leased',
  'deliver.sent',
  'deliver.advanced',
  'deliver.settled',
  'find.answered',
] as const

export type CrashPoint = (typeof CRASH_POINTS)[number] | (typeof CONFIGURATION_CRASH_POINTS)[number]

const [armed, nth] = (process.env.TRIBUTARY_CRASH_AT ?? '').split(':')
const killer = process.env.TRIBUTARY_CRASH_ON_RECORD
let passed = 0

/** Dies here when this point is armed and it is the n-th pass. */
export function crashPoint(name: CrashPoint): void {
  if (armed !== name) return
  passed += 1
  if (passed >= Number(nth ?? 1)) die(`crash point ${name}`)
}

/** Dies here when this is a record of the thing that the fault tests declared deadly. */
export function crashOnRecord(body: Buffer): void {
  if (killer !== undefined && body.includes(killer)) die('deadly record')
}

/** Says why, so that the tests can tell deaths apart, and ends without any tidying. */
function die(why: string): void {
  writeSync(2, `${why}\n`)
  process.kill(process.pid, 'SIGKILL')
}

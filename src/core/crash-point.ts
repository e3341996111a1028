/**
 * Named moments at which the fault tests kill the process: `TRIBUTARY_CRASH_AT=deliver.sent:3` dies by
 * SIGKILL when the third call of that name is reached. Unset, a call costs one comparison.
 */
export const CRASH_POINTS = [
  'receive.committed',
  'poll.page-committed',
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

export type CrashPoint = (typeof CRASH_POINTS)[number]

const [armed, nth] = (process.env.TRIBUTARY_CRASH_AT ?? '').split(':')
let passed = 0

/** Dies here when this point is armed and it is the n-th pass. */
export function crashPoint(name: CrashPoint): void {
  if (armed !== name) return
  passed += 1
  if (passed >= Number(nth ?? 1)) process.kill(process.pid, 'SIGKILL')
}

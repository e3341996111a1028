/**
 * Rate budgets: how much may be sent to a remote, and when. A token bucket for each class of calls of a
 * connection, which all processes share and from which lanes take in their order. The port, and the arithmetic
 * as pure functions; the statement of src/ledger/budget.ts and the script of src/queue/budget.ts do the same
 * sums inside the store.
 *
 * Whoever's turn it is takes the whole cost of a call at once and is told how long to wait until the bucket has
 * earned it; the level may go below 0 for that time. Whoever must ask again gets a ticket, and nobody of the same
 * lane goes before it. Tickets lapse, so one that is never shown again holds nobody up for long.
 */

/** Who calls: what is written to the remote, what is read, and what is only history. Upper ones go first. */
export type Lane = 'write' | 'read' | 'backfill'

/**
 * `leaves`: a lane takes nothing while less than this part of the bucket is left, so that the lanes above find
 * something at once; nor while one of them waits. `share`: but it is sure of this part of the rate, however busy
 * the others are.
 */
export const LANES: Readonly<Record<Lane, { leaves: number; share: number }>> = Object.freeze({
  write: { leaves: 0, share: 0.7 },
  read: { leaves: 0.2, share: 0.2 },
  backfill: { leaves: 0.5, share: 0.1 },
})

export interface BudgetLimit {
  /** What the bucket holds at most: so much may go at once after a quiet time. */
  capacity: number
  /** What it earns per second. */
  perSecond: number
}

/** Whose bucket. */
export interface BudgetOf {
  connection: string
  class: string
}

export interface Request {
  /** In what the limit counts: calls, or points. More than the bucket holds counts as all of it; 0 only asks. */
  cost: number
  lane: Lane
  /** A wait longer than this is not worth the taking. Milliseconds. */
  patience: number
  /** As the last turn that was not taken gave it; null: it comes for the first time. */
  ticket: number | null
}

export interface Turn {
  /** True: the cost is taken, send after `wait`. False: nothing is taken, ask again after `wait`. */
  taken: boolean
  /** Milliseconds. */
  wait: number
  /** What is left afterwards; below 0 what is owed. */
  left: number
  /** To be shown when asking again; null when it was taken. */
  ticket: number | null
}

/** What a remote's answer tells. */
export interface Heard {
  /** What was taken for the call and not used; below 0 where it cost more than was taken. */
  unused?: number
  /** What the remote says is left: never more than this is believed. */
  available?: number
  /** Nothing is to be sent for so long. Milliseconds. */
  blockedFor?: number
}

/** Where the buckets are kept. Losing them costs nothing but politeness: they begin full. */
export interface Budgets {
  take(of: BudgetOf, limit: BudgetLimit, request: Request): Promise<Turn>
  hear(of: BudgetOf, limit: BudgetLimit, heard: Heard): Promise<void>
  close(): Promise<void>
}

/** A bucket as of one instant. */
export interface Bucket {
  /** What is left; below 0 while calls wait for what they have taken. */
  level: number
  /** Milliseconds for which nothing may be sent. */
  blocked: number
  /** Milliseconds until each lane's next sure turn: one that comes whatever is left. */
  turns: Readonly<Record<Lane, number>>
  queues: Readonly<Record<Lane, Queue>>
}

/** Tickets from `head` on wait, `tail` is the next to be given. After `lapse` milliseconds none counts any more. */
interface Queue {
  head: number
  tail: number
  lapse: number
}

const NOBODY: Queue = Object.freeze({ head: 0, tail: 0, lapse: 0 })

/** A bucket that nobody has used. */
export function fullBucket({ capacity }: BudgetLimit): Bucket {
  return {
    level: capacity,
    blocked: 0,
    turns: { write: 0, read: 0, backfill: 0 },
    queues: { write: NOBODY, read: NOBODY, backfill: NOBODY },
  }
}

/** A clock that was set back by more than this is believed; by less, its time is waited for. Milliseconds. */
export const SET_BACK = 10_000

/**
 * How much time has passed since `at`, and where the bucket stands then; both in milliseconds of the store's
 * clock. No stretch of time is counted twice because a clock jumped back a little, and none stands still for
 * an hour because it was put right by one.
 */
export function passed(at: number, now: number): { elapsed: number; at: number } {
  if (now >= at) return { elapsed: now - at, at: now }
  return { elapsed: 0, at: at - now > SET_BACK ? now : at }
}

/** The bucket `elapsed` milliseconds later. */
export function earn(bucket: Bucket, limit: BudgetLimit, elapsed: number): Bucket {
  const { level, blocked, turns, queues } = bucket
  const less = (time: number) => Math.max(0, time - elapsed)
  const later = (queue: Queue) => ({ ...queue, lapse: less(queue.lapse) })
  return {
    level: Math.min(limit.capacity, level + (elapsed * limit.perSecond) / 1000),
    blocked: less(blocked),
    turns: { write: less(turns.write), read: less(turns.read), backfill: less(turns.backfill) },
    queues: { write: later(queues.write), read: later(queues.read), backfill: later(queues.backfill) },
  }
}

/** Whoever waits asks again at least this often, and is believed gone after twice that. Milliseconds. */
export const LOOK = 1_000
/** A write that is told to come later comes when the ledger finds it due, a little after that. Milliseconds. */
export const COMES_BACK = 5_000
/** Nobody is told to ask again sooner than this because of others. Milliseconds. */
export const SOON = 20

/** The lanes that go before one. */
export const ABOVE: Readonly<Record<Lane, readonly Lane[]>> = Object.freeze({
  write: [],
  read: ['write'],
  backfill: ['write', 'read'],
})

const waits = ({ head, tail, lapse }: Queue): boolean => lapse > 0 && head < tail

/** One request to a bucket that is up to date. */
export function takeFrom(
  bucket: Bucket,
  limit: BudgetLimit,
  request: Request,
): { bucket: Bucket; turn: Turn } {
  const { lane, patience, ticket } = request
  const { tail, lapse } = bucket.queues[lane]
  const head = lapse > 0 ? bucket.queues[lane].head : tail
  const mine = ticket !== null && ticket >= head && ticket < tail ? ticket : null
  const { taken, wait, cost } = decide(bucket, limit, request, (mine ?? tail) - head)
  const queue = taken
    ? { head: mine === null ? head : head + 1, tail, lapse: 2 * LOOK }
    : { head, tail: mine === null ? tail + 1 : tail, lapse }
  if (!taken && (mine ?? tail) === head)
    queue.lapse = lane === 'write' && wait > patience ? wait + COMES_BACK : 2 * LOOK
  const level = taken ? bucket.level - cost : bucket.level
  const { perSecond } = limit
  const turns = taken
    ? { ...bucket.turns, [lane]: (cost * 1000) / (perSecond * LANES[lane].share) }
    : bucket.turns
  return {
    bucket: { ...bucket, level, turns, queues: { ...bucket.queues, [lane]: queue } },
    turn: { taken, wait, left: level, ticket: taken ? null : (mine ?? tail) },
  }
}

/** `before`: how many of its lane wait before it. */
function decide(
  { level, blocked, turns, queues }: Bucket,
  { capacity, perSecond }: BudgetLimit,
  { cost: whole, lane, patience }: Request,
  before: number,
): { taken: boolean; wait: number; cost: number } {
  const cost = Math.min(whole, capacity)
  const later = (wait: number) => ({ taken: false, wait, cost })
  if (blocked > 0) return later(blocked)
  const earns = perSecond / 1000
  const keep = LANES[lane].leaves * capacity
  const sure = turns[lane] <= 0
  let again: number | null = null
  if (before > 0) again = Math.min(LOOK, Math.max(SOON, (keep + before * cost - level) / earns))
  else if (!sure && ABOVE[lane].some((above) => waits(queues[above])))
    again = Math.min(LOOK, Math.max(SOON, turns[lane]))
  else if (!sure && level < keep) again = Math.min(turns[lane], (keep - level) / earns)
  if (again !== null) {
    // not before it is earned: who cannot wait for that need not wait at all
    const soonest = Math.max(again, (cost - level) / earns)
    return later(soonest > patience ? soonest : again)
  }
  // what is left for the lanes above also when the call goes out
  const rest = sure ? 0 : Math.min(keep, capacity - cost)
  const wait = Math.max(0, rest + cost - level) / earns
  return wait > patience ? later(wait) : { taken: true, wait, cost }
}

/** What the remote said, told to a bucket that is up to date. */
export function hearOf(
  bucket: Bucket,
  { capacity }: BudgetLimit,
  { unused = 0, available = capacity, blockedFor = 0 }: Heard,
): Bucket {
  return {
    ...bucket,
    level: Math.min(bucket.level + unused, available, capacity),
    blocked: Math.max(bucket.blocked, blockedFor),
  }
}

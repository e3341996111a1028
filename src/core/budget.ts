/**
 * Rate budgets: how much may be sent to a remote, and when. A token bucket for each class of calls of a
 * connection, which all processes share and from which lanes take in their order. The port, and the arithmetic
 * as pure functions; the statement of src/ledger/budget.ts and the script of src/queue/budget.ts do the same
 * sums inside the store.
 *
 * A call that finds nothing owed takes its whole cost at once and is told how long to wait until the bucket has
 * earned it (the level may go below 0 for that time). So a dear call stands the same chance as a cheap one, and
 * whoever is told to ask again holds nothing that could be lost with it.
 */

/** Who calls: what is written to the remote, what is read, and what is only history. Upper ones go first. */
export type Lane = 'write' | 'read' | 'backfill'

/**
 * `leaves`: a lane takes nothing while less than this part of the bucket is left, so that the lanes above find
 * something at once. `share`: but it is sure of this part of the rate, however busy the others are.
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
}

export interface Turn {
  /** True: the cost is taken, send after `wait`. False: nothing is taken, ask again after `wait`. */
  taken: boolean
  /** Milliseconds. */
  wait: number
  /** What is left afterwards; below 0 what is owed. */
  left: number
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
  /** What a write that could not wait will come back for, and the milliseconds for which it is kept for it. */
  wanted: number
  wantedFor: number
}

/** A bucket that nobody has used. */
export function fullBucket({ capacity }: BudgetLimit): Bucket {
  return { level: capacity, blocked: 0, turns: { write: 0, read: 0, backfill: 0 }, wanted: 0, wantedFor: 0 }
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
  const { level, blocked, turns, wanted, wantedFor } = bucket
  const less = (time: number) => Math.max(0, time - elapsed)
  return {
    wanted,
    wantedFor: less(wantedFor),
    level: Math.min(limit.capacity, level + (elapsed * limit.perSecond) / 1000),
    blocked: less(blocked),
    turns: { write: less(turns.write), read: less(turns.read), backfill: less(turns.backfill) },
  }
}

/** A write comes back a little later than it was told; the ledger looks every second for what is due. Milliseconds. */
export const COMES_BACK = 5_000

/** One request to a bucket that is up to date. */
export function takeFrom(
  bucket: Bucket,
  { capacity, perSecond }: BudgetLimit,
  { cost, lane, patience }: Request,
): { bucket: Bucket; turn: Turn } {
  const { leaves, share } = LANES[lane]
  const { level, blocked, turns, wanted, wantedFor } = bucket
  const earns = perSecond / 1000
  const asked = Math.min(cost, capacity)
  const later = (wait: number) => {
    const wants =
      lane === 'write' && wait > patience ? { wanted: asked, wantedFor: wait + COMES_BACK } : undefined
    return { bucket: { ...bucket, ...wants }, turn: { taken: false, wait, left: level } }
  }
  if (blocked > 0) return later(blocked)
  const sure = turns[lane] <= 0
  const keep = leaves * capacity
  // both what a write was promised and this call must be there
  const needs = Math.max(keep, lane !== 'write' && wantedFor > 0 ? wanted + asked : 0)
  if (!sure && level < needs) {
    const there = needs > capacity ? wantedFor : (needs - level) / earns
    const again = Math.min(turns[lane], there)
    // not before it is earned: who cannot wait for that need not wait at all
    const soonest = Math.max(again, (asked - level) / earns)
    return later(soonest > patience ? soonest : again)
  }
  // what is left for the lanes above also when the call goes out
  const rest = sure ? 0 : Math.min(keep, capacity - asked)
  const wait = Math.max(0, rest + asked - level) / earns
  if (wait > patience) return later(wait)
  const left = level - asked
  const after = {
    ...bucket,
    level: left,
    turns: { ...turns, [lane]: asked / (earns * share) },
    ...(lane === 'write' ? { wanted: 0, wantedFor: 0 } : {}),
  }
  return { bucket: after, turn: { taken: true, wait, left } }
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

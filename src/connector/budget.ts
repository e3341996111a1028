/**
 * A connection's calls in the pace of its budgets: each waits for its turn before it is sent, and what answers
 * tell of the remote's limits goes back into the bucket that all processes share (core/budget.ts).
 */
import type { BudgetLimit, Budgets, Heard, Lane } from '../core/budget.ts'
import { hasWaited } from '../core/time-limit.ts'
import { type Announcement, announcement, asksForPause } from './announced.ts'
import { type Line, openLine } from './budget-line.ts'
import type { HttpAnswer } from './hooks.ts'
import type { LimitManifest } from './manifest-http.ts'
import type { CallAhead, Pace, QueryCost } from './pace.ts'

/** One class of calls: its limit, null where none is known, and how the remote announces it. */
export interface ClassLimit {
  limit: BudgetLimit | null
  announced: LimitManifest['announced'] | null
}

export interface PaceOptions {
  connection: string
  classes: Record<string, ClassLimit>
  budgets: Budgets
}

/** Asked for where no limit is known, to hear whether the remote wants a pause. */
const NO_LIMIT: BudgetLimit = Object.freeze({ capacity: 1, perSecond: 1 })
/** So long one answer to that question serves; and so long is the pause of a remote that does not say. Milliseconds. */
const ASKED_EVERY = 1_000

/** A class at work in this process. */
interface Class extends ClassLimit {
  name: string
  lines: Map<Lane, Line>
  /** By performance.now(): until when it need not be asked (no limit), may not send, writes had better not try. */
  free: number
  blocked: number
  heldUntil: number
  /** What the bucket held after this process's last take, and when that was. */
  left: number
  leftAt: number
}

/** What all classes of a connection have in common. */
interface Whole extends PaceOptions {
  open: Map<string, Class>
  stop: AbortController
}

/** Made once per connection. */
export function createPace(options: PaceOptions): Pace {
  const all: Whole = { ...options, open: new Map(), stop: new AbortController() }
  return {
    turn: (call) => turn(all, classOf(all, call.limit), call),
    answered: (name, answer) => answered(all, classOf(all, name), answer),
    throttled: (name, answer, wait) => throttled(all, classOf(all, name), answer, wait),
    spent: (name, cost) => spent(all, classOf(all, name), cost),
    held: (name) => Math.max(0, classOf(all, name).heldUntil - performance.now()),
    hasten: () => all.stop.abort(),
  }
}

function classOf(all: Whole, name: string): Class {
  const found = all.open.get(name)
  if (found) return found
  const own = Object.hasOwn(all.classes, name) ? name : 'default'
  const { limit = null, announced = null } = all.classes[own] ?? {}
  const times = { free: 0, blocked: 0, heldUntil: 0, leftAt: 0 }
  const fresh = { name, limit, announced, lines: new Map(), ...times, left: limit?.capacity ?? 0 }
  const made = own === name ? fresh : classOf(all, own)
  all.open.set(name, made)
  return made
}

/** Never rejects: what is not heard costs politeness only, and whoever keeps the buckets reports its own trouble. */
async function hear({ budgets, connection }: Whole, of: Class, heard: Heard): Promise<void> {
  await budgets.hear({ connection, class: of.name }, of.limit ?? NO_LIMIT, heard).catch(() => undefined)
}

function block(all: Whole, of: Class, time: number): Promise<void> {
  of.blocked = Math.max(of.blocked, performance.now() + time)
  of.heldUntil = Math.max(of.heldUntil, of.blocked)
  of.free = 0
  return hear(all, of, { blockedFor: time })
}

function lineOf({ budgets, connection, stop }: Whole, of: Class, lane: Lane): Line {
  const found = of.lines.get(lane)
  if (found) return found
  const made = openLine({
    lane,
    limit: () => of.limit ?? NO_LIMIT,
    left: () => leftOf(of),
    stop: stop.signal,
    async take(request) {
      const known = of.blocked - performance.now()
      if (known > 0) return { taken: false, wait: known, left: of.left, ticket: request.ticket }
      const answer = await budgets.take({ connection, class: of.name }, of.limit ?? NO_LIMIT, request)
      of.left = answer.left
      of.leftAt = performance.now()
      return answer
    },
    refused(wait) {
      if (lane === 'write') of.heldUntil = Math.max(of.heldUntil, performance.now() + wait)
    },
  })
  of.lines.set(lane, made)
  return made
}

/** By what the last take said, and what was earned since. */
function leftOf({ limit, left, leftAt }: Class): number {
  const { capacity, perSecond } = limit ?? NO_LIMIT
  return Math.min(capacity, left + ((performance.now() - leftAt) / 1000) * perSecond)
}

async function turn(all: Whole, of: Class, { lane, cost, signal }: CallAhead): Promise<void> {
  const began = performance.now()
  if (!of.limit && began < of.free) return
  const counted = of.announced === 'shopify-cost' ? cost : 1
  await lineOf(all, of, lane).wait(of.limit ? counted : 0, signal)
  if (!of.limit) of.free = performance.now() + ASKED_EVERY
  hasWaited(signal, performance.now() - began)
}

async function answered(all: Whole, of: Class, answer: HttpAnswer): Promise<void> {
  const { announced } = of
  const told = announced && announced !== 'shopify-cost' ? announcement(answer.headers, announced) : {}
  if (of.limit && told.perSecond) of.limit = { ...of.limit, perSecond: told.perSecond }
  await hold(all, of, asksForPause(answer, told), told)
}

async function hold(
  all: Whole,
  of: Class,
  pause: ReturnType<typeof asksForPause>,
  told: Announcement,
): Promise<void> {
  if (pause === 'empty') await (of.limit ? hear(all, of, { available: 0 }) : block(all, of, ASKED_EVERY))
  else if (pause !== null) await block(all, of, pause)
  else remains(all, of, told)
}

/** Said inside a 200, or by a status that usually says something else. What a status said already is not heard twice. */
async function throttled(
  all: Whole,
  of: Class,
  answer: HttpAnswer | null,
  wait: number | undefined,
): Promise<void> {
  const { announced } = of
  const headers = answer?.headers ?? {}
  const told = announced && announced !== 'shopify-cost' ? announcement(headers, announced) : {}
  if (answer && asksForPause(answer, told) !== null) return
  const refused = { status: 429, headers, body: Buffer.alloc(0) }
  await hold(all, of, wait ?? asksForPause(refused, told), told)
}

/** Fewer calls are left than the bucket believed: somebody else uses them too, or the window is a fixed one. */
function remains(all: Whole, of: Class, { remaining, reset }: Announcement): void {
  if (remaining === undefined || remaining >= of.left) return
  of.left = remaining
  if (remaining < 1 && reset) void block(all, of, reset)
  else void hear(all, of, { available: remaining })
}

async function spent(all: Whole, of: Class, { taken, requested, actual, bucket }: QueryCost): Promise<void> {
  if (of.announced !== 'shopify-cost' || !of.limit) {
    if (actual === null) await block(all, of, untilEarned(requested, bucket))
    return
  }
  if (bucket && bucket.restoreRate > 0)
    of.limit = { capacity: bucket.maximumAvailable, perSecond: bucket.restoreRate }
  const available = bucket
    ? { available: bucket.currentlyAvailable }
    : actual === null
      ? { available: 0 }
      : {}
  await hear(all, of, { unused: taken - (actual ?? 0), ...available })
}

/** (requested − available) / restore rate, where calls are counted and only the remote counts points. */
function untilEarned(requested: number, bucket: QueryCost['bucket']): number {
  if (!bucket || !(bucket.restoreRate > 0)) return ASKED_EVERY
  const seconds = (requested - bucket.currentlyAvailable) / bucket.restoreRate
  return Math.ceil(Math.max(0.1, seconds) * 1000)
}

/**
 * The calls of one process that wait for the same bucket in the same lane: first come, first served. Only the
 * line asks the bucket, so a process asks once however many of its calls wait, and those that fit together take
 * their turn together.
 */
import { type BudgetLimit, type Lane, LOOK, type Request, type Turn } from '../core/budget.ts'
import { timeLeft } from '../core/time-limit.ts'
import { failure } from './client.ts'
import type { HttpFailure } from './hooks.ts'

/**
 * So long a call waits for its turn at most; who has to wait longer is told to come again. A write keeps half of
 * its time for the call itself: to be cut off in the middle would leave it in doubt. Milliseconds.
 */
const PATIENCE = 15_000

/** What is earned in this time may be taken at once, so that a fast remote costs no round trip per call. Seconds. */
const TOGETHER = 0.1

export interface LineOptions {
  lane: Lane
  /** As it is known now. */
  limit(): BudgetLimit
  /** What the bucket holds now, as far as this process knows. */
  left(): number
  take(request: Request): Promise<Turn>
  /** Told when calls are sent away, and for how long. Milliseconds. */
  refused(wait: number): void
  /** Aborted: who waits is sent away, and nobody waits any more. */
  stop: AbortSignal
}

export interface Line {
  /** Resolves when so much may be sent. Throws HttpFailure, not sent, with `retryAfter` where it knows. */
  wait(cost: number, signal: AbortSignal): Promise<void>
}

interface Waiter {
  cost: number
  /** Its patience ends; by performance.now(). */
  until: number
  go(): void
  sendAway(error: HttpFailure): void
}

/** The line's place among those of other processes; it stays when calls are sent away and others come. */
interface Place {
  ticket: number | null
}

/** Made by `createPace`, one for each lane that calls. */
export function openLine(options: LineOptions): Line {
  const { lane, limit, left, refused, stop } = options
  const waiting = new Set<Waiter>()
  const place: Place = { ticket: null }
  let serving = false
  const sendAway = (waiter: Waiter, wait: number) => {
    refused(wait)
    waiter.sendAway(tooFar(wait))
  }
  /** As long as somebody waits. Never throws. */
  const serve = async () => {
    serving = true
    while (waiting.size > 0) await serveFirst(options, waiting, place, sendAway)
    serving = false
  }
  stop.addEventListener('abort', () => {
    for (const waiter of waiting) sendAway(waiter, 0)
  })
  return {
    async wait(cost, signal) {
      if (signal.aborted) throw failure('ABORTED', false)
      const patience = stop.aborted ? 0 : patienceOf(lane, signal)
      // whoever stands before it takes at least so long
      const ahead = [...waiting].reduce((sum, waiter) => sum + waiter.cost, 0)
      const wait = ((ahead - left()) / limit().perSecond) * 1000
      if (ahead > 0 && wait > patience) {
        refused(wait)
        throw tooFar(wait)
      }
      const turn = join(waiting, { cost, until: performance.now() + patience }, signal)
      if (!serving) void serve()
      await turn
    },
  }
}

function join(
  waiting: Set<Waiter>,
  { cost, until }: Pick<Waiter, 'cost' | 'until'>,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = () => {
      waiting.delete(waiter)
      signal.removeEventListener('abort', abort)
    }
    const waiter: Waiter = {
      cost,
      until,
      go() {
        leave()
        resolve()
      },
      sendAway(error) {
        leave()
        reject(error)
      },
    }
    const abort = () => waiter.sendAway(failure('ABORTED', false))
    signal.addEventListener('abort', abort)
    waiting.add(waiter)
  })
}

function patienceOf(lane: Lane, signal: AbortSignal): number {
  const left = timeLeft(signal)
  return Math.min(PATIENCE, lane === 'write' ? left / 2 : left)
}

/** Asks the bucket for those at the head of the line, and waits as it says. */
async function serveFirst(
  { lane, limit, take, stop }: LineOptions,
  waiting: Set<Waiter>,
  place: Place,
  sendAway: (waiter: Waiter, wait: number) => void,
): Promise<void> {
  const first = together(waiting, limit())
  const patience = Math.max(0, Math.min(...first.map((w) => w.until)) - performance.now())
  const cost = first.reduce((sum, waiter) => sum + waiter.cost, 0)
  const turn = await take({ cost, lane, patience, ticket: place.ticket }).catch(() => NOBODY_KNOWS)
  place.ticket = turn.ticket
  if (turn.taken) {
    await rest(turn.wait, stop)
    for (const waiter of first) if (waiting.has(waiter)) waiter.go()
    return
  }
  const again = performance.now() + turn.wait
  for (const waiter of [...waiting]) if (waiter.until < again) sendAway(waiter, turn.wait)
  if (waiting.size > 0) await rest(Math.min(turn.wait, LOOK), stop)
}

/** Whoever keeps the buckets failed: to wait would help nobody. */
const NOBODY_KNOWS: Turn = { taken: true, wait: 0, left: 0, ticket: null }

/** Those at the head of the line that may take their turn at once; at least one. */
function together(waiting: Set<Waiter>, { capacity, perSecond }: BudgetLimit): Waiter[] {
  const most = Math.min(capacity, perSecond * TOGETHER)
  const out: Waiter[] = []
  let sum = 0
  for (const waiter of waiting) {
    sum += waiter.cost
    if (out.length > 0 && sum > most) break
    out.push(waiter)
  }
  return out
}

function tooFar(wait: number): HttpFailure {
  return Object.assign(failure('BUDGET', false), { retryAfter: Math.ceil(wait) })
}

/** Rounded up: a timer may fire a little early. */
function rest(milliseconds: number, stop: AbortSignal): Promise<void> {
  if (milliseconds <= 0 || stop.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer)
      stop.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, Math.ceil(milliseconds) + 1)
    stop.addEventListener('abort', end)
  })
}

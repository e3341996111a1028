/**
 * Delivery of pushes (facts §7.3): headers `app-id` and `event-sign`, a body that is an array of messages, and
 * success only for HTTP 200 with `{"code":0}`. How often and after how long the platform tries again is not
 * known; the gaps here are a guess, growing over an hour.
 */
import { delayOf, type Faults } from '../faults.ts'
import { TAG } from './messages.ts'
import { signPush } from './sign.ts'
import type { Delivery, Store } from './store.ts'

/** Seconds before each retry. */
export const RETRY_GAPS = Object.freeze([10, 60, 300, 900, 2400])

/** Faults of the way to the receiver; `pushReorder` holds a push back by `min`..`max` ms. */
export const PUSH_FAULTS = ['pushDuplicate', 'pushReorder', 'pushLose'] as const

export interface PushOptions {
  url: string
  appKey: string
  secret: string
  retryGaps: readonly number[]
  retryScale: number
  answerTimeout: number
}

/** Pushes under way at a time. */
const AT_ONCE = 16

/** Starts delivering; what the store still owes from before is taken up again at once. */
export function createPush(store: Store, faults: Faults, options: PushOptions) {
  const ready: Delivery[] = []
  const timers = new Set<NodeJS.Timeout>()
  const stop = new AbortController()
  const tally = { lost: 0, duplicated: 0, reordered: 0, inFlight: 0 }

  function later(d: Delivery, ms: number): void {
    const timer = setTimeout(() => {
      timers.delete(timer)
      enter(d)
    }, ms)
    timers.add(timer)
  }

  function enter(d: Delivery): void {
    ready.push(d)
    pump()
  }

  function pump(): void {
    while (!stop.signal.aborted && tally.inFlight < AT_ONCE && ready.length > 0) void run(ready.shift()!)
  }

  async function run(d: Delivery): Promise<void> {
    tally.inFlight += 1
    const attempt = d.attempts + 1
    const why = await post(d.body, options, stop.signal)
    tally.inFlight -= 1
    if (stop.signal.aborted) return
    if (store.owed.has(d.id)) settle(d, attempt, why)
    pump()
  }

  function settle(d: Delivery, attempt: number, why: string): void {
    const gap = options.retryGaps[attempt - 1]
    if (why === '') store.push(d.id, attempt, 'delivered', '')
    else if (gap === undefined) store.push(d.id, attempt, 'gone', why)
    else {
      store.push(d.id, attempt, 'failed', why)
      later(d, gap * 1000 * options.retryScale)
    }
  }

  function start(d: Delivery): void {
    if (faults.hit('pushLose')) {
      tally.lost += 1
      store.push(d.id, 0, 'gone', 'lost on purpose')
      return
    }
    if (faults.hit('pushDuplicate')) {
      tally.duplicated += 1
      enter({ ...d })
    }
    const held = faults.hit('pushReorder')
    if (!held) {
      enter(d)
      return
    }
    tally.reordered += 1
    later(d, delayOf({ min: 200, max: 2000, ...held }, faults.random()))
  }

  for (const d of store.owed.values()) enter(d)
  return {
    /** Takes new pushes on; faults are drawn here. */
    enqueue(deliveries: readonly Delivery[]): void {
      for (const d of deliveries) start(d)
    },
    /** Checks the receiver's address with tag 0: '' when it answers as it must, else the reason. */
    check: () => post(JSON.stringify([{ tag: TAG.check, msg_id: '0', data: 'check' }]), options, stop.signal),
    /** Pushes owed, under way, and what the faults did. */
    stats: () => ({ owed: store.owed.size, waiting: ready.length, ...tally }),
    close(): void {
      stop.abort()
      for (const timer of timers) clearTimeout(timer)
    },
  }
}

/** One attempt: '' when the receiver took it, else the reason; never rejects. */
async function post(body: string, options: PushOptions, signal: AbortSignal): Promise<string> {
  try {
    const response = await fetch(options.url, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        'app-id': options.appKey,
        'event-sign': signPush(options.appKey, body, options.secret),
      },
      body,
      signal: AbortSignal.any([signal, AbortSignal.timeout(options.answerTimeout)]),
    })
    const text = await response.text()
    if (response.status !== 200) return String(response.status)
    return codeOf(text) === 0 ? '' : 'the answer is not {"code":0}'
  } catch (cause) {
    if (cause instanceof Error) return cause.message
    throw cause
  }
}

function codeOf(text: string): unknown {
  try {
    return (JSON.parse(text) as { code?: unknown } | null)?.code
  } catch (cause) {
    if (cause instanceof SyntaxError) return undefined
    throw cause
  }
}

/** Notifications as the marketplace sends them (api.md, chapter 7): signed anew for every attempt, repeated five times. */
import { Agent, request } from 'node:http'
import { delayOf, type Faults } from '../faults.ts'
import { hookSignatureOf } from './sign.ts'
import type { Delivery, Store } from './store.ts'
import { noticeView } from './view.ts'

/** Seconds before each repetition. */
export const RETRY_GAPS = Object.freeze([10, 60, 300, 1800, 7200])

/** Faults of the way to the receiver; `webhookReorder` holds a notification back by `min`..`max` ms. */
export const WEBHOOK_FAULTS = ['webhookDuplicate', 'webhookReorder', 'webhookLose'] as const

export interface WebhookOptions {
  url: string
  secret: string
  shop: number
  /** Multiplies the gaps. */
  retryScale: number
  /** The receiver's time for its whole answer, ms. */
  answerTimeout: number
}

/** Requests at a time. */
const CONCURRENCY = 32
/** Most of an answer that is looked at, characters. */
const ANSWER_LIMIT = 4096

/** Starts notifying; what the store still owes from before is taken up again at once. */
export function createWebhooks(store: Store, faults: Faults, options: WebhookOptions | null) {
  const agent = new Agent({ keepAlive: true, maxSockets: CONCURRENCY, scheduling: 'fifo' })
  const ready: Delivery[] = []
  const timers = new Set<NodeJS.Timeout>()
  const tally = { lost: 0, duplicated: 0, reordered: 0, inFlight: 0 }
  let closed = false

  function later(d: Delivery, ms: number): void {
    const timer = setTimeout(() => {
      timers.delete(timer)
      push(d)
    }, ms)
    timers.add(timer)
  }

  function push(d: Delivery): void {
    ready.push(d)
    while (!closed && tally.inFlight < CONCURRENCY && ready.length > 0) void run(ready.shift()!)
  }

  async function run(d: Delivery): Promise<void> {
    tally.inFlight += 1
    const attempt = d.attempts + 1
    const status = await send(d, agent, options!)
    tally.inFlight -= 1
    if (!closed) settle(d, attempt, status)
    const next = ready.shift()
    if (next && !closed) void run(next)
  }

  function settle(d: Delivery, attempt: number, status: string): void {
    if (!store.owed.has(d.id)) return
    const gap = RETRY_GAPS[attempt - 1]
    if (status === 'received') store.hook(d.id, attempt, 'delivered', status)
    else if (gap === undefined) store.hook(d.id, attempt, 'gone', status)
    else {
      store.hook(d.id, attempt, 'failed', status)
      later(d, gap * 1000 * options!.retryScale)
    }
  }

  function start(d: Delivery): void {
    if (faults.hit('webhookLose')) {
      tally.lost += 1
      store.hook(d.id, 0, 'gone', 'lost on purpose')
      return
    }
    if (faults.hit('webhookDuplicate')) {
      tally.duplicated += 1
      push({ ...d })
    }
    const held = faults.hit('webhookReorder')
    if (held) {
      tally.reordered += 1
      later(d, delayOf({ min: 200, max: 2000, ...held }, faults.random()))
    } else push(d)
  }

  if (options) for (const d of store.owed.values()) push(d)
  return {
    /** Takes new notifications on; faults are drawn here. */
    enqueue(deliveries: readonly Delivery[]): void {
      for (const d of deliveries) start(d)
    },
    /** What is owed, waits, is under way, and what the faults did. */
    stats: () => ({ owed: store.owed.size, waiting: ready.length, ...tally }),
    close(): void {
      closed = true
      for (const timer of timers) clearTimeout(timer)
      agent.destroy()
    },
  }
}

/** One attempt. Resolves to `received`, or to what was wrong; never rejects. */
function send(d: Delivery, agent: Agent, options: WebhookOptions): Promise<string> {
  const body = Buffer.from(JSON.stringify(noticeView(d.event, options.shop, d.order)), 'utf8')
  return new Promise((resolve) => {
    const headers = headersOf(d, body, options)
    const req = request(options.url, { method: 'POST', agent, headers })
    const whole = setTimeout(() => req.destroy(new Error('no answer in time')), options.answerTimeout)
    const finish = (status: string) => {
      clearTimeout(whole)
      resolve(status)
    }
    req.once('response', (res) => {
      let text = ''
      res.setEncoding('utf8')
      res.on('data', (chunk: string) => {
        text = (text + chunk).slice(0, ANSWER_LIMIT)
      })
      res.once('end', () => finish(judge(res.statusCode ?? 0, text)))
      res.once('close', () => finish('answer cut off'))
    })
    req.once('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(whole)
      // the receiver may close an idle connection just as we use it: that is no failed attempt
      if (req.reusedSocket && error.code === 'ECONNRESET') resolve(send(d, agent, options))
      else resolve(error.message)
    })
    req.end(body)
  })
}

/** Only HTTP 200 with `{"code":0}` counts. */
function judge(status: number, text: string): string {
  if (status !== 200) return `HTTP ${status}`
  try {
    return (JSON.parse(text) as { code?: unknown } | null)?.code === 0
      ? 'received'
      : 'another answer than {"code":0}'
  } catch {
    return 'an answer that is no JSON'
  }
}

function headersOf(d: Delivery, body: Buffer, options: WebhookOptions): Record<string, string | number> {
  const timestamp = Math.floor(Date.now() / 1000)
  return {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': body.length,
    'X-Lumavega-Event': d.event,
    'X-Lumavega-Delivery': d.id,
    'X-Lumavega-Timestamp': timestamp,
    'X-Lumavega-Signature': hookSignatureOf(timestamp, body, options.secret),
  }
}

/**
 * Webhook delivery as Shopify does it (facts §1.6): signed raw body, connection within 1 s and the whole
 * answer within 5 s, only 2xx counts, 8 retries with growing gaps and the same payload, and the subscription
 * is deleted when all of them failed and nothing else got through meanwhile.
 */
import { createHmac } from 'node:crypto'
import { Agent, request } from 'node:http'
import { delayOf, type Faults } from '../faults.ts'
import { restOrder, restRefund } from './rest.ts'
import type { Delivery, Store } from './store.ts'

/** Seconds before each retry; they grow and add up to 4 h. */
export const RETRY_GAPS = Object.freeze([15, 60, 240, 600, 1200, 2400, 4200, 5685])

/** Faults of the way to the receiver; `webhookReorder` holds a delivery back by `min`..`max` ms. */
export const WEBHOOK_FAULTS = ['webhookDuplicate', 'webhookReorder', 'webhookLose'] as const

export interface WebhookOptions {
  secret: string
  domain: string
  apiVersion: string
  /** Seconds before each retry. */
  retryGaps: readonly number[]
  /** Multiplies the gaps; 0.001 makes 4 hours 14 s. */
  retryScale: number
  /** Requests at a time. */
  concurrency: number
  /** The receiver's time for connection and whole answer, ms. */
  connectTimeout: number
  answerTimeout: number
}

const GAP_UNIT = 1000

/** base64(HMAC-SHA256(secret, raw body)). */
export function signatureOf(secret: string, body: string | Buffer): string {
  return createHmac('sha256', secret).update(body).digest('base64')
}

/** The exact body of a delivery: a function of the order as it was then, so retries repeat it. */
export function payloadOf(d: Pick<Delivery, 'topic' | 'order'>): string {
  if (d.topic === 'refunds/create') return JSON.stringify(restRefund(d.order, d.order.refunds.at(-1)!))
  return JSON.stringify(restOrder(d.order))
}

/** Starts delivering; what the store still owes from before is taken up again at once. */
export function createWebhooks(store: Store, faults: Faults, options: WebhookOptions) {
  const agent = new Agent({ keepAlive: true, maxSockets: options.concurrency, scheduling: 'fifo' })
  const ready: Delivery[] = []
  const timers = new Set<NodeJS.Timeout>()
  const lastSuccess = new Map<number, number>()
  const firstTry = new Map<string, number>()
  const tally = { lost: 0, duplicated: 0, reordered: 0, inFlight: 0 }
  let head = 0
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
    pump()
  }

  function pump(): void {
    while (!closed && tally.inFlight < options.concurrency && head < ready.length) {
      const d = ready[head]!
      head += 1
      if (head > 1000 && head * 2 > ready.length) {
        ready.splice(0, head)
        head = 0
      }
      void run(d)
    }
  }

  async function run(d: Delivery): Promise<void> {
    tally.inFlight += 1
    const attempt = d.attempts + 1
    if (!firstTry.has(d.id)) firstTry.set(d.id, Date.now())
    const status = await send(d, agent, options)
    tally.inFlight -= 1
    if (!closed) settle(d, attempt, status)
    pump()
  }

  function settle(d: Delivery, attempt: number, status: string): void {
    if (!store.owed.has(d.id)) return
    if (/^2\d\d$/.test(status)) {
      lastSuccess.set(d.subscription.id, Date.now())
      firstTry.delete(d.id)
      store.hook(d.id, attempt, 'delivered', status)
    } else if (attempt <= options.retryGaps.length) {
      store.hook(d.id, attempt, 'failed', status)
      later(d, options.retryGaps[attempt - 1]! * GAP_UNIT * options.retryScale)
    } else giveUp(d, attempt, status)
  }

  function giveUp(d: Delivery, attempt: number, status: string): void {
    const since = firstTry.get(d.id) ?? 0
    firstTry.delete(d.id)
    store.hook(d.id, attempt, 'gone', status)
    if ((lastSuccess.get(d.subscription.id) ?? 0) < since) {
      store.unsubscribe(d.subscription.id, `${attempt} deliveries failed in a row, last: ${status}`)
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

  for (const d of store.owed.values()) push(d)
  return {
    /** Takes new deliveries on; faults are drawn here. */
    enqueue(deliveries: readonly Delivery[]): void {
      for (const d of deliveries) start(d)
    },
    /** Deliveries owed, under way, and what the faults did. */
    stats: () => ({ owed: store.owed.size, waiting: ready.length - head, ...tally }),
    close(): void {
      closed = true
      for (const timer of timers) clearTimeout(timer)
      agent.destroy()
    },
  }
}

/** One attempt. Resolves to the HTTP status as text, or to the reason why there is none; never rejects. */
function send(d: Delivery, agent: Agent, options: WebhookOptions): Promise<string> {
  const body = Buffer.from(payloadOf(d), 'utf8')
  return new Promise((resolve) => {
    const req = request(d.subscription.uri, { method: 'POST', agent, headers: headersOf(d, body, options) })
    const whole = setTimeout(() => req.destroy(new Error('no answer in time')), options.answerTimeout)
    req.once('socket', (socket) => {
      if (!socket.connecting) return
      const connect = setTimeout(
        () => req.destroy(new Error('no connection in time')),
        options.connectTimeout,
      )
      const done = () => clearTimeout(connect)
      socket.once('connect', done).once('close', done)
    })
    const finish = (status: string) => {
      clearTimeout(whole)
      resolve(status)
    }
    req.once('response', (res) => {
      res.resume()
      res.once('end', () => finish(String(res.statusCode)))
      res.once('close', () => finish('answer cut off'))
    })
    req.once('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(whole)
      // The receiver may close an idle connection just as we use it: that is no failed delivery.
      if (req.reusedSocket && error.code === 'ECONNRESET') resolve(send(d, agent, options))
      else resolve(error.message)
    })
    req.end(body)
  })
}

function headersOf(d: Delivery, body: Buffer, options: WebhookOptions): Record<string, string | number> {
  return {
    'Content-Type': 'application/json',
    'Content-Length': body.length,
    'User-Agent': 'Shopify-Captain-Hook',
    'X-Shopify-Topic': d.topic,
    'X-Shopify-Hmac-Sha256': signatureOf(options.secret, body),
    'X-Shopify-Shop-Domain': options.domain,
    'X-Shopify-API-Version': options.apiVersion,
    'X-Shopify-Webhook-Id': d.id,
    'X-Shopify-Event-Id': d.eventId,
    'X-Shopify-Triggered-At': d.at,
  }
}

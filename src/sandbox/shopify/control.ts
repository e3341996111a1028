/** What tests and people may do to the sandbox shop under `/_sandbox/`: make orders, change them, look. */
import { setImmediate as turn } from 'node:timers/promises'
import type { Faults } from '../faults.ts'
import { CATALOGUE } from '../generate/catalogue.ts'
import { priceIn } from '../generate/draft.ts'
import { applyLater, generateOrder, laterChange } from '../generate/order.ts'
import {
  ChangeRefused,
  cancel,
  type EditRequest,
  edit,
  type RefundRequest,
  refund,
  settle,
} from './change.ts'
import type { createGraph } from './graph.ts'
import type { ShopOrder } from './order.ts'
import type { Change, Held, Store } from './store.ts'
import type { createWebhooks } from './webhooks.ts'

/** What the control routes work on. */
export interface ControlParts {
  store: Store
  faults: Faults
  webhooks: ReturnType<typeof createWebhooks>
  graph: ReturnType<typeof createGraph>
  commit(orders: ShopOrder[], change: Change | null): void
}

interface Answer {
  status: number
  body: unknown
}

/** `POST /_sandbox/orders`. `rate`: orders per second, 0 at once; `changeWithin`: ms that later changes may take. */
interface StreamRequest {
  count: number
  seed?: number
  rate?: number
  hard?: boolean
  changes?: boolean
  changeWithin?: number
}

interface Stream {
  id: number
  count: number
  created: number
  changesDue: number
  changesDone: number
}

const BATCH = 50

/** Makes the control routes. `close` stops streams and pending changes. */
export function createControl(parts: ControlParts) {
  const { store, faults } = parts
  const streams: Stream[] = []
  const timers = new Set<NodeJS.Timeout>()
  let closed = false

  function makeBatch(stream: Stream, asked: StreamRequest, size: number): void {
    const seed = asked.seed ?? 1
    const now = new Date()
    const first = store.held.size
    const orders = Array.from({ length: size }, (_, i) =>
      generateOrder(seed, first + i, now, asked.hard === true),
    )
    parts.commit(orders, null)
    stream.created += size
    if (asked.changes) for (const o of orders) planChange(stream, asked, o.id)
  }

  function planChange(stream: Stream, asked: StreamRequest, id: number): void {
    const seed = asked.seed ?? 1
    const planned = laterChange(seed, id % 1_000_000, store.held.get(id)!.expectation)
    if (!planned) return
    stream.changesDue += 1
    const timer = setTimeout(
      () => {
        timers.delete(timer)
        stream.changesDone += 1
        change(id, planned.kind, (o) => applyLater(o, planned.kind, seed, new Date()))
      },
      planned.delay * (asked.changeWithin ?? 5000),
    )
    timers.add(timer)
  }

  async function run(stream: Stream, asked: StreamRequest): Promise<void> {
    const start = performance.now()
    while (!closed && stream.created < stream.count) {
      const left = stream.count - stream.created
      const due = asked.rate
        ? Math.floor(((performance.now() - start) / 1000) * asked.rate) - stream.created
        : left
      if (due > 0) makeBatch(stream, asked, Math.min(due, left, BATCH))
      if (asked.rate) await new Promise<void>((resolve) => wait(resolve))
      else await turn()
    }
  }

  function wait(resolve: () => void): void {
    const timer = setTimeout(() => {
      timers.delete(timer)
      resolve()
    }, 10)
    timers.add(timer)
  }

  function change(id: number, kind: Change, make: (order: ShopOrder) => ShopOrder): Answer {
    const order = store.order(id)
    if (!order) return { status: 404, body: { error: 'no such order' } }
    try {
      const changed = make(order)
      parts.commit([changed], kind)
      return { status: 200, body: { order: changed, expected: store.held.get(id)!.expectation } }
    } catch (error) {
      if (error instanceof ChangeRefused) return { status: 422, body: { error: error.message } }
      throw error
    }
  }

  async function startStream(asked: StreamRequest): Promise<Answer> {
    if (!Number.isSafeInteger(asked.count) || asked.count < 0)
      return { status: 422, body: { error: 'count?' } }
    const stream = { id: streams.length + 1, count: asked.count, created: 0, changesDue: 0, changesDone: 0 }
    streams.push(stream)
    const running = run(stream, asked)
    if (!asked.rate) {
      await running
      return { status: 201, body: stream }
    }
    running.catch((error: Error) =>
      console.error(`stream ${stream.id} of the sandbox shop ended: ${error.message}`),
    )
    return { status: 202, body: stream }
  }

  async function post(path: string, asked: unknown): Promise<Answer> {
    if (path === '/_sandbox/faults') return setFaults(faults, asked)
    if (path === '/_sandbox/orders') return startStream(asked as StreamRequest)
    const m = /^\/_sandbox\/orders\/(\d+)\/(edit|cancel|refund|pay)$/.exec(path)
    if (!m) return { status: 404, body: { error: 'no such route' } }
    const id = Number(m[1])
    const now = new Date()
    if (m[2] === 'cancel') return change(id, 'cancelled', (o) => cancel(o, now))
    if (m[2] === 'pay') return change(id, 'paid', (o) => settle(o, now))
    if (m[2] === 'refund')
      return change(id, 'refunded', (o) => refund(o, refundOf(asked as RefundRequest), now))
    return change(id, 'edited', (o) => edit(o, editOf(o, asked as EditRequest), now))
  }

  function get(url: URL): Answer {
    const page = pageOf(url, [...store.held.values()])
    if (url.pathname === '/_sandbox/orders') return { status: 200, body: page.map(raw) }
    if (url.pathname === '/_sandbox/expected') return { status: 200, body: page.map((h) => h.expectation) }
    if (url.pathname === '/_sandbox/faults') return { status: 200, body: faults.current() }
    if (url.pathname === '/_sandbox/stats') return { status: 200, body: stats(parts, streams) }
    return { status: 404, body: { error: 'no such route' } }
  }

  return {
    /** Answers one `/_sandbox/` request. Rejects only on a fault of the sandbox itself. */
    async answer(method: string, url: URL, body: Buffer): Promise<Answer> {
      if (method === 'GET') return get(url)
      if (method !== 'POST') return { status: 405, body: { error: 'GET or POST' } }
      try {
        return await post(url.pathname, body.length > 0 ? JSON.parse(body.toString('utf8')) : {})
      } catch (error) {
        if (error instanceof SyntaxError) return { status: 400, body: { error: 'not JSON' } }
        if (error instanceof RangeError) return { status: 422, body: { error: error.message } }
        throw error
      }
    },
    close(): void {
      closed = true
      for (const timer of timers) clearTimeout(timer)
    },
  }
}

function setFaults(faults: Faults, asked: unknown): Answer {
  faults.set(asked as Record<string, unknown>)
  return { status: 200, body: faults.current() }
}

/** `?offset=&limit=` cut a page out; absent: everything. */
function pageOf(url: URL, all: Held[]): Held[] {
  const offset = Number(url.searchParams.get('offset') ?? 0)
  const limit = Number(url.searchParams.get('limit') ?? all.length)
  return all.slice(offset, offset + limit)
}

/** One order raw: its newest version, and every version with the instant (with milliseconds) it was made. */
function raw(held: Held): object {
  return { ...held.versions.at(-1)!.order, versions: held.versions }
}

function stats({ store, faults, webhooks, graph }: ControlParts, streams: Stream[]): object {
  return {
    orders: store.held.size,
    versions: [...store.held.values()].reduce((n, h) => n + h.versions.length, 0),
    webhooks: { ...webhooks.stats(), ...store.counters, subscriptions: store.subscriptions.size },
    throttled: graph.throttled(),
    streams,
    faults: faults.struck(),
  }
}

/** An empty refund request means everything. */
function refundOf(asked: RefundRequest): RefundRequest {
  return Object.keys(asked).length === 0 ? { full: true } : asked
}

/** An empty edit request adds one piece of the first article. */
function editOf(order: ShopOrder, asked: EditRequest): EditRequest {
  if (Object.keys(asked).length > 0) return asked
  const { sku, name, price } = CATALOGUE[0]!
  return { add: { sku, title: name, unitPrice: priceIn(order.currency, price), quantity: 1 } }
}

/** What tests and people may do to the sandbox marketplace under `/_sandbox/`: make orders, change them, look. */
import { setImmediate as turn } from 'node:timers/promises'
import type { Faults } from '../faults.ts'
import { parseBody } from '../serve.ts'
import type { createGateway } from './gateway.ts'
import { applyLater, generateOrder, laterChange } from './generate.ts'
import {
  ChangeRefused,
  cancel,
  deliver,
  type Edit,
  edit,
  linesOf,
  type Order,
  pay,
  type RefundRequest,
  refund,
} from './order.ts'
import type { Change, Held, Store } from './store.ts'
import type { createWebhooks } from './webhooks.ts'

/** What the control routes work on. */
export interface ControlParts {
  store: Store
  faults: Faults
  webhooks: ReturnType<typeof createWebhooks>
  gateway: ReturnType<typeof createGateway>
}

interface Answer {
  status: number
  body: unknown
}

/**
 * `POST /_sandbox/orders`. `rate`: orders per second, 0 at once; `changeWithin`: ms that later changes may take; `at`:
 * placed at this instant instead of now.
 */
interface StreamRequest {
  count: number
  seed?: number
  rate?: number
  hard?: boolean
  changes?: boolean
  changeWithin?: number
  at?: string
}

interface Stream {
  id: number
  count: number
  created: number
  changesDue: number
  changesDone: number
}

const BATCH = 50
const bad = (error: string): Answer => ({ status: 422, body: { error } })

/** Makes the control routes. `close` stops streams and pending changes. */
export function createControl(parts: ControlParts) {
  const { store, webhooks } = parts
  const streams: Stream[] = []
  const timers = new Set<NodeJS.Timeout>()
  let closed = false

  function makeBatch(stream: Stream, asked: StreamRequest, size: number): void {
    const now = asked.at === undefined ? new Date() : new Date(asked.at)
    const first = store.held.size
    const seed = asked.seed ?? 1
    const orders = Array.from({ length: size }, (_, i) =>
      generateOrder(seed, first + i, now, asked.hard === true),
    )
    webhooks.enqueue(store.put(orders, null, now))
    stream.created += size
    if (asked.changes) for (const [i, o] of orders.entries()) planChange(stream, asked, o, first + i)
  }

  function planChange(stream: Stream, asked: StreamRequest, order: Order, index: number): void {
    const planned = laterChange(asked.seed ?? 1, index, order)
    if (!planned) return
    stream.changesDue += 1
    wait(planned.delay * (asked.changeWithin ?? 5000), () => {
      stream.changesDone += 1
      change(order.id, planned.kind, (o) => applyLater(o, planned.kind, asked.seed ?? 1, new Date()))
    })
  }

  function wait(ms: number, then: () => void): void {
    const timer = setTimeout(() => {
      timers.delete(timer)
      then()
    }, ms)
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
      if (asked.rate) await new Promise<void>((resolve) => wait(10, resolve))
      else await turn()
    }
  }

  function change(id: string, kind: Change, make: (order: Order) => Order): Answer {
    const order = store.order(id)
    if (!order) return { status: 404, body: { error: 'no such order' } }
    try {
      const changed = make(order)
      webhooks.enqueue(store.put([changed], kind, new Date()))
      return { status: 200, body: { order: changed, expected: store.held.get(id)!.expectation } }
    } catch (error) {
      if (error instanceof ChangeRefused) return bad(error.message)
      throw error
    }
  }

  async function startStream(asked: StreamRequest): Promise<Answer> {
    if (!Number.isSafeInteger(asked.count) || asked.count < 0) return bad('count?')
    if (asked.at !== undefined && Number.isNaN(Date.parse(asked.at))) return bad('at?')
    const stream = { id: streams.length + 1, count: asked.count, created: 0, changesDue: 0, changesDone: 0 }
    streams.push(stream)
    const running = run(stream, asked)
    if (!asked.rate) {
      await running
      return { status: 201, body: stream }
    }
    running.catch((error: Error) =>
      console.error(`stream ${stream.id} of the marketplace ended: ${error.message}`),
    )
    return { status: 202, body: stream }
  }

  async function post(path: string, asked: object): Promise<Answer> {
    if (path === '/_sandbox/faults') {
      parts.faults.set(asked as Record<string, unknown>)
      return { status: 200, body: parts.faults.current() }
    }
    if (path === '/_sandbox/session') {
      store.setSession((asked as { valid?: boolean }).valid !== false)
      return { status: 200, body: { valid: store.session() } }
    }
    if (path === '/_sandbox/orders') return startStream(asked as StreamRequest)
    const [, id, what] = /^\/_sandbox\/orders\/(\d+)\/(pay|cancel|refund|edit|deliver)$/.exec(path) ?? []
    if (!id) return { status: 404, body: { error: 'no such route' } }
    const now = new Date()
    if (what === 'pay') return change(id, 'paid', (o) => pay(o, now))
    if (what === 'cancel') return change(id, 'cancelled', (o) => cancel(o, now))
    if (what === 'deliver') return change(id, 'other', (o) => deliver(o, now))
    if (what === 'refund') return change(id, 'refunded', (o) => refund(o, refundOf(o, asked), now))
    return change(id, 'edited', (o) => edit(o, asked as Edit, now))
  }

  return {
    /** Answers one `/_sandbox/` request. Rejects only on a fault of the sandbox itself. */
    async answer(method: string, url: URL, body: Buffer | null): Promise<Answer> {
      if (method === 'GET') return look(parts, streams, url)
      if (method !== 'POST') return { status: 405, body: { error: 'GET or POST' } }
      const asked = body?.length === 0 ? {} : parseBody(body)
      if (typeof asked !== 'object' || asked === null)
        return { status: 400, body: { error: 'no JSON object' } }
      try {
        return await post(url.pathname, asked)
      } catch (error) {
        if (error instanceof RangeError) return bad(error.message)
        throw error
      }
    },
    close(): void {
      closed = true
      for (const timer of timers) clearTimeout(timer)
    },
  }
}

/** An empty request pays one line back as a whole. */
function refundOf(order: Order, asked: Partial<RefundRequest>): RefundRequest {
  const first = linesOf(order)[0]!
  return { line: first.id, quantity: first.quantity, ...asked }
}

/** `?offset=&limit=` cut a page out; absent: everything. */
function cut<T>(url: URL, all: T[]): T[] {
  const offset = Number(url.searchParams.get('offset') ?? 0)
  const limit = Number(url.searchParams.get('limit') ?? all.length)
  return all.slice(offset, offset + limit)
}

/** One order raw: its newest version, and every version with the instant (with milliseconds) it was made. */
const raw = ({ versions }: Held): object => ({ ...versions.at(-1)!.order, versions })

function look(parts: ControlParts, streams: readonly Stream[], url: URL): Answer {
  const { store, faults, webhooks, gateway } = parts
  const held = [...store.held.values()]
  const routes: Record<string, () => unknown> = {
    orders: () => cut(url, held).map(raw),
    expected: () => cut(url, held).map((h) => h.expectation),
    shipments: () => cut(url, [...store.shipments.values()]),
    faults: () => faults.current(),
    stats: () => ({
      orders: held.length,
      versions: held.reduce((n, h) => n + h.versions.length, 0),
      shipments: store.shipments.size,
      webhooks: { ...webhooks.stats(), ...store.counters },
      gateway: gateway.tally,
      streams,
      faults: faults.struck(),
    }),
  }
  const name = url.pathname.slice('/_sandbox/'.length)
  const route = Object.hasOwn(routes, name) ? routes[name] : undefined
  return route ? { status: 200, body: route() } : { status: 404, body: { error: 'no such route' } }
}

/** What tests and people may do to the sandbox marketplace under `/_sandbox/`: make orders, change them, look. */
import {
  type Answer,
  answerControl,
  createStreams,
  NO_ROUTE,
  pageOf,
  type StreamRequest,
  switchFaults,
} from '../control.ts'
import type { Faults } from '../faults.ts'
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
import { BASE, type Change, type Held, type Store } from './store.ts'
import type { createWebhooks } from './webhooks.ts'

/** What the control routes work on. */
export interface ControlParts {
  store: Store
  faults: Faults
  webhooks: ReturnType<typeof createWebhooks>
  gateway: ReturnType<typeof createGateway>
}

/** `POST /_sandbox/orders`; `at`: all at once, and placed at this instant instead of now. */
type OrdersRequest = StreamRequest & { at?: string }

/** Makes the control routes. `close` stops streams and pending changes. */
export function createControl(parts: ControlParts) {
  const { store, webhooks } = parts

  function make(count: number, seed: number, hard: boolean, now = new Date()): string[] {
    const first = store.held.size
    const orders = Array.from({ length: count }, (_, i) => generateOrder(seed, first + i, now, hard))
    webhooks.enqueue(store.put(orders, null, now))
    return orders.map((o) => o.id)
  }

  function change(id: string, kind: Change, work: (order: Order) => Order): Answer {
    const order = store.order(id)
    if (!order) return { status: 404, body: { error: 'no such order' } }
    try {
      const changed = work(order)
      webhooks.enqueue(store.put([changed], kind, new Date()))
      return { status: 200, body: { order: changed, expected: store.held.get(id)!.expectation } }
    } catch (error) {
      if (error instanceof ChangeRefused) return { status: 422, body: { error: error.message } }
      throw error
    }
  }

  const streams = createStreams<string>('lumavega', {
    sell: make,
    later(id, seed) {
      const planned = laterChange(seed, Number(BigInt(id) - BASE.order) - 1, store.order(id)!)
      if (!planned) return null
      const { delay, kind } = planned
      return { delay, change: () => change(id, kind, (o) => applyLater(o, kind, seed, new Date())) }
    },
  })

  function makeOrders({ at, ...asked }: OrdersRequest): Answer | Promise<Answer> {
    if (at === undefined) return streams.start(asked)
    const now = new Date(at)
    if (Number.isNaN(now.getTime())) throw new RangeError('at?')
    const made = make(asked.count, asked.seed ?? 1, asked.hard === true, now)
    return { status: 201, body: { created: made.length } }
  }

  function post(path: string, asked: unknown): Answer | Promise<Answer> {
    if (path === '/_sandbox/faults') return switchFaults(parts.faults, asked)
    if (path === '/_sandbox/orders') return makeOrders(asked as OrdersRequest)
    if (path === '/_sandbox/session') {
      store.setSession((asked as { valid?: boolean }).valid !== false)
      return { status: 200, body: { valid: store.session() } }
    }
    const [, id, what] = /^\/_sandbox\/orders\/(\d+)\/(pay|cancel|refund|edit|deliver)$/.exec(path) ?? []
    if (!id) return NO_ROUTE
    const now = new Date()
    if (what === 'pay') return change(id, 'paid', (o) => pay(o, now))
    if (what === 'cancel') return change(id, 'cancelled', (o) => cancel(o, now))
    if (what === 'deliver') return change(id, 'other', (o) => deliver(o, now))
    if (what === 'refund') return change(id, 'refunded', (o) => refund(o, refundOf(o, asked as object), now))
    return change(id, 'edited', (o) => edit(o, asked as Edit, now))
  }

  const routes = { get: (url: URL) => look(parts, streams.streams, url), post }
  return {
    /** Answers one `/_sandbox/` request. Rejects only on a fault of the sandbox itself. */
    answer: (method: string, url: URL, body: Buffer) => answerControl(routes, method, url, body),
    close: streams.close,
  }
}

/** An empty request pays one line back as a whole. */
function refundOf(order: Order, asked: Partial<RefundRequest>): RefundRequest {
  const first = linesOf(order)[0]!
  return { line: first.id, quantity: first.quantity, ...asked }
}

/** One order raw: its newest version, and every version with the instant (with milliseconds) it was made. */
const raw = ({ versions }: Held): object => ({ ...versions.at(-1)!.order, versions })

function look(parts: ControlParts, streams: readonly unknown[], url: URL): Answer {
  const { store, faults, webhooks, gateway } = parts
  const held = [...store.held.values()]
  const routes: Record<string, () => unknown> = {
    orders: () => pageOf(url, held).map(raw),
    expected: () => pageOf(url, held).map((h) => h.expectation),
    shipments: () => pageOf(url, [...store.shipments.values()]),
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
  return route ? { status: 200, body: route() } : NO_ROUTE
}

/** What tests and people may do to the sandbox shop under `/_sandbox/`: make orders, change them, look. */
import {
  type Answer,
  answerControl,
  createStreams,
  NO_ROUTE,
  pageOf,
  type Stream,
  type StreamRequest,
  switchFaults,
} from '../control.ts'
import type { Faults } from '../faults.ts'
import { CATALOGUE } from '../generate/catalogue.ts'
import { priceIn } from '../generate/draft.ts'
import { expectationOf } from '../generate/expectation.ts'
import { applyLater, generateOrder, laterChange } from '../generate/order.ts'
import {
  ChangeRefused,
  cancel,
  type EditRequest,
  edit,
  instant,
  type RefundRequest,
  type ReturnRequest,
  refund,
  sendBack,
  settle,
} from './change.ts'
import type { createGraph } from './graph.ts'
import { ITEMS, LOCATIONS } from './inventory.ts'
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

/** Makes the control routes. `close` stops streams and pending changes. */
export function createControl(parts: ControlParts) {
  const { store, faults } = parts
  const sold = createStreams<number>('shopify', {
    sell(count, seed, hard) {
      const now = new Date()
      const first = store.held.size
      const orders = Array.from({ length: count }, (_, i) => generateOrder(seed, first + i, now, hard))
      parts.commit(orders, null)
      return orders.map((o) => o.id)
    },
    later(id, seed) {
      const planned = laterChange(seed, id % 1_000_000, store.held.get(id)!.expectation)
      if (!planned) return null
      const { kind, delay } = planned
      return { delay, change: () => change(id, kind, (o) => applyLater(o, kind, seed, new Date())) }
    },
  })

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

  async function post(path: string, asked: unknown): Promise<Answer> {
    if (path === '/_sandbox/stock') return setStock(store, asked as { sku: string; quantity: number })
    if (path === '/_sandbox/faults') return switchFaults(faults, asked)
    if (path === '/_sandbox/orders') return sold.start(asked as StreamRequest)
    const m = /^\/_sandbox\/orders\/(\d+)\/(edit|cancel|refund|return|pay)$/.exec(path)
    if (!m) return NO_ROUTE
    const id = Number(m[1])
    const now = new Date()
    if (m[2] === 'cancel') return change(id, 'cancelled', (o) => cancel(o, now))
    if (m[2] === 'pay') return change(id, 'paid', (o) => settle(o, now))
    if (m[2] === 'return') return change(id, 'other', (o) => sendBack(o, asked as ReturnRequest, now))
    if (m[2] === 'refund')
      return change(id, 'refunded', (o) => refund(o, refundOf(asked as RefundRequest), now))
    return change(id, 'edited', (o) => edit(o, editOf(o, asked as EditRequest), now))
  }

  function get(url: URL): Answer {
    const page = pageOf(url, [...store.held.values()])
    if (url.pathname === '/_sandbox/orders') return { status: 200, body: page.map(raw) }
    if (url.pathname === '/_sandbox/expected') return { status: 200, body: page.map((h) => h.expectation) }
    if (url.pathname === '/_sandbox/faults') return { status: 200, body: faults.current() }
    if (url.pathname === '/_sandbox/stock') return { status: 200, body: store.inventory.events }
    if (url.pathname === '/_sandbox/stats') return { status: 200, body: stats(parts, sold.streams) }
    return NO_ROUTE
  }

  return {
    /** Answers one `/_sandbox/` request. Rejects only on a fault of the sandbox itself. */
    answer: (method: string, url: URL, body: Buffer) => answerControl({ get, post }, method, url, body),
    close: () => sold.close(),
  }
}

/**
 * One order raw: its newest version, and every version with the instant (with milliseconds) it was made and what
 * had to become of it then.
 */
function raw(held: Held): object {
  const versions = held.versions.map((v) => ({ ...v, expect: expectationOf(v.order).expect }))
  return { ...held.versions.at(-1)!.order, versions }
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

/** A level moves without an API call, as a sale moves it. */
function setStock(store: Store, { sku, quantity }: { sku: string; quantity: number }): Answer {
  const item = ITEMS.find((i) => i.sku === sku)
  if (!item) return { status: 404, body: { error: 'no such article' } }
  const sets = [{ item: item.id, location: LOCATIONS[0]!.id, available: quantity }]
  store.stock({ t: 'stock', at: instant(new Date()), key: null, fingerprint: '', sets, answer: {} })
  return { status: 200, body: { sku, quantity } }
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

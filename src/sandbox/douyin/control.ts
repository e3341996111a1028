/** What tests and people may do to the sandbox Douyin shop under `/_sandbox/`: sell, change, look. */
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
import { type AfterSaleRequest, type AfterSaleStep, advance, apply } from './after-sale.ts'
import { ChangeRefused, cancel, finish, pay, readdress, release, remark, reprice } from './change.ts'
import { expectationOf, laterChange } from './expectation.ts'
import type { createGateway } from './gateway.ts'
import { generateOrder } from './generate.ts'
import type { DouyinOrder, Receiver } from './order.ts'
import type { createPush } from './push.ts'
import { SHELF } from './shelf.ts'
import type { Change, Held, Store } from './store.ts'
import type { Tokens } from './tokens.ts'

/** What the control routes work on; `push` is null where no address was given. */
export interface ControlParts {
  store: Store
  faults: Faults
  tokens: Tokens
  gateway: ReturnType<typeof createGateway>
  push: ReturnType<typeof createPush> | null
  commit(orders: DouyinOrder[], change: Change | null): void
  now(): number
}

/** `POST /_sandbox/orders/:id/…` and what each does to an order; the body is the third argument. */
interface Asked extends AfterSaleRequest {
  review?: boolean
  reason?: string
  words?: string
  stars?: number
  receiver?: Partial<Receiver>
  sku?: string
  modify?: number
  post?: number
}

const ACTIONS: Record<
  string,
  [kind: Change, make: (o: DouyinOrder, now: number, asked: Asked) => DouyinOrder]
> = {
  pay: ['paid', (o, now, asked) => pay(o, now, asked.review === true)],
  release: ['paid', (o, now) => release(o, now)],
  cancel: ['cancelled', (o, now, asked) => cancel(o, now, asked.reason)],
  finish: ['other', (o, now) => finish(o, now)],
  remark: ['other', (o, now, asked) => remark(o, asked.words, asked.stars, now)],
  readdress: ['edited', (o, now, asked) => readdress(o, asked.receiver ?? {}, now)],
  reprice: ['edited', (o, now, asked) => reprice(o, asked, now)],
  apply: ['other', (o, now, asked) => apply(o, asked, now)],
}

const STEPS: readonly string[] = [
  'agree',
  'send-back',
  'receive',
  'refuse',
  'withdraw',
] satisfies AfterSaleStep[]

/** Makes the control routes. `close` stops streams and pending changes. */
export function createControl(parts: ControlParts) {
  const { store, faults } = parts
  const sold = createStreams<string>('douyin', {
    sell(count, seed, hard) {
      const first = store.held.size
      const orders = Array.from({ length: count }, (_, i) =>
        generateOrder(seed, first + i, parts.now(), hard),
      )
      parts.commit(orders, null)
      return orders.map((o) => o.id)
    },
    later(id, seed) {
      const planned = laterChange(seed, store.order(id)!)
      if (!planned) return null
      const { kind, delay, make } = planned
      return { delay, change: () => change(id, kind, (o) => make(o, parts.now())) }
    },
  })

  function change(id: string, kind: Change, make: (order: DouyinOrder) => DouyinOrder): Answer {
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

  function changeAfterSale(id: string, step: AfterSaleStep): Answer {
    for (const { versions } of store.held.values()) {
      const { order } = versions.at(-1)!
      const found = order.afterSales.find((a) => a.id === id)
      if (!found) continue
      const kind = step === 'agree' && found.type === 2 ? 'refunded' : 'other'
      return change(order.id, kind, (o) => advance(o, id, step, parts.now()))
    }
    return { status: 404, body: { error: 'no such after-sale' } }
  }

  async function post(path: string, asked: unknown): Promise<Answer> {
    if (path === '/_sandbox/faults') return switchFaults(faults, asked)
    if (path === '/_sandbox/orders') return sold.start(asked as StreamRequest)
    if (path === '/_sandbox/tokens/expire') {
      parts.tokens.expireAll()
      return { status: 200, body: { expired: true } }
    }
    if (path === '/_sandbox/push/check') {
      const problem = parts.push ? await parts.push.check() : 'no address for pushes was given'
      return { status: 200, body: { taken: problem === '', problem } }
    }
    const [, id, word] = /^\/_sandbox\/(?:orders|after-sales)\/(\d+)\/([a-z-]+)$/.exec(path) ?? []
    if (id === undefined || word === undefined) return NO_ROUTE
    if (path.startsWith('/_sandbox/after-sales/')) {
      return STEPS.includes(word) ? changeAfterSale(id, word as AfterSaleStep) : NO_ROUTE
    }
    const action = Object.hasOwn(ACTIONS, word) ? ACTIONS[word]! : null
    return action ? change(id, action[0], (o) => action[1](o, parts.now(), asked as Asked)) : NO_ROUTE
  }

  function get(url: URL): Answer {
    const page = pageOf(url, [...store.held.values()])
    if (url.pathname === '/_sandbox/orders') return { status: 200, body: page.map(raw) }
    if (url.pathname === '/_sandbox/expected') return { status: 200, body: page.map((h) => h.expectation) }
    if (url.pathname === '/_sandbox/faults') return { status: 200, body: faults.current() }
    if (url.pathname === '/_sandbox/stock') return { status: 200, body: stock(store) }
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

function stock(store: Store): Record<string, number> {
  return Object.fromEntries(SHELF.map((item) => [item.article.sku, store.stockOf(item.skuId)]))
}

function stats({ store, faults, push, gateway }: ControlParts, streams: Stream[]): object {
  return {
    orders: store.held.size,
    versions: [...store.held.values()].reduce((n, h) => n + h.versions.length, 0),
    pushes: { ...push?.stats(), ...store.counters },
    throttled: gateway.throttled(),
    streams,
    faults: faults.struck(),
  }
}

/**
 * What the Douyin sandbox holds: orders with all their versions, declarations, tokens, stock, and the pushes
 * still owed. Everything is an event in the log before anybody is told.
 */
import { randomUUID } from 'node:crypto'
import type { Expectation } from '../generate/expectation.ts'
import { openLog } from '../log.ts'
import { expectationOf } from './expectation.ts'
import type { DouyinOrder } from './order.ts'
import { OPENING_STOCK } from './shelf.ts'

/** One push owed; every attempt sends the same body. */
export interface Delivery {
  id: string
  body: string
  attempts: number
}

/** What happened to an order after it was placed, as declared; `other` (shipping, flags) needs no document. */
export type Change = Expectation['changes'][number]['kind'] | 'other'

/** One order with its history, oldest version first; `at` has milliseconds, unlike the platform's own instants. */
export interface Held {
  versions: { at: string; order: DouyinOrder }[]
  expectation: Expectation
}

/** One order to be stored; `change` is null for a new one. */
export interface Put {
  order: DouyinOrder
  change: Change | null
}

/** A pair of tokens; instants in ms. */
export interface TokenPair {
  access: string
  refresh: string
  accessUntil: number
  refreshUntil: number
}

/** What a shipping call answered, kept so that the same request id gets the same answer. */
export interface Shipped {
  request: string
  answer: object
}

type Event =
  | { t: 'order'; at: string; order: DouyinOrder; change: Change | null }
  | { t: 'shipped'; request: string; answer: object }
  | { t: 'owed'; id: string; body: string }
  | {
      t: 'push'
      at: string
      id: string
      attempt: number
      state: 'delivered' | 'failed' | 'gone'
      why: string
    }
  | { t: 'token'; pair: TokenPair }
  | { t: 'expire'; at: number }
  | { t: 'stock'; sku: string; stock: number; once: string | null }

export interface Counters {
  delivered: number
  failed: number
  gone: number
}

/** Opens the store over the log at `path`, or empty and forgetful without one. */
export function openStore(path: string | undefined) {
  const held = new Map<string, Held>()
  const owed = new Map<string, Delivery>()
  const shipped = new Map<string, object>()
  const stock = new Map<string, number>()
  const done = new Set<string>()
  let tokens: TokenPair[] = []
  const counters: Counters = { delivered: 0, failed: 0, gone: 0 }

  function apply(event: Event): void {
    switch (event.t) {
      case 'order':
        held.set(event.order.id, next(held.get(event.order.id), event))
        break
      case 'shipped':
        shipped.set(event.request, event.answer)
        break
      case 'owed':
        owed.set(event.id, { id: event.id, body: event.body, attempts: 0 })
        break
      case 'push':
        applyPush(event)
        break
      case 'token':
        tokens = [...tokens.filter((t) => t.access !== event.pair.access).slice(-20), event.pair]
        break
      case 'expire':
        tokens = tokens.map((t) => ({ ...t, accessUntil: Math.min(t.accessUntil, event.at) }))
        break
      case 'stock':
        stock.set(event.sku, event.stock)
        if (event.once !== null) done.add(event.once)
    }
  }

  function applyPush(event: Extract<Event, { t: 'push' }>): void {
    counters[event.state] += 1
    const delivery = owed.get(event.id)
    if (delivery) delivery.attempts = event.attempt
    if (event.state !== 'failed') owed.delete(event.id)
  }

  const log = openLog<Event>(path, apply)
  const commit = (events: Event[]) => {
    log.appendAll(events)
    for (const event of events) apply(event)
  }
  return {
    held,
    owed,
    counters,
    /** The newest version of an order. */
    order: (id: string): DouyinOrder | undefined => held.get(id)?.versions.at(-1)?.order,
    /** Stores orders with one write, with the pushes they cause and what a shipping call answers for them. */
    put(puts: readonly Put[], bodies: readonly string[], answered: Shipped | null): Delivery[] {
      const at = new Date().toISOString()
      const ids = bodies.map(() => randomUUID())
      commit([
        ...puts.map(({ order, change }): Event => ({ t: 'order', at, order, change })),
        ...(answered ? [{ t: 'shipped' as const, ...answered }] : []),
        ...bodies.map((body, i): Event => ({ t: 'owed', id: ids[i]!, body })),
      ])
      return ids.map((id) => owed.get(id)!)
    },
    /** The answer that a shipping request got when it was carried out. */
    answerTo: (request: string): object | undefined => shipped.get(request),
    push(id: string, attempt: number, state: 'delivered' | 'failed' | 'gone', why: string): void {
      commit([{ t: 'push', at: new Date().toISOString(), id, attempt, state, why }])
    },
    tokens: (): readonly TokenPair[] => tokens,
    issue: (pair: TokenPair) => commit([{ t: 'token', pair }]),
    /** All access tokens end now. */
    expireTokens: () => commit([{ t: 'expire', at: Date.now() }]),
    stockOf: (sku: string): number => stock.get(sku) ?? OPENING_STOCK,
    /** False: a change with this idempotency id has been made already. */
    setStock(sku: string, value: number, once: string | null): boolean {
      if (once !== null && done.has(once)) return false
      commit([{ t: 'stock', sku, stock: value, once }])
      return true
    },
    close: () => log.close(),
  }
}

/** The open store. */
export type Store = ReturnType<typeof openStore>

function next(before: Held | undefined, event: Extract<Event, { t: 'order' }>): Held {
  const { order, at, change } = event
  const changes = before?.expectation.changes ?? []
  const expectation: Expectation = {
    orderId: order.id,
    number: order.id,
    ...expectationOf(order),
    changes: change === null || change === 'other' ? changes : [...changes, { kind: change, at }],
  }
  return { versions: [...(before?.versions ?? []), { at, order }], expectation }
}

/**
 * What the sandbox shop holds: orders with all their versions, declarations, webhook subscriptions and the
 * deliveries still owed. Everything is an event in the log before anybody is told.
 */
import { randomUUID } from 'node:crypto'
import { type Expectation, expectationOf } from '../generate/expectation.ts'
import { openLog } from '../log.ts'
import { createInventory, type StockEvent } from './inventory.ts'
import type { ShopOrder } from './order.ts'

/** REST names of the webhook topics that can be subscribed to. */
export const TOPICS = [
  'orders/create',
  'orders/updated',
  'orders/cancelled',
  'orders/edited',
  'refunds/create',
] as const
/** Orders are never edited here. */
export const SENT = TOPICS.filter((topic) => topic !== 'orders/edited')

export type Topic = (typeof TOPICS)[number]

export interface Subscription {
  id: number
  topic: Topic
  uri: string
  createdAt: string
}

/** One delivery owed: to one subscription, of one event, with the order as it was then. */
export interface Delivery {
  id: string
  eventId: string
  topic: Topic
  subscription: Subscription
  order: ShopOrder
  /** Instant of the event, with milliseconds. */
  at: string
  attempts: number
}

interface HookEvent {
  id: string
  eventId: string
  topic: Topic
  sub: number
}

type Event =
  | { t: 'order'; at: string; order: ShopOrder; change: Change | null; hooks: HookEvent[] }
  | {
      t: 'hook'
      at: string
      id: string
      attempt: number
      state: 'delivered' | 'failed' | 'gone'
      status: string
    }
  | { t: 'sub'; sub: Subscription }
  | { t: 'unsub'; id: number; why: string }
  | StockEvent

/** What happened to an order after it was placed, as declared; `other` (shipping, notes) needs no document. */
export type Change = Expectation['changes'][number]['kind'] | 'other'

/** One order with its history, oldest version first; `at` has milliseconds, unlike Shopify's own instants. */
export interface Held {
  versions: { at: string; order: ShopOrder }[]
  expectation: Expectation
}

/** One order to be stored; `change` is null for a new one. */
export interface Put {
  order: ShopOrder
  change: Change | null
  topics: Topic[]
}

export interface Counters {
  delivered: number
  failed: number
  gone: number
  unsubscribed: number
}

/** Opens the store, replaying `path` when given. The returned object lives until `close`. */
export function openStore(path?: string) {
  const held = new Map<number, Held>()
  const byUpdated: ShopOrder[] = []
  const subscriptions = new Map<number, Subscription>()
  const owed = new Map<string, Delivery>()
  const inventory = createInventory()
  const counters: Counters = { delivered: 0, failed: 0, gone: 0, unsubscribed: 0 }

  function apply(event: Event): void {
    if (event.t === 'order') applyOrder(event)
    else if (event.t === 'hook') applyHook(event)
    else if (event.t === 'stock') inventory.apply(event)
    else if (event.t === 'sub') subscriptions.set(event.sub.id, event.sub)
    else {
      subscriptions.delete(event.id)
      counters.unsubscribed += 1
      for (const [id, d] of owed) if (d.subscription.id === event.id) owed.delete(id)
    }
  }

  function applyOrder(event: Extract<Event, { t: 'order' }>): void {
    const { order, at } = event
    const before = held.get(order.id)
    if (before) removeFrom(byUpdated, before.versions.at(-1)!.order)
    insertInto(byUpdated, order)
    held.set(order.id, next(before, event))
    for (const h of event.hooks) {
      const subscription = subscriptions.get(h.sub)
      if (!subscription) continue
      const { id, eventId, topic } = h
      owed.set(id, { id, eventId, topic, subscription, order, at, attempts: 0 })
    }
  }

  function applyHook(event: Extract<Event, { t: 'hook' }>): void {
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
    byUpdated,
    subscriptions,
    owed,
    counters,
    inventory,
    /** Keeps a change of stock. */
    stock: (event: StockEvent) => commit([event]),
    /** Stores orders with one write and returns the deliveries they cause, in order. */
    put(puts: Put[], now: Date): Delivery[] {
      const events = puts.map((p) => eventOf(p, now.toISOString(), subscriptions))
      commit(events)
      return events.flatMap((e) => (e.t === 'order' ? e.hooks.map((h) => owed.get(h.id)!) : []))
    },
    hook(id: string, attempt: number, state: 'delivered' | 'failed' | 'gone', status: string): void {
      commit([{ t: 'hook', at: new Date().toISOString(), id, attempt, state, status }])
    },
    subscribe(topic: Topic, uri: string, now: Date): Subscription {
      const id = 1_000_000_000_000 + subscriptions.size + counters.unsubscribed + 1
      const sub = { id, topic, uri, createdAt: `${now.toISOString().slice(0, 19)}Z` }
      commit([{ t: 'sub', sub }])
      return sub
    },
    unsubscribe(id: number, why: string): boolean {
      if (!subscriptions.has(id)) return false
      commit([{ t: 'unsub', id, why }])
      return true
    },
    /** The newest version of an order. */
    order: (id: number): ShopOrder | undefined => held.get(id)?.versions.at(-1)?.order,
    close: () => log.close(),
  }
}

/** The event of one order, with a delivery for every subscription of its topics. */
function eventOf({ order, change, topics }: Put, at: string, to: Map<number, Subscription>): Event {
  const hooks = topics.flatMap((topic) => {
    const eventId = randomUUID()
    const own = [...to.values()].filter((s) => s.topic === topic)
    return own.map((s) => ({ id: randomUUID(), eventId, topic, sub: s.id }))
  })
  return { t: 'order', at, order, change, hooks }
}

/** The open store. */
export type Store = ReturnType<typeof openStore>

function next(before: Held | undefined, event: Extract<Event, { t: 'order' }>): Held {
  const { order, at, change } = event
  const changes = before?.expectation.changes ?? []
  const expectation: Expectation = {
    orderId: String(order.id),
    number: order.name,
    ...expectationOf(order),
    changes: change === null || change === 'other' ? changes : [...changes, { kind: change, at }],
  }
  return { versions: [...(before?.versions ?? []), { at, order }], expectation }
}

/** Order of `UPDATED_AT`: instant, then id. */
export function olderThan(a: ShopOrder, updatedAt: string, id: number): boolean {
  return a.updatedAt === updatedAt ? a.id < id : a.updatedAt < updatedAt
}

/** The first place in `list` (sorted by instant and id) that is not older than the given point. */
export function placeOf(list: readonly ShopOrder[], updatedAt: string, id: number): number {
  let low = 0
  let high = list.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (olderThan(list[middle]!, updatedAt, id)) low = middle + 1
    else high = middle
  }
  return low
}

function insertInto(list: ShopOrder[], order: ShopOrder): void {
  const last = list.at(-1)
  if (!last || olderThan(last, order.updatedAt, order.id)) list.push(order)
  else list.splice(placeOf(list, order.updatedAt, order.id), 0, order)
}

function removeFrom(list: ShopOrder[], order: ShopOrder): void {
  const at = placeOf(list, order.updatedAt, order.id)
  if (list[at]?.id === order.id) list.splice(at, 1)
}

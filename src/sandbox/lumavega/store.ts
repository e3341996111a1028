/**
 * What the marketplace holds: orders with all their versions, shipments, and the notifications still owed. Everything
 * is an event in the log before anybody is told.
 */
import { randomUUID } from 'node:crypto'
import { openLog } from '../log.ts'
import { instant } from './clock.ts'
import { type Expectation, expectationOf } from './expectation.ts'
import type { Order } from './order.ts'
import type { Asked, Shipment } from './shipment.ts'

export const EVENTS = ['order.created', 'order.changed'] as const
export type HookEvent = (typeof EVENTS)[number]

/** One notification owed; the order as it was then. */
export interface Delivery {
  id: string
  event: HookEvent
  order: Order
  attempts: number
}

/** What happened to an order, as declared; `other` (notes, shipping) needs no document. */
export type Change = Expectation['changes'][number]['kind'] | 'other'

/** One order with its history, oldest version first; `at` has milliseconds. */
export interface Held {
  versions: { at: string; order: Order }[]
  expectation: Expectation
}

type Event =
  | { t: 'order'; at: string; order: Order; change: Change | null; hook: string | null }
  | { t: 'shipment'; shipment: Shipment }
  | { t: 'hook'; id: string; attempt: number; state: 'delivered' | 'failed' | 'gone'; status: string }
  | { t: 'session'; valid: boolean }

/** Newest change first, then the larger id: the order of `lumavega.orders.search`. */
export function newestFirst(a: Order, b: Order): number {
  if (a.modifiedAt !== b.modifiedAt) return a.modifiedAt < b.modifiedAt ? 1 : -1
  return a.id.length !== b.id.length ? b.id.length - a.id.length : a.id < b.id ? 1 : -1
}

/** Bases of the identifiers: far beyond 2^53, and neighbours, so that whoever rounds them mixes them up. */
export const BASE = Object.freeze({
  order: 4203110000000000000n,
  line: 4203120000000000000n,
  package: 4203130000000000000n,
  shipment: 4203150000000000000n,
  parcel: 4203160000000000000n,
})

/** Opens the store, replaying `path` when given. `hooks`: whether anybody is to be notified. */
export function openStore(path: string | undefined, hooks: boolean) {
  const held = new Map<string, Held>()
  const shipments = new Map<string, Shipment>()
  const owed = new Map<string, Delivery>()
  const counters = { delivered: 0, failed: 0, gone: 0 }
  const state = { session: true, parcels: 0 }

  function apply(event: Event): void {
    if (event.t === 'order') applyOrder(event)
    else if (event.t === 'shipment') {
      const before = shipments.get(event.shipment.id)
      if (before?.state !== 'DONE' && event.shipment.state === 'DONE')
        state.parcels += event.shipment.parcels.length
      shipments.set(event.shipment.id, event.shipment)
    } else if (event.t === 'session') state.session = event.valid
    else {
      counters[event.state] += 1
      const delivery = owed.get(event.id)
      if (delivery) delivery.attempts = event.attempt
      if (event.state !== 'failed') owed.delete(event.id)
    }
  }

  function applyOrder({ at, order, change, hook }: Extract<Event, { t: 'order' }>): void {
    const before = held.get(order.id)
    const changes = before?.expectation.changes ?? []
    const expectation = {
      orderId: order.id,
      number: order.no,
      ...expectationOf(order),
      changes: change === null || change === 'other' ? changes : [...changes, { kind: change, at }],
    }
    held.set(order.id, { versions: [...(before?.versions ?? []), { at, order }], expectation })
    const event = change === null ? 'order.created' : 'order.changed'
    if (hook) owed.set(hook, { id: hook, event, order, attempts: 0 })
  }

  const log = openLog<Event>(path, apply)
  const commit = (events: Event[]) => {
    log.appendAll(events)
    for (const event of events) apply(event)
  }
  const shipment = (one: Shipment): Event => ({ t: 'shipment', shipment: one })
  return {
    held,
    shipments,
    owed,
    counters,
    /** The newest version of an order. */
    order: (id: string): Order | undefined => held.get(id)?.versions.at(-1)?.order,
    session: () => state.session,
    setSession: (valid: boolean) => commit([{ t: 'session', valid }]),
    /** Stores new versions with one write and returns the notifications they cause. `change` null: new orders. */
    put(orders: readonly Order[], change: Change | null, now: Date, changed: Shipment[] = []): Delivery[] {
      const events = orders.map((order): Extract<Event, { t: 'order' }> => {
        return { t: 'order', at: now.toISOString(), order, change, hook: hooks ? randomUUID() : null }
      })
      commit([...events, ...changed.map(shipment)])
      return events.flatMap((e) => (e.hook ? [owed.get(e.hook)!] : []))
    },
    accept(asked: Asked, now: Date): Shipment {
      const one: Shipment = {
        ...asked,
        id: String(BASE.shipment + BigInt(shipments.size + 1)),
        state: 'ACCEPTED',
        failCode: null,
        failText: null,
        createdAt: instant(now),
        doneAt: null,
      }
      commit([shipment(one)])
      return one
    },
    /** Ids for the parcels of a shipment that is done. */
    parcelIds: (count: number): string[] =>
      Array.from({ length: count }, (_, i) => String(BASE.parcel + BigInt(state.parcels + i + 1))),
    change: (one: Shipment) => commit([shipment(one)]),
    hook: (id: string, attempt: number, how: 'delivered' | 'failed' | 'gone', status: string) =>
      commit([{ t: 'hook', id, attempt, state: how, status }]),
    close: () => log.close(),
  }
}

export type Store = ReturnType<typeof openStore>

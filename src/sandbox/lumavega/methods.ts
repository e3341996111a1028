/** The methods of the marketplace (api.md, chapters 4 to 6). */
import { compareDecimal } from '../../core/money.ts'
import { delayOf, type Faults } from '../faults.ts'
import { readBiz } from './biz.ts'
import { type Order, STATUSES, ship, statusOf } from './order.ts'
import { Refusal } from './refusal.ts'
import { readShipment, readTracking, type Shipment, whyNot } from './shipment.ts'
import { type Delivery, newestFirst, type Store } from './store.ts'
import { acceptedView, orderView, pageOf, parcelView, shipmentView } from './view.ts'

const DAY = 24 * 3600_000

/** What the methods work on. */
export interface MethodParts {
  store: Store
  faults: Faults
  shop: { id: number; name: string }
  /** Between accepting a shipment and looking at it, ms. */
  processAfter: readonly [min: number, max: number]
  /** How far back orders may be searched, days. */
  history: number
  notify(deliveries: readonly Delivery[]): void
}

export type Method = (biz: string) => unknown

/** The methods by name, and what happens by itself. `close` stops it. */
export function createMethods(parts: MethodParts) {
  const { store } = parts
  const inspection = createInspection(parts)
  const methods: Readonly<Record<string, Method>> = {
    'lumavega.shop.get': (biz) => {
      readBiz(biz, [])
      return {
        shop: { shop_id: parts.shop.id, name: parts.shop.name, currency: 'CLP', zone: 'America/Santiago' },
      }
    },
    'lumavega.orders.search': (biz) => searchOrders(parts, biz),
    'lumavega.order.get': (biz) => ({
      order: orderView(known(store, readBiz(biz, ['order_id']).id('order_id'))),
    }),
    'lumavega.shipment.create': (biz) => {
      const one = store.accept(
        readShipment(biz, (id) => store.order(id)),
        new Date(),
      )
      inspection.later(one)
      return acceptedView(one)
    },
    'lumavega.shipments.search': (biz) => searchShipments(parts, biz),
    'lumavega.parcel.correct': (biz) => correct(parts, biz),
  }
  return { methods, close: inspection.close }
}

function known(store: Store, id: string): Order {
  const order = store.order(id)
  if (!order) throw new Refusal(3001, `no order ${id}`)
  return order
}

/** How old (ms) what a search shows must be at least: its index may lag behind. */
function indexedUntil(faults: Faults, now: number): number {
  const lag = faults.hit('searchLag')
  return lag ? now - delayOf(lag, faults.random()) : now
}

function searchOrders({ store, faults, history }: MethodParts, biz: string): unknown {
  const asked = readBiz(biz, ['modified_from', 'modified_to'], ['page_no', 'page_size', 'statuses'])
  const [from, to] = [asked.clock('modified_from')[0]!, asked.clock('modified_to').at(-1)!]
  if (to <= from) throw asked.bad('modified_to', 'not after modified_from')
  if (to - from > DAY) throw asked.bad('modified_to', 'more than 24 hours after modified_from')
  if (from < Date.now() - history * DAY) throw asked.bad('modified_from', `more than ${history} days back`)
  const statuses = asked.has('statuses') ? asked.words('statuses', STATUSES) : null
  const until = indexedUntil(faults, Date.now())
  const rows: Order[] = []
  for (const { versions } of store.held.values()) {
    const shown = versions.findLast((v) => Date.parse(v.at) <= until)?.order
    if (!shown) continue
    const at = Date.parse(shown.modifiedAt)
    if (at >= from && at < to && (!statuses || statuses.includes(statusOf(shown)))) rows.push(shown)
  }
  const page = pageOf(
    rows.sort(newestFirst),
    asked.whole('page_no', 1, 1_000_000, 1),
    asked.whole('page_size', 1, 50, 20),
  )
  return { ...page.head, orders: page.rows.map(orderView) }
}

function searchShipments({ store, faults }: MethodParts, biz: string): unknown {
  const keys = ['reference', 'order_id', 'accepted_id'] as const
  const asked = readBiz(biz, [], [...keys, 'page_no', 'page_size'])
  const given = keys.filter((key) => asked.has(key))
  if (given.length === 0) throw new Refusal(2002, 'reference, order_id or accepted_id is missing')
  if (given.length > 1) throw asked.bad(given[1]!, `not together with ${given[0]}`)
  const by = given[0]!
  const wanted = by === 'reference' ? asked.text(by, /^.{1,40}$/s) : asked.id(by)
  const of = { reference: 'reference', order_id: 'order', accepted_id: 'id' } as const
  const until = indexedUntil(faults, Date.now())
  const rows = [...store.shipments.values()].filter(
    (s) => s[of[by]] === wanted && Date.parse(s.createdAt) <= until,
  )
  rows.sort((a, b) => compareDecimal(b.id, a.id))
  const page = pageOf(rows, asked.whole('page_no', 1, 1_000_000, 1), asked.whole('page_size', 1, 50, 20))
  return { ...page.head, shipments: page.rows.map((s) => shipmentView(s, known(store, s.order))) }
}

/** Whether a tracking number belongs to a parcel of the shop, other than this one. */
function usedBy(store: Store, parcel: string | null): (trackingNo: string) => boolean {
  const done = [...store.shipments.values()].filter((s) => s.state === 'DONE')
  const used = new Set(done.flatMap((s) => s.parcels.filter((p) => p.id !== parcel).map((p) => p.trackingNo)))
  return (trackingNo) => used.has(trackingNo)
}

function correct({ store }: MethodParts, biz: string): unknown {
  const asked = readBiz(biz, ['parcel_id', 'carrier', 'tracking_no'])
  const id = asked.id('parcel_id')
  const tracking = readTracking(asked)
  const one = [...store.shipments.values()].find((s) => s.parcels.some((p) => p.id === id))
  if (!one) throw new Refusal(3006, `no parcel ${id}`)
  if (usedBy(store, id)(tracking.trackingNo)) throw new Refusal(4003, `${tracking.trackingNo} is in use`)
  store.change({ ...one, parcels: one.parcels.map((p) => (p.id === id ? { ...p, ...tracking } : p)) })
  return parcelView(id)
}

/** Looks at accepted shipments later, those of an earlier life of the process too. */
function createInspection({ store, faults, processAfter: [min, max], notify }: MethodParts) {
  const timers = new Set<NodeJS.Timeout>()

  function later(one: Shipment): void {
    const timer = setTimeout(
      () => {
        timers.delete(timer)
        work(one)
      },
      faults.random().whole(min, max),
    )
    timers.add(timer)
  }

  function work(one: Shipment): void {
    const now = new Date()
    const doneAt = `${now.toISOString().slice(0, 19)}Z`
    const order = store.order(one.order)!
    const fail = whyNot(one, order, usedBy(store, null))
    if (fail) {
      store.change({ ...one, ...fail, state: 'REJECTED', doneAt })
      return
    }
    const ids = store.parcelIds(one.parcels.length)
    const parcels = one.parcels.map((p, i) => ({ ...p, id: ids[i]! }))
    const shipped = ship(
      order,
      one.parcels.flatMap((p) => p.lines),
      now,
    )
    notify(store.put([shipped], 'other', now, [{ ...one, parcels, state: 'DONE', doneAt }]))
  }

  for (const one of store.shipments.values()) if (one.state === 'ACCEPTED') later(one)
  return {
    later,
    close(): void {
      for (const timer of timers) clearTimeout(timer)
    },
  }
}

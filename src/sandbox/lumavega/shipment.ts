/** Shipments as the marketplace takes them: looked at when they come, and again later (api.md, chapter 5). */
import { addDecimal, compareDecimal } from '../../core/money.ts'
import { type Biz, readBiz } from './biz.ts'
import { linesOf, type Order, openOf, statusOf } from './order.ts'
import { CODES, type Code, Refusal } from './refusal.ts'

export const CARRIERS = ['CHX', 'CDC', 'STK', 'BLX', 'OWN'] as const
const TRACKING = /^[A-Z0-9-]{6,40}$/
const REFERENCE = /^[A-Za-z0-9_-]{1,40}$/

export interface Parcel {
  /** Null until the shipment is done. */
  id: string | null
  carrier: string
  trackingNo: string
  lines: { line: string; quantity: string }[]
}

export interface Shipment {
  id: string
  reference: string
  order: string
  state: 'ACCEPTED' | 'DONE' | 'REJECTED'
  failCode: number | null
  failText: string | null
  createdAt: string
  doneAt: string | null
  parcels: Parcel[]
}

/** What `lumavega.shipment.create` asks for. */
export type Asked = Pick<Shipment, 'reference' | 'order' | 'parcels'>

/** Reads and checks the call. Throws Refusal for its form, an unknown order, line or carrier, and mixed parcels. */
export function readShipment(biz: string, orderOf: (id: string) => Order | undefined): Asked {
  const asked = readBiz(biz, ['order_id', 'reference', 'parcels'])
  const id = asked.id('order_id')
  const reference = asked.text('reference', REFERENCE)
  const parcels = asked.list('parcels', 20, ['carrier', 'tracking_no', 'lines']).map(readParcel)
  const order = orderOf(id)
  if (!order) throw new Refusal(3001, `no order ${id}`)
  for (const parcel of parcels) checkParcel(order, parcel)
  return { reference, order: id, parcels }
}

function readParcel(asked: Biz): Parcel {
  const lines = asked.list('lines', 100, ['line_id', 'quantity']).map((l) => ({
    line: l.id('line_id'),
    quantity: l.quantity('quantity'),
  }))
  if (new Set(lines.map((l) => l.line)).size < lines.length) throw asked.bad('lines', 'a line twice')
  return { id: null, ...readTracking(asked), lines }
}

/** Carrier and tracking number. Throws Refusal. */
export function readTracking(asked: Biz): Pick<Parcel, 'carrier' | 'trackingNo'> {
  const carrier = asked.text('carrier', /^.{1,20}$/)
  const trackingNo = asked.text('tracking_no', TRACKING)
  if (!(CARRIERS as readonly string[]).includes(carrier)) throw new Refusal(3005, `no carrier ${carrier}`)
  return { carrier, trackingNo }
}

function checkParcel(order: Order, { lines }: Parcel): void {
  const known = new Set(linesOf(order).map((l) => l.id))
  const unknown = lines.find((l) => !known.has(l.line))
  if (unknown) throw new Refusal(3003, `order ${order.id} has no line ${unknown.line}`)
  const packages = order.packages.filter((p) => lines.some((l) => p.lines.some((own) => own.id === l.line)))
  if (packages.length > 1) throw new Refusal(3004, 'a parcel holds lines of several packages')
}

/** Why a shipment that was accepted cannot be done now; null when it can. `used`: tracking numbers of other parcels. */
export function whyNot(
  { parcels }: Pick<Shipment, 'parcels'>,
  order: Order,
  used: (trackingNo: string) => boolean,
): { failCode: Code; failText: string } | null {
  const fail = (failCode: Code) => ({ failCode, failText: CODES[failCode] })
  if (!['PAID', 'PART_SHIPPED'].includes(statusOf(order))) return fail(4001)
  const numbers = parcels.map((p) => p.trackingNo)
  if (numbers.some(used) || new Set(numbers).size < numbers.length) return fail(4003)
  const wanted = parcels.flatMap((p) => p.lines)
  for (const line of linesOf(order)) {
    const all = wanted.filter((w) => w.line === line.id).reduce((n, w) => addDecimal(n, w.quantity), '0')
    if (compareDecimal(all, openOf(line)) > 0) return fail(4002)
  }
  return null
}

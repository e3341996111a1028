/** Parcels as fulfilments, made from what the open fulfilment orders still hold. */
import type { GraphPage, Remote } from 'tributary/hooks'
import { type At, fill, gid, INNER, list, type Order, read, tail } from './hooks-graph.ts'
import { before, change, type Line, refused, WRONG } from './hooks-write.ts'

type Tracking = { company?: string | null; number?: string | null }
/** What mappings/shopify/shipment.out.yaml makes; `previous`: fulfilments that an earlier revision made. */
type Parcel = { order: string; previous?: string; location?: string; notify: boolean } & {
  tracking: Tracking
  lines: Line[]
}
type Open = Line & { location: string; of: string; item: string }
const PARCELS = `id fulfillments(first: 50) { id status trackingInfo(first: 5) { company number }
  ${list('fulfillmentLineItems', 'first: 10', INNER.Fulfillment.fulfillmentLineItems)} }`
const OPEN = `id ${list(
  'fulfillmentOrders',
  'first: 20',
  `id status assignedLocation { location { id } }
  ${list('lineItems', 'first: 10', INNER.FulfillmentOrder.lineItems)}`,
)}`
const SHIP = `mutation Ship($fulfillment: FulfillmentInput!) { done: fulfillmentCreate(fulfillment: $fulfillment) { made: fulfillment { id } ${WRONG} } }`
const TRACK = `mutation Track($id: ID!, $tracking: FulfillmentTrackingInput!, $notify: Boolean) {
  done: fulfillmentTrackingInfoUpdate(fulfillmentId: $id, trackingInfoInput: $tracking, notifyCustomer: $notify) { made: fulfillment { id } ${WRONG} } }`
const linesOf = (page: GraphPage, quantity: string): Line[] =>
  page.nodes.map((n) => ({ line: tail((n.lineItem as Order).id), quantity: Number(n[quantity]) }))
/** `lines` without what `others` hold of them. */
function less(lines: Line[], others: Line[]): Line[] {
  const left = lines.map(({ line, quantity }) => {
    const held = others.filter((o) => o.line === line).reduce((n, o) => n + o.quantity, 0)
    return { line, quantity: quantity - held }
  })
  return left.filter((l) => l.quantity > 0)
}

/**
 * What the shop holds of a parcel. Shopify keeps no foreign key: a parcel is known by its tracking number (without one
 * by the name that the mapping puts behind the carrier), and a corrected one by what its earlier revision made.
 */
export async function look(at: At, { order, previous, tracking, lines }: Parcel) {
  const [found] = await read(at, 'Order', [gid('Order', order)], PARCELS)
  if (!found) throw refused('ORDER_MISSING', 'the shop has no such order')
  const had = (previous ?? '').split(',')
  const same = (a?: string | null, b?: string | null) => (a ?? '') === (b ?? '')
  const held: Line[] = []
  const ours = { ids: [] as string[], stale: [] as string[], open: lines }
  for (const f of found.fulfillments as (Order & { status: string; trackingInfo: Tracking[] })[]) {
    if (['CANCELLED', 'ERROR', 'FAILURE'].includes(f.status)) continue
    const known = (t: Tracking) =>
      tracking.number ? t.number === tracking.number : !t.number && same(t.company, tracking.company)
    if (!f.trackingInfo.some(known) && !had.includes(tail(f.id))) continue
    const exact = (t: Tracking) => same(t.number, tracking.number) && same(t.company, tracking.company)
    if (!f.trackingInfo.some(exact)) ours.stale.push(f.id)
    ours.ids.push(tail(f.id))
    await fill(at, f, 'Fulfillment')
    const has = linesOf(f.fulfillmentLineItems as GraphPage, 'quantity')
    if (had.includes(tail(f.id)) && less(has, lines).length > 0)
      throw refused('CONTENT_CHANGED', 'the parcel holds less than the shop was told: cancel it there')
    held.push(...has)
  }
  return { ...ours, open: less(lines, held) }
}

/** What to ship of lines from one location (the asked one, else the one that has most of them), and what that covers. */
async function plan(at: At, { order, location }: Parcel, lines: Line[]) {
  const [found] = await read(at, 'Order', [gid('Order', order)], OPEN)
  const open: Open[] = []
  for (const group of ((found?.fulfillmentOrders as GraphPage)?.nodes ?? []) as Order[]) {
    if (!['OPEN', 'IN_PROGRESS', 'INCOMPLETE'].includes(String(group.status))) continue
    await fill(at, group, 'FulfillmentOrder')
    const place = (group.assignedLocation as { location: Order | null }).location?.id ?? ''
    for (const n of (group.lineItems as GraphPage).nodes as Order[]) {
      const { line, quantity } = linesOf({ nodes: [n] }, 'remainingQuantity')[0]!
      const wanted = quantity > 0 && lines.some((l) => l.line === line)
      if (wanted) open.push({ location: place, of: group.id, item: n.id, line, quantity })
    }
  }
  if (less(lines, open).length > 0)
    throw refused('NOTHING_OPEN', 'not that much is open in the shop: shipped there, cancelled or on hold')
  const rank = (place: string) => (place === location ? 1e6 : open.filter((o) => o.location === place).length)
  const [first] = [...new Set(open.map((o) => o.location))].sort((a, b) => rank(b) - rank(a))
  const send = new Map<string, { id: string; quantity: number }[]>()
  const covered: Line[] = []
  for (const { of, item, line, quantity } of open.filter((o) => o.location === first)) {
    const need = less(lines, covered).find((l) => l.line === line)?.quantity ?? 0
    const taken = Math.min(need, quantity)
    if (taken > 0) send.set(of, [...(send.get(of) ?? []), { id: item, quantity: taken }])
    covered.push({ line, quantity: taken })
  }
  return { send, covered }
}

/** Does what is not done yet: corrects the tracking of what is there, ships what is not, location by location. */
export async function bring(at: At, wanted: Parcel): Promise<Remote> {
  const { tracking, notify } = wanted
  const now = await before(look(at, wanted), at.tools)
  for (const id of now.stale) await change(at, TRACK, { id, tracking, notify })
  let made = now.stale.length
  for (let { open } = now; open.length > 0; made++) {
    const planning = plan(at, wanted, open)
    const { send, covered } = await (made === 0 ? before(planning, at.tools) : planning)
    const groups = [...send].map(([id, items]) => ({
      fulfillmentOrderId: id,
      fulfillmentOrderLineItems: items,
    }))
    const fulfillment = {
      lineItemsByFulfillmentOrder: groups,
      trackingInfo: tracking,
      notifyCustomer: notify,
    }
    now.ids.push(tail((await change(at, SHIP, { fulfillment })).id!))
    open = less(open, covered)
  }
  return { id: now.ids.join(','), state: 'final' }
}

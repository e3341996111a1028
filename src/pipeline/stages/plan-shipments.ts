/**
 * plan-shipments: a parcel that the ERP states → a shipment to be written back to the shop that the order
 * came from. A newer version of the same parcel (a corrected tracking number) replaces the older one there.
 */
import { contentHash } from '../../core/canonical.ts'
import type { Order } from '../../core/documents/order.ts'
import type { Shipment } from '../../core/documents/shipment.ts'
import type { DueDocument } from '../../ledger/document.ts'
import type { NewPush, PushHead } from '../../ledger/push.ts'
import type { TaskChange } from '../../ledger/task.ts'
import { pushKey } from '../identity.ts'
import type { Flow } from '../pipe.ts'
import { emptyPlan, type Plan } from './plan-orders.ts'
import { revise } from './revise.ts'

/** The order's push into the ERP that a parcel names. */
export interface OriginOrder {
  key: string
  flow: string
  order_connection: string
  order_id: string
  order_number: string | null
  content: unknown
}

/** Parcels that have not left are not told to the shop. */
const TOLD = new Set(['shipped', 'delivered'])
/** Seconds until a parcel without a known order is looked at again. */
const LATER = 60

export function planShipment(
  doc: DueDocument,
  origin: OriginOrder | undefined,
  pushes: PushHead[],
  flows: Flow[],
  installation: string,
): Plan {
  const shipment = doc.content as Shipment
  if (!origin) return unmatched(doc, shipment)
  const plan = emptyPlan(doc)
  const flow = flows.find((f) => f.id === origin.flow)
  plan.tasks.push(task(doc, 'shipment-unmatched', false))
  if (!flow || flow.mode === 'off' || !flow.back.includes('shipment')) return plan
  const subject = `shipment:${doc.connection}:${doc.external_id}`
  const mine = pushes.filter((p) => p.subject === subject)
  const content = TOLD.has(shipment.state) ? forShop(shipment, origin) : null
  const revision = revise(mine, content && { hash: shownHash(content) }, true)
  if (revision.do === 'wait') plan.document.state = 'waiting'
  if (revision.do === 'withdraw') plan.withdraw.push(revision.push.id)
  // the shop was told of a parcel that is not under way after all: a person takes it back there
  if (revision.do === 'task') plan.tasks.push(task(doc, 'cancel-needed', true, { parcel: shipment.state }))
  if (revision.do === 'push' && content) {
    if (revision.withdraw) plan.withdraw.push(revision.withdraw.id)
    const key = pushKey(installation, origin.order_connection, 'shipment', [subject], revision.revision)
    addPush(plan, {
      doc,
      origin,
      flow,
      subject,
      content,
      key,
      revision: revision.revision,
      previous: replaced(mine),
    })
  }
  return plan
}

interface Wish extends Pick<NewPush, 'subject' | 'key' | 'revision' | 'previous'> {
  doc: DueDocument
  origin: OriginOrder
  flow: Flow
  content: ReturnType<typeof forShop>
}

function addPush(plan: Plan, { doc, origin, flow, content, ...wish }: Wish): void {
  const mode = flow.mode === 'live' ? 'live' : 'shadow'
  plan.pushes.push({
    ...wish,
    connection: origin.order_connection,
    kind: 'shipment',
    flow: flow.id,
    mode,
    documentId: doc.id,
    documentSeq: doc.seq,
    orderConnection: origin.order_connection,
    orderId: origin.order_id,
    orderNumber: origin.order_number,
    content,
    contentHash: shownHash(content),
  })
  plan.journal.push({
    connection: origin.order_connection,
    subject: origin.order_id,
    event: 'shipment-planned',
    data: { parcel: doc.external_id, revision: wish.revision, mode },
  })
}

/** What the shop already holds of this parcel: the last confirmed revision. */
function replaced(pushes: PushHead[]) {
  const confirmed = pushes.filter((p) => p.state === 'confirmed').sort((a, b) => b.revision - a.revision)[0]
  return confirmed
    ? { id: confirmed.remote_id, number: confirmed.remote_number, state: 'final' as const }
    : null
}

/** The parcel in the shop's terms: its order id, and its line ids where the ERP knows only the SKU. */
function forShop(shipment: Shipment, origin: OriginOrder) {
  const order = origin.content as Order
  const lines = shipment.lines.map((l) => {
    const known = order.lines.find((o) => (l.line ? o.externalId === l.line : o.sku === l.sku))
    return {
      line: known?.externalId ?? l.line ?? null,
      sku: known?.sku ?? l.sku ?? null,
      quantity: l.quantity,
    }
  })
  const { carrier, service, trackingNumber, shippedAt, site, state } = shipment
  return {
    parcel: shipment.externalId,
    order: { externalId: origin.order_id, number: origin.order_number },
    state,
    site: site ?? null,
    shippedAt: shippedAt ?? null,
    carrier: carrier ?? null,
    service: service ?? null,
    trackingNumber: trackingNumber ?? null,
    lines,
  }
}

/** Delivered and shipped are the same to a shop that only wants to know what left with which number. */
function shownHash(content: ReturnType<typeof forShop>): string {
  const { state: _, ...rest } = content
  return contentHash(rest)
}

/** Not ours (typed into the ERP by hand), or its order's push is not confirmed yet: look again later. */
function unmatched(doc: DueDocument, shipment: Shipment): Plan {
  const plan = emptyPlan(doc, 'due', LATER)
  plan.tasks.push(task(doc, 'shipment-unmatched', true, { order: shipment.order.slice(0, 40) }))
  return plan
}

function task(
  doc: DueDocument,
  kind: TaskChange['kind'],
  open: boolean,
  detail: Record<string, unknown> = {},
): TaskChange {
  return {
    kind,
    open,
    documentId: doc.id,
    pushId: null,
    connection: doc.connection,
    orderId: doc.external_id,
    orderNumber: null,
    detail,
  }
}

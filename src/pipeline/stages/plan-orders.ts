/**
 * plan-orders: one source order and what it has become so far → what is to be done. Pure: same input, same
 * pushes, same keys. One work order per source order; the order centre's merge, split and allocation take
 * the place of `workOrderDocument` here.
 */
import type { Order } from '../../core/documents/order.ts'
import type { DueDocument, PlannedDocument } from '../../ledger/document.ts'
import type { JournalEntry } from '../../ledger/journal.ts'
import type { Parked } from '../../ledger/parked.ts'
import type { NewPush, PushHead } from '../../ledger/push.ts'
import type { TaskChange } from '../../ledger/task.ts'
import type { NewWorkOrder } from '../../ledger/work-order.ts'
import { orderContentHash, whyNotPushed, workOrderDocument } from '../../orders/work-order.ts'
import { pushKey } from '../identity.ts'
import type { Flow } from '../pipe.ts'
import { type Revision, revise } from './revise.ts'

/** Everything that planning one document changes; written in one transaction with many others. */
export interface Plan {
  document: PlannedDocument
  workOrders: NewWorkOrder[]
  pushes: NewPush[]
  withdraw: number[]
  tasks: TaskChange[]
  journal: JournalEntry[]
  /** Set when the document itself must be looked at by a person. */
  parked?: Parked
}

export function emptyPlan(doc: DueDocument, state: PlannedDocument['state'] = 'done', after?: number): Plan {
  return {
    document: { id: doc.id, seq: doc.seq, state, ...(after === undefined ? {} : { after }) },
    workOrders: [],
    pushes: [],
    withdraw: [],
    tasks: [],
    journal: [],
  }
}

/** `pushes`: those of this document. Throws RECORD_REFUND when the refunds exceed the order. */
export function planOrder(doc: DueDocument, pushes: PushHead[], flows: Flow[], installation: string): Plan {
  const plan = emptyPlan(doc)
  const order = doc.content as Order
  for (const flow of flows) {
    if (flow.mode === 'off' || !flow.shops.includes(doc.connection)) continue
    planInFlow(plan, doc, order, flow, pushes, installation)
  }
  return plan
}

function planInFlow(
  plan: Plan,
  doc: DueDocument,
  order: Order,
  flow: Flow,
  all: PushHead[],
  installation: string,
) {
  const subject = `order:${flow.id}:${doc.id}`
  const pushes = all.filter((p) => p.subject === subject)
  const decision = whyNotPushed(order, flow.from)
  // `from` was moved behind an order that was sent: it stays as it is in the ERP, history is never taken back
  if (!decision.push && decision.reason === 'before-from' && pushes.some(wasSent)) return
  const content = decision.push ? workOrderDocument(order) : null
  const hash = content ? orderContentHash(content) : null
  const revision = revise(pushes, hash === null ? null : { hash }, false)
  const tell = (event: string, data: Record<string, unknown>) =>
    plan.journal.push({
      connection: doc.connection,
      subject: doc.external_id,
      event,
      data: { flow: flow.id, ...data },
    })
  if (!decision.push && pushes.length === 0) tell('not-pushed', { reason: decision.reason })
  // what was shadowed stays shadowed when the flow goes live, unless somebody asks for it
  const shadowed = flow.mode === 'live' && pushes.some((p) => p.state === 'shadowed')
  if (revision.do === 'push' && shadowed) return tell('stays-shadowed', { revision: revision.revision })
  if (revision.do === 'push')
    addPush(plan, { doc, order, content: content!, hash: hash!, flow, subject, revision, installation })
  if (revision.do === 'withdraw') {
    plan.withdraw.push(revision.push.id)
    tell('withdrawn', { push: revision.push.id, reason: decision.push ? 'empty' : decision.reason })
  }
  if (revision.do === 'wait') plan.document.state = 'waiting'
  settleTasks(plan, doc, revision, decision.push ? null : decision.reason)
}

/** It may be in the remote. */
function wasSent({ state, uncertain }: PushHead): boolean {
  return uncertain || ['sending', 'unknown', 'accepted', 'confirmed'].includes(state)
}

interface Wish {
  doc: DueDocument
  order: Order
  content: Order
  hash: string
  flow: Flow
  subject: string
  revision: Extract<Revision, { do: 'push' }>
  installation: string
}

function addPush(plan: Plan, wish: Wish): void {
  const { doc, order, content, hash, flow, subject, revision, installation } = wish
  const parts = content.lines.map((l) => `${subjectOf(doc)}/${l.externalId}`)
  const mode = flow.mode === 'live' ? 'live' : 'shadow'
  plan.workOrders.push(workOrder(wish))
  if (revision.withdraw) plan.withdraw.push(revision.withdraw.id)
  plan.pushes.push({
    key: pushKey(installation, flow.erp, 'order', [subjectOf(doc), ...parts], revision.revision),
    connection: flow.erp,
    kind: 'order',
    flow: flow.id,
    mode,
    subject,
    revision: revision.revision,
    documentId: doc.id,
    documentSeq: doc.seq,
    orderConnection: doc.connection,
    orderId: doc.external_id,
    orderNumber: doc.number,
    content: content === order ? null : content,
    contentHash: hash,
    previous: null,
  })
  plan.journal.push({
    connection: doc.connection,
    subject: doc.external_id,
    event: 'planned',
    data: { flow: flow.id, to: flow.erp, revision: revision.revision, mode },
  })
}

function workOrder({ doc, order, content, hash, flow, subject }: Wish): NewWorkOrder {
  const lines = content.lines.map((l) => ({
    line: l.externalId,
    quantity: l.quantity,
    goods: l.goods,
    discount: l.discount,
    tax: l.tax,
  }))
  return {
    subject,
    flow: flow.id,
    entity: doc.entity,
    salesKind: order.salesKind ?? 'online',
    documentId: doc.id,
    contentHash: hash,
    currency: content.currency,
    lines,
  }
}

/** The key's parts name the order even if every line were replaced. */
function subjectOf(doc: DueDocument): string {
  return `${doc.connection}/${doc.external_id}`
}

function settleTasks(plan: Plan, doc: DueDocument, revision: Revision, reason: string | null): void {
  const base = {
    documentId: doc.id,
    connection: doc.connection,
    orderId: doc.external_id,
    orderNumber: doc.number,
  }
  if (revision.do === 'task') {
    plan.tasks.push({
      ...base,
      kind: revision.kind,
      open: true,
      pushId: revision.push.id,
      detail: { reason: reason ?? 'edited' },
    })
    const other = revision.kind === 'amend-needed' ? 'cancel-needed' : 'amend-needed'
    plan.tasks.push({ ...base, kind: other, open: false, pushId: null, detail: {} })
    plan.journal.push({
      connection: doc.connection,
      subject: doc.external_id,
      event: revision.kind,
      data: { push: revision.push.id, reason: reason ?? 'edited' },
    })
  }
  // the shop took its change back: the ERP's document is right again
  if (revision.do === 'nothing') {
    for (const kind of ['amend-needed', 'cancel-needed'] as const) {
      plan.tasks.push({ ...base, kind, open: false, pushId: null, detail: {} })
    }
  }
}

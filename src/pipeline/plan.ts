/**
 * plan: leases documents that are due, decides what each means (stages/plan-<kind>.ts, pure) and writes
 * work orders, pushes, tasks and journal of the whole batch in one transaction.
 */
import { crashPoint } from '../core/crash-point.ts'
import { TributaryError } from '../core/errors/error.ts'
import { recordError } from '../core/errors/record.ts'
import { isDataError, type Queryable } from '../ledger/database.ts'
import { claimDocuments, type DueDocument, endPlanning } from '../ledger/document.ts'
import { bisect } from '../ledger/group-commit.ts'
import { journalSubject, tell, toldOf } from '../ledger/journal.ts'
import { park, unpark } from '../ledger/parked.ts'
import { insertPushes, type PushHead, pushesOf, withdrawPushes } from '../ledger/push.ts'
import { originOrders, pushesByKey } from '../ledger/push-lookup.ts'
import { type Settlement, settleAll } from '../ledger/settle.ts'
import { changeTasks } from '../ledger/task.ts'
import { linkPushes, upsertWorkOrders } from '../ledger/work-order.ts'
import { DEATHS, LANE_TURN, type Pipe, PLAN, type Stopping, wakeDelivery } from './pipe.ts'
import { planAcknowledgement } from './stages/plan-acknowledgements.ts'
import { emptyPlan, type Plan, planOrder } from './stages/plan-orders.ts'
import { planShipment } from './stages/plan-shipments.ts'
import { storeOnly } from './stages/store-only.ts'

const BATCH = 200

/** Plans until nothing is due or the turn is over. */
export async function planLane(pipe: Pipe, stopping: Stopping): Promise<void> {
  const end = Date.now() + LANE_TURN
  while (!stopping.asked) {
    const due = await claimDocuments(pipe.db, BATCH)
    if (due.length === 0) return
    crashPoint('plan.claimed')
    const failed: [DueDocument, unknown][] = []
    let behind = false
    await bisect(
      due,
      async (part) => {
        behind = !(await planBatch(pipe, part)) || behind
      },
      (doc, error) => failed.push([doc, error]),
    )
    for (const [doc, error] of failed) await setAside(pipe, doc, error)
    if (behind && !(await pipe.configuration.catchUp())) return
    if (Date.now() > end) break
  }
  if (!stopping.asked) void pipe.queue.wake(PLAN, '0')
}

/** False: another configuration is active by now, and the documents were given back as they are. */
async function planBatch(pipe: Pipe, due: DueDocument[]): Promise<boolean> {
  let made: Made[] = []
  const active = await pipe.db.transaction(async (tx) => {
    if (!(await pipe.configuration.isActive(tx))) {
      await endPlanning(tx, due.map(stillDue))
      return false
    }
    const decided = await decide(pipe, tx, due)
    made = await write(tx, decided.plans)
    // in the same commit: an acknowledgement is read only once
    if (decided.settlements.length > 0) await settleAll(tx, decided.settlements)
    return true
  })
  if (!active) return false
  crashPoint('plan.committed')
  for (const [connection, pushes] of Map.groupBy(made, (p) => p.connection)) {
    void wakeDelivery(
      pipe,
      connection,
      pushes.map((p) => p.id),
    )
  }
  return true
}

function stillDue({ id, seq }: { id: number; seq: number }) {
  return { id, seq, state: 'due' as const }
}

async function decide(pipe: Pipe, tx: Queryable, due: DueDocument[]) {
  const pushes = Map.groupBy(
    await pushesOf(
      tx,
      due.map((d) => d.id),
    ),
    (p) => p.document_id,
  )
  const keys = due.flatMap((d) => (COMES_BACK.has(d.kind) ? [keyOf(d)] : []))
  const origins = await originOrders(tx, keys)
  const acknowledged = await pushesByKey(tx, keys)
  const settlements: Settlement[] = []
  const unplanned = due.filter((d) => d.kind !== 'order' && !COMES_BACK.has(d.kind))
  const plans = await storeAll(tx, unplanned)
  for (const doc of due) {
    if (unplanned.includes(doc)) continue
    const mine = pushes.get(doc.id) ?? []
    if (doc.attempts > DEATHS) plans.push(parkedPlan(doc))
    else if (doc.kind === 'order') plans.push(planOneOrder(pipe, doc, mine))
    else if (doc.kind === 'shipment') {
      plans.push(
        planShipment(
          doc,
          origins.get(`${doc.connection} ${keyOf(doc)}`),
          mine,
          pipe.flows,
          pipe.installation,
        ),
      )
    } else {
      const { plan, settlement } = planAcknowledgement(
        doc,
        acknowledged.get(`${doc.connection} ${keyOf(doc)}`),
      )
      plans.push(plan)
      if (settlement) settlements.push(settlement)
    }
  }
  return { plans, settlements }
}

/** Documents of kinds that no planner acts on yet. */
async function storeAll(tx: Queryable, due: DueDocument[]): Promise<Plan[]> {
  const told = await toldOf(tx, 'stored', due.map(storyOf))
  return due.map((doc) => {
    const { connection, subject } = storyOf(doc)
    return doc.attempts > DEATHS ? parkedPlan(doc) : storeOnly(doc, told.has(`${connection} ${subject}`))
  })
}

/** Kinds that are planned against the push they name. */
const COMES_BACK: ReadonlySet<string> = new Set(['shipment', 'acknowledgement'])

const storyOf = ({ connection, kind, external_id }: DueDocument) => ({
  connection,
  subject: journalSubject(kind, external_id),
})

/** A shipment names the order's push as `order`, an acknowledgement as `key`. */
function keyOf(doc: DueDocument): string {
  const content = doc.content as { order?: string; key?: string }
  return content.order ?? content.key ?? ''
}

function planOneOrder(pipe: Pipe, doc: DueDocument, pushes: PushHead[]): Plan {
  try {
    return planOrder(doc, pushes, pipe.flows, pipe.installation)
  } catch (error) {
    if (!(error instanceof TributaryError) || error.kind !== 'input') throw error
    return parkedPlan(doc, error)
  }
}

function parkedPlan(
  doc: DueDocument,
  error: TributaryError = recordError('RECORD_KILLS', { times: DEATHS }),
): Plan {
  const plan = emptyPlan(doc, 'parked')
  plan.journal.push({
    ...storyOf(doc),
    event: 'parked',
    data: { code: error.code },
  })
  plan.parked = {
    what: 'document',
    ref: doc.id,
    connection: doc.connection,
    orderId: doc.external_id,
    orderNumber: doc.number,
    code: error.code,
    detail: { ...error.detail },
  }
  return plan
}

/** A push that is now to be delivered. */
interface Made {
  id: number
  connection: string
}

/** Writes the plans; a plan whose push was sent meanwhile stays due. Answers the new pushes. */
async function write(tx: Queryable, plans: Plan[]): Promise<Made[]> {
  const wished = plans.flatMap((p) => p.withdraw)
  const taken = await withdrawPushes(tx, wished)
  const lost = plans.filter((p) => p.withdraw.some((id) => !taken.has(id)))
  const kept = plans.filter((p) => !lost.includes(p))
  const orders = await upsertWorkOrders(
    tx,
    kept.flatMap((p) => p.workOrders),
  )
  const pushes = kept.flatMap((p) => p.pushes)
  const ids = await insertPushes(tx, pushes)
  await linkPushes(
    tx,
    pushes.flatMap((p) =>
      orders.has(p.subject) ? [{ push: ids.get(p.key)!, workOrder: orders.get(p.subject)! }] : [],
    ),
  )
  await changeTasks(
    tx,
    kept.flatMap((p) => p.tasks),
  )
  await tell(
    tx,
    kept.flatMap((p) => p.journal),
  )
  await park(
    tx,
    kept.flatMap((p) => (p.parked ? [p.parked] : [])),
  )
  await unpark(tx, 'push', [...taken], 'withdrawn')
  await endPlanning(tx, [
    ...kept.map((p) => p.document),
    ...lost.map((p) => ({ ...p.document, ...stillDue(p.document) })),
  ])
  return pushes.map((p) => ({ id: ids.get(p.key)!, connection: p.connection }))
}

/** One document that the database refuses alone, or a database that is away. */
async function setAside(pipe: Pipe, doc: DueDocument, error: unknown): Promise<void> {
  pipe.log('error', 'planning failed', { connection: doc.connection, order: doc.external_id, error })
  // a database that was away is no death of the document; where it still is, the lease runs out
  if (!isDataError(error)) return endPlanning(pipe.db, [{ id: doc.id, seq: doc.seq, state: 'due', after: 1 }])
  // two planners of the same document: the loser looks again at what the winner made
  const again = (error as { code?: string }).code === '23505'
  await pipe.db.transaction(async (tx) => {
    if (again) await endPlanning(tx, [{ id: doc.id, seq: doc.seq, state: 'due', after: 1 }])
    else await write(tx, [parkedPlan(doc, recordError('RECORD_BUG', {}, error))])
  })
}

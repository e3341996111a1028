/** record: what was decided about a push, into the ledger (group-committed) and the log. */
import type { DuePush } from '../ledger/push.ts'
import type { Settlement } from '../ledger/settle.ts'
import { type Pipe, PLAN } from './pipe.ts'
import type { Next } from './stages/settle.ts'

/** States that a person must look at. */
const FOR_A_PERSON = new Set(['parked', 'rejected'])

/** Resolves when it is committed. A lease that was lost changes nothing: whoever has it now decides. */
export async function record(pipe: Pipe, push: DuePush, next: Next): Promise<void> {
  const settlement: Settlement = {
    id: push.id,
    fence: push.fence,
    state: next.state,
    uncertain: next.uncertain,
    rewritten: next.rewritten,
    dueIn: next.dueIn / 1000,
    remoteId: next.remote?.id ?? null,
    remoteNumber: next.remote?.number ?? null,
    code: next.code,
    message: next.message?.slice(0, 2000) ?? null,
    event: next.event,
    data: next.code ? { code: next.code, said: next.message?.slice(0, 500) ?? null } : {},
  }
  if (FOR_A_PERSON.has(next.state)) settlement.parked = parked(push, next)
  const held = await pipe.settler.add(settlement)
  const fields = {
    order: push.order_number ?? push.order_id,
    push: push.id,
    connection: push.connection,
    attempt: push.attempt,
    code: next.code,
  }
  pipe.log(
    next.state === 'confirmed' ? 'info' : 'warn',
    held ? `push ${next.event}` : 'push lease lost',
    fields,
  )
  if (!held) return
  if (next.state === 'confirmed') pipe.observe('confirmed', 1)
  if (FOR_A_PERSON.has(next.state)) pipe.observe('parked', 1)
  void pipe.queue.wake(PLAN, '0')
}

function parked(push: DuePush, next: Next) {
  return {
    what: 'push' as const,
    ref: push.id,
    connection: push.order_connection,
    orderId: push.order_id,
    orderNumber: push.order_number,
    code: next.state === 'rejected' ? 'PUSH_REJECTED' : (next.code ?? 'PUSH_IN_DOUBT'),
    detail: { push: String(push.id), reason: next.message?.slice(0, 500) ?? next.code, said: next.code },
  }
}

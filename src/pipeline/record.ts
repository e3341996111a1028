/** record: what was decided about a push, into the ledger (group-committed) and the log. */
import { sqlState } from '../ledger/database.ts'
import type { DuePush } from '../ledger/push.ts'
import type { Settled, Settlement } from '../ledger/settle.ts'
import { type Pipe, PLAN } from './pipe.ts'
import type { Next } from './stages/settle.ts'

/** States that a person must look at. */
const FOR_A_PERSON = new Set(['parked', 'rejected'])

/** Resolves when it is committed. A lease that was lost changes nothing: whoever has it now decides. */
export async function record(pipe: Pipe, push: DuePush, next: Next): Promise<void> {
  const { held, woke } = await settle(pipe, push, next)
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
  if (woke) void pipe.queue.wake(PLAN, '0')
}

async function settle(pipe: Pipe, push: DuePush, next: Next): Promise<Settled> {
  try {
    return await pipe.settler.add(settlement(push, next))
  } catch (error) {
    if (next.state !== 'confirmed' || sqlState(error) !== '23505') throw error
    // the remote named a document that another push is bound to: one of the two is wrong
    const message = `bound already: ${next.remote?.id}`
    const twice: Next = {
      ...next,
      state: 'parked',
      uncertain: true,
      remote: null,
      code: 'PUSH_BOUND_TWICE',
      message,
      event: 'parked',
    }
    return pipe.settler.add(settlement(push, twice))
  }
}

function settlement(push: DuePush, next: Next): Settlement {
  const made: Settlement = {
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
  return FOR_A_PERSON.has(next.state) ? { ...made, parked: parked(push, next) } : made
}

function parked(push: DuePush, next: Next) {
  return {
    what: 'push' as const,
    ref: push.id,
    connection: push.order_connection,
    orderId: push.order_id,
    orderNumber: push.order_number,
    code: next.state === 'rejected' ? 'PUSH_REJECTED' : (next.code ?? 'PUSH_IN_DOUBT'),
    detail: {
      ...next.detail,
      push: String(push.id),
      reason: next.message?.slice(0, 500) ?? next.code,
      said: next.code,
    },
  }
}

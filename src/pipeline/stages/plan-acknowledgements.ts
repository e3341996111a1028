/** plan-acknowledgements: a remote's later word that a document arrived turns its push into a confirmed one. */
import type { Acknowledgement } from '../../core/documents/acknowledgement.ts'
import type { DueDocument } from '../../ledger/document.ts'
import type { Settlement } from '../../ledger/settle.ts'
import { emptyPlan, type Plan } from './plan-orders.ts'

/** The push that an acknowledgement names by its key. */
export interface AcknowledgedPush {
  id: number
  key: string
  fence: number
  state: string
  uncertain: boolean
  /** Why it stands as it stands. */
  code: string | null
  /** What the document in the remote must add up to; null where the operation does not say. */
  total: string | null
  order_connection: string
}

/** Parked for another reason than that nobody knows whether it was written: the remote's word does not help. */
const NO_DOUBT = new Set(['PUSH_CONFLICT', 'PUSH_DOUBLED', 'PUSH_FOUND_DIFFERENT', 'PUSH_BOUND_TWICE'])

/** Seconds until an acknowledgement that came before the answer is looked at again. */
const SOON = 2

export function planAcknowledgement(
  doc: DueDocument,
  push: AcknowledgedPush | undefined,
): { plan: Plan; settlement: Settlement | null } {
  if (!push) return { plan: emptyPlan(doc), settlement: null }
  // the answer to the write is still on its way: it goes first
  if (push.state === 'sending') return { plan: emptyPlan(doc, 'due', SOON), settlement: null }
  const { remoteId, number, total } = doc.content as Acknowledgement
  const parked = push.state === 'parked'
  const open = parked ? isProven(push, total) : push.state === 'accepted' || push.state === 'unknown'
  if (!open) return { plan: emptyPlan(doc), settlement: null }
  return {
    plan: emptyPlan(doc),
    settlement: {
      id: push.id,
      fence: push.fence,
      state: 'confirmed',
      uncertain: false,
      rewritten: false,
      dueIn: 0,
      remoteId,
      remoteNumber: number ?? null,
      code: null,
      message: null,
      event: 'acknowledged',
      data: { number: number ?? null, ...(parked ? { was: 'parked' } : {}) },
      ...(parked ? { unparks: true } : {}),
    },
  }
}

/** The patience for the answer was over, the document came all the same: only its sum must be ours. */
function isProven(push: AcknowledgedPush, total: string | null | undefined): boolean {
  if (!push.uncertain || NO_DOUBT.has(push.code ?? '')) return false
  return push.total === null || total == null || Number(push.total) === Number(total)
}

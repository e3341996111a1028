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
  order_connection: string
}

/** Seconds until an acknowledgement that came before the answer is looked at again. */
const SOON = 2

export function planAcknowledgement(
  doc: DueDocument,
  push: AcknowledgedPush | undefined,
): { plan: Plan; settlement: Settlement | null } {
  if (!push) return { plan: emptyPlan(doc), settlement: null }
  // the answer to the write is still on its way: it goes first
  if (push.state === 'sending') return { plan: emptyPlan(doc, 'due', SOON), settlement: null }
  if (push.state !== 'accepted' && push.state !== 'unknown') return { plan: emptyPlan(doc), settlement: null }
  const { remoteId, number } = doc.content as Acknowledgement
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
      data: { number: number ?? null },
    },
  }
}

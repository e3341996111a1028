/** store-only: a document of a kind that no planner acts on yet. It is kept with all its versions and can be read. */
import type { DueDocument } from '../../ledger/document.ts'
import { journalSubject } from '../../ledger/journal.ts'
import { emptyPlan, type Plan } from './plan-orders.ts'

/** `isTold`: the journal has said so of this document before; a stock level changes all day long. */
export function storeOnly(doc: DueDocument, isTold: boolean): Plan {
  const plan = emptyPlan(doc)
  if (isTold) return plan
  plan.journal.push({
    connection: doc.connection,
    subject: journalSubject(doc.kind, doc.external_id),
    event: 'stored',
    data: { kind: doc.kind },
  })
  return plan
}

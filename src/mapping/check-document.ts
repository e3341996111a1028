/** Whether a document's money agrees with itself, beyond what its schema can say. */

import type { Order } from '../core/documents/order.ts'
import type { Refund } from '../core/documents/refund.ts'
import type { Return } from '../core/documents/return.ts'
import type { Documents } from '../core/documents/schemas.ts'
import { recordError } from '../core/errors/record.ts'
import { fromMinor, isCurrency } from '../core/money.ts'
import type { DocumentKind } from '../core/states.ts'
import { checkOrder } from './check-order.ts'

/**
 * Called on a valid document of any kind before it is stored; answers what is to be stored. What the source pays
 * back beyond the parts that it explains becomes an `adjustment`, so that the parts add up from here on. Throws
 * RECORD_CURRENCY for a code that is not ISO 4217, RECORD_SUMS as `checkOrder` does, RECORD_PARTS where the mapping
 * states the adjustment itself and the parts add up to something else.
 */
export function checkDocument<K extends DocumentKind>(kind: K, document: Documents[K]): Documents[K] {
  if (kind === 'order') return checkOrder(document as Order) as Documents[K]
  const { currency } = document as { currency?: string }
  if (currency !== undefined && !isCurrency(currency)) throw recordError('RECORD_CURRENCY', { currency })
  if (kind === 'return') return checkReturn(document as Return) as Documents[K]
  if (kind === 'refund') return checkRefund(document as Refund) as Documents[K]
  return document
}

function checkReturn(one: Return): Return {
  const lines = one.lines.reduce((sum, l) => sum + l.amount, 0)
  const parts = lines + (one.freight ?? 0) + (one.adjustment ?? 0)
  if (parts === one.total) return one
  if (one.adjustment != null) throw differ('return', parts, one.total, one.currency)
  return { ...one, adjustment: one.total - parts }
}

function checkRefund(one: Refund): Refund {
  const parts = one.components.reduce((sum, c) => sum + c.amount, 0)
  if (parts === one.amount) return one
  if (one.components.some((c) => c.kind === 'adjustment'))
    throw differ('refund', parts, one.amount, one.currency)
  return { ...one, components: [...one.components, { kind: 'adjustment', amount: one.amount - parts }] }
}

function differ(document: DocumentKind, parts: number, total: number, currency: string): Error {
  const text = (minor: number) => fromMinor(minor, currency)
  return recordError('RECORD_PARTS', { document, currency, parts: text(parts), total: text(total) })
}

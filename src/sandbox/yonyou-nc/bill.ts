/** One `bill` element of a sales order document, taken apart into flat head and rows. */

import { parseXml, type XmlElement } from '../xml.ts'
import { type Refusal, refusal } from './refusal.ts'

/** Fields by name; empty elements are '' (NC does not tell empty from absent). */
export type Fields = Readonly<Record<string, string>>

export interface Bill {
  /** The external document id, the idempotency key; '' when the sender states none (samples show it empty). */
  readonly id: string
  readonly head: Fields
  readonly rows: readonly Fields[]
  /** The decoded text of the element as it came. */
  readonly raw: string
}

/** The sub table of bill type 30 (china.md §1.2). */
const BODY_TAG = 'so_saleorder_b'

function fieldsOf(element: XmlElement): Record<string, string> {
  const fields: Record<string, string> = {}
  for (const child of element.children) if (child.name !== BODY_TAG) fields[child.name] = child.text.trim()
  return fields
}

/** The bill of an element, or -31006 / -31007 when the head or the body tag is missing. */
export function readBill(element: XmlElement, text: string): Bill | Refusal {
  const head = element.children.find((c) => c.name === 'billhead')
  if (!head) return refusal('-31006', '单据缺少表头标签 billhead')
  const body = head.children.filter((c) => c.name === BODY_TAG)
  if (body.length === 0) return refusal('-31007', `单据缺少表体标签 ${BODY_TAG}`)
  const rows = body.flatMap((b) => b.children.filter((c) => c.name === 'item').map(fieldsOf))
  const raw = text.slice(element.start, element.end)
  return { id: element.attributes.id ?? '', head: fieldsOf(head), rows, raw }
}

/** Reads back a bill that was stored as `raw`. Throws when it is not a stored bill (a damaged log). */
export function readStoredBill(raw: string): Bill {
  const bill = readBill(parseXml(raw), raw)
  if ('code' in bill) throw new Error(`the stored bill has no ${bill.code === '-31006' ? 'head' : 'body'}`)
  return bill
}

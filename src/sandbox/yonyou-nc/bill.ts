/** One bill of a document, taken apart into flat head and rows. */

import { parseXml, type XmlElement } from '../xml.ts'
import type { Bill, BillType } from './bill-type.ts'
import { type Refusal, refusal } from './refusal.ts'

function fieldsOf(element: XmlElement, body: string): Record<string, string> {
  const fields: Record<string, string> = {}
  for (const child of element.children) if (child.name !== body) fields[child.name] = child.text.trim()
  return fields
}

/** The bill of an element, or -31006 / -31007 when the head or the body tag is missing. */
export function readBill(element: XmlElement, text: string, type: BillType): Bill | Refusal {
  const head = element.children.find((c) => c.name === type.head)
  if (!head) return refusal('-31006', `单据缺少表头标签 ${type.head}`)
  const body = (type.inside ? head : element).children.filter((c) => c.name === type.body)
  if (body.length === 0) return refusal('-31007', `单据缺少表体标签 ${type.body}`)
  const rows = body.flatMap((b) =>
    b.children.filter((c) => c.name === type.row).map((row) => fieldsOf(row, type.body)),
  )
  const raw = text.slice(element.start, element.end)
  return { id: element.attributes.id ?? '', head: fieldsOf(head, type.body), rows, raw }
}

/** Reads back a bill that was stored as `raw`. Throws when it is not a stored bill (a damaged log). */
export function readStoredBill(raw: string, type: BillType): Bill {
  const bill = readBill(parseXml(raw), raw, type)
  if ('code' in bill) throw new Error(`the stored bill has no ${bill.code === '-31006' ? 'head' : 'body'}`)
  return bill
}

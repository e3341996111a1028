/** The records of an answer, each as the bytes in which it was sent. */
import { connectorError } from '../core/errors/connector.ts'
import type { RawRecord } from '../core/ports.ts'
import type { Answered } from './caller.ts'
import { pick, textAt } from './dotted.ts'
import { sliceList, sliceValue } from './peek.ts'
import { charsetOf } from './xml.ts'

/** A record, and its parsed form beside it. */
export interface Item {
  record: RawRecord
  item: unknown
}

/** Where the records are, and the id of each; `$`: the element itself is the id. */
export interface Place {
  each?: string | undefined
  id: string
}

/**
 * `empty`: the answer says in another place that there is nothing, and may leave the list out. Throws
 * CONNECTOR_ANSWER_UNREADABLE where there is no list, or a record without its id.
 */
export function recordsOf(
  { answer, value }: Answered,
  { each, id }: Place,
  shape: string,
  empty = false,
): Item[] {
  const items = listAt(pick(value, each), empty, isXml(answer))
  if (!items) throw unreadable(`${each ?? 'the answer'} is not a list`)
  const bytes = isUtf8Json(answer) ? sliceList(answer.body, each) : null
  const exact = bytes?.length === items.length ? bytes : null
  return items.map((item, i) => ({ item, record: recordOf(item, id, shape, exact?.[i] ?? null) }))
}

/** The one record of an answer; null where there is none. */
export function recordAt(
  { answer, value }: Answered,
  each: string | undefined,
  id: string,
  shape: string,
): RawRecord | null {
  const item = pick(value, each)
  if (item === undefined || item === null || item === '') return null
  const body =
    (isUtf8Json(answer) ? sliceValue(answer.body, each) : null) ?? Buffer.from(JSON.stringify(item))
  return { id, body, contentType: 'application/json', shape }
}

/** XML has no lists of one or none. */
function listAt(found: unknown, empty: boolean, xml: boolean): unknown[] | null {
  if (Array.isArray(found)) return found
  const nothing = found === undefined || found === null || found === ''
  if (nothing) return empty || xml ? [] : null
  return xml ? [found] : null
}

function recordOf(item: unknown, path: string, shape: string, bytes: Buffer | null): RawRecord {
  const id = path === '$' ? textAt({ item }, 'item') : textAt(item, path)
  if (id === null) throw unreadable(`a record without ${path}`)
  return { id, body: bytes ?? Buffer.from(JSON.stringify(item)), contentType: 'application/json', shape }
}

const isXml = ({ headers, body }: Answered['answer']): boolean =>
  /xml/i.test(headers['content-type'] ?? '') || body[0] === 60

function isUtf8Json({ headers, body }: Answered['answer']): boolean {
  const charset = charsetOf(headers['content-type'])
  return (
    (body[0] === 123 || body[0] === 91 || body[0] === 0xef) && (charset === null || /^utf-?8$/i.test(charset))
  )
}

function unreadable(reason: string): Error {
  return connectorError('CONNECTOR_ANSWER_UNREADABLE', { reason })
}

/** Raw bytes of a record → the value that a mapping reads. */
import iconv from 'iconv-lite'
import { connectorError } from '../core/errors/connector.ts'
import type { Phrase } from '../core/errors/error.ts'
import { sourceError } from '../core/errors/source.ts'
import { parseJson, parseJsonBytes } from '../core/json.ts'
import { charsetOf, parseXml } from './xml.ts'

/** Content type of a row that could not be read: it is parked with the reason that it carries. */
export const BAD_ROW = 'application/vnd.tributary.bad-row+json'

/**
 * Reads a record by its content type: JSON with exact big numbers, XML as a tree, a form as an object, any
 * other text as text. Throws TributaryError CONNECTOR_RECORD_UNREADABLE or SOURCE_ROW, so that one record is parked.
 */
export function parseRecord(record: { body: Buffer; contentType: string }): unknown {
  const type = record.contentType.split(';')[0]!.trim().toLowerCase()
  if (type === BAD_ROW) throw badRow(record.body)
  try {
    if (/[/+]xml$/.test(type)) return parseXml(record.body, record.contentType)
    const charset = charsetOf(record.contentType)
    const foreign = charset !== null && !/^(utf-?8|us-ascii)$/i.test(charset)
    if (/[/+]json$/.test(type)) {
      return foreign ? parseJson(iconv.decode(record.body, charset)) : parseJsonBytes(record.body)
    }
    const text = iconv.decode(record.body, foreign ? charset : 'utf-8')
    if (type === 'application/x-www-form-urlencoded') return Object.fromEntries(new URLSearchParams(text))
    return text
  } catch (error) {
    // only the decoder throws a TypeError
    const what =
      error instanceof TypeError
        ? `in ${charsetOf(record.contentType) ?? 'UTF-8'}`
        : `whole ${type || 'data of a known type'}`
    const reason = `${record.body.length} bytes are not ${what}`
    throw connectorError('CONNECTOR_RECORD_UNREADABLE', { reason }, error)
  }
}

function badRow(body: Buffer): Error {
  const { file, reason } = JSON.parse(body.toString()) as {
    file: { name: string; line: number }
    reason: Phrase
  }
  return sourceError('SOURCE_ROW', { file: file.name, line: file.line, reason })
}

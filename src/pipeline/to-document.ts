/**
 * From the bytes of a record to the document that would be written: parse, map, fill in, validate, check. It reads
 * no ledger and writes none, so that a changed mapping can be tried on stored records (mapping-diff.ts) by the very
 * path that new ones take.
 */
import { contentHash } from '../core/canonical.ts'
import { crashOnRecord } from '../core/crash-point.ts'
import { recordError } from '../core/errors/record.ts'
import type { Connection, DocumentKind } from '../core/ports.ts'
import type { NewDocument } from '../ledger/document.ts'
import type { ClaimedRecord } from '../ledger/inbox.ts'
import { checkDocument } from '../mapping/check-document.ts'
import { validateDocument } from '../mapping/validate.ts'
import { withNewestCodes } from './codes.ts'
import { phoneTail, searchTerms, sortableVersion } from './identity.ts'
import type { Pipe } from './pipe.ts'

/** Connections with their mappings; a `Pipe` is one. `codes`: tables that may change meanwhile. */
export interface Mapper {
  connections: ReadonlyMap<string, Connection>
  company: { zone: string; currency: string }
  codes?: Pipe['codes']
}

/** A record with its bytes, as `toDocument` needs it. */
export type MappableRecord = Omit<ClaimedRecord, 'attempts'>

/**
 * The document of one record. Fills in `record.external_id` where the record came without, also when it throws
 * afterwards. Throws TributaryError RECORD_… and MAPPING_… (the record is parked with it), CONNECTOR_RECORD_UNREADABLE,
 * and RangeError for a version that cannot be ordered.
 */
export async function toDocument(pipe: Mapper, record: MappableRecord): Promise<NewDocument> {
  const connection = pipe.connections.get(record.connection)
  const stream = connection?.streams.find((s) => s.name === record.stream)
  const mapping = stream?.mappings[record.shape]
  if (!connection || !stream || !mapping) {
    throw recordError('RECORD_NO_MAPPING', {
      connection: record.connection,
      stream: record.stream,
      shape: record.shape,
    })
  }
  if (record.body === null) throw recordError('RECORD_DAMAGED', {})
  const input = connection.parse({ body: record.body, contentType: record.content_type })
  record.external_id ??= stream.identify(input, record.shape)
  crashOnRecord(record.body)
  const context = contextOf(pipe, connection)
  const value = (await withNewestCodes(pipe.codes, () => mapping.map(input, context))) as Record<
    string,
    unknown
  >
  const content = { entity: connection.entity, ...value, connection: connection.id }
  const document = validateDocument(
    stream.document,
    content,
    (field) => mapping.origin?.(field, input, context) ?? null,
  )
  const checked = checkDocument(stream.document, document)
  return describe(record, stream, mapping.version, checked as Record<string, unknown>)
}

function contextOf(pipe: Mapper, connection: Connection) {
  return { connection: connection.id, entity: connection.entity, settings: {}, company: pipe.company }
}

function describe(
  record: MappableRecord,
  stream: { document: DocumentKind; refresh?: number },
  mapping: string,
  content: Record<string, unknown>,
): NewDocument {
  return {
    inboxId: record.id,
    stream: record.stream,
    connection: record.connection,
    kind: stream.document,
    externalId: content.externalId as string,
    entity: content.entity as string,
    number: (content.number as string | undefined) ?? null,
    version: sortableVersion(content.version as string),
    hash: contentHash(content),
    authoritative: record.origin === 'fetch' || record.origin === 'replay',
    phoneTail: phoneTail(content),
    terms: searchTerms(stream.document, content),
    mapping,
    refreshAfter: stream.refresh && !isFinal(stream.document, content) ? stream.refresh / 1000 : null,
    content,
  }
}

/** States after which a document does not change any more. */
const FINAL: { [K in DocumentKind]?: readonly string[] } = {
  order: ['cancelled'],
  return: ['settled', 'refused', 'withdrawn'],
  refund: ['settled', 'failed', 'withdrawn'],
  cancellation: ['done', 'refused', 'withdrawn'],
  shipment: ['cancelled'],
  receipt: ['cancelled'],
}

function isFinal(kind: DocumentKind, { state, payment }: Record<string, unknown>): boolean {
  return FINAL[kind]?.includes(String(state)) === true || (kind === 'order' && payment === 'refunded')
}

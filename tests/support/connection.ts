/** Connections of the connectors in the folder, opened for a test; and their pages read to the end. */
import { loadConnector } from '../../src/connector/load.ts'
import { openConnection } from '../../src/connector/open.ts'
import type { Connection, DocumentKind, RawRecord, WriteItem } from '../../src/core/ports.ts'
import { checkDocument } from '../../src/mapping/check-document.ts'
import { loadMapping } from '../../src/mapping/load.ts'
import { validateDocument } from '../../src/mapping/validate.ts'

// biome-ignore lint/suspicious/noExplicitAny: documents are looked into freely here
type Any = any

export type ConnectionOptions = Pick<Parameters<typeof openConnection>[1], 'tokens' | 'onCall'> & {
  codes?: Record<string, Record<string, string>>
}

/** Opens a connection of `connectors/<id>` in a company of China; the test closes it. */
export async function openConnector(
  id: string,
  settings: Record<string, unknown>,
  options: ConnectionOptions = {},
): Promise<Connection> {
  const company = { zone: 'Asia/Shanghai', currency: 'CNY' }
  const config = { id: `my-${id}`, entity: 'main', settings, company, ...options }
  return openConnection(await loadConnector(`connectors/${id}`), config, (name) =>
    loadMapping(`mappings/${id}/${name}.yaml`),
  )
}

/** All records of a stream's window; the place is kept as JSON between two pages, as the pipe does. */
export async function readAll(
  connection: Connection,
  stream: string,
  signal: AbortSignal,
  since = new Date(Date.now() - 3_600_000),
  until = new Date(Date.now() + 2000),
): Promise<RawRecord[]> {
  const { page } = connection.streams.find((s) => s.name === stream)!
  const records: RawRecord[] = []
  let resume: unknown = null
  do {
    const read = await page({ since, until, resume }, signal)
    records.push(...read.records)
    resume = read.next === null ? null : JSON.parse(JSON.stringify(read.next))
  } while (resume !== null)
  return records
}

/** The document of a record, valid and with sums that agree, as normalize makes it. Throws what normalize parks. */
export async function documentOf(connection: Connection, stream: string, record: RawRecord): Promise<Any> {
  const { mappings, document } = connection.streams.find((s) => s.name === stream)!
  const context = { connection: '', entity: '', settings: {}, company: { zone: '', currency: '' } }
  const mapped = await mappings[record.shape]!.map(connection.parse(record), context)
  const whole = { connection: connection.id, entity: 'main', ...(mapped as object) }
  return checkDocument(document, validateDocument(document, whole))
}

/** A document mapped out, as it is frozen at its first attempt. */
export async function itemOf(
  connection: Connection,
  kind: DocumentKind,
  document: unknown,
  key: string,
  revision = 1,
): Promise<WriteItem> {
  const operation = connection.writes.find((w) => w.kind === kind)!
  const { body, check } = await operation.render(document, { key, revision, previous: null })
  return { key, kind, revision, body, check }
}

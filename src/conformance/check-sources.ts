/** Databases and files: samples that are mapped, and sources that are not there. */

import { type AddressInfo, createServer, type Socket } from 'node:net'
import { basename } from 'node:path'
import { openStore } from '../connector/files/open.ts'
import type { Store } from '../connector/files/store.ts'
import type { RowsManifest, TableManifest } from '../connector/manifest-source.ts'
import { openDatabase } from '../connector/sql/open.ts'
import { TributaryError } from '../core/errors/error.ts'
import { parseJson } from '../core/json.ts'
import type { Connection, RawRecord, ReadStream } from '../core/ports.ts'
import { CONTEXT } from '../mapping/check.ts'
import { checkDocument } from '../mapping/check-document.ts'
import { validateDocument } from '../mapping/validate.ts'
import { NOT_GIVEN } from './check-read.ts'
import { type Finding, failed, guarded, not, ok } from './finding.ts'
import type { Sample } from './fixture.ts'
import { declaredSource } from './model-sources.ts'
import { openSubject, type Subject } from './subject.ts'

const PATIENCE = 2_000
const WINDOW = {
  since: new Date('2026-06-10T00:00:00Z'),
  until: new Date('2026-06-11T00:00:00Z'),
  resume: null,
}

/** Rows as the query would give them, or a file as it would lie there: what they hold maps to valid documents. */
export async function checkSamples(subject: Subject, name: string): Promise<Finding> {
  const part = { check: 'fixtures', about: name } as const
  const declared = declaredSource(subject, name)
  if (!declared) return not(part, NOT_GIVEN)
  const what = declared.rows ? 'rows' : 'file'
  const samples = subject.samples.filter((s) => s.of === name && s.what === what)
  const wanted = what === 'rows' ? `fixtures/${name}.rows.json` : `fixtures/${name}.file.csv (or .xlsx)`
  if (samples.length === 0) return failed(part, 'fixtures', wanted, 'none')
  return guarded(part, 'fixtures', async () => {
    let count = 0
    for (const sample of samples) count += await mapSample(subject, name, sample)
    if (count === 0) return failed(part, 'fixtures', 'at least one record', 'none')
    return ok(part, 'fixtures', `${count} records mapped to valid documents`)
  })
}

async function mapSample(subject: Subject, name: string, sample: Sample): Promise<number> {
  const { rows, files } = declaredSource(subject, name)!
  const own = files as TableManifest
  const { marker: _, ...rest } = own ?? {}
  const read = files
    ? {
        ...subject.connector.manifest.read,
        [name]: { ...declaredSource(subject, name)!, files: { ...rest, resting: '0s' } },
      }
    : undefined
  const sources = { database: openDatabase, store: () => holding(sample, own) }
  const options = read ? { sources, read: read as NonNullable<Subject['connector']['manifest']['read']> } : {}
  const connection = await openSubject(subject, options)
  try {
    const stream = connection.streams.find((s) => s.name === name)!
    const shape = Object.keys(stream.mappings)[0]!
    const records = rows
      ? rowRecords(sample, rows as RowsManifest, shape)
      : (await stream.page(WINDOW, AbortSignal.timeout(PATIENCE))).records
    for (const record of records) await mapped(connection, stream, record)
    return records.length
  } finally {
    await connection.close()
  }
}

/** Throws for a row that lacks the columns by which it is read. */
function rowRecords(sample: Sample, { id, version }: RowsManifest, shape: string): RawRecord[] {
  const { rows } = parseJson(sample.bytes.toString('utf8')) as { rows?: Record<string, unknown>[] }
  return (rows ?? []).map((row) => {
    for (const column of [id, version])
      if (column !== undefined && row[column] === undefined)
        throw new TypeError(`${basename(sample.file)}: a row has no column "${column}"`)
    const body = Buffer.from(JSON.stringify(row))
    return { id: String(row[id]), shape, contentType: 'application/json', body }
  })
}

async function mapped(connection: Connection, stream: ReadStream, record: RawRecord): Promise<void> {
  const value = (await stream.mappings[record.shape]!.map(connection.parse(record), CONTEXT)) as object
  const content = { entity: 'main', connection: 'shop', ...value }
  checkDocument(stream.document, validateDocument(stream.document, content))
}

function holding({ bytes }: Sample, { match }: TableManifest): Store {
  const name = match.replaceAll('*', 'kit').replaceAll('?', 'k')
  return {
    list: async () => [{ name, size: bytes.length, modified: Date.UTC(2026, 5, 10) }],
    read: async () => bytes,
    move: async () => {},
    check: async () => '',
    close: async () => {},
  }
}

/** A server that refuses, one that never answers, a folder that is not there: tried again later, never "nothing there". */
export function checkSourceFailures(subject: Subject, name: string): Promise<Finding> {
  const part = { check: 'failures-read', about: name } as const
  const declared = declaredSource(subject, name)
  if (!declared) return Promise.resolve(not(part, NOT_GIVEN))
  return guarded(part, 'failing-server', async () => {
    const silent = await startSilent()
    try {
      const places = declared.rows ? { refused: 9, silent: silent.port } : { absent: 0 }
      for (const [fail, at] of Object.entries(places)) {
        const found = await kindAt(subject, name, at)
        if (found !== 'transient')
          return failed(part, 'failing-server', `${fail}: an error of kind transient`, found)
      }
      return ok(part, 'failing-server', Object.keys(places).join(', '))
    } finally {
      await silent.close()
    }
  })
}

async function kindAt(subject: Subject, name: string, port: number): Promise<string> {
  const connection = await openSubject(subject, {
    sources: {
      database: (address) => openDatabase({ ...address, host: '127.0.0.1', port }),
      store: (id, declared, settings) =>
        openStore(id, { folder: '/tributary-kit/no-such-folder', ...limitOf(declared) }, settings),
    },
  })
  try {
    const stream = connection.streams.find((s) => s.name === name)!
    const { records } = await stream.page(WINDOW, AbortSignal.timeout(PATIENCE))
    return `a page of ${records.length} records`
  } catch (error) {
    return error instanceof TributaryError ? error.kind : `an error of no kind (${(error as Error).name})`
  } finally {
    await connection.close()
  }
}

const limitOf = ({ limit }: { limit?: number }) => (limit === undefined ? {} : { limit })

/** Takes connections and says nothing. */
async function startSilent(): Promise<{ port: number; close(): Promise<void> }> {
  const open = new Set<Socket>()
  const server = createServer((socket) => {
    open.add(socket.on('error', () => {}))
    socket.resume()
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      for (const socket of open) socket.destroy()
      await new Promise((done) => server.close(done))
    },
  }
}

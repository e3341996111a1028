/**
 * The model of a source without HTTP. Of a database: the declared query is replaced by a table of the kit's records in
 * an embedded PostgreSQL, and read by the very statements that are made around a query. Of files: one file of those
 * records.
 */
import { PGlite } from '@electric-sql/pglite'
import { clockText } from '../connector/clock.ts'
import type { Store } from '../connector/files/store.ts'
import type { Clock } from '../connector/manifest-http.ts'
import type { StreamManifest } from '../connector/manifest-read.ts'
import type { RowsManifest, TableManifest } from '../connector/manifest-source.ts'
import { resolveSettings } from '../connector/settings.ts'
import type { SourceOpeners } from '../connector/sources.ts'
import type { Database, Raw, Rows } from '../connector/sql/database.ts'
import { begin, POSTGRES_KINDS } from '../connector/sql/postgres.ts'
import { fillText, namesIn } from '../connector/template.ts'
import { keepWasmCode } from '../core/wasm-code.ts'
import type { Model } from './model.ts'
import { DECIMAL } from './model-lists.ts'
import { emptyState, type ModelRecord, type ModelState } from './model-parts.ts'
import type { Subject } from './subject.ts'

/** A stream of rows or files with its declaration filled in; null for any other, and where a setting is not given. */
export function declaredSource(subject: Subject, name: string): StreamManifest | null {
  const declared = subject.connector.manifest.read![name]!
  const filled = (part: unknown) => (typeof part === 'string' ? subject.settings[namesIn(part)[0]!] : part)
  const [rows, files] = [filled(declared.rows), filled(declared.files)]
  if (isGiven(rows)) return { ...declared, rows: rows as RowsManifest }
  return isGiven(files) ? { ...declared, files: files as TableManifest } : null
}

const isGiven = (part: unknown): boolean =>
  part !== null && typeof part === 'object' && Object.keys(part).length > 0

/** How the version column of a query writes an instant; without a declared clock, as a time without a zone. */
export function versionClock(subject: Subject, { clock }: RowsManifest): Clock {
  return clock ?? { format: 'yyyy-MM-dd HH:mm:ss.SSS', zone: subject.connector.manifest.sql?.zone || 'UTC' }
}

export async function startSourceModel(
  subject: Subject,
  name: string,
  given: Subject['settings'],
): Promise<Model> {
  const state = emptyState()
  const declared = declaredSource(subject, name)!
  const { rows, files } = declared
  const read = subject.connector.manifest.read!
  if (typeof files === 'object') {
    const { marker: _, ...rest } = files
    const own = { ...declared, files: { ...rest, resting: '0s' } }
    const sources = { database: nobody, store: () => memoryStore(state, files) }
    return { url: '', state, options: { sources, read: { ...read, [name]: own } }, close: async () => {} }
  }
  const { id, version, clock } = rows as RowsManifest
  const settings = resolveSettings(subject.connector.manifest, given, 'shop')
  const table = tableOf(rows as RowsManifest, versionClock(subject, rows as RowsManifest), settings)
  const plain = { query: 'select * from kit_record', id, size: 5 }
  const own = {
    ...declared,
    rows: { ...plain, ...(version ? { version } : {}), ...(clock ? { clock } : {}) },
  }
  const engine = await startEngine(table)
  const sources: SourceOpeners = { database: () => database(engine, table, state), store: nobody }
  const options = { sources, read: { ...read, [name]: own } }
  return { url: '', state, options, close: () => Promise.resolve() }
}

const nobody = (): never => {
  throw new TypeError('the kit has no model of this source')
}

interface Table {
  id: string
  version: string | null
  /** Of the version column. */
  type: string
  write(at: number): string
}

function tableOf({ id, version }: RowsManifest, declared: Clock, settings: Subject['settings']): Table {
  const clock =
    typeof declared === 'string' ? declared : { ...declared, zone: fillText(declared.zone, settings) }
  const local = typeof clock === 'object' && clock.format.endsWith('ss.SSS')
  const type =
    clock === 'iso' ? 'timestamptz' : typeof clock === 'string' ? 'bigint' : local ? 'timestamp' : 'text'
  return { id, version: version ?? null, type, write: (at) => clockText(new Date(at), clock, 'now') }
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** One for all checks of a process: starting it takes longer than any of them. */
let shared: Promise<PGlite> | null = null

async function startEngine({ id, version, type }: Table): Promise<PGlite> {
  keepWasmCode()
  shared ??= PGlite.create()
  const engine = await shared
  const column = version === null ? '' : `, ${quoted(version)} ${type}`
  await engine.exec(
    `drop table if exists kit_record; create table kit_record (${quoted(id)} bigint${column}, kit_decimal numeric, kit_revision integer)`,
  )
  return engine
}

/** Ends what the models of databases shared. */
export async function closeSourceModels(): Promise<void> {
  const engine = shared
  shared = null
  await (await engine)?.close()
}

/** Reads the model's records as they are when a transaction begins. */
function database(engine: PGlite, table: Table, state: ModelState): Database {
  return {
    dialect: 'postgres',
    async read(work) {
      await fill(engine, table, state)
      const served = new Set<string>()
      const query = async (sql: string, values: readonly string[]) => {
        const found = await ask(engine, sql, values)
        const at = found.columns.findIndex((c) => c.name === table.id)
        for (const row of found.rows) served.add(String(row[at]))
        return found
      }
      await engine.exec(begin(10_000))
      try {
        return await work({ query })
      } finally {
        await engine.exec('rollback')
        state.pages += 1
        state.onPage?.(state.records.filter((r) => served.has(r.id)))
      }
    },
    close: () => Promise.resolve(),
  }
}

async function fill(engine: PGlite, table: Table, state: ModelState): Promise<void> {
  const visible = state.records.filter((r) => r.visibleAt <= state.now)
  const version = table.version === null ? '' : `, ${quoted(table.version)}`
  const rows = visible.map(({ id, at, revision }) => {
    const instant = table.version === null ? '' : `, '${table.write(at)}'`
    return `(${id}${instant}, ${DECIMAL}, ${revision})`
  })
  await engine.exec('truncate kit_record')
  if (rows.length > 0)
    await engine.exec(
      `insert into kit_record (${quoted(table.id)}${version}, kit_decimal, kit_revision) values ${rows.join(', ')}`,
    )
}

const PLAIN = Object.fromEntries(Object.keys(POSTGRES_KINDS).map((oid) => [oid, (value: string) => value]))

async function ask(engine: PGlite, sql: string, values: readonly string[]): Promise<Rows> {
  const found = await engine.query<Raw[]>(sql, [...values], { rowMode: 'array', parsers: PLAIN })
  const columns = found.fields.map(
    (f) => ({ name: f.name, kind: POSTGRES_KINDS[f.dataTypeID] ?? 'text' }) as const,
  )
  return { columns, rows: found.rows }
}

/** One file of all records; another one as soon as they are others. */
function memoryStore(state: ModelState, declared: TableManifest): Store {
  const name = declared.match.replaceAll('*', 'kit').replaceAll('?', 'k')
  const content = () => Buffer.from(csvOf(state.records, declared))
  return {
    list: async () => {
      const size = content().length
      return [{ name, size, modified: state.records.length }]
    },
    read: async () => content(),
    move: async () => {},
    check: async () => 'the model answers',
    close: async () => {},
  }
}

function csvOf(records: ModelRecord[], declared: TableManifest): string {
  const columns = declared.columns ?? [declared.id, 'kit_decimal', 'kit_revision']
  const row = ({ id, revision }: ModelRecord) =>
    columns.map((c) => (c === declared.id ? id : c === 'kit_revision' ? String(revision) : DECIMAL))
  const above = Array.from({ length: declared.skip ?? 0 }, (_, i) => [`kit ${i}`])
  const head = declared.columns ? [] : [columns]
  const cells = [...above, ...head, ...records.map(row)]
  return cells.map((line) => `${line.join(declared.delimiter ?? ',')}\n`).join('')
}

/** Streams that are read from a database or from files: what a manifest and a connection's settings come to. */
import type { TSchema } from 'typebox'
import { connectorError } from '../core/errors/connector.ts'
import { sourceError } from '../core/errors/source.ts'
import { offsetAt } from '../core/local-time.ts'
import { yamlProblems } from '../core/yaml.ts'
import { openStore } from './files/open.ts'
import { filePages } from './files/pages.ts'
import type { Store } from './files/store.ts'
import type { Manifest } from './manifest.ts'
import type { Clock } from './manifest-http.ts'
import type { StreamManifest } from './manifest-read.ts'
import { type RowsManifest, RowsSchema, type TableManifest, TableSchema } from './manifest-source.ts'
import type { Settings } from './settings.ts'
import type { Source } from './source.ts'
import type { Address, Database } from './sql/database.ts'
import { addressOf, openDatabase } from './sql/open.ts'
import { rowsSource } from './sql/rows.ts'
import { fillText, namesIn } from './template.ts'

/** What opens databases and folders; the conformance kit has its own. */
export interface SourceOpeners {
  database(address: Address): Database
  store(connection: string, declared: NonNullable<Manifest['files']>, settings: Settings): Store
}

export interface Sources {
  /** Null for a stream of another kind, and for one whose setting is not given. */
  of(name: string, declared: StreamManifest): Source | null
  /** One harmless question; null where there is neither database nor folder. */
  check(signal: AbortSignal): Promise<string> | null
  close(): Promise<void>
}

const USUAL: SourceOpeners = { database: openDatabase, store: openStore }

/** Opens nothing yet. Throws CONNECTOR_SETTING_VALUE and SOURCE_STREAM for settings that are wrong. */
export function openSources(
  { manifest }: { manifest: Manifest },
  settings: Settings,
  connection: string,
  openers: SourceOpeners = USUAL,
): Sources {
  const database = manifest.sql ? openers.database(addressOf(connection, manifest.sql, settings)) : null
  const store = manifest.files ? openers.store(connection, manifest.files, settings) : null
  const zone = zoneOf(manifest, settings, connection)
  const rows = (stream: string, declared: StreamManifest): Source | null => {
    const found = whole<RowsManifest>(RowsSchema, declared.rows, { connection, stream, settings })
    if (!found) return null
    if (!database) throw missing(connection, stream, 'sql')
    const clock = clockOf(found.clock, settings)
    const shape = declared.shape ?? Object.keys(declared.shapes)[0]!
    return rowsSource({ connection, stream, declared: found, shape, database, zone, clock })
  }
  const table = (stream: string, declared: StreamManifest): Source | null => {
    const found = whole<TableManifest>(TableSchema, declared.files, { connection, stream, settings })
    if (!found) return null
    if (!store) throw missing(connection, stream, 'files')
    const shape = declared.shape ?? Object.keys(declared.shapes)[0]!
    return filePages({ connection, stream, declared: found, shape, store })
  }
  return {
    of: (name, declared) =>
      declared.rows ? rows(name, declared) : declared.files ? table(name, declared) : null,
    check: (signal) => (database ? checkDatabase(database, signal) : (store?.check(signal) ?? null)),
    async close() {
      await database?.close()
      await store?.close()
    },
  }
}

/** A declaration in the manifest, or in the setting that it names; null where that is not given. */
function whole<T>(
  schema: TSchema,
  declared: unknown,
  where: { connection: string; stream: string; settings: Settings },
): T | null {
  const name = typeof declared === 'string' ? namesIn(declared)[0]! : null
  const value = name === null ? declared : where.settings[name]
  if (value === undefined || value === null || isEmpty(value)) return null
  const [problem] = yamlProblems(schema, {
    value,
    file: name ?? where.stream,
    locate: () => ({ line: 1, column: 1 }),
  } as Parameters<typeof yamlProblems>[1])
  if (!problem) return value as T
  const { connection, stream } = where
  const { field, expected, found } = problem as { field?: string; expected?: unknown; found?: unknown }
  const said = (language: 'en' | 'zh') => {
    const words = typeof expected === 'object' ? (expected as { en: string; zh: string })[language] : expected
    return [field, words, found].filter((part) => part !== undefined && part !== '').join(': ')
  }
  const reason = { en: `its setting is wrong (${said('en')})`, zh: `设置有误（${said('zh')}）` }
  throw sourceError('SOURCE_STREAM', { connection, stream, reason })
}

const isEmpty = (value: unknown): boolean => typeof value === 'object' && Object.keys(value!).length === 0

function missing(connection: string, stream: string, section: string): Error {
  const reason = {
    en: `connector.yaml has no section "${section}"`,
    zh: `connector.yaml 缺少 ${section} 部分`,
  }
  return sourceError('SOURCE_STREAM', { connection, stream, reason })
}

/** Throws CONNECTOR_ADDRESS for a zone that nobody knows: reading would find out only with the first row. */
function zoneOf({ sql }: Manifest, settings: Settings, connection: string): string {
  const zone = fillText(sql?.zone ?? '', settings) || 'UTC'
  try {
    offsetAt(zone, 0)
    return zone
  } catch (error) {
    const { message } = error as Error
    throw connectorError('CONNECTOR_ADDRESS', { connection, reason: { en: message, zh: message } }, error)
  }
}

function clockOf(clock: Clock | undefined, settings: Settings): Clock | null {
  if (clock === undefined) return null
  return typeof clock === 'string' ? clock : { ...clock, zone: fillText(clock.zone, settings) }
}

async function checkDatabase(database: Database, signal: AbortSignal): Promise<string> {
  const sql = database.dialect === 'oracle' ? 'select 1 as one from dual' : 'select 1 as one'
  await database.read((session) => session.query(sql, []), signal)
  return `the ${database.dialect} database answers`
}

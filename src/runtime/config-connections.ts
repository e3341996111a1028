/** The connections of tributary.yaml, checked against what their connectors say they need. */
import { resolve } from 'node:path'
import type { Manifest, Setting } from '../connector/manifest.ts'
import { settingType, settingWords } from '../connector/settings.ts'
import { type Phrase, shapePhrase } from '../core/errors/error.ts'
import { parseDuration } from '../core/time.ts'
import type { YamlPath } from '../core/yaml.ts'
import { oneOf } from '../core/yaml-words.ts'
import type { ConnectorCatalog } from './config-catalog.ts'
import { type Problems, suggestion } from './config-problems.ts'
import type { ConfigFile } from './schema.ts'

/** How one stream of a connection is read, where it differs from the connector. Milliseconds. */
export interface PollConfig {
  every?: string
  lag?: number
  overlap?: number
  off: boolean
  /** Cron of the daily check, in the company's zone; null: none. */
  completeness?: string | null
  /** Absolute path: files there are records of this stream, of this shape (null: the stream's first). */
  drop?: { folder: string; shape: string | null }
}

export interface ConnectionConfig {
  id: string
  /** Connector id. */
  use: string
  entity: string
  /** As given, references and types resolved; the connector runtime fills in the connector's defaults. */
  settings: Record<string, unknown>
  /** Names of settings that are secret. */
  secrets: string[]
  /** The connector's own where it is not stated. */
  concurrency: number | undefined
  /** `per`: milliseconds. */
  rate: { calls: number; per: number } | null
  codes: Record<string, Record<string, string>>
  poll: Record<string, PollConfig>
  /** Which webhooks the platform is to send; absent: all that the connector subscribes to. */
  webhooks?: string[]
}

export interface ConfigWarning {
  code: 'SECRET_IN_FILE' | 'FLOW_OFF'
  file: string
  line: number
  field: string
}

/** What the checks of one part share. */
export interface ConfigContext {
  file: ConfigFile
  problems: Problems
  catalog: ConnectorCatalog
  fromEnvironment: ReadonlySet<string>
  /** Absolute: what relative paths of the file start from. */
  base: string
  warn(code: ConfigWarning['code'], path: YamlPath): void
}

/** Every connection with defaults filled in; mistakes go to `problems`. */
export function readConnections(
  context: ConfigContext,
  entities: string[],
): Record<string, ConnectionConfig> {
  const out: Record<string, ConnectionConfig> = {}
  for (const [id, given] of Object.entries(context.file.connections)) {
    const path: YamlPath = ['connections', id]
    const known = context.catalog.ids.includes(given.use)
    if (!known) {
      context.problems.addName('CONFIG_UNKNOWN_CONNECTOR', [...path, 'use'], given.use, context.catalog.ids)
    }
    const manifest = known ? context.catalog.manifest(given.use) : null
    const specs = manifest?.settings ?? {}
    out[id] = {
      id,
      use: given.use,
      entity: readEntity(context, path, given.entity, entities),
      settings: known ? readSettings(context, path, given.use, specs) : {},
      secrets: Object.keys(specs).filter((name) => specs[name]!.secret),
      concurrency: given.concurrency === undefined ? undefined : Number(given.concurrency),
      rate: given.rate ? { calls: Number(given.rate.calls), per: readDuration(given.rate.per) } : null,
      codes: given.codes ?? {},
      poll: readPoll(context, path, given.poll ?? {}, manifest ? Object.keys(manifest.read ?? {}) : null),
      ...readWebhooks(context, path, given.webhooks, manifest),
    }
  }
  return out
}

function readWebhooks(
  { problems }: ConfigContext,
  path: YamlPath,
  given: ConfigFile['connections'][string]['webhooks'],
  manifest: Pick<Manifest, 'subscriptions'> | null,
): Pick<ConnectionConfig, 'webhooks'> {
  if (given === undefined) return {}
  if (given === 'off') return { webhooks: [] }
  const known = manifest ? Object.keys(manifest.subscriptions?.topics ?? {}) : null
  for (const [i, name] of given.entries()) {
    if (known === null || known.includes(name)) continue
    const expected =
      known.length > 0
        ? oneOf(known)
        : { en: 'off: the connector cannot subscribe', zh: 'off：该连接器无法订阅' }
    problems.addName('CONFIG_VALUE', [...path, 'webhooks', i], name, known, { expected, found: `"${name}"` })
  }
  return { webhooks: given }
}

function readEntity(
  { problems }: ConfigContext,
  path: YamlPath,
  given: string | undefined,
  entities: string[],
): string {
  if (given === undefined) {
    if (entities.length > 1) {
      problems.add('CONFIG_ENTITY_UNSTATED', path, { allowed: entities.join(', ') }, 'key')
    }
    return entities[0]!
  }
  if (!entities.includes(given)) {
    problems.addName('CONFIG_UNKNOWN_ENTITY', [...path, 'entity'], given, entities)
  }
  return given
}

/** `streams`: those the connector has; null when the connector is not known. */
function readPoll(
  { problems, base }: ConfigContext,
  connection: YamlPath,
  given: NonNullable<ConfigFile['connections'][string]['poll']>,
  streams: string[] | null,
): Record<string, PollConfig> {
  const out: Record<string, PollConfig> = {}
  for (const [stream, poll] of Object.entries(given)) {
    if (streams && !streams.includes(stream)) {
      problems.addName('CONFIG_UNKNOWN_STREAM', [...connection, 'poll', stream], stream, streams)
    }
    out[stream] = {
      ...(poll.every === undefined ? {} : { every: poll.every }),
      ...(poll.lag === undefined ? {} : { lag: readDuration(poll.lag) }),
      ...(poll.overlap === undefined ? {} : { overlap: readDuration(poll.overlap) }),
      off: poll.off ?? false,
      ...(poll.completeness === undefined
        ? {}
        : { completeness: poll.completeness === 'off' ? null : poll.completeness }),
      ...(poll.folder === undefined
        ? {}
        : { drop: { folder: resolve(base, poll.folder), shape: poll.shape ?? null } }),
    }
  }
  return out
}

function readSettings(
  context: ConfigContext,
  connection: YamlPath,
  connector: string,
  specs: Record<string, Setting>,
): Record<string, unknown> {
  const given = context.file.connections[String(connection[1])]!.settings ?? {}
  const path = [...connection, 'settings']
  const names = Object.keys(specs)
  for (const name of Object.keys(given)) {
    if (names.includes(name)) continue
    const allowed = names.join(', ') || '—'
    const detail = { connector, near: suggestion(name, names), allowed }
    context.problems.add('CONFIG_SETTING_UNKNOWN', [...path, name], detail, 'key')
  }
  const out: Record<string, unknown> = {}
  for (const [name, spec] of Object.entries(specs)) {
    const value = given[name]
    if (value === undefined || value === null || value === '') {
      if (spec.default === undefined && !spec.optional) {
        context.problems.add('CONFIG_SETTING_MISSING', [...path, name], {
          connector,
          description: settingWords(spec),
        })
      }
      continue
    }
    out[name] = readSetting(context, [...path, name], spec, value)
  }
  return out
}

function readSetting(context: ConfigContext, path: YamlPath, spec: Setting, given: unknown): unknown {
  const fromEnvironment = context.fromEnvironment.has(path.join('.'))
  if (spec.secret && !fromEnvironment) context.warn('SECRET_IN_FILE', path)
  // A variable that is not set was complained about already; its reference would fail every check below.
  if (fromEnvironment && /\$\{\w+\}/.test(String(given))) return given
  const value = fromEnvironment ? fromText(spec.type, String(given)) : given
  const expected = violation(spec, value)
  if (expected) {
    const near = typeof value === 'string' && spec.values ? suggestion(value, spec.values) : ''
    context.problems.add('CONFIG_SETTING_VALUE', path, {
      expected,
      found: shapePhrase(value),
      near,
      description: settingWords(spec),
    })
  }
  return value
}

/** The environment knows only text. */
function fromText(type: Setting['type'], text: string): unknown {
  if (type === 'integer' && /^-?\d{1,15}$/.test(text)) return Number(text)
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true'
  if (type === 'list') return text.split(',').map((part) => part.trim())
  return text
}

/** What the value should have been, in words; null when it is right. */
function violation(spec: Setting, value: unknown): Phrase | null {
  if (spec.values && !spec.values.includes(String(value))) return oneOf(spec.values)
  switch (spec.type) {
    case 'integer':
      return Number.isSafeInteger(value) ? null : settingType.integer
    case 'decimal':
      return /^-?\d+(\.\d+)?$/.test(String(value)) ? null : settingType.decimal
    case 'boolean':
      return typeof value === 'boolean' ? null : settingType.boolean
    case 'list':
      return Array.isArray(value) ? null : settingType.list
    case 'map':
      return value !== null && typeof value === 'object' && !Array.isArray(value) ? null : settingType.map
    default:
      return typeof value === 'string' ? null : settingType.string
  }
}

/** Milliseconds; a variable that is not set (complained about already) counts as nothing. */
export function readDuration(text: string): number {
  return text.includes('${') ? 0 : parseDuration(text)
}

/**
 * Reads tributary.yaml. The result is complete, typed and frozen: milliseconds for
 * durations, Date for instants, absolute paths. Nothing else in Tributary reads the file or the environment.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { configError } from '../core/errors/config.ts'
import { shapePhrase, TributaryError } from '../core/errors/error.ts'
import { isCurrency } from '../core/money.ts'
import { isZone } from '../core/time.ts'
import { type ParsedYaml, parseYaml, type YamlPath, yamlFailure, yamlProblems } from '../core/yaml.ts'
import { type AlertConfig, readAlerts } from './config-alerts.ts'
import { type ConnectorCatalog, connectorCatalog } from './config-catalog.ts'
import {
  type ConfigContext,
  type ConfigWarning,
  type ConnectionConfig,
  readConnections,
  readDuration,
} from './config-connections.ts'
import { type Environment, resolveEnvironment } from './config-environment.ts'
import { type FlowConfig, readCron, readFlows } from './config-flows.ts'
import { collectProblems, joined } from './config-problems.ts'
import { ConfigFile, OWN_PARTS, OwnParts } from './schema.ts'

export type { AlertConfig } from './config-alerts.ts'
export type { ConfigWarning, ConnectionConfig, PollConfig } from './config-connections.ts'
export type { FlowConfig } from './config-flows.ts'

export interface EntityConfig {
  name: string
  taxId: string | null
  currency: string
  zone: string
}

/** A project's own files as they were stored when it was applied. */
export interface StoredFiles {
  /** Path below the project's folder, with slashes → text. */
  texts: ReadonlyMap<string, string>
  /** Absolute: a folder like connectors/ in which its own connectors were laid out. */
  connectors: string
}

export interface Config {
  /** Absolute path of the file. */
  file: string
  /** SHA-256 of the file's text, 16 hex digits: which configuration an event happened under. */
  version: string
  /** The file's text; never to be shown or stored, for it may hold secrets. */
  text: string
  /** Of a configuration that was applied: its own files as they were then. Null: they are read from the disk. */
  stored: StoredFiles | null
  company: { zone: string; currency: string; entities: Record<string, EntityConfig> }
  connections: Record<string, ConnectionConfig>
  flows: Record<string, FlowConfig>
  policies: Record<string, unknown>
  alerts: AlertConfig
  /** `data`: absolute path; `database`, `redis`: addresses, or null for the embedded size; `key`: TRIBUTARY_KEY. */
  storage: { data: string; database: string | null; redis: string | null; key?: string }
  http: { host: string; port: number }
  /** Where `work` answers health checks; null: nowhere. `stated`: somebody chose the port, it must be that one. */
  health: { host: string; port: number; stated: boolean } | null
  /** Milliseconds. */
  retention: { raw: number }
  log: { level: 'debug' | 'info' | 'warn' | 'error' }
  warnings: ConfigWarning[]
}

/** What a process reads of its own file whatever is active. */
export type OwnConfig = Pick<Config, 'file' | 'text' | 'storage' | 'http' | 'health' | 'log'>

/** A file that is wrong, of which those parts could be read all the same. */
export interface BrokenConfig extends OwnConfig {
  broken: TributaryError
}

/**
 * `loadConfig` for what can do with the active configuration of the ledger where the file is wrong. Throws what
 * `loadConfig` throws when it is so wrong that nobody can tell where the ledger is.
 */
export function loadOwnConfig(file: string, env: Environment): Config | BrokenConfig {
  const path = resolve(file)
  const text = readText(path, file)
  try {
    return parseConfig(text, path, env)
  } catch (error) {
    if (!(error instanceof TributaryError)) throw error
    const own = readOwn(text, path, env)
    if (!own) throw error
    return { file: path, text, ...own, broken: error }
  }
}

/** Null where these parts themselves are wrong. */
function readOwn(text: string, path: string, env: Environment): Omit<OwnConfig, 'file' | 'text'> | null {
  try {
    const written = readYaml(text, path)
    const given = Object.entries((written.value ?? {}) as object)
    const value = Object.fromEntries(given.filter(([key]) => (OWN_PARTS as readonly string[]).includes(key)))
    const raw = { ...written, value }
    const problems = collectProblems(raw)
    const { parsed } = resolveEnvironment(raw, env, problems)
    problems.addYaml(yamlProblems(OwnParts, parsed))
    problems.finish()
    const { retention: _, ...own } = readServer({ file: parsed.value as ConfigFile, problems }, path, env)
    problems.finish()
    return deepFreeze(own)
  } catch (error) {
    if (error instanceof TributaryError) return null
    throw error
  }
}

/**
 * Reads, fills in `${NAME}` from `env` and checks everything. Throws TributaryError of kind `config`: one
 * mistake as itself, several as CONFIG_INVALID that lists them all (`configProblems` gives them one by one).
 */
export function loadConfig(file: string, env: Environment, catalog?: ConnectorCatalog): Config {
  const path = resolve(file)
  return parseConfig(readText(path, file), path, env, catalog)
}

/**
 * `loadConfig` for a text at hand. `path`: absolute; relative paths in the text start from its folder. `fill`: changes
 * the plain data of the text before anything else looks at it.
 */
export function parseConfig(
  text: string,
  path: string,
  env: Environment,
  catalog: ConnectorCatalog = connectorCatalog([join(dirname(path), 'connectors')]),
  fill: (value: unknown) => unknown = (value) => value,
): Config {
  const written = readYaml(text, path)
  const raw = { ...written, value: fill(written.value) }
  const problems = collectProblems(raw)
  const { parsed, fromEnvironment } = resolveEnvironment(raw, env, problems)
  const shape = yamlProblems(ConfigFile, parsed).filter((p) => !unsetReference(parsed, p.field))
  problems.addYaml(shape)
  // What follows reads the fields by their types, so the shape must be right first.
  if (shape.length > 0) problems.finish()
  const warnings: ConfigWarning[] = []
  const context: ConfigContext = {
    file: parsed.value as ConfigFile,
    problems,
    catalog,
    fromEnvironment,
    base: dirname(path),
    warn: (code, at) => {
      warnings.push({ code, file: path, line: raw.locate(at, 'key').line, field: at.join('.') })
    },
  }
  const company = readCompany(context)
  const version = createHash('sha256').update(text).digest('hex').slice(0, 16)
  const config: Config = {
    ...{ file: path, version, text, stored: null, company },
    connections: readConnections(context, Object.keys(company.entities)),
    flows: readFlows(context),
    ...{ policies: context.file.policies ?? {}, alerts: readAlerts(context) },
    ...readServer(context, path, env),
    warnings,
  }
  checkSchedules(context)
  problems.finish()
  return deepFreeze(config)
}

function readYaml(text: string, path: string): ParsedYaml {
  return parseYaml(text, path, (problems) =>
    joined(path, problems.map((p) => yamlFailure([p])) as ReturnType<typeof configError>[]),
  )
}

function readText(path: string, shown: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOENT') throw configError('CONFIG_FILE_MISSING', { file: shown }, error)
    throw configError('CONFIG_FILE_UNREADABLE', { file: shown, reason: code ?? '?' }, error)
  }
}

/** A field whose variable is not set keeps its `${NAME}`; one complaint about it is enough. */
function unsetReference(parsed: ParsedYaml, field: string): boolean {
  let value: unknown = parsed.value
  for (const step of field.split('.')) value = (value as Record<string, unknown> | null | undefined)?.[step]
  return typeof value === 'string' && value.includes('${')
}

function readCompany(context: ConfigContext): Config['company'] {
  const { zone, currency, entities = { main: { name: 'main' } } } = context.file.company
  const checkZone = (value: string, path: YamlPath) => {
    if (value.includes('${') || isZone(value)) return
    context.problems.addName('CONFIG_VALUE', path, value, Intl.supportedValuesOf('timeZone'), {
      expected: { en: 'an IANA time zone such as Asia/Shanghai', zh: 'IANA 时区，例如 Asia/Shanghai' },
      found: `"${value}"`,
    })
  }
  const checkCurrency = (value: string, path: YamlPath) => {
    if (value.includes('${') || isCurrency(value)) return
    const expected = { en: 'an ISO 4217 code such as CNY', zh: 'ISO 4217 货币代码，例如 CNY' }
    context.problems.add('CONFIG_VALUE', path, { expected, found: `"${value}"` })
  }
  checkZone(zone, ['company', 'zone'])
  checkCurrency(currency, ['company', 'currency'])
  const read: Record<string, EntityConfig> = {}
  for (const [id, given] of Object.entries(entities)) {
    const path = ['company', 'entities', id]
    if (given.zone !== undefined) checkZone(given.zone, [...path, 'zone'])
    if (given.currency !== undefined) checkCurrency(given.currency, [...path, 'currency'])
    read[id] = {
      name: given.name,
      taxId: given.taxId ?? null,
      currency: given.currency ?? currency,
      zone: given.zone ?? zone,
    }
  }
  return { zone, currency, entities: read }
}

/** Where `work` answers health checks unless it is told otherwise. */
export const HEALTH_PORT = 8081

const DAYS = 86_400_000

function readServer(
  context: Pick<ConfigContext, 'file' | 'problems'>,
  path: string,
  env: Environment,
): Pick<Config, 'storage' | 'http' | 'health' | 'retention' | 'log'> {
  const { storage = {}, http = {}, health = {}, retention = {}, log = {} } = context.file
  const database = storage.database || env.DATABASE_URL || null
  const redis = storage.redis || env.REDIS_URL || null
  checkAddress(context, ['storage', 'database'], database, ['postgres:', 'postgresql:'])
  checkAddress(context, ['storage', 'redis'], redis, ['redis:', 'rediss:'])
  return {
    storage: {
      data: resolve(dirname(path), storage.data ?? 'data'),
      database,
      redis,
      ...(env.TRIBUTARY_KEY ? { key: env.TRIBUTARY_KEY } : {}),
    },
    http: { host: http.host ?? '127.0.0.1', port: Number(http.port ?? 8080) },
    health: health.off
      ? null
      : {
          host: health.host ?? '127.0.0.1',
          port: Number(health.port ?? HEALTH_PORT),
          stated: health.port !== undefined,
        },
    retention: { raw: retention.raw === undefined ? 90 * DAYS : readDuration(retention.raw) },
    log: { level: (log.level ?? 'info') as Config['log']['level'] },
  }
}

/** An address may hold a password: only its beginning is named. */
function checkAddress(
  context: Pick<ConfigContext, 'problems'>,
  path: YamlPath,
  address: string | null,
  schemes: string[],
) {
  if (address === null || address.includes('${')) return
  if (schemes.includes(/^[a-z]+:/.exec(address)?.[0] ?? '') && URL.canParse(address)) return
  context.problems.add('CONFIG_VALUE', path, {
    expected: { en: `an address that begins with ${schemes[0]}//`, zh: `以 ${schemes[0]}// 开头的地址` },
    found: shapePhrase(address),
  })
}

function checkSchedules(context: ConfigContext): void {
  for (const [id, connection] of Object.entries(context.file.connections)) {
    for (const [stream, poll] of Object.entries(connection.poll ?? {})) {
      const path = ['connections', id, 'poll', stream, 'every']
      if (poll.every !== undefined) readCron(context, path, poll.every)
    }
  }
}

function deepFreeze<T>(value: T): T {
  if (value !== null && typeof value === 'object' && !(value instanceof Date)) {
    for (const inner of Object.values(value)) deepFreeze(inner)
    Object.freeze(value)
  }
  return value
}

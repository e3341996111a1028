/**
 * From a folder to a working connection: `loadConnector` reads the manifest and the hooks, `openConnection`
 * makes the `Connection` that the pipe uses. Dropping a folder into connectors/ installs it.
 */
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Budgets } from '../core/budget.ts'
import { connectorError } from '../core/errors/connector.ts'
import type {
  Connection,
  DocumentKind,
  MapContext,
  Mapping,
  ReadStream,
  WriteOperation,
} from '../core/ports.ts'
import { parseDuration } from '../core/time.ts'
import { nearest } from '../core/yaml.ts'
import { didYouMean } from '../core/yaml-words.ts'
import type { Who } from './answer.ts'
import { createPace } from './budget.ts'
import { memoryBudgets } from './budget-memory.ts'
import { type CallEvent, type Client, createClient } from './client.ts'
import type { Hooks, Tools } from './hooks.ts'
import { classLimits } from './limits.ts'
import { type Manifest, readManifest } from './manifest.ts'
import type { Pace } from './pace.ts'
import { parseRecord } from './record.ts'
import { fillPath, fillText, openSettings, pick, resolveSettings, type Settings } from './settings.ts'
import { openStream } from './stream.ts'
import { createTools, type ToolsFor } from './tools.ts'
import { openWebhook } from './webhook.ts'
import { lacking, openWrite } from './write.ts'

/** A connector, loaded. */
export interface Connector {
  id: string
  folder: string
  manifest: Manifest
  hooks: Hooks
}

/** What a connection's entry in `tributary.yaml` comes to. */
export interface ConnectionConfig {
  id: string
  entity: string
  settings: Settings
  concurrency?: number | null | undefined
  /** Calls of the class `default`, in place of the manifest's. `per`: milliseconds or a duration like `1s`. */
  rate?: { calls: number; per: number | string } | null | undefined
  /** Where its budgets are kept; left out: in this process alone. */
  budgets?: Budgets | undefined
  /** Read anew by each lookup, so whoever gave them may change their contents. */
  codes?: Record<string, Record<string, string>> | undefined
  factors?: Record<string, Record<string, string>> | undefined
  company: { zone: string; currency: string }
  /** Told of every HTTP call (no query, headers or bodies), for logs and metrics. */
  onCall?: (event: CallEvent) => void
  /** Told how many characters XML cannot hold were left out of a text. */
  onIllegalXml?: (count: number) => void
}

/**
 * The connector folders under the given directories, by id. A later directory wins, so a project can replace
 * a bundled connector. Directories that do not exist are passed over.
 */
export async function findConnectors(directories: string[]): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  for (const directory of directories) {
    if (!existsSync(directory)) continue
    for (const entry of await readdir(directory, { withFileTypes: true })) {
      const folder = join(directory, entry.name)
      if (existsSync(join(folder, 'connector.yaml'))) found.set(entry.name, folder)
    }
  }
  return found
}

/** The folder of a connector by id. Throws CONNECTOR_UNKNOWN with the nearest spelling. */
export function connectorFolder(id: string, found: Map<string, string>): string {
  const folder = found.get(id)
  if (folder) return folder
  const near = nearest(id, [...found.keys()])
  throw connectorError('CONNECTOR_UNKNOWN', {
    id,
    near: didYouMean(near),
    known: [...found.keys()].sort().join(', '),
  })
}

/**
 * Loads a connector from its folder: `connector.yaml`, and `hooks.ts` (or the compiled `hooks.js`) where
 * there is one. Throws TributaryError YAML_*, CONNECTOR_FOLDER or CONNECTOR_HOOKS.
 */
export async function loadConnector(folder: string): Promise<Connector> {
  const file = join(folder, 'connector.yaml')
  if (!existsSync(file))
    throw connectorError('CONNECTOR_FOLDER', {
      folder,
      reason: { en: 'there is no connector.yaml', zh: '没有 connector.yaml' },
    })
  const manifest = readManifest(await readFile(file, 'utf8'), file)
  const name = basename(folder)
  if (manifest.id !== name) {
    throw connectorError('CONNECTOR_FOLDER', {
      folder,
      reason: {
        en: `its id is "${manifest.id}", but the folder is "${name}"`,
        zh: `其中的 id 是 "${manifest.id}"，文件夹名却是 "${name}"`,
      },
    })
  }
  const hooks = await loadHooks(folder)
  checkHooks(manifest, hooks.value, hooks.file ?? file)
  return Object.freeze({ id: manifest.id, folder, manifest, hooks: hooks.value })
}

async function loadHooks(folder: string): Promise<{ value: Hooks; file: string | null }> {
  // Sources run from .ts, the built package from .js: the kind this very file is comes first.
  const endings = import.meta.url.endsWith('.ts') ? ['ts', 'js'] : ['js', 'ts']
  const file = endings.map((e) => join(folder, `hooks.${e}`)).find((f) => existsSync(f))
  if (!file) return { value: {}, file: null }
  let module: { default?: unknown }
  try {
    module = await import(pathToFileURL(file).href)
  } catch (error) {
    const { message } = error as Error
    const reason = { en: `cannot be loaded: ${message}`, zh: `无法加载：${message}` }
    throw connectorError('CONNECTOR_HOOKS', { file, reason }, error)
  }
  if (module.default === null || typeof module.default !== 'object') {
    const reason = { en: 'the default export is not an object', zh: '默认导出不是对象' }
    throw connectorError('CONNECTOR_HOOKS', { file, reason })
  }
  return { value: module.default as Hooks, file }
}

/** Names in hooks must be declared, and what YAML leaves open must be hooked. */
function checkHooks(manifest: Manifest, hooks: Hooks, file: string): void {
  const fail = (en: string, zh: string) => connectorError('CONNECTOR_HOOKS', { file, reason: { en, zh } })
  const sections: [keyof Hooks, object | undefined][] = [
    ['read', manifest.read],
    ['write', manifest.write],
    ['webhooks', manifest.webhooks],
  ]
  for (const section of Object.keys(hooks)) {
    if (!['read', 'write', 'webhooks', 'check'].includes(section))
      throw fail(`"${section}" is no hook`, `没有名为 "${section}" 的钩子`)
  }
  for (const [section, declared] of sections) {
    const known = Object.keys(declared ?? {})
    for (const name of Object.keys(hooks[section] ?? {})) {
      if (known.includes(name)) continue
      const near = didYouMean(nearest(name, known)) || { en: '', zh: '' }
      const what = `${section}.${name}`
      throw fail(
        `${what} is not declared in connector.yaml${near.en}`,
        `connector.yaml 没有声明 ${what}${near.zh}`,
      )
    }
  }
  for (const [kind, declared] of Object.entries(manifest.write ?? {})) {
    const lacks = lacking(declared, hooks.write?.[kind] ?? {})
    if (lacks.length > 0)
      throw fail(`write.${kind} lacks ${lacks.join(', ')}`, `write.${kind} 缺少 ${lacks.join(', ')}`)
  }
}

/**
 * Makes one configured use of a connector. `mappings` loads a mapping of this connector by file name
 * (`order.in`). Throws CONNECTOR_SETTING_*, CONNECTOR_ADDRESS and what `mappings` throws; calls nobody.
 */
export async function openConnection(
  connector: Connector,
  config: ConnectionConfig,
  mappings: (name: string) => Promise<Mapping>,
): Promise<Connection> {
  const { manifest, hooks } = connector
  const settings = resolveSettings(manifest, config.settings, config.id)
  const { id, entity, onIllegalXml, budgets = memoryBudgets() } = config
  const pace = createPace({ connection: id, classes: classLimits(manifest, config.rate), budgets })
  const client = openClient(manifest, settings, config, pace)
  const context = contextOf(manifest, settings, config)
  const mapping = remembered(async (name) => bound(await mappings(name), context))
  const reactions = manifest.http?.errors ?? {}
  const shared = { connection: id, settings, client, pace, reactions, mapping, context, onIllegalXml }
  const toolsFor = createTools(shared)
  // A mapping that is missing or broken shows now, not at the first order.
  for (const { mapping: out } of Object.values(manifest.write ?? {})) if (out) await mapping(out)
  return {
    id,
    connector: connector.id,
    entity,
    streams: (
      await openStreams(connector, toolsFor, { connection: id, host: client?.host ?? 'no host' }, mapping)
    ).map((stream) => ({ ...stream, behind: () => client?.behind() ?? 0 })),
    writes: openWrites(connector, toolsFor, pace),
    webhooks: Object.keys(manifest.webhooks ?? {}).map((topic) =>
      openWebhook(topic, manifest, settings, hooks.webhooks?.[topic], toolsFor('read')),
    ),
    concurrency: config.concurrency ?? manifest.concurrency ?? 4,
    parse: parseRecord,
    check: (signal) => check(connector, toolsFor('read'), signal),
    hasten: pace.hasten,
    async close() {
      pace.hasten()
      client?.close()
    },
  }
}

function contextOf(manifest: Manifest, settings: Settings, config: ConnectionConfig): MapContext {
  return {
    connection: config.id,
    entity: config.entity,
    settings: openSettings(manifest, settings),
    company: config.company,
    ...(config.codes ? { codes: config.codes } : {}),
    ...(config.factors ? { factors: config.factors } : {}),
  }
}

function openWrites({ manifest, hooks }: Connector, tools: ToolsFor, pace: Pace): WriteOperation[] {
  return Object.entries(manifest.write ?? {}).map(([kind, declared]) => {
    const own = hooks.write?.[kind] ?? {}
    const { limit = 'default' } = declared
    return {
      ...openWrite(kind as DocumentKind, declared, own, tools('write', limit)),
      held: () => pace.held(limit),
    }
  })
}

function openStreams(
  { manifest, hooks }: Connector,
  tools: ToolsFor,
  who: Who,
  mapping: (name: string) => Promise<Mapping>,
): Promise<ReadStream[]> {
  const opened = Object.entries(manifest.read ?? {}).map(async ([name, declared]) => {
    const mappings: Record<string, Mapping> = {}
    for (const [shape, file] of Object.entries(declared.shapes)) mappings[shape] = await mapping(file)
    return openStream(name, declared, hooks.read?.[name], tools, who, mappings, idPaths(manifest, name))
  })
  return Promise.all(opened)
}

/** Where each shape of a stream holds its id, as the webhooks that carry it declare. */
function idPaths(manifest: Manifest, stream: string): Record<string, string> {
  const carrying = Object.values(manifest.webhooks ?? {}).filter(
    (w) => w.stream === stream && w.shape && w.record,
  )
  return Object.fromEntries(carrying.map((w) => [w.shape!, w.record!]))
}

function openClient(
  manifest: Manifest,
  settings: Settings,
  config: ConnectionConfig,
  pace: Pace,
): Client | null {
  const http = manifest.http
  if (!http) return null
  const base = fillText(http.base, settings)
  if (!/^https?:\/\//i.test(base) || !URL.canParse(base)) {
    const reason = {
      en: 'the address is not one that begins with http:// or https://',
      zh: '地址必须以 http:// 或 https:// 开头',
    }
    throw connectorError('CONNECTOR_ADDRESS', { connection: config.id, reason })
  }
  const fill = (text: string) => fillText(text, settings)
  const headers = Object.fromEntries(Object.entries(http.headers ?? {}).map(([k, v]) => [k, fill(v)]))
  const auth = http.auth
  if (auth && 'header' in auth) headers[auth.header] = fill(auth.value)
  else if (auth && 'bearer' in auth) headers.Authorization = `Bearer ${fill(auth.bearer)}`
  else if (auth) {
    const pair = `${fill(auth.basic.user)}:${fill(auth.basic.password)}`
    headers.Authorization = `Basic ${Buffer.from(pair).toString('base64')}`
  }
  const timeout = parseDuration(http.timeout ?? '30s')
  return createClient({
    base,
    headers,
    timeout,
    limit: http.limit ?? 64 * 1024 * 1024,
    onCall: config.onCall,
    pace,
  })
}

function remembered(load: (name: string) => Promise<Mapping>): (name: string) => Promise<Mapping> {
  const kept = new Map<string, Promise<Mapping>>()
  return (name) => {
    const found = kept.get(name) ?? load(name)
    kept.set(name, found)
    return found
  }
}

/** Fills in what the caller of `map` cannot know: settings, code tables, company of this connection. */
function bound(mapping: Mapping, context: MapContext): Mapping {
  const whole = (given?: MapContext): MapContext => ({
    ...context,
    ...(given?.push ? { push: given.push } : {}),
  })
  const { id, version, origin } = mapping
  return {
    id,
    version,
    map: (input, given) => mapping.map(input, whole(given)),
    ...(origin ? { origin: (field, input, given) => origin(field, input, whole(given)) } : {}),
  }
}

async function check(
  connector: Connector,
  tools: Tools,
  signal: AbortSignal,
): Promise<{ ok: boolean; say: string }> {
  const { manifest, hooks } = connector
  try {
    if (hooks.check) return await hooks.check(tools, signal)
    if (!manifest.check) return { ok: true, say: `${manifest.title} has nothing harmless to ask; not tried` }
    const path = fillPath(manifest.check.get, tools.settings, {})
    const answer = tools.ok(await tools.http({ method: 'GET', path, signal }))
    const say = manifest.check.say ?? `${manifest.title} answers`
    if (!say.includes('{')) return { ok: true, say }
    const value = tools.json(answer.body)
    return { ok: true, say: say.replace(/\{([\w.]+)\}/g, (_, at: string) => String(pick(value, at) ?? '?')) }
  } catch (error) {
    return { ok: false, say: (error as Error).message }
  }
}

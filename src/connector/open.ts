/** From a loaded connector to a working connection: settings, HTTP, tokens, streams, writes and webhooks put together. */
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
import { createTokenMemory, type TokenStore } from '../core/token-store.ts'
import { refusal, type Who } from './answer.ts'
import { createPace } from './budget.ts'
import { memoryBudgets } from './budget-memory.ts'
import { type Caller, createCaller, sendOnce, type Wire } from './caller.ts'
import { type CallEvent, type Client, createClient, onLane } from './client.ts'
import { pick } from './dotted.ts'
import type { Hooks, Tools } from './hooks.ts'
import { classLimits } from './limits.ts'
import type { Connector } from './load.ts'
import type { Manifest } from './manifest.ts'
import type { Call } from './manifest-call.ts'
import type { Clock } from './manifest-http.ts'
import type { Pace } from './pace.ts'
import { parseRecord } from './record.ts'
import { commonHeaders } from './request.ts'
import { openSettings, resolveSettings, type Settings } from './settings.ts'
import { openSources, type SourceOpeners, type Sources } from './sources.ts'
import { openStream, type StreamParts } from './stream.ts'
import { fillText, lookupIn } from './template.ts'
import { createTokenKeeper, type TokenKeeper } from './token.ts'
import { createTools } from './tools.ts'
import { createJudge } from './verdict.ts'
import { openWebhook } from './webhook.ts'
import { openWrite } from './write.ts'

/** What a connection's entry in `tributary.yaml` comes to. */
export interface ConnectionConfig {
  id: string
  entity: string
  settings: Settings
  concurrency?: number | null | undefined
  /** Calls of the class `default`, in place of the manifest's. `per`: milliseconds or a duration like `1s`. */
  rate?: { calls: number; per: number | string } | null | undefined
  /** Read anew by each lookup, so whoever gave them may change their contents. */
  codes?: Record<string, Record<string, string>> | undefined
  factors?: Record<string, Record<string, string>> | undefined
  company: { zone: string; currency: string }
  /** Where tokens are kept that must be got first; default: in memory. */
  tokens?: TokenStore
  /** Where its budgets are kept; left out: in this process alone. */
  budgets?: Budgets | undefined
  /** What opens databases and folders; left out: their drivers. */
  sources?: SourceOpeners
  /** Told of every HTTP call (no query, headers or bodies), for logs and metrics. */
  onCall?: (event: CallEvent) => void
  /** Told how many characters XML cannot hold were left out of a text. */
  onIllegalXml?: (count: number) => void
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
  const { id, budgets = memoryBudgets() } = config
  const pace = createPace({ connection: id, classes: classLimits(manifest, config.rate), budgets })
  const client = openClient(manifest, settings, config, pace)
  const context = contextOf(manifest, settings, config)
  const mapping = remembered(async (name) => bound(await mappings(name), context))
  const parts = openParts(connector, settings, config, client, { mapping, context, pace })
  const { tools, caller } = parts
  const sources = openSources(connector, settings, id, config.sources)
  // A mapping that is missing or broken shows now, not at the first order.
  for (const { mapping: out } of Object.values(manifest.write ?? {})) if (out) await mapping(out)
  return {
    id,
    connector: connector.id,
    entity: config.entity,
    streams: (await openStreams(connector, parts, mapping, sources)).map((stream) => ({
      ...stream,
      behind: () => client?.behind() ?? 0,
    })),
    writes: openWrites(connector, parts, pace),
    webhooks: Object.keys(manifest.webhooks ?? {}).map((topic) =>
      openWebhook(topic, manifest, settings, hooks.webhooks?.[topic], tools('read')),
    ),
    concurrency: config.concurrency ?? manifest.concurrency ?? 4,
    parse: parseRecord,
    check: (signal) => check(connector, tools('read'), { caller: caller?.('read') ?? null, sources }, signal),
    hasten: pace.hasten,
    async close() {
      pace.hasten()
      client?.close()
      await sources.close()
    },
  }
}

type Parts = Pick<StreamParts, 'tools' | 'caller' | 'who' | 'clock'>

/** What streams, writes and webhooks have in common. */
function openParts(
  { manifest, hooks }: Connector,
  settings: Settings,
  config: ConnectionConfig,
  client: Client | null,
  given: { mapping(name: string): Promise<Mapping>; context: MapContext; pace: Pace },
): Parts {
  const who: Who = { connection: config.id, host: client?.host ?? 'no host' }
  // calls need hooks, which need tools, which make calls
  const wire = wireOf(hooks.http, () => tools('read'))
  const calling = client && openCaller(manifest, settings, config, { client, who, wire })
  const tools = createTools({
    ...given,
    connection: config.id,
    settings,
    client,
    headers: calling?.headers,
    ask: calling
      ? (lane, limit) => {
          const caller = calling.caller(lane, limit)
          return async (call, values, signal) => (await caller.read({ call, values, signal })).value
        }
      : undefined,
    reactions: manifest.http?.errors ?? {},
    onIllegalXml: config.onIllegalXml,
  })
  const clock = (of?: Clock) => clockOf(manifest, settings, of)
  return { tools, caller: calling?.caller ?? null, who, clock }
}

function wireOf(hooks: Hooks['http'], tools: () => Tools): Wire | null {
  if (!hooks) return null
  return {
    encode: (request, held) => hooks.encode?.(request, held, tools()) ?? request,
    decode: (answer, held) => hooks.decode?.(answer, held, tools()) ?? answer,
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

function openWrites({ manifest, hooks }: Connector, { tools, caller }: Parts, pace: Pace): WriteOperation[] {
  return Object.entries(manifest.write ?? {}).map(([kind, declared]) => {
    const own = hooks.write?.[kind] ?? {}
    const { limit = 'default' } = declared
    const calls = caller?.('write', limit) ?? null
    const operation = openWrite(kind as DocumentKind, declared, own, tools('write', limit), calls)
    return { ...operation, held: () => pace.held(limit) }
  })
}

function openStreams(
  { manifest, hooks }: Connector,
  parts: Parts,
  mapping: (name: string) => Promise<Mapping>,
  sources: Sources,
): Promise<ReadStream[]> {
  const opened = Object.entries(manifest.read ?? {}).map(async ([name, declared]) => {
    const mappings: Record<string, Mapping> = {}
    for (const [shape, file] of Object.entries(declared.shapes)) mappings[shape] = await mapping(file)
    const paths = idPaths(manifest, name)
    const own = { name, declared, source: sources.of(name, declared), hooks: hooks.read?.[name] }
    return openStream({ ...parts, ...own, mappings, idPaths: paths })
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
  const timeout = parseDuration(http.timeout ?? '30s')
  return createClient({
    base,
    headers: {},
    timeout,
    limit: http.limit ?? 64 * 1024 * 1024,
    onCall: config.onCall,
    pace,
  })
}

/** Declared calls, and for hooks the headers that every call carries. */
function openCaller(
  manifest: Manifest,
  settings: Settings,
  config: ConnectionConfig,
  { client, who, wire }: { client: Client; who: Who; wire: Wire | null },
) {
  const http = manifest.http!
  const parts = { http, settings, clock: clockOf(manifest, settings), client, who, wire }
  const tokens = openTokens(manifest, config, parts)
  const caller = createCaller({ ...parts, tokens })
  const headers = async (signal: AbortSignal) => {
    const token = tokens ? { token: (await tokens.current(signal)).token } : {}
    return commonHeaders(http, lookupIn(token, settings))
  }
  return { caller, headers }
}

function openTokens(
  manifest: Manifest,
  config: ConnectionConfig,
  parts: { settings: Settings; clock: Clock; client: Client; who: Who; wire: Wire | null },
): TokenKeeper | null {
  const declared = manifest.http!.token
  if (!declared) return null
  const http = manifest.http!
  const judge = createJudge(http.errors ?? {}, http.answer)
  const ask = async (call: Call, values: Record<string, unknown>, signal: AbortSignal) => {
    // whoever needs it, nothing goes before it
    const client = onLane(parts.client, 'write', 'default')
    const sent = { call, values, signal, judge }
    const { answer, value, verdict } = await sendOnce({ ...parts, http, client }, sent, null)
    if (!verdict.ok)
      throw refusal(verdict.reaction, { ...parts.who, status: answer.status, reason: verdict.message })
    return value
  }
  const { settings, clock } = parts
  const store = config.tokens ?? createTokenMemory()
  return createTokenKeeper({ connection: config.id, declared, settings, clock, store, ask })
}

/** A clock with its zone, where a setting holds that. */
function clockOf(manifest: Manifest, settings: Settings, own?: Clock): Clock {
  const clock = own ?? manifest.http?.clock ?? 'iso'
  return typeof clock === 'string' ? clock : { ...clock, zone: fillText(clock.zone, settings) }
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
  { caller, sources }: { caller: Caller | null; sources: Sources },
  signal: AbortSignal,
): Promise<{ ok: boolean; say: string }> {
  const { manifest, hooks } = connector
  try {
    if (hooks.check) return await hooks.check(tools, signal)
    const found = manifest.check ? null : sources.check(signal)
    if (found) return { ok: true, say: `${manifest.title}: ${await found}` }
    if (!manifest.check || !caller)
      return { ok: true, say: `${manifest.title} has nothing harmless to ask; not tried` }
    const { value } = await caller.read({ call: manifest.check, values: {}, signal })
    const say = manifest.check.say ?? `${manifest.title} answers`
    return { ok: true, say: say.replace(/\{([\w.]+)\}/g, (_, at: string) => String(pick(value, at) ?? '?')) }
  } catch (error) {
    return { ok: false, say: (error as Error).message }
  }
}

/** Streams to read, declared or by hook. */
import { connectorError } from '../core/errors/connector.ts'
import type { Mapping, Page, PageRequest, RawRecord, ReadStream } from '../core/ports.ts'
import { parseDuration } from '../core/time.ts'
import { unreachable, type Who } from './answer.ts'
import type { StreamHooks } from './hooks.ts'
import type { StreamManifest } from './manifest.ts'
import { peekJson } from './peek.ts'
import { fillPath, pick, textAt } from './settings.ts'
import type { ToolsFor } from './tools.ts'

/** One stream of a connection; its mappings are already loaded. `idPaths`: where webhook shapes hold the id. */
export function openStream(
  name: string,
  declared: StreamManifest,
  hooks: StreamHooks | undefined,
  toolsFor: ToolsFor,
  who: Who,
  mappings: Record<string, Mapping>,
  idPaths: Record<string, string>,
): ReadStream {
  const shape = declared.shape ?? Object.keys(declared.shapes)[0]!
  const page = hooks?.page ?? (declared.list ? listPage(declared.list, shape) : undefined)
  const fetch = hooks?.fetch ?? (declared.fetch ? fetchEach(declared.fetch, shape) : undefined)
  const tools = toolsOf(declared, toolsFor)
  const clean = async <T>(read: Promise<T>): Promise<T> => {
    try {
      return await read
    } catch (error) {
      throw unreachable(error, who)
    }
  }
  return {
    name,
    document: declared.document,
    lag: parseDuration(declared.lag ?? '1m'),
    overlap: parseDuration(declared.overlap ?? '5m'),
    every: declared.every ?? '0 * * * * *',
    mappings,
    identify: (input, of) => textAt(input, idPaths[of] ?? 'id'),
    peek: ({ body, contentType }, of) =>
      UTF8_JSON.test(contentType) ? peekJson(body, idPaths[of] ?? 'id') : null,
    page: (request, signal) =>
      page ? clean(page(request, tools[request.lane ?? 'read'], signal)) : Promise.resolve(EMPTY),
    ...(fetch
      ? { fetch: (ids: string[], signal: AbortSignal) => clean(fetch(ids, tools.fetch, signal)) }
      : {}),
    ...(declared.refresh ? { refresh: parseDuration(declared.refresh) } : {}),
  }
}

const toolsOf = ({ limit, fetch }: StreamManifest, toolsFor: ToolsFor) => ({
  read: toolsFor('read', limit),
  backfill: toolsFor('backfill', limit),
  fetch: toolsFor('read', fetch?.limit ?? limit),
})

/** JSON that says no other charset. */
const UTF8_JSON = /[/+]json\s*(;\s*charset=["']?utf-8["']?\s*)?$/i

/** Of a stream that only webhooks or inbound documents feed. */
const EMPTY: Page = Object.freeze({ records: [], next: null })

interface ListState {
  page: number
  offset: number
  next: string
}

function listPage(
  list: NonNullable<StreamManifest['list']>,
  shape: string,
): NonNullable<StreamHooks['page']> {
  return async (request: PageRequest, tools, signal) => {
    const state = (request.resume as ListState | null) ?? { page: list.first ?? 1, offset: 0, next: '' }
    const since = clock(request.since, list.clock)
    const until = clock(request.until, list.clock)
    const path = fillPath(list.get, tools.settings, { ...state, since, until, size: list.size ?? '' })
    const answer = tools.ok(await tools.http({ method: 'GET', path, signal }))
    const value = tools.json(answer.body)
    const items = pick(value, list.each)
    if (!Array.isArray(items)) return tools.broken(`${list.each ?? 'the answer'} is not a list`)
    const records = items.map((item) => record(item, list.id, shape))
    const next = textAt(value, list.next)
    // A token that comes back unchanged would be followed for ever.
    const more = list.next
      ? next !== null && next !== '' && next !== state.next
      : /\{(page|offset)\}/.test(list.get) && items.length >= (list.size ?? 1)
    const following = { page: state.page + 1, offset: state.offset + items.length, next: next ?? '' }
    return { records, next: more ? following : null }
  }
}

function clock(at: Date, kind: 'iso' | 'seconds' | 'milliseconds' = 'iso'): string {
  if (kind === 'iso') return at.toISOString()
  return String(kind === 'seconds' ? Math.floor(at.getTime() / 1000) : at.getTime())
}

function fetchEach(
  declared: NonNullable<StreamManifest['fetch']>,
  shape: string,
): NonNullable<StreamHooks['fetch']> {
  return async (ids, tools, signal) => {
    const records: RawRecord[] = []
    for (const id of ids) {
      const path = fillPath(declared.get, tools.settings, { id })
      const answer = await tools.http({ method: 'GET', path, signal })
      if (answer.status === 404 || answer.status === 410) continue
      const item = pick(tools.json(tools.ok(answer).body), declared.each)
      records.push({ id, body: Buffer.from(JSON.stringify(item)), contentType: 'application/json', shape })
    }
    return records
  }
}

function record(item: unknown, idPath: string, shape: string): RawRecord {
  const id = textAt(item, idPath)
  if (id === null)
    throw connectorError('CONNECTOR_ANSWER_UNREADABLE', { reason: `a record without ${idPath}` })
  return { id, body: Buffer.from(JSON.stringify(item)), contentType: 'application/json', shape }
}

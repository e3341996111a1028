/** Streams to read, declared or by hook. */
import type { Lane } from '../core/budget.ts'
import type { Mapping, Page, ReadLane, ReadStream } from '../core/ports.ts'
import { parseDuration } from '../core/time.ts'
import { unreachable, type Who } from './answer.ts'
import type { CallerFor } from './caller.ts'
import { declaredCount } from './count.ts'
import { textAt } from './dotted.ts'
import { fetchRecords } from './fetch.ts'
import type { StreamHooks, Tools } from './hooks.ts'
import { listPages } from './list.ts'
import type { Clock } from './manifest-http.ts'
import type { StreamManifest } from './manifest-read.ts'
import { peekJson } from './peek.ts'
import type { Source } from './source.ts'
import type { ToolsFor } from './tools.ts'

export interface StreamParts {
  name: string
  declared: StreamManifest
  hooks: StreamHooks | undefined
  tools: ToolsFor
  /** Where it is read from, if that is neither HTTP nor a hook. */
  source: Source | null
  /** Null for a connector without `http`. */
  caller: CallerFor | null
  clock(of: Clock | undefined): Clock
  who: Who
  /** Already loaded. */
  mappings: Record<string, Mapping>
  /** Where each shape holds the record's id, as webhooks declare it. */
  idPaths: Record<string, string>
}

/** One stream of a connection. */
export function openStream(parts: StreamParts): ReadStream {
  const { name, declared, mappings, idPaths, who } = parts
  const read = readers(parts, 'read')
  const lanes = { read, backfill: readers(parts, 'backfill') }
  const count = counter(parts)
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
    page: (request, signal) => {
      const { page } = lanes[request.lane ?? 'read']
      return page ? clean(page(request, signal)) : Promise.resolve(EMPTY)
    },
    ...(read.page ? {} : { unlisted: true }),
    ...(read.fetch
      ? {
          fetch: (ids: string[], signal: AbortSignal, lane: ReadLane = 'read') =>
            clean(lanes[lane].fetch!(ids, signal)),
        }
      : {}),
    ...(count ? { count: (window: Window, signal: AbortSignal) => clean(count(window, signal)) } : {}),
    ...traits(declared),
  }
}

type Window = Parameters<NonNullable<ReadStream['count']>>[0]

/** What a stream is said to be like. */
function traits({ refresh, list, history, count, sequential }: StreamManifest): Partial<ReadStream> {
  return {
    ...(refresh ? { refresh: parseDuration(refresh) } : {}),
    ...(list?.window ? { window: parseDuration(list.window) } : {}),
    ...(list?.reach ? { reach: parseDuration(list.reach) } : {}),
    ...(history ? { history: parseDuration(history) } : {}),
    ...(count?.by ? { byVersion: true } : {}),
    ...(sequential ? { sequential } : {}),
  }
}

/** By hook, else as declared. What is counted can wait for what is read. */
function counter({ declared, hooks, clock, ...parts }: StreamParts): ReadStream['count'] | null {
  const limit = declared.count?.limit ?? declared.limit
  if (hooks?.count) {
    const tools = parts.tools('backfill', limit)
    return (window, signal) => hooks.count!(window, tools, signal)
  }
  if (parts.source?.count) return parts.source.count
  const caller = parts.caller?.('backfill', limit) ?? null
  return caller && declaredCount({ declared, caller, clock: clock(declared.list?.clock) })
}

interface Readers {
  page: ReadStream['page'] | null
  fetch: ReadStream['fetch'] | null
}

/** What reads in this lane. */
function readers(parts: StreamParts, lane: Lane): Readers {
  return refined(parts.hooks, parts.tools(lane, parts.declared.limit), plainReaders(parts, lane))
}

/** With what the hook makes of records; a list that only names them is refined once, with its page. */
function refined(hooks: StreamHooks | undefined, tools: Tools, { page, fetch }: Readers): Readers {
  if (!hooks?.refine) return { page, fetch }
  const refine = hooks.refine.bind(hooks)
  return {
    page:
      page &&
      (async (request, signal) => {
        const read = await page(request, signal)
        return { ...read, records: await refine(read.records, request, tools, signal) }
      }),
    fetch: fetch && (async (ids, signal) => refine(await fetch(ids, signal), null, tools, signal)),
  }
}

/** By hook, else as declared. */
function plainReaders({ declared, hooks, clock, ...parts }: StreamParts, lane: Lane): Readers {
  const tools = parts.tools(lane, declared.limit)
  const caller = parts.caller?.(lane, declared.limit) ?? null
  const shape = declared.shape ?? Object.keys(declared.shapes)[0]!
  const { list, fetch: one } = declared
  const byId = parts.tools(lane, one?.limit ?? declared.limit)
  const id = one?.id ?? (list && list.id !== '$' ? list.id : 'id')
  const fetch = hooks?.fetch
    ? (ids: string[], signal: AbortSignal) => hooks.fetch!(ids, byId, signal)
    : one && caller
      ? fetchRecords({ fetch: one, id, shape, caller })
      : (parts.source?.fetch ?? null)
  if (hooks?.page) return { page: (request, signal) => hooks.page!(request, tools, signal), fetch }
  if (parts.source) return { page: parts.source.page, fetch }
  if (!list || !caller) return { page: null, fetch }
  return {
    page: listPages({ list, shape, caller, clock: clock(list.clock) }, list.partial ? fetch : null),
    fetch,
  }
}

/** JSON that says no other charset. */
const UTF8_JSON = /[/+]json\s*(;\s*charset=["']?utf-8["']?\s*)?$/i

/** Of a stream that only webhooks or inbound documents feed. */
const EMPTY: Page = Object.freeze({ records: [], next: null })

/** A source of orders for tests of reading: it lists by its own clock, counts, forgets and fails on demand. */
import type { Connection, Page, PageRequest, RawRecord, ReadStream } from '../../src/core/ports.ts'

export interface Thing {
  id: string
  at: Date
  /** Left out of lists, as by an index that lost it. */
  hidden?: boolean
}

export interface Source {
  things: Map<string, Thing>
  stream: ReadStream
  connection: Connection
  /** Every page asked for. */
  pages: PageRequest[]
  /** Ids asked for, batch by batch, and under which lane. */
  fetched: { ids: string[]; lane: string | undefined }[]
  /** Runs before each page is given. */
  before: { page(request: PageRequest): unknown }
  put(id: string, at: Date | string, more?: Partial<Thing>): void
}

/** `size`: records per page. Its `count` is exact and sees everything; take it away with `delete`. */
export function openSource(id: string, more: Partial<ReadStream> = {}, size = 2): Source {
  const things = new Map<string, Thing>()
  const source: Omit<Source, 'stream' | 'connection'> = {
    things,
    pages: [],
    fetched: [],
    before: { page: () => undefined },
    put: (thing, at, rest = {}) => void things.set(thing, { id: thing, at: new Date(at), ...rest }),
  }
  const inside = ({ since, until }: Pick<PageRequest, 'since' | 'until'>) =>
    [...things.values()].filter((t) => t.at >= since && t.at < until).sort((a, b) => +a.at - +b.at)
  const stream: ReadStream = {
    ...{ name: 'order', document: 'order', mappings: {}, lag: 0, overlap: 0, every: '* * * * *' },
    identify: () => null,
    peek: () => null,
    async page(request) {
      source.pages.push(request)
      await source.before.page(request)
      return pageOf(
        inside(request).filter((t) => !t.hidden),
        Number(request.resume ?? 0),
        size,
      )
    },
    async fetch(ids, _, lane) {
      source.fetched.push({ ids, lane })
      return ids.flatMap((one) => (things.has(one) ? [recordOf(things.get(one)!)] : []))
    },
    count: async (window) => ({ count: inside(window).length, exact: true }),
    ...more,
  }
  const connection = { id, streams: [stream], writes: [] } as unknown as Connection
  return { ...source, stream, connection }
}

function pageOf(things: Thing[], from: number, size: number): Page {
  const next = from + size < things.length ? from + size : null
  return { records: things.slice(from, from + size).map(recordOf), next }
}

function recordOf({ id, at }: Thing): RawRecord {
  const body = Buffer.from(JSON.stringify({ id, at: at.toISOString() }))
  return { id, body, contentType: 'application/json', shape: 'order' }
}

/**
 * What the `/_sandbox/` routes of every sandbox shop do alike: reading and answering JSON, cutting pages, and
 * selling a stream of generated orders that change some time later.
 */
import { setImmediate as turn } from 'node:timers/promises'
import type { Faults } from './faults.ts'

export interface Answer {
  status: number
  body: unknown
}

/** The routes of one sandbox; RangeError thrown by `post` becomes a 422. */
export interface ControlRoutes {
  get(url: URL): Answer
  post(path: string, asked: unknown): Answer | Promise<Answer>
}

export const NO_ROUTE: Readonly<Answer> = Object.freeze({ status: 404, body: { error: 'no such route' } })

/** Answers one `/_sandbox/` request. Rejects only on a fault of the sandbox itself. */
export async function answerControl(
  routes: ControlRoutes,
  method: string,
  url: URL,
  body: Buffer,
): Promise<Answer> {
  if (method === 'GET') return routes.get(url)
  if (method !== 'POST') return { status: 405, body: { error: 'GET or POST' } }
  try {
    return await routes.post(url.pathname, body.length > 0 ? JSON.parse(body.toString('utf8')) : {})
  } catch (error) {
    if (error instanceof SyntaxError) return { status: 400, body: { error: 'not JSON' } }
    if (error instanceof RangeError) return { status: 422, body: { error: error.message } }
    throw error
  }
}

/** `POST /_sandbox/faults` of a sandbox whose body has been read already. */
export function switchFaults(faults: Faults, asked: unknown): Answer {
  faults.set(asked as Record<string, unknown>)
  return { status: 200, body: faults.current() }
}

/** `?offset=&limit=` cut a page out; absent: everything. */
export function pageOf<T>(url: URL, all: T[]): T[] {
  const offset = Number(url.searchParams.get('offset') ?? 0)
  const limit = Number(url.searchParams.get('limit') ?? all.length)
  return all.slice(offset, offset + limit)
}

/**
 * `POST /_sandbox/orders`. `rate`: orders per second, 0 at once; `hard`: with every difficulty the generator
 * knows; `changeWithin`: ms that later changes may take.
 */
export interface StreamRequest {
  count: number
  seed?: number
  rate?: number
  hard?: boolean
  changes?: boolean
  changeWithin?: number
}

/** How far a stream has come, as `/_sandbox/stats` shows it. */
export interface Stream {
  id: number
  count: number
  created: number
  changesDue: number
  changesDone: number
}

/** What a stream sells. `later` gives what happens to an order afterwards; `delay` is 0..1 of `changeWithin`. */
export interface Seller<Id> {
  sell(count: number, seed: number, hard: boolean): readonly Id[]
  later(id: Id, seed: number): { delay: number; change(): void } | null
}

const BATCH = 50

/** Makes the streams of one shop; `name` is for its complaints. `close` stops them and their pending changes. */
export function createStreams<Id>(name: string, seller: Seller<Id>) {
  const streams: Stream[] = []
  const timers = new Set<NodeJS.Timeout>()
  let closed = false

  function after(ms: number, work: () => void): void {
    const timer = setTimeout(() => {
      timers.delete(timer)
      work()
    }, ms)
    timers.add(timer)
  }

  function sell(stream: Stream, asked: StreamRequest, size: number): void {
    const seed = asked.seed ?? 1
    const ids = seller.sell(size, seed, asked.hard === true)
    stream.created += size
    if (!asked.changes) return
    for (const id of ids) {
      const planned = seller.later(id, seed)
      if (!planned) continue
      stream.changesDue += 1
      after(planned.delay * (asked.changeWithin ?? 5000), () => {
        stream.changesDone += 1
        planned.change()
      })
    }
  }

  async function run(stream: Stream, asked: StreamRequest): Promise<void> {
    const start = performance.now()
    while (!closed && stream.created < stream.count) {
      const left = stream.count - stream.created
      const due = asked.rate
        ? Math.floor(((performance.now() - start) / 1000) * asked.rate) - stream.created
        : left
      if (due > 0) sell(stream, asked, Math.min(due, left, BATCH))
      if (asked.rate) await new Promise<void>((resolve) => after(10, resolve))
      else await turn()
    }
  }

  return {
    streams,
    /** Starts a stream: 201 when it is sold out at once, 202 when it goes on. */
    async start(asked: StreamRequest): Promise<Answer> {
      if (!Number.isSafeInteger(asked.count) || asked.count < 0) {
        return { status: 422, body: { error: 'count?' } }
      }
      const stream = { id: streams.length + 1, count: asked.count, created: 0, changesDue: 0, changesDone: 0 }
      streams.push(stream)
      const running = run(stream, asked)
      if (!asked.rate) {
        await running
        return { status: 201, body: stream }
      }
      running.catch((error: Error) =>
        console.error(`stream ${stream.id} of the ${name} sandbox ended: ${error.message}`),
      )
      return { status: 202, body: stream }
    },
    close(): void {
      closed = true
      for (const timer of timers) clearTimeout(timer)
    },
  }
}

/**
 * poll: reads a stream window by window. Each page is committed together with its resume token; the
 * watermark moves once, when the whole window has been read, and never passes now − lag.
 */
import { crashPoint } from '../core/crash-point.ts'
import type { Connection, ReadStream } from '../core/ports.ts'
import { dueRefreshes } from '../ledger/document.ts'
import { appendRecords } from '../ledger/inbox.ts'
import {
  closeWindow,
  failPoll,
  keepPage,
  leaseStream,
  releaseStream,
  type StreamState,
} from '../ledger/stream.ts'
import { FETCH, type Pipe, type Stopping } from './pipe.ts'
import { hintRow, recordRows, wakeFor } from './receive.ts'

/** One page may take this long; the stream's lease is renewed with every page. Milliseconds. */
const PAGE_LIMIT = 60_000
const LEASE = 90

/** One poll at a time per stream: answers at once when another process reads it. */
export async function pollStream(
  pipe: Pipe,
  connection: Connection,
  stream: ReadStream,
  stopping: Stopping,
): Promise<void> {
  const state = await leaseStream(pipe.db, connection.id, stream.name, LEASE)
  if (!state) return
  try {
    const window = nextWindow(pipe, connection, stream, state)
    if (window.until > window.since) await readWindow(pipe, connection, stream, state, window, stopping)
    else await releaseStream(pipe.db, connection.id, stream.name)
    if (stream.refresh) await refresh(pipe, connection, stream, stream.refresh)
  } catch (error) {
    await failPoll(pipe.db, connection.id, stream.name, error)
    throw error
  }
}

interface Window {
  since: Date
  until: Date
}

/** Up to where the source can be read by its own clock, which may be behind ours. */
function readableUntil(stream: ReadStream, now: number): number {
  return now - stream.lag - (stream.behind?.() ?? 0)
}

/** A window begun earlier is finished first; else from the watermark (less overlap) to now − lag. */
function nextWindow(pipe: Pipe, connection: Connection, stream: ReadStream, state: StreamState): Window {
  const from = state.watermark ?? earliest(pipe, connection.id)
  const since = new Date(from.getTime() - stream.overlap)
  return { since, until: state.window_until ?? new Date(readableUntil(stream, Date.now())) }
}

/** The first read starts at the earliest `from` of the flows that the connection takes part in. */
function earliest(pipe: Pipe, connection: string): Date {
  const from = pipe.flows
    .filter((f) => f.mode !== 'off' && (f.shops.includes(connection) || f.erp === connection))
    .map((f) => f.from.getTime())
  return new Date(Math.min(...from, Date.now()))
}

async function readWindow(
  pipe: Pipe,
  connection: Connection,
  stream: ReadStream,
  state: StreamState,
  window: Window,
  stopping: Stopping,
): Promise<void> {
  let resume = state.window_until ? state.resume : null
  const began = Date.now()
  for (;;) {
    const page = await stream.page({ ...window, resume }, AbortSignal.timeout(PAGE_LIMIT))
    const rows = recordRows(connection.id, stream.name, 'poll', page.records)
    // only the answer told how the source's clock stands
    const read = new Date(Math.min(window.until.getTime(), readableUntil(stream, began)))
    const ids = await pipe.db.transaction(async (tx) => {
      const appended = await appendRecords(tx, rows)
      if (page.next === null) await closeWindow(tx, connection.id, stream.name, read, rows.length)
      else await keepPage(tx, connection.id, stream.name, window.until, page.next, rows.length, LEASE)
      return appended
    })
    crashPoint('poll.page-committed')
    await wakeFor(pipe, rows, ids)
    if (page.next === null) return
    resume = page.next
    if (stopping.asked) return releaseStream(pipe.db, connection.id, stream.name)
  }
}

/** Sources whose clock stands still: documents that are not final are read again by id. */
async function refresh(pipe: Pipe, connection: Connection, stream: ReadStream, every: number): Promise<void> {
  const ids = await dueRefreshes(pipe.db, connection.id, stream.document, every / 1000, 200)
  if (ids.length === 0) return
  const stamp = new Date().toISOString()
  await appendRecords(
    pipe.db,
    ids.map((id) => hintRow(connection.id, stream.name, id, 'hint', `refresh ${stamp}`)),
  )
  void pipe.queue.wake(FETCH, connection.id)
}

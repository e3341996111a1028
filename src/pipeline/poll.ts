/**
 * poll: reads a stream window by window. Each page is committed together with its resume token; the
 * watermark moves once, when the whole window has been read, and never passes now − lag.
 */
import { randomUUID } from 'node:crypto'
import { crashPoint } from '../core/crash-point.ts'
import { TributaryError } from '../core/errors/error.ts'
import { ledgerError } from '../core/errors/ledger.ts'
import type { Connection, ReadStream } from '../core/ports.ts'
import { readingLimit } from '../core/time-limit.ts'
import { dueRefreshes } from '../ledger/document.ts'
import { appendRecords, type InboxRow } from '../ledger/inbox.ts'
import { isPaused } from '../ledger/pause.ts'
import {
  closeWindow,
  cutWindow,
  failPoll,
  keepPage,
  leaseStream,
  releaseStream,
  renewStream,
  type StreamHold,
  type StreamState,
} from '../ledger/stream.ts'
import { whileLeased } from './heartbeat.ts'
import { FETCH, type Pipe, type Stopping } from './pipe.ts'
import { hintRow, recordRows, wakeFor } from './receive.ts'

/** One page may take this long, waiting for its budget not counted. Milliseconds. */
const PAGE_LIMIT = 60_000

/** A window that begins further back is history: its calls give way to those for what is new. Milliseconds. */
const HISTORY = 24 * 3600_000

/** A stream whose reader died is free after this long; a living one renews it. Milliseconds. */
export const POLL_LEASE = 12_000

/**
 * Reads up to now, window by window where the source takes only short ones. One poll at a time per stream: answers at
 * once when another process reads it. `lease`: milliseconds. Throws LEDGER_LEASE_LOST when another process has taken the
 * stream meanwhile, and what reading throws.
 */
export async function pollStream(
  pipe: Pipe,
  connection: Connection,
  stream: ReadStream,
  stopping: Stopping,
  lease: number = POLL_LEASE,
): Promise<void> {
  while (await pollWindow(pipe, connection, stream, stopping, lease)) {
    if (stopping.asked || (await isPaused(pipe.db, connection.id))) return
  }
}

/** Reads one window; true when there is more to read by now. */
async function pollWindow(
  pipe: Pipe,
  connection: Connection,
  stream: ReadStream,
  stopping: Stopping,
  lease: number,
): Promise<boolean> {
  const hold = { connection: connection.id, stream: stream.name, holder: randomUUID() }
  const state = await leaseStream(pipe.db, hold, lease / 1000)
  if (!state) return false
  let behind = false
  const renew = () => renewStream(pipe.db, hold, lease / 1000)
  try {
    await whileLeased({ milliseconds: lease, renew }, async (lost) => {
      const window = nextWindow(pipe, connection, stream, state)
      const reading = { pipe, stream, hold, lease: lease / 1000, lost }
      behind = window.until.getTime() < readableUntil(stream, Date.now()) - SHORT
      if (window.until > window.since) await readWindow(reading, state, window, stopping)
      else await releaseStream(pipe.db, hold)
    })
    if (stream.refresh && !behind) await refresh(pipe, connection, stream, stream.refresh)
  } catch (error) {
    if (isPageExpired(error) && (await cutWindow(pipe.db, hold, SHORTEST / 1000))) return true
    await failPoll(pipe.db, hold, error)
    throw error
  }
  return behind
}

/** A window this much short of now is not worth another one at once. Milliseconds. */
const SHORT = 60_000

/** A window whose pages expire before it is read is cut in halves, down to this. Milliseconds. */
export const SHORTEST = 10_000

/** The source does not know the token of the next page any more. */
export const isPageExpired = (error: unknown): boolean =>
  error instanceof TributaryError && error.code === 'CONNECTOR_PAGE_EXPIRED'

/** One window on its way. `lease`: seconds. */
interface Reading {
  pipe: Pipe
  stream: ReadStream
  hold: StreamHold
  lease: number
  /** Aborts when the stream may be another's. */
  lost: AbortSignal
}

interface Window {
  since: Date
  until: Date
}

/** Up to where the source can be read by its own clock, which may be behind ours. Milliseconds since 1970. */
export function readableUntil(stream: ReadStream, now: number): number {
  return now - stream.lag - (stream.behind?.() ?? 0)
}

/** A window begun earlier is finished first; else from the watermark (less overlap) to now − lag. */
function nextWindow(pipe: Pipe, connection: Connection, stream: ReadStream, state: StreamState): Window {
  const from = state.watermark ?? earliest(pipe, connection.id)
  const now = Date.now()
  const wanted = from.getTime() - stream.overlap
  const since = new Date(Math.max(wanted, stream.reach ? now - stream.reach : wanted))
  if (since.getTime() > from.getTime())
    pipe.log('warn', 'out of reach', { connection: connection.id, stream: stream.name, from, since })
  const readable = readableUntil(stream, now)
  // at least one step beyond the watermark, or windows shorter than the overlap would stand still
  const longest = Math.max(since.getTime() + (stream.window ?? Infinity), from.getTime() + MINUTE)
  return { since, until: state.window_until ?? new Date(Math.min(readable, longest)) }
}

const MINUTE = 60_000

/** The first read starts at the earliest `from` of the flows that the connection takes part in. */
export function earliest(pipe: Pipe, connection: string): Date {
  const from = pipe.flows
    .filter((f) => f.mode !== 'off' && (f.shops.includes(connection) || f.erp === connection))
    .map((f) => f.from.getTime())
  return new Date(Math.min(...from, Date.now()))
}

async function readWindow(
  reading: Reading,
  state: StreamState,
  window: Window,
  stopping: Stopping,
): Promise<void> {
  const { pipe, stream, hold, lost } = reading
  let resume = state.window_until ? state.resume : null
  const began = Date.now()
  const lane = began - window.since.getTime() - stream.overlap > HISTORY ? 'backfill' : 'read'
  for (;;) {
    const page = await stream.page({ ...window, resume, lane, kept: true }, readingLimit(PAGE_LIMIT, lost))
    const rows = recordRows(hold.connection, stream.name, 'poll', page.records)
    // only the answer told how the source's clock stands
    const read = new Date(Math.min(window.until.getTime(), readableUntil(stream, began)))
    const ids = await commitPage(reading, rows, page.next, { ...window, read })
    crashPoint('poll.page-committed')
    await wakeFor(pipe, rows, ids)
    if (page.next === null) return
    resume = page.next
    if (stopping.asked) return releaseStream(pipe.db, hold)
  }
}

/** Records and place in the window in one commit, as long as the stream is ours. */
function commitPage(
  { pipe, hold, lease, lost }: Reading,
  rows: InboxRow[],
  next: unknown,
  { until, read }: Window & { read: Date },
): Promise<(number | null)[]> {
  return pipe.db.transaction(async (tx) => {
    const appended = await appendRecords(tx, rows)
    const held =
      next === null
        ? await closeWindow(tx, hold, read, rows.length)
        : await keepPage(tx, hold, { until, resume: next, records: rows.length }, lease)
    if (!held || lost.aborted) {
      const { connection, stream } = hold
      throw ledgerError('LEDGER_LEASE_LOST', { connection, stream }, lost.reason)
    }
    return appended
  })
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

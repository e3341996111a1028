/**
 * backfill: history fetched on demand, by windows or by ids, through the very reads that polling and hints use. Each
 * page is committed together with its place, so whoever dies is followed where it was; the stream's watermark stays.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { crashPoint } from '../core/crash-point.ts'
import { connectorError } from '../core/errors/connector.ts'
import { TributaryError } from '../core/errors/error.ts'
import { ledgerError } from '../core/errors/ledger.ts'
import type { Connection, RawRecord, ReadStream } from '../core/ports.ts'
import { readingLimit } from '../core/time-limit.ts'
import {
  type HeldBackfill,
  type IdsPosition,
  keepBackfill,
  type Progress,
  type RangePosition,
} from '../ledger/backfill.ts'
import { failJob, inboxIsFull, type JobHold, leaseJob, releaseJob, renewJob } from '../ledger/held-job.ts'
import { appendRecords, type Origin } from '../ledger/inbox.ts'
import { isPaused, pauseConnection } from '../ledger/pause.ts'
import { whileLeased } from './heartbeat.ts'
import { secondsAsked } from './patience.ts'
import { BACKFILL, LANE_TURN, type Pipe, type Stopping } from './pipe.ts'
import { recordRows, wakeFor } from './receive.ts'
import { readPlace, windowFrom } from './windows.ts'

/** A backfill whose worker died goes on after this long. Milliseconds. */
export const BACKFILL_LEASE = 12_000
/** One page or batch of ids may take this long. Milliseconds. */
const READ_LIMIT = 60_000
const DAY = 24 * 3_600_000
/** Windows grow up to this while they are empty. */
const LONGEST = 64 * DAY
/** Ids asked for at a time. */
const IDS = 50
/** Records that may wait to be mapped before history is read on. */
const WAITING = 2_000

/** What one turn of a lane works with. */
interface Turn {
  pipe: Pipe
  stream: ReadStream
  job: HeldBackfill
  hold: JobHold
  /** Aborts when the job may be another's, or was stopped by a person. */
  lost: AbortSignal
  /** It is time to hand over. */
  over(): boolean
}

/** Works off the backfills of one connection, oldest first, for the time of a turn. `lease`: milliseconds. */
export async function backfillLane(
  pipe: Pipe,
  connection: Connection,
  stopping: Stopping,
  lease: number = BACKFILL_LEASE,
): Promise<void> {
  const end = Date.now() + LANE_TURN
  const over = () => stopping.asked || Date.now() >= end
  while (!over()) {
    if (await isPaused(pipe.db, connection.id)) return
    const holder = randomUUID()
    const job = await leaseJob<HeldBackfill>(
      pipe.db,
      'backfill',
      { connection: connection.id },
      holder,
      lease / 1000,
    )
    if (!job) return
    await carryOn(pipe, connection, job, { table: 'backfill', id: job.id, holder }, { over, lease })
  }
  void pipe.queue.wake(BACKFILL, connection.id)
}

async function carryOn(
  pipe: Pipe,
  connection: Connection,
  job: HeldBackfill,
  hold: JobHold,
  { over, lease }: { over(): boolean; lease: number },
): Promise<void> {
  const renew = () => renewJob(pipe.db, hold, lease / 1000)
  try {
    const stream = readableStream(connection, job.stream, job.ids ? 'ids' : 'range')
    await whileLeased({ milliseconds: lease, renew }, (lost) => {
      const turn = { pipe, stream, job, hold, lost, over }
      return job.ids ? readIds(turn, job.ids) : readRange(turn)
    })
  } catch (error) {
    const asked = secondsAsked(error)
    // no failure: its lane has no calls left for now
    if (asked > 0) return releaseJob(pipe.db, hold, asked)
    const code = error instanceof TributaryError ? error.code : 'INTERNAL'
    const state = await failJob(pipe.db, hold, code)
    // paused or cancelled by a person, or taken over: nothing failed
    if (state === null) return
    const about = { backfill: job.id, connection: job.connection, stream: job.stream }
    pipe.log('warn', state === 'failed' ? 'backfill given up' : 'backfill failed', { ...about, error })
    // wrong settings do not get better by trying: stop the connection until somebody has looked
    if (error instanceof TributaryError && error.kind === 'config') {
      await pauseConnection(pipe.db, job.connection, `${error.code}: ${error.message}`, 'tributary')
    }
  }
}

/** The stream of this name, if it can be read so. Throws CONNECTOR_STREAM_UNREADABLE. */
export function readableStream(connection: Connection, name: string, how: 'range' | 'ids'): ReadStream {
  const can = connection.streams.filter((s) => (how === 'ids' ? s.fetch : !s.unlisted))
  const found = can.find((s) => s.name === name)
  if (found) return found
  throw connectorError('CONNECTOR_STREAM_UNREADABLE', {
    connection: connection.id,
    stream: name,
    how: how === 'ids' ? { en: 'by ids', zh: '按编号' } : { en: 'by range', zh: '按时间范围' },
    known: can.map((s) => s.name).join(', ') || '—',
  })
}

async function readRange(turn: Turn): Promise<void> {
  const { pipe, stream, job, lost } = turn
  const from = (since: Date, length: number) =>
    windowFrom(since, job.until!, stream, stream.history ?? length)
  let at = (job.position as RangePosition | null) ?? from(job.since!, DAY)
  // whether the window in hand had anything so far
  let found = at !== null && at.resume !== null
  while (at !== null) {
    if (!(await mayGoOn(turn))) return
    const signal = readingLimit(READ_LIMIT, lost)
    const { records, rest } = await readPlace(stream, at, signal)
    found ||= records.length > 0
    let next = rest
    if (next === null) {
      // a year in which nothing was sold is not read day by day
      const length = Date.parse(at.until) - Date.parse(at.since)
      next = from(new Date(at.until), found ? DAY : Math.min(2 * length, LONGEST))
      found = false
    }
    await keep(turn, 'poll', records, { position: next })
    at = next
  }
  pipe.log('info', 'backfill done', { backfill: job.id, connection: job.connection, stream: job.stream })
}

async function readIds(turn: Turn, ids: string[]): Promise<void> {
  const { pipe, stream, job, lost } = turn
  let { done } = (job.position as IdsPosition | null) ?? { done: 0 }
  while (done < ids.length) {
    if (!(await mayGoOn(turn))) return
    const wanted = ids.slice(done, done + IDS)
    const signal = readingLimit(READ_LIMIT, lost)
    const records = await stream.fetch!(wanted, signal, 'backfill')
    const found = new Set(records.map((r) => r.id))
    done += wanted.length
    const position = done < ids.length ? { done } : null
    // `fetch`, not `poll`: a read by id settles what two copies of one version disagree about
    await keep(turn, 'fetch', records, { position, absent: wanted.filter((id) => !found.has(id)) })
  }
  pipe.log('info', 'backfill done', { backfill: job.id, connection: job.connection, stream: job.stream })
}

/** False at the end of the turn, and while the connection is paused. Waits while too much is to be mapped. */
async function mayGoOn({ pipe, job, hold, lost, over }: Turn): Promise<boolean> {
  while (!over() && !lost.aborted && (await inboxIsFull(pipe.db, WAITING))) await sleep(200)
  if (!over() && !lost.aborted && !(await isPaused(pipe.db, job.connection))) return true
  await releaseJob(pipe.db, hold)
  return false
}

/** Records and place in one commit, as long as the job is ours. */
async function keep(
  { pipe, job, hold, lost }: Turn,
  origin: Origin,
  records: RawRecord[],
  progress: Pick<Progress, 'position' | 'absent'>,
): Promise<void> {
  const rows = recordRows(job.connection, job.stream, origin, records)
  const ids = await pipe.db.transaction(async (tx) => {
    const appended = await appendRecords(tx, rows)
    const added = appended.filter((id) => id !== null).length
    const held = await keepBackfill(tx, hold, { ...progress, read: rows.length, added })
    if (!held || lost.aborted) {
      const { connection, stream } = job
      throw ledgerError('LEDGER_LEASE_LOST', { connection, stream }, lost.reason)
    }
    return appended
  })
  crashPoint('backfill.page-committed')
  await wakeFor(pipe, rows, ids)
}

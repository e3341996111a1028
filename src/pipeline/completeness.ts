/**
 * completeness: what a source says it has of a day against what is here. Where the counts differ, or the source cannot
 * count, its list is read: what was missing arrives by that very act. What a gapless sequence lacks is fetched by id
 * where the ids are the sequence. What remains has no explanation, and stays visible.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { crashPoint } from '../core/crash-point.ts'
import { TributaryError } from '../core/errors/error.ts'
import { ledgerError } from '../core/errors/ledger.ts'
import type { Connection, RawRecord, ReadStream, SourceCount } from '../core/ports.ts'
import { readingLimit } from '../core/time-limit.ts'
import {
  type CheckDetail,
  type CheckRow,
  finishCheck,
  keepArrived,
  keepOurs,
  MOST_NAMED,
} from '../ledger/completeness.ts'
import { failJob, inboxIsFull, type JobHold, leaseJob, releaseJob, renewJob } from '../ledger/held-job.ts'
import { appendRecords, type Origin } from '../ledger/inbox.ts'
import {
  countByVersion,
  documentIds,
  idsByVersion,
  type Kept,
  knownIds,
  knownNumbers,
  placedBetween,
  waitingRecords,
} from '../ledger/known.ts'
import { isPaused, pauseConnection } from '../ledger/pause.ts'
import { watermarkOf } from '../ledger/stream.ts'
import { whileLeased } from './heartbeat.ts'
import { secondsAsked } from './patience.ts'
import type { Pipe, Stopping } from './pipe.ts'
import { readableUntil } from './poll.ts'
import { recordRows, wakeFor } from './receive.ts'
import { candidatesOf, gapsOf } from './stages/gaps.ts'
import { countRange, readPlace, windowFrom } from './windows.ts'

/** Who asks for the daily checks. */
export const SCHEDULE = 'tributary'

const LEASE = 12_000
/** One page, count or batch of ids may take this long. Milliseconds. */
const READ_LIMIT = 60_000
/** Ids asked for at a time. */
const IDS = 50
/** Records that may wait to be mapped before the list is read on. */
const WAITING = 2_000
/** How long what arrived may take to be mapped before it is counted anyway. Milliseconds. */
const MAPPED_WITHIN = 60_000
/** Seconds until a day is looked at again that polling has not read to its end. */
const UNREAD_AGAIN = 60

interface Check {
  pipe: Pipe
  connection: Connection
  stream: ReadStream
  of: Kept
  row: CheckRow
  hold: JobHold
  window: { since: Date; until: Date }
  /** Aborts when the check may be another's. */
  lost: AbortSignal
  stopping: Stopping
}

/** Works off the checks of one stream that are due, oldest first. */
export async function completenessLane(
  pipe: Pipe,
  connection: Connection,
  stream: ReadStream,
  stopping: Stopping,
  lease: number = LEASE,
): Promise<void> {
  while (!stopping.asked && !(await isPaused(pipe.db, connection.id))) {
    const holder = randomUUID()
    const at = { connection: connection.id, stream: stream.name }
    const row = await leaseJob<CheckRow>(pipe.db, 'completeness', at, holder, lease / 1000)
    if (!row) return
    const hold: JobHold = { table: 'completeness', id: row.id, holder }
    const renew = () => renewJob(pipe.db, hold, lease / 1000)
    const window = { since: row.since, until: await checkedUntil(pipe, stream, row) }
    const of = { ...at, kind: stream.document }
    const check = { pipe, connection, stream, of, row, hold, window, stopping }
    try {
      await whileLeased({ milliseconds: lease, renew }, (lost) => run({ ...check, lost }))
    } catch (error) {
      await failed(check, error)
    }
  }
}

/** Polling that is younger than this goes on: what it has not come to yet is not missing. Milliseconds. */
const ALIVE = 3_600_000

/** The end of the day, or where the source can be read up to and, where it is polled, was read up to. */
async function checkedUntil(pipe: Pipe, stream: ReadStream, row: CheckRow): Promise<Date> {
  const now = Date.now()
  const readable = readableUntil(stream, now)
  const watermark = (await watermarkOf(pipe.db, row.connection, row.stream))?.getTime() ?? 0
  const polled = row.who === SCHEDULE || now - watermark < ALIVE
  const until = Math.min(row.until.getTime(), readable, polled ? watermark : readable)
  // sources count whole seconds
  return new Date(Math.floor(until / 1000) * 1000)
}

async function failed({ pipe, row, hold }: Omit<Check, 'lost'>, error: unknown): Promise<void> {
  const asked = secondsAsked(error)
  // no failure: its lane has no calls left for now
  if (asked > 0) return releaseJob(pipe.db, hold, asked)
  const code = error instanceof TributaryError ? error.code : 'INTERNAL'
  const state = await failJob(pipe.db, hold, code)
  if (state === null) return
  const { connection, stream, day } = row
  pipe.log('warn', 'completeness check failed', { connection, stream, day, error })
  if (error instanceof TributaryError && error.kind === 'config') {
    await pauseConnection(pipe.db, connection, `${error.code}: ${error.message}`, 'tributary')
  }
}

/** What the source listed. */
interface Listed {
  ids: Set<string>
  /** Not known here before. */
  unknown: string[]
  refreshed: number
}

async function run(check: Check): Promise<void> {
  const { pipe, row, hold, window } = check
  // polling will read that far by itself: until then nothing is missing
  if (window.until <= window.since) return releaseJob(pipe.db, hold, UNREAD_AGAIN)
  const first = await askCount(check)
  const ours = await keepOurs(pipe.db, hold, { counted: await countOurs(check) })
  const detail: CheckDetail = first && !first.exact ? { about: true } : {}
  let source = first?.exact ? first.count : null
  let missing = 0
  if (row.list || source === null || source !== ours) {
    const listed = await readAll(check, source !== null)
    if (!listed) return releaseJob(pipe.db, hold)
    await keepOurs(pipe.db, hold, { listed: listed.ids.size })
    missing = listed.short === 0 ? 0 : Math.max(0, listed.short - (await unlisted(check, listed)))
    source ??= listed.ids.size
    Object.assign(detail, await compare(check, listed))
  }
  Object.assign(detail, await followGaps(check))
  const ended = await finishCheck(pipe.db, hold, { until: window.until, source, missing, detail })
  if (!ended) return
  const { connection, stream, day } = row
  const level = missing > 0 ? 'warn' : 'info'
  pipe.log(level, 'completeness checked', { connection, stream, day, source, ...ended, missing })
}

const limited = (lost: AbortSignal) => readingLimit(READ_LIMIT, lost)

async function askCount({ stream, window, lost }: Check): Promise<SourceCount | null> {
  return countRange(stream, window, limited(lost))
}

/** Null where the source's clock says nothing about our documents. */
async function countOurs({ pipe, connection, stream, of, window }: Check): Promise<number | null> {
  const alone = connection.streams.filter((s) => s.document === stream.document).length === 1
  return stream.byVersion && alone ? countByVersion(pipe.db, of, window.since, window.until) : null
}

/**
 * The list of the window, read once more where it has fewer than the source counts by then: its index may have been
 * behind. `short`: how many it still lacks. Null: the process is to stop.
 */
async function readAll(check: Check, counts: boolean): Promise<(Listed & { short: number }) | null> {
  const listed: Listed = { ids: new Set(), unknown: [], refreshed: 0 }
  let short = 0
  for (let pass = 0; pass < 2; pass++) {
    if (!(await readList(check, listed))) return null
    short = counts ? ((await askCount(check))?.count ?? 0) - listed.ids.size : 0
    if (short <= 0) return { ...listed, short: 0 }
  }
  return { ...listed, short }
}

/** Adds what the list of the window has, its records taken in on the way. False: the process is to stop. */
async function readList(check: Check, listed: Listed): Promise<boolean> {
  const { pipe, stream, window, lost, stopping } = check
  for (let at = windowFrom(window.since, window.until, stream); at !== null; ) {
    while (!stopping.asked && (await inboxIsFull(pipe.db, WAITING))) await sleep(200)
    if (stopping.asked) return false
    const { records, rest } = await readPlace(stream, at, limited(lost))
    const { unknown, refreshed } = await take(check, 'poll', records)
    for (const { id } of records) listed.ids.add(id)
    listed.unknown.push(...unknown)
    listed.refreshed += refreshed
    at = rest ?? windowFrom(new Date(at.until), window.until, stream)
  }
  return true
}

/** What the list lacks although the source still has it as we know it: asked for by id, so that nobody guesses. */
async function unlisted(check: Check, { ids }: Listed): Promise<number> {
  const { pipe, stream, of, window, lost } = check
  if (!stream.fetch || (await countOurs(check)) === null) return 0
  const ours = async () =>
    (await idsByVersion(pipe.db, of, window.since, window.until)).filter((id) => !ids.has(id))
  const asked = await ours()
  const there = new Set<string>()
  for (let i = 0; i < asked.length; i += IDS) {
    const records = await stream.fetch(asked.slice(i, i + IDS), limited(lost), 'backfill')
    await take(check, 'fetch', records)
    for (const { id } of records) there.add(id)
  }
  await untilMapped(check, asked)
  // what has moved on meanwhile is not of this day any more
  return (await ours()).filter((id) => there.has(id)).length
}

/** Takes records in, as long as the check is ours, and tells which of their ids nobody here knew. */
async function take(
  { pipe, row, of, hold, lost }: Check,
  origin: Origin,
  records: RawRecord[],
): Promise<{ unknown: string[]; refreshed: number }> {
  const ids = [...new Set(records.map((r) => r.id))]
  const known = await knownIds(pipe.db, of, ids)
  const unknown = ids.filter((id) => !known.has(id))
  const rows = recordRows(row.connection, row.stream, origin, records)
  const appended = await pipe.db.transaction(async (tx) => {
    const made = await appendRecords(tx, rows)
    if (!(await keepArrived(tx, hold, unknown)) || lost.aborted) {
      const { connection, stream } = row
      throw ledgerError('LEDGER_LEASE_LOST', { connection, stream }, lost.reason)
    }
    return made
  })
  crashPoint('completeness.page-committed')
  await wakeFor(pipe, rows, appended)
  const refreshed = rows.filter((r, i) => appended[i] !== null && known.has(r.externalId!)).length
  return { unknown, refreshed }
}

/** Once what arrived is mapped: what became of the listed, and our count then. */
async function compare(check: Check, { ids, unknown, refreshed }: Listed): Promise<CheckDetail> {
  const { pipe, of } = check
  await untilMapped(check, unknown)
  const documents = await documentIds(pipe.db, of, [...ids])
  const undone = [...ids].filter((id) => !documents.has(id))
  const after = await countOurs(check)
  return {
    listed: ids.size,
    ...(refreshed > 0 ? { refreshed } : {}),
    ...(undone.length > 0 ? { undone: named(undone) } : {}),
    ...(after === null ? {} : { oursAfter: after }),
  }
}

const named = (all: string[]) => ({ count: all.length, first: all.slice(0, MOST_NAMED) })

async function untilMapped({ pipe, of, stopping }: Check, ids: string[]): Promise<void> {
  const end = Date.now() + MAPPED_WITHIN
  while (!stopping.asked && Date.now() < end && (await waitingRecords(pipe.db, of, ids)) > 0) await sleep(200)
}

/** What a gapless sequence lacks. Where the ids are the sequence, the source is asked for each. */
async function followGaps(check: Check): Promise<CheckDetail> {
  const { pipe, stream, of, window, lost } = check
  const field = stream.sequential
  if (!field) return {}
  const candidates = candidatesOf(await placedBetween(pipe.db, of, field, window.since, window.until))
  if (!candidates) return {}
  const asked = [...candidates.inside, ...candidates.below]
  const known = await (field === 'number' ? knownNumbers : knownIds)(pipe.db, of, asked)
  const gaps = gapsOf(candidates, known)
  if (gaps.length === 0) return {}
  if (field === 'number' || !stream.fetch) return { gaps: named(gaps) }
  const came: string[] = []
  for (let i = 0; i < gaps.length; i += IDS) {
    const records = await stream.fetch(gaps.slice(i, i + IDS), limited(lost), 'backfill')
    came.push(...(await take(check, 'fetch', records)).unknown)
  }
  await untilMapped(check, came)
  return { gaps: named(gaps), gone: gaps.length - came.length }
}

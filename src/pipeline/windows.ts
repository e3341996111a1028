/** windows: a range of a source's clock, read window by window and page by page outside of polling. */
import type { RawRecord, ReadStream, SourceCount } from '../core/ports.ts'
import type { RangePosition } from '../ledger/backfill.ts'
import { isPageExpired, SHORTEST } from './poll.ts'

interface Range {
  since: Date
  until: Date
}

/** The window of a range that begins at `since`, of this length if the source takes it; null at the range's end. */
export function windowFrom(
  since: Date,
  end: Date,
  stream: ReadStream,
  length = Number.POSITIVE_INFINITY,
): RangePosition | null {
  if (since >= end) return null
  const longest = Math.min(length, stream.window ?? Number.POSITIVE_INFINITY)
  const until = new Date(Math.min(since.getTime() + longest, end.getTime()))
  return { since: since.toISOString(), until: until.toISOString(), resume: null }
}

/**
 * The page of a place, and where the same window goes on; null: it is read. A window whose next page cannot be had
 * any more is begun anew, half as long. Throws what reading throws.
 */
export async function readPlace(
  stream: ReadStream,
  at: RangePosition,
  signal: AbortSignal,
): Promise<{ records: RawRecord[]; rest: RangePosition | null }> {
  const window = { since: new Date(at.since), until: new Date(at.until) }
  try {
    const page = await stream.page({ ...window, resume: at.resume, lane: 'backfill' }, signal)
    return { records: page.records, rest: page.next === null ? null : { ...at, resume: page.next } }
  } catch (error) {
    const length = window.until.getTime() - window.since.getTime()
    if (!isPageExpired(error) || length <= SHORTEST) throw error
    const half = Math.ceil(length / 2000) * 1000
    const until = new Date(window.since.getTime() + half).toISOString()
    return { records: [], rest: { since: at.since, until, resume: null } }
  }
}

/** Windows for which a source is asked one by one, at most. */
const MOST = 100

/** What the source says it has in a range; null where it cannot count, or only in too many windows. */
export async function countRange(
  stream: ReadStream,
  { since, until }: Range,
  signal: AbortSignal,
): Promise<SourceCount | null> {
  const windows = (until.getTime() - since.getTime()) / (stream.window ?? Number.POSITIVE_INFINITY)
  if (!stream.count || windows > MOST) return null
  const sum: SourceCount = { count: 0, exact: true }
  for (let at = windowFrom(since, until, stream); at; at = windowFrom(new Date(at.until), until, stream)) {
    const found = await stream.count({ since: new Date(at.since), until: new Date(at.until) }, signal)
    if (!found) return null
    sum.count += found.count
    sum.exact &&= found.exact
  }
  return sum
}

/** The earliest instant from which the source can be read now; null: from its beginning. */
export function reachOf(stream: ReadStream, now = Date.now()): Date | null {
  return stream.reach === undefined ? null : new Date(now - stream.reach)
}

/** Watches streams for silence: notes when records come, and asks `judgeQuiet` where a stream is quiet. */
import { openSince } from '../ledger/alert.ts'
import {
  arrivals,
  lastArrivals,
  noteArrivals,
  noteWatched,
  type StreamName,
  trimArrivals,
} from '../ledger/arrival.ts'
import type { Database } from '../ledger/database.ts'
import { type Hour, hourOf, judgeQuiet, type Quiet, type Verdict } from './silence.ts'

const MINUTE = 60_000
const HOUR = 3_600_000
const DAY = 24 * HOUR
/** Quiet of less than this is not looked at. */
const LEAST_QUIET = 10 * MINUTE
/** Four weeks, one more of quiet, and a day for the clocks. */
const HISTORY = 36 * DAY
/** Streams whose history is read by one statement. */
const AT_ONCE = 10

/** A stream whose records are expected. */
export interface ExpectedStream extends StreamName {
  /** False: nothing can come now (paused, cannot be read), so its minutes do not count. */
  watched: boolean
}

export interface Silence extends StreamName {
  /** When the last record came; exact to the minute. */
  last: Date
  /** Null for one that was found earlier and lasts. */
  verdict: Verdict | null
}

export interface SilenceWatch {
  /**
   * One look: streams that are silent now, those found earlier included. `now`: the database's time; `apart`: how
   * far apart looks are meant to be, in milliseconds. What lies between two that are further apart was unwatched.
   */
  look(now: Date, streams: ExpectedStream[], apart: number): Promise<Silence[]>
}

const keyOf = ({ connection, stream }: StreamName): string => `${connection}/${stream}`

/** The cause of a stream's silence. */
export const silenceCause = (stream: StreamName): string => `silence:${keyOf(stream)}`

/** Made once by whoever looks; keeps what it has read of past hours. `zone`: the company's. */
export function createSilenceWatch(db: Database, zone: string): SilenceWatch {
  const memory: Memory = { hours: new Map(), until: 0, marked: 0, trimmed: 0 }
  return {
    async look(now, streams, apart) {
      await noteArrivals(db)
      await noteMinutes(db, memory, now, streams, apart)
      const open = await openSince(db, 'silence')
      const found: Silence[] = []
      const quiet: QuietStream[] = []
      for (const row of await lastArrivals(db, streams)) {
        const stream = { connection: row.connection, stream: row.stream }
        const last = lastMinute(row)
        const since = open.get(silenceCause(stream))
        // what was found lasts until a record comes
        if (since && last.getTime() <= since.getTime() - MINUTE)
          found.push({ ...stream, last, verdict: null })
        else if (!since && now.getTime() - last.getTime() >= LEAST_QUIET) {
          quiet.push({ ...stream, last, left: minutesAfter(row.watched, last) })
        }
      }
      await readHours(db, memory, now, quiet)
      for (const stream of quiet) {
        const verdict = judge(memory, stream, now, zone)
        if (verdict.silent) found.push({ ...nameOf(stream), last: stream.last, verdict })
      }
      await trim(db, memory, now)
      return found
    },
  }
}

interface Memory {
  /** Stream → hour → minutes, of streams that are quiet. */
  hours: Map<string, Map<number, Hour>>
  /** The hour up to which they were read. */
  until: number
  /** The minute up to which minutes were noted as watched. */
  marked: number
  trimmed: number
}

interface QuietStream extends StreamName {
  last: Date
  /** Watched minutes of its last hour that came after the record. */
  left: number
}

const nameOf = ({ connection, stream }: StreamName): StreamName => ({ connection, stream })

function lastMinute({ hour, busy }: { hour: Date; busy: string }): Date {
  return new Date(hour.getTime() + busy.lastIndexOf('1') * MINUTE)
}

function minutesAfter(watched: string, last: Date): number {
  return watched.slice(last.getUTCMinutes() + 1).replaceAll('0', '').length
}

/** Notes the minutes since the last look, or this one where the last look is too long ago to speak for them. */
async function noteMinutes(
  db: Database,
  memory: Memory,
  now: Date,
  streams: ExpectedStream[],
  apart: number,
): Promise<void> {
  const minute = Math.floor(now.getTime() / MINUTE)
  const late = minute - memory.marked > Math.ceil((2 * apart) / MINUTE) + 1
  const first = late ? minute : memory.marked + 1
  memory.marked = minute
  const watched = streams.filter((s) => s.watched).map(nameOf)
  if (watched.length === 0) return
  const hours = Map.groupBy(
    Array.from({ length: minute - first + 1 }, (_, i) => first + i),
    (m) => Math.floor(m / 60),
  )
  for (const [hour, minutes] of hours) {
    const digits = Array.from({ length: 60 }, (_, i) => (minutes.includes(hour * 60 + i) ? '1' : '0'))
    await noteWatched(db, watched, new Date(hour * HOUR), digits.join(''))
  }
}

/** Brings the memory up to date: a stream that fell quiet is read whole, others from where they were read. */
async function readHours(db: Database, memory: Memory, now: Date, quiet: QuietStream[]): Promise<void> {
  const keys = new Set(quiet.map(keyOf))
  for (const key of memory.hours.keys()) if (!keys.has(key)) memory.hours.delete(key)
  const known = quiet.filter((s) => memory.hours.has(keyOf(s)))
  const unknown = quiet.filter((s) => !memory.hours.has(keyOf(s)))
  await readInto(db, memory, known, new Date((memory.until - 1) * HOUR))
  for (let from = 0; from < unknown.length; from += AT_ONCE) {
    await readInto(db, memory, unknown.slice(from, from + AT_ONCE), new Date(now.getTime() - HISTORY))
  }
  memory.until = hourOf(now.getTime())
}

async function readInto(db: Database, memory: Memory, streams: StreamName[], since: Date): Promise<void> {
  if (streams.length === 0) return
  for (const stream of streams) {
    if (!memory.hours.has(keyOf(stream))) memory.hours.set(keyOf(stream), new Map())
  }
  for (const row of await arrivals(db, streams.map(nameOf), since)) {
    memory.hours.get(keyOf(row))!.set(hourOf(row.hour.getTime()), { busy: row.busy, watched: row.watched })
  }
}

function judge(memory: Memory, stream: QuietStream, now: Date, zone: string): Verdict {
  const hours = memory.hours.get(keyOf(stream))!
  const from = hourOf(stream.last.getTime())
  const minutes = new Map([[from, stream.left]])
  for (let hour = from + 1; hour <= hourOf(now.getTime()); hour++) {
    minutes.set(hour, hours.get(hour)?.watched ?? 0)
  }
  const quiet: Quiet = { from, minutes }
  return judgeQuiet(hours, quiet, zone)
}

async function trim(db: Database, memory: Memory, now: Date): Promise<void> {
  if (now.getTime() - memory.trimmed < DAY / 4) return
  memory.trimmed = now.getTime()
  await trimArrivals(db)
}

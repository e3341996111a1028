/**
 * silence: is a stream quiet that is usually busy at this hour? Data in, data out.
 *
 * The unit is the busy minute, one in which at least one record came: bursts (a page of a poll, the backlog after
 * an outage) count once. What an hour is usually like is what the same weekday and hour of the company's zone was
 * like in the four weeks before it, counting only minutes in which a record would have been taken in. Minutes in
 * which we ourselves stood still are no silence either.
 *
 * The question is how improbable it is that nothing came. A limit of one in a thousand is not enough: each record
 * begins a pause, and a busy shop has hundreds of thousands in a year, so it would be called silent dozens of times.
 * The limit is therefore set by how often a stream may be called silent wrongly in a year. And shops are not Poisson processes:
 * a bad day has half the orders. So the rate itself is uncertain (gamma), which makes the number of busy minutes
 * negative binomial; the uncertainty is that between days plus that of having seen only few weeks.
 */
import { offsetAt } from '../core/local-time.ts'

const HOUR = 3_600_000
const WEEK_HOURS = 168
const WEEKS = 4

/** How often one stream may be called silent wrongly. Per year. */
const FALSE_ALARMS = 0.5
/** Never on less than this, however rarely a stream has records. */
const LEAST_CHANCE = 0.001
/** Days differ by about a quarter: a gamma of this shape. */
const SHAPE = 15
/** An hour counts as known when it was watched for so many minutes, in so many of the weeks. */
const LEAST_WATCHED = 30
const LEAST_WEEKS = 2
/** Watched minutes of quiet that are always granted. */
const LEAST_QUIET = 10
/** How much less than usual came lately is judged by these hours before the quiet, where that many minutes were due. */
const LATELY = [3, 24, 168]
const LATELY_EXPECTED = 20
/** What came lately says nothing about a shop that was nearly dead: it is not believed below this. */
const LEAST_LATELY = 0.05
const MINUTES_PER_YEAR = 525_960

/** Minutes of one hour, 0 to 60. */
export interface Hour {
  busy: number
  watched: number
}

/** What is known of a stream: hours since 1970 in UTC → its minutes. */
export type Hours = ReadonlyMap<number, Hour>

/** A stretch in which nothing came: hours since 1970 → watched minutes of quiet, and the hour it began in. */
export interface Quiet {
  from: number
  minutes: ReadonlyMap<number, number>
}

export interface Verdict {
  silent: boolean
  /** Watched minutes without a record. */
  quiet: number
  /** Busy minutes that were to be expected in them. */
  expected: number
  /** How probable the quiet is. */
  chance: number
}

/** The number of an instant's hour, since 1970. */
export const hourOf = (at: number): number => Math.floor(at / HOUR)

/** Judges a stretch of quiet by what the weeks before it were like. `zone`: the company's. */
export function judgeQuiet(hours: Hours, quiet: Quiet, zone: string): Verdict {
  const usual = usualOf(hours, zone)
  let minutes = 0
  let expected = 0
  let variance = 0
  for (const [hour, count] of quiet.minutes) {
    minutes += count
    const known = usual(hour)
    if (!known) continue
    const rate = known.busy / known.watched
    expected += count * rate
    variance += (count / known.watched) ** 2 * known.busy
  }
  const scale = lately(hours, quiet.from, usual)
  const least = { quiet: minutes, expected: expected * scale }
  if (expected === 0) return { silent: false, ...least, chance: 1 }
  const shape = 1 / (1 / SHAPE + variance / expected ** 2)
  const chance = (1 + least.expected / shape) ** -shape
  const limit = Math.min(LEAST_CHANCE, FALSE_ALARMS / pausesPerYear(hours, quiet.from))
  return { silent: minutes >= LEAST_QUIET && chance <= limit, ...least, chance }
}

type Usual = (hour: number) => Hour | null

/** What the same hour of the four weeks before was like, added up; null where too little is known. */
function usualOf(hours: Hours, zone: string): Usual {
  const kept = new Map<number, Hour | null>()
  return (hour) => {
    const known = kept.get(hour)
    if (known !== undefined) return known
    const sum = { busy: 0, watched: 0 }
    let weeks = 0
    for (let week = 1; week <= WEEKS; week++) {
      const then = hours.get(weeksBefore(hour, week, zone))
      if (!then || then.watched < LEAST_WATCHED) continue
      weeks += 1
      sum.busy += Math.min(then.busy, then.watched)
      sum.watched += then.watched
    }
    const usual = weeks >= LEAST_WEEKS ? sum : null
    kept.set(hour, usual)
    return usual
  }
}

/** The hour that had the same weekday and clock in the zone, some weeks earlier. */
function weeksBefore(hour: number, weeks: number, zone: string): number {
  const then = hour - weeks * WEEK_HOURS
  return then + Math.round((offsetAt(zone, hour * HOUR) - offsetAt(zone, then * HOUR)) / HOUR)
}

/** A holiday, a season that ends: what share of the usual came before the quiet, at most all of it. */
function lately(hours: Hours, from: number, usual: Usual): number {
  let least = 1
  let [busy, expected, back] = [0, 0, 0]
  for (const span of LATELY) {
    for (; back < span; back++) {
      const hour = from - 1 - back
      const known = usual(hour)
      const was = hours.get(hour)
      if (!known || !was || was.watched < LEAST_WATCHED) continue
      busy += Math.min(was.busy, was.watched)
      expected += (known.busy / known.watched) * was.watched
    }
    if (expected >= LATELY_EXPECTED) least = Math.min(least, busy / expected)
  }
  return Math.max(least, LEAST_LATELY)
}

/** Every busy minute begins a pause, and each pause may be the one that is called silence. */
function pausesPerYear(hours: Hours, from: number): number {
  let [busy, watched] = [0, 0]
  for (let hour = from - WEEKS * WEEK_HOURS; hour < from; hour++) {
    const was = hours.get(hour)
    if (!was) continue
    busy += Math.min(was.busy, was.watched)
    watched += was.watched
  }
  return watched === 0 ? 1 : Math.max(1, (busy / watched) * MINUTES_PER_YEAR)
}

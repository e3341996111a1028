/** Streams of a made-up shop, minute by minute: what the silence alarm is measured on. */
import { type Hour, judgeQuiet, type Quiet, type Verdict } from '../../src/insight/silence.ts'

/** How many orders a shop has by the hour of day, relative to each other. */
const PROFILE = [
  0.3, 0.2, 0.1, 0.05, 0.05, 0.1, 0.3, 0.6, 1, 1.4, 1.6, 1.5, 1.4, 1.3, 1.3, 1.3, 1.3, 1.2, 1.3, 1.6, 2, 2,
  1.5, 0.8,
]
const MEAN = PROFILE.reduce((a, b) => a + b) / PROFILE.length

export interface Shop {
  /** Orders of an ordinary day. */
  perDay: number
  days: number
  /** How much days differ (of the logarithm). */
  spread?: number
  /** Share of an ordinary day that a Saturday or Sunday has. */
  weekend?: number
  /** Read only every so many minutes, so that orders come in bursts. */
  poll?: number
  /** A day's own factor: promotions, holidays. */
  special?: (day: number) => number
  seed: number
}

/** Numbers in [0, 1): the same for the same seed (mulberry32). */
export function chance(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** Minutes since the beginning in which something came, ascending. */
export function busyMinutes({
  perDay,
  days,
  spread = 0.3,
  weekend = 0.7,
  poll = 1,
  special,
  seed,
}: Shop): number[] {
  const random = chance(seed)
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  const found: number[] = []
  for (let day = 0; day < days; day++) {
    const ofDay =
      Math.exp(spread * normal() - spread ** 2 / 2) * (day % 7 >= 5 ? weekend : 1) * (special?.(day) ?? 1)
    for (let hour = 0; hour < 24; hour++) {
      // hours differ too, by a quarter
      const rate = (perDay * ofDay * Math.exp(0.25 * normal() - 0.03) * PROFILE[hour]!) / MEAN / 1440
      for (let minute = 0; minute < 60; minute += poll) {
        if (random() < 1 - Math.exp(-rate * poll)) found.push((day * 24 + hour) * 60 + minute)
      }
    }
  }
  return found
}

/** Hours as the ledger would have them, always watched. */
export function hoursOf(busy: number[], days: number): Map<number, Hour> {
  const hours = new Map<number, Hour>()
  for (let hour = 0; hour < days * 24; hour++) hours.set(hour, { busy: 0, watched: 60 })
  for (const minute of busy) hours.get(Math.floor(minute / 60))!.busy++
  return hours
}

/** Quiet from behind the minute `last` up to `now`. */
export function quietOf(last: number, now: number): Quiet {
  const from = Math.floor(last / 60)
  const minutes = new Map<number, number>()
  for (let hour = from; hour * 60 < now; hour++) {
    const count = Math.min(now, hour * 60 + 60) - Math.max(last + 1, hour * 60)
    if (count > 0) minutes.set(hour, count)
  }
  return { from, minutes }
}

/** How often the shop would be called silent although it is not, per year, from its third week on. */
export function falseAlarms(shop: Shop, busy: number[]): number {
  const hours = hoursOf(busy, shop.days)
  const alarms = busy.filter((last, i) => {
    const next = busy[i + 1]
    // shorter pauses are never looked at
    if (next === undefined || next - last <= 10 || last < 15 * 1440) return false
    return judgeQuiet(hours, quietOf(last, next), 'UTC').silent
  })
  return alarms.length / ((shop.days - 15) / 365)
}

/** Minutes until a shop that stops at one of its records is called silent; null: not within two weeks. */
export function timeToDetect(shop: Shop, busy: number[], index: number): number | null {
  const last = busy[index]!
  const hours = hoursOf(
    busy.filter((m) => m <= last),
    shop.days,
  )
  const at = (minutes: number): Verdict => judgeQuiet(hours, quietOf(last, last + minutes), 'UTC')
  let [silentNot, silent] = [0, 14 * 1440]
  if (!at(silent).silent) return null
  while (silent - silentNot > 1) {
    const middle = (silent + silentNot) >> 1
    if (at(middle).silent) silent = middle
    else silentNot = middle
  }
  return silent
}

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Hour, hourOf, judgeQuiet } from '../../src/insight/silence.ts'
import {
  busyMinutes,
  chance,
  falseAlarms,
  hoursOf,
  quietOf,
  type Shop,
  timeToDetect,
} from '../support/synthetic-stream.ts'

/** Median of the times to detect over stops spread over the shop's second half. */
function detection(shop: Shop, busy: number[], stops = 30): { median: number; worst: number } {
  const random = chance(shop.seed + 1)
  const times = Array.from({ length: stops }, () => {
    const index = Math.floor(busy.length * (0.5 + 0.45 * random()))
    return timeToDetect(shop, busy, index)
  })
  expect(times).not.toContain(null)
  const sorted = (times as number[]).sort((a, b) => a - b)
  return { median: sorted[sorted.length >> 1]!, worst: sorted.at(-1)! }
}

describe('silence, on the shops that docs/guide/alerts.md names', () => {
  // false alarms per year, median minutes to detect, worst of 30
  it.each<[string, Omit<Shop, 'seed'>, number, number, number]>([
    ['2,000 orders a day', { perDay: 2000, days: 150 }, 0.5, 45, 360],
    ['200 a day', { perDay: 200, days: 300 }, 0.5, 240, 840],
    ['200 a day, read every five minutes', { perDay: 200, days: 300, poll: 5 }, 0.5, 300, 840],
    ['50 a day', { perDay: 50, days: 500 }, 0.5, 720, 1500],
    ['10 a day', { perDay: 10, days: 1000 }, 0.5, 2900, 5000],
  ])('%s', (_, made, alarms, median, worst) => {
    const shop = { ...made, seed: 7 }
    const busy = busyMinutes(shop)
    expect(falseAlarms(shop, busy)).toBeLessThanOrEqual(alarms)
    const found = detection(shop, busy)
    expect(found.median).toBeLessThan(median)
    expect(found.worst).toBeLessThan(worst)
  })

  it('is rarely wrong about a shop with holidays, promotions and wild days', () => {
    const special = (day: number) => (day % 180 >= 100 && day % 180 < 108 ? 0.1 : day % 90 === 50 ? 6 : 1)
    const shop: Shop = { perDay: 200, days: 400, special, seed: 3 }
    expect(falseAlarms(shop, busyMinutes(shop))).toBeLessThanOrEqual(2)
    const wild: Shop = { perDay: 200, days: 400, spread: 0.6, weekend: 0.4, seed: 3 }
    expect(falseAlarms(wild, busyMinutes(wild))).toBeLessThanOrEqual(4)
  })

  it('a limit of one in a thousand would be wrong dozens of times a year: the reason for the other one', () => {
    const shop: Shop = { perDay: 2000, days: 100, spread: 0, weekend: 1, seed: 5 }
    const busy = busyMinutes(shop)
    const hours = hoursOf(busy, shop.days)
    const naive = busy.filter((last, i) => {
      const next = busy[i + 1]
      if (next === undefined || next - last < 5 || last < 20 * 1440) return false
      const { expected } = judgeQuiet(hours, quietOf(last, next), 'UTC')
      return Math.exp(-expected) < 0.001
    })
    expect((naive.length / 80) * 365).toBeGreaterThan(24)
    expect(falseAlarms(shop, busy)).toBeLessThan(1)
  })
})

const HOURS = 24 * 40
const steady = (busy: number, watched = 60): Map<number, Hour> =>
  new Map(Array.from({ length: HOURS }, (_, hour) => [hour, { busy, watched }]))
/** Quiet that begins at the last hour but `hours`. */
const quietFor = (hours: number) => quietOf((HOURS - hours) * 60 - 1, HOURS * 60)

describe('judging quiet', () => {
  it('expects what the same hours of the weeks before had, and is sure in the end', () => {
    const verdict = judgeQuiet(steady(30), quietFor(2), 'UTC')
    expect(verdict).toMatchObject({ quiet: 120, silent: true })
    expect(verdict.expected).toBeCloseTo(60, 5)
    expect(judgeQuiet(steady(30), quietOf(HOURS * 60 - 15, HOURS * 60), 'UTC').silent).toBe(false)
  })

  it('says nothing of hours that it has seen in fewer than two weeks', () => {
    const lastWeeks = (weeks: number) =>
      new Map([...steady(30)].filter(([hour]) => hour >= HOURS - weeks * 168 - 24))
    expect(judgeQuiet(lastWeeks(1), quietFor(12), 'UTC')).toMatchObject({ expected: 0, silent: false })
    expect(judgeQuiet(lastWeeks(2), quietFor(12), 'UTC').silent).toBe(true)
  })

  it('does not take hours in which nobody watched for empty ones', () => {
    // a week of standing still: its hours are unknown, the others speak
    const stood = steady(30)
    for (let hour = HOURS - 168 - 24; hour < HOURS - 24; hour++) stood.set(hour, { busy: 0, watched: 0 })
    expect(judgeQuiet(stood, quietFor(2), 'UTC').expected).toBeCloseTo(60, 5)
    // an hour that was watched half: twelve busy minutes of thirty are 24 of sixty
    expect(judgeQuiet(steady(12, 30), quietFor(2), 'UTC').expected).toBeCloseTo(48, 5)
  })

  it('lowers its expectations when less than usual came lately, and never below a twentieth', () => {
    const slow = (share: number) => {
      const hours = steady(40)
      for (let hour = HOURS - 26; hour < HOURS - 2; hour++) hours.set(hour, { busy: 40 * share, watched: 60 })
      return judgeQuiet(hours, quietFor(2), 'UTC').expected
    }
    expect(slow(0.25)).toBeCloseTo(20, 5)
    expect(slow(0)).toBeCloseTo(4, 5)
    expect(slow(3)).toBeCloseTo(80, 5)
  })

  it('compares hours by the clock on the wall, also over a change of it', () => {
    const zone = 'Europe/Berlin'
    // shops of one busy hour, 9 to 10 in the morning; clocks went forward on 29 March 2026
    const nine = (day: string) => hourOf(Date.parse(`${day}T09:00:00Z`))
    const hours = new Map<number, Hour>()
    const first = nine('2026-03-01')
    for (let hour = first; hour < first + 24 * 31; hour++) {
      const local = new Intl.DateTimeFormat('en-GB', { timeZone: zone, hour: 'numeric' }).format(
        hour * 3_600_000,
      )
      hours.set(hour, { busy: Number(local) === 9 ? 60 : 0, watched: 60 })
    }
    const seven = hourOf(Date.parse('2026-03-30T07:00:00Z'))
    const at = (hour: number) =>
      judgeQuiet(hours, { from: hour - 1, minutes: new Map([[hour, 60]]) }, zone).expected
    // nine o'clock is 07:00 in UTC now and was 08:00 before
    expect(at(seven)).toBeGreaterThan(40)
    expect(at(seven + 1)).toBe(0)
  })

  it('more quiet never makes it less probable to be silence, and no quiet is none', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 168, maxLength: 168 }),
        fc.integer({ min: 1, max: 30 }),
        (week, hours) => {
          const known = new Map(
            Array.from({ length: HOURS }, (_, h) => [h, { busy: week[h % 168]!, watched: 60 }] as const),
          )
          const all = quietFor(hours)
          const chances = [...all.minutes].map((_, i) => {
            const minutes = new Map([...all.minutes].slice(0, i + 1))
            return judgeQuiet(known, { ...all, minutes }, 'UTC')
          })
          for (const [i, verdict] of chances.entries()) {
            expect(verdict.chance).toBeLessThanOrEqual((chances[i - 1]?.chance ?? 1) + 1e-12)
            expect(verdict.chance).toBeGreaterThanOrEqual(0)
            if (verdict.silent) expect(verdict.chance).toBeLessThanOrEqual(0.001)
          }
          expect(judgeQuiet(known, { from: all.from, minutes: new Map() }, 'UTC')).toMatchObject({
            silent: false,
            chance: 1,
          })
        },
      ),
      { numRuns: 60 },
    )
  })
})

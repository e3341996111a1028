import { describe, expect, it } from 'vitest'
import { businessDay, dayAfter, yesterday } from '../../src/core/business-day.ts'
import { candidatesOf, gapsOf } from '../../src/pipeline/stages/gaps.ts'

/** The gaps of a day, where all those of the day and `others` are known. */
function gaps(day: string[], others: string[] = []): string[] {
  const candidates = candidatesOf(day)
  if (!candidates) return []
  const known = new Set([...day, ...others])
  const asked = [...candidates.inside, ...candidates.below]
  return gapsOf(candidates, new Set(asked.filter((n) => known.has(n))))
}

describe('gaps', () => {
  it.each([
    ['inside the day', ['#1001', '#1002', '#1004'], [], ['#1003']],
    ['none, in any order', ['#1003', '#1001', '#1002'], [], []],
    ['what another day has is none', ['#1001', '#1004'], ['#1002'], ['#1003']],
    ['at the edge between two days', ['#1005', '#1006'], ['#1003'], ['#1004']],
    ['nothing before: the sequence begins here', ['#1001', '#1003'], [], ['#1002']],
    ['leading zeros are kept', ['SO-0099', 'SO-0101'], [], ['SO-0100']],
    ['the last digits count', ['2026-17-8', '2026-17-10'], [], ['2026-17-9']],
    ['digits and a suffix', ['7-B', '9-B', '9-A'], [], ['8-B']],
    ['a number somebody wrote by hand', ['#1001', '#1003', '#990000'], [], ['#1002']],
    ['another style beside the usual', ['#1001', '#1003', 'POS 5'], [], ['#1002']],
    ['no digits at all', ['abc', 'def'], [], []],
    ['nothing sold', [], [], []],
    ['one alone', ['#1001'], [], []],
  ])('%s', (_, day, others, expected) => {
    expect(gaps(day, others)).toEqual(expected)
  })

  it('whatever is taken out of a run is found again', () => {
    for (let seed = 1; seed < 200; seed++) {
      const first = 1 + ((seed * 7919) % 5000)
      const run = Array.from({ length: 2 + (seed % 60) }, (_, i) => `A${first + i}`)
      const lost = run.slice(1, -1).filter((_, i) => (i * seed) % 5 === 0)
      expect(gaps(run.filter((n) => !lost.includes(n)))).toEqual(lost)
    }
  })
})

describe('business days', () => {
  it('lie between two midnights of the zone, however long', () => {
    const hours = (day: string, zone: string) => {
      const { since, until } = businessDay(day, zone)
      return [since.toISOString(), (until.getTime() - since.getTime()) / 3_600_000]
    }
    expect(hours('2026-11-23', 'Asia/Shanghai')).toEqual(['2026-11-22T16:00:00.000Z', 24])
    expect(hours('2026-03-29', 'Europe/Berlin')).toEqual(['2026-03-28T23:00:00.000Z', 23])
    expect(hours('2026-10-25', 'Europe/Berlin')).toEqual(['2026-10-24T22:00:00.000Z', 25])
    // clocks go forward at midnight: the day begins at one
    expect(hours('2026-09-06', 'America/Santiago')).toEqual(['2026-09-06T04:00:00.000Z', 23])
  })

  it('follow each other, over months and leap days', () => {
    expect([dayAfter('2028-02-28'), dayAfter('2028-02-28', 2), dayAfter('2026-01-01', -1)]).toEqual([
      '2028-02-29',
      '2028-03-01',
      '2025-12-31',
    ])
    expect(yesterday('Asia/Shanghai', new Date('2026-01-01T16:30:00Z'))).toBe('2026-01-01')
    expect(yesterday('UTC', new Date('2026-01-01T16:30:00Z'))).toBe('2025-12-31')
  })

  it.each(['2026-02-30', '2026-1-1', '20260101', 'yesterday', ''])('refuses %j', (day) => {
    expect(() => businessDay(day, 'UTC')).toThrow(RangeError)
  })
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { businessDate, instantText, isZone, parseDuration, parseInstant } from '../../src/core/time.ts'

describe('parseDuration', () => {
  test.each([
    ['250ms', 250],
    ['10s', 10_000],
    ['5m', 300_000],
    ['2h', 7_200_000],
    ['1h30m', 5_400_000],
    ['90d', 7_776_000_000],
    ['2w', 1_209_600_000],
  ])('%s is %i ms', (text, milliseconds) => expect(parseDuration(text)).toBe(milliseconds))

  test.each(['', '10', '10 s', '-5m', '1.5h', '5 minutes', '1y', 's', '99999999999999999d'])(
    '%j is refused',
    (text) => expect(() => parseDuration(text)).toThrow(RangeError),
  )
})

describe('parseInstant', () => {
  test('takes any zone and gives UTC', () => {
    expect(parseInstant('2026-01-01T00:00:00+08:00').toISOString()).toBe('2025-12-31T16:00:00.000Z')
    expect(parseInstant('2026-01-01t00:00:00.5z').toISOString()).toBe('2026-01-01T00:00:00.500Z')
    expect(parseInstant('2024-02-29 12:00:00Z').toISOString()).toBe('2024-02-29T12:00:00.000Z')
  })

  test.each([
    '2026-01-01',
    '2026-01-01T00:00:00',
    '2026-01-01T00:00Z',
    '2026-02-29T00:00:00Z',
    '2026-04-31T00:00:00+08:00',
    '2026-13-01T00:00:00Z',
    '2026-01-01T25:00:00Z',
    'yesterday',
  ])('%s is refused', (text) => expect(() => parseInstant(text)).toThrow(RangeError))

  test('reads back whatever a Date writes', () => {
    const dates = fc.date({ min: new Date('1970-01-01'), max: new Date('2999-12-31'), noInvalidDate: true })
    fc.assert(fc.property(dates, (d) => parseInstant(d.toISOString()).getTime() === d.getTime()))
  })
})

describe('instantText', () => {
  const two = (most: number) => fc.integer({ min: 0, max: most }).map((n) => String(n).padStart(2, '0'))
  const zones = fc.oneof(
    fc.constantFrom('Z', 'z', '+08:00', '-05:30', '+24:00'),
    fc.constantFrom('', '+0800'),
  )
  const years = fc.oneof(fc.integer({ min: 0, max: 9999 }), fc.constantFrom(1900, 2000, 2024, 2026))
  const texts = fc
    .tuple(
      years,
      two(13),
      two(32),
      two(24),
      two(60),
      two(60),
      fc.constantFrom('', '.5', '.123', '.1234'),
      zones,
    )
    .map(([y, mo, d, h, mi, s, f, z]) => `${String(y).padStart(4, '0')}-${mo}-${d}T${h}:${mi}:${s}${f}${z}`)

  test('is what parseInstant and Date write', () => {
    const outcome = (work: () => string) => {
      try {
        return work()
      } catch (error) {
        return (error as Error).message
      }
    }
    const check = (text: string) => {
      expect(outcome(() => instantText(text))).toBe(outcome(() => parseInstant(text).toISOString()))
    }
    fc.assert(fc.property(texts, check), { numRuns: 3000 })
  })

  test('is the instant that the language reads', () => {
    const right = texts.filter((t) => /T(?!24).*(\.\d{3})?Z$/.test(t) && !Number.isNaN(Date.parse(t)))
    const same = (text: string) => new Date(text).toISOString()
    const exists = (text: string) => same(text).slice(0, 10) === text.slice(0, 10)
    fc.assert(fc.property(right.filter(exists), (text) => instantText(text) === same(text)))
  })
})

describe('businessDate', () => {
  test.each([
    ['2026-01-01T15:59:59Z', 'Asia/Shanghai', '2026-01-01'],
    ['2026-01-01T16:00:00Z', 'Asia/Shanghai', '2026-01-02'],
    ['2026-01-01T04:59:59Z', 'America/New_York', '2025-12-31'],
    // The night the clocks change: 24:00 of Paris is 22:00 UTC after it, 23:00 before.
    ['2026-03-28T23:00:00Z', 'Europe/Paris', '2026-03-29'],
    ['2026-03-29T21:59:59Z', 'Europe/Paris', '2026-03-29'],
    ['2026-03-29T22:00:00Z', 'Europe/Paris', '2026-03-30'],
    ['2026-03-01T00:00:00+08:00', 'UTC', '2026-02-28'],
  ])('%s in %s is %s', (instant, zone, day) => {
    expect(businessDate(instant, zone)).toBe(day)
    expect(businessDate(new Date(instant), zone)).toBe(day)
  })

  test('an unknown zone is refused', () => {
    expect(isZone('Asia/Shanghai')).toBe(true)
    expect(isZone('Asia/Shangai')).toBe(false)
    expect(() => businessDate('2026-01-01T00:00:00Z', 'Asia/Shangai')).toThrow(RangeError)
  })
})

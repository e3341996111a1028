import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { instantOf, offsetAt } from '../../src/core/local-time.ts'
import { businessDate } from '../../src/core/time.ts'
import { FUNCTIONS } from '../../src/mapping/functions.ts'

const date = FUNCTIONS.date as (...args: unknown[]) => string | undefined
const SECONDS = 'yyyy-MM-dd HH:mm:ss'

describe('$date', () => {
  test.each([
    ['2026-03-01 10:00:00', SECONDS, 'Asia/Shanghai', '2026-03-01T02:00:00.000Z'],
    ['2026-03-01 10:00:00', 'YYYY-MM-DD HH:mm:ss', '+08:00', '2026-03-01T02:00:00.000Z'],
    ['2026-03-01T10:00:00.123456', 'yyyy-MM-ddTHH:mm:ss.S', 'UTC', '2026-03-01T10:00:00.123Z'],
    ['2026-03-01T10:00:00.5', "yyyy-MM-dd'T'HH:mm:ss.S", '-0330', '2026-03-01T13:30:00.500Z'],
    ['2026-03-01T10:00:00+0900', 'yyyy-MM-ddTHH:mm:ssZ', undefined, '2026-03-01T01:00:00.000Z'],
    ['2026-03-01T10:00:00Z', 'yyyy-MM-ddTHH:mm:ssXXX', 'Asia/Shanghai', '2026-03-01T10:00:00.000Z'],
    ['20260301', 'yyyyMMdd', 'Asia/Shanghai', '2026-02-28T16:00:00.000Z'],
    [20260301, 'yyyyMMdd', 'UTC', '2026-03-01T00:00:00.000Z'],
    ['1/3/26 9:05', 'd/M/yy H:mm', 'UTC', '2026-03-01T09:05:00.000Z'],
    ['3/1/2026 12:05 AM', 'M/d/yyyy h:mm a', 'America/New_York', '2026-03-01T05:05:00.000Z'],
    ['3/1/2026 12:05 p.m.', 'M/d/yyyy hh:mm a', 'UTC', '2026-03-01T12:05:00.000Z'],
    ['Sun, 01 Mar 2026 10:00:00 +0000', 'EEE, dd MMM yyyy HH:mm:ss Z', undefined, '2026-03-01T10:00:00.000Z'],
    ['2026年3月1日', 'yyyy年M月d日', 'Asia/Shanghai', '2026-02-28T16:00:00.000Z'],
    ["2026-03-01 o'clock 10", "yyyy-MM-dd 'o''clock' HH", 'UTC', '2026-03-01T10:00:00.000Z'],
    ['2026-03-01 at 10', 'yyyy-MM-dd [at] HH', 'UTC', '2026-03-01T10:00:00.000Z'],
    [1772330400, 'X', undefined, '2026-03-01T02:00:00.000Z'],
    ['1772330400.25', 'X', undefined, '2026-03-01T02:00:00.250Z'],
    [1772330400123, 'x', undefined, '2026-03-01T02:00:00.123Z'],
    ['1969-06-01 00:00:00', SECONDS, 'Europe/London', '1969-05-31T23:00:00.000Z'],
    ['2024-02-29 00:00:00', SECONDS, 'UTC', '2024-02-29T00:00:00.000Z'],
    ['00-01-01', 'yy-MM-dd', 'UTC', '2000-01-01T00:00:00.000Z'],
    // what sources write for "no date"
    ['', SECONDS, 'UTC', undefined],
    [null, SECONDS, 'UTC', undefined],
    ['0000-00-00 00:00:00', SECONDS, 'UTC', undefined],
    [0, 'X', undefined, undefined],
  ])('%j as %j in %j', (value, pattern, zone, expected) => {
    expect(date(value, pattern, zone)).toBe(expected)
  })

  test.each([
    // clocks go forward: 02:30 is never shown
    ['2026-03-08 02:30:00', 'America/New_York', 'earlier', '2026-03-08T07:30:00.000Z'],
    ['2026-03-08 02:30:00', 'America/New_York', 'later', '2026-03-08T07:30:00.000Z'],
    ['2026-03-29 01:30:00', 'Europe/London', undefined, '2026-03-29T01:30:00.000Z'],
    ['2026-10-04 02:15:00', 'Australia/Lord_Howe', undefined, '2026-10-03T15:45:00.000Z'],
    ['2011-12-30 12:00:00', 'Pacific/Apia', undefined, '2011-12-30T22:00:00.000Z'],
    // clocks go back: 01:30 is shown twice
    ['2026-11-01 01:30:00', 'America/New_York', undefined, '2026-11-01T05:30:00.000Z'],
    ['2026-11-01 01:30:00', 'America/New_York', 'later', '2026-11-01T06:30:00.000Z'],
    ['2026-11-01 00:59:59', 'America/New_York', 'later', '2026-11-01T04:59:59.000Z'],
    ['2026-11-01 02:00:00', 'America/New_York', 'earlier', '2026-11-01T07:00:00.000Z'],
    ['2026-04-05 01:45:00', 'Australia/Lord_Howe', 'earlier', '2026-04-04T14:45:00.000Z'],
    ['2026-04-05 01:45:00', 'Australia/Lord_Howe', 'later', '2026-04-04T15:15:00.000Z'],
    // China had summer time from 1986 to 1991
    ['1988-07-01 00:00:00', 'Asia/Shanghai', undefined, '1988-06-30T15:00:00.000Z'],
  ])('%s in %s (%s)', (value, zone, doubt, expected) => {
    expect(date(value, SECONDS, zone, doubt)).toBe(expected)
  })

  test.each([
    ['2026-03-08 02:30:00', 'America/New_York', 'never show this time'],
    ['2026-11-01 01:30:00', 'America/New_York', 'show this time twice'],
  ])('%s in %s is refused on request', (value, zone, says) => {
    expect(() => date(value, SECONDS, zone, 'refuse')).toThrow(says)
    expect(date('2026-06-01 00:00:00', SECONDS, zone, 'refuse')).toBe('2026-06-01T04:00:00.000Z')
  })

  test.each([
    ['2026-03-01', SECONDS, 'UTC', 'not written as the pattern'],
    ['2026-02-30 00:00:00', SECONDS, 'UTC', 'does not exist'],
    ['2026-03-01 24:00:00', SECONDS, 'UTC', 'does not exist'],
    ['2026-13-01 00:00:00', SECONDS, 'UTC', 'does not exist'],
    ['1 Foo 2026', 'd MMM yyyy', 'UTC', 'does not exist'],
    ['13:00 PM 1/1/2026', 'hh:mm a d/M/yyyy', 'UTC', 'does not exist'],
    ['2026-03-01 10:00:00', SECONDS, undefined, 'needs a zone'],
    ['2026-03-01 10:00:00', SECONDS, 'Mars/Base', 'the zone must be'],
    ['2026-03-01 10:00:00', SECONDS, '+25:00', 'at most 18 hours'],
    ['2026-03-01 10:00:00', 'HH:mm:ss', 'UTC', 'year, month and day'],
    ['2026-03-01', 'yyyy-MM-dd qq', 'UTC', 'holds qq'],
    ['2026-03-01', 'yyyy-MM-dd MM', 'UTC', 'a part twice'],
    ['2026-03-01', "yyyy-MM-dd 'T", 'UTC', 'not closed'],
    ['2026-03-01 1', 'yyyy-MM-dd h', 'UTC', 'h and a go together'],
    ['2026-03-01', undefined, 'UTC', 'the pattern must be text'],
    [1772330400123, 'X', undefined, 'seconds or milliseconds'],
    ['12a', 'x', undefined, 'not written as the pattern'],
    [{}, 'x', undefined, 'it takes text or a number'],
  ])('%j as %j in %j is refused', (value, pattern, zone, says) => {
    const refused = expect(() => date(value, pattern, zone))
    refused.toThrow(expect.objectContaining({ code: 'MAPPING_VALUE', kind: 'input' }))
    expect(() => date(value, pattern, zone)).toThrow(says)
  })

  const ZONES = [
    'Asia/Shanghai',
    'America/New_York',
    'Europe/Berlin',
    'Australia/Lord_Howe',
    'Asia/Kathmandu',
    'Pacific/Apia',
    'Africa/Casablanca',
  ]
  const instants = fc.date({
    min: new Date('1973-01-01T00:00:00Z'),
    max: new Date('2037-12-31T00:00:00Z'),
    noInvalidDate: true,
  })

  test('property: what a clock shows is read back as that instant, or as its other hour', () => {
    fc.assert(
      fc.property(instants, fc.constantFrom(...ZONES), (at, zone) => {
        const time = Math.floor(at.getTime() / 1000) * 1000
        const shown = time + offsetAt(zone, time)
        const found = [instantOf(shown, zone, 'earlier'), instantOf(shown, zone, 'later')]
        expect(found).toContain(time)
        expect(found.every((t) => t + offsetAt(zone, t) === shown)).toBe(true)
        const text = new Date(shown).toISOString().slice(0, 19).replace('T', ' ')
        expect(date(text, SECONDS, zone)).toBe(new Date(found[0]!).toISOString())
      }),
    )
  })

  test('property: the business day is the one that Intl shows', () => {
    const day = FUNCTIONS.businessDate as (...args: unknown[]) => string
    fc.assert(
      fc.property(instants, fc.constantFrom(...ZONES, 'UTC'), (at, zone) => {
        expect(day(at.toISOString(), zone)).toBe(businessDate(at, zone))
      }),
    )
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { clockInstant, clockText } from '../../src/connector/clock.ts'
import { instantOf } from '../../src/core/local-time.ts'

const at = (text: string) => new Date(text)
const shanghai = { format: 'yyyy-MM-dd HH:mm:ss', zone: 'Asia/Shanghai' }
const lisbon = { format: 'dd.MM.yyyy HH:mm:ss', zone: 'Europe/Lisbon' }

describe('clocks of APIs', () => {
  it('write instants in their form', () => {
    const instant = at('2026-11-18T00:00:00.750Z')
    expect(clockText(instant, 'iso', 'since')).toBe('2026-11-18T00:00:00.750Z')
    expect(clockText(instant, 'milliseconds', 'since')).toBe(String(instant.getTime()))
    expect(clockText(instant, 'seconds', 'since')).toBe(String(Math.floor(instant.getTime() / 1000)))
    expect(clockText(instant, 'seconds', 'until')).toBe(String(Math.ceil(instant.getTime() / 1000)))
    expect(clockText(instant, shanghai, 'since')).toBe('2026-11-18 08:00:00')
    expect(clockText(instant, shanghai, 'until')).toBe('2026-11-18 08:00:01')
    expect(clockText(instant, lisbon, 'now')).toBe('18.11.2026 00:00:00')
  })

  it('read them back', () => {
    expect(clockInstant('2026-11-18 08:00:00', shanghai)).toEqual(at('2026-11-18T00:00:00Z'))
    expect(clockInstant('1789000000', 'seconds')).toEqual(new Date(1_789_000_000_000))
    expect(clockInstant('18/11/2026', shanghai)).toBeNull()
    expect(clockInstant('', 'seconds')).toBeNull()
  })

  it('never narrow a window, however the source reads an hour that its clocks show twice or not at all', () => {
    const day = 86_400_000
    const changes = [at('2026-10-25T01:00:00Z'), at('2026-03-29T01:00:00Z'), at('2026-07-01T00:00:00Z')]
    fc.assert(
      fc.property(
        fc.constantFrom(...changes),
        fc.integer({ min: -day, max: day }),
        fc.constantFrom('earlier' as const, 'later' as const),
        (change, off, reading) => {
          const instant = new Date(change.getTime() + off)
          const local = (text: string) => {
            const [, d, m, y, h, mi, s] = /^(\d+)\.(\d+)\.(\d+) (\d+):(\d+):(\d+)$/.exec(text)!.map(Number)
            return instantOf(Date.UTC(y!, m! - 1, d!, h!, mi!, s!), lisbon.zone, reading)
          }
          expect(local(clockText(instant, lisbon, 'since'))).toBeLessThanOrEqual(instant.getTime())
          expect(local(clockText(instant, lisbon, 'until'))).toBeGreaterThanOrEqual(instant.getTime())
        },
      ),
      { numRuns: 2000 },
    )
  })
})

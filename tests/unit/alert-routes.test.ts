import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isQuiet, missingDeliveries, type Routing } from '../../src/alerts/routes.ts'
import { ALERT_LEVELS, type AlertLevel, namesCause } from '../../src/core/alerts.ts'
import type { AlertRow } from '../../src/ledger/alert.ts'
import type { DeliveryKey, DeliveryRow } from '../../src/ledger/alert-delivery.ts'

const NOW = new Date('2026-03-02T04:00:00Z') // noon in Shanghai
const HOUR = 3_600_000

const alert = (
  id: number,
  cause: string,
  level: AlertLevel = 'red',
  more: Partial<AlertRow> = {},
): AlertRow => ({
  id,
  cause,
  kind: cause.split(':')[0] as AlertRow['kind'],
  connection: 'erp',
  level,
  say: { en: 'x', zh: 'x' },
  fix: { en: 'x', zh: 'x' },
  detail: {},
  opened_at: new Date(NOW.getTime() - HOUR),
  last_seen: NOW,
  closed_at: null,
  ...more,
})

let ids = 1
const told = (alertId: number, channel: string, more: Partial<DeliveryRow> = {}): DeliveryRow => ({
  id: ids++,
  alertId,
  channel,
  event: 'opened',
  round: 0,
  state: 'sent',
  attempts: 1,
  code: null,
  createdAt: NOW,
  dueAt: NOW,
  sentAt: new Date(NOW.getTime() - HOUR),
  ...more,
})

const routing = (more: Partial<Routing> = {}): Routing => ({
  routes: [{ levels: ALERT_LEVELS, causes: [], to: ['ops', 'mail'] }],
  quiet: null,
  remind: 4 * HOUR,
  zone: 'Asia/Shanghai',
  ...more,
})
const shown = (keys: DeliveryKey[]) => keys.map((k) => `${k.alertId} ${k.channel} ${k.event} ${k.round}`)
const missing = (
  alerts: AlertRow[],
  before: DeliveryRow[] = [],
  more: Partial<Routing> = {},
  muted: string[] = [],
) => shown(missingDeliveries(alerts, before, muted, routing(more), NOW))

describe('what is to be told', () => {
  it('an open alert goes to each of its channels once', () => {
    expect(missing([alert(1, 'clock')])).toEqual(['1 ops opened 0', '1 mail opened 0'])
    expect(missing([alert(1, 'clock')], [told(1, 'ops')])).toEqual(['1 mail opened 0'])
    expect(missing([alert(1, 'clock')], [told(1, 'ops'), told(1, 'mail', { state: 'due' })])).toEqual([])
  })

  it('levels and causes choose the channels; one named twice is told once', () => {
    const routes = [
      { levels: ['red'] as const, causes: [], to: ['ops', 'ding'] },
      { levels: ['yellow'] as const, causes: [], to: ['mail'] },
      { levels: ALERT_LEVELS, causes: ['silence:web*', 'parked:erp:X'], to: ['shop', 'ding'] },
    ]
    expect(missing([alert(1, 'silence:web/order')], [], { routes })).toEqual([
      '1 ops opened 0',
      '1 ding opened 0',
      '1 shop opened 0',
    ])
    expect(missing([alert(1, 'silence:wob/order', 'yellow')], [], { routes })).toEqual(['1 mail opened 0'])
    expect(missing([alert(1, 'parked:erp:X', 'yellow')], [], { routes })).toEqual([
      '1 mail opened 0',
      '1 shop opened 0',
      '1 ding opened 0',
    ])
    expect(missing([alert(1, 'parked:erp:XY', 'yellow')], [], { routes })).toEqual(['1 mail opened 0'])
  })

  it('an alert that turned red is told where red goes', () => {
    const routes = [
      { levels: ['red'] as const, causes: [], to: ['ops'] },
      { levels: ['yellow'] as const, causes: [], to: ['mail'] },
    ]
    expect(missing([alert(1, 'backlog:erp')], [told(1, 'mail')], { routes })).toEqual(['1 ops opened 0'])
  })

  it('a channel that takes no messages is not told so', () => {
    expect(missing([alert(1, 'channel:ops', 'yellow')])).toEqual(['1 mail opened 0'])
  })

  it('reminds after the time, by the message before, and never while one waits', () => {
    const ago = (hours: number) => ({ sentAt: new Date(NOW.getTime() - hours * HOUR) })
    const open = [alert(1, 'clock')]
    const routes = [{ levels: ALERT_LEVELS, causes: [], to: ['ops'] }]
    expect(missing(open, [told(1, 'ops', ago(5))], { routes })).toEqual(['1 ops reminder 1'])
    expect(missing(open, [told(1, 'ops', ago(3))], { routes })).toEqual([])
    expect(missing(open, [told(1, 'ops', ago(5))], { routes, remind: null })).toEqual([])
    const second = [told(1, 'ops', ago(9)), told(1, 'ops', { event: 'reminder', round: 1, ...ago(4) })]
    expect(missing(open, second, { routes })).toEqual(['1 ops reminder 2'])
    const waits = told(1, 'ops', { event: 'reminder', round: 2, state: 'due', sentAt: null })
    expect(missing(open, [...second, waits], { routes })).toEqual([])
  })

  it('whoever was told hears once that it is over', () => {
    const over = [alert(1, 'clock', 'red', { closed_at: NOW })]
    const before = [
      told(1, 'ops'),
      told(1, 'mail', { state: 'due' }),
      told(1, 'dead', { state: 'failed' }),
      told(1, 'gone', { state: 'dropped' }),
    ]
    expect(missing(over, before)).toEqual(['1 ops closed 0', '1 mail closed 0'])
    expect(missing(over, [...before, told(1, 'ops', { event: 'closed' })])).toEqual(['1 mail closed 0'])
    expect(missing(over)).toEqual([])
  })

  it('says nothing of what is muted, but that it is over', () => {
    expect(missing([alert(1, 'silence:web/order')], [], {}, ['silence:*'])).toEqual([])
    expect(missing([alert(1, 'silence:web/order')], [], {}, ['silence:web'])).toHaveLength(2)
    const over = alert(1, 'silence:web/order', 'red', { closed_at: NOW })
    expect(missing([over], [told(1, 'ops')], {}, ['*'])).toEqual(['1 ops closed 0'])
  })

  it('waits in quiet hours, and tells afterwards what still is', () => {
    const quiet = { from: 11 * 60, to: 13 * 60, levels: ['yellow'] as const }
    expect(missing([alert(1, 'doubt:erp', 'yellow'), alert(2, 'clock', 'red')], [], { quiet })).toEqual([
      '2 ops opened 0',
      '2 mail opened 0',
    ])
    expect(missing([alert(1, 'doubt:erp', 'yellow')], [], { quiet: { ...quiet, to: 12 * 60 } })).toHaveLength(
      2,
    )
  })

  it('quiet hours go over midnight, on the clock of the company', () => {
    const at = (instant: string, from: number, to: number) =>
      isQuiet(routing({ quiet: { from: from * 60, to: to * 60, levels: ['red'] } }), 'red', new Date(instant))
    expect(at('2026-03-01T14:30:00Z', 22, 7)).toBe(true)
    expect(at('2026-03-01T22:59:00Z', 22, 7)).toBe(true)
    expect(at('2026-03-01T23:00:00Z', 22, 7)).toBe(false)
    expect(at('2026-03-01T13:59:00Z', 22, 7)).toBe(false)
  })

  it('asked again after it was noted, it adds nothing', () => {
    const state = fc.constantFrom('due', 'sending', 'sent', 'dropped', 'failed')
    const rows = fc.array(
      fc.record({ alertId: fc.integer({ min: 1, max: 4 }), channel: fc.constantFrom('ops', 'mail'), state }),
    )
    fc.assert(
      fc.property(rows, fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }), (given, closed) => {
        const alerts = closed.map((c, i) => alert(i + 1, `doubt:e${i}`, 'red', { closed_at: c ? NOW : null }))
        const before = given.map((g) => told(g.alertId, g.channel, g as Partial<DeliveryRow>))
        const first = missingDeliveries(alerts, before, [], routing(), NOW)
        const noted = [
          ...before,
          ...first.map((k) => told(k.alertId, k.channel, { ...k, state: 'due', sentAt: null })),
        ]
        expect(missingDeliveries(alerts, noted, [], routing(), NOW)).toEqual([])
      }),
    )
  })
})

it('patterns name causes', () => {
  expect(namesCause('*', 'clock')).toBe(true)
  expect(namesCause('clock', 'clock')).toBe(true)
  expect(namesCause('silence:web', 'silence:web/order')).toBe(false)
  expect(namesCause('silence:web/*', 'silence:web/order')).toBe(true)
})

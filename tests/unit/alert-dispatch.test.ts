import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Channel, Notice } from '../../src/alerts/channel.ts'
import { createDispatcher } from '../../src/alerts/dispatch.ts'
import type { Cause } from '../../src/core/alerts.ts'
import { alertError } from '../../src/core/errors/alert.ts'
import { currentAlerts, turnAlerts } from '../../src/ledger/alert.ts'
import { addDeliveries, deliveriesOf } from '../../src/ledger/alert-delivery.ts'
import type { Database } from '../../src/ledger/database.ts'
import { LEDGERS, type TestLedger } from '../support/ledgers.ts'

const cause = (name: string): Cause => ({
  cause: name,
  kind: 'parked',
  connection: 'erp',
  level: 'yellow',
  say: { en: name, zh: name },
  fix: { en: 'look', zh: '请查看' },
  detail: {},
  opens: 0,
  closes: 0,
})

/** A channel that keeps what it gets, or answers what the test says. */
function channel(name: string, folds: boolean, answer: () => Promise<void> | void = () => undefined) {
  const got: Notice[][] = []
  const made: Channel = {
    name,
    kind: folds ? 'wecom' : 'webhook',
    folds,
    async send(notices) {
      got.push(notices)
      await answer()
    },
    close: () => undefined,
  }
  return { ...made, got }
}

describe('dispatching', () => {
  let ledger: TestLedger
  let db: Database
  let lines: string[] = []
  const running = new AbortController().signal
  beforeAll(async () => {
    ledger = await LEDGERS[0]!.open()
    db = ledger.db
  })
  afterAll(() => ledger?.close())
  beforeEach(async () => {
    lines = []
    await db.query('delete from alert')
  })

  const dispatcher = (...channels: Channel[]) =>
    createDispatcher(db, channels, '0123456789abcdef0123', (level, event) => lines.push(`${level} ${event}`))

  /** So many alerts, each to be told on these channels. */
  const due = async (count: number, ...names: string[]) => {
    await turnAlerts(
      db,
      Array.from({ length: count }, (_, i) => cause(`parked:erp:CODE_${i}`)),
    )
    const alerts = await currentAlerts(db)
    await addDeliveries(
      db,
      alerts.flatMap((a) =>
        names.map((name) => ({ alertId: a.id, channel: name, event: 'opened' as const, round: 0 })),
      ),
    )
    return alerts.map((a) => a.id)
  }
  const states = async (ids: number[], name: string) =>
    (await deliveriesOf(db, ids)).filter((d) => d.channel === name).map((d) => d.state)

  it('people get one message of what is due together and then a rest; programs get each by itself', async () => {
    const ids = await due(3, 'people', 'program')
    const [people, program] = [channel('people', true), channel('program', false)]
    const round = dispatcher(people, program)
    await round.round(running)
    expect(people.got.map((n) => n.length)).toEqual([3])
    expect(program.got.map((n) => n.length)).toEqual([1, 1, 1])
    const [first] = program.got.map(([n]) => n!.id)
    expect(first).toMatch(/^msg_0123456789abcdef_\d+$/)
    expect(new Set([...program.got, ...people.got].flat().map((n) => n.id)).size).toBe(6)
    expect(await states(ids, 'people')).toEqual(['sent', 'sent', 'sent'])
    // robots take twenty messages a minute
    await db.query(`update alert_delivery set state = 'due'`)
    await round.round(running)
    expect(people.got).toHaveLength(1)
    expect(program.got).toHaveLength(6)
    await round.round(running)
    expect(program.got).toHaveLength(6)
  })

  it('what is refused comes again after pauses that grow, or when the other side says', async () => {
    const [id] = await due(1, 'away')
    let refused = 0
    let retryAfter: number | undefined
    const away = channel('away', false, () => {
      refused++
      throw alertError('ALERT_UNREACHABLE', {
        channel: 'away',
        host: 'h',
        reason: 'X',
        ...(retryAfter ? { retryAfter } : {}),
      })
    })
    const round = dispatcher(away)
    const waits: number[] = []
    const again = async () => {
      await round.round(running)
      const [row] = await deliveriesOf(db, [id!])
      waits.push(Math.round((row!.dueAt.getTime() - Date.now()) / 1000))
      await round.round(running)
      await db.query('update alert_delivery set due_at = now()')
      return row!
    }
    for (let i = 0; i < 8; i++)
      expect(await again()).toMatchObject({ state: 'due', code: 'ALERT_UNREACHABLE' })
    const wanted = [5, 15, 60, 300, 900, 1800, 3600, 3600]
    for (const [i, wait] of waits.entries()) expect(Math.abs(wait - wanted[i]!)).toBeLessThanOrEqual(3)
    expect(refused).toBe(8)
    retryAfter = 7200
    await again()
    expect(Math.abs(waits.at(-1)! - 7200)).toBeLessThanOrEqual(3)
    // for a day
    await db.query(`update alert_delivery set created_at = now() - interval '25 hours'`)
    expect(await again()).toMatchObject({ state: 'failed', attempts: 10 })
  })

  it('a channel that says it is gone is not asked again; a fault of ours is said loudly and tried again', async () => {
    const ids = await due(1, 'gone', 'broken')
    const gone = channel('gone', false, () => {
      throw alertError('ALERT_GONE', { channel: 'gone', host: 'h' })
    })
    const broken = channel('broken', true, () => {
      throw new TypeError('cannot read properties of undefined')
    })
    await dispatcher(gone, broken).round(running)
    expect(await states(ids, 'gone')).toEqual(['failed'])
    expect(await states(ids, 'broken')).toEqual(['due'])
    expect(lines.sort()).toEqual(['error alert not delivered', 'warn alert not delivered'])
  })

  it('one that takes its time holds up no other, and a stop leaves its message to whoever comes next', async () => {
    const ids = await due(1, 'slow', 'quick')
    const stop = new AbortController()
    const slow = channel('slow', true, async () => {
      await sleep(30_000, undefined, { signal: stop.signal })
    })
    const quick = channel('quick', true)
    const round = dispatcher(slow, quick).round(stop.signal)
    while ((await states(ids, 'quick'))[0] !== 'sent') await sleep(20)
    stop.abort()
    await round
    expect(await states(ids, 'slow')).toEqual(['sending'])
    await db.query(
      `update alert_delivery set lease_until = now() - interval '1 second' where state = 'sending'`,
    )
    const heir = channel('slow', true)
    await dispatcher(heir).round(running)
    expect(heir.got.flat().map((n) => n.id)).toEqual(slow.got.flat().map((n) => n.id))
  })
})

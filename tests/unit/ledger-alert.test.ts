import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Cause } from '../../src/core/alerts.ts'
import {
  countAlerts,
  currentAlerts,
  findAlert,
  listAlerts,
  openSince,
  trimAlerts,
  turnAlerts,
} from '../../src/ledger/alert.ts'
import {
  addDeliveries,
  channelTroubles,
  claimDeliveries,
  type DeliveryKey,
  deliveriesOf,
  deliveriesRefused,
  deliveriesSent,
  dropDeliveries,
} from '../../src/ledger/alert-delivery.ts'
import { mute, mutes, unmute } from '../../src/ledger/alert-mute.ts'
import type { Database } from '../../src/ledger/database.ts'
import { holdDuty, leaveDuty } from '../../src/ledger/duty.ts'
import { LEDGERS, type TestLedger } from '../support/ledgers.ts'

const cause = (name: string, more: Partial<Cause> = {}): Cause => ({
  cause: name,
  kind: 'parked',
  connection: 'erp',
  level: 'yellow',
  say: { en: `trouble with ${name}`, zh: '有问题' },
  fix: { en: 'look', zh: '请查看' },
  detail: { count: 1 },
  opens: 0,
  closes: 0,
  ...more,
})

/** Moves everything the ledger knows of alerts into the past. */
const later = async (db: Database, seconds: number) => {
  for (const column of ['first_seen', 'last_seen', 'opened_at', 'away_since', 'closed_at']) {
    await db.query(`update alert set ${column} = ${column} - make_interval(secs => $1)`, [seconds])
  }
}

describe.each(LEDGERS)('alerts in the ledger on $name', ({ open, missing }) => {
  if (missing) return it(`skipped: ${missing}`, () => undefined)
  let at: TestLedger
  let db: Database
  beforeAll(async () => {
    at = await open()
    db = at.db
  })
  afterAll(() => at?.close())

  it('open one row per cause, once it was seen long enough, and close it once it was away long enough', async () => {
    const seen = cause('parked:erp:A', { opens: 60, closes: 120 })
    expect(await turnAlerts(db, [seen])).toEqual({ opened: [], closed: [] })
    expect(await findAlert(db, 'parked:erp:A')).toBeNull()
    await later(db, 61)
    expect(await turnAlerts(db, [seen])).toEqual({ opened: ['parked:erp:A'], closed: [] })
    expect(await turnAlerts(db, [{ ...seen, detail: { count: 5 } }])).toEqual({ opened: [], closed: [] })
    const row = await findAlert(db, 'parked:erp:A')
    expect(row).toMatchObject({ level: 'yellow', detail: { count: 5 }, closed_at: null })
    expect(await countAlerts(db)).toEqual({ red: 0, yellow: 1 })

    expect(await turnAlerts(db, [])).toEqual({ opened: [], closed: [] })
    await later(db, 100)
    // it came back before it was away long enough: nothing flaps
    await turnAlerts(db, [seen])
    await later(db, 100)
    expect(await turnAlerts(db, [])).toEqual({ opened: [], closed: [] })
    await later(db, 121)
    expect(await turnAlerts(db, [])).toEqual({ opened: [], closed: ['parked:erp:A'] })
    expect(await turnAlerts(db, [])).toEqual({ opened: [], closed: [] })
    expect(await countAlerts(db)).toEqual({ red: 0, yellow: 0 })
  })

  it('what goes before it was told is forgotten, and a cause that returns is another alert', async () => {
    const before = (await listAlerts(db, { all: true }, 1e15, 50)).rows.length
    await turnAlerts(db, [cause('parked:erp:B', { opens: 60 })])
    await turnAlerts(db, [])
    await later(db, 61)
    expect(await turnAlerts(db, [cause('parked:erp:B', { opens: 60 })])).toMatchObject({ opened: [] })
    await turnAlerts(db, [])
    await turnAlerts(db, [cause('parked:erp:A')])
    const { rows } = await listAlerts(db, { all: true }, 1e15, 50)
    expect(rows.length).toBe(before + 1)
    expect(rows.filter((r) => r.cause === 'parked:erp:A')).toHaveLength(2)
    await turnAlerts(db, [])
  })

  it('a level only rises while the alert is open', async () => {
    await turnAlerts(db, [cause('backlog:erp', { kind: 'backlog' })])
    await turnAlerts(db, [cause('backlog:erp', { kind: 'backlog', level: 'red' })])
    await turnAlerts(db, [cause('backlog:erp', { kind: 'backlog' })])
    expect(await findAlert(db, 'backlog:erp')).toMatchObject({ level: 'red' })
    const since = (await openSince(db, 'backlog')).get('backlog:erp')
    expect(Date.now() - since!.getTime()).toBeLessThan(60_000)
    await turnAlerts(db, [])
    expect(await openSince(db, 'backlog')).toEqual(new Map())
  })

  it('two that look at the same time open one alert', async () => {
    const looks = Array.from({ length: 6 }, () => turnAlerts(db, [cause('doubt:erp'), cause('clock')]))
    const opened = (await Promise.all(looks)).flatMap((t) => t.opened)
    expect(opened.sort()).toEqual(['clock', 'doubt:erp'])
    await turnAlerts(db, [])
  })

  const alertFor = async (name: string): Promise<number> => {
    await turnAlerts(db, [cause(name)])
    return (await findAlert(db, name))!.id
  }
  const key = (alertId: number, event: DeliveryKey['event'], round = 0, channel = 'ops'): DeliveryKey => ({
    alertId,
    channel,
    event,
    round,
  })

  it('a message is noted once, claimed by one, and settled by who holds it', async () => {
    const id = await alertFor('task:web:amend-needed')
    const same = [key(id, 'opened'), key(id, 'opened', 0, 'mail')]
    const added = await Promise.all([addDeliveries(db, same), addDeliveries(db, same)])
    expect(added.sort()).toEqual([0, 2])
    const claims = await Promise.all(Array.from({ length: 5 }, () => claimDeliveries(db, 'ops', 10, 60)))
    const [claimed, ...others] = claims.flat()
    expect(others).toEqual([])
    expect(claimed).toMatchObject({
      attempts: 1,
      event: 'opened',
      cause: 'task:web:amend-needed',
      level: 'yellow',
    })

    // its holder is gone: after the lease another one sends it, and the first may not settle it any more
    await db.query(`update alert_delivery set lease_until = now() - interval '1 second' where id = $1`, [
      claimed!.id,
    ])
    const [again] = await claimDeliveries(db, 'ops', 10, 60)
    expect(again).toMatchObject({ id: claimed!.id, attempts: 2 })
    await deliveriesSent(db, [claimed!])
    expect((await deliveriesOf(db, [id])).find((d) => d.channel === 'ops')).toMatchObject({
      state: 'sending',
    })
    await deliveriesSent(db, [again!])
    expect((await deliveriesOf(db, [id])).find((d) => d.channel === 'ops')).toMatchObject({ state: 'sent' })
    expect(await claimDeliveries(db, 'ops', 10, 60)).toEqual([])
    await dropDeliveries(db, ['ops'])
    expect(await claimDeliveries(db, 'mail', 10, 60)).toEqual([])
    await turnAlerts(db, [])
  })

  it('a refused message is due again later, until it is too old or refused for good', async () => {
    const id = await alertFor('task:web:cancel-needed')
    await addDeliveries(db, [key(id, 'opened')])
    const claim = async () => (await claimDeliveries(db, 'ops', 10, 60))[0]
    await deliveriesRefused(db, [(await claim())!], 'ALERT_UNREACHABLE', 30, 3600)
    const state = async () => (await deliveriesOf(db, [id]))[0]!
    expect(await state()).toMatchObject({ state: 'due', code: 'ALERT_UNREACHABLE', attempts: 1 })
    expect((await state()).dueAt.getTime() - Date.now()).toBeGreaterThan(25_000)
    expect(await claim()).toBeUndefined()
    const soon = () => db.query(`update alert_delivery set due_at = now() where alert_id = $1`, [id])
    await soon()
    await deliveriesRefused(db, [(await claim())!], 'ALERT_UNREACHABLE', 0, 3600)
    await soon()
    await deliveriesRefused(db, [(await claim())!], 'ALERT_UNREACHABLE', 0, 3600)
    expect(await channelTroubles(db, ['ops', 'mail'])).toMatchObject([
      { channel: 'ops', count: 1, attempts: 3, code: 'ALERT_UNREACHABLE' },
    ])
    await soon()
    await deliveriesRefused(db, [(await claim())!], 'ALERT_FAILED', 5, -1)
    expect(await state()).toMatchObject({ state: 'failed', code: 'ALERT_FAILED' })
    await soon()
    expect(await claim()).toBeUndefined()
    // one that is taken proves that the channel works
    expect(await channelTroubles(db, ['ops'])).toHaveLength(1)
    const other = await alertFor('task:web:shipment-unmatched')
    await addDeliveries(db, [key(other, 'opened')])
    await deliveriesSent(db, [(await claim())!])
    expect(await channelTroubles(db, ['ops'])).toEqual([])
    await turnAlerts(db, [])
  })

  it('of what was not told in time only the newest is sent', async () => {
    const id = await alertFor('disk')
    await addDeliveries(db, [key(id, 'opened'), key(id, 'reminder', 1), key(id, 'reminder', 2)])
    const first = await claimDeliveries(db, 'ops', 10, 60)
    expect(first.map((d) => `${d.event} ${d.round}`)).toEqual(['opened 0', 'reminder 2'])
    await deliveriesRefused(db, first, 'ALERT_FAILED', 0, 3600)
    await addDeliveries(db, [key(id, 'closed')])
    const last = await claimDeliveries(db, 'ops', 10, 60)
    expect(last.map((d) => d.event)).toEqual(['closed'])
    const states = (await deliveriesOf(db, [id])).map((d) => `${d.event} ${d.round} ${d.state}`)
    expect(states).toEqual([
      'opened 0 dropped',
      'reminder 1 dropped',
      'reminder 2 dropped',
      'closed 0 sending',
    ])
    await turnAlerts(db, [])
  })

  it('mutes end by themselves and by hand', async () => {
    const made = await mute(db, { cause: 'silence:*', who: 'ann', why: 'stock-taking' }, 3600)
    expect(made.until.getTime() - Date.now()).toBeGreaterThan(3_500_000)
    await mute(db, { cause: 'clock', who: 'ann', why: '' }, -1)
    expect((await mutes(db)).map((m) => m.cause)).toEqual(['silence:*'])
    expect(await unmute(db, 'clock')).toBeNull()
    expect(await unmute(db, 'silence:*')).toMatchObject({ why: 'stock-taking' })
    expect(await mutes(db)).toEqual([])
  })

  it('one process has the duty until it leaves it or dies', async () => {
    expect(await Promise.all(['a', 'b', 'c'].map((h) => holdDuty(db, 'alerts', h, 60)))).toEqual(
      expect.arrayContaining([true, false, false]),
    )
    const { rows } = await db.query<{ holder: string }>('select holder from duty')
    const holder = rows[0]!.holder
    expect(await holdDuty(db, 'alerts', holder, 60)).toBe(true)
    expect(await holdDuty(db, 'alerts', 'd', 60)).toBe(false)
    await leaveDuty(db, 'alerts', 'd')
    expect(await holdDuty(db, 'alerts', 'd', 60)).toBe(false)
    await leaveDuty(db, 'alerts', holder)
    expect(await holdDuty(db, 'alerts', 'd', 60)).toBe(true)
    await db.query(`update duty set lease_until = now() - interval '1 second'`)
    expect(await holdDuty(db, 'alerts', 'e', 60)).toBe(true)
  })

  it('forgets what was over three months ago, with its messages', async () => {
    const id = await alertFor('queue')
    await addDeliveries(db, [key(id, 'opened')])
    await turnAlerts(db, [])
    expect((await currentAlerts(db)).some((a) => a.id === id)).toBe(true)
    await later(db, 91 * 86_400)
    expect(await currentAlerts(db)).toEqual([])
    await trimAlerts(db)
    expect(await listAlerts(db, { all: true }, 1e15, 50)).toEqual({ rows: [], next: null })
    expect(await deliveriesOf(db, [id])).toEqual([])
  })
})

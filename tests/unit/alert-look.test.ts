/** One look at a ledger in which something is wrong of each sort. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createLookout, type Surroundings } from '../../src/insight/look.ts'
import { findAlert, listAlerts } from '../../src/ledger/alert.ts'
import { appendRecords } from '../../src/ledger/inbox.ts'
import { pause, pauseConnection, resume } from '../../src/ledger/pause.ts'
import { failPoll, leaseStream } from '../../src/ledger/stream.ts'
import { changeTasks } from '../../src/ledger/task.ts'
import { type Desk, openDesk } from '../support/desk.ts'
import { drive, inboxRow, LEDGERS, testOrder } from '../support/ledgers.ts'

describe.each(LEDGERS)('a look, on $name', (kind) => {
  if (kind.missing) return it(`skipped: ${kind.missing}`, () => undefined)
  let at: Desk
  let around: Surroundings
  beforeAll(async () => {
    at = await openDesk(kind)
    around = {
      db: at.db,
      zone: 'Asia/Shanghai',
      connections: ['web', 'nc', 'slow', 'deaf'],
      streams: [{ connection: 'web', stream: 'orders', polled: true }],
      channels: [],
      every: 30_000,
      queueAnswers: async () => true,
      subscriptions: () => [],
      freeDisk: async () => null,
    }
  })
  afterAll(() => at?.ledger.close())
  beforeEach(() => at.db.query(`delete from alert`))
  afterEach(async () => {
    await at.db.query(`update parked set resolved_at = now()`)
    await at.db.query(`update push set state = 'withdrawn' where state in ('planned', 'unknown')`)
    await at.db.query(`update inbox set state = 'done'`)
    await at.db.query(`delete from pause`)
    await at.db.query(`delete from stream`)
  })

  /** Looks twice, with the time between that the causes want to be seen for. */
  const look = async (changes: Partial<Surroundings> = {}) => {
    const lookout = createLookout({ ...around, ...changes })
    await lookout.look()
    await at.db.query(
      `update alert set first_seen = first_seen - interval '10 minutes' where opened_at is null`,
    )
    await lookout.look()
    const { rows } = await listAlerts(at.db, { all: false }, 1e15, 100)
    return rows.reverse().map((r) => `${r.level} ${r.cause}`)
  }

  it('finds nothing where nothing is wrong', async () => {
    await at.pushed()
    expect(await look()).toEqual([])
  })

  it('what a platform forgot: told at once, by doctor too, unless the connection is paused', async () => {
    const subscriptions = () => [
      { connection: 'web', wanted: 5, missing: ['orders-create'], disabled: ['orders-edited'] },
    ]
    expect(await look({ subscriptions })).toEqual(['yellow webhook:web'])
    const row = (await findAlert(at.db, 'webhook:web'))!
    expect(row.say.en).toBe(
      '2 of 5 webhook subscriptions of web send nothing (not there: orders-create; switched off: orders-edited)',
    )
    expect(row.say.zh).toContain('已停用: orders-edited')
    const line = (await at.ops.doctor({})).find((c) => c.id === 'webhooks:web')
    expect(line).toMatchObject({ level: 'warn', fix: { en: expect.stringContaining('webhooks sync web') } })
    await at.db.query(`delete from alert`)
    await at.ops.pause({ connection: 'web', by: 'ann' })
    expect(await look({ subscriptions })).toEqual([])
  })

  it('what is parked: one alert for each system and reason, with order keys and no personal data', async () => {
    const made = [await at.rejected(), await at.rejected(), await at.rejected(), await at.rejected()]
    await at.doubtful('deaf')
    expect((await look()).sort()).toEqual([
      'yellow parked:deaf:PUSH_IN_DOUBT',
      'yellow parked:nc:PUSH_REJECTED',
    ])
    const row = (await findAlert(at.db, 'parked:nc:PUSH_REJECTED'))!
    expect(row.detail).toMatchObject({ count: 4, examples: made.slice(0, 3).map((m) => m.key) })
    expect(row.say.en).toBe(
      `parked for nc: 4 (PUSH_REJECTED), for example ${made
        .slice(0, 3)
        .map((m) => m.key)
        .join(', ')}`,
    )
    expect(row.say.zh).toContain('nc 有 4 项被搁置')
    expect(row.fix.en).toContain('tributary parked list --code PUSH_REJECTED')
    expect(JSON.stringify(row)).not.toMatch(/Maria|绿茶|\{\w+\}/)
  })

  it('documents that wait, by how long and why, unless they are paused', async () => {
    const { push } = await at.pushed('slow')
    await at.db.query(
      `update push set tried_since = now() - interval '20 minutes', code = 'HTTP_503' where id = $1`,
      [push],
    )
    expect(await look()).toEqual(['yellow backlog:slow'])
    const { say } = (await findAlert(at.db, 'backlog:slow'))!
    expect(say.en).toBe('documents waiting for slow: 1, the oldest for 20 min; last error HTTP_503')
    await at.db.query(`update push set tried_since = now() - interval '2 hours' where id = $1`, [push])
    expect(await look()).toEqual(['red backlog:slow'])
    await pause(at.db, { connection: 'slow', flow: '', kind: '', why: 'x', who: 'ann', automatic: false })
    await at.db.query(`delete from alert`)
    expect(await look()).toEqual([])
  })

  it('documents nobody knows of, once the finding out takes long', async () => {
    const { push } = await at.pushed('slow')
    await drive(at.db, push, 'unknown', { dueIn: 3600 })
    expect(await look()).toEqual([])
    await at.db.query(`update push set tried_since = now() - interval '40 minutes' where id = $1`, [push])
    expect(await look()).toEqual(['yellow doubt:slow'])
  })

  it('a connection that was paused for its credentials, or otherwise by itself; one that was forgotten', async () => {
    await pauseConnection(at.db, 'nc', 'CONNECTOR_DENIED: Connection nc: refuses', 'tributary')
    await pauseConnection(at.db, 'slow', 'CONNECTOR_TOKEN_DEAD: Connection slow: none', 'tributary')
    await pauseConnection(at.db, 'web', 'CONNECTOR_ADDRESS: Connection web: secret-text', 'tributary')
    await pause(at.db, { connection: '', flow: 'f', kind: 'order', why: 'x', who: 'ann', automatic: false })
    expect((await look()).sort()).toEqual(['red paused:web', 'red token-dead:nc', 'red token-dead:slow'])
    const { say, fix } = (await findAlert(at.db, 'paused:web'))!
    expect(say.en).toContain('(CONNECTOR_ADDRESS)')
    expect(say.en).not.toContain('secret-text')
    expect(fix.en).toContain('tributary resume --connection web')
    await at.db.query(`update pause set since = now() - interval '26 hours' where flow = 'f'`)
    expect(await look()).toContain('yellow paused:f/order')
    await resume(at.db, { connection: 'nc', flow: '', kind: '' })
    // resumed in vain it would be paused again at once: over only after a while
    expect(await look()).toContain('red token-dead:nc')
    await at.db.query(`update alert set away_since = away_since - interval '2 minutes'`)
    expect(await look()).not.toContain('red token-dead:nc')
  })

  it('a stream that cannot be read, or is not read; not one that nobody wants', async () => {
    for (const stream of ['orders', 'unwanted']) {
      const hold = { connection: 'web', stream, holder: 'h' }
      await leaseStream(at.db, hold, 60)
      await failPoll(at.db, hold, { code: 'CONNECTOR_UNREACHABLE' })
    }
    expect(await look()).toEqual(['yellow poll-failed:web/orders'])
    await at.db.query(`update alert set first_seen = now() - interval '2 hours'`)
    expect(await look()).toEqual(['red poll-failed:web/orders'])
    await at.db.query(`update stream set error = null, polled_at = now() - interval '20 minutes'`)
    expect(await look()).toEqual(['red poll-failed:web/orders'])
    expect((await findAlert(at.db, 'poll-failed:web/orders'))!.say.en).toBe(
      'web/orders was last read 20 min ago',
    )
    await at.db.query(`update stream set polled_at = now()`)
    expect(await look()).toEqual([])
  })

  it('records that nobody maps, hints that cannot be followed, tasks', async () => {
    await appendRecords(at.db, [
      inboxRow(testOrder('old')),
      { ...inboxRow(testOrder('hinted')), hint: true, key: 'id:x' },
    ])
    await at.db.query(
      `update inbox set received_at = now() - interval '15 minutes' where state in ('new', 'hint')`,
    )
    const { document, order } = await at.pushed()
    const task = { kind: 'cancel-needed' as const, documentId: document, pushId: null, connection: 'web' }
    await changeTasks(at.db, [
      { ...task, open: true, orderId: order.externalId, orderNumber: null, detail: {} },
    ])
    expect((await look()).sort()).toEqual([
      'red backlog:inbox',
      'yellow backlog:web/fetch',
      'yellow task:web:cancel-needed',
    ])
    await changeTasks(at.db, [
      { ...task, open: false, orderId: order.externalId, orderNumber: null, detail: {} },
    ])
  })

  it('what the process itself sees: the queue, the disk', async () => {
    const MB = 1024 ** 2
    expect(await look({ queueAnswers: async () => false, freeDisk: async () => 100 * MB })).toEqual([
      'red disk',
      'red queue',
    ])
    expect((await findAlert(at.db, 'disk'))!.say.en).toContain('100 MB')
    await at.db.query(`delete from alert`)
    expect(await look({ freeDisk: async () => 1024 * MB })).toEqual(['yellow disk'])
    await at.db.query(`delete from alert`)
    expect(await look({ freeDisk: async () => 4096 * MB })).toEqual([])
  })
})

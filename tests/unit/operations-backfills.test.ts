/** What people and programs ask about backfills and completeness, over both kinds of ledger. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { businessDate } from '../../src/core/time.ts'
import { finishCheck } from '../../src/ledger/completeness.ts'
import { leaseJob } from '../../src/ledger/held-job.ts'
import { ANN, type Desk, openDesk } from '../support/desk.ts'
import { LEDGERS } from '../support/ledgers.ts'

const WEB = { connection: 'web', stream: 'orders' }
const SINCE = '2026-01-01T00:00:00Z'

describe.each(LEDGERS)('operations on history over $name', (kind) => {
  let at: Desk
  beforeAll(async () => {
    if (!kind.missing) at = await openDesk(kind)
  }, 60_000)
  afterAll(() => at?.ledger.close())
  beforeEach(async ({ skip }) => {
    skip(kind.missing !== null, kind.missing ?? '')
    await at.db.query('delete from backfill')
    await at.db.query('delete from completeness')
    at.woken.length = 0
  })

  describe('a backfill', () => {
    it('is previewed without a trace, started, and wakes its lane', async () => {
      const preview = await at.ops.backfillPreview({
        ...WEB,
        since: SINCE,
        until: '2026-01-02T00:00:00.250Z',
      })
      expect(preview).toEqual({
        ...WEB,
        ...{
          since: '2026-01-01T00:00:00.000Z',
          until: '2026-01-02T00:00:01.000Z',
          ids: null,
          count: 12,
          exact: true,
        },
      })
      expect((await at.ops.backfillList({})).items).toEqual([])
      expect(at.woken).toEqual([])
      const made = await at.ops.backfillStart({ ...WEB, since: SINCE, ...ANN })
      expect(made).toMatchObject({
        ...WEB,
        state: 'planned',
        total: 12,
        exact: true,
        read: 0,
        by: 'ann',
        why: 'looked',
      })
      expect(Date.now() - Date.parse(made.until!)).toBeLessThan(5_000)
      expect(at.woken).toEqual(['backfill web'])
      expect(await at.ops.backfillShow({ id: made.id })).toEqual(made)
    })

    it('by ids takes each once', async () => {
      const made = await at.ops.backfillStart({ ...WEB, ids: ['1', ' 2 ', '1'], ...ANN })
      expect(made).toMatchObject({ ids: 2, total: 2, asked: 0, since: null, readUntil: null })
    })

    it.each<[string, object, object]>([
      ['nothing', {}, { code: 'RUNTIME_REQUEST' }],
      ['a range and ids', { since: SINCE, ids: ['1'] }, { code: 'RUNTIME_REQUEST' }],
      ['an end and ids', { until: SINCE, ids: ['1'] }, { code: 'RUNTIME_REQUEST' }],
      ['the future', { since: '2999-01-01T00:00:00Z' }, { code: 'RUNTIME_REQUEST' }],
      [
        'an end before its beginning',
        { since: SINCE, until: '2025-01-01T00:00:00Z' },
        { code: 'RUNTIME_REQUEST' },
      ],
      ['no instant', { since: 'yesterday' }, { code: 'RUNTIME_REQUEST' }],
      ['an empty id', { ids: ['1', ' '] }, { code: 'RUNTIME_REQUEST' }],
      ['what is out of reach', { since: '2001-01-01T00:00:00Z' }, { code: 'RUNTIME_REQUEST' }],
      ['an unknown connection', { connection: 'shop', since: SINCE }, { code: 'RUNTIME_UNKNOWN' }],
      ['an unknown stream', { stream: 'refunds', since: SINCE }, { code: 'CONNECTOR_STREAM_UNREADABLE' }],
      [
        'a connection without streams',
        { connection: 'nc', since: SINCE },
        { code: 'CONNECTOR_STREAM_UNREADABLE' },
      ],
    ])('refuses %s', async (_, request, error) => {
      await expect(at.ops.backfillPreview({ ...WEB, ...request })).rejects.toMatchObject(error)
      await expect(at.ops.backfillStart({ ...WEB, ...request, ...ANN })).rejects.toMatchObject(error)
      expect((await at.ops.backfillList({})).items).toEqual([])
    })

    it('moves between its states by hand, and only where that makes sense', async () => {
      const { id } = await at.ops.backfillStart({ ...WEB, since: SINCE, ...ANN })
      const refused = { code: 'RUNTIME_STATE' }
      await expect(at.ops.backfillResume({ id, ...ANN })).rejects.toMatchObject(refused)
      expect((await at.ops.backfillPause({ id, ...ANN })).state).toBe('paused')
      await expect(at.ops.backfillPause({ id, ...ANN })).rejects.toMatchObject(refused)
      at.woken.length = 0
      expect((await at.ops.backfillResume({ id, ...ANN })).state).toBe('planned')
      expect(at.woken).toEqual(['backfill web'])
      const cancelled = await at.ops.backfillCancel({ id, ...ANN })
      expect(cancelled.state).toBe('cancelled')
      expect(cancelled.finishedAt).not.toBeNull()
      await expect(at.ops.backfillResume({ id, ...ANN })).rejects.toMatchObject(refused)
      for (const unknown of ['999999', 'x'])
        await expect(at.ops.backfillShow({ id: unknown })).rejects.toMatchObject({ code: 'RUNTIME_UNKNOWN' })
    })

    it('is listed newest first, page by page, by connection and state', async () => {
      const ids: string[] = []
      for (let n = 0; n < 3; n++)
        ids.unshift((await at.ops.backfillStart({ ...WEB, ids: [`${n}`], ...ANN })).id)
      await at.ops.backfillPause({ id: ids[1]!, ...ANN })
      const first = await at.ops.backfillList({ limit: 2 })
      const rest = await at.ops.backfillList({ limit: 2, after: first.next! })
      expect([...first.items, ...rest.items].map((i) => i.id)).toEqual(ids)
      expect(rest.next).toBeNull()
      expect((await at.ops.backfillList({ state: 'paused' })).items.map((i) => i.id)).toEqual([ids[1]])
      expect((await at.ops.backfillList({ connection: 'nc' })).items).toEqual([])
    })
  })

  describe('completeness', () => {
    it('is checked day by day, once per day however often it is asked for', async () => {
      const request = { connection: 'web', since: '2026-01-30', until: '2026-02-01', ...ANN }
      const asked = await at.ops.completenessCheck(request)
      expect(asked.map((c) => [c.day, c.since, c.state])).toEqual([
        ['2026-01-30', '2026-01-29T16:00:00.000Z', 'planned'],
        ['2026-01-31', '2026-01-30T16:00:00.000Z', 'planned'],
        ['2026-02-01', '2026-01-31T16:00:00.000Z', 'planned'],
      ])
      expect(at.woken).toEqual(['completeness web/orders'])
      expect((await at.ops.completenessCheck(request)).map((c) => c.id)).toEqual(asked.map((c) => c.id))
      const [yesterday] = await at.ops.completenessCheck({ connection: 'web', ...ANN })
      expect(yesterday!.day).toBe(businessDate(new Date(Date.now() - 86_400_000), 'Etc/UTC'))
      const [today] = await at.ops.completenessCheck({
        connection: 'web',
        since: businessDate(new Date(), 'Etc/UTC'),
        ...ANN,
      })
      expect(today!.day).toBe(businessDate(new Date(), 'Etc/UTC'))
    })

    it.each<[string, object, object]>([
      ['a day to come', { since: '2999-01-01', until: '2999-01-01' }, { code: 'RUNTIME_REQUEST' }],
      [
        'a day that does not exist',
        { since: '2026-02-30', until: '2026-03-01' },
        { code: 'RUNTIME_REQUEST' },
      ],
      ['days the wrong way round', { since: '2026-02-02', until: '2026-02-01' }, { code: 'RUNTIME_REQUEST' }],
      ['too many days', { since: '2025-01-01', until: '2026-01-01' }, { code: 'RUNTIME_REQUEST' }],
      ['what is out of reach', { since: '2001-01-01', until: '2001-01-02' }, { code: 'RUNTIME_REQUEST' }],
      ['an unknown stream', { stream: 'x' }, { code: 'CONNECTOR_STREAM_UNREADABLE' }],
      ['an unknown connection', { connection: 'x' }, { code: 'RUNTIME_UNKNOWN' }],
    ])('refuses %s', async (_, request, error) => {
      await expect(at.ops.completenessCheck({ connection: 'web', ...request, ...ANN })).rejects.toMatchObject(
        error,
      )
      expect((await at.ops.completenessList({})).items).toEqual([])
    })

    it('what is missing is in stats and doctor until a newer check of the day says otherwise', async () => {
      const check = async (missing: number, since = '2026-01-30') => {
        await at.ops.completenessCheck({ connection: 'web', since, until: since, ...ANN })
        const row = await leaseJob<object>(at.db, 'completeness', { connection: 'web' }, 'me', 60)
        const hold = { table: 'completeness' as const, id: row!.id, holder: 'me' }
        const until = new Date('2026-01-31T00:00:00Z')
        expect(await finishCheck(at.db, hold, { until, source: 9, missing, detail: {} })).not.toBeNull()
        return String(row!.id)
      }
      await at.db.query(
        `insert into stream (connection, stream, polled_at) values ('web', 'orders', now()) on conflict do nothing`,
      )
      const missing = async () =>
        (await at.ops.stats({})).connections.find((c) => c.connection === 'web')!.streams[0]!.missing
      const doctor = async () =>
        (await at.ops.doctor({})).find((c) => c.id === 'completeness:web/orders') ?? { level: null }
      expect(await missing()).toBeNull()
      expect((await doctor()).level).toBeNull()
      const first = await check(2)
      await check(1, '2026-01-31')
      expect(await missing()).toBe(3)
      expect(await doctor()).toMatchObject({
        level: 'warn',
        say: { en: expect.stringContaining('3 of web/orders') },
      })
      expect((await at.ops.completenessList({ open: true })).items.map((i) => i.missing)).toEqual([1, 2])
      expect((await at.ops.completenessList({ ids: [first] })).items).toMatchObject([
        { id: first, missing: 2 },
      ])
      await check(0)
      await check(0, '2026-01-31')
      expect(await missing()).toBe(0)
      expect((await doctor()).level).toBe('ok')
      await at.db.query(`update completeness set finished_at = now() - interval '4 days'`)
      expect(await doctor()).toMatchObject({
        level: 'warn',
        say: { en: expect.stringContaining('4 days ago') },
      })
      const show = at.ops.completenessShow({ id: '999999' })
      await expect(show).rejects.toMatchObject({ code: 'RUNTIME_UNKNOWN' })
    })
  })
})

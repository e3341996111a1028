import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createSilenceWatch, silenceCause } from '../../src/insight/silence-watch.ts'
import { turnAlerts } from '../../src/ledger/alert.ts'
import { arrivals, lastArrivals, noteArrivals, noteWatched, trimArrivals } from '../../src/ledger/arrival.ts'
import type { Database } from '../../src/ledger/database.ts'
import { appendRecords, type InboxRow } from '../../src/ledger/inbox.ts'
import { inboxRow, LEDGERS, type TestLedger, testOrder } from '../support/ledgers.ts'
import { fillHours, instantBefore } from '../support/past-arrivals.ts'

const MINUTE = 60_000
const web = { connection: 'web', stream: 'order' }

describe.each(LEDGERS)('when records came, on $name', ({ open, missing }) => {
  if (missing) return it(`skipped: ${missing}`, () => undefined)
  let at: TestLedger
  let db: Database
  let ids = 1
  beforeAll(async () => {
    at = await open()
    db = at.db
  })
  afterAll(() => at?.close())

  /** Appends records and sets when they were received. */
  const receive = async (times: Date[], more: Partial<InboxRow> = {}) => {
    const rows = times.map(() => ({ ...inboxRow(testOrder(String(ids++))), stream: 'order', ...more }))
    const made = await appendRecords(db, rows)
    for (const [i, id] of made.entries()) {
      await db.query('update inbox set received_at = $2 where id = $1', [id, times[i]])
    }
  }
  const now = async () => (await db.query<{ at: Date }>('select now() as at')).rows[0]!.at
  const ago = (from: Date, minutes: number) => new Date(from.getTime() - minutes * MINUTE)

  it('begins with what comes after the first look, and counts minutes, not records', async () => {
    await receive([await now()])
    await noteArrivals(db)
    expect(await lastArrivals(db, [web])).toEqual([])
    const base = new Date('2026-03-01T08:10:30Z')
    await receive([base, base, ago(base, 3), ago(base, 70)])
    await receive([ago(base, 1)], { origin: 'fetch' })
    await receive([ago(base, 2)], { connection: 'other' })
    for (let again = 0; again < 3; again++) await noteArrivals(db)
    const hours = await arrivals(db, [web], new Date('2026-03-01T00:00:00Z'))
    const shown = hours.map((h) => [h.hour.toISOString(), h.busy, h.watched]).sort()
    expect(shown).toEqual([
      ['2026-03-01T07:00:00.000Z', 1, 0],
      ['2026-03-01T08:00:00.000Z', 2, 0],
    ])
    const [last] = await lastArrivals(db, [web])
    expect(last!.hour.toISOString()).toBe('2026-03-01T08:00:00.000Z')
    expect([...last!.busy].flatMap((bit, i) => (bit === '1' ? [i] : []))).toEqual([7, 10])
  })

  it('keeps watched minutes beside them, and forgets both after ten weeks', async () => {
    const hour = new Date('2026-03-01T08:00:00Z')
    await noteWatched(db, [web], hour, `${'1'.repeat(20)}${'0'.repeat(40)}`)
    await noteWatched(db, [web], hour, `${'0'.repeat(10)}${'1'.repeat(20)}${'0'.repeat(30)}`)
    expect(await arrivals(db, [web], hour)).toMatchObject([{ busy: 2, watched: 30 }])
    await noteWatched(db, [web], instantBefore(new Date(), 24 * 69), '1'.repeat(60))
    await trimArrivals(db)
    const left = await arrivals(db, [web, { connection: 'other', stream: 'order' }], new Date(0))
    expect(left).toHaveLength(1)
  })

  describe('the watch', () => {
    const streams = [{ ...web, watched: true }]
    const causeOf = (minutes: number) => ({
      cause: silenceCause(web),
      kind: 'silence' as const,
      connection: 'web',
      level: 'red' as const,
      say: { en: `${minutes}`, zh: '' },
      fix: { en: '', zh: '' },
      detail: {},
      opens: 0,
      closes: 0,
    })

    it('finds a stream that fell quiet, remembers it until a record comes, and then says so', async () => {
      const start = await now()
      await db.query('delete from arrival')
      // five weeks of twenty busy minutes an hour, then two quiet hours
      await fillHours(db, web, { until: instantBefore(start, 2), weeks: 5, busy: 20 })
      await fillHours(db, web, { until: instantBefore(start, -1), hours: 3, busy: 0 })
      const watch = createSilenceWatch(db, 'Asia/Shanghai')
      const [found, ...none] = await watch.look(start, streams, 30_000)
      expect(none).toEqual([])
      expect(found).toMatchObject(web)
      expect(found!.verdict!.expected).toBeGreaterThan(30)
      await turnAlerts(db, [causeOf(1)])
      // also by another process, which has read nothing yet
      const other = createSilenceWatch(db, 'Asia/Shanghai')
      expect(await other.look(start, streams, 30_000)).toMatchObject([{ ...web, verdict: null }])
      // paused meanwhile: still silent
      expect(await other.look(start, [{ ...web, watched: false }], 30_000)).toHaveLength(1)
      await receive([new Date()])
      expect(await other.look(new Date(), streams, 30_000)).toEqual([])
      expect(await turnAlerts(db, [])).toMatchObject({ closed: ['silence:web/order'] })
    })

    it('does not hold its own standing still against a shop', async () => {
      const start = await now()
      await db.query('delete from arrival')
      await fillHours(db, web, { until: instantBefore(start, 12), weeks: 5, busy: 20 })
      const watch = createSilenceWatch(db, 'Asia/Shanghai')
      expect(await watch.look(start, streams, 30_000)).toEqual([])
      // minutes count from now on, those of a pause do not
      let at = start
      for (let minute = 0; minute < 180; minute++) {
        at = new Date(at.getTime() + MINUTE)
        const found = await watch.look(at, [{ ...web, watched: minute < 90 }], MINUTE)
        if (minute < 10) expect(found).toEqual([])
        if (minute >= 89) expect(found).toHaveLength(1)
      }
      const hours = await arrivals(db, [web], instantBefore(start, 0))
      const watched = hours.reduce((sum, h) => sum + h.watched, 0)
      expect(watched).toBeGreaterThanOrEqual(89)
      expect(watched).toBeLessThanOrEqual(151)
    })

    it('says nothing of a stream that it does not know for two weeks', async () => {
      const start = await now()
      await db.query('delete from arrival')
      await fillHours(db, web, { until: instantBefore(start, 5), hours: 24 * 9, busy: 40 })
      await fillHours(db, web, { until: instantBefore(start, -1), hours: 6, busy: 0 })
      expect(await createSilenceWatch(db, 'Asia/Shanghai').look(start, streams, 30_000)).toEqual([])
    })
  })
})

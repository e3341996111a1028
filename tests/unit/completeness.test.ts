/** Checks of completeness: counts that agree, what is missing and arrives, gaps, what cannot be had, days that were missed. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { businessDay } from '../../src/core/business-day.ts'
import type { Order } from '../../src/core/documents/order.ts'
import { connectorError } from '../../src/core/errors/connector.ts'
import { listChecks, planChecks, unexplained } from '../../src/ledger/completeness.ts'
import { writeDocuments } from '../../src/ledger/document.ts'
import { claimRecords } from '../../src/ledger/inbox.ts'
import { countByVersion } from '../../src/ledger/known.ts'
import { completenessLane } from '../../src/pipeline/completeness.ts'
import { planDays } from '../../src/pipeline/completeness-schedule.ts'
import { COMPLETENESS, NORMALIZE, type Pipe } from '../../src/pipeline/pipe.ts'
import { sweep } from '../../src/pipeline/sweep.ts'
import { LEDGERS, newDocument, putOrders, type TestLedger, testOrder } from '../support/ledgers.ts'
import { openSource, type Source } from '../support/source.ts'

const ZONE = 'Asia/Shanghai'
const DAY = '2026-01-10'
const { since, until } = businessDay(DAY, ZONE)
/** An instant of the day, so many minutes after its beginning. */
const minute = (n: number) => new Date(since.getTime() + n * 60_000)
let shops = 0

describe.each(LEDGERS)('a check of completeness on $name', (kind) => {
  let at: TestLedger
  let source: Source
  let pipe: Pipe
  let woken: string[]
  let mapped = Promise.resolve()
  const stopping = { asked: false }
  // what a test has woken ends with it
  afterEach(() => mapped)
  beforeAll(async () => {
    if (!kind.missing) at = await kind.open()
  }, 60_000)
  afterAll(() => at?.close())
  beforeEach(({ skip }) => {
    skip(kind.missing !== null, kind.missing ?? '')
    use(openSource(`shop${++shops}`, { byVersion: true }))
  })

  function use(chosen: Source): void {
    source = chosen
    woken = []
    pipe = {
      db: at.db,
      queue: {
        wake: async (queue: string, lane: string) => {
          woken.push(`${queue} ${lane}`)
          if (queue === NORMALIZE) mapped = mapped.then(normalize)
        },
      },
      connections: new Map([[source.connection.id, source.connection]]),
      flows: [
        { mode: 'live', shops: [source.connection.id], erp: 'nc', from: new Date('2026-01-01T00:00:00Z') },
      ],
      company: { zone: ZONE, currency: 'CNY' },
      log: () => undefined,
    } as unknown as Pipe
  }

  /** What the mapping would make of a record of the source. */
  const order = (id: string, when: string, number = id): Order =>
    testOrder(id, { connection: source.connection.id, version: when, placedAt: when, number })

  async function normalize(): Promise<void> {
    const records = await claimRecords(at.db, 100)
    const documents = records.map((r) => {
      const { id, at: when } = JSON.parse(r.body!.toString()) as { id: string; at: string }
      return newDocument(order(id, when), r.id)
    })
    await at.db.transaction((tx) => writeDocuments(tx, { documents, parked: [], done: [], journal: [] }))
  }

  /** At the source, and here as well unless told otherwise. */
  async function sold(id: string, when: Date, here = true, number = id): Promise<void> {
    source.put(id, when)
    if (here) await putOrders(at.db, [order(id, when.toISOString(), number)])
  }

  const plan = (list = false, who = 'ann') =>
    planChecks(at.db, [{ connection: source.connection.id, stream: 'order', day: DAY, since, until, list }], {
      by: who,
    })
  async function check(list = false) {
    const [id] = await plan(list)
    await completenessLane(pipe, source.connection, source.stream, stopping)
    return (await listChecks(at.db, { ids: [id!] }, Number.MAX_SAFE_INTEGER, 1))[0]!
  }

  it('counts that agree prove it without a list', async () => {
    await sold('1', minute(0))
    await sold('2', minute(24 * 60 - 1))
    // the days before and after
    await sold('3', minute(-1))
    await sold('4', minute(24 * 60))
    expect(await check()).toMatchObject({
      state: 'done',
      source: 2,
      ours: 2,
      arrived: 0,
      missing: 0,
      detail: {},
    })
    expect(source.pages).toEqual([])
  })

  it('counts agree though versions moved on: an order counts where it was changed last', async () => {
    await sold('1', minute(5))
    await sold('1', minute(25 * 60))
    const of = { connection: source.connection.id, stream: 'order', kind: 'order' }
    expect(await countByVersion(at.db, of, since, until)).toBe(0)
    expect(await check()).toMatchObject({ source: 0, ours: 0, missing: 0 })
  })

  it('what is missing arrives by being listed, under the lane of history', async () => {
    for (const n of [1, 2, 3, 4, 5]) await sold(`${n}`, minute(n), n !== 3 && n !== 5)
    expect(await check()).toMatchObject({
      ...{ state: 'done', source: 5, ours: 3, arrived: 2, missing: 0 },
      detail: { listed: 5, arrived: ['3', '5'], oursAfter: 5 },
    })
    expect(source.pages.every((p) => p.lane === 'backfill')).toBe(true)
    // nothing is left to be found
    expect(await check()).toMatchObject({ source: 5, ours: 5, arrived: 0, missing: 0, detail: {} })
  })

  it('an update that was missed is read', async () => {
    await sold('1', minute(1))
    source.put('1', minute(2))
    await sold('2', minute(3))
    // the stale copy still counts for this day: only the ids tell
    expect(await check(true)).toMatchObject({
      source: 2,
      ours: 2,
      arrived: 0,
      missing: 0,
      detail: { listed: 2, oursAfter: 2 },
    })
    const { rows } = await at.db.query<{ version: string }>(
      `select version from document where connection = $1 and external_id = '1'`,
      [source.connection.id],
    )
    expect(rows[0]!.version).toBe(minute(2).toISOString())
  })

  it('what the source counts but does not list is missing without explanation', async () => {
    await sold('1', minute(1))
    await sold('2', minute(2))
    source.put('3', minute(3), { hidden: true })
    expect(await check()).toMatchObject({ source: 3, ours: 2, arrived: 0, missing: 1, detail: { listed: 2 } })
    const mine = (await unexplained(at.db)).find((u) => u.connection === source.connection.id)
    expect(mine).toMatchObject({ stream: 'order', missing: 1, failed: 0, last_day: DAY })
    expect(mine!.age).toBeLessThan(60)
    // the index catches up: the newest check of the day counts
    source.put('3', minute(3))
    expect(await check()).toMatchObject({ source: 3, ours: 2, arrived: 1, missing: 0 })
    expect((await unexplained(at.db)).find((u) => u.connection === source.connection.id)).toMatchObject({
      missing: 0,
    })
  })

  it('what is here and counted is not missing only because the list lacks it; what moved on is not counted for it', async () => {
    for (const n of [1, 2, 3]) await sold(`${n}`, minute(n))
    source.things.get('1')!.hidden = true
    // changed on the next day, and not read since: it stands in for nothing
    source.put('3', minute(25 * 60))
    source.put('4', minute(4), { hidden: true })
    expect(await check(true)).toMatchObject({
      source: 3,
      ours: 3,
      arrived: 0,
      missing: 1,
      detail: { listed: 1, oursAfter: 2 },
    })
    expect(source.fetched).toEqual([{ ids: ['1', '3'], lane: 'backfill' }])
  })

  it('a list that catches up while it is read is read again', async () => {
    await sold('1', minute(1))
    source.put('2', minute(2), { hidden: true })
    source.before.page = () => {
      if (source.pages.length === 2) source.put('2', minute(2))
    }
    expect(await check()).toMatchObject({ source: 2, ours: 1, arrived: 1, missing: 0, detail: { listed: 2 } })
  })

  it('a source that cannot count is listed, and one that estimates too', async () => {
    use(openSource(`shop${++shops}`, { count: async () => null }))
    for (const n of [1, 2, 3]) await sold(`${n}`, minute(n), n > 1)
    expect(await check()).toMatchObject({
      source: 3,
      ours: 2,
      arrived: 1,
      missing: 0,
      detail: { listed: 3, arrived: ['1'] },
    })
    use(openSource(`shop${++shops}`, { count: async () => ({ count: 7, exact: false }) }))
    for (const n of [1, 2, 3]) await sold(`${n}`, minute(n))
    expect(await check()).toMatchObject({
      source: 3,
      ours: 3,
      missing: 0,
      detail: { about: true, listed: 3 },
    })
  })

  it('a source that takes only short windows is counted and listed in such', async () => {
    use(openSource(`shop${++shops}`, { byVersion: true, window: 6 * 3_600_000 }))
    for (const n of [1, 400, 700, 1100]) await sold(`${n}`, minute(n), n !== 700)
    const asked: number[] = []
    const { count } = source.stream
    source.stream.count = (window, signal) => {
      asked.push((window.until.getTime() - window.since.getTime()) / 3_600_000)
      return count!(window, signal)
    }
    expect(await check()).toMatchObject({
      source: 4,
      ours: 3,
      arrived: 1,
      missing: 0,
      detail: { listed: 4, arrived: ['700'] },
    })
    expect(asked).toEqual([6, 6, 6, 6, 6, 6, 6, 6])
    expect(source.pages).toHaveLength(4)
  })

  it('what came and became no document is not missing, and is named', async () => {
    for (const n of [1, 2]) await sold(`${n}`, minute(n), n === 1)
    pipe.queue.wake = async () => undefined
    await at.db.query(
      `insert into inbox (id, connection, stream, shape, external_id, origin, content_type, state)
       values (nextval('inbox_id'), $1, 'order', 'order', '2', 'poll', 'application/json', 'parked')`,
      [source.connection.id],
    )
    const found = await check()
    expect(found).toMatchObject({ source: 2, ours: 1, arrived: 0, missing: 0 })
    expect(found.detail.undone).toEqual({ count: 1, first: ['2'] })
  }, 90_000)

  it('gaps in numbers are named; with ids in sequence the source is asked for each', async () => {
    use(openSource(`shop${++shops}`, { byVersion: true, sequential: 'number' }))
    await sold('a', minute(-600), true, '#996')
    for (const n of [1000, 1001, 1003, 1004]) await sold(`id${n}`, minute(n - 900), true, `#${n}`)
    const numbers = await check()
    expect(numbers).toMatchObject({ source: 4, ours: 4, missing: 0, arrived: 0 })
    expect(numbers.detail).toEqual({
      gaps: { count: 4, first: ['#997', '#998', '#999', '#1002'] },
    })
    expect(source.fetched).toEqual([])

    use(openSource(`shop${++shops}`, { byVersion: true, sequential: 'externalId' }))
    for (const n of [7001, 7002, 7005]) await sold(`${n}`, minute(n - 7000))
    source.put('7003', '2026-03-01T00:00:00Z', { hidden: true })
    const ids = await check()
    expect(ids).toMatchObject({ source: 3, ours: 3, missing: 0, arrived: 1 })
    expect(ids.detail).toEqual({ arrived: ['7003'], gaps: { count: 2, first: ['7003', '7004'] }, gone: 1 })
    expect(source.fetched).toEqual([{ ids: ['7003', '7004'], lane: 'backfill' }])
  })

  it('begun again after its worker died, it still tells what was missing', async () => {
    for (const n of [1, 2, 3, 4]) await sold(`${n}`, minute(n), n > 2)
    source.before.page = ({ resume }) => {
      if (resume !== null) throw new Error('killed')
    }
    await plan()
    await completenessLane(pipe, source.connection, source.stream, stopping)
    source.before.page = () => undefined
    await at.db.query(`update completeness set due_at = now() where connection = $1`, [source.connection.id])
    await sweep(pipe)
    expect(woken).toContain(`${COMPLETENESS} ${source.connection.id}/order`)
    await completenessLane(pipe, source.connection, source.stream, stopping)
    const [row] = await listChecks(at.db, { connection: source.connection.id }, Number.MAX_SAFE_INTEGER, 1)
    expect(row).toMatchObject({
      source: 4,
      ours: 2,
      arrived: 2,
      missing: 0,
      error: null,
      detail: { arrived: ['1', '2'] },
    })
  })

  it('fails by and by with its reason, and a day that is asked for twice is checked once', async () => {
    source.stream.count = async () => {
      throw connectorError('CONNECTOR_THROTTLED', { connection: 'shop', host: 'h' })
    }
    const [one] = await plan()
    const [two] = await plan(true)
    expect(two).toBe(one)
    await completenessLane(pipe, source.connection, source.stream, stopping)
    const [row] = await listChecks(at.db, { connection: source.connection.id }, Number.MAX_SAFE_INTEGER, 5)
    expect(row).toMatchObject({
      id: one,
      state: 'running',
      list: true,
      attempts: 1,
      error: 'CONNECTOR_THROTTLED',
    })
  })

  it('does not look where polling has not read yet', async () => {
    const now = Date.now()
    const today = { since: new Date(now - 7_200_000), until: new Date(now + 7_200_000) }
    const read = new Date(now - 600_000)
    await at.db.query(`insert into stream (connection, stream, watermark) values ($1, 'order', $2)`, [
      source.connection.id,
      read,
    ])
    source.put('not read yet', new Date(now - 60_000))
    await sold('read', new Date(now - 1_200_000))
    const at0 = { connection: source.connection.id, stream: 'order', day: '2099-01-01', list: false }
    const [id] = await planChecks(at.db, [{ ...at0, ...today }], { by: 'ann' })
    await completenessLane(pipe, source.connection, source.stream, stopping)
    const [row] = await listChecks(at.db, { ids: [id!] }, Number.MAX_SAFE_INTEGER, 1)
    expect(row).toMatchObject({ state: 'done', source: 1, ours: 1, arrived: 0 })
    expect(row!.until).toEqual(new Date(Math.floor(read.getTime() / 1000) * 1000))
  })

  it('the schedule plans yesterday, then each day that follows, and catches up a week at most', async () => {
    const planned = async (now: string) => {
      await planDays(pipe, source.connection.id, 'order', new Date(now))
      const rows = await listChecks(at.db, { connection: source.connection.id }, Number.MAX_SAFE_INTEGER, 50)
      await at.db.query(`update completeness set state = 'done' where connection = $1`, [
        source.connection.id,
      ])
      return rows.map((r) => r.day).reverse()
    }
    // 02:30 in Shanghai
    expect(await planned('2026-01-10T18:30:00Z')).toEqual(['2026-01-10'])
    expect(await planned('2026-01-10T18:31:00Z')).toEqual(['2026-01-10'])
    // somebody looked at today by hand: it is checked again when it is over
    await plan()
    expect((await planned('2026-01-13T18:30:00Z')).slice(2)).toEqual([
      '2026-01-11',
      '2026-01-12',
      '2026-01-13',
    ])
    expect((await planned('2026-02-20T18:30:00Z')).slice(5)).toEqual(
      ['14', '15', '16', '17', '18', '19', '20'].map((d) => `2026-02-${d}`),
    )
    expect(woken).toContain(`${COMPLETENESS} ${source.connection.id}/order`)
    // a day before the flow began
    use(openSource(`shop${++shops}`))
    expect(await planned('2026-01-01T04:00:00Z')).toEqual([])
  })
})

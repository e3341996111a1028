/** Backfills: windows and ids, page by page with their place; paused, cancelled, failed, taken over, gone on with. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { connectorError } from '../../src/core/errors/connector.ts'
import { ledgerError } from '../../src/core/errors/ledger.ts'
import { backfillById, createBackfill, turnBackfill } from '../../src/ledger/backfill.ts'
import { dueJobs } from '../../src/ledger/held-job.ts'
import { pause, resume } from '../../src/ledger/pause.ts'
import { watermarkOf } from '../../src/ledger/stream.ts'
import { backfillLane } from '../../src/pipeline/backfill.ts'
import { BACKFILL, type Pipe } from '../../src/pipeline/pipe.ts'
import { sweep } from '../../src/pipeline/sweep.ts'
import { LEDGERS, type TestLedger } from '../support/ledgers.ts'
import { openSource, type Source } from '../support/source.ts'

const ANN = { by: 'ann' }
const day = (n: number, hour = 12) => new Date(Date.UTC(2026, 0, n, hour))
const RANGE = { since: day(1, 0), until: day(4, 0) }
let shops = 0

describe.each(LEDGERS)('a backfill on $name', (kind) => {
  let at: TestLedger
  let woken: string[]
  let stopping: { asked: boolean }
  let source: Source
  let pipe: Pipe
  beforeAll(async () => {
    if (!kind.missing) at = await kind.open()
  }, 60_000)
  afterAll(() => at?.close())
  beforeEach(({ skip }) => {
    skip(kind.missing !== null, kind.missing ?? '')
    woken = []
    stopping = { asked: false }
    source = openSource(`shop${++shops}`)
    for (const n of [1, 2, 3]) for (const m of [1, 2, 3]) source.put(`${n}${m}`, day(n, m))
    pipe = {
      db: at.db,
      queue: { wake: async (queue: string, lane: string) => void woken.push(`${queue} ${lane}`) },
      connections: new Map([[source.connection.id, source.connection]]),
      flows: [],
      log: () => undefined,
    } as unknown as Pipe
  })

  const where = () => ({ connection: source.connection.id, stream: 'order' })
  const begin = async (what: Parameters<typeof createBackfill>[2] = RANGE) =>
    (await createBackfill(at.db, where(), what, null, ANN)).id
  const turn = (lease?: number) => backfillLane(pipe, source.connection, stopping, lease)
  const row = async (id: number) => (await backfillById(at.db, id))!
  const inbox = async () => {
    const { rows } = await at.db.query<{ external_id: string; origin: string }>(
      'select external_id, origin from inbox where connection = $1 order by id',
      [source.connection.id],
    )
    return rows
  }

  it('reads a range window by window in a lane of its own, and leaves the watermark alone', async () => {
    await at.db.query(
      `insert into stream (connection, stream, watermark) values ($1, 'order', '2026-06-01T00:00:00Z')`,
      [source.connection.id],
    )
    const id = await begin()
    await turn()
    expect(await row(id)).toMatchObject({ state: 'done', read: 9, added: 9, error: null, attempts: 0 })
    expect((await row(id)).finished_at).toBeInstanceOf(Date)
    expect(source.pages.map((p) => `${p.since.getUTCDate()} ${p.resume} ${p.lane}`)).toEqual(
      [1, 2, 3].flatMap((n) => [`${n} null backfill`, `${n} 2 backfill`]),
    )
    expect((await inbox()).map((r) => `${r.origin} ${r.external_id}`)).toEqual(
      [1, 2, 3].flatMap((n) => [1, 2, 3].map((m) => `poll ${n}${m}`)),
    )
    expect(await watermarkOf(at.db, source.connection.id, 'order')).toEqual(new Date('2026-06-01T00:00:00Z'))
    expect(woken).toContain('normalize 0')
  })

  it('adds nothing that is known byte for byte', async () => {
    await begin()
    await turn()
    source.put('21', day(2, 5))
    const id = await begin()
    await turn()
    expect(await row(id)).toMatchObject({ state: 'done', read: 9, added: 1 })
    expect(await inbox()).toHaveLength(10)
  })

  it('keeps to the longest window that the source takes, and else to the one the connector wants', async () => {
    const ends = () => [...new Set(source.pages.map((p) => p.until.toISOString().slice(5, 13)))]
    source.stream.history = 36 * 3_600_000
    await begin()
    await turn()
    expect(ends()).toEqual(['01-02T12', '01-04T00'])
    source.pages.length = 0
    source.stream.window = 18 * 3_600_000
    await begin()
    await turn()
    expect(ends()).toEqual(['01-01T18', '01-02T12', '01-03T06', '01-04T00'])
  })

  it('begins a window anew, half as long, when its next page cannot be had any more', async () => {
    source.before.page = ({ since, until, resume: page }) => {
      const long = until.getTime() - since.getTime() > 12 * 3_600_000
      if (page !== null && long)
        throw connectorError('CONNECTOR_PAGE_EXPIRED', { connection: 's', host: 'h', reason: '' })
    }
    const id = await begin()
    await turn()
    expect(source.pages.map((p) => `${p.since.toISOString().slice(8, 13)} ${p.resume}`).slice(0, 5)).toEqual([
      '01T00 null',
      '01T00 2',
      '01T00 null',
      '01T00 2',
      '01T12 null',
    ])
    expect(await row(id)).toMatchObject({ state: 'done', added: 9, error: null })
    expect(await inbox()).toHaveLength(9)
  })

  it('does not read empty years day by day, but each day again where there is something', async () => {
    source.put('old', '2024-03-01T00:00:00Z')
    const id = await begin({ since: new Date('2022-01-01T00:00:00Z'), until: day(4, 0) })
    await turn()
    const days = source.pages.map((p) => (p.until.getTime() - p.since.getTime()) / 86_400_000)
    expect(days.slice(0, 9)).toEqual([1, 2, 4, 8, 16, 32, 64, 64, 64])
    expect(days.length).toBeLessThan(50)
    const found = source.pages.findIndex(
      (p) => p.since < new Date('2024-03-01') && p.until > new Date('2024-03-01'),
    )
    expect(days.slice(found, found + 3)).toEqual([64, 1, 2])
    expect(await row(id)).toMatchObject({ state: 'done', read: 10, added: 10 })
  })

  it('reads ids by id, in batches, and names those that the source does not have', async () => {
    const ids = Array.from({ length: 60 }, (_, i) => `gone${i}`)
    const id = await begin({ ids: ['11', ...ids, '33'] })
    await turn()
    const done = await row(id)
    expect(done).toMatchObject({ state: 'done', ids: 62, read: 2, added: 2, absents: 60 })
    expect(done.absent.slice(0, 2)).toEqual(['gone0', 'gone1'])
    expect(source.fetched.map((f) => [f.ids.length, f.lane])).toEqual([
      [50, 'backfill'],
      [12, 'backfill'],
    ])
    expect((await inbox()).map((r) => r.origin)).toEqual(['fetch', 'fetch'])
  })

  it('whose worker died is taken up by the next one at its page, and nothing is read twice', async () => {
    const id = await begin()
    source.before.page = ({ since, resume: page }) => {
      // as by SIGKILL: nobody gives the lease back
      if (since.getUTCDate() === 2 && page === 2) throw new Error('killed')
    }
    await turn()
    await at.db.query(
      `update backfill set holder = 'a process that is no more', lease_until = now() + interval '1 s', due_at = now()
        where id = $1`,
      [id],
    )
    source.before.page = () => undefined
    source.pages.length = 0
    await turn()
    expect(source.pages).toEqual([])
    for (const end = Date.now() + 5_000; woken.every((w) => !w.startsWith(BACKFILL)) && Date.now() < end; ) {
      await sleep(50)
      await sweep(pipe)
    }
    expect(woken).toContain(`${BACKFILL} ${source.connection.id}`)
    await turn()
    expect(source.pages.map((p) => [p.since.getUTCDate(), p.resume])).toEqual([
      [2, 2],
      [3, null],
      [3, 2],
    ])
    expect(await row(id)).toMatchObject({ state: 'done', read: 9, added: 9 })
    expect(await inbox()).toHaveLength(9)
  })

  it('paused in the middle of a page stops, keeps its place and goes on when resumed', async () => {
    const id = await begin()
    source.before.page = async ({ since }) => {
      if (since.getUTCDate() === 2) await turnBackfill(at.db, id, ['running'], 'paused')
    }
    await turn()
    expect(await row(id)).toMatchObject({ state: 'paused', read: 3, error: null, attempts: 0 })
    expect(await dueJobs(at.db, 'backfill')).toEqual([])
    await turn()
    expect(await row(id)).toMatchObject({ state: 'paused', read: 3 })
    source.before.page = () => undefined
    source.pages.length = 0
    expect(await turnBackfill(at.db, id, ['paused'], 'planned')).toMatchObject({ state: 'planned' })
    await turn()
    expect(source.pages[0]!.since).toEqual(day(2, 0))
    expect(await row(id)).toMatchObject({ state: 'done', read: 9 })
  })

  it('paused while a page takes long is told within its lease, not after the page', async () => {
    const id = await begin()
    let aborted: unknown
    source.stream.page = (_, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          aborted = signal.reason
          reject(signal.reason)
        })
        setTimeout(() => void turnBackfill(at.db, id, ['running'], 'paused'), 100)
      })
    const began = performance.now()
    await turn(1_500)
    expect(performance.now() - began).toBeLessThan(2_500)
    expect(aborted).toMatchObject({ code: 'LEASE_LOST' })
    expect(await row(id)).toMatchObject({ state: 'paused', error: null, attempts: 0 })
  })

  it('cancelled never goes on', async () => {
    const id = await begin()
    source.before.page = async ({ since }) => {
      if (since.getUTCDate() === 2) await turnBackfill(at.db, id, ['running'], 'cancelled')
    }
    await turn()
    expect(await row(id)).toMatchObject({ state: 'cancelled', read: 3 })
    expect(await turnBackfill(at.db, id, ['paused', 'failed'], 'planned')).toBeNull()
    await turn()
    expect(await row(id)).toMatchObject({ state: 'cancelled', read: 3 })
  })

  it('fails by and by, is given up at last, and can be resumed where it was', async () => {
    const id = await begin()
    const down = ledgerError('LEDGER_UNREACHABLE', { problem: 'ECONNREFUSED' })
    source.before.page = ({ since }) => {
      if (since.getUTCDate() === 2) throw down
    }
    const waits: number[] = []
    for (let n = 0; n < 12; n++) {
      await turn()
      const { rows } = await at.db.query<{ wait: number }>(
        'select extract(epoch from due_at - now())::float8 as wait from backfill where id = $1',
        [id],
      )
      waits.push(Math.round(rows[0]!.wait))
      await at.db.query('update backfill set due_at = now() where id = $1', [id])
    }
    expect(waits.slice(0, 7)).toEqual([5, 10, 20, 40, 80, 160, 300])
    expect(await row(id)).toMatchObject({
      state: 'failed',
      error: 'LEDGER_UNREACHABLE',
      attempts: 12,
      read: 3,
    })
    source.before.page = () => undefined
    await turnBackfill(at.db, id, ['failed'], 'planned')
    await turn()
    expect(await row(id)).toMatchObject({ state: 'done', error: null, read: 9 })
  })

  it('refused credentials pause the connection, and the backfill waits for it', async () => {
    const id = await begin()
    source.before.page = () => {
      throw connectorError('CONNECTOR_DENIED', { connection: 'shop', host: 'h', status: '401' })
    }
    await turn()
    const { rows } = await at.db.query<{ automatic: boolean }>(
      'select automatic from pause where connection = $1',
      [source.connection.id],
    )
    expect(rows).toEqual([{ automatic: true }])
    source.before.page = () => undefined
    await at.db.query('update backfill set due_at = now() where id = $1', [id])
    await turn()
    expect(await row(id)).toMatchObject({ state: 'running', read: 0 })
    await resume(at.db, { connection: source.connection.id, flow: '', kind: '' })
    await turn()
    expect(await row(id)).toMatchObject({ state: 'done', read: 9 })
  })

  it('a paused connection stops it between two pages', async () => {
    const id = await begin()
    const scope = { connection: source.connection.id, flow: '', kind: '' }
    source.before.page = async ({ since, resume: page }) => {
      if (since.getUTCDate() === 1 && page === 2)
        await pause(at.db, { ...scope, why: '', who: 'ann', automatic: false })
    }
    await turn()
    expect(await row(id)).toMatchObject({ state: 'running', read: 3, lease_until: null })
    source.before.page = () => undefined
    await resume(at.db, scope)
    await turn()
    expect(await row(id)).toMatchObject({ state: 'done', read: 9 })
  })

  it('a process that is to stop hands over after the page in hand', async () => {
    const id = await begin()
    source.before.page = () => {
      stopping.asked = true
    }
    await turn()
    expect(await row(id)).toMatchObject({ state: 'running', read: 2, lease_until: null })
    expect(await dueJobs(at.db, 'backfill')).toContainEqual(where())
  })

  it('a stream that went from the configuration is said, not waited for in silence', async () => {
    const { id } = await createBackfill(at.db, { ...where(), stream: 'refund' }, RANGE, null, ANN)
    await turn()
    expect(await row(id)).toMatchObject({ error: 'CONNECTOR_STREAM_UNREADABLE', attempts: 1 })
  })
})

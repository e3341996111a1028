/** Two processes on one PostgreSQL: one winner per tick, missed ticks caught up once. */
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openPostgres } from '../../src/ledger/postgres.ts'
import { POLL_LEASE } from '../../src/pipeline/poll.ts'
import { type PostgresService, postgresMissing, startPostgres } from '../support/services.ts'
import { type StandingBetween, startProxy } from './altering-proxy.ts'
import { openStage, type Stage, until, untilHeld } from './stage.ts'

const MAIN = join(import.meta.dirname, '../../src/cli/main.ts')

describe.skipIf(postgresMissing())('two processes on one ledger', () => {
  let server: PostgresService
  let stage: Stage
  let counter: StandingBetween
  beforeEach(async () => {
    server = await startPostgres()
    stage = await openStage({ erp: 'naive', polls: true, database: server.url })
    counter = await startProxy({ to: stage.shop.url })
  })
  afterEach(async () => {
    await stage?.close()
    await counter?.close()
    await server?.stop()
  })

  const polls = () => counter.passed.filter((body) => body.includes('sortKey')).length

  async function inLedger<R>(sql: string): Promise<R[]> {
    const db = openPostgres({ url: server.url })
    try {
      return (await db.query<R>(sql)).rows
    } finally {
      await db.close()
    }
  }

  it('poll once per tick, and share the work', async () => {
    const through = { shopSettings: { base: counter.url } }
    const [first, second] = [await stage.start(through), await stage.start(through)]
    await until('ticks', () => polls() > 2)
    const [began, before] = [Date.now(), polls()]
    await stage.shop.sell(30)
    await untilHeld(stage.erp, 30)
    await sleep(Math.max(0, 4_000 - (Date.now() - began)))
    const seconds = (Date.now() - began) / 1000
    const made = polls() - before
    // 30 orders are read by two pages
    expect(made).toBeLessThanOrEqual(Math.ceil(seconds) + 3)
    expect(made).toBeGreaterThanOrEqual(Math.floor(seconds) - 2)
    const [ticks] = await inLedger<{ ticks: number; open: number }>(
      `select count(*) as ticks, count(*) filter (where finished_at is null) as open from schedule_tick
        where tick >= '${new Date(began).toISOString()}'`,
    )
    expect(ticks!.ticks).toBeLessThanOrEqual(Math.ceil(seconds) + 1)
    expect(ticks!.open).toBeLessThanOrEqual(1)
    const keys = (await stage.erp.held()).map((d) => d.orderId)
    expect(new Set(keys).size).toBe(30)
    // either process dies in peace, and the other goes on
    await first.close()
    const then = polls()
    await until('the other one polls', () => polls() > then)
    expect((await second.running.ready()).ready).toBe(true)
  })

  it('goes on within one lease where another process was killed in the middle of a window', async () => {
    await stage.shop.sell(70)
    const yearly = { flow: { every: '0 0 0 29 2 *', mode: 'shadow' } }
    const file = join(stage.folder, 'tributary.yaml')
    writeFileSync(file, stage.config(yearly))
    const child = spawn(process.execPath, [MAIN, 'start', '--config', file], {
      cwd: stage.folder,
      stdio: 'ignore',
      env: { ...process.env, TRIBUTARY_CRASH_AT: 'poll.page-committed:1' },
    })
    expect(await new Promise((done) => child.once('close', (_, signal) => done(signal)))).toBe('SIGKILL')
    const died = Date.now()
    const [half] = await inLedger<{ records: number; held: boolean }>(
      'select records, lease_until > now() as held from stream',
    )
    expect(half).toMatchObject({ held: true })
    expect(half!.records).toBeLessThan(70)
    // no tick will come for years: what is half read is gone on with because its reader does not renew its lease
    const heir = await stage.start(yearly)
    await until(
      'all are known',
      async () => (await heir.running.operations.stats({})).shadowed === 70,
      40_000,
    )
    // the lease of the stream, the lock of the lane, and the work itself on a busy machine
    expect(Date.now() - died).toBeLessThan(POLL_LEASE + 9_000)
    const [end] = await inLedger('select window_until, resume, records from stream')
    expect(end).toEqual({ window_until: null, resume: null, records: 70 })
  })

  it('ticks missed while nobody ran are caught up once', async () => {
    const yearly = { flow: { every: '0 0 0 29 2 *' }, shopSettings: { base: counter.url } }
    const first = await stage.start(yearly)
    await until('the first poll ever', () => polls() === 1)
    await first.close()
    await inLedger(
      `insert into schedule_tick (schedule, tick, lease_until, finished_at)
       select 'shop/order', now() - make_interval(years => y), now(), now() from generate_series(8, 16, 4) y`,
    )
    await stage.shop.sell(2)
    const before = polls()
    const second = await stage.start(yearly)
    await untilHeld(stage.erp, 2)
    await sleep(1_500)
    expect(polls() - before).toBe(1)
    await second.close()
  })
})

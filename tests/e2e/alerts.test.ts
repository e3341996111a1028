/**
 * A shop that is usually busy falls silent: everybody is told once, on every channel, and once that it is over. Its
 * past is made up (weeks of it); everything else is real: the product, its ledger, HTTP and SMTP.
 */
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Database } from '../../src/ledger/database.ts'
import { migrate } from '../../src/ledger/migrate.ts'
import { openPglite } from '../../src/ledger/pglite.ts'
import { openPostgres } from '../../src/ledger/postgres.ts'
import { freePort } from '../support/free-port.ts'
import { fillHours, instantBefore } from '../support/past-arrivals.ts'
import { type Kind, type Robots, startRobots, type Taken } from '../support/robots.ts'
import { type PostgresService, postgresMissing, startPostgres } from '../support/services.ts'
import { type SmtpServer, startSmtp } from '../support/smtp.ts'
import { openStage, type Stage, until } from './stage.ts'

const MAIN = join(import.meta.dirname, '../../src/cli/main.ts')
const KINDS: Kind[] = ['webhook', 'dingtalk', 'wecom', 'feishu']
const SILENCE = 'silence:shop/order'

let robots: Robots
let stage: Stage
beforeEach(async () => {
  robots = await startRobots()
})
afterEach(async () => {
  await stage?.close()
  await robots?.close()
})

/** Five weeks of a busy shop, and three hours in which nothing came. */
async function quietShop(db: Database): Promise<void> {
  const [now, order] = [new Date(), { connection: 'shop', stream: 'order' }]
  await fillHours(db, order, { until: instantBefore(now, 2), weeks: 5, busy: 25 })
  await fillHours(db, order, { until: instantBefore(now, -1), hours: 3, busy: 0 })
}

/** What was told of the silence, alone or folded with other messages. */
const toldIn = (messages: { title: string; text: string }[], what: 'opened' | 'closed') =>
  messages.filter(({ title, text }) => {
    const lines = title.includes(SILENCE) ? [title] : text.split('\n').filter((l) => l.includes('shop/order'))
    return lines.some((l) => /\[(over|已恢复)\]|alert\.closed/.test(l) === (what === 'closed'))
  })
const told = (kind: Kind, what: 'opened' | 'closed') => toldIn(robots.of(kind), what) as Taken[]

const everybody = (what: 'opened' | 'closed') => KINDS.map((kind) => told(kind, what).length)

describe('on the embedded ledger', () => {
  let smtp: SmtpServer
  beforeEach(async () => {
    smtp = await startSmtp()
  })
  afterEach(() => smtp?.close())

  it('a shop falls silent: all channels are told once, a dead one stops none, and recovery is told once', async () => {
    const mail = {
      kind: 'mail',
      host: '127.0.0.1',
      port: smtp.port,
      tls: 'none',
      from: 'a@example.com',
      to: ['b@example.com'],
    }
    const dead = { kind: 'wecom', url: `http://127.0.0.1:${await freePort()}/?key=k` }
    const alerts = { every: '1s', language: 'zh', channels: { ...robots.channels(), mail, dead } }
    stage = await openStage({ erp: 'naive', webhooks: true, alerts })
    const db = await openPglite(join(stage.folder, 'data'))
    await migrate(db, true)
    await quietShop(db)
    await db.close()
    const product = await stage.start()
    const { operations } = product.running
    await until('all are told', () => everybody('opened').every((n) => n > 0) && smtp.mails.length > 0)
    const [alert] = (await operations.alertList({})).items
    expect(alert).toMatchObject({ cause: SILENCE, level: 'red', state: 'open', connection: 'shop' })
    expect((await operations.stats({})).alerts.red).toBe(1)

    // the others learn of the dead one, which is not told of itself
    await until(
      'the dead one is noticed',
      () => robots.of('wecom').some((t) => t.title.includes('channel:dead')),
      60_000,
    )

    await stage.shop.sell(1)
    await until(
      'recovery is told',
      () => everybody('closed').every((n) => n > 0) && smtp.mails.length > 2,
      30_000,
    )
    await sleep(6_000)
    expect(everybody('opened')).toEqual([1, 1, 1, 1])
    expect(everybody('closed')).toEqual([1, 1, 1, 1])
    const mails = smtp.mails.map((m) => ({ title: m.headers.subject!, text: m.text }))
    expect([toldIn(mails, 'opened').length, toldIn(mails, 'closed').length]).toEqual([1, 1])
    // nothing was delivered there: it is no better for having nothing to deliver
    expect((await operations.alertList({})).items).toMatchObject([{ cause: 'channel:dead', state: 'open' }])
    const { deliveries } = await operations.alertShow({ ref: SILENCE })
    expect(deliveries.filter((d) => d.channel === 'dead').map((d) => `${d.event} ${d.state}`)).toEqual([
      'opened dropped',
      'closed due',
    ])
    const log = product.log()
    for (const secret of ['token-7d1f', 'SECa91b', 'whsec_']) expect(log).not.toContain(secret)
  }, 180_000)

  it('a muted cause is told once the mute ends', async () => {
    const { webhook } = robots.channels()
    stage = await openStage({ erp: 'naive', webhooks: true, alerts: { every: '1s', channels: { webhook } } })
    const db = await openPglite(join(stage.folder, 'data'))
    await migrate(db, true)
    await quietShop(db)
    await db.close()
    const { running } = await stage.start()
    const { operations } = running
    await operations.alertMute({ cause: 'silence:shop*', for: '1h', by: 'ann' })
    await until('it is open', async () => (await operations.alertList({})).items.length === 1)
    await sleep(4_000)
    expect(robots.taken).toEqual([])
    await operations.alertUnmute({ cause: 'silence:shop*', by: 'ann' })
    await until('it is told', () => told('webhook', 'opened').length === 1)
    expect(await operations.alertTest({ channel: 'webhook', by: 'ann' })).toMatchObject({ ok: true })
  }, 90_000)
})

describe.skipIf(postgresMissing())('on one PostgreSQL', () => {
  let server: PostgresService
  beforeEach(async () => {
    server = await startPostgres()
  })
  afterEach(() => server?.stop())

  async function inLedger<T>(work: (db: Database) => Promise<T>): Promise<T> {
    const db = openPostgres({ url: server.url })
    try {
      return await work(db)
    } finally {
      await db.close()
    }
  }

  const open = async () => {
    stage = await openStage({
      erp: 'naive',
      database: server.url,
      polls: true,
      alerts: { every: '1s', channels: robots.channels() },
    })
    await inLedger(async (db) => {
      await migrate(db, true)
      await quietShop(db)
    })
  }

  it('two processes tell each thing once, and the second goes on where the first ends', async () => {
    await open()
    const [first] = [await stage.start(), await stage.start()]
    await until('all are told', () => everybody('opened').every((n) => n > 0))
    await sleep(5_000)
    expect(everybody('opened')).toEqual([1, 1, 1, 1])
    const [holder] = await inLedger(
      async (db) => (await db.query<{ holder: string }>('select holder from duty')).rows,
    )
    await first.close()
    await stage.shop.sell(1)
    await until('recovery is told', () => everybody('closed').every((n) => n > 0), 60_000)
    await sleep(5_000)
    expect(everybody('closed')).toEqual([1, 1, 1, 1])
    expect(everybody('opened')).toEqual([1, 1, 1, 1])
    const [heir] = await inLedger(
      async (db) => (await db.query<{ holder: string }>('select holder from duty')).rows,
    )
    expect(holder!.holder).toBeTruthy()
    expect(heir!.holder).toBeTruthy()
  }, 180_000)

  it('who is killed between sending and noting it down has it sent again, with the same id', async () => {
    await open()
    const file = join(stage.folder, 'tributary.yaml')
    writeFileSync(file, stage.config())
    const child = spawn(process.execPath, [MAIN, 'start', '--config', file], {
      cwd: stage.folder,
      stdio: 'ignore',
      env: process.env,
    })
    // the message is there, and its sender dies before it hears so
    robots.onTaken = (taken) => {
      if (taken.kind === 'webhook') child.kill('SIGKILL')
    }
    expect(await new Promise((done) => child.once('close', (_, signal) => done(signal)))).toBe('SIGKILL')
    robots.onTaken = () => undefined
    expect(told('webhook', 'opened')).toHaveLength(1)
    const states = await inLedger(async (db) => {
      // its leases end
      await db.query(`update alert_delivery set lease_until = now() where state = 'sending'`)
      await db.query('update duty set lease_until = now()')
      return (await db.query<{ channel: string; state: string }>('select channel, state from alert_delivery'))
        .rows
    })
    expect(states.find((s) => s.channel === 'webhook')).toMatchObject({ state: 'sending' })
    await stage.start()
    await until('it is sent again', () => told('webhook', 'opened').length === 2)
    await until('the others are told', () => everybody('opened').every((n) => n > 0))
    await sleep(4_000)
    const [once, again, ...more] = told('webhook', 'opened')
    expect(again!.id).toBe(once!.id)
    expect(more).toEqual([])
  }, 180_000)
})

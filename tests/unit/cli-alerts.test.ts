/** `tributary alerts` as a shell runs it, over the socket of a process that holds the ledger. */
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Cause } from '../../src/core/alerts.ts'
import { createMetrics } from '../../src/http/metrics.ts'
import { turnAlerts } from '../../src/ledger/alert.ts'
import {
  addDeliveries,
  claimDeliveries,
  deliveriesRefused,
  deliveriesSent,
} from '../../src/ledger/alert-delivery.ts'
import { type Control, serveControl } from '../../src/runtime/control.ts'
import { controlPath } from '../../src/runtime/control-protocol.ts'
import { type Office, openOffice } from '../support/office.ts'
import { KEYS, type Robots, startRobots } from '../support/robots.ts'

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'tributary-alerts-'))
let office: Office
let control: Control
let robots: Robots

beforeAll(async () => {
  writeFileSync(
    join(folder, 'tributary.yaml'),
    `company: { zone: Asia/Shanghai, currency: CNY }
connections: { nc: { use: naive-erp, settings: { base: "http://127.0.0.1:1", token: t } } }
flows: { f: { shops: [nc], erp: nc, from: 2026-01-01T00:00:00Z, mode: shadow } }
`,
  )
  mkdirSync(join(folder, 'data'))
  robots = await startRobots()
  const ding = (token: string) => `${robots.url}/dingtalk/robot/send?access_token=${token}`
  office = await openOffice(
    {},
    {
      ding: { kind: 'dingtalk', url: ding(KEYS.token), secret: KEYS.secret },
      wrong: { kind: 'dingtalk', url: ding(KEYS.token), secret: 'SECother' },
    },
  )
  control = await serveControl(office.operations, controlPath(join(folder, 'data')))
}, 60_000)
afterAll(async () => {
  await control?.close()
  await office?.close()
  await robots?.close()
  rmSync(folder, { recursive: true, force: true })
})
beforeEach(() => office.desk.db.query('truncate alert, alert_delivery, alert_mute'))

function run(line: string, env: Record<string, string> = {}) {
  return new Promise<{ code: number | null; out: string; err: string }>((resolve, reject) => {
    const child = spawn(process.execPath, [MAIN, ...line.split(' ')], {
      cwd: folder,
      env: { PATH: process.env.PATH, ...env },
    })
    const ran = { out: '', err: '' }
    child.stdout.on('data', (chunk) => {
      ran.out += chunk
    })
    child.stderr.on('data', (chunk) => {
      ran.err += chunk
    })
    child.on('error', reject)
    child.on('close', (code) => resolve({ ...ran, code }))
  })
}
const CHINESE = { TRIBUTARY_LANG: 'zh-CN' }

const parked: Cause = {
  cause: 'parked:nc:PUSH_REJECTED',
  kind: 'parked',
  connection: 'nc',
  level: 'yellow',
  say: { en: 'parked for nc: 3', zh: 'nc 有 3 项被搁置' },
  fix: { en: 'look at them', zh: '请查看' },
  detail: { count: 3, examples: ['web/1', 'web/2'], since: null },
  opens: 0,
  closes: 0,
}
const silence: Cause = {
  ...parked,
  cause: 'silence:web/order',
  kind: 'silence',
  connection: 'web',
  level: 'red',
}

describe('alerts', { timeout: 120_000 }, () => {
  test('list says what is wrong and what to do, and is silent when nothing is', async () => {
    expect(await run('alerts list')).toMatchObject({ code: 0, out: 'nothing is wrong\n' })
    await turnAlerts(office.desk.db, [parked, silence])
    const shown = await run('alerts list')
    expect(shown.code).toBe(4)
    expect(shown.out).toMatch(
      /^\d+ {2}(red|yellow) .*\n {4}parked for nc: 3\n {4}→ look at them\n\d+ {2}(red|yellow) .*\n/,
    )
    const chinese = await run('alerts list --kind silence', CHINESE)
    expect(chinese.out).toMatch(
      /^\d+ {2}严重 {2}silence:web\/order .*\n {4}nc 有 3 项被搁置\n {4}→ 请查看\n$/,
    )
    const json = JSON.parse((await run('alerts list --connection nc --json')).out)
    expect(json.items).toMatchObject([
      { cause: parked.cause, state: 'open', closedAt: null, mutedUntil: null },
    ])
    await turnAlerts(office.desk.db, [])
    expect((await run('alerts list')).code).toBe(0)
    expect((await run('alerts list --all')).out).toContain('over  silence:web/order')
    expect(await run('alerts list --kind silent')).toMatchObject({ code: 2 })
  })

  test('show tells the figures and who was told', async () => {
    const { db } = office.desk
    await turnAlerts(db, [parked])
    const { id } = (await office.operations.alertList({})).items[0]!
    expect((await run(`alerts show ${id}`)).out).toContain('nobody was told')
    const key = { alertId: Number(id), event: 'opened' as const, round: 0 }
    await addDeliveries(db, [
      { ...key, channel: 'ding' },
      { ...key, channel: 'mail' },
    ])
    await deliveriesSent(db, await claimDeliveries(db, 'ding', 1, 60))
    await deliveriesRefused(db, await claimDeliveries(db, 'mail', 1, 60), 'ALERT_MAIL_LOGIN', 60, 3600)
    const { out } = await run('alerts show parked:nc:PUSH_REJECTED')
    expect(out).toContain('    count: 3\n    examples: web/1, web/2\n')
    expect(out).toMatch(/ding +opened +sent +1 +\d{4}-\S+ \S+ +—/)
    expect(out).toMatch(/mail +opened +due +1 +— +\d{4}-\S+ \S+ +ALERT_MAIL_LOGIN/)
    expect(await run('alerts show 999')).toMatchObject({ code: 1 })
  })

  test('mute, the list of mutes, unmute', async () => {
    await turnAlerts(office.desk.db, [silence])
    expect((await run('alerts mute')).out).toBe('nothing is muted\n')
    const muted = await run('alerts mute silence:* --for 2d --why holiday')
    expect(muted).toMatchObject({ code: 0, out: expect.stringMatching(/^silence:\* is muted until \d{4}-/) })
    const [mute] = await office.operations.alertMutes({})
    expect(Date.parse(mute!.until) - Date.now()).toBeGreaterThan(1.99 * 86_400_000)
    expect((await run('alerts mute')).out).toMatch(/silence:\* +\d{4}-.*holiday/)
    expect((await run('alerts list')).out).toContain('muted until')
    expect((await run('alerts unmute silence:*')).out).toBe('silence:* is told of again\n')
    expect(await run('alerts unmute silence:*')).toMatchObject({ code: 1 })
    expect(await run('alerts mute clock --for soon')).toMatchObject({
      code: 2,
      err: expect.stringContaining('4h'),
    })
    expect(await run('alerts mute What?')).toMatchObject({ code: 2 })
  })

  test('test sends a marked message and tells the answer in words', async () => {
    const good = await run('alerts test ding')
    expect(good).toMatchObject({ code: 0, out: 'ding took the message: look for it there\n' })
    expect(robots.taken.at(-1)).toMatchObject({ kind: 'dingtalk', title: 'Tributary [test] test:ding' })
    const bad = await run('alerts test wrong', CHINESE)
    expect(bad.code).toBe(1)
    expect(bad.out).toMatch(/不接受签名（310000 sign not match）\n {4}→ 请检查该渠道的 secret/)
    const json = JSON.parse((await run('alerts test wrong --json')).out)
    expect(json).toMatchObject({ ok: false, code: 'ALERT_SIGNATURE', kind: 'dingtalk' })
    const unknown = await run('alerts test dings')
    expect(unknown).toMatchObject({ code: 1, err: expect.stringContaining('dings (ding?)') })
  })
})

test('doctor and metrics know of them', async () => {
  const check = async () => (await office.operations.doctor({})).find((c) => c.id === 'alerts')!
  expect(await check()).toMatchObject({
    level: 'ok',
    say: { en: expect.stringContaining('told: ding, wrong') },
  })
  const { db } = office.desk
  await turnAlerts(db, [parked, silence])
  expect(await check()).toMatchObject({ level: 'warn', say: { en: expect.stringContaining('open: 2') } })
  const { registry } = createMetrics(office.operations)
  const text = await registry.metrics()
  expect(text).toContain('tributary_alerts{level="red"} 1')
  expect(text).toContain('tributary_alerts{level="yellow"} 1')
  const { items } = await office.operations.alertList({})
  await addDeliveries(db, [{ alertId: Number(items[0]!.id), channel: 'wrong', event: 'opened', round: 0 }])
  for (let attempt = 0; attempt < 3; attempt++) {
    await db.query('update alert_delivery set due_at = now()')
    await deliveriesRefused(db, await claimDeliveries(db, 'wrong', 1, 60), 'ALERT_SIGNATURE', 5, 3600)
  }
  expect(await check()).toMatchObject({
    level: 'fail',
    say: { en: expect.stringContaining('wrong (ALERT_SIGNATURE)') },
  })
})

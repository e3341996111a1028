import fs from 'node:fs'
import path from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { turnAlerts } from '../../src/ledger/alert.ts'
import { addDeliveries, claimDeliveries } from '../../src/ledger/alert-delivery.ts'
import { mute } from '../../src/ledger/alert-mute.ts'
import { createToken } from '../../src/ledger/api-token.ts'
import { noteArrivals, noteWatched } from '../../src/ledger/arrival.ts'
import { createBackfill } from '../../src/ledger/backfill.ts'
import { backupLedger } from '../../src/ledger/backup.ts'
import { importCodes } from '../../src/ledger/code.ts'
import { planChecks } from '../../src/ledger/completeness.ts'
import { activate } from '../../src/ledger/configuration.ts'
import type { Database } from '../../src/ledger/database.ts'
import { holdDuty } from '../../src/ledger/duty.ts'
import { appendRecords } from '../../src/ledger/inbox.ts'
import { listMigrations } from '../../src/ledger/migrate.ts'
import { pause } from '../../src/ledger/pause.ts'
import { addProcess } from '../../src/ledger/process.ts'
import { restoreBackup } from '../../src/ledger/restore.ts'
import { closeWindow, leaseStream } from '../../src/ledger/stream.ts'
import { ledgerTables } from '../../src/ledger/tables.ts'
import {
  drive,
  inboxRow,
  LEDGERS,
  putOrders,
  putPushes,
  RAW,
  type TestLedger,
  testOrder,
} from '../support/ledgers.ts'

const NEWEST = listMigrations().at(-1)!.number

const opened: TestLedger[] = []
afterEach(async () => {
  for (const ledger of opened.splice(0)) await ledger.close()
})

async function fresh(name: 'pglite' | 'postgres'): Promise<TestLedger> {
  const ledger = await LEDGERS.find((k) => k.name === name)!.open()
  opened.push(ledger)
  return ledger
}

/** Something in every table that a running Tributary fills. */
async function fill(db: Database): Promise<void> {
  const orders = Array.from({ length: 60 }, (_, i) =>
    testOrder(`${1000 + i}`, { remarks: { buyer: 'Größe 😀 \\ " \n ends' } }),
  )
  const documents = await putOrders(db, orders, { phoneTail: '5551234', terms: ['a "b"', '{c}', 'NULL', ''] })
  const pushes = await putPushes(db, orders, documents)
  await drive(db, pushes[0]!, 'confirmed', { remoteId: 'R1', remoteNumber: 'SO1' })
  await drive(db, pushes[1]!, 'rejected', {
    code: 'NC_-31002',
    message: 'no',
    parked: {
      what: 'push',
      ref: pushes[1]!,
      connection: 'web',
      orderId: '1001',
      orderNumber: '#1001',
      code: 'PUSH_REJECTED',
      detail: { reason: 'no' },
    },
  })
  await drive(db, pushes[2]!, 'sending', {}, 60)
  await appendRecords(db, [inboxRow(testOrder('raw'), RAW), inboxRow(testOrder('empty'), Buffer.alloc(0))])
  const hold = { connection: 'web', stream: 'orders', holder: 'h' }
  await leaseStream(db, hold, 60)
  await closeWindow(db, hold, new Date('2026-03-01T08:00:00.123Z'), 3)
  await db.query(
    `insert into remote_token (connection, sealed, renewed_at) values ('web', '\\x0102ff', now())`,
  )
  await pause(db, { connection: 'nc', flow: '', kind: '', why: 'stock-taking', who: 'ann', automatic: false })
  const code = { connection: 'nc', table: 'material', key: '007 "茶"', value: 'M-7' }
  await importCodes(db, [{ ...code, factor: '0.50' }], 'ann')
  const day = { since: new Date('2026-02-28T16:00:00Z'), until: new Date('2026-03-01T16:00:00Z') }
  const history = { connection: 'web', stream: 'orders' }
  await createBackfill(db, history, { ids: ['1', 'a "b", {c}'] }, null, { by: 'ann', why: 'a gap' })
  await createBackfill(db, history, day, { count: 7, exact: true }, { by: 'ann' })
  await planChecks(db, [{ ...history, ...day, day: '2026-03-01', list: true }], { by: 'ann' })
  await createToken(db, { name: 'board', scopes: ['read'], days: 3, by: 'ann' })
  await fillAlerts(db)
  const uses = { tributary: '0.1.0', connectors: {}, mappings: { 'a/b.in': { own: true, version: 'v' } } }
  const configuration = { hash: 'h', files: { 'tributary.yaml': '# 配置 "x"\n' } }
  const replan = [{ connection: 'web', since: '2026-03-01T00:00:00Z', until: null }]
  await activate(db, { configuration, kind: 'apply', uses, replan, who: 'ann', why: null })
  await addProcess(db, {
    ...{ id: 'p', role: 'work', host: 'h', pid: 1, version: '0.1.0', activation: 1, fileHash: null },
  })
  await db.query(`insert into entity values ('main', 'Example', 'CNY', 'Asia/Shanghai')`)
  await db.query(
    `insert into organisation (code, entity, kind, name, parent) values ('a', 'main', 'sales-team', 'Child', 'z'), ('z', 'main', 'region', 'Root', null)`,
  )
}

/** An open alert with messages about it, a mute, and when records came. */
async function fillAlerts(db: Database): Promise<void> {
  const texts = {
    say: { en: 'nothing has come from "web"', zh: '没有任何记录' },
    fix: { en: 'look', zh: '请查看' },
  }
  const detail = { examples: ['web/1', 'web/2'], minutes: 90 }
  const base = { kind: 'silence' as const, connection: 'web', level: 'red' as const, opens: 0, closes: 0 }
  await turnAlerts(db, [{ cause: 'silence:web/order', ...base, ...texts, detail }])
  const event = { event: 'opened' as const, round: 0 }
  const { rows } = await db.query<{ id: number }>('select id from alert')
  await addDeliveries(db, [
    { alertId: rows[0]!.id, channel: 'ops', ...event },
    { alertId: rows[0]!.id, channel: 'mail', ...event },
  ])
  await claimDeliveries(db, 'ops', 1, 60)
  await mute(db, { cause: 'parked:*', who: 'ann', why: 'stock-taking' }, 3600)
  await holdDuty(db, 'alerts', 'h', 60)
  await noteArrivals(db)
  const web = [{ connection: 'web', stream: 'order' }]
  await noteWatched(db, web, new Date('2026-03-01T08:00:00Z'), '10'.repeat(30))
}

/** What every table holds, byte by byte. */
async function contents(db: Database): Promise<Record<string, string[]>> {
  const out: Record<string, string[]> = {}
  for (const t of await ledgerTables(db)) {
    const { rows } = await db.query<{ row: string }>(
      `select (t.*)::text as row from "${t.name}" t order by ${t.key.map((k) => `"${k}"`).join(', ')}`,
    )
    out[t.name] = rows.map((r) => r.row)
  }
  return out
}

const missing = LEDGERS.find((k) => k.missing)?.missing
const WAYS = [
  ['pglite', 'postgres'],
  ['postgres', 'pglite'],
  ['pglite', 'pglite'],
  ['postgres', 'postgres'],
] as const

describe.skipIf(missing)('backup and restore', () => {
  it.each(WAYS)('%s → %s: every row, byte by byte', { timeout: 120_000 }, async (from, to) => {
    const source = await fresh(from)
    await fill(source.db)
    const file = path.join(source.folder, 'copy.gz')
    const made = await backupLedger(source.db, file)
    expect(made).toMatchObject({ path: file, migration: NEWEST, bytes: fs.statSync(file).size })
    expect(fs.statSync(file).mode & 0o777).toBe(0o600)
    expect(fs.readdirSync(source.folder).filter((f) => /tmp|\.tributary/.test(f))).toEqual([])
    const target = await fresh(to)
    const restored = await restoreBackup(target.db, file)
    const before = await contents(source.db)
    const after = await contents(target.db)
    expect(restored.rows).toEqual(
      Object.fromEntries(Object.entries(before).map(([t, rows]) => [t, rows.length])),
    )
    const changing = ['installation', 'process', 'push', 'stream']
    for (const table of Object.keys(before))
      if (!changing.includes(table)) expect(after[table]).toEqual(before[table])
    const bodies = 'select id, body from inbox_block order by id'
    expect((await target.db.query(bodies)).rows).toEqual((await source.db.query(bodies)).rows)
    await isRestored(source.db, target.db)
    await goesOn(target.db)
  })
})

/** Same installation, asking first, and nothing of the lost ledger still at work. */
async function isRestored(source: Database, target: Database): Promise<void> {
  const installation =
    "select id, activation_id, find_first_until > now() + interval '29 days' as asks from installation"
  const [was] = (await source.query<{ id: string; activation_id: number }>(installation)).rows
  expect(was!.activation_id).toBeGreaterThan(0)
  expect((await target.query(installation)).rows).toEqual([{ ...was!, asks: true }])
  expect((await target.query('select 1 from process')).rows).toEqual([])
  const states = 'select state, count(*) as n from push group by state order by state'
  expect((await source.query(states)).rows).toContainEqual({ state: 'sending', n: 1 })
  expect((await target.query(states)).rows).toEqual([
    { state: 'confirmed', n: 1 },
    { state: 'planned', n: 57 },
    { state: 'rejected', n: 1 },
    { state: 'unknown', n: 1 },
  ])
  const frozen = 'select id, body, content_type, mapping, "check", content from push order by id'
  expect((await target.query(frozen)).rows).toEqual((await source.query(frozen)).rows)
}

/** New rows get new ids, known records stay known, keys stay unique. */
async function goesOn(db: Database): Promise<void> {
  const known = testOrder('1000', { remarks: { buyer: 'Größe 😀 \\ " \n ends' } })
  expect(await appendRecords(db, [inboxRow(known)])).toEqual([null])
  const more = testOrder('2000')
  const [document] = await putOrders(db, [more])
  const [push] = await putPushes(db, [more], [document!])
  const { rows } = await db.query<{ n: number }>('select count(*) as n from push')
  expect(rows[0]!.n).toBe(61)
  await drive(db, push!, 'confirmed', { remoteId: 'R2' })
  await expect(putPushes(db, [known], [document!])).rejects.toMatchObject({ code: '23505' })
}

describe.each(LEDGERS)('a backup on $name', ({ name, missing: why }) => {
  let ledger: TestLedger
  let file: string
  beforeAll(async () => {
    if (why) return
    ledger = await LEDGERS.find((k) => k.name === name)!.open()
    await putOrders(ledger.db, [testOrder('1'), testOrder('2')])
    file = path.join(ledger.folder, 'one.gz')
    await backupLedger(ledger.db, file)
  }, 60_000)
  afterAll(() => ledger?.close())

  it.skipIf(why)('never overwrites', async () => {
    const before = fs.readFileSync(file)
    await expect(backupLedger(ledger.db, file)).rejects.toMatchObject({ code: 'LEDGER_BACKUP_EXISTS' })
    expect(fs.readFileSync(file).equals(before)).toBe(true)
  })

  it.skipIf(why)('is refused by a ledger that holds something', async () => {
    await expect(restoreBackup(ledger.db, file)).rejects.toMatchObject({ code: 'LEDGER_NOT_EMPTY' })
  })

  it.skipIf(why)('that is damaged leaves an empty ledger empty', { timeout: 60_000 }, async () => {
    const { db, folder } = await fresh(name)
    const bytes = fs.readFileSync(file)
    const text = gunzipSync(bytes).toString()
    const damaged: Record<string, Buffer> = {
      cut: bytes.subarray(0, bytes.length - 40),
      'no gzip': Buffer.from('hello'),
      'last lines missing': gzipSync(text.split('\n').slice(0, -4).join('\n')),
      'one row missing': gzipSync(text.replace(/\n\["1","web","order"[^\n]*/, '')),
      'wrong value': gzipSync(text.replace(/\n\["1","web","order"/, '\n["x","web","order"')),
      'another migration': gzipSync(text.replace(/"migration":\d+/, '"migration":9999')),
      'no backup': gzipSync('{"a":1}\n'),
    }
    for (const [what, content] of Object.entries(damaged)) {
      const bad = path.join(folder, 'bad.gz')
      fs.writeFileSync(bad, content)
      await expect(restoreBackup(db, bad), what).rejects.toMatchObject({ code: 'LEDGER_BACKUP_UNREADABLE' })
      expect((await db.query('select 1 from document')).rows, what).toEqual([])
      expect((await db.query('select 1 from installation')).rows, what).toHaveLength(1)
    }
    expect((await restoreBackup(db, file)).rows.document).toBe(2)
  })

  it.skipIf(why)('is of one instant while others write', { timeout: 60_000 }, async () => {
    const { db, folder } = await fresh(name)
    let written = 0
    let stop = false
    let longest = 0
    const writer = (async () => {
      while (!stop) {
        const order = testOrder(`w${written}`)
        const started = performance.now()
        const documents = await putOrders(db, [order])
        await putPushes(db, [order], documents)
        longest = Math.max(longest, performance.now() - started)
        written++
      }
    })()
    const to = path.join(folder, 'busy.gz')
    try {
      while (written < 20) await new Promise((resolve) => setTimeout(resolve, 20))
      await backupLedger(db, to)
    } finally {
      stop = true
      await writer
    }
    const target = await fresh(name)
    const { rows } = await restoreBackup(target.db, to)
    expect(rows.push).toBeGreaterThanOrEqual(20)
    expect(rows.push).toBeLessThanOrEqual(written)
    // receive, normalize and plan are commits of their own: only the order in hand may be half way
    expect([0, 1]).toContain(rows.document! - rows.push!)
    expect([0, 1]).toContain(rows.inbox! - rows.document!)
    expect(rows.push_work_order).toBe(rows.push)
    expect(rows.document_version).toBe(rows.document)
    expect(longest).toBeLessThan(5_000)
  })
})

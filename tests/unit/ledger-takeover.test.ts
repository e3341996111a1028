import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createBackfill } from '../../src/ledger/backfill.ts'
import { planChecks } from '../../src/ledger/completeness.ts'
import type { Database } from '../../src/ledger/database.ts'
import { leaseJob } from '../../src/ledger/held-job.ts'
import { appendRecords, claimRecords } from '../../src/ledger/inbox.ts'
import { migrate } from '../../src/ledger/migrate.ts'
import { openPglite } from '../../src/ledger/pglite.ts'
import { takeOver } from '../../src/ledger/takeover.ts'

const folder = mkdtempSync(join(tmpdir(), 'tributary-takeover-'))
let db: Database

beforeAll(async () => {
  db = await openPglite(join(folder, 'data'))
  await migrate(db, true)
}, 60_000)

afterAll(async () => {
  await db?.close()
  rmSync(folder, { recursive: true, force: true })
})

const record = (id: string) => ({
  connection: 'shop',
  stream: 'order',
  shape: 'order',
  externalId: id,
  origin: 'poll' as const,
  contentType: 'application/json',
  body: Buffer.from(`{"id":${id}}`),
  hint: false,
  key: `record:${id}`,
  hash: id,
})

const claimed = async () => (await claimRecords(db, 200)).map((r) => [r.external_id, r.attempts])

it('what was in hand goes on at once, one by one, the least suspect first', async () => {
  await appendRecords(db, ['1', '2', '3'].map(record))
  expect(await claimed()).toEqual([
    ['1', 1],
    ['2', 1],
    ['3', 1],
  ])
  expect(await claimed()).toEqual([])
  // dies three times over, each time with one record in hand: never the same one while others are left
  const inHand: unknown[] = []
  for (let death = 0; death < 3; death++) {
    await takeOver(db)
    inHand.push(...(await claimed()))
  }
  expect(inHand).toEqual([
    ['1', 2],
    ['2', 2],
    ['3', 2],
  ])
})

it('a stream that was being read and a job that was under way hold nothing up', async () => {
  await db.query(
    `insert into stream (connection, stream, lease_until) values ('shop', 'order', now() + interval '90 s')`,
  )
  await takeOver(db)
  const { rows } = await db.query('select lease_until from stream')
  expect(rows).toEqual([{ lease_until: null }])
  const jobs = await db.query<{ n: number }>('select count(*) as n from bullmq.job')
  expect(jobs.rows[0]!.n).toBe(0)
})

it('a backfill and a check of completeness that a dead process held are free at once', async () => {
  const at = { connection: 'shop', stream: 'order' }
  const range = { since: new Date('2026-01-01T00:00:00Z'), until: new Date('2026-01-02T00:00:00Z') }
  await createBackfill(db, at, range, null, { by: 'ann' })
  await planChecks(db, [{ ...at, ...range, day: '2026-01-01', list: false }], { by: 'ann' })
  for (const table of ['backfill', 'completeness'] as const) {
    expect(await leaseJob(db, table, at, 'the dead', 60)).not.toBeNull()
    expect(await leaseJob(db, table, at, 'its heir', 60)).toBeNull()
    await takeOver(db)
    expect(await leaseJob(db, table, at, 'its heir', 60)).toMatchObject({ state: 'running' })
  }
})

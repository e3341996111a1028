/** The embedded ledger stays as quick and as small as it began, though nothing tidies up inside. */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Database } from '../../src/ledger/database.ts'
import { migrate } from '../../src/ledger/migrate.ts'
import { openPglite } from '../../src/ledger/pglite.ts'

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tributary-embedded-'))
let db: Database
beforeAll(async () => {
  db = await openPglite(path.join(folder, 'data'))
  await migrate(db, true)
}, 60_000)
afterAll(async () => {
  await db.close()
  fs.rmSync(folder, { recursive: true })
})

it('keeps nothing of the answers it has given', async () => {
  const megabyte = () => db.query(`select repeat('x', 1000000) as x`)
  await megabyte()
  const before = process.memoryUsage().rss
  for (let i = 0; i < 400; i++) await megabyte()
  expect((process.memoryUsage().rss - before) / 1e6).toBeLessThan(200)
}, 60_000)

it('a statement that was prepared while its table was empty does not read all of it when it has grown', async () => {
  await db.query('create table tributary.grown (id int primary key, text text)')
  const change = `update grown g set text = t.text from jsonb_to_recordset($1::jsonb) as t(id int, text text) where g.id = t.id`
  for (let i = 0; i < 12; i++) await db.query(change, ['[]'])
  await db.query(`insert into grown select n, repeat('x', 200) from generate_series(1, 20000) n`)
  expect(await plan(change)).toContain('Index Scan using grown_pkey')
  await db.tidy()
  expect(await plan(change)).toContain('Index Scan using grown_pkey')
  expect(await counted('grown')).toBe(20000)
})

it('does not count again what has hardly grown', async () => {
  await db.query('create table tributary.steady (id int primary key, text text)')
  const insert = (from: number, to: number) =>
    db.query(`insert into steady select n, repeat('x', 200) from generate_series(${from}, ${to}) n`)
  await insert(1, 10000)
  await db.tidy()
  await insert(10001, 11000)
  await db.tidy()
  expect(await counted('steady')).toBe(10000)
  await insert(11001, 25000)
  await db.tidy()
  expect(await counted('steady')).toBe(25000)
})

/** How the embedded session would now run a statement that it has prepared. */
async function plan(statement: string): Promise<string> {
  const { rows } = await db.query<{ name: string }>(
    'select name from pg_prepared_statements where statement = $1',
    [statement],
  )
  const explained = await db.query<{ 'QUERY PLAN': string }>(`explain execute ${rows[0]!.name}('[]')`)
  return explained.rows.map((r) => r['QUERY PLAN']).join('\n')
}

async function counted(table: string): Promise<number> {
  const { rows } = await db.query<{ n: number }>(
    `select reltuples::float8 as n from pg_class where relname = $1`,
    [table],
  )
  return rows[0]!.n
}

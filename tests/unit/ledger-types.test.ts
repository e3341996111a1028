/** One type table for both kinds of ledger, durable commits, and one owner per embedded folder. */
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openPglite } from '../../src/ledger/pglite.ts'
import { LEDGERS, type TestLedger } from '../support/ledgers.ts'

const VALUES: [type: string, given: unknown, read: unknown][] = [
  ['bigint', 9007199254740991, 9007199254740991],
  ['bigint', -1, -1],
  ['int', 7, 7],
  ['float8', 0.1, 0.1],
  ['boolean', true, true],
  ['numeric', '12345678901234567890.123456789', '12345678901234567890.123456789'],
  ['numeric', '1.50', '1.50'],
  ['timestamptz', new Date('2026-03-01T08:00:00.123Z'), new Date('2026-03-01T08:00:00.123Z')],
  ['timestamptz', '2026-03-01T08:00:00+08:00', new Date('2026-03-01T00:00:00Z')],
  ['text', '喆 🍵 "quoted" \\ back', '喆 🍵 "quoted" \\ back'],
  ['bytea', Buffer.from([0, 255, 10, 92, 39]), Buffer.from([0, 255, 10, 92, 39])],
  ['bytea', Buffer.alloc(0), Buffer.alloc(0)],
  ['jsonb', { a: [1, null, '绿茶'], b: { c: '1.10' } }, { a: [1, null, '绿茶'], b: { c: '1.10' } }],
  ['json', { b: 1 }, { b: 1 }],
  ['text[]', ['a', 'b"c', null, 'd\\e,f'], ['a', 'b"c', null, 'd\\e,f']],
  ['bigint[]', [1, 2], [1, 2]],
  ['text', null, null],
]

describe.each(LEDGERS)('$name', ({ open, missing }) => {
  let ledger: TestLedger
  beforeAll(async () => {
    if (!missing) ledger = await open()
  }, 60_000)
  afterAll(() => ledger?.close())

  it.skipIf(missing).each(VALUES)('%s: %j comes back as %j', async (type, given, read) => {
    const { rows } = await ledger.db.query<{ value: unknown }>(`select $1::${type} as value`, [given])
    const value = rows[0]!.value
    if (type === 'bigint[]') expect((value as unknown[]).map(Number)).toEqual(read)
    else expect(value).toEqual(read)
    if (read instanceof Buffer) expect(Buffer.isBuffer(value)).toBe(true)
  })

  it.skipIf(missing)('count and sum of integers are numbers, sum of amounts is exact text', async () => {
    const { rows } = await ledger.db.query(
      `select count(*) as n, sum(x) as s, sum(x::bigint) as b from (values (1), (2)) t(x)`,
    )
    expect(rows[0]).toEqual({ n: 2, s: 3, b: '3' })
  })

  it.skipIf(missing)('a bigint that JavaScript cannot hold throws instead of lying', async () => {
    await expect(ledger.db.query(`select 9007199254740993::bigint as n`)).rejects.toThrow(/2\^53|bigint/)
    expect((await ledger.db.query('select 1 as n')).rows).toEqual([{ n: 1 }])
  })

  it.skipIf(missing)('rowCount counts what was written', async () => {
    await ledger.db.query('create temp table if not exists counted (n int)')
    expect((await ledger.db.query('insert into counted values (1), (2), (3)')).rowCount).toBe(3)
    expect((await ledger.db.query('update counted set n = 0 where n > 1')).rowCount).toBe(2)
  })

  it.skipIf(missing)('an error carries its SQLSTATE and neither statement nor parameters', async () => {
    const failed = await ledger.db.query('select $1::int as n', ['secret-7f3a']).catch((e: unknown) => e)
    expect(failed).toMatchObject({ code: '22P02' })
    if (ledger.db.kind === 'pglite') {
      expect(Object.values(failed as object).join(' ')).not.toContain('select $1')
      expect(failed).not.toHaveProperty('params')
    }
  })

  it.skipIf(missing)(
    'a statement that comes often is prepared, and goes on when its table changes',
    async () => {
      const { db } = ledger
      await db.query('create table if not exists grows (n int)')
      await db.query('insert into grows values (1)')
      const text = 'select * from grows where n = $1'
      for (let i = 0; i < 8; i++) expect((await db.query(text, [1])).rows).toEqual([{ n: 1 }])
      const prepared = `select count(*) as n from pg_prepared_statements where statement = $1`
      if (db.kind === 'pglite') expect((await db.query(prepared, [text])).rows).toEqual([{ n: 1 }])
      await db.query('alter table grows add column m int default 2')
      expect((await db.query(text, [1])).rows).toEqual([{ n: 1, m: 2 }])
      const inside = await db.transaction(async (tx) => (await tx.query(text, [1])).rows)
      expect(inside).toEqual([{ n: 1, m: 2 }])
    },
  )

  it.skipIf(missing)('a failed transaction leaves nothing and harms no later statement', async () => {
    await ledger.db.query('create table if not exists tried (n int primary key)')
    const work = ledger.db.transaction(async (tx) => {
      await tx.query('insert into tried values (1)')
      await tx.query('insert into tried values (1)')
    })
    await expect(work).rejects.toMatchObject({ code: '23505' })
    expect((await ledger.db.query('select n from tried')).rows).toEqual([])
  })
})

describe('the embedded ledger', () => {
  it('fsyncs each of 200 commits and still holds them after it is opened again', async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tributary-fsync-'))
    let db = await openPglite(folder)
    try {
      await db.query('create table durable (n int)')
      const before = await db.fsyncs()
      for (let n = 0; n < 200; n++) await db.query('insert into durable values ($1)', [n])
      expect((await db.fsyncs()) - before).toBeGreaterThanOrEqual(200)
      await db.close()
      db = await openPglite(folder)
      expect((await db.query('select count(*) as n from durable')).rows).toEqual([{ n: 200 }])
    } finally {
      await db.close()
      fs.rmSync(folder, { recursive: true, force: true })
    }
  }, 60_000)
})

/** Runs `body` with `lockFolder` and `folder` at hand, in a process of its own. */
function starter(folder: string, body: string) {
  const module = new URL('../../src/ledger/folder-lock.ts', import.meta.url).href
  const script = `import { lockFolder } from ${JSON.stringify(module)}
    const folder = ${JSON.stringify(folder)}
    ${body}`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  const said = new Promise<string>((resolve) => child.stdout.once('data', (d) => resolve(String(d).trim())))
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  return { child, said, ended }
}

// the lock lives as long as something holds on to it
const TAKE = `try { globalThis.lock = lockFolder(folder); console.log('won'); process.stdin.resume() }
  catch (error) { console.log(error.code + ' ' + error.message); process.exit(0) }`

describe('the folder lock', () => {
  it('lets one of two starters in; the other is told whose pid holds it; a killed owner holds nothing', async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tributary-lock-'))
    const both = [starter(folder, TAKE), starter(folder, TAKE)]
    try {
      const said = await Promise.all(both.map((s) => s.said))
      expect(said.filter((s) => s === 'won')).toHaveLength(1)
      expect(said.find((s) => s !== 'won')).toMatch(/^LEDGER_FOLDER_HELD /)
      const owner = both[said.indexOf('won')]!
      await expect(openPglite(folder)).rejects.toMatchObject({
        code: 'LEDGER_FOLDER_HELD',
        message: expect.stringContaining(String(owner.child.pid)),
      })
      owner.child.kill('SIGKILL')
      await owner.ended
      const next = starter(folder, TAKE)
      both.push(next)
      expect(await next.said).toBe('won')
    } finally {
      for (const { child, ended } of both) {
        child.kill('SIGKILL')
        await ended
      }
      fs.rmSync(folder, { recursive: true, force: true })
    }
  })

  it('does not believe a file that names a live pid, such as 1 in a container', async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tributary-lock-'))
    fs.writeFileSync(
      path.join(folder, 'owner.json'),
      JSON.stringify({ pid: 1, since: '2020-01-01T00:00:00Z' }),
    )
    const { child, said, ended } = starter(folder, TAKE)
    try {
      expect(await said).toBe('won')
    } finally {
      child.kill('SIGKILL')
      await ended
      fs.rmSync(folder, { recursive: true, force: true })
    }
  })
})

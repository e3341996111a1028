/** The connector `sql` against real servers: the same promises over each dialect that can be had here. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Connection, RawRecord } from '../../src/core/ports.ts'
import { documentOf, openConnector, readAll } from '../support/connection.ts'
import { mariadbMissing, postgresMissing } from '../support/machine.ts'
import { type SqlServer, startMariadbServer, startPostgresServer } from '../support/sql-servers.ts'

const signal = new AbortController().signal
const FROM = new Date('2026-06-01T00:00:00Z')
const TO = new Date('2026-07-01T00:00:00Z')

const SERVERS = [
  { name: 'PostgreSQL', missing: postgresMissing(), start: () => startPostgresServer() },
  { name: 'MariaDB', missing: mariadbMissing(), start: startMariadbServer },
]

const valuesOf = (record: RawRecord) => JSON.parse(record.body.toString())

/** Reads by a query of its own as the stream of orders, which the test closes. */
const opened: Connection[] = []
async function reading(server: SqlServer, order: object, more: object = {}): Promise<Connection> {
  const connection = await openConnector('sql', { ...server.settings, zone: 'Asia/Shanghai', order, ...more })
  opened.push(connection)
  return connection
}

for (const { name, missing, start } of SERVERS)
  describe.skipIf(missing)(`sql: ${name}${missing ? ` (${missing})` : ''}`, () => {
    let server: SqlServer

    beforeAll(async () => {
      server = await start()
      const maria = server.dialect === 'mariadb'
      const [zoned, json] = maria ? ['timestamp(6) null', 'json'] : ['timestamptz', 'jsonb']
      await server.run(
        `create table item (id bigint primary key, note varchar(40), changed ${maria ? 'datetime(6)' : 'timestamp'})`,
        'create index item_changed on item (changed, id)',
        `create table exact (id bigint primary key, price numeric(24,8), small integer, ratio double precision,
           at_zone ${zoned}, at_local ${maria ? 'datetime(6)' : 'timestamp'}, day date, word varchar(40), tree ${json}, nothing integer)`,
        `create table sale (id bigint primary key, number varchar(20), placed ${maria ? 'datetime' : 'timestamp'}, changed ${maria ? 'datetime(3)' : 'timestamp(3)'}, total numeric(12,2))`,
        'create table sale_line (id integer primary key, sale_id bigint, sku varchar(20), title varchar(40), quantity numeric(12,4), price numeric(18,6))',
      )
    }, 120_000)

    afterAll(async () => {
      for (const connection of opened.splice(0)) await connection.close()
      await server.stop()
    })

    it('keeps every value exact: ids beyond 2^53, decimals, times by the zone of the connection', async () => {
      const tree = `'{"big": 9007199254740993, "price": 12345678901234567.0625}'`
      await server.run(
        ...(server.dialect === 'mariadb' ? ["set time_zone = '+00:00'"] : ["set time zone 'UTC'"]),
        `insert into exact values (9007199254740993, 1234567890123456.78900000, 42, 0.1,
           '2026-06-10 02:00:00.123456', '2026-06-10 02:00:00.123456', '2026-06-10', '茶杯 🍵 ''x''', ${tree}, null)`,
      )
      const order = { query: 'select * from exact', id: 'id', version: 'at_local' }
      const [record] = await readAll(await reading(server, order), 'order', signal, FROM, TO)
      expect(record!.id).toBe('9007199254740993')
      const value = valuesOf(record!)
      expect(value).toMatchObject({
        id: '9007199254740993',
        price: '1234567890123456.78900000',
        small: 42,
        ratio: 0.1,
        at_zone: '2026-06-10T02:00:00.123456Z',
        at_local: '2026-06-09T18:00:00.123456Z',
        day: '2026-06-10',
        word: "茶杯 🍵 'x'",
        nothing: null,
      })
      // JSON of MariaDB is text; both keep every digit
      const kept = typeof value.tree === 'string' ? value.tree : JSON.stringify(value.tree)
      expect(kept).toContain('9007199254740993')
      expect(kept).toContain('12345678901234567.0625')
    })

    it('reads a whole order with its lines, and the document adds up', async () => {
      await server.run(
        "insert into sale values (9007199254740995, 'SO-9', '2026-06-10 10:00:00', '2026-06-10 10:05:00.250', 125.50)",
        "insert into sale_line values (2, 9007199254740995, 'A-2', '茶壶', 1, 105.000000), (1, 9007199254740995, '0012', '茶杯', 2.0000, 10.250000)",
      )
      const connection = await reading(server, {
        query:
          'select id, number, placed as placed_at, changed as updated_at, placed as paid_at, total from sale -- a comment',
        id: 'id',
        version: 'updated_at',
        with: {
          lines: {
            query: 'select id, sale_id, sku, title as name, quantity, price from sale_line;',
            by: 'sale_id',
            sort: 'id',
          },
        },
      })
      const [record] = await readAll(connection, 'order', signal, FROM, TO)
      const document = await documentOf(connection, 'order', record!)
      expect(document).toMatchObject({
        externalId: '9007199254740995',
        version: '2026-06-10T02:05:00.25Z',
        placedAt: '2026-06-10T02:00:00Z',
        lines: [
          { externalId: '1', sku: '0012', quantity: '2', goods: 2050 },
          { externalId: '2', sku: 'A-2', quantity: '1', goods: 10500 },
        ],
        totals: { total: 12550 },
      })
      const stream = connection.streams.find((s) => s.name === 'order')!
      const byId = await stream.fetch!(['9007199254740995', '1'], signal)
      // a poll and a fetch of the same must give the same bytes
      expect(byId.map((r) => r.body.toString())).toEqual([record!.body.toString()])
      expect(await stream.count!({ since: FROM, until: TO }, signal)).toEqual({ count: 1, exact: true })
    })

    it('loses nothing while rows change between pages, many of one instant among them', async () => {
      const rows = Array.from({ length: 730 }, (_, i) => {
        const second = i < 300 ? 0 : Math.floor(i / 7)
        return `(${i + 1}, 'v1', '2026-06-10 10:${String(Math.floor(second / 60)).padStart(2, '0')}:${String(second % 60).padStart(2, '0')}')`
      })
      await server.run('delete from item', `insert into item values ${rows.join(', ')}`)
      const order = { query: 'select * from item', id: 'id', version: 'changed', size: 50 }
      const connection = await reading(server, order)
      const { page } = connection.streams.find((s) => s.name === 'order')!
      const until = new Date('2026-06-10T12:00:00Z')
      const first = new Map<string, string>()
      let resume: unknown = null
      let moved = 0
      do {
        const read = await page({ since: FROM, until, resume }, signal)
        for (const r of read.records) first.set(r.id, valuesOf(r).note)
        // a row that was read, one that was not, and a new one: all leave or enter this window's past
        for (const id of [1 + moved, 730 - moved])
          await server.run(`update item set note = 'v2', changed = '2026-06-10 21:00:00' where id = ${id}`)
        await server.run(`insert into item values (${10_000 + moved}, 'new', '2026-06-10 21:00:01')`)
        moved += 1
        resume = JSON.parse(JSON.stringify(read.next))
      } while (resume !== null)
      const later = await readAll(connection, 'order', signal, until, TO)
      const all = new Map([...first, ...later.map((r) => [r.id, valuesOf(r).note] as const)])
      expect(moved).toBeGreaterThan(10)
      expect(all.size).toBe(730 + moved)
      for (let i = 0; i < moved; i++)
        expect([all.get(String(1 + i)), all.get(String(730 - i))]).toEqual(['v2', 'v2'])
    })

    it('reads a table without a version whole each time, in pages', async () => {
      await server.run(
        'delete from item',
        `insert into item values ${Array.from({ length: 101 }, (_, i) => `(${i}, 'x', null)`).join(', ')}`,
      )
      const connection = await reading(server, { query: 'select id, note from item', id: 'id', size: 25 })
      const read = await readAll(connection, 'order', signal, FROM, TO)
      expect(new Set(read.map((r) => r.id)).size).toBe(101)
      expect(read).toHaveLength(101)
    })

    it('finds every row around the hour that clocks show twice', async () => {
      // Berlin, 25 October 2026: 02:00 to 03:00 is shown twice; what stands there cannot be told apart
      const at = Array.from({ length: 48 }, (_, i) => {
        const minutes = i * 5
        return `(${i}, 'x', '2026-10-25 ${String(1 + Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}:00')`
      })
      await server.run('delete from item', `insert into item values ${at.join(', ')}`)
      const connection = await reading(
        server,
        { query: 'select * from item', id: 'id', version: 'changed' },
        { zone: 'Europe/Berlin' },
      )
      const seen = new Set<string>()
      const end = Date.parse('2026-10-25T05:00:00Z')
      for (let since = Date.parse('2026-10-24T22:00:00Z'); since < end; since += 23 * 60_000)
        for (const r of await readAll(
          connection,
          'order',
          signal,
          new Date(since),
          new Date(Math.min(end, since + 23 * 60_000)),
        ))
          seen.add(r.id)
      expect(seen.size).toBe(48)
    })

    it('tells ids beyond 2^53 apart that a float holds as one', async () => {
      const ids = Array.from({ length: 9 }, (_, i) => String(9_007_199_254_740_992n + BigInt(i)))
      await server.run(
        'delete from item',
        `insert into item values ${ids.map((id) => `(${id}, 'n${id}', '2026-06-10 10:00:00')`).join(', ')}`,
      )
      const lines = { query: 'select id as item_id, note from item', by: 'item_id' }
      const order = { query: 'select * from item', id: 'id', version: 'changed', size: 2, with: { lines } }
      const connection = await reading(server, order)
      const read = await readAll(connection, 'order', signal, FROM, TO)
      expect(read.map((r) => r.id)).toEqual(ids)
      for (const r of read)
        expect(valuesOf(r).lines.map((l: { note: string }) => l.note)).toEqual([`n${r.id}`])
      const stream = connection.streams.find((s) => s.name === 'order')!
      expect((await stream.fetch!([ids[3]!], signal)).map((r) => r.id)).toEqual([ids[3]])
    })

    it('takes instants that are text (NC: ts char(19)) or seconds', async () => {
      await server.run(
        'create table worded (id varchar(20) primary key, ts char(19), unix bigint)',
        "insert into worded values ('B', '2026-06-10 10:00:00', 1781056800), ('a', '2026-06-10 10:00:00', 1781056800), ('A2', '2026-06-09 10:00:00', 1780970400)",
      )
      const since = new Date('2026-06-10T02:00:00Z')
      for (const order of [
        { query: 'select * from worded', id: 'id', version: 'ts', size: 1 },
        { query: 'select * from worded', id: 'id', version: 'unix', clock: 'seconds', size: 1 },
      ]) {
        const read = await readAll(
          await reading(server, order),
          'order',
          signal,
          since,
          new Date('2026-06-10T02:00:01Z'),
        )
        expect(read.map((r) => r.id).sort()).toEqual(['B', 'a'])
      }
      const unclear = await reading(server, { query: 'select * from worded', id: 'id', version: 'unix' })
      await expect(readAll(unclear, 'order', signal, FROM, TO)).rejects.toMatchObject({
        code: 'SOURCE_STREAM',
      })
    })

    it('refuses a query that gives a row per line, one that lacks a column, and too many inner rows', async () => {
      const joined = 'select s.id, s.changed, l.sku from sale s join sale_line l on l.sale_id = s.id'
      for (const [order, says] of [
        [{ query: joined, id: 'id', version: 'changed' }, /several rows of one id/],
        [
          { query: 'select id, changed from sale', id: 'key', version: 'changed' },
          /no column "key"; it gives id, changed/,
        ],
        [
          {
            query: 'select id, changed from sale',
            id: 'id',
            version: 'changed',
            most: 1,
            with: { lines: { query: 'select * from sale_line', by: 'sale_id' } },
          },
          /more than 1 inner rows/,
        ],
      ] as const) {
        const failure = await readAll(await reading(server, order), 'order', signal, FROM, TO).catch((e) => e)
        expect(failure).toMatchObject({ code: 'SOURCE_STREAM', kind: 'config' })
        expect(failure.message).toMatch(says)
      }
    })

    it('can change nothing, and ends a statement that takes too long', async () => {
      const maria = server.dialect === 'mariadb'
      const slow = maria
        ? 'select id, sleep(30) as s from sale'
        : 'select id, pg_sleep(30)::text as s from sale'
      const began = Date.now()
      const late = await reading(server, { query: slow, id: 'id' }, { timeout: '500ms' })
      await expect(readAll(late, 'order', signal, FROM, TO)).rejects.toMatchObject({
        code: 'SOURCE_SLOW',
        kind: 'transient',
      })
      expect(Date.now() - began).toBeLessThan(10_000)
      // the one that may everything is refused all the same
      await server.run('create table if not exists touched (id integer)')
      if (!maria) {
        await server.run(
          "create or replace function touch() returns integer language sql volatile as 'insert into touched values (1) returning id'",
        )
        const writing = await reading(server, { query: 'select touch() as id', id: 'id' })
        await expect(readAll(writing, 'order', signal, FROM, TO)).rejects.toMatchObject({
          code: 'SOURCE_REFUSED',
        })
      }
    })

    it('tells settings that are wrong from a server that is away, without the password', async () => {
      const order = { query: 'select id from sale', id: 'id' }
      for (const [more, code] of [
        // a private PostgreSQL trusts whoever it knows
        [server.dialect === 'mariadb' ? { password: 'example-wrong' } : { user: 'nobody' }, 'SOURCE_REFUSED'],
        [{ order: { ...order, query: 'select id from secret_table' } }, 'SOURCE_REFUSED'],
        [{ port: 9 }, 'SOURCE_AWAY'],
      ] as const) {
        const failure = await readAll(await reading(server, order, more), 'order', signal, FROM, TO).catch(
          (e) => e,
        )
        expect(failure).toMatchObject({ code })
        expect(`${failure.message} ${failure.stack}`).not.toMatch(/example-(wrong|reader)/)
      }
      const { ok, say } = await (await reading(server, order)).check(signal)
      expect([ok, say]).toEqual([true, `SQL database: the ${server.dialect} database answers`])
    })
  })

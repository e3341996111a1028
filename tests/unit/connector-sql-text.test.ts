/** The connector `sql`: what databases keep in other codepages and sort orders, and settings that are wrong. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Connection, RawRecord } from '../../src/core/ports.ts'
import { openConnector, readAll } from '../support/connection.ts'
import { mariadbMissing, postgresMissing } from '../support/machine.ts'
import { type SqlServer, startMariadbServer, startPostgresServer } from '../support/sql-servers.ts'

const signal = new AbortController().signal
const FROM = new Date('2026-06-01T00:00:00Z')
const TO = new Date('2026-07-01T00:00:00Z')
const valuesOf = (record: RawRecord) => JSON.parse(record.body.toString())

/** Connections that the test closes. */
const opened: Connection[] = []
async function reading(server: SqlServer, order: object): Promise<Connection> {
  const connection = await openConnector('sql', { ...server.settings, zone: 'Asia/Shanghai', order })
  opened.push(connection)
  return connection
}

describe.skipIf(mariadbMissing())(`sql: codepages of MariaDB`, () => {
  let server: SqlServer
  beforeAll(async () => {
    server = await startMariadbServer()
  }, 120_000)
  afterAll(async () => {
    for (const connection of opened.splice(0)) await connection.close()
    await server.stop()
  })

  it('reads columns in GBK, latin1 and UTF-8 of three bytes as they are meant', async () => {
    await server.run(
      'create table worded (id varchar(20) character set gbk primary key, a varchar(40) character set gbk, b varchar(40) character set latin1, c varchar(40) character set utf8mb3, d varbinary(8))',
      "insert into worded values ('订单-1', '镕基喆', 'Größe', '茶杯', x'00ff')",
    )
    const [record] = await readAll(
      await reading(server, { query: 'select * from worded', id: 'id' }),
      'order',
      signal,
      FROM,
      TO,
    )
    expect(valuesOf(record!)).toEqual({ id: '订单-1', a: '镕基喆', b: 'Größe', c: '茶杯', d: '00ff' })
  })

  it('passes over no id where the server sorts without case or accents', async () => {
    const ids = ['a', 'A', 'á', 'b', 'B', 'c']
    // no unique key: the sort order of the column takes a, A and á for one
    await server.run(
      'create table folded (id varchar(10) collate utf8mb4_general_ci, ts datetime)',
      `insert into folded values ${ids.map((id) => `('${id}', '2026-06-10 10:00:00')`).join(', ')}`,
    )
    const order = { query: 'select * from folded', id: 'id', version: 'ts', size: 4 }
    const read = await readAll(await reading(server, order), 'order', signal, FROM, TO)
    expect([...new Set(read.map((r) => r.id))].sort()).toEqual([...ids].sort())
  })
})

describe.skipIf(postgresMissing())('sql: a database of PostgreSQL in EUC_CN', () => {
  it('is read as it is meant', async () => {
    const server = await startPostgresServer('EUC_CN')
    try {
      await server.run(
        'create table worded (id text, word text)',
        "insert into worded values ('订单', '茶杯')",
      )
      const [record] = await readAll(
        await reading(server, { query: 'select * from worded', id: 'id' }),
        'order',
        signal,
        FROM,
        TO,
      )
      expect(valuesOf(record!)).toEqual({ id: '订单', word: '茶杯' })
    } finally {
      for (const connection of opened.splice(0)) await connection.close()
      await server.stop()
    }
  }, 60_000)
})

describe('sql: drivers and settings', () => {
  const settings = {
    host: '127.0.0.1',
    database: 'x',
    user: 'x',
    password: 'example-x',
    order: { query: 'select 1 as id', id: 'id' },
  }

  it.each([
    ['sqlserver', 'mssql'],
    ['oracle', 'oracledb'],
  ])('%s says which driver to install', async (dialect, driver) => {
    const connection = await openConnector('sql', { ...settings, dialect })
    const failure = await readAll(connection, 'order', signal, FROM, TO).catch((e) => e)
    expect(failure).toMatchObject({ code: 'SOURCE_DRIVER', kind: 'config', detail: { driver } })
    expect(failure.fix('en')).toContain(`npm install ${driver}`)
    await connection.close()
  })

  it('names what is wrong in the setting of a stream', async () => {
    for (const [order, says] of [
      [{ query: 'select 1', id: 'id', verion: 'x' }, /verion/],
      [{ query: 'select 1' }, /id/],
      [{ query: 'select 1', id: 'id', size: 0 }, /size/],
    ] as const) {
      const failure = await openConnector('sql', { ...settings, dialect: 'postgres', order }).catch((e) => e)
      expect(failure).toMatchObject({ code: 'SOURCE_STREAM' })
      expect(failure.message).toMatch(says)
    }
    await expect(
      openConnector('sql', { ...settings, dialect: 'postgres', zone: 'Mars/Base' }),
    ).rejects.toMatchObject({ code: 'CONNECTOR_ADDRESS' })
  })

  it('reads nothing of a stream whose setting is not given', async () => {
    const connection = await openConnector('sql', { ...settings, dialect: 'postgres', port: 9 })
    expect(connection.streams.filter((s) => s.unlisted).map((s) => s.name)).toEqual([
      'shipment',
      'return',
      'stock',
      'product',
    ])
    expect(await readAll(connection, 'stock', signal)).toEqual([])
    await connection.close()
  })
})

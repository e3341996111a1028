import { Redis } from 'ioredis'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type PostgresService,
  postgresMissing,
  type RedisService,
  redisMissing,
  startPostgres,
  startRedis,
} from '../support/services.ts'

async function query(url: string, sql: string) {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

describe.skipIf(postgresMissing())('startPostgres', () => {
  let service: PostgresService
  beforeAll(async () => {
    service = await startPostgres()
  }, 60_000)
  afterAll(() => service.stop())

  it('is as durable as it is shipped', async () => {
    expect(await query(service.url, 'show fsync')).toEqual([{ fsync: 'on' }])
    expect(await query(service.url, 'show server_encoding')).toEqual([{ server_encoding: 'UTF8' }])
  })

  it('keeps what was committed over a crash', { timeout: 60_000 }, async () => {
    await query(service.url, 'create table kept as select 7 as n')
    await service.restart('crash')
    expect(await query(service.url, 'select n from kept')).toEqual([{ n: 7 }])
  })
})

describe.skipIf(redisMissing())('startRedis', () => {
  let service: RedisService
  beforeAll(async () => {
    service = await startRedis()
  }, 60_000)
  afterAll(() => service.stop())

  it('comes back empty, and answers', { timeout: 60_000 }, async () => {
    const client = new Redis(service.url, { maxRetriesPerRequest: null })
    client.on('error', (error) => expect(error.message).toMatch(/ECONN/))
    try {
      await client.set('left', 'behind')
      await service.restart()
      expect(await client.get('left')).toBeNull()
      await client.set('left', 'behind')
      await service.flush()
      expect(await client.get('left')).toBeNull()
    } finally {
      client.disconnect()
    }
  })
})

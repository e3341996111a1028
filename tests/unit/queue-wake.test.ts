/** The queue on its three stores: no wake-up is lost, many connections share few sessions, nothing waits for itself. */
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Database } from '../../src/ledger/database.ts'
import { migrate } from '../../src/ledger/migrate.ts'
import { openPglite } from '../../src/ledger/pglite.ts'
import { openPostgres } from '../../src/ledger/postgres.ts'
import { openQueue } from '../../src/queue/bullmq.ts'
import type { Queue, Working } from '../../src/queue/queue.ts'
import { postgresMissing, redisMissing, startPostgres, startRedis } from '../support/services.ts'

/** A process that takes a lane and never gives it back. */
const DOOMED = `
const { openQueue } = await import(${JSON.stringify(path.resolve(import.meta.dirname, '../../src/queue/bullmq.ts'))})
const { openPostgres } = await import(${JSON.stringify(path.resolve(import.meta.dirname, '../../src/ledger/postgres.ts'))})
const where = JSON.parse(process.argv.at(-1))
const store = where.redis ? where : { pool: openPostgres({ url: where.postgres, max: 5 }).pool() }
const queue = openQueue(store, () => undefined)
await queue.work('doomed', 1, async () => {
  console.log('begun')
  await new Promise(() => setInterval(() => undefined, 1000))
})
`

interface Store {
  queue: Queue
  /** How another process opens the same. */
  where: { redis?: string; postgres?: string }
  db: Database | null
  troubles: string[]
  close(): Promise<void>
}

function opened(
  store: Parameters<typeof openQueue>[0],
  db: Database | null,
  close: () => Promise<void>,
  where: Store['where'] = {},
): Store {
  const troubles: string[] = []
  const queue = openQueue(store, (what, error) => troubles.push(`${what}: ${error.message}`))
  return { queue, db, where, troubles, close: () => queue.close().then(close) }
}

async function onPglite(): Promise<Store> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tributary-queue-'))
  const db = await openPglite(folder)
  await migrate(db, true)
  return opened({ pool: db.pool() }, db, async () => {
    await db.close()
    fs.rmSync(folder, { recursive: true, force: true })
  })
}

async function onPostgres(): Promise<Store> {
  const server = await startPostgres()
  const db = openPostgres({ url: server.url, max: 10 })
  await migrate(db, true)
  const close = async () => {
    await db.close()
    await server.stop()
  }
  return opened({ pool: db.pool() }, db, close, { postgres: server.url })
}

async function onRedis(): Promise<Store> {
  const server = await startRedis()
  return opened({ redis: server.url }, null, () => server.stop(), { redis: server.url })
}

const STORES = [
  { name: 'PGlite', missing: null, open: onPglite },
  { name: 'PostgreSQL, pool of 10', missing: postgresMissing(), open: onPostgres },
  { name: 'Redis', missing: redisMissing(), open: onRedis },
]

async function until(what: string, done: () => boolean, limit = 20_000): Promise<void> {
  for (const end = Date.now() + limit; !done(); ) {
    if (Date.now() > end) throw new Error(`not within ${limit} ms: ${what}`)
    await sleep(20)
  }
}

describe.each(STORES)('$name', ({ open, missing }) => {
  let store: Store
  beforeAll(async () => {
    if (missing) return
    store = await open()
    await store.queue.ready()
  }, 60_000)
  afterAll(() => store?.close())

  // what only a queue on the ledger's own database can get wrong
  const onDatabase = open === onRedis ? () => undefined : it.skipIf(missing)

  it.skipIf(missing)(
    'loses no wake-up, however wakes and runs interleave',
    async () => {
      const lanes = ['0', '1', '2']
      const wanted = new Map(lanes.map((l) => [l, 0]))
      const seen = new Map(lanes.map((l) => [l, 0]))
      const running = new Set<string>()
      let overlapped = 0
      const working = await store.queue.work('lossless', 3, async (lane) => {
        if (running.has(lane)) overlapped += 1
        running.add(lane)
        const found = wanted.get(lane)!
        await sleep(Math.random() * 15)
        seen.set(lane, found)
        running.delete(lane)
      })
      try {
        const producers = lanes.flatMap((lane) =>
          [1, 2].map(async () => {
            for (let n = 0; n < 40; n++) {
              wanted.set(lane, wanted.get(lane)! + 1)
              void store.queue.wake('lossless', lane)
              await sleep(Math.random() * 12)
            }
          }),
        )
        await Promise.all(producers)
        // nobody sweeps here: the last wake-up of each lane itself must have led to a run
        await until('every lane saw the last thing that was asked of it', () =>
          lanes.every((l) => seen.get(l) === wanted.get(l)),
        )
        expect(overlapped).toBe(0)
      } finally {
        await working.stop()
      }
    },
    40_000,
  )

  it.skipIf(missing)(
    'runs a lane again when its handler threw, and says so',
    async () => {
      let runs = 0
      const before = store.troubles.length
      const working = await store.queue.work('throwing', 1, async () => {
        runs += 1
        if (runs === 1) throw new Error('handler broke')
      })
      try {
        await store.queue.wake('throwing', '0')
        await until('the first run', () => runs === 1)
        await until('the failure is told', () => store.troubles.length > before)
        await store.queue.wake('throwing', '0')
        await until('the second run', () => runs === 2)
      } finally {
        await working.stop()
      }
    },
    30_000,
  )

  it.skipIf(missing)(
    'carries fifty connections, each with lanes of its own',
    async () => {
      const names = Array.from({ length: 50 }, (_, i) => `deliver-shop${i}`)
      const ran = new Set<string>()
      const working: Working[] = []
      try {
        for (const name of names) {
          working.push(await store.queue.work(name, 2, async (lane) => void ran.add(`${name} ${lane}`)))
        }
        for (const name of names) await Promise.all(['0', '1'].map((lane) => store.queue.wake(name, lane)))
        await until('a hundred lanes ran', () => ran.size === 100, 30_000)
        if (store.db) expect((await store.db.query('select 1 as n')).rows).toEqual([{ n: 1 }])
      } finally {
        await Promise.all(working.map((w) => w.stop()))
      }
    },
    60_000,
  )

  // embedded there is one process, and it holds the queue
  const betweenProcesses = open === onPglite ? () => undefined : it.skipIf(missing)
  betweenProcesses(
    'a lane whose process was killed runs again within 15 s',
    async () => {
      const child = spawn(
        process.execPath,
        ['--input-type=module', '-e', DOOMED, JSON.stringify(store.where)],
        {
          stdio: ['ignore', 'pipe', 'inherit'],
        },
      )
      await store.queue.wake('doomed', '0')
      await new Promise((begun) => child.stdout.once('data', begun))
      child.kill('SIGKILL')
      const died = Date.now()
      let ran = 0
      const working = await store.queue.work('doomed', 1, async () => {
        ran ||= Date.now()
      })
      try {
        await store.queue.wake('doomed', '0')
        await until('the lane runs again', () => ran > 0, 30_000)
        expect(ran - died).toBeLessThan(15_000)
      } finally {
        await working.stop()
      }
    },
    60_000,
  )

  it.skipIf(missing)('has taken all that without trouble', () => {
    expect(store.troubles.filter((t) => !t.includes('handler broke'))).toEqual([])
  })

  onDatabase('refuses to be woken inside a transaction, which then fails as a whole', async () => {
    const db = store.db!
    await db.query('create table if not exists waker (n int)')
    const work = db.transaction(async (tx) => {
      await tx.query('insert into waker values (1)')
      await store.queue.wake('normalize', '0')
    })
    await expect(work).rejects.toThrow(/inside a database transaction/)
    expect((await db.query('select n from waker')).rows).toEqual([])
  })

  onDatabase('a client given back inside a failed transaction harms nobody', async () => {
    const db = store.db!
    const pool = db.pool()
    for (let n = 0; n < 12; n++) {
      const client = await pool.connect()
      await client.query('begin')
      await expect(client.query('select nothing from nowhere')).rejects.toMatchObject({ code: '42P01' })
      client.release()
    }
    expect((await db.query('select 2 as n')).rows).toEqual([{ n: 2 }])
    expect((await pool.query('select 3 as n')).rows).toEqual([{ n: 3 }])
  })

  onDatabase('a listening client holds nobody up and hears what is told', async () => {
    const db = store.db!
    const clients = await Promise.all(Array.from({ length: 20 }, () => db.pool().connect()))
    let heard = 0
    try {
      for (const client of clients) {
        client.on('notification', () => {
          heard += 1
        })
        await client.query('listen told')
      }
      expect((await db.query('select 4 as n')).rows).toEqual([{ n: 4 }])
      await db.query(`select pg_notify('told', 'x')`)
      await until('twenty listeners heard it', () => heard === 20, 5_000)
    } finally {
      for (const client of clients) client.release()
    }
  })
})

describe('Redis', () => {
  // a server named by the environment is not ours to misconfigure
  it.skipIf(redisMissing() || process.env.TRIBUTARY_TEST_REDIS)(
    'that may evict keys is refused',
    async () => {
      const server = await startRedis()
      const admin = new Redis(server.url)
      const queue = openQueue({ redis: server.url }, () => undefined)
      try {
        await admin.config('SET', 'maxmemory-policy', 'allkeys-lru')
        await expect(queue.ready()).rejects.toThrow(/noeviction/)
      } finally {
        await queue.close()
        admin.disconnect()
        await server.stop()
      }
    },
    30_000,
  )
})

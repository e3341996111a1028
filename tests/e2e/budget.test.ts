/** Two processes that read one shop at once, against the query cost of the Shopify sandbox. */
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { migrate } from '../../src/ledger/migrate.ts'
import { openPostgres } from '../../src/ledger/postgres.ts'
import { startShopify } from '../../src/sandbox/shopify/server.ts'
import {
  type PostgresService,
  postgresMissing,
  type RedisService,
  redisMissing,
  startPostgres,
  startRedis,
} from '../support/services.ts'
import { tell } from './stage.ts'

const READER = join(import.meta.dirname, 'shop-reader.ts')
const SECONDS = 8
/** Two that take what they like use some thousand points per second. */
const PLAN = { maximumAvailable: 400, restoreRate: 100 }

interface How {
  database?: string
  redis?: string
  rate?: { calls: number; per: string }
}

const running = new Set<ChildProcess>()

/** Starts a reader; `go` lets it read and answers what it did. */
function reader(order: object): { go(): Promise<{ records: number; calls: number }> } {
  const child = spawn(process.execPath, [READER, JSON.stringify(order)], {
    cwd: join(import.meta.dirname, '../..'),
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  running.add(child)
  let out = ''
  child.stdout!.on('data', (chunk) => {
    out += chunk
  })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  return {
    async go() {
      child.stdin!.write('go\n')
      await ended
      running.delete(child)
      return JSON.parse(out)
    },
  }
}

/** What two readers at once did, and how often the shop refused them. */
async function bothRead(how: How) {
  const shop = await startShopify({ token: 'shpat_both', secret: 's', plan: PLAN })
  try {
    await tell(`${shop.url}/_sandbox/orders`, { count: 150, hard: true, seed: 3 })
    const order = {
      shop: shop.url,
      token: 'shpat_both',
      seconds: SECONDS,
      database: null,
      redis: null,
      rate: null,
      ...how,
    }
    const both = [reader(order), reader(order)]
    const done = await Promise.all(both.map((one) => one.go()))
    const { throttled } = (await (await fetch(`${shop.url}/_sandbox/stats`)).json()) as { throttled: number }
    const sum = (of: 'records' | 'calls') => done.reduce((n, one) => n + one[of], 0)
    return {
      throttled,
      records: sum('records'),
      calls: sum('calls'),
      least: Math.min(...done.map((d) => d.records)),
    }
  } finally {
    await shop.close()
  }
}

describe.skipIf(postgresMissing() ?? redisMissing())('two processes and one bucket', () => {
  let postgres: PostgresService
  let redis: RedisService
  let reckless: Awaited<ReturnType<typeof bothRead>>
  beforeAll(async () => {
    postgres = await startPostgres()
    redis = await startRedis()
    const db = openPostgres({ url: postgres.url })
    await migrate(db, false)
    await db.close()
    reckless = await bothRead({ rate: { calls: 1_000, per: '1s' } })
  }, 120_000)
  afterAll(async () => {
    for (const child of running) child.kill('SIGKILL')
    await redis?.stop()
    await postgres?.stop()
  })

  it('are refused again and again when they wait only for a refusal', () => {
    expect(reckless.throttled).toBeGreaterThan(5)
  })

  it.each(['PostgreSQL', 'Redis'])(
    'are not refused when they share the bucket through %s, and read as much',
    async (where) => {
      const shared = await bothRead({
        database: postgres.url,
        ...(where === 'Redis' ? { redis: redis.url } : {}),
      })
      // none as a rule
      expect(shared.throttled).toBeLessThanOrEqual(shared.calls * 0.01)
      expect(shared.records).toBeGreaterThan(reckless.records * 0.6)
      expect(shared.least).toBeGreaterThan(shared.records * 0.2)
    },
  )
})

/** What every keeper of budgets promises: this process's memory, PostgreSQL, Redis; the last two to many at once. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { memoryBudgets } from '../../src/connector/budget-memory.ts'
import { type BudgetLimit, type Budgets, LANES, type Lane, type Turn } from '../../src/core/budget.ts'
import { ledgerBudgets } from '../../src/ledger/budget.ts'
import { migrate } from '../../src/ledger/migrate.ts'
import { openPostgres } from '../../src/ledger/postgres.ts'
import { redisBudgets } from '../../src/queue/budget.ts'
import { orAlone } from '../../src/runtime/budgets.ts'
import { createLog } from '../../src/runtime/log.ts'
import { postgresMissing, redisMissing, startPostgres, startRedis } from '../support/services.ts'

interface Keeper {
  /** As another process would open it. */
  open(): Promise<Budgets>
  /** Loses everything. */
  lose(): Promise<void>
  stop(): Promise<void>
}

const lanes = Object.keys(LANES) as Lane[]
/** Earns nothing to speak of while a test runs. */
const still: BudgetLimit = { capacity: 100, perSecond: 1e-9 }

async function inMemory(): Promise<Keeper> {
  const budgets = memoryBudgets()
  return { open: async () => budgets, lose: () => budgets.close(), stop: () => budgets.close() }
}

async function inPostgres(): Promise<Keeper> {
  const server = await startPostgres()
  const first = openPostgres({ url: server.url })
  await migrate(first, false)
  const opened = [first]
  return {
    async open() {
      const db = openPostgres({ url: server.url })
      opened.push(db)
      return ledgerBudgets(db)
    },
    lose: async () => void (await first.query('truncate budget')),
    async stop() {
      for (const db of opened) await db.close()
      await server.stop()
    },
  }
}

async function inRedis(): Promise<Keeper> {
  const server = await startRedis()
  const opened: Budgets[] = []
  return {
    async open() {
      const budgets = redisBudgets(server.url, () => undefined)
      opened.push(budgets)
      return budgets
    },
    lose: () => server.flush(),
    async stop() {
      for (const budgets of opened) await budgets.close()
      await server.stop()
    },
  }
}

const KEEPERS = [
  { name: 'memory', missing: null, start: inMemory },
  { name: 'postgres', missing: postgresMissing(), start: inPostgres },
  { name: 'redis', missing: redisMissing(), start: inRedis },
]

/** Numbers that come again and again the same. */
function numbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    return Math.floor((state / 2 ** 31) * below)
  }
}

describe.each(KEEPERS)('budgets in $name', ({ missing, start }) => {
  let keeper: Keeper
  let budgets: Budgets
  beforeAll(async () => {
    if (missing) return
    keeper = await start()
    budgets = await keeper.open()
  })
  afterAll(() => keeper?.stop())
  let buckets = 0
  const newBucket = () => ({ connection: 'shop:一', class: `c${++buckets}` })

  it.skipIf(missing)('does the sums of core/budget.ts', async () => {
    const model = memoryBudgets(() => 0)
    const next = numbers(7)
    for (let n = 0; n < 30; n++) {
      const of = newBucket()
      const tickets = new Map<string, number | null>()
      // few enough that no ticket lapses while it runs
      for (let i = 0; i < 15; i++) {
        if (next(4) === 0) {
          const heard = {
            ...(next(2) ? { unused: next(60) - 20 } : {}),
            ...(next(3) === 0 ? { available: next(120) } : {}),
          }
          await budgets.hear(of, still, heard)
          await model.hear(of, still, heard)
          continue
        }
        const lane = lanes[next(3)]!
        const who = `${lane} ${next(2)}`
        const ticket = next(9) === 0 ? next(9) : (tickets.get(who) ?? null)
        const request = { cost: next(40), lane, patience: [0, 1e13, 1e15][next(3)]!, ticket }
        const [got, wanted] = [await budgets.take(of, still, request), await model.take(of, still, request)]
        const told = ({ taken, ticket: shown }: Turn) => ({ i, ...request, taken, shown })
        expect(told(got)).toEqual(told(wanted))
        tickets.set(who, wanted.ticket)
        expect(got.left).toBeCloseTo(wanted.left, 4)
        expect(got.wait / (wanted.wait || 1)).toBeCloseTo(wanted.wait ? 1 : 0, 4)
      }
    }
  })

  it.skipIf(missing)('earns by a clock of its own, and gives a lane its sure turn in time', async () => {
    const of = newBucket()
    const limit = { capacity: 10, perSecond: 20 }
    const take = (lane: Lane, cost: number) =>
      budgets.take(of, limit, { cost, lane, patience: 5_000, ticket: null })
    expect(await take('write', 10)).toMatchObject({ taken: true, wait: 0, left: 0 })
    expect((await take('backfill', 1)).taken, 'the first one is sure').toBe(true)
    const { taken, wait, ticket } = await take('backfill', 1)
    expect(taken).toBe(false)
    // 5 are left for others; or its share, a tenth of 20 per second
    expect(wait).toBeGreaterThan(0)
    expect(wait).toBeLessThanOrEqual(300)
    await sleep(wait + 10)
    const later = await budgets.take(of, limit, { cost: 1, lane: 'backfill', patience: 5_000, ticket })
    expect(later).toMatchObject({ taken: true })
    expect(later.left).toBeGreaterThan(2)
  })

  it.skipIf(missing)('grants to many at once exactly what is there', async () => {
    const of = newBucket()
    const others = await Promise.all(Array.from({ length: 5 }, () => keeper.open()))
    const asked = await Promise.all(
      Array.from({ length: 300 }, (_, i) =>
        others[i % 5]!.take(of, still, { cost: 1, lane: 'write', patience: 0, ticket: null }),
      ),
    )
    expect(asked.filter((turn) => turn.taken).length).toBe(100)
  })

  it.skipIf(missing)('keeps many at once within the rate, each with its part', async () => {
    const of = newBucket()
    const limit = { capacity: 40, perSecond: 100 }
    const others = await Promise.all(Array.from({ length: 4 }, () => keeper.open()))
    // connected, and the statement planned
    const warm = { cost: 0, lane: 'write', patience: 0, ticket: null } as const
    for (let i = 0; i < 8; i++) await Promise.all(others.map((own) => own.take(newBucket(), limit, warm)))
    const sent: number[] = []
    const from = performance.now()
    const end = from + 3_000
    const each = await Promise.all(
      others.map(async (own) => {
        const request = { cost: 1, lane: 'write', patience: 1_000 } as const
        for (let [ticket, mine] = [null as number | null, 0]; ; ) {
          const turn = await own.take(of, limit, { ...request, ticket })
          ticket = turn.ticket
          if (turn.wait > 0) await sleep(Math.ceil(turn.wait) + 1)
          if (turn.taken) {
            sent.push(performance.now())
            mine++
          }
          if (performance.now() > end) return mine
        }
      }),
    )
    sent.sort((a, b) => a - b)
    // a busy machine sends late, never early
    for (const [i, at] of sent.entries()) expect(i + 1).toBeLessThanOrEqual(41 + (at - from) / 10)
    expect(sent.length).toBeGreaterThan(120)
    expect(Math.min(...each), 'each has its part').toBeGreaterThan(sent.length / 8)
  })

  it.skipIf(missing)('tells everybody of a pause, and begins full when all is lost', async () => {
    const of = newBucket()
    const other = await keeper.open()
    const request = { cost: 1, lane: 'write', patience: 0, ticket: null } as const
    await other.hear(of, still, { blockedFor: 60_000, available: 3 })
    const turn = await budgets.take(of, still, request)
    expect(turn.taken).toBe(false)
    expect(turn.wait).toBeGreaterThan(50_000)
    expect(turn.wait).toBeLessThanOrEqual(60_000)
    await keeper.lose()
    expect(await budgets.take(of, still, request)).toMatchObject({ taken: true, left: 99 })
  })
})

describe('a Redis that goes away', () => {
  const open = (url: string) => {
    const written: string[] = []
    const log = createLog({ level: 'info', destination: { write: (line) => void written.push(line) } })
    const budgets = orAlone(
      redisBudgets(url, () => undefined),
      log,
    )
    const request = { cost: 1, lane: 'write', patience: 0, ticket: null } as const
    const left = async () =>
      Math.round((await budgets.take({ connection: 'shop', class: 'default' }, still, request)).left)
    return { left, close: () => budgets.close(), log: () => written.join('') }
  }

  it.skipIf(redisMissing())('begins full when it is back', async () => {
    const server = await startRedis()
    const { left, close } = open(server.url)
    try {
      expect([await left(), await left()]).toEqual([99, 98])
      await server.restart()
      expect([await left(), await left()]).toEqual([99, 98])
    } finally {
      await close()
      await server.stop()
    }
  })

  it('leaves a process to itself', async () => {
    const { left, close, log } = open('redis://127.0.0.1:1')
    expect([await left(), await left()]).toEqual([99, 98])
    expect(log().split('budget.alone')).toHaveLength(2)
    await close()
  })
})

/**
 * What a budget costs: one take after the other and eight at a time, in memory, PostgreSQL and Redis; and calls of a
 * connection to a server that answers at once, one after the other and eight at a time, whose limit is never reached.
 *
 *   npm run bench:budget
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { memoryBudgets } from '../src/connector/budget-memory.ts'
import { loadConnector } from '../src/connector/load.ts'
import { openConnection } from '../src/connector/open.ts'
import type { Budgets } from '../src/core/budget.ts'
import { ledgerBudgets } from '../src/ledger/budget.ts'
import { migrate } from '../src/ledger/migrate.ts'
import { openPostgres } from '../src/ledger/postgres.ts'
import { redisBudgets } from '../src/queue/budget.ts'
import { startPostgres, startRedis } from '../tests/support/services.ts'

const SECONDS = 3
const AT_ONCE = 8

/** Runs `work` again and again for some seconds in so many loops; answers how often per second. */
async function perSecond(loops: number, work: () => Promise<unknown>): Promise<number> {
  const loop = async (until: number) => {
    let count = 0
    for (; performance.now() < until; count++) await work()
    return count
  }
  for (let i = 0; i < 50; i++) await work()
  const until = performance.now() + SECONDS * 1000
  const counts = await Promise.all(Array.from({ length: loops }, () => loop(until)))
  return Math.round(counts.reduce((sum, n) => sum + n, 0) / SECONDS)
}

const MANIFEST = (limits: string) => `id: fast
title: Fast
settings: { base: { type: string, description: Address } }
http: { base: "{base}"${limits} }
read: { order: { document: order, shapes: { order: order.in }, list: { get: /orders, id: id } } }
`

async function openFast(base: string, budgets: Budgets, limits: string) {
  const home = mkdtempSync(join(tmpdir(), 'tributary-bench-'))
  mkdirSync(join(home, 'fast'))
  writeFileSync(join(home, 'fast', 'connector.yaml'), MANIFEST(limits))
  const company = { zone: 'Asia/Shanghai', currency: 'CNY' }
  const connection = await openConnection(
    await loadConnector(join(home, 'fast')),
    { id: 'fast', entity: 'main', settings: { base }, company, budgets },
    async (id) => ({ id, version: '1', map: async (input) => input }),
  )
  rmSync(home, { recursive: true })
  return connection
}

const server = createServer((_, res) => res.end('[]'))
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
const postgres = await startPostgres()
const redis = await startRedis()
const db = openPostgres({ url: postgres.url })
await migrate(db, false)
const keepers: [name: string, budgets: Budgets | null][] = [
  ['no limit', null],
  ['memory', memoryBudgets()],
  ['postgres', ledgerBudgets(db)],
  ['redis', redisBudgets(redis.url, () => undefined)],
]
const LIMITS = ', limits: { default: { calls: 1000000, per: 1s, burst: 1000000 } }'
const limit = { capacity: 1e6, perSecond: 1e6 }
const request = { cost: 1, lane: 'write', patience: 1_000, ticket: null } as const
const window = { since: new Date(0), until: new Date(), resume: null }
const { signal } = new AbortController()
console.log('| kept in | takes/s, one by one | eight at a time | calls/s, one by one | eight at a time |')
console.log('|---|---|---|---|---|')
for (const [name, budgets] of keepers) {
  const take = () => budgets!.take({ connection: 'fast', class: 'takes' }, limit, request)
  const takes = budgets ? [await perSecond(1, take), await perSecond(AT_ONCE, take)] : ['', '']
  const connection = await openFast(base, budgets ?? memoryBudgets(), budgets ? LIMITS : '')
  const call = () => connection.streams[0]!.page(window, signal)
  const calls = [await perSecond(1, call), await perSecond(AT_ONCE, call)]
  console.log(`| ${[name, ...takes, ...calls].join(' | ')} |`)
  await connection.close()
  await budgets?.close()
}
await db.close()
await redis.stop()
await postgres.stop()
server.close()

/**
 * A process that reads a whole Shopify shop, again and again for so many seconds, and says what it read. Started by
 * budget.test.ts with its order as JSON. `rate`: its own calls are counted instead of the shop's points.
 */

import { memoryBudgets } from '../../src/connector/budget-memory.ts'
import { loadConnector } from '../../src/connector/load.ts'
import { openConnection } from '../../src/connector/open.ts'
import { openPostgres } from '../../src/ledger/postgres.ts'
import { openBudgets } from '../../src/runtime/budgets.ts'
import { createLog } from '../../src/runtime/log.ts'

interface Order {
  shop: string
  token: string
  seconds: number
  database: string | null
  redis: string | null
  rate: { calls: number; per: string } | null
}

const { shop, token, seconds, database, redis, rate } = JSON.parse(process.argv[2]!) as Order
const log = createLog({ level: 'warn', destination: process.stderr })
const db = database ? openPostgres({ url: database }) : null
const storage = { data: '', database, redis }
const budgets = db ? openBudgets(storage, db, log) : memoryBudgets()
let calls = 0
const connection = await openConnection(
  await loadConnector('connectors/shopify'),
  {
    id: 'shop',
    entity: 'main',
    settings: { base: shop, token, secret: 'unused' },
    company: { zone: 'Asia/Shanghai', currency: 'CNY' },
    budgets,
    rate,
    onCall: () => calls++,
  },
  async (id) => ({ id, version: '1', map: async (input) => input }),
)
const window = { since: new Date('2020-01-01T00:00:00Z'), until: new Date(Date.now() + 3_600_000) }
const signal = new AbortController().signal
let resume: unknown = null
let records = 0
// all begin together
await new Promise((resolve) => process.stdin.once('data', resolve))
const end = performance.now() + seconds * 1000
while (performance.now() < end) {
  try {
    const page = await connection.streams[0]!.page({ ...window, resume }, signal)
    records += page.records.length
    resume = page.next
  } catch (error) {
    // as the product does: read again from the same place
    if ((error as { code?: string }).code !== 'CONNECTOR_THROTTLED') throw error
  }
}
await connection.close()
await budgets.close()
await db?.close()
console.log(JSON.stringify({ records, calls }))
process.stdin.destroy()

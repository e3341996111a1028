/**
 * Reads all orders of order-pages.ts once, in a process of its own: `bare` with axios and JSON.parse, `connector` with
 * what the product reads a declared list with. Prints orders, seconds and the most memory that it held.
 */

import { Agent } from 'node:http'
import { join } from 'node:path'
import axios from 'axios'
import { loadConnector } from '../../src/connector/load.ts'
import { openConnection } from '../../src/connector/open.ts'

const [how, base] = process.argv.slice(2) as ['bare' | 'connector', string]
const window = { since: new Date('2026-01-01T00:00:00Z'), until: new Date('2026-02-01T00:00:00Z') }
let most = 0

const looked = () => {
  most = Math.max(most, process.memoryUsage.rss())
}

async function bare(): Promise<number> {
  const client = axios.create({ httpAgent: new Agent({ keepAlive: true }), responseType: 'arraybuffer' })
  const edges = `updated_from=${window.since.toISOString()}&updated_to=${window.until.toISOString()}`
  let orders = 0
  for (let page = 1; ; page++) {
    const { data } = await client.get<Buffer>(`${base}/orders?${edges}&page=${page}&limit=250`)
    const answer = JSON.parse(data.toString('utf8')) as { has_more: boolean; orders: unknown[] }
    orders += answer.orders.length
    looked()
    if (!answer.has_more) return orders
  }
}

async function connector(): Promise<number> {
  const shop = await openConnection(
    await loadConnector(join(import.meta.dirname, 'plain-shop')),
    { id: 'shop', entity: 'main', settings: { base }, company: { zone: 'UTC', currency: 'EUR' } },
    async () => ({ version: '', map: async (value: unknown) => value }) as never,
  )
  let orders = 0
  let resume: unknown = null
  do {
    const page = await shop.streams[0]!.page({ ...window, resume }, AbortSignal.timeout(60_000))
    orders += page.records.length
    // as the pipe keeps its place
    resume = page.next === null ? null : JSON.parse(JSON.stringify(page.next))
    looked()
  } while (resume !== null)
  await shop.close()
  return orders
}

const started = performance.now()
const orders = await (how === 'bare' ? bare() : connector())
const seconds = (performance.now() - started) / 1000
console.log(JSON.stringify({ orders, seconds, rss: most / 1024 / 1024 }))
process.exit(0)

/**
 * What a long history costs: seconds per order with 10,000 and with 100,000 orders in the ledger, the size of
 * the queue's and the hot tables after vacuum, and the memory of the process after 10,000 orders.
 *
 *   npm run bench:growth -- --size postgres
 */
import { cpus } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { freePort } from '../tests/support/free-port.ts'
import { fill } from './parts/fill.ts'
import { load, median } from './parts/load.ts'
import { deliveries } from './parts/orders.ts'
import type { Started } from './parts/process.ts'
import {
  allArrived,
  committed,
  openStorage,
  SIZES,
  type Size,
  type Storage,
  startNc,
  startProduct,
} from './parts/storage.ts'

const { values: asked } = parseArgs({
  options: {
    size: { type: 'string' },
    small: { type: 'string', default: '10000' },
    large: { type: 'string', default: '100000' },
    orders: { type: 'string', default: '1000' },
  },
})
const ORDERS = Number(asked.orders)
const say = (line: string) => process.stderr.write(`${line}\n`)

/**
 * Median milliseconds per order over five rounds, and the memory afterwards. All go to one NC: another one would give
 * its bills the same numbers again, which Tributary refuses.
 */
async function rounds(storage: Storage, nc: Started, from: number): Promise<{ each: number; rss: number }> {
  const before = await committed(nc)
  const product = await startProduct(storage, nc.url, await freePort(), 'start')
  const to = { url: product.url, path: '/webhooks/shop/orders-create', connections: 64 }
  const each: number[] = []
  for (let n = 0; n < 6; n++) {
    const ready = deliveries(ORDERS, from + n * ORDERS)
    const started = performance.now()
    await load(ready, to)
    const done = await allArrived(nc, before + (n + 1) * ORDERS, 300_000)
    // the first round warms caches and compiled code
    if (n > 0) each.push((done - started) / ORDERS)
  }
  await sleep(1500)
  const rss = product.rss()
  await product.stop()
  return { each: median(each), rss }
}

async function tableSizes(storage: Storage): Promise<string> {
  const db = await storage.open()
  await db.query('vacuum')
  const { rows } = await db.query<{ name: string; kb: number }>(
    `select n.nspname || '.' || c.relname as name, (pg_total_relation_size(c.oid) / 1024)::int as kb
       from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind = 'r' and n.nspname = 'bullmq' and pg_total_relation_size(c.oid) > 65536 order by 2 desc limit 4`,
  )
  await db.close()
  return rows.map((r) => `${r.name} ${r.kb} kB`).join(', ') || 'all below 64 kB'
}

async function measure(size: Size): Promise<void> {
  const storage = await openStorage(size)
  say(`${size}: ${storage.settings}`)
  const nc = await startNc()
  const grow = async (orders: number) => {
    const db = await storage.open()
    await fill(db, orders)
    await db.close()
  }
  try {
    await rounds(storage, nc, 0)
    say(`  queue tables after vacuum, first rounds    ${await tableSizes(storage)}`)
    await grow(Number(asked.small))
    const small = await rounds(storage, nc, 100_000)
    say(`  queue tables after vacuum, twice as many   ${await tableSizes(storage)}`)
    await grow(Number(asked.large))
    const large = await rounds(storage, nc, 200_000)
    say(`  per order at ${asked.small} orders   ${small.each.toFixed(2)} ms`)
    say(
      `  per order at ${asked.large} orders  ${large.each.toFixed(2)} ms   ${(large.each / small.each).toFixed(2)} ×`,
    )
    say(`  RSS of the product after ${6 * ORDERS} orders  ${large.rss.toFixed(0)} MB`)
  } finally {
    await nc.stop()
    await storage.close()
  }
}

say(`node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}`)
for (const size of SIZES) if (!asked.size || asked.size === size) await measure(size)

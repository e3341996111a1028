/**
 * The whole pipe, measured: webhook in → durable → mapped → planned → NC sandbox confirmed, on the three
 * storage sizes, beside bare Fastify, a naive handler and BullMQ no-op jobs in the same run.
 *
 *   npm run bench                         all sizes, 4,000 orders each
 *   npm run bench -- --orders 10000 --size redis
 *
 * Load generator, product, NC sandbox and database share this machine's cores: compare the ratios, and only
 * figures of one run with each other.
 */
import { cpus } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { migrate } from '../src/ledger/migrate.ts'
import { freePort } from '../tests/support/free-port.ts'
import { measureIntake } from './parts/intake.ts'
import { load, median, percentile } from './parts/load.ts'
import { noopJobs } from './parts/noop.ts'
import { type Delivery, deliveries } from './parts/orders.ts'
import { type Started, startScript } from './parts/process.ts'
import {
  allArrived,
  openStorage,
  SIZES,
  type Size,
  type Storage,
  startNc,
  startProduct,
} from './parts/storage.ts'

const { values: asked } = parseArgs({
  options: {
    orders: { type: 'string', default: '4000' },
    size: { type: 'string' },
    connections: { type: 'string', default: '128' },
    json: { type: 'boolean', default: false },
  },
})
const ORDERS = Number(asked.orders)
const CONNECTIONS = Number(asked.connections)
/** Before anything is timed, of the product and of every baseline alike: their code is compiled while it runs. */
const WARM = 1_000
const ROUNDS = 3
/** For intake alone, of the product and of the bare handler: enough to keep a commit full while another runs. */
const CROWD = 256
/** Seconds. */
const OPEN_LOOP = 10
const here = (name: string) => join(import.meta.dirname, 'parts', name)
const say = (line: string) => process.stderr.write(`${line}\n`)

interface Row {
  what: string
  figure: number
  unit: string
}

async function measureSize(size: Size): Promise<Row[]> {
  const rows: Row[] = []
  const add = (what: string, figure: number, unit: string) => {
    rows.push({ what, figure, unit })
    say(`  ${size.padEnd(9)} ${what.padEnd(46)} ${figure.toFixed(figure < 10 ? 2 : 0).padStart(8)} ${unit}`)
  }
  const storage = await openStorage(size)
  say(`${size}: ${storage.settings}`)
  try {
    const naive = await measureNaive(storage)
    add('naive handler (insert, map, post, update)', naive, 'orders/s')
    add('BullMQ no-op jobs on this backend', await measureNoop(storage), 'jobs/s')
    await measureProduct(storage, naive, add)
  } finally {
    await storage.close()
  }
  return rows
}

async function measureNaive(storage: Storage): Promise<number> {
  const nc = await startNc()
  const server = await startScript([
    here('naive.ts'),
    storage.size,
    storage.database ?? storage.folder,
    nc.url,
  ])
  const to = { url: server.url, path: '/webhook', connections: CONNECTIONS }
  await load(deliveries(WARM, 20_000_000), to)
  const found: number[] = []
  for (let i = 1; i <= ROUNDS; i++) {
    const { perSecond, refused } = await load(deliveries(ORDERS, 20_000_000 + i * 1_000_000), to)
    if (refused > 0) say(`  ${refused} requests were refused by the naive handler`)
    found.push(perSecond)
  }
  await server.stop()
  await nc.stop()
  return median(found)
}

async function measureNoop(storage: Storage): Promise<number> {
  if (storage.redis) return noopJobs({ redis: storage.redis }, 10_000)
  const db = await storage.open()
  await migrate(db, true)
  const perSecond = await noopJobs({ db }, 2_000)
  await db.close()
  return perSecond
}

type Add = (what: string, figure: number, unit: string) => void

/** The product's own figures; the open loop runs at 70 % of what it has just carried. */
async function measureProduct(storage: Storage, naive: number, add: Add): Promise<void> {
  const nc = await startNc()
  const backlog = await addIntake(storage, nc, add)
  const port = await freePort()
  const began = performance.now()
  const product = await startProduct(storage, nc.url, port, 'start')
  const drained = await allArrived(nc, backlog, 600_000)
  const draining = (backlog * 1000) / (drained - began)
  add('draining that backlog, start of the process included', draining, 'orders/s')
  const to = { url: product.url, path: '/webhooks/shop/orders-create', connections: CONNECTIONS }
  const round = rounds(nc, to, backlog)
  await round(WARM)
  const cpu = product.cpu()
  const found: number[] = []
  for (let i = 0; i < ROUNDS; i++) found.push(ORDERS / (await round(ORDERS)).seconds)
  const pipe = median(found)
  add('whole pipe, webhook to NC', pipe, 'orders/s')
  add('  times the naive handler', pipe / naive, '×')
  add('  CPU of the product per order', ((product.cpu() - cpu) / ORDERS / ROUNDS) * 1000, 'ms')
  const rate = pipe * 0.7
  const open = await round(Math.ceil(rate * OPEN_LOOP), rate)
  add('open loop at 70 %: rate', rate, 'orders/s')
  add('  answer p50', percentile(open.load.latency, 0.5), 'ms')
  add('  answer p99', percentile(open.load.latency, 0.99), 'ms')
  add('RSS of the product', product.rss(), 'MB')
  await sleep(1000)
  await product.stop()
  const confirmed = await confirmedAt(storage, open.load.intended)
  add('  webhook to confirmed p50', percentile(confirmed, 0.5), 'ms')
  add('  webhook to confirmed p99', percentile(confirmed, 0.99), 'ms')
  await nc.stop()
}

/** How fast webhooks become durable when nothing else runs. Answers how many records it left to be worked off. */
async function addIntake(storage: Storage, nc: Started, add: Add): Promise<number> {
  const found = await measureIntake(storage, nc.url, {
    orders: ORDERS,
    warm: WARM,
    rounds: ROUNDS,
    connections: CROWD,
  })
  add('bare Fastify, same raw body and HMAC', found.bare, 'requests/s')
  add('durable intake (serve alone)', found.served, 'webhooks/s')
  add('  share of bare', found.ofBare * 100, '%')
  return found.sent
}

/** Rounds of new orders through the product, each until the last one is in NC. */
function rounds(nc: Started, to: { url: string; path: string; connections: number }, before: number) {
  let sent = before
  return async (count: number, rate?: number) => {
    const ready: Delivery[] = deliveries(count, sent)
    sent += count
    const started = performance.now()
    const result = await load(ready, rate ? { ...to, rate } : to)
    if (result.refused > 0) say(`  ${result.refused} webhooks were refused`)
    const done = await allArrived(nc, sent - result.refused, 600_000)
    return { load: result, seconds: (done - started) / 1000 }
  }
}

/** Milliseconds from the intended time of each webhook to its push being confirmed in the ledger, sorted. */
async function confirmedAt(storage: Storage, intended: Map<string, number>): Promise<number[]> {
  const db = await storage.open()
  const { rows } = await db.query<{ order_id: string; at: number }>(
    `select order_id, (extract(epoch from updated_at) * 1000)::float8 as at from push where state = 'confirmed'`,
  )
  await db.close()
  const times = rows.flatMap((r) => (intended.has(r.order_id) ? [r.at - intended.get(r.order_id)!] : []))
  if (times.length < intended.size) say(`  ${intended.size - times.length} orders are not confirmed`)
  return times.sort((a, b) => a - b)
}

say(
  `node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}, ${ORDERS} orders, ${CONNECTIONS} connections`,
)
const results: Record<string, Row[]> = {}
for (const size of SIZES) if (!asked.size || asked.size === size) results[size] = await measureSize(size)
if (asked.json) console.log(JSON.stringify(results, null, 2))

/**
 * What connectors cost: orders pulled page by page beside a bare loop over the same pages, and webhooks taken in beside a
 * bare handler and one that inserts a row for each.
 *
 *   npm run bench:connectors
 *   npm run bench:connectors -- --orders 20000 --webhooks 2000 --rounds 1
 *
 * All share this machine's cores: compare the ratios, and only figures of one run with each other.
 */
import { execFileSync } from 'node:child_process'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { measureIntake } from './parts/intake.ts'
import { median } from './parts/load.ts'
import { startScript } from './parts/process.ts'
import { openStorage, startNc } from './parts/storage.ts'

const { values: asked } = parseArgs({
  options: {
    orders: { type: 'string', default: '100000' },
    webhooks: { type: 'string', default: '4000' },
    rounds: { type: 'string', default: '3' },
    connections: { type: 'string', default: '64' },
    size: { type: 'string', default: 'postgres' },
    json: { type: 'boolean', default: false },
  },
})
const ROUNDS = Number(asked.rounds)
const results: { what: string; figure: number; unit: string; aim: string }[] = []
const say = (line: string) => process.stderr.write(`${line}\n`)
function add(what: string, figure: number, unit: string, aim = ''): void {
  results.push({ what, figure, unit, aim })
  say(`  ${what.padEnd(52)} ${figure.toFixed(figure < 10 ? 2 : 0).padStart(8)} ${unit.padEnd(11)} ${aim}`)
}

interface Pulled {
  orders: number
  seconds: number
  rss: number
}

/** In a process of its own, started as the product is. */
function pull(how: 'bare' | 'connector', url: string): Pulled {
  const args = ['--max-semi-space-size=8', join(import.meta.dirname, 'parts/pull.ts'), how, url]
  const env = { ...process.env, MALLOC_ARENA_MAX: '1' }
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8', env })) as Pulled
}

async function measurePull(): Promise<void> {
  const shop = await startScript([join(import.meta.dirname, 'parts/order-pages.ts'), asked.orders])
  const found = Array.from({ length: ROUNDS }, () => {
    const bare = pull('bare', shop.url)
    const connector = pull('connector', shop.url)
    if (connector.orders !== Number(asked.orders)) throw new Error(`${connector.orders} orders were read`)
    return { bare, connector }
  })
  await shop.stop()
  const rate = ({ orders, seconds }: Pulled) => orders / seconds
  add('bare axios and JSON.parse over the same pages', median(found.map((f) => rate(f.bare))), 'orders/s')
  add('pull by connector', median(found.map((f) => rate(f.connector))), 'orders/s')
  const shares = found.map((f) => (rate(f.connector) / rate(f.bare)) * 100)
  add('  share of bare', median(shares), '%', '≥ 60')
  add('  most memory', Math.max(...found.map((f) => f.connector.rss)), 'MB', '≤ 300')
}

async function measureWebhooks(): Promise<void> {
  const storage = await openStorage(asked.size as 'postgres')
  say(`${storage.size}: ${storage.settings}`)
  const nc = await startNc()
  const intake = await measureIntake(storage, nc.url, {
    orders: Number(asked.webhooks),
    warm: 1_000,
    rounds: ROUNDS,
    connections: Number(asked.connections),
    inserting: storage.database !== null,
  })
  await nc.stop()
  await storage.close()
  add('bare Fastify, same raw body and HMAC', intake.bare, 'requests/s')
  if (intake.inserted !== null) add('a handler that inserts a row each', intake.inserted, 'requests/s')
  add('durable intake (serve alone)', intake.served, 'webhooks/s')
  add('  share of bare', intake.ofBare * 100, '%', '≥ 80')
  if (intake.ofInserted !== null) add('  times a row each', intake.ofInserted, '×', '≥ 2')
  add(`  answer p99 at ${asked.connections} connections`, intake.p99, 'ms')
}

say(
  `node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}, ${asked.orders} orders, ${ROUNDS} rounds`,
)
await measurePull()
await measureWebhooks()
if (asked.json) console.log(JSON.stringify(results, null, 2))

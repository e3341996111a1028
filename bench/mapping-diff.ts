/**
 * `tributary mapping diff` on a ledger of 10,000 orders that came through the pipe, beside the running process:
 * three changes planted in a copy of the Shopify webhook mapping must be found on exactly the affected orders, as
 * computed from the raw bytes alone. Then records per second, peak memory, and what the running process felt of it.
 *
 *   npm run bench:mapping-diff -- --size postgres --orders 10000
 */
import { spawn } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { storedRecords } from '../src/ledger/stored-record.ts'
import type { Verdict } from '../src/mapping/diff-report.ts'
import { judgeRecord } from '../src/pipeline/mapping-diff.ts'
import { loadConfig } from '../src/runtime/config.ts'
import { openConnections } from '../src/runtime/connections.ts'
import { createLog } from '../src/runtime/log.ts'
import type { MappingDiffAnswer } from '../src/runtime/mapping-diff.ts'
import { generateOrder } from '../src/sandbox/generate/order.ts'
import { restOrder } from '../src/sandbox/shopify/rest.ts'
import { freePort } from '../tests/support/free-port.ts'
import { load, percentile } from './parts/load.ts'
import { type Delivery, SECRET } from './parts/orders.ts'
import { startScript } from './parts/process.ts'
import { configText } from './parts/product-config.ts'
import { openStorage, type Size, type Storage } from './parts/storage.ts'

const { values: asked } = parseArgs({
  options: { size: { type: 'string', default: 'pglite' }, orders: { type: 'string', default: '10000' } },
})
const ORDERS = Number(asked.orders)
const ROOT = join(import.meta.dirname, '..')
const MAIN = join(ROOT, 'src/cli/main.ts')
const say = (line: string) => process.stderr.write(`${line}\n`)

/** What the three changes below do to a raw order, read without any mapping. */
function affectedBy(order: Record<string, unknown>): string[] {
  const lines = order.line_items as { sku: string | null }[]
  if (lines.some((l) => !l.sku)) return []
  if (!['paid', 'partially_refunded', 'refunded'].includes(String(order.financial_status))) return ['parks']
  const found = []
  if (order.note) found.push('remarks.buyer')
  if (Number(order.total_discounts) > 0) found.push('totals.discount')
  return found
}

const CHANGES: [from: string, to: string][] = [
  ['remarks: { buyer: $firstOf(note) }', `remarks: { buyer: "note ? 'note: ' & note" }`],
  [
    'discount: $money(total_discounts_set.shop_money.amount, $currency)',
    'discount: $money(total_discounts_set.shop_money.amount, $currency) * 2',
  ],
  ['lines, totals.total]', 'lines, totals.total, paidAt]'],
]

function plant(folder: string): string {
  let text = readFileSync(join(ROOT, 'mappings/shopify/order-webhook.in.yaml'), 'utf8')
  for (const [from, to] of CHANGES) {
    if (!text.includes(from)) throw new Error(`the mapping has no "${from}"`)
    text = text.replace(from, to)
  }
  mkdirSync(join(folder, 'changed/shopify'), { recursive: true })
  const file = join(folder, 'changed/shopify/order-webhook.in.yaml')
  writeFileSync(file, text)
  return file
}

/** Every kind of order that the sandbox knows, as webhooks; `wanted`: what must be found, by order id. */
function hardDeliveries(wanted: Map<string, string[]>): Delivery[] {
  const now = new Date()
  return Array.from({ length: ORDERS }, (_, index) => {
    const order = restOrder(generateOrder(11, index, now, true)) as Record<string, unknown>
    const found = affectedBy(order)
    if (found.length > 0) wanted.set(String(order.id), found)
    const body = Buffer.from(JSON.stringify(order))
    const signature = createHmac('sha256', SECRET).update(body).digest('base64')
    const headers =
      `content-type: application/json\r\nx-shopify-topic: orders/create\r\nx-shopify-hmac-sha256: ${signature}\r\n` +
      `x-shopify-webhook-id: diff-${index}\r\ncontent-length: ${body.length}\r\n`
    return { orderId: String(order.id), headers, body }
  })
}

interface Run {
  answer: MappingDiffAnswer
  seconds: number
  /** Peak resident memory, MB. */
  peak: number
}

function diff(config: string, ...args: string[]): Promise<Run> {
  const started = performance.now()
  const child = spawn(
    process.execPath,
    ['--max-semi-space-size=4', MAIN, '--config', config, '--json', 'mapping', 'diff', ...args],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, MALLOC_ARENA_MAX: '1' },
    },
  )
  let out = ''
  let peak = 0
  child.stdout.on('data', (chunk) => {
    out += chunk
  })
  const timer = setInterval(() => {
    // gone between two looks
    if (child.exitCode !== null || child.signalCode !== null) return
    const kb = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]
    peak = Math.max(peak, Number(kb ?? 0) / 1024)
  }, 25)
  return new Promise((resolve, reject) => {
    child.once('close', (code) => {
      clearInterval(timer)
      if (code !== 0 && code !== 4) return reject(new Error(`mapping diff ended with ${code}`))
      resolve({ answer: JSON.parse(out), seconds: (performance.now() - started) / 1000, peak })
    })
  })
}

/** Milliseconds that the running process takes to answer, asked over and over until stopped. */
function latencies(url: string): () => Promise<number[]> {
  const found: number[] = []
  let ended = false
  const run = (async () => {
    while (!ended) {
      const at = performance.now()
      await (await fetch(`${url}/healthz`)).text()
      found.push(performance.now() - at)
      await sleep(10)
    }
  })()
  return async () => {
    ended = true
    await run
    return found.sort((a, b) => a - b)
  }
}

/** Both runs beside the product; throws when a count is not what the raw bytes say. */
async function measure(
  config: string,
  file: string,
  url: string,
  wanted: Map<string, string[]>,
): Promise<void> {
  const calm = latencies(url)
  await sleep(2000)
  const before = await calm()
  const unchanged = join(file, '../same.yaml')
  writeFileSync(unchanged, readFileSync(join(ROOT, 'mappings/shopify/order-webhook.in.yaml')))
  const start = await diff(config, file, '--records', '1')
  say(`  one record: ${start.seconds.toFixed(1)} s, peak RSS ${start.peak.toFixed(0)} MB`)
  for (const [what, path, more] of [
    ['nothing changed', unchanged, ['--for', 'shop:order:webhook']],
    ['three changes', file, []],
  ] as const) {
    const stop = latencies(url)
    const { answer, seconds, peak } = await diff(config, path, ...more)
    const during = await stop()
    const rate = answer.looked / Math.max(seconds - start.seconds, 0.001)
    say(
      `  ${what}: ${answer.rerun} run again, ${answer.differs} differ, ${answer.parks} would be parked; ` +
        `${seconds.toFixed(1)} s of which ${start.seconds.toFixed(1)} s start, ${rate.toFixed(0)} records/s, peak RSS ${peak.toFixed(0)} MB`,
    )
    say(
      `    the running process answered in ${percentile(during, 0.99).toFixed(0)} ms (p99), ${during.at(-1)!.toFixed(0)} ms (most);` +
        ` before ${percentile(before, 0.99).toFixed(0)} and ${before.at(-1)!.toFixed(0)} ms`,
    )
    check(answer, what === 'nothing changed' ? new Map() : wanted)
  }
}

function check(answer: MappingDiffAnswer, wanted: Map<string, string[]>): void {
  const count = (path: string) => [...wanted.values()].filter((paths) => paths.includes(path)).length
  const fields = Object.fromEntries(answer.fields.map((g) => [g.path, g.orders]))
  const expected = { 'remarks.buyer': count('remarks.buyer'), 'totals.discount': count('totals.discount') }
  const all: Record<string, number> = {
    ...Object.fromEntries(Object.keys(fields).map((path) => [path, 0])),
    ...expected,
  }
  for (const [path, orders] of Object.entries(all)) {
    if ((fields[path] ?? 0) !== orders)
      throw new Error(`${path}: ${fields[path] ?? 0} orders, wanted ${orders}`)
  }
  if (answer.parks !== count('parks'))
    throw new Error(`${answer.parks} would be parked, wanted ${count('parks')}`)
}

/** Order by order, in this process, when the product has ended. */
async function exactly(
  storage: Storage,
  config: string,
  file: string,
  wanted: Map<string, string[]>,
): Promise<void> {
  const parsed = loadConfig(config, process.env)
  const connections = await openConnections(parsed, createLog({ level: 'error' }), {
    instead: (_, name) => (name === 'order-webhook.in' ? file : undefined),
  })
  const mappings = { changed: { connections, company: parsed.company }, inUse: null }
  const db = await storage.open()
  const targets = [{ connection: 'shop', stream: 'order', shape: 'webhook', document: 'order' }]
  let wrong = 0
  const found = new Set<string>()
  const pathsOf = (v: Verdict) =>
    v.as === 'differs' ? v.changes.map((c) => c.path) : v.as === 'parks' ? ['parks'] : []
  for (let before: number | null = null; ; ) {
    const page = await storedRecords(db, { targets, before, since: null })
    for (const record of page.items) {
      const { verdict } = await judgeRecord(mappings, record)
      const paths = pathsOf(verdict).sort().join()
      if (paths !== '') found.add(record.external_id!)
      if (paths !== (wanted.get(record.external_id!) ?? []).join()) wrong += 1
    }
    if (page.next === null) break
    before = page.next
  }
  await db.close()
  for (const connection of connections.values()) await connection.close()
  if (wrong > 0 || found.size !== wanted.size) throw new Error(`${wrong} orders are judged wrongly`)
  say(`  order by order: ${found.size} of ${ORDERS} affected, exactly those that the raw bytes say`)
}

async function main(size: Size): Promise<void> {
  const storage = await openStorage(size)
  say(`node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}; ${size}: ${storage.settings}`)
  try {
    const config = join(storage.folder, 'tributary.yaml')
    const { folder, database, redis } = storage
    const places = { folder, port: await freePort(), erp: 'http://127.0.0.1:9', database, redis }
    // the orders end as documents: what is written elsewhere is not what is measured here
    writeFileSync(config, configText(places).replace('mode: live', 'mode: off'))
    const product = await startScript([MAIN, '--json', '--config', config, 'start'], {
      MALLOC_ARENA_MAX: '1',
    })
    const wanted = new Map<string, string[]>()
    const to = { url: product.url, path: '/webhooks/shop/orders-create', connections: 64 }
    const { refused } = await load(hardDeliveries(wanted), to)
    if (refused > 0) throw new Error(`${refused} deliveries were refused`)
    await through(product.url)
    const file = plant(storage.folder)
    await measure(config, file, product.url, wanted)
    await product.stop()
    await exactly(storage, config, file, wanted)
  } finally {
    await storage.close()
  }
}

/** Waits until nothing is left to be mapped. */
async function through(url: string): Promise<void> {
  for (const end = Date.now() + 600_000; ; await sleep(500)) {
    const text = await (await fetch(`${url}/metrics`)).text()
    const figure = (name: string) => Number(text.split(`\n${name} `)[1]?.split('\n')[0] ?? Number.NaN)
    if (figure('tributary_received_records') >= ORDERS && figure('tributary_waiting{hop="inbox"}') === 0)
      return
    if (Date.now() > end) throw new Error('not all orders were mapped within ten minutes')
  }
}

await main(asked.size as Size)

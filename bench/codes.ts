/**
 * What one import sets going: orders are parked for articles that no code table names, then one file of codes is
 * imported, and all of them arrive in NC. Seconds of the import, until everything is set going, and until the last
 * bill is there.
 *
 *   npm run bench:codes -- --size postgres --orders 1000 --codes 5000
 */
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs, promisify } from 'node:util'
import { KNOWN_SKUS } from '../src/sandbox/generate/catalogue.ts'
import { freePort } from '../tests/support/free-port.ts'
import { load } from './parts/load.ts'
import { deliveries } from './parts/orders.ts'
import type { Started } from './parts/process.ts'
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
    size: { type: 'string' },
    orders: { type: 'string', default: '1000' },
    codes: { type: 'string', default: '5000' },
  },
})
const ORDERS = Number(asked.orders)
const CODES = Number(asked.codes)
const MAIN = join(import.meta.dirname, '..', 'src/cli/main.ts')
const say = (line: string) => process.stderr.write(`${line}\n`)
const execute = promisify(execFile)

/** Runs a command as a person would, beside the running product; answers what it says. */
async function tributary(storage: Storage, ...args: string[]): Promise<unknown> {
  const file = join(storage.folder, 'tributary.yaml')
  const { stdout } = await execute(process.execPath, [MAIN, '--json', '--config', file, ...args])
  return JSON.parse(stdout)
}

/** A file of codes: so many, from the given keys on. */
function codesFile(storage: Storage, name: string, keys: string[]): string {
  const file = join(storage.folder, name)
  const rows = keys.map((key) => `nc,material,${key},${key}\n`)
  writeFileSync(file, `connection,table,key,value\n${rows.join('')}`)
  return file
}

/** Waits until so many things are parked. */
async function untilParked(product: Started, token: string, count: number): Promise<void> {
  const headers = { authorization: `Bearer ${token}` }
  for (const end = Date.now() + 300_000; Date.now() < end; await sleep(200)) {
    const stats = (await (await fetch(`${product.url}/v1/stats`, { headers })).json()) as { parked: number }
    if (stats.parked >= count) return
  }
  throw new Error(`not ${count} parked within five minutes`)
}

interface Imported {
  added: number
  waiting: number
  redriven: { pushes: number }
}

async function measure(size: Size): Promise<void> {
  const storage = await openStorage(size)
  say(`${size}: ${storage.settings}`)
  const nc = await startNc()
  const product = await startProduct(storage, nc.url, await freePort(), 'start')
  try {
    // the table is there, so every article needs its entry
    await tributary(storage, 'codes', 'import', codesFile(storage, 'first.csv', ['NOBODY-ORDERS-IT']))
    const { token } = (await tributary(storage, 'token', 'create', 'bench')) as { token: string }
    const to = { url: product.url, path: '/webhooks/shop/orders-create', connections: 16 }
    await load(deliveries(ORDERS), to)
    await untilParked(product, token, ORDERS)
    const others = Array.from({ length: CODES - KNOWN_SKUS.length }, (_, i) => `SKU-${i}`)
    const file = codesFile(storage, 'codes.csv', [...KNOWN_SKUS, ...others])
    const started = performance.now()
    const done = (await tributary(storage, 'codes', 'import', file)) as Imported
    const going = performance.now()
    const arrived = await allArrived(nc, ORDERS, 300_000)
    const seconds = (at: number) => `${((at - started) / 1000).toFixed(2)} s`
    say(
      `  ${done.added} codes imported, ${done.redriven.pushes} of ${done.waiting} that waited set going  ${seconds(going)}`,
    )
    say(`  all ${ORDERS} bills in NC  ${seconds(arrived)}`)
  } finally {
    await product.stop()
    await nc.stop()
    await storage.close()
  }
}

say(`node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}`)
for (const size of SIZES) if (!asked.size || asked.size === size) await measure(size)

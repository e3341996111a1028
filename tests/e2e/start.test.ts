// biome-ignore-all lint/suspicious/noExplicitAny: JSON answers are looked at as any script would
/** `tributary start` with a configuration: from a signed webhook to the ERP, looked at by the other commands. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startNaiveErp } from '../../src/sandbox/naive-erp/server.ts'
import { startShopify } from '../../src/sandbox/shopify/server.ts'

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'tributary-start-'))
const file = join(folder, 'tributary.yaml')
const SECRET = 'start-secret'
let shop: { url: string; close(): Promise<void> }
let erp: { url: string; close(): Promise<void> }
let tributary: ChildProcess
let url = ''
let log = ''

const options = { cwd: folder, env: { PATH: process.env.PATH, SECRET, TOKEN: 'shpat_start' } }

async function run(...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [MAIN, ...args], options)
  let out = ''
  let err = ''
  child.stdout.on('data', (chunk) => {
    out += chunk
  })
  child.stderr.on('data', (chunk) => {
    err += chunk
  })
  const code = await new Promise<number | null>((done) => child.on('close', done))
  return { code, out, err }
}

/** Starts it and waits until it says where it listens. */
async function start(): Promise<void> {
  tributary = spawn(process.execPath, [MAIN, 'start', '--port', '0', '--json'], options)
  tributary.stderr!.on('data', (chunk) => {
    log += chunk
  })
  let out = ''
  for await (const chunk of tributary.stdout!) {
    out += chunk
    if (out.includes('}')) break
  }
  url = JSON.parse(out).url
}

async function stop(): Promise<number | null> {
  const ended = new Promise<number | null>((done) => tributary.on('close', done))
  tributary.kill('SIGTERM')
  return ended
}

beforeAll(async () => {
  shop = await startShopify({ token: 'shpat_start', secret: SECRET })
  erp = await startNaiveErp({ token: 'erp-start', lag: [0, 0], lateRate: 0 })
  writeFileSync(
    file,
    `company: { zone: Asia/Shanghai, currency: CNY }
connections:
  web:
    use: shopify
    settings: { base: "${shop.url}", token: "\${TOKEN}", secret: "\${SECRET}" }
    poll: { order: { lag: 0s } }
  erp: { use: naive-erp, settings: { base: "${erp.url}", token: erp-start } }
flows:
  web-orders: { shops: [web], erp: erp, from: 2020-01-01T00:00:00Z, mode: live, every: "*/2 * * * * *" }
`,
  )
  await start()
}, 60_000)
afterAll(async () => {
  if (tributary.exitCode === null) await stop()
  await Promise.all([shop.close(), erp.close()])
  rmSync(folder, { recursive: true, force: true })
})

/** Orders without anything that hurts. */
const sell = (count: number, seed: number) =>
  fetch(`${shop.url}/_sandbox/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ count, seed, rate: 0 }),
  })

/** Asks until the answer is the wished one. */
async function until<T>(ask: () => Promise<T>, good: (answer: T) => boolean): Promise<T> {
  const end = Date.now() + 30_000
  for (;;) {
    const answer = await ask()
    if (good(answer) || Date.now() > end) return answer
    await new Promise((r) => setTimeout(r, 250))
  }
}

describe('start', () => {
  test('an order of the shop becomes a document of the ERP; commands and API tell of it', async () => {
    await sell(3, 3)
    const token = JSON.parse((await run('token', 'create', 'test', '--json')).out).token as string
    const ask = async (path: string) =>
      (await (await fetch(url + path, { headers: { authorization: `Bearer ${token}` } })).json()) as any
    const orders = await until(
      () => ask('/v1/orders'),
      (a) => a.items.length === 3 && a.items.every((o: any) => o.progress === 'confirmed'),
    )
    expect(orders.items.map((o: any) => o.progress)).toEqual(['confirmed', 'confirmed', 'confirmed'])
    const held = (await (await fetch(`${erp.url}/_sandbox/documents`)).json()) as any
    expect((held.documents ?? held).map((d: any) => d.state)).toEqual(['confirmed', 'confirmed', 'confirmed'])
    const [order] = orders.items
    const shown = await run('orders', 'show', order.key)
    expect(shown.out).toContain('push planned')
    expect(shown.out).toContain('the remote has it')
    const found = JSON.parse((await run('orders', 'find', order.number, '--json')).out)
    expect(found[0]).toMatchObject({ by: 'number', order: { key: order.key } })
    const listed = JSON.parse((await run('push', 'list', '--json')).out)
    expect(listed.items).toHaveLength(3)
    const bytes = await run('push', 'show', listed.items[0].id, '--body')
    expect(bytes.out).toContain('"reference"')
    expect((await run('parked', 'list')).code).toBe(0)
  }, 120_000)

  test('a webhook needs its signature and nothing else', async () => {
    const body = JSON.stringify({ id: 1 })
    const send = (signature: string, topic = 'orders-create') =>
      fetch(`${url}/webhooks/web/${topic}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-shopify-hmac-sha256': signature },
        body,
      })
    expect((await send('wrong')).status).toBe(401)
    const good = createHmac('sha256', SECRET).update(body).digest('base64')
    expect((await send(good)).status).toBe(200)
    expect((await send(good, 'nothing')).status).toBe(404)
    expect((await fetch(`${url}/v1/orders`)).status).toBe(401)
  })

  test('pause holds what is due, resume lets it go', async () => {
    await run('pause', '--connection', 'erp', '--why', 'stock-taking')
    const paused = JSON.parse((await run('pause', '--json')).out)
    expect(paused[0]).toMatchObject({ scope: { connection: 'erp' }, why: 'stock-taking', automatic: false })
    await sell(1, 11)
    const orders = async () => JSON.parse((await run('orders', 'list', '--json')).out).items as any[]
    const progress = async () => (await orders()).map((o) => o.progress).sort()
    const waiting = ['confirmed', 'confirmed', 'confirmed', 'planned']
    expect(await until(progress, (p) => p.length === 4 && p.includes('planned'))).toEqual(waiting)
    // It would long have gone: the first three took less.
    await new Promise((r) => setTimeout(r, 2000))
    expect(await progress()).toEqual(waiting)
    await run('resume', '--connection', 'erp')
    expect(await until(progress, (p) => !p.includes('planned'))).toEqual(Array(4).fill('confirmed'))
    expect(JSON.parse((await run('pause', '--json')).out)).toEqual([])
  }, 120_000)

  test('a second process on the same folder is refused with the fix; the same port too', async () => {
    const second = await run('start', '--port', '0')
    expect([second.code, second.err]).toEqual([3, expect.stringContaining('LEDGER_FOLDER_HELD')])
    const elsewhere = await run('start', '--data', join(folder, 'other'), '--port', new URL(url).port)
    expect([elsewhere.code, elsewhere.err]).toEqual([3, expect.stringContaining('CONFIG_ADDRESS')])
  })

  test('the quickstart options mean nothing beside a configuration', async () => {
    const ran = await run('start', '--orders', '5')
    expect([ran.code, ran.err]).toEqual([2, expect.stringContaining('--orders')])
  })

  test('SIGTERM ends it tidily; the commands then open the ledger themselves', async () => {
    expect(await stop()).toBe(0)
    const listed = JSON.parse((await run('orders', 'list', '--json')).out)
    expect(listed.items.length).toBeGreaterThanOrEqual(3)
    const kept = join(folder, 'kept.backup')
    expect((await run('backup', kept)).code).toBe(0)
    const other = ['--data', join(folder, 'restored')]
    expect((await run(...other, 'restore', kept)).code).toBe(0)
    const again = JSON.parse((await run(...other, 'orders', 'list', '--json')).out)
    expect(again).toEqual(listed)
    expect((await run(...other, 'migrate')).code).toBe(0)
  }, 120_000)

  test('no log line holds the secret or the name of a buyer', () => {
    expect(log).not.toContain(SECRET)
    expect(log).not.toContain('shpat_start')
    for (const line of log.trim().split('\n')) expect(() => JSON.parse(line)).not.toThrow()
  })
})

// biome-ignore-all lint/suspicious/noExplicitAny: JSON answers are looked at as any script would
/** `tributary serve` and two `tributary work` on one PostgreSQL: the sizes for one server and more. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startNaiveErp } from '../../src/sandbox/naive-erp/server.ts'
import { startShopify } from '../../src/sandbox/shopify/server.ts'
import { postgresMissing, startPostgres } from '../support/services.ts'

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const ORDERS = 20

describe.skipIf(postgresMissing())('serve and work', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-serve-'))
  const children: ChildProcess[] = []
  let database: Awaited<ReturnType<typeof startPostgres>>
  let shop: { url: string; close(): Promise<void> }
  let erp: { url: string; close(): Promise<void> }
  const workers: { url: string | null }[] = []
  let url = ''
  const environment = () => ({
    cwd: folder,
    env: { PATH: process.env.PATH, DATABASE_URL: database.url, SECRET: 'serve-secret' },
  })

  /** Starts a long-running command; resolves with what it says of itself. */
  async function start(...args: string[]): Promise<any> {
    const child = spawn(process.execPath, [MAIN, ...args, '--json'], {
      ...environment(),
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    children.push(child)
    let out = ''
    for await (const chunk of child.stdout!) {
      out += chunk
      if (out.includes('}')) break
    }
    return JSON.parse(out)
  }

  const run = (...args: string[]) =>
    new Promise<{ code: number | null; out: string }>((done) => {
      const child = spawn(process.execPath, [MAIN, ...args], environment())
      let out = ''
      child.stdout.on('data', (chunk) => {
        out += chunk
      })
      child.on('close', (code) => done({ code, out }))
    })

  beforeAll(async () => {
    database = await startPostgres()
    shop = await startShopify({ token: 'shpat_serve', secret: 'serve-secret' })
    erp = await startNaiveErp({ token: 'erp-serve', lag: [0, 0], lateRate: 0 })
    writeFileSync(
      join(folder, 'tributary.yaml'),
      `company: { zone: Asia/Shanghai, currency: CNY }
connections:
  web:
    use: shopify
    settings: { base: "${shop.url}", token: shpat_serve, secret: "\${SECRET}" }
    poll: { order: { lag: 0s } }
  erp: { use: naive-erp, settings: { base: "${erp.url}", token: erp-serve } }
flows:
  web-orders: { shops: [web], erp: erp, from: 2020-01-01T00:00:00Z, mode: live, every: "*/2 * * * * *" }
`,
    )
    expect((await run('migrate')).code).toBe(0)
    url = (await start('serve', '--port', '0')).url
    workers.push(await start('work'), await start('work'))
  }, 120_000)

  afterAll(async () => {
    const ended = children.map((child) => new Promise((done) => child.on('close', (code) => done(code))))
    for (const child of children) child.kill('SIGTERM')
    const codes = await Promise.all(ended)
    await Promise.all([shop.close(), erp.close()])
    await database.stop()
    rmSync(folder, { recursive: true, force: true })
    expect(codes).toEqual([0, 0, 0])
  }, 60_000)

  test('each says how it is, also two of them on one machine; what only works takes nothing in', async () => {
    const [first, second] = workers.map((worker) => worker.url!)
    expect(first).not.toBe(second)
    for (const at of [first, second]) {
      expect(await (await fetch(`${at}/healthz`)).json()).toEqual({ status: 'ok' })
      const ready = await fetch(`${at}/readyz`)
      expect([ready.status, await ready.json()]).toEqual([
        200,
        { ready: true, checks: { database: 'ok', queue: 'ok' } },
      ])
      expect(await (await fetch(`${at}/metrics`)).text()).toContain('tributary_waiting')
      expect((await fetch(`${at}/v1/orders`)).status).toBe(404)
      expect((await fetch(`${at}/webhooks/web/orders-create`, { method: 'POST', body: '{}' })).status).toBe(
        404,
      )
    }
  })

  test('a stated port that is taken is an error; --no-health listens nowhere', async () => {
    const taken = new URL(workers[0]!.url!).port
    expect((await run('work', '--port', taken)).code).toBe(3)
    const silent = await start('work', '--no-health')
    expect(silent).toMatchObject({ working: true, url: null })
    const child = children.pop()!
    const ended = new Promise((done) => child.on('close', done))
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
  }, 60_000)

  test('a signal while a command is still starting ends it tidily', async () => {
    let heard = 0
    for (const after of [150, 400, 900, 2000]) {
      const child = spawn(process.execPath, [MAIN, 'work', '--no-health'], environment())
      let said = ''
      child.stderr.on('data', (chunk) => {
        said += chunk
      })
      const ended = new Promise((done) => child.on('close', (code, signal) => done({ code, signal })))
      await new Promise((done) => setTimeout(done, after))
      child.kill('SIGTERM')
      const end = await ended
      // before the program's first line Node itself is what hears it
      if (said === '') continue
      expect([after, end]).toEqual([after, { code: 0, signal: null }])
      heard += 1
    }
    expect(heard).toBeGreaterThan(0)
  }, 60_000)

  test('carry the orders together, each once; commands look at the same database', async () => {
    expect((await fetch(`${url}/readyz`)).status).toBe(200)
    await fetch(`${shop.url}/_sandbox/orders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ count: ORDERS, seed: 5, rate: 0 }),
    })
    const end = Date.now() + 60_000
    let orders: any[] = []
    do {
      orders = JSON.parse((await run('orders', 'list', '--json')).out).items
    } while (
      Date.now() < end &&
      !(orders.length === ORDERS && orders.every((o) => o.progress === 'confirmed'))
    )
    expect(orders.map((o) => o.progress)).toEqual(Array(ORDERS).fill('confirmed'))
    const held = (await (await fetch(`${erp.url}/_sandbox/documents`)).json()) as any
    const references = (held.documents ?? held).map((d: any) => d.reference)
    expect(references).toHaveLength(ORDERS)
    expect(new Set(references).size).toBe(ORDERS)
    const metrics = await (await fetch(`${url}/metrics`)).text()
    expect(metrics).toContain(`tributary_pushes{connection="erp",state="confirmed"} ${ORDERS}`)
  }, 120_000)
})

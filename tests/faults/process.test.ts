/** One process under ordinary trouble: stopped in the middle of work, a wrong clock, an odd page, a full disk. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { compare } from '../../src/sandbox/compare/compare.ts'
import { Product } from './product.ts'
import { ask, openWorld, tell, type World, type WorldOptions } from './world.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

const ORDINARY: WorldOptions = {
  storage: 'embedded',
  erp: 'nc-per-bill',
  seed: 1,
  polls: true,
  concurrency: 2,
}

async function stage(options: Partial<WorldOptions> = {}, env: Record<string, string> = {}) {
  const world = await openWorld({ ...ORDINARY, ...options })
  closers.push(() => world.close())
  const product = new Product({ folder: world.folder, url: world.product.url, embedded: true, env })
  closers.push(() => product.close())
  closers.push(() => product.kill())
  return { world, product }
}

const sell = (world: World, count: number, more: object = {}) =>
  tell(`${world.shop.url}/_sandbox/orders`, { count, seed: 1, rate: 0, ...more })

async function differences({ shop, erp, erpKind }: World): Promise<unknown[]> {
  return (await compare({ shop: shop.url, erp: erp.url, erpKind })).differences
}

const documents = async (world: World) => (await ask<unknown[]>(`${world.erp.url}/_sandbox/bills`)).length

describe('SIGTERM', () => {
  it('in the middle of work: it ends soon and tidily, and the next process goes on', async () => {
    const { world, product } = await stage()
    await tell(`${world.erp.url}/_sandbox/faults`, { latency: { probability: 1, min: 300, max: 600 } })
    await product.start()
    await sell(world, 150)
    await expect.poll(() => documents(world), { timeout: 20_000, interval: 50 }).toBeGreaterThan(0)
    const { code, took } = await product.stop()
    const before = await documents(world)
    expect(code).toBe(0)
    expect(took).toBeLessThan(10_000)
    expect(before).toBeLessThan(150)
    // nothing was left in doubt: no lease has to run out before the rest goes on
    await product.start()
    await expect.poll(() => differences(world), { timeout: 30_000, interval: 500 }).toEqual([])
  }, 100_000)
})

describe('the embedded database', () => {
  it('when its thread dies the process says so and ends, to be started again; nothing is lost', async () => {
    const preload = pathToFileURL(join(import.meta.dirname, 'thread-death.ts')).href
    const { world, product } = await stage({}, { NODE_OPTIONS: `--import=${preload}` })
    await product.start()
    await sell(world, 40)
    await expect.poll(() => documents(world), { timeout: 20_000, interval: 20 }).toBeGreaterThan(0)
    product.signal('SIGUSR2')
    expect(await product.ended).toMatchObject({ code: 1, signal: null })
    expect(product.tail).toContain('LEDGER_EMBEDDED_STOPPED')
    await product.start()
    await expect.poll(() => differences(world), { timeout: 60_000, interval: 500 }).toEqual([])
  }, 120_000)
})

describe('clocks', () => {
  it.each([
    ['ahead of', 15 * 60_000],
    ['behind', -15 * 60_000],
  ])(
    'a process whose clock is %s the shop loses nothing that only polls bring',
    async (_, ahead) => {
      const preload = pathToFileURL(join(import.meta.dirname, 'clock-ahead.ts')).href
      const { world, product } = await stage(
        {},
        { CLOCK_AHEAD: String(ahead), NODE_OPTIONS: `--import=${preload}` },
      )
      await tell(`${world.shop.url}/_sandbox/faults`, ahead > 0 ? { webhookLose: 1 } : {})
      await product.start()
      await sell(world, 3)
      await expect.poll(() => documents(world), { timeout: 20_000 }).toBe(3)
      // the first window has been read to its end by now: the second order must not lie before it
      await new Promise((resolve) => setTimeout(resolve, 5_000))
      await sell(world, 2)
      await expect.poll(() => documents(world), { timeout: 20_000 }).toBe(5)
      expect(await differences(world)).toEqual([])
    },
    100_000,
  )
})

describe('a page', () => {
  it('that holds the same order twice makes one document of it', async () => {
    const { world, product } = await stage()
    const proxy = await doubling(world.shop.url)
    closers.push(() => proxy.close())
    const file = join(world.folder, 'tributary.yaml')
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll(world.shop.url, proxy.url))
    await tell(`${world.shop.url}/_sandbox/faults`, { webhookLose: 1 })
    await sell(world, 8)
    await product.start()
    await expect.poll(() => differences(world), { timeout: 20_000, interval: 500 }).toEqual([])
    expect(await documents(world)).toBe(8)
    expect(proxy.doubled()).toBeGreaterThan(0)
  }, 60_000)
})

/** Passes everything on to the shop; lists of orders come back with each order twice. */
async function doubling(to: string): Promise<{ url: string; doubled(): number; close(): Promise<void> }> {
  let doubled = 0
  const server: Server = createServer((req, res) => {
    const pass = async () => {
      const chunks: Buffer[] = []
      for await (const chunk of req) chunks.push(chunk as Buffer)
      const { host: _, connection: __, 'content-length': ___, ...headers } = req.headers
      const answer = await fetch(to + req.url, {
        method: req.method!,
        headers: headers as Record<string, string>,
        body: Buffer.concat(chunks),
      })
      const body = (await answer.json()) as { data?: { orders?: { nodes: unknown[] } } }
      const orders = body.data?.orders
      if (orders) {
        doubled += orders.nodes.length
        orders.nodes = orders.nodes.flatMap((node) => [node, node])
      }
      res.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    }
    pass().catch((error: Error) => res.destroy(error))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    doubled: () => doubled,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}

/** A small disk needs the right to mount one. */
function mayMount(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false
  const at = join('/tmp', `tributary-mount-${process.pid}`)
  mkdirSync(at)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1M', 'tmpfs', at], { stdio: 'pipe' })
    execFileSync('umount', [at], { stdio: 'pipe' })
    return true
  } catch (error) {
    if (error instanceof Error) return false
    throw error
  } finally {
    rmSync(at, { recursive: true })
  }
}

describe.skipIf(!mayMount())('a full disk', () => {
  it('refuses what it cannot keep, and keeps what it took', async () => {
    const { world, product } = await stage({ polls: false })
    const data = join(world.folder, 'data')
    mkdirSync(data)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=300M,mode=700', 'tmpfs', data])
    closers.splice(1, 0, () => execFileSync('umount', ['-l', data]))
    await product.start()
    await sell(world, 5)
    await expect.poll(() => documents(world), { timeout: 20_000 }).toBe(5)
    const { bavail, bsize } = statfsSync(data)
    writeFileSync(join(data, 'filler'), Buffer.alloc(bavail * bsize - 256 * 1024))
    await sell(world, 300)
    await expect.poll(() => refusals(world), { timeout: 30_000 }).toBeGreaterThan(0)
    rmSync(join(data, 'filler'))
    // a database that could not write its log may have ended the process; an operator starts it again
    if (!product.running || !(await healthy(world))) {
      await product.kill()
      await product.start()
    }
    await expect.poll(() => differences(world), { timeout: 90_000, interval: 1000 }).toEqual([])
    expect(await documents(world)).toBe(305)
  }, 180_000)
})

/** Deliveries that were not answered 2xx. */
async function refusals(world: World): Promise<number> {
  return (await ask<{ webhooks: { failed: number } }>(`${world.shop.url}/_sandbox/stats`)).webhooks.failed
}

async function healthy(world: World): Promise<boolean> {
  try {
    return (await fetch(`${world.product.url}/readyz`)).ok
  } catch (error) {
    if (error instanceof TypeError) return false
    throw error
  }
}

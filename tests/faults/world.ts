/** What stands around the product in a fault run: shop, ERP and storage, each a process of its own. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KNOWN_SKUS } from '../../src/sandbox/generate/catalogue.ts'
import { type Child, startChild } from '../support/child.ts'
import { freePort } from '../support/free-port.ts'
import { type PostgresService, type RedisService, startPostgres, startRedis } from '../support/services.ts'

export type Storage = 'embedded' | 'postgres' | 'postgres-redis'
/** Shopify sends webhooks and is polled besides; Taobao is polled alone, each order read by itself. */
export type Shop = 'shopify' | 'taobao'
export type Erp = 'nc-per-bill' | 'nc-all-or-none' | 'nc-big-file' | 'naive'

/** A sandbox that can be killed and comes back with what its log holds. */
export interface Sandbox {
  url: string
  restart(): Promise<void>
  stop(): Promise<void>
}

export interface World {
  folder: string
  storage: Storage
  erpKind: 'yonyou-nc' | 'naive-erp'
  shopKind: Shop
  shop: Sandbox
  erp: Sandbox
  product: { url: string }
  postgres: PostgresService | null
  redis: RedisService | null
  close(): Promise<void>
}

export interface WorldOptions {
  storage: Storage
  /** Default shopify. */
  shop?: Shop
  erp: Erp
  seed: number
  /** Polls beside the webhooks. */
  polls: boolean
  /** ERP documents on their way at the same time. */
  concurrency: number
  /** Milliseconds. Shorter than the connector's own where given. */
  callTimeout?: number
  /** Naive ERP, milliseconds. */
  lag?: [number, number]
  lateBy?: [number, number]
  lateRate?: number
  settle?: number
}

const ROOT = join(import.meta.dirname, '../..')
const TOKEN = 'outbound-secret-of-the-fault-tests'

export async function openWorld(options: WorldOptions): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-faults-'))
  const closers: (() => Promise<unknown>)[] = [async () => rmSync(folder, { recursive: true, force: true })]
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer()
  }
  try {
    const port = await freePort()
    const url = `http://127.0.0.1:${port}`
    const postgres = options.storage === 'embedded' ? null : await startPostgres()
    if (postgres) closers.push(() => postgres.stop())
    const redis = options.storage === 'postgres-redis' ? await startRedis() : null
    if (redis) closers.push(() => redis.stop())
    const shopKind = options.shop ?? 'shopify'
    const shop = await startShop(shopKind, folder, url)
    closers.push(() => shop.stop())
    const erp = await startErp(options, folder, url)
    closers.push(() => erp.stop())
    const { storage } = options
    const world = { folder, storage, shopKind, shop, erp, product: { url }, postgres, redis, close }
    const erpKind = options.erp === 'naive' ? ('naive-erp' as const) : ('yonyou-nc' as const)
    if (options.callTimeout) quickConnector(folder, erpKind, options.callTimeout)
    writeFileSync(join(folder, 'tributary.yaml'), configOf({ ...world, erpKind }, options, port))
    return { ...world, erpKind }
  } catch (error) {
    await close()
    throw error
  }
}

const TAOBAO = { appKey: '1', appSecret: 's', session: 't' }

async function startShop(kind: Shop, folder: string, url: string): Promise<Sandbox> {
  const base = { port: await freePort(), log: join(folder, 'shop.jsonl') }
  if (kind === 'taobao') return startSandbox('taobao', { ...base, ...TAOBAO })
  return startSandbox('shopify', {
    ...base,
    token: 't',
    secret: 's',
    webhookUrl: `${url}/webhooks/shop/{topic}`,
    // patient: what polls would bring must not be needed
    retryGaps: Array.from({ length: 1000 }, () => 0.7),
  })
}

/** Seconds that Taobao's lists are read behind its clock: longer than the lag that the runs give its index. */
export const TAOBAO_LAG = 2

function shopConnection({ shop, shopKind }: Pick<World, 'shop' | 'shopKind'>, polls: boolean): object {
  const base = shop.url
  if (shopKind === 'taobao') {
    const poll = { order: { lag: `${TAOBAO_LAG}s`, overlap: '2s' } }
    return { use: 'taobao', settings: { base, ...TAOBAO }, poll }
  }
  const poll = { order: polls ? { lag: '0s', overlap: '2s' } : { off: true } }
  return { use: 'shopify', settings: { base, token: 't', secret: 's' }, poll }
}

async function startErp(options: WorldOptions, folder: string, url: string): Promise<Sandbox> {
  const base = { port: await freePort(), log: join(folder, 'erp.jsonl'), seed: options.seed }
  if (options.erp === 'naive') {
    const items = [...KNOWN_SKUS, 'SHIPPING', 'CHARGE']
    const { lag = [0, 20_000], lateBy = [0, 10_000], lateRate = 0.3 } = options
    return startSandbox('naive-erp', { ...base, token: 'n', lag, lateBy, lateRate, items })
  }
  return startSandbox('yonyou-nc', {
    ...base,
    account: '01',
    group: 'G',
    senders: ['trib'],
    encoding: 'GBK',
    dealRule: options.erp === 'nc-all-or-none' ? 'all-or-none' : 'per-bill',
    ...(options.erp === 'nc-big-file'
      ? { bigFile: true, processAfter: 1500, acknowledgeUrl: `${url}/webhooks/erp/outbound?token=${TOKEN}` }
      : {}),
  })
}

async function startSandbox(
  name: string,
  options: { port: number } & Record<string, unknown>,
): Promise<Sandbox> {
  const url = `http://127.0.0.1:${options.port}`
  const start = async (): Promise<Child> => {
    const child = await startChild(
      process.execPath,
      [join(import.meta.dirname, 'sandbox-process.ts'), name, JSON.stringify(options)],
      {},
    )
    const gone = child.ended.then(() => true)
    for (let tries = 0; tries < 300; tries++) {
      if (child.tail().includes(url)) return child
      if (await Promise.race([gone, new Promise<false>((r) => setTimeout(r, 100, false))])) break
    }
    await child.end('SIGKILL')
    throw new Error(`the sandbox ${name} does not start:\n${child.tail()}`)
  }
  let child = await start()
  return {
    url,
    async restart() {
      await child.end('SIGKILL')
      child = await start()
    },
    stop: () => child.end('SIGKILL'),
  }
}

/** The bundled connector with shorter time limits, beside tributary.yaml, where it wins over the bundled one. */
function quickConnector(folder: string, id: string, timeout: number): void {
  const to = join(folder, 'connectors', id)
  mkdirSync(join(folder, 'connectors'))
  cpSync(join(ROOT, 'connectors', id), to, { recursive: true })
  const manifest = join(to, 'connector.yaml')
  const text = readFileSync(manifest, 'utf8').replace(/timeout: \d+s/g, `timeout: ${timeout}ms`)
  writeFileSync(manifest, text)
}

function configOf(world: Omit<World, 'close'>, options: WorldOptions, port: number): string {
  const nc = {
    base: world.erp.url,
    account: '01',
    group: 'G',
    sender: 'trib',
    charset: 'GBK',
    pkOrg: '0001',
    bizType: 'B',
    customer: 'C001',
    dept: 'D1',
    taxCode: 'CN13',
    outboundToken: TOKEN,
    bigFile: options.erp === 'nc-big-file',
  }
  const naive = { base: world.erp.url, token: 'n', settle: `${options.settle ?? 31_000}ms` }
  const connections = {
    shop: shopConnection(world, options.polls),
    erp: {
      use: world.erpKind,
      settings: options.erp === 'naive' ? naive : nc,
      concurrency: options.concurrency,
      codes: { rate: { USD: '7.1', EUR: '7.8', JPY: '0.048', KWD: '23.1', CNY: '1' } },
    },
  }
  // JSON is YAML
  return JSON.stringify({
    company: { zone: 'Asia/Shanghai', currency: 'CNY', entities: { main: { name: 'Example' } } },
    storage: {
      data: join(world.folder, 'data'),
      ...(world.postgres ? { database: world.postgres.url } : {}),
      ...(world.redis ? { redis: world.redis.url } : {}),
    },
    http: { port },
    connections,
    flows: {
      web: {
        shops: ['shop'],
        erp: 'erp',
        from: new Date(Date.now() - 3_600_000).toISOString(),
        mode: 'live',
        every: '*/3 * * * * *',
      },
    },
  })
}

/** POSTs JSON to a sandbox's own switches. */
export async function tell(url: string, body: unknown): Promise<unknown> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`)
  return response.json()
}

/** GETs JSON from a sandbox's own lists. */
export async function ask<T>(url: string): Promise<T> {
  const response = await fetch(url)
  if (!response.ok) throw new Error(`${url} answered ${response.status}`)
  return (await response.json()) as T
}

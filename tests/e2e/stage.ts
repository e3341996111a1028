/**
 * The whole product between a sandbox shop and a sandbox ERP, in this process: real ledger, real queue, real
 * HTTP. Closed and started again it stands on the same folder, as after a restart.
 */
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll } from 'vitest'
import { startHttp } from '../../src/http/server.ts'
import { openPglite } from '../../src/ledger/pglite.ts'
import { parseConfig } from '../../src/runtime/config.ts'
import { createLog } from '../../src/runtime/log.ts'
import type { OrderDetail, Running } from '../../src/runtime/operations.ts'
import { startRuntime } from '../../src/runtime/start.ts'
import { KNOWN_SKUS } from '../../src/sandbox/generate/catalogue.ts'
import { startNaiveErp } from '../../src/sandbox/naive-erp/server.ts'
import type { OdooOptions } from '../../src/sandbox/odoo/options.ts'
import { startOdoo } from '../../src/sandbox/odoo/server.ts'
import type { ShopOrder } from '../../src/sandbox/shopify/order.ts'
import { startShopify } from '../../src/sandbox/shopify/server.ts'
import { startYonyouNc } from '../../src/sandbox/yonyou-nc/server.ts'
import { freePort } from '../support/free-port.ts'
import { heldInOdoo, odooConnection } from './stage-odoo.ts'

export const TOKEN = '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'
export const SECRET = 'webhook-secret-8d1c7b'
export const ERP_TOKEN = 'erp-token-5e6f7a'

export interface StageOptions {
  erp: 'nc' | 'naive' | 'odoo'
  /** Of the sandbox Odoo. */
  odoo?: Partial<OdooOptions>
  /** The shop sends webhooks. */
  webhooks?: boolean
  /** The shop is read every second. */
  polls?: boolean
  /** PostgreSQL; left out: embedded. */
  database?: string
  /** Merged into the flow, the ERP connection and the shop connection. */
  flow?: object
  erpConnection?: object
  shopSettings?: object
  /** Merged into how the shop's orders are polled. */
  shopPolls?: object
  /** `alerts:` of the configuration. */
  alerts?: object
  log?: 'debug' | 'info' | 'warn' | 'error'
}

/** One life of the product. */
export interface Product {
  running: Running
  url: string
  /** Everything it logged. */
  log(): string
  close(): Promise<void>
}

/** A document as the ERP holds it, whichever ERP. */
export interface Held {
  key: string
  number: string
  orderId: string
  total: string
  lines: number
  state: string
}

export interface Stage {
  folder: string
  shop: Shop
  erp: Erp
  url: string
  config(changes?: Partial<StageOptions>): string
  /** Starts the product; `changes` go over the stage's options. */
  start(changes?: Partial<StageOptions>): Promise<Product>
  close(): Promise<void>
}

let pristine: Promise<string> | undefined

/** An empty cluster, made once per test file: making one takes longer than most tests. */
async function emptyCluster(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-cluster-'))
  await (await openPglite(folder)).close()
  return join(folder, 'pg')
}

afterAll(async () => {
  if (pristine) rmSync(dirname(await pristine), { recursive: true, force: true })
})

export async function openStage(options: StageOptions): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-e2e-'))
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  if (!options.database) {
    pristine ??= emptyCluster()
    mkdirSync(join(folder, 'data'), { mode: 0o700 })
    cpSync(await pristine, join(folder, 'data', 'pg'), { recursive: true })
  }
  const webhookUrl = options.webhooks ? { webhookUrl: `${url}/webhooks/shop/{topic}` } : {}
  const shop = await startShopify({ token: TOKEN, secret: SECRET, retryScale: 0.02, ...webhookUrl })
  const erp = await startErp(options)
  const lives = new Set<Product>()
  const config = (changes: Partial<StageOptions> = {}) =>
    configOf({ ...options, ...changes }, { folder, port, shop: shop.url, erp: erp.url })
  return {
    folder,
    shop: shopOf(shop.url),
    erp: erpOf(erp.url, options.erp),
    url,
    config,
    async start(changes = {}) {
      const life = await startProduct(
        config(changes),
        folder,
        { ...options, ...changes },
        port,
        lives.size > 0,
      )
      const close = life.close
      life.close = async () => {
        if (lives.delete(life)) await close()
      }
      lives.add(life)
      return life
    },
    async close() {
      for (const life of lives) await life.close()
      await shop.close()
      await erp.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function startErp({ erp, odoo }: StageOptions): Promise<{ url: string; close(): Promise<void> }> {
  if (erp === 'nc') return startYonyouNc({ account: '01', group: 'G', senders: ['trib'], encoding: 'GBK' })
  if (erp === 'odoo') return startOdoo({ apiKey: ERP_TOKEN, ...odoo })
  const items = [...KNOWN_SKUS, 'SHIPPING', 'CHARGE']
  return startNaiveErp({ token: ERP_TOKEN, lag: [0, 0], lateRate: 0, items })
}

async function startProduct(
  text: string,
  folder: string,
  options: StageOptions,
  port: number,
  second: boolean,
): Promise<Product> {
  let written = ''
  const write = (line: string) => {
    written += line
  }
  const log = createLog({ level: options.log ?? 'info', destination: { write } })
  const config = parseConfig(text, join(folder, 'tributary.yaml'), {})
  const running = await startRuntime(config, { role: 'all', log })
  const http = await startHttp({ running, host: '127.0.0.1', port: second ? 0 : port, log })
  return {
    running,
    url: http.url,
    log: () => written,
    close: async () => {
      await http.close()
      await running.close()
    },
  }
}

interface Places {
  folder: string
  port: number
  shop: string
  erp: string
}

function configOf(options: StageOptions, at: Places): string {
  const nc = {
    base: at.erp,
    account: '01',
    group: 'G',
    sender: 'trib',
    charset: 'GBK',
    outboundToken: ERP_TOKEN,
  }
  const facts = { pkOrg: '0001', bizType: 'B', customer: 'C001', dept: 'D1', taxCode: 'CN13' }
  const erp =
    options.erp === 'nc'
      ? { use: 'yonyou-nc', settings: { ...nc, ...facts }, codes: {} }
      : options.erp === 'odoo'
        ? odooConnection(at.erp, ERP_TOKEN, options.odoo)
        : { use: 'naive-erp', settings: { base: at.erp, token: ERP_TOKEN, settle: '300ms' }, codes: {} }
  // JSON is YAML
  return JSON.stringify({
    company: { zone: 'Asia/Shanghai', currency: 'CNY', entities: { main: { name: 'Example' } } },
    storage: {
      data: join(at.folder, 'data'),
      ...(options.database ? { database: options.database } : {}),
    },
    http: { port: at.port },
    log: { level: options.log ?? 'info' },
    ...(options.alerts ? { alerts: options.alerts } : {}),
    connections: {
      shop: {
        use: 'shopify',
        settings: { base: at.shop, token: TOKEN, secret: SECRET, ...options.shopSettings },
        poll: {
          // refunds and returns have tests of their own; here orders are counted
          refund: { off: true },
          return: { off: true },
          order: { ...(options.polls ? { lag: '0s', overlap: '3s' } : { off: true }), ...options.shopPolls },
        },
      },
      erp: {
        ...erp,
        codes: { ...erp.codes, rate: { USD: '7.1', EUR: '7.8', JPY: '0.048', KWD: '23.1', CNY: '1' } },
        ...options.erpConnection,
      },
    },
    flows: {
      web: {
        shops: ['shop'],
        erp: 'erp',
        from: '2020-01-01T00:00:00Z',
        mode: 'live',
        every: '* * * * * *',
        ...options.flow,
      },
    },
  })
}

export interface Expected {
  orderId: string
  number: string
  expect: 'document' | 'parked' | 'none'
}

export interface Shop {
  url: string
  /** Sells at once; answers all orders so far. */
  sell(count: number, more?: object): Promise<Expected[]>
  change(orderId: string, what: 'edit' | 'cancel' | 'refund', how?: object): Promise<void>
  faults(patch: object): Promise<void>
  orders(): Promise<ShopOrder[]>
}

function shopOf(url: string): Shop {
  const expected = () => ask<Expected[]>(`${url}/_sandbox/expected`)
  return {
    url,
    async sell(count, more = {}) {
      await tell(`${url}/_sandbox/orders`, { count, ...more })
      return expected()
    },
    change: async (id, what, how = {}) => void (await tell(`${url}/_sandbox/orders/${id}/${what}`, how)),
    faults: async (patch) => void (await tell(`${url}/_sandbox/faults`, patch)),
    orders: () => ask(`${url}/_sandbox/orders`),
  }
}

export interface Erp {
  url: string
  held(): Promise<Held[]>
  faults(patch: object): Promise<void>
}

interface NcBill {
  id: string
  total: string
  head: Record<string, string>
  rows: unknown[]
}

interface NaiveDocument {
  id: string
  state: string
  reference: string
  number: string
  source: string
  total: string
  lines: unknown[]
}

function erpOf(url: string, kind: StageOptions['erp']): Erp {
  return {
    url,
    faults: async (patch) => void (await tell(`${url}/_sandbox/faults`, patch)),
    async held() {
      if (kind === 'nc') {
        const bills = await ask<NcBill[]>(`${url}/_sandbox/bills`)
        return bills.map(({ id, total, head, rows }) => ({
          key: id,
          number: head.vcooppohcode!,
          orderId: head.vdef1!,
          total,
          lines: rows.length,
          state: 'final',
        }))
      }
      if (kind === 'odoo') return heldInOdoo(await ask(`${url}/_sandbox/orders`))
      const documents = await ask<NaiveDocument[]>(`${url}/_sandbox/documents`)
      return documents
        .filter((d) => d.state !== 'deleted')
        .map((d) => ({
          key: d.reference,
          number: d.number,
          orderId: d.source,
          total: d.total,
          lines: d.lines.length,
          state: d.state,
        }))
    },
  }
}

/** POSTs JSON. Throws unless the answer is 2xx. */
export async function tell(url: string, body: unknown): Promise<unknown> {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`)
  return response.json()
}

async function ask<T>(url: string): Promise<T> {
  const response = await fetch(url)
  if (!response.ok) throw new Error(`${url} answered ${response.status}`)
  return (await response.json()) as T
}

/** Asks until the answer is neither null, false nor undefined. Throws after `limit` ms, with what was waited for. */
export async function until<T>(
  what: string,
  look: () => Promise<T | null | false | undefined> | T | null | false | undefined,
  limit = 20_000,
): Promise<T> {
  for (const end = Date.now() + limit; ; await sleep(50)) {
    const found = await look()
    if (found !== null && found !== undefined && found !== false) return found
    if (Date.now() > end) throw new Error(`not within ${limit} ms: ${what}`)
  }
}

/** Waits until the ERP holds just so many documents. */
export function untilHeld(erp: Erp, count: number): Promise<Held[]> {
  return until(`the ERP holds ${count} documents`, async () => {
    const held = (await erp.held()).filter((d) => d.state !== 'draft')
    return held.length === count && held
  })
}

/** The order as the product tells it, once `look` likes it. */
export function untilOrder(
  product: Product,
  orderId: string,
  what: string,
  look: (order: OrderDetail) => boolean,
): Promise<OrderDetail> {
  return until(`order ${orderId}: ${what}`, async () => {
    const order = await orderOf(product, orderId)
    return order && look(order) ? order : null
  })
}

/** Null while the product does not know it. */
export async function orderOf(product: Product, orderId: string): Promise<OrderDetail | null> {
  try {
    return await product.running.operations.orderShow({ ref: `shop/${orderId}` })
  } catch (error) {
    if ((error as { code?: string }).code === 'RUNTIME_UNKNOWN') return null
    throw error
  }
}

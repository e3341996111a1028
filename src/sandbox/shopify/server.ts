/**
 * The Shopify sandbox: one shop that speaks the Admin GraphQL API and sends webhooks, with faults on demand.
 * Everything under `/_sandbox/` is for tests and people; no product code may call it.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createFaults, type Faults, faultAfter, faultBefore } from '../faults.ts'
import { createControl } from './control.ts'
import type { Plan } from './cost.ts'
import { createGraph, type GraphRequest, type ShopFacts } from './graph.ts'
import type { ShopifyOptions } from './options.ts'
import type { ShopOrder } from './order.ts'
import { type Change, openStore, type Store, TOPICS, type Topic } from './store.ts'
import { createWebhooks, RETRY_GAPS, WEBHOOK_FAULTS } from './webhooks.ts'

/** A running sandbox. */
export interface Running {
  url: string
  close(): Promise<void>
}

const BODY_LIMIT = 10 * 1024 * 1024
const GRAPHQL = /^\/admin\/api\/(\d{4}-\d{2}|unstable)\/graphql\.json$/
const DEFAULT_SHOP: ShopFacts = {
  name: 'サンプル商店 🍵',
  domain: 'sandbox-shop.myshopify.com',
  currency: 'CNY',
  zone: 'Asia/Shanghai',
}

/** Starts the shop on 127.0.0.1, with what its log holds. Rejects when the port is taken or the log broken. */
export async function startShopify(options: ShopifyOptions): Promise<Running> {
  const shop = openShop(options)
  const server = createServer((req, res) => {
    serve(shop, req, res).catch((error: Error) => {
      if (res.headersSent) res.destroy()
      else json(res, 500, { errors: error.message })
    })
  })
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(options.port ?? 0, '127.0.0.1', resolve)
    })
  } catch (cause) {
    shop.close()
    throw cause
  }
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
      shop.close()
    },
  }
}

type Shop = ReturnType<typeof openShop>

/** Everything behind the server, put together. */
function openShop(options: ShopifyOptions) {
  const store = openStore(options.log)
  const faults = createFaults([...WEBHOOK_FAULTS, 'searchLag'], options.seed)
  const facts = { ...DEFAULT_SHOP, ...options.shop }
  subscribeAll(store, options.webhookUrl)
  const webhooks = createWebhooks(store, faults, {
    secret: options.secret,
    domain: facts.domain,
    apiVersion: '2026-10',
    retryGaps: options.retryGaps ?? RETRY_GAPS,
    retryScale: options.retryScale ?? 1,
    concurrency: options.concurrency ?? 64,
    connectTimeout: 1000,
    answerTimeout: options.answerTimeout ?? 5000,
  })
  const commit = (orders: ShopOrder[], change: Change | null) => {
    const puts = orders.map((order) => ({ order, change, topics: topicsOf(store, order, change) }))
    webhooks.enqueue(store.put(puts, new Date()))
  }
  const write = (order: ShopOrder) => commit([order], 'other')
  const graph = createGraph({ store, shop: facts, plan: planOf(options), faults, commit: write })
  const control = createControl({ store, faults, webhooks, graph, commit })
  const close = () => {
    control.close()
    webhooks.close()
    store.close()
  }
  return { token: options.token, faults, graph, control, close }
}

async function serve(shop: Shop, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const url = new URL(req.url ?? '/', 'http://sandbox')
  const body = await read(req)
  if (url.pathname.startsWith('/_sandbox/')) {
    const answer = await shop.control.answer(req.method ?? 'GET', url, body)
    return json(res, answer.status, answer.body)
  }
  const version = GRAPHQL.exec(url.pathname)?.[1]
  if (!version) return json(res, 404, { errors: 'Not Found' })
  if (await faultBefore(shop.faults, res)) return
  if (req.method !== 'POST') return json(res, 405, { errors: 'Method Not Allowed' })
  if (req.headers['x-shopify-access-token'] !== shop.token) return json(res, 401, { errors: UNAUTHORIZED })
  res.setHeader('X-Shopify-API-Version', version)
  answerGraph(res, shop.faults, body, shop.graph.answer)
}

function planOf({ plan, maximumAvailable, restoreRate }: ShopifyOptions): Plan {
  return {
    maximumAvailable: maximumAvailable ?? plan?.maximumAvailable ?? 2000,
    restoreRate: restoreRate ?? plan?.restoreRate ?? 100,
  }
}

const UNAUTHORIZED = '[API] Invalid API key or access token (unrecognized login or wrong password)'

function subscribeAll(store: Store, webhookUrl: string | undefined): void {
  if (!webhookUrl) return
  const known = new Set([...store.subscriptions.values()].map((s) => `${s.topic} ${s.uri}`))
  for (const topic of TOPICS) {
    const uri = webhookUrl.replaceAll('{topic}', topic.replace('/', '-'))
    if (!known.has(`${topic} ${uri}`)) store.subscribe(topic, uri, new Date())
  }
}

/** Which webhooks a new version of an order causes. */
function topicsOf(store: Store, order: ShopOrder, change: Change | null): Topic[] {
  if (change === null) return ['orders/create']
  const topics: Topic[] = change === 'cancelled' ? ['orders/cancelled', 'orders/updated'] : ['orders/updated']
  const before = store.order(order.id)
  if (order.refunds.length > (before?.refunds.length ?? 0)) topics.push('refunds/create')
  return topics
}

function answerGraph(
  res: ServerResponse,
  faults: Faults,
  body: Buffer,
  answer: (request: GraphRequest) => object,
): void {
  const request = parseJson(body) as GraphRequest | null
  if (!request || typeof request.query !== 'string') {
    json(res, 400, { errors: { query: 'Required parameter missing or invalid' } })
    return
  }
  const result = answer(request)
  if (!faultAfter(faults, res)) json(res, 200, result)
}

/** The body as JSON, or null when it is none. */
function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}

async function read(req: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of req as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > BODY_LIMIT) throw new Error('request body too large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function json(res: ServerResponse, status: number, body: unknown): void {
  const text = Buffer.from(JSON.stringify(body), 'utf8')
  res.writeHead(status, { 'Content-Type': 'application/json; charset=utf-8', 'Content-Length': text.length })
  res.end(text)
}

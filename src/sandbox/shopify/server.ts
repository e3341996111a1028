/**
 * The Shopify sandbox: one shop that speaks the Admin GraphQL API and sends webhooks, with faults on demand.
 * Everything under `/_sandbox/` is for tests and people; no product code may call it.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createFaults, type Faults, faultAfter, faultBefore } from '../faults.ts'
import { parseBody, readBody, sendJson, serveSandbox } from '../serve.ts'
import { createControl } from './control.ts'
import type { Plan } from './cost.ts'
import { createGraph, type GraphRequest, type ShopFacts } from './graph.ts'
import type { ShopifyOptions } from './options.ts'
import type { ShopOrder } from './order.ts'
import { type Change, openStore, SENT, type Store, type Topic } from './store.ts'
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
  return serveSandbox({
    name: 'shopify',
    port: options.port,
    route: (req, res) => serve(shop, req, res),
    stop: () => shop.close(),
  })
}

type Shop = ReturnType<typeof openShop>

/** Everything behind the server, put together. */
function openShop(options: ShopifyOptions) {
  const store = openStore(options.log)
  const faults = createFaults([...WEBHOOK_FAULTS, 'searchLag', 'searchLose'], options.seed)
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
  const unindexed = new Set<number>()
  const commit = (orders: ShopOrder[], change: Change | null) => {
    for (const { id } of orders) faults.hit('searchLose') ? unindexed.add(id) : unindexed.delete(id)
    const puts = orders.map((order) => ({ order, change, topics: topicsOf(store, order, change) }))
    webhooks.enqueue(store.put(puts, new Date()))
  }
  const write = (order: ShopOrder) => commit([order], 'other')
  const graph = createGraph({ store, shop: facts, plan: planOf(options), faults, unindexed, commit: write })
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
  const body = await readBody(req, BODY_LIMIT)
  if (body === null) return sendJson(res, 413, { errors: 'Payload Too Large' })
  if (url.pathname.startsWith('/_sandbox/')) {
    const answer = await shop.control.answer(req.method ?? 'GET', url, body)
    return sendJson(res, answer.status, answer.body)
  }
  const version = GRAPHQL.exec(url.pathname)?.[1]
  if (!version) return sendJson(res, 404, { errors: 'Not Found' })
  if (await faultBefore(shop.faults, res)) return
  if (req.method !== 'POST') return sendJson(res, 405, { errors: 'Method Not Allowed' })
  if (req.headers['x-shopify-access-token'] !== shop.token)
    return sendJson(res, 401, { errors: UNAUTHORIZED })
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
  for (const topic of SENT) {
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
  const request = parseBody(body) as GraphRequest | null | undefined
  if (!request || typeof request.query !== 'string') {
    sendJson(res, 400, { errors: { query: 'Required parameter missing or invalid' } })
    return
  }
  const result = answer(request)
  if (!faultAfter(faults, res)) sendJson(res, 200, result)
}

/**
 * A stand-in for the open platform of Douyin's shops (抖店), speaking what china facts §7.3 describe: signed
 * calls, tokens, orders, after-sales, shipping, stock, and pushes. Everything under `/_sandbox/` is for tests
 * and people; no product code may call it. What rests on memory alone is said in docs/guide/sandboxes.md.
 *
 * Faults besides those of ../faults.ts: `throttle`, `tokenExpired` (all access tokens end, in the middle),
 * `malformed` (done, half the answer), `html` (done, a page instead of JSON), `changeBetweenPages` (an order
 * changes before a further page is read), `searchLag` (min..max ms), and those of pushes.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createFaults, type Faults, faultAfter, faultBefore } from '../faults.ts'
import { readBody, sendJson, serveSandbox } from '../serve.ts'
import { Refused, refusal, success } from './answer.ts'
import { remark } from './change.ts'
import { createControl } from './control.ts'
import { type Api, createGateway } from './gateway.ts'
import { listProducts, listSkus, stockOf, syncStock } from './goods.ts'
import { afterSaleById, orderDetail, searchAfterSales, searchOrders } from './list.ts'
import { messagesOf } from './messages.ts'
import type { DouyinOptions } from './options.ts'
import type { DouyinOrder } from './order.ts'
import { optionalWhole, type Params } from './params.ts'
import { createPush, PUSH_FAULTS, RETRY_GAPS } from './push.ts'
import { carriers, shipParcels, shipWhole } from './shipping.ts'
import { type Change, openStore, type Shipped, type Store } from './store.ts'
import { createTokens, type Tokens } from './tokens.ts'

/** A running sandbox. */
export interface Running {
  url: string
  close(): Promise<void>
}

const BODY_LIMIT = 4 * 1024 * 1024
const FAULTS = ['throttle', 'tokenExpired', 'malformed', 'html', 'changeBetweenPages', 'searchLag'] as const
const seconds = () => Math.floor(Date.now() / 1000)

/** Starts the shop on 127.0.0.1, with what its log holds. Rejects when the port is taken or the log broken. */
export async function startDouyin(options: DouyinOptions): Promise<Running> {
  const shop = openShop(options)
  return serveSandbox({
    name: 'douyin',
    port: options.port,
    route: (req, res) => serve(shop, req, res),
    stop: () => shop.close(),
  })
}

type Shop = ReturnType<typeof openShop>
type Commit = (orders: DouyinOrder[], change: Change | null, answered?: Shipped) => void

/** Everything behind the server, put together. */
function openShop(options: DouyinOptions) {
  const store = openStore(options.log)
  const faults = createFaults([...FAULTS, ...PUSH_FAULTS], options.seed)
  const tokens = createTokens(store, options)
  const push = options.pushUrl ? createPush(store, faults, pushOptions(options, options.pushUrl)) : null
  const commit: Commit = (orders, change, answered) => {
    const puts = orders.map((order) => ({ order, change }))
    const bodies = push ? bodiesOf(store, orders, options) : []
    const owed = store.put(puts, bodies, answered ?? null)
    push?.enqueue(owed)
  }
  const apis = apisOf(options, store, faults, tokens, commit)
  const gateway = createGateway({ options, tokens, faults, apis })
  const control = createControl({ store, faults, tokens, gateway, push, commit, now: seconds })
  const close = () => {
    control.close()
    push?.close()
    store.close()
  }
  return { faults, gateway, control, logId: createLogIds(), close }
}

function pushOptions(options: DouyinOptions, url: string) {
  return {
    url,
    appKey: options.appKey,
    secret: options.appSecret,
    retryGaps: options.retryGaps ?? RETRY_GAPS,
    retryScale: options.retryScale ?? 1,
    answerTimeout: options.answerTimeout ?? 3000,
  }
}

/** The bodies of the pushes that new versions of orders cause. */
function bodiesOf(store: Store, orders: DouyinOrder[], { shopId, pushBatch = 1 }: DouyinOptions): string[] {
  const all = orders.flatMap((order) => {
    const versions = store.held.get(order.id)?.versions ?? []
    return messagesOf(versions.at(-1)?.order, order, versions.length + 1, shopId)
  })
  const bodies: string[] = []
  for (let i = 0; i < all.length; i += pushBatch) bodies.push(JSON.stringify(all.slice(i, i + pushBatch)))
  return bodies
}

/** Every method that this shop answers. */
function apisOf(
  { shopId }: DouyinOptions,
  store: Store,
  faults: Faults,
  tokens: Tokens,
  commit: Commit,
): Record<string, Api> {
  const list = { store, faults, shopId }
  const shipping = { store, commit, now: seconds }
  const searchList = (params: Params) => {
    if ((optionalWhole(params, 'page') ?? 0) > 0 && faults.hit('changeBetweenPages'))
      changeOne(store, faults, commit)
    return searchOrders(list, params)
  }
  return {
    'token.create': { open: true, call: tokens.create },
    'token.refresh': { open: true, call: tokens.refresh },
    'order.searchList': { call: searchList },
    'order.orderDetail': { call: (params) => orderDetail(list, params) },
    'afterSale.List': { call: (params) => searchAfterSales(list, params) },
    'afterSale.Detail': { call: (params) => afterSaleById(list, params) },
    'order.logisticsCompanyList': { call: carriers },
    'order.logisticsAdd': { call: (params) => shipWhole(shipping, params) },
    'order.logisticsAddMultiPack': { call: (params) => shipParcels(shipping, params) },
    'product.listV2': { call: listProducts },
    'sku.list': { call: (params) => listSkus(store, params) },
    'sku.stockNum': { call: (params) => stockOf(store, params) },
    'sku.syncStock': { call: (params) => syncStock(store, params) },
  }
}

/** Some order gets another flag: that moves it to the front of a list by update time. */
function changeOne(store: Store, faults: Faults, commit: Commit): void {
  const held = [...store.held.values()]
  if (held.length === 0) return
  const { order } = faults.random().pick(held).versions.at(-1)!
  commit([remark(order, undefined, (order.stars + 1) % 6, seconds())], 'other')
}

/** Log ids as the platform's: the instant in China's time and a counter. */
function createLogIds(): () => string {
  let calls = 0
  return () => {
    calls += 1
    const local = new Date(Date.now() + 8 * 3_600_000).toISOString().replace(/\D/g, '').slice(0, 14)
    return `${local}${calls.toString(16).toUpperCase().padStart(18, '0')}`
  }
}

async function serve(shop: Shop, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const url = new URL(req.url ?? '/', 'http://sandbox')
  const body = await readBody(req, BODY_LIMIT)
  if (body === null) return sendJson(res, 413, { error: 'Payload Too Large' })
  if (url.pathname.startsWith('/_sandbox/')) {
    const answer = await shop.control.answer(req.method ?? 'GET', url, body)
    return sendJson(res, answer.status, answer.body)
  }
  if (await faultBefore(shop.faults, res)) return
  if (req.method !== 'POST') return sendJson(res, 405, { error: 'Method Not Allowed' })
  const answer = answerOf(shop, url, body.toString('utf8'))
  if (faultAfter(shop.faults, res)) return
  send(shop.faults, res, answer)
}

function answerOf(shop: Shop, url: URL, body: string): object {
  const id = shop.logId()
  try {
    return success(shop.gateway.call(url.pathname, url.searchParams, body), id)
  } catch (cause) {
    if (cause instanceof Refused) return refusal(cause, id)
    throw cause
  }
}

const PAGE = '<!DOCTYPE html><html><head><title>系统升级中</title></head><body>请稍后再试</body></html>'

function send(faults: Faults, res: ServerResponse, answer: object): void {
  if (faults.hit('html')) {
    res.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' }).end(PAGE)
    return
  }
  if (!faults.hit('malformed')) {
    sendJson(res, 200, answer)
    return
  }
  const half = Buffer.from(JSON.stringify(answer))
  res.writeHead(200, { 'Content-Type': 'application/json; charset=utf-8' })
  res.end(half.subarray(0, half.length >> 1))
}

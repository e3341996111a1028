/**
 * A stand-in for the Qimen gateway with a warehouse system behind it, speaking china.md §6.1 in both
 * directions. Started by `tributary sandbox qimen` and by tests; it imports nothing that the product uses to
 * talk to Qimen.
 *
 *   POST /router/qimen/service?method=&app_key=&customerId=&timestamp=&sign=…   (also /router/qmtest)
 *   GET  /_sandbox/orders, /_sandbox/stock, /_sandbox/messages, /_sandbox/stats
 *   POST /_sandbox/work      {code, lines?, packages?, final?}: ships or receives
 *   POST /_sandbox/report    {code, status, info?}: a step of an order's way
 *   POST /_sandbox/count     {items, warehouse?, owner?, adjust?, pageSize?}: a stock count
 *   POST /_sandbox/faults    see ../faults.ts, ../proxy-faults.ts and ./outbound.ts; here also `slow` (the work
 *                            is done min..max ms later, whether or not the caller waits), `twice` (carried out
 *                            two times), `lag` (queries find a new order min..max ms later), `gatewayTimeout`
 *                            (done, but answered as a failed remote call) and `wmsDown` (answered so, not done)
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { createFaults, delayOf, faultAfter, faultBefore } from '../faults.ts'
import { KNOWN_SKUS } from '../generate/catalogue.ts'
import { PROXY_FAULTS, pageBefore, sendPage, sendThroughProxy } from '../proxy-faults.ts'
import { parseBody, readBody, sendJson, serveSandbox, setFaults } from '../serve.ts'
import { count, report, work } from './confirm.ts'
import { Failure, gateway } from './gateway.ts'
import { document, type Tree } from './message.ts'
import type { QimenOptions } from './options.ts'
import { OUTBOUND_FAULTS, Outbound } from './outbound.ts'
import { type Put, Store, type WmsOrder } from './store.ts'
import { isOpen, Refusal, type Wms } from './warehouse.ts'

const LARGEST_BODY = 8 * 1024 * 1024

interface Running extends Wms {
  outbound: Outbound
  /** Calls by method, refusals by code. */
  calls: Record<string, number>
  refused: Record<string, number>
  timers: Set<NodeJS.Timeout>
  stop: AbortController
}

/** Items and stock of the first start. */
function firstRows(options: QimenOptions, warehouse: string, owners: ReadonlySet<string>): Put[] {
  const codes = options.items ?? KNOWN_SKUS
  return [...owners].flatMap((owner) =>
    codes.flatMap((code, i): Put[] => {
      const id = `I${String(i + 1).padStart(7, '0')}`
      const at = { warehouse, owner, item: code, type: 'ZP', batch: '', productDate: '', expireDate: '' }
      return [
        ['item', { owner, code, id, fields: {} }],
        ['stock', { ...at, quantity: options.stock ?? 1000 }],
      ]
    }),
  )
}

function open(options: QimenOptions): Running {
  const own = ['slow', 'twice', 'lag', 'gatewayTimeout', 'wmsDown']
  const faults = createFaults([...PROXY_FAULTS, ...OUTBOUND_FAULTS, ...own], options.seed ?? 1)
  const warehouses = new Set(options.warehouses ?? ['WH1'])
  const owners = new Set(options.owners ?? ['OWNER1'])
  const store = new Store(options.log)
  if (store.items.size === 0) store.commit(firstRows(options, [...warehouses][0]!, owners))
  const outbound = new Outbound(options, store, faults)
  const rest = { calls: {}, refused: {}, timers: new Set<NodeJS.Timeout>(), stop: new AbortController() }
  const send = (messages: readonly number[]) => outbound.send(messages)
  const wms = { options, warehouses, owners, store, faults, send, outbound, ...rest }
  for (const order of store.orders.values()) if (isOpen(order)) workLater(wms, order)
  return wms
}

/** Where the warehouse works by itself: the whole order, some time after it came. */
function workLater(wms: Running, order: WmsOrder): void {
  const { workAfter } = wms.options
  if (workAfter === undefined) return
  const timer = setTimeout(
    () => {
      wms.timers.delete(timer)
      const now = wms.store.withCode(order.code).find((one) => one.id === order.id)!
      try {
        if (isOpen(now)) work(wms, { code: now.code, kind: now.kind })
      } catch (cause) {
        // Not enough in stock: it stays open until somebody counts or receives.
        if (!(cause instanceof Refusal)) throw cause
      }
    },
    Math.max(0, order.at + workAfter - Date.now()),
  )
  wms.timers.add(timer)
}

const add = (counts: Record<string, number>, name: string) => {
  counts[name] = (counts[name] ?? 0) + 1
}

/** Carries one call out; the answer's tree says what came of it. */
function carryOut(wms: Running, query: URLSearchParams, body: Buffer): Tree {
  const before = wms.store.orders.size
  try {
    const answer = gateway(wms, query, body)
    for (const order of [...wms.store.orders.values()].slice(before)) workLater(wms, order)
    return { flag: 'success', code: '0', message: 'success', ...answer }
  } catch (cause) {
    if (!(cause instanceof Refusal || cause instanceof Failure)) throw cause
    add(wms.refused, cause.code)
    return { flag: 'failure', code: cause.code, message: cause.message }
  }
}

const REMOTE = { flag: 'failure', code: 'isp.remote-service-timeout', message: 'API调用远程服务超时' }

async function service(wms: Running, req: IncomingMessage, res: ServerResponse, query: URLSearchParams) {
  const { faults } = wms
  const body = await readBody(req, LARGEST_BODY)
  add(wms.calls, query.get('method') ?? '')
  if ((await faultBefore(faults, res)) || pageBefore(faults, res)) return
  if (body === null) return sendPage(res, 413, '413 Request Entity Too Large')
  const slow = faults.hit('slow')
  if (slow) await sleep(delayOf(slow, faults.random()), undefined, { signal: wms.stop.signal })
  const down = faults.hit('wmsDown')
  if (!down && faults.hit('twice')) carryOut(wms, query, body)
  const done = down ? REMOTE : carryOut(wms, query, body)
  if (res.destroyed || faultAfter(faults, res)) return
  const told = !down && faults.hit('gatewayTimeout') ? REMOTE : done
  const headers = { 'Content-Type': 'text/xml; charset=utf-8' }
  sendThroughProxy(faults, res, { status: 200, headers, body: Buffer.from(document('response', told)) })
}

const WORK: Readonly<Record<string, (wms: Running, asked: never) => unknown>> = {
  '/_sandbox/work': work,
  '/_sandbox/report': report,
  '/_sandbox/count': count,
}

const HELD: Readonly<Record<string, (wms: Running) => unknown>> = {
  '/_sandbox/orders': ({ store }) => [...store.orders.values()],
  '/_sandbox/stock': ({ store }) => [...store.stock.values()],
  '/_sandbox/messages': ({ store }) => [...store.messages.values()],
  '/_sandbox/stats': ({ store, outbound, calls, refused, faults }) => ({
    orders: store.orders.size,
    messages: outbound.stats(),
    calls,
    refused,
    faults: faults.struck(),
  }),
}

async function control(wms: Running, req: IncomingMessage, res: ServerResponse, path: string): Promise<void> {
  if (req.method === 'POST' && path === '/_sandbox/faults') return setFaults(wms.faults, req, res)
  if (req.method === 'GET' && path in HELD) return sendJson(res, 200, HELD[path]!(wms))
  if (req.method !== 'POST' || !(path in WORK)) return sendJson(res, 404, { error: `no ${path} here` })
  const asked = parseBody(await readBody(req, LARGEST_BODY))
  try {
    sendJson(res, 200, WORK[path]!(wms, asked as never))
  } catch (cause) {
    if (!(cause instanceof Refusal)) throw cause
    sendJson(res, 422, { error: cause.message })
  }
}

async function route(wms: Running, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const url = new URL(req.url ?? '/', 'http://sandbox')
  if (url.pathname.startsWith('/_sandbox/')) return control(wms, req, res, url.pathname)
  const known = url.pathname === '/router/qimen/service' || url.pathname === '/router/qmtest'
  if (req.method === 'POST' && known) return service(wms, req, res, url.searchParams)
  sendPage(res, 404, '404 Not Found')
}

/**
 * Starts the server on 127.0.0.1 and resolves once it listens. `close` ends all connections and timers; what
 * is owed stays in the log. Rejects when the port is taken or the log is damaged.
 */
export async function startQimen(options: QimenOptions): Promise<{ url: string; close(): Promise<void> }> {
  const wms = open(options)
  return serveSandbox({
    name: 'qimen',
    port: options.port,
    route: (req, res) =>
      route(wms, req, res).catch((cause) => {
        // A slow call that the end of the server cut short.
        if (!wms.stop.signal.aborted) throw cause
      }),
    release: () => wms.stop.abort(),
    async stop() {
      wms.stop.abort()
      for (const timer of wms.timers) clearTimeout(timer)
      await wms.outbound.close()
      wms.store.close()
    },
  })
}

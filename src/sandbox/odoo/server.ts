/**
 * A stand-in for Odoo 17 to 19: JSON-2 and JSON-RPC over the same models, as global.md §9 describes them.
 * Started by `tributary sandbox odoo` and by tests; it imports nothing that the product uses to talk to Odoo.
 *
 *   POST /json/2/<model>/<method>     JSON-2 (19 and later)
 *   POST /jsonrpc                     RPC services
 *   POST /web/session/authenticate, POST /web/dataset/call_kw   the web client's calls, with a session
 *   GET  /web/version                 public
 *   /_sandbox/…                       see control.ts
 *
 * Besides the faults of ../faults.ts and ../proxy-faults.ts the switchboard has `slow` (the work is done
 * min..max ms later, whether or not the caller still waits), `twice` (the request is carried out two times, as
 * by a proxy that repeats it), `lag` (searches show a commit min..max ms later), `serialization` (refused as
 * PostgreSQL does after five tries), `expireSession` (all sessions end before the call) and `keyExpired` (the API
 * key counts no more).
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { createFaults, delayOf, type Faults, faultAfter, faultBefore } from '../faults.ts'
import { PROXY_FAULTS, pageBefore, sendThroughProxy } from '../proxy-faults.ts'
import { parseBody, readBody, sendJson, serveSandbox, setFaults } from '../serve.ts'
import { type Answer, jsonAnswer, type Odoo, openCall, pageAnswer } from './call.ts'
import { Impossible, listOrders, payInvoice, rawRecords, setStock, shipOrder } from './control.ts'
import { OdooError, serialized } from './errors.ts'
import { encode } from './json.ts'
import { answerJson2 } from './json2.ts'
import { answerJsonRpc, isJsonRpc } from './jsonrpc.ts'
import type { Values } from './model.ts'
import type { OdooOptions, Series } from './options.ts'
import { indexedFields, modelsOf } from './registry.ts'
import { seed } from './seed.ts'
import { Store } from './store.ts'

const LARGEST_BODY = 128 * 1024 * 1024

interface Running extends Odoo {
  faults: Faults
  /** Calls by interface and method. */
  calls: Record<string, number>
  /** Work that goes on after its caller may have left. */
  stop: AbortController
}

/** Throws RangeError for a series it does not know or an extra field that cannot be. */
function open(options: OdooOptions): Running {
  const version = (options.series ?? 19) as Series
  if (![17, 18, 19].includes(version)) throw new RangeError(`Odoo ${version}: 17, 18 or 19 expected`)
  const models = modelsOf(version, options.extraFields)
  const own = ['slow', 'twice', 'lag', 'serialization', 'expireSession', 'keyExpired']
  const faults = createFaults([...PROXY_FAULTS, ...own], options.seed ?? 1)
  const store = new Store(options.log, indexedFields(models), () => {
    const rule = faults.hit('lag')
    return rule ? delayOf(rule, faults.random()) : 0
  })
  const databases = options.databases ?? ['odoo']
  const odoo = { options, version, databases, models, store, sessions: new Set<string>() }
  seed(openCall(odoo, {}))
  return { ...odoo, faults, calls: {}, stop: new AbortController() }
}

/** The refusal of a transaction that met another one five times. */
function serializationFailure(path: string, body: Buffer): Answer {
  const text = 'could not serialize access due to concurrent update\n'
  const data = serialized(new OdooError('psycopg2.errors.SerializationFailure', text))
  if (!isJsonRpc(path)) return jsonAnswer(500, encode(data))
  const error = { code: 200, message: 'Odoo Server Error', data }
  const { id = null } = (parseBody(body) ?? {}) as { id?: unknown }
  return jsonAnswer(200, encode({ jsonrpc: '2.0', id, error }))
}

function answer(running: Running, req: IncomingMessage, path: string, body: Buffer): Answer {
  const expired = running.faults.hit('keyExpired')
  const odoo = expired ? { ...running, options: { ...running.options, apiKey: '\0' } } : running
  if (isJsonRpc(path)) return answerJsonRpc(odoo, path, req.headers, body)
  return answerJson2(odoo, path.slice('/json/2/'.length), req.headers, body)
}

async function interfaces(odoo: Running, req: IncomingMessage, res: ServerResponse, path: string) {
  const { faults, calls } = odoo
  const body = await readBody(req, LARGEST_BODY)
  calls[path] = (calls[path] ?? 0) + 1
  if ((await faultBefore(faults, res)) || pageBefore(faults, res)) return
  if (body === null) return sendThroughProxy(faults, res, pageAnswer(413, '413 Request Entity Too Large'))
  if (faults.hit('expireSession')) odoo.sessions.clear()
  const slow = faults.hit('slow')
  if (slow) await sleep(delayOf(slow, faults.random()), undefined, { signal: odoo.stop.signal })
  if (faults.hit('serialization')) return sendThroughProxy(faults, res, serializationFailure(path, body))
  if (faults.hit('twice')) answer(odoo, req, path, body)
  const done = answer(odoo, req, path, body)
  if (res.destroyed || faultAfter(faults, res)) return
  sendThroughProxy(faults, res, done)
}

function stats({ store, calls, faults }: Running) {
  const count = (model: string) => store.rows(model).size
  const states: Record<string, number> = {}
  for (const order of store.rows('sale.order').values()) {
    states[String(order.state)] = (states[String(order.state)] ?? 0) + 1
  }
  const rows = {
    orders: count('sale.order'),
    lines: count('sale.order.line'),
    pickings: count('stock.picking'),
  }
  return { ...rows, states, calls, faults: faults.struck() }
}

const ACTIONS: Readonly<Record<string, (odoo: Odoo, asked: Values) => unknown>> = {
  '/_sandbox/ship': shipOrder,
  '/_sandbox/stock': setStock,
  '/_sandbox/pay': payInvoice,
}

async function act(odoo: Odoo, req: IncomingMessage, res: ServerResponse, path: string): Promise<void> {
  const asked = parseBody(await readBody(req, LARGEST_BODY))
  try {
    sendJson(res, 200, ACTIONS[path]!(odoo, asked as Values))
  } catch (cause) {
    if (!(cause instanceof Impossible || cause instanceof OdooError)) throw cause
    sendJson(res, 422, { error: cause.message })
  }
}

async function control(odoo: Running, req: IncomingMessage, res: ServerResponse, url: URL): Promise<void> {
  const what = `${req.method} ${url.pathname}`
  if (what === 'POST /_sandbox/faults') return setFaults(odoo.faults, req, res)
  if (what === 'GET /_sandbox/stats') return sendJson(res, 200, stats(odoo))
  if (req.method === 'POST' && url.pathname in ACTIONS) return act(odoo, req, res, url.pathname)
  if (what === 'GET /_sandbox/records') {
    const model = url.searchParams.get('model') ?? ''
    if (!odoo.models.has(model)) return sendJson(res, 404, { error: `no model ${model}` })
    return sendJson(res, 200, rawRecords(odoo, model))
  }
  if (what === 'GET /_sandbox/orders') {
    res.writeHead(200, { 'Content-Type': 'application/json; charset=utf-8' })
    return pipeline(Readable.from(listOrders(odoo)), res)
  }
  sendJson(res, 404, { error: `no ${what} here` })
}

async function route(odoo: Running, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const url = new URL(req.url ?? '/', 'http://sandbox')
  const path = url.pathname
  if (path.startsWith('/_sandbox/')) return control(odoo, req, res, url)
  if (req.method === 'POST' && (isJsonRpc(path) || path.startsWith('/json/2/'))) {
    return interfaces(odoo, req, res, path)
  }
  if (`${req.method} ${path}` === 'GET /web/version') {
    const info = [odoo.version, 0, 0, 'final', 0, '']
    return sendJson(res, 200, { version_info: info, version: `${odoo.version}.0` })
  }
  sendThroughProxy(odoo.faults, res, pageAnswer(404, '404 Not Found'))
}

/**
 * Starts the server on 127.0.0.1 and resolves once it listens. `close` ends all connections; work that a slow
 * call still owed is not done. Rejects when the port is taken, the log is damaged or an option is wrong.
 */
export async function startOdoo(options: OdooOptions): Promise<{ url: string; close(): Promise<void> }> {
  const odoo = open(options)
  return serveSandbox({
    name: 'odoo',
    port: options.port,
    route: (req, res) =>
      route(odoo, req, res).catch((cause) => {
        // A slow call that the end of the server cut short.
        if (!odoo.stop.signal.aborted) throw cause
      }),
    release: () => odoo.stop.abort(),
    stop() {
      odoo.stop.abort()
      odoo.store.close()
    },
  })
}

/**
 * A stand-in for the OpenAPI of Yonyou NC Cloud (NCC), as china facts §2 describe it: tokens, signed and
 * sealed calls, sales orders, stock-outs and stock for reading. Everything under `/_sandbox/` is for tests and
 * people; no product code may call it. What rests on memory alone is said in docs/guide/sandboxes.md.
 *
 *   POST /nccloud/opm/accesstoken?…                 a token; all parameters in the query, no body
 *   POST /nccloud/api/so/saleorder/save             [{so_saleorder, so_saleorder_b}], all or none
 *   POST /nccloud/api/so/saleorder/{query,delete}   by fields of the head
 *   POST /nccloud/api/ic/saleout/query              what has left the warehouse
 *   POST /nccloud/api/ic/onhand/query               stock on hand
 *
 * Faults besides those of ../faults.ts: `slow` (min..max ms before anything is written), `malformed` (done,
 * half the answer), `html` (done, a page instead of JSON), `tokenExpired` (in the middle), `wrongLevel` (done,
 * the answer sealed at another level), `queryLag` (min..max ms that queries lag behind).
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { createFaults, delayOf, type Faults, faultAfter, faultBefore } from '../faults.ts'
import { KNOWN_SKUS } from '../generate/catalogue.ts'
import { readBody, sendJson, serveSandbox } from '../serve.ts'
import type { Archives } from '../yonyou-nc/check.ts'
import { Refused, refusal, success } from './answer.ts'
import { type Counters, createControl } from './control.ts'
import { LEVELS, type Level, sealBody } from './crypto.ts'
import { type Api, createFilter } from './filter.ts'
import type { NcCloudOptions } from './options.ts'
import { deleteOrders, queryOrders, saveOrders } from './sale-order.ts'
import { queryOnHand, querySaleOuts } from './stock.ts'
import { openStore, type Store } from './store.ts'
import { type AppKey, createTokens } from './tokens.ts'

/** A running sandbox. */
export interface Running {
  url: string
  close(): Promise<void>
}

const BODY_LIMIT = 10 * 1024 * 1024
const FAULTS = ['slow', 'malformed', 'html', 'tokenExpired', 'wrongLevel', 'queryLag'] as const

/** The materials that our own mapping sends beside articles (freight, fees). */
const SERVICE_MATERIALS = ['SHIPPING', 'CHARGE']

/** Starts the server on 127.0.0.1, with what its log holds. Rejects when the port is taken or the log broken. */
export async function startNcCloud(options: NcCloudOptions): Promise<Running> {
  const cloud = openCloud(options)
  return serveSandbox({
    name: 'nc-cloud',
    port: options.port,
    route: (req, res) => serve(cloud, req, res),
    stop: () => cloud.store.close(),
  })
}

type Cloud = ReturnType<typeof openCloud>

/** Everything behind the server, put together. */
function openCloud(options: NcCloudOptions) {
  const { securityLevel: level = 'L0' } = options
  if (!LEVELS.includes(level)) throw new RangeError(`unknown security level ${level}`)
  const store = openStore(options.log)
  const key = keyOf(store, options.privateKey)
  const faults = createFaults(FAULTS, options.seed)
  const tokens = createTokens(store, key, options)
  const apis = apisOf(store, faults, archivesOf(options))
  const filter = createFilter({ store, tokens, key, faults, options, apis })
  const counters: Counters = { tokens: 0, calls: 0, refused: {} }
  const control = createControl({ store, faults, counters, key, options })
  return { store, faults, tokens, filter, counters, control, level }
}

/** The app's key pair: given, or kept in the log, or made now. */
function keyOf(store: Store, given: string | undefined): AppKey {
  let pem = given ?? store.pem()
  if (pem === undefined) {
    const made = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
    pem = made.export({ type: 'pkcs8', format: 'pem' }).toString()
    store.keepKey(pem)
  }
  const privateKey = createPrivateKey(pem)
  const der = createPublicKey(privateKey).export({ type: 'spki', format: 'der' })
  return { privateKey, publicKey: der.toString('base64') }
}

function archivesOf(options: NcCloudOptions): Archives {
  const { materials = [...KNOWN_SKUS, ...SERVICE_MATERIALS], customers, orgs } = options
  const { currencies = Intl.supportedValuesOf('currency') } = options
  return {
    known: {
      material: new Set(materials),
      currency: new Set(currencies),
      ...(customers ? { customer: new Set(customers) } : {}),
      ...(orgs ? { org: new Set(orgs) } : {}),
    },
    unmappedCode: '-31206',
    fieldsStrict: options.fieldsStrict ?? false,
  }
}

/** Every path that this server answers. */
function apisOf(store: Store, faults: Faults, archives: Archives): Record<string, Api> {
  const seen = () => {
    const lag = faults.hit('queryLag')
    const until = Date.now() - (lag ? delayOf(lag, faults.random()) : 0)
    return (at: number) => at <= until
  }
  const reads = (call: (body: unknown) => unknown): Api => ({ writes: false, call })
  return {
    '/nccloud/api/so/saleorder/save': {
      writes: true,
      call: (body, repeat) => saveOrders(store, archives, body, repeat),
    },
    '/nccloud/api/so/saleorder/delete': { writes: true, call: (body) => deleteOrders(store, body) },
    '/nccloud/api/so/saleorder/query': reads((body) => queryOrders(store, body, seen())),
    '/nccloud/api/ic/saleout/query': reads((body) => querySaleOuts(store, body, seen())),
    '/nccloud/api/ic/onhand/query': reads((body) => queryOnHand(store, body)),
  }
}

async function serve(cloud: Cloud, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const url = new URL(req.url ?? '/', 'http://sandbox')
  const body = await readBody(req, BODY_LIMIT)
  if (body === null) return sendJson(res, 413, { error: 'Payload Too Large' })
  if (url.pathname.startsWith('/_sandbox/')) {
    const answer = await cloud.control.answer(req.method ?? 'GET', url, body)
    return sendJson(res, answer.status, answer.body)
  }
  if (await faultBefore(cloud.faults, res)) return
  const token = url.pathname === '/nccloud/opm/accesstoken'
  if (!token && !url.pathname.startsWith('/nccloud/api/')) return sendJson(res, 404, { error: 'Not Found' })
  const text = token ? issue(cloud, req, url) : await call(cloud, req, url.pathname, body.toString('utf8'))
  if (!faultAfter(cloud.faults, res)) send(cloud.faults, res, text)
}

/** What became of a request, as JSON; a refusal is counted. */
function refused(cloud: Cloud, cause: unknown): string {
  if (!(cause instanceof Refused)) throw cause
  const { counters } = cloud
  counters.refused[cause.message] = (counters.refused[cause.message] ?? 0) + 1
  return JSON.stringify(refusal(cause))
}

function issue(cloud: Cloud, req: IncomingMessage, url: URL): string {
  cloud.counters.tokens += 1
  try {
    if (req.method !== 'POST') return refused(cloud, new Refused('invalid_request, Bad request method'))
    const data = cloud.tokens.issue(url.searchParams, req.headers['content-type'] ?? '')
    return JSON.stringify(success(data))
  } catch (cause) {
    return refused(cloud, cause)
  }
}

/** What the filter refuses is answered plain; what has passed it is answered at the app's level. */
async function call(cloud: Cloud, req: IncomingMessage, path: string, body: string): Promise<string> {
  const { filter, counters, faults } = cloud
  counters.calls += 1
  try {
    const token = filter.token(req.headers)
    const passed = filter.pass(path, req.headers, body, token)
    const text = await filter.run(passed.repeat, async () => {
      const slow = faults.hit('slow')
      if (slow) await sleep(delayOf(slow, faults.random()))
      return outcome(cloud, () => passed.api.call(passed.body, passed.repeat))
    })
    return sealBody(text, faults.hit('wrongLevel') ? otherThan(cloud.level) : cloud.level, token.securityKey)
  } catch (cause) {
    return refused(cloud, cause)
  }
}

function outcome(cloud: Cloud, work: () => unknown): string {
  try {
    return JSON.stringify(success(work()))
  } catch (cause) {
    return refused(cloud, cause)
  }
}

const otherThan = (level: Level): Level => (level === 'L0' ? 'L2' : 'L0')

const PAGE = '<!DOCTYPE html><html><head><title>NC Cloud</title></head><body>系统维护中</body></html>'

function send(faults: Faults, res: ServerResponse, text: string): void {
  const html = faults.hit('html')
  const whole = Buffer.from(html ? PAGE : text)
  const bytes = faults.hit('malformed') ? whole.subarray(0, whole.length >> 1) : whole
  const type = html ? 'text/html' : 'application/json'
  res.writeHead(200, { 'Content-Type': `${type};charset=utf-8`, 'Content-Length': bytes.length })
  res.end(bytes)
}

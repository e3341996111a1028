/**
 * A stand-in for the external exchange platform of Yonyou NC 6.x and 5.x, speaking XChange as china.md §1 describes
 * it: one POST, no query of any kind, every refusal inside a 200. Started by `tributary sandbox yonyou-nc`
 * and by tests; it imports nothing that the product uses to talk to NC.
 *
 *   POST /service/XChangeServlet?account=&groupcode=   one ufinterface document (5.x: &receiver=)
 *   GET  /_sandbox/bills      what is committed, raw
 *   GET  /_sandbox/stats      counters
 *   POST /_sandbox/faults     see ../faults.ts; here also `slow` (min..max ms while the bill is locked,
 *                             before it is written) and `malformed` (imported, answer cut in half)
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { createFaults, delayOf, type Faults, faultAfter, faultBefore } from '../faults.ts'
import { KNOWN_SKUS } from '../generate/catalogue.ts'
import { readBody, sendJson, serveSandbox, setFaults } from '../serve.ts'
import { answerDocument, type BillResult } from './answer.ts'
import { Background } from './background.ts'
import { readStoredBill } from './bill.ts'
import { BILL_TYPES } from './bill-types.ts'
import { encodeDocument } from './charset.ts'
import type { Archives } from './check.ts'
import { type Gate, openEnvelope } from './envelope.ts'
import { billIds, type ImportContext, importDocument } from './import.ts'
import { createLocks } from './locks.ts'
import type { YonyouNcOptions } from './options.ts'
import { Outbound } from './outbound.ts'
import { refusal } from './refusal.ts'
import { Store } from './store.ts'

/** The materials that our own mapping sends beside articles (freight, fees). */
const SERVICE_MATERIALS = ['SHIPPING', 'CHARGE']

const LIMIT_KB = 10_240

interface Counters {
  documents: number
  bills: number
  refused: Record<string, number>
}

interface Platform {
  options: YonyouNcOptions
  gate: Gate
  store: Store
  faults: Faults
  context: ImportContext
  counters: Counters
  outbound: Outbound | null
  background: Background | null
}

function archivesOf(options: YonyouNcOptions): Archives {
  const { materials = [...KNOWN_SKUS, ...SERVICE_MATERIALS], customers, orgs } = options
  const { currencies = Intl.supportedValuesOf('currency') } = options
  return {
    known: {
      material: new Set(materials),
      currency: new Set(currencies),
      ...(customers ? { customer: new Set(customers) } : {}),
      ...(orgs ? { org: new Set(orgs) } : {}),
    },
    unmappedCode: options.unmappedCode ?? '-31206',
    fieldsStrict: options.fieldsStrict ?? false,
  }
}

function openPlatform(options: YonyouNcOptions): Platform {
  const store = new Store(options.log)
  const faults = createFaults(['slow', 'malformed'], options.seed ?? 1)
  const counters: Counters = { documents: 0, bills: 0, refused: {} }
  const work = async () => {
    const slow = faults.hit('slow')
    if (slow) await sleep(delayOf(slow, faults.random()))
  }
  const dealRule = options.dealRule ?? 'per-bill'
  const { release = '6', receiver = '' } = options
  const types = BILL_TYPES[release]
  const context = { store, archives: archivesOf(options), types, locks: createLocks(), dealRule, work }
  const { account, acknowledgeUrl: url, processAfter = 500 } = options
  const charset = options.encoding ?? 'UTF-8'
  const outbound = options.bigFile && url ? new Outbound({ url, account, charset, store, types }) : null
  const refused = (code: string) => count(counters, code)
  return {
    options,
    gate: {
      ...{ release, types, receiver },
      account,
      group: options.group,
      senders: new Set(options.senders),
      addresses: options.allowAddresses ? new Set(options.allowAddresses) : null,
    },
    store,
    faults,
    context,
    counters,
    outbound,
    background: options.bigFile ? new Background({ context, processAfter, outbound, refused }) : null,
  }
}

function count(counters: Counters, code: string): void {
  counters.refused[code] = (counters.refused[code] ?? 0) + 1
}

/** The results for one document and the attributes to echo; committed when this returns. */
async function exchange(platform: Platform, bytes: Buffer | null, query: URLSearchParams, address: string) {
  const { gate, context, store, background, options } = platform
  if (bytes === null) {
    const why = refusal('-21106', `文档大小超过限制 ${options.limitKb ?? LIMIT_KB}KB`)
    return { echo: {}, results: [{ id: '', refused: why, content: '' }] }
  }
  const { root, text, attributes, refused } = openEnvelope(bytes, { query, address }, gate)
  if (refused) return { echo: attributes, results: [{ id: '', refused, content: '' }] }
  if (background) {
    background.add(store.keepFile(text))
    return {
      echo: attributes,
      results: billIds(root, context.types.get(attributes.billtype!)!).map((id) => ({
        id,
        refused: null,
        content: '',
      })),
    }
  }
  return { echo: attributes, results: (await importDocument(root, text, context)).results }
}

async function receive(
  platform: Platform,
  req: IncomingMessage,
  res: ServerResponse,
  query: URLSearchParams,
) {
  const { options, faults, counters } = platform
  const bytes = await readBody(req, (options.limitKb ?? LIMIT_KB) * 1024)
  const address = (req.socket.remoteAddress ?? '').replace(/^::ffff:/, '')
  if (await faultBefore(faults, res)) return
  const { echo, results } = await exchange(platform, bytes, query, address)
  counters.documents += 1
  counters.bills += results.length
  for (const { refused } of results as BillResult[]) if (refused) count(counters, refused.code)
  if (faultAfter(faults, res)) return
  const charset = options.encoding ?? 'UTF-8'
  const body = encodeDocument(answerDocument(echo, results, charset, options), charset)
  const sent = faults.hit('malformed') ? body.subarray(0, body.length >> 1) : body
  res.writeHead(200, { 'Content-Type': `text/html; charset=${charset}`, 'Content-Length': sent.length })
  res.end(sent)
}

function* listBills({ store, types }: ImportContext): Generator<string> {
  let separator = '[\n'
  for (const bill of store.bills.values()) {
    const { raw, ...rest } = bill
    const { head, rows } = readStoredBill(raw.toString(), types.get(bill.billtype)!)
    yield `${separator}${JSON.stringify({ ...rest, head, rows, raw: raw.toString() })}`
    separator = ',\n'
  }
  yield separator === '[\n' ? '[]\n' : '\n]\n'
}

function stats({ store, counters, faults, outbound }: Platform) {
  return {
    ...counters,
    committed: store.bills.size,
    waitingFiles: store.waitingFiles().length,
    outbound: outbound?.stats() ?? null,
    faults: faults.struck(),
  }
}

async function route(platform: Platform, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const url = new URL(req.url ?? '/', 'http://sandbox')
  const what = `${req.method} ${url.pathname}`
  if (what === 'POST /service/XChangeServlet') return receive(platform, req, res, url.searchParams)
  if (what === 'POST /_sandbox/faults') return setFaults(platform.faults, req, res)
  if (what === 'GET /_sandbox/stats') return sendJson(res, 200, stats(platform))
  if (what === 'GET /_sandbox/bills') {
    res.writeHead(200, { 'Content-Type': 'application/json; charset=utf-8' })
    return pipeline(Readable.from(listBills(platform.context)), res)
  }
  sendJson(res, 404, { error: `no ${what} here` })
}

/**
 * Starts the server on 127.0.0.1 and resolves once it listens. `close` ends all connections and timers; what
 * was answered stays in the log. Rejects when the port is taken or the log is damaged.
 */
export async function startYonyouNc(
  options: YonyouNcOptions,
): Promise<{ url: string; close(): Promise<void> }> {
  const platform = openPlatform(options)
  return serveSandbox({
    name: 'yonyou-nc',
    port: options.port,
    route: (req, res) => route(platform, req, res),
    async stop() {
      await platform.background?.close()
      await platform.outbound?.close()
      platform.store.close()
    },
  })
}

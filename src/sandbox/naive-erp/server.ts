/**
 * An ERP that protects nothing: no unique key, drafts, finds that lag behind, and writes that commit after
 * their caller gave up. It stands for every ERP of that kind. Started by `tributary sandbox naive-erp` and by
 * tests; it imports nothing that the product uses to talk to an ERP.
 *
 *   POST   /documents               → 201 {id, state: 'draft'}; 422 {reason}
 *   POST   /documents/:id/confirm   → 200 {id, state: 'confirmed'}, also when it is confirmed already
 *   DELETE /documents/:id           → 200 {id, state: 'deleted'}; 409 unless a draft
 *   GET    /documents/:id           → 200, at once; 404 after a deletion
 *   GET    /documents?reference=    → 200 {documents: […]}, with lag
 *   GET    /_sandbox/documents, GET /_sandbox/stats, POST /_sandbox/faults
 *
 * Besides the faults of ../faults.ts the switchboard has `late` (min..max ms after giving up) and `lag`
 * (min..max ms), both on from the start as the options say.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createFaults, delayOf, type Faults, faultAfter, faultBefore } from '../faults.ts'
import { parseBody, readBody, sendJson, serveSandbox, setFaults } from '../serve.ts'
import { type Body, bodyFault } from './document.ts'
import { LateWrites } from './late.ts'
import type { NaiveErpOptions } from './options.ts'
import { Store, type Stored, stateOf, visibleState, type Write } from './store.ts'

const LARGEST_BODY = 4 * 1024 * 1024
const REPLY_STATE = { create: 'draft', confirm: 'confirmed', delete: 'deleted' } as const

interface Erp {
  token: string
  items: ReadonlySet<string> | null
  store: Store
  faults: Faults
  late: LateWrites
}

function openErp(options: NaiveErpOptions): Erp {
  const { lag = [0, 20_000], lateBy = [0, 10_000], lateRate = 0.3, holdMs = 60_000, items } = options
  const faults = createFaults(['late', 'lag'], options.seed ?? 1)
  faults.set({
    late: { probability: lateRate, min: lateBy[0], max: lateBy[1] },
    lag: { probability: 1, min: lag[0], max: lag[1] },
  })
  const store = new Store(options.log, () => {
    const rule = faults.hit('lag')
    return rule ? delayOf(rule, faults.random()) : 0
  })
  const late = new LateWrites({ store, holdMs })
  return { token: options.token, items: items ? new Set(items) : null, store, faults, late }
}

function shown({ id, body }: Stored, state: string) {
  return { ...body, id, state }
}

function findByReference({ store }: Erp, reference: string) {
  const now = Date.now()
  return store.withReference(reference).flatMap((document) => {
    const state = visibleState(document, now)
    return state === null ? [] : [shown(document, state)]
  })
}

async function read(erp: Erp, res: ServerResponse, id: string | undefined, query: URLSearchParams) {
  if (await faultBefore(erp.faults, res)) return
  if (id === undefined) {
    const reference = query.get('reference')
    if (!reference) return sendJson(res, 422, { reason: 'reference: text expected' })
    return sendJson(res, 200, { documents: findByReference(erp, reference) })
  }
  const document = erp.store.documents.get(id)
  if (!document || stateOf(document) === 'deleted') return sendJson(res, 404, { reason: `no document ${id}` })
  sendJson(res, 200, shown(document, stateOf(document)))
}

async function write(erp: Erp, res: ServerResponse, wanted: Write): Promise<void> {
  const { store, faults, late } = erp
  if (await faultBefore(faults, res)) return
  const fault = wanted.op === 'create' ? bodyFault(wanted.body, erp.items) : null
  if (fault) return sendJson(res, 422, { reason: fault })
  const objection = store.objection(wanted)
  if (objection === 'missing') return sendJson(res, 404, { reason: 'no such document' })
  if (objection && wanted.op === 'delete') return sendJson(res, 409, { reason: objection })
  const silent = objection ? null : faults.hit('late')
  if (silent) return late.hold(wanted, res, delayOf(silent, faults.random()))
  const id = objection && wanted.op === 'confirm' ? wanted.id : store.commit(wanted)
  if (faultAfter(faults, res)) return
  sendJson(res, wanted.op === 'create' ? 201 : 200, { id, state: REPLY_STATE[wanted.op] })
}

async function documents(erp: Erp, req: IncomingMessage, res: ServerResponse, url: URL): Promise<void> {
  const bytes = await readBody(req, LARGEST_BODY)
  // none at all is no mistake of its own
  const body = bytes?.length === 0 ? null : parseBody(bytes)
  if (req.headers.authorization !== `Bearer ${erp.token}`) {
    res.setHeader('WWW-Authenticate', 'Bearer')
    return sendJson(res, 401, { reason: 'unknown token' })
  }
  const [, , id, action, ...rest] = url.pathname.split('/')
  if (rest.length > 0 || (action !== undefined && action !== 'confirm')) return notFound(req, res)
  if (req.method === 'GET' && action === undefined) return read(erp, res, id, url.searchParams)
  if (req.method === 'POST' && id === undefined) {
    if (body === undefined) return sendJson(res, 400, { reason: 'the body is not JSON' })
    return write(erp, res, { op: 'create', body: body as Body })
  }
  if (req.method === 'POST' && id && action === 'confirm') return write(erp, res, { op: 'confirm', id })
  if (req.method === 'DELETE' && id && action === undefined) return write(erp, res, { op: 'delete', id })
  return notFound(req, res)
}

function notFound(req: IncomingMessage, res: ServerResponse): void {
  sendJson(res, 404, { reason: `no ${req.method} ${req.url?.split('?')[0]} here` })
}

function raw(document: Stored) {
  const at = (state: string) => document.changes.find((c) => c.state === state)?.at
  const instant = (ms: number | undefined) => (ms === undefined ? null : new Date(ms).toISOString())
  return {
    ...shown(document, stateOf(document)),
    created: instant(at('draft')),
    confirmed: instant(at('confirmed')),
    deleted: instant(at('deleted')),
    changes: document.changes,
  }
}

function stats({ store, faults }: Erp) {
  const states = { draft: 0, confirmed: 0, deleted: 0 }
  for (const document of store.documents.values()) states[stateOf(document)] += 1
  const pending = store.pending.length
  return {
    documents: store.documents.size,
    ...states,
    pending,
    dropped: store.dropped,
    faults: faults.struck(),
  }
}

async function route(erp: Erp, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const url = new URL(req.url ?? '/', 'http://sandbox')
  const what = `${req.method} ${url.pathname}`
  if (/^\/documents(\/|$)/.test(url.pathname)) return documents(erp, req, res, url)
  if (what === 'POST /_sandbox/faults') return setFaults(erp.faults, req, res)
  if (what === 'GET /_sandbox/stats') return sendJson(res, 200, stats(erp))
  if (what === 'GET /_sandbox/documents')
    return sendJson(res, 200, [...erp.store.documents.values()].map(raw))
  return notFound(req, res)
}

/**
 * Starts the server on 127.0.0.1 and resolves once it listens. `close` ends all connections and timers; late
 * writes that were accepted stay in the log and are committed at the next start. Rejects when the port is
 * taken or the log is damaged.
 */
export async function startNaiveErp(
  options: NaiveErpOptions,
): Promise<{ url: string; close(): Promise<void> }> {
  const erp = openErp(options)
  return serveSandbox({
    name: 'naive-erp',
    port: options.port,
    route: (req, res) => route(erp, req, res),
    release: () => erp.late.close(),
    stop() {
      erp.late.close()
      erp.store.close()
    },
  })
}

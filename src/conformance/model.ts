/**
 * The model remote: a local server made of a connector's own declaration. It pages, filters and sorts as the manifest
 * says that the system does, in the shape of recorded answers where there are any, and can be made to change records
 * between pages, to lag, to fail and to lose answers. What a declaration does not say it cannot show: `cannot` then
 * tells why, and the check says so.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Call } from '../connector/manifest-call.ts'
import { resolveSettings } from '../connector/settings.ts'
import { fillText } from '../connector/template.ts'
import { parseJson } from '../core/json.ts'
import { type Captured, captureCall, type Seen } from './capture.ts'
import { bytesOf, put, successful } from './envelope.ts'
import { answerFetch, answerList } from './model-lists.ts'
import { emptyState, type ModelParts, type ModelState, type Reply } from './model-parts.ts'
import { answerById, answerFind, answerWrite } from './model-writes.ts'
import { basePath, type OpenOptions, type Subject } from './subject.ts'

export interface Model {
  url: string
  state: ModelState
  /** How a connection to it is opened, beside its address. */
  options?: Pick<OpenOptions, 'sources' | 'read'>
  close(): Promise<void>
}

interface Route {
  call: Call
  answer(values: Captured, seen: Seen): Reply | null
  write?: boolean
}

/** Starts one on a free port of this machine. */
export async function startModel(subject: Subject, settings = subject.settings): Promise<Model> {
  const parts = partsOf(subject, settings)
  const routes = routesOf(parts)
  const base = basePath(subject)
  const server = createServer((req, res) => {
    void handle(parts, routes, base, req, res)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    state: parts.state,
    close() {
      server.closeAllConnections()
      return new Promise((done) => server.close(() => done()))
    },
  }
}

function partsOf(subject: Subject, given: Subject['settings']): ModelParts {
  const { manifest } = subject.connector
  const settings = resolveSettings(manifest, given, 'shop')
  const state = emptyState()
  const fixture = (of: string, what: string) =>
    subject.fixtures.find(
      (f) => f.of === of && f.what === what && (what !== 'list' || f.response.status < 300),
    )
  return {
    manifest,
    state,
    clock(of) {
      const clock = of ?? manifest.http?.clock ?? 'iso'
      return typeof clock === 'string' ? clock : { ...clock, zone: fillText(clock.zone, settings) }
    },
    fixture,
    recorded(of, what) {
      const body = fixture(of, what)?.response.body
      return body !== null && typeof body === 'object' ? body : undefined
    },
  }
}

function routesOf(parts: ModelParts): Route[] {
  const { manifest } = parts
  const routes: Route[] = []
  const add = (call: Call | undefined, answer: Route['answer'], write = false) => {
    if (call) routes.push({ call, answer, write })
  }
  const { token } = manifest.http ?? {}
  for (const call of [token?.get, token?.refresh]) add(call, () => tokenReply(parts))
  for (const [name, { list, fetch }] of Object.entries(manifest.read ?? {})) {
    add(list, (values, seen) => answerList(parts, name, values, addressOf(seen)))
    add(fetch, (values) => answerFetch(parts, name, values))
  }
  for (const [kind, write] of Object.entries(manifest.write ?? {})) {
    const verb = write.post ?? write.put ?? write.patch ?? write.get ?? write.delete
    if (verb) add(write, (values, seen) => answerWrite(parts, kind, values, seen), true)
    add(write.find, (values) => answerFind(parts, kind, values))
    add(write.read, (values) => answerById(parts, kind, 'read', values))
    add(write.discard, (values) => answerById(parts, kind, 'discard', values))
    for (const [i, step] of (write.steps ?? []).entries())
      add(step, (values) => answerById(parts, kind, i, values))
  }
  return routes
}

/** As it was asked, without where it went on from. */
function addressOf({ path, query }: Seen): string {
  const kept = [...query].filter(([name]) => name !== 'kit_cursor')
  return kept.length === 0 ? `${path}?` : `${path}?${new URLSearchParams(kept)}&`
}

function tokenReply({ manifest }: ModelParts): Reply | null {
  const { token } = manifest.http!
  let tree = put({}, token!.token, 'kit-token')
  if (token!.expires) tree = put(tree, token!.expires, 3600)
  if (token!.refreshToken) tree = put(tree, token!.refreshToken, 'kit-refresh')
  const good = successful(tree, [manifest.http!.answer])
  return good === null ? null : { status: 200, tree: good }
}

async function handle(
  parts: ModelParts,
  routes: Route[],
  base: string,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const seen = await seenOf(req)
  parts.state.bodies.push(seen.text)
  const fitting = routes
    .map((route) => ({ route, found: captureCall(parts.manifest.http!, route.call, base, seen) }))
    .filter((f) => f.found !== null)
    .sort((a, b) => b.found!.literals - a.found!.literals || fixedLength(b.route) - fixedLength(a.route))[0]
  if (!fitting) return cannot(parts, res, `${seen.method} ${seen.path} is no declared call`)
  const cursor = seen.query.get('kit_cursor')
  const values = { ...fitting.found!.values, ...(cursor ? { next: cursor } : {}) }
  const reply = fitting.route.answer(values, seen)
  if (!reply) return cannot(parts, res, 'an answer of success cannot be made of the declaration alone')
  if (fitting.route.write && parts.state.loseAnswers > 0) {
    parts.state.loseAnswers -= 1
    res.socket?.resetAndDestroy()
    return
  }
  const form = parts.manifest.http?.answers ?? 'json'
  res
    .writeHead(reply.status, {
      'content-type': form === 'xml' ? 'text/xml' : 'application/json',
      ...reply.headers,
    })
    .end(bytesOf(reply.tree, form))
}

const fixedLength = ({ call }: Route): number =>
  (call.get ?? call.post ?? call.put ?? call.patch ?? call.delete ?? '').replace(/\{[^}]*\}/g, '').length

function cannot({ state }: ModelParts, res: ServerResponse, why: string): void {
  state.cannot ??= why
  res.writeHead(501).end()
}

async function seenOf(req: IncomingMessage): Promise<Seen> {
  const text = Buffer.concat(await Array.fromAsync(req as AsyncIterable<Buffer>)).toString('utf8')
  const [path = '', query = ''] = (req.url ?? '/').split('?')
  const type = String(req.headers['content-type'] ?? '')
  const form = type.includes('x-www-form-urlencoded') ? new URLSearchParams(text) : null
  const headers = Object.fromEntries(Object.entries(req.headers).map(([n, v]) => [n, String(v)]))
  return {
    method: req.method ?? '',
    path,
    query: new URLSearchParams(query),
    form,
    json: jsonOf(text),
    text,
    headers,
  }
}

function jsonOf(text: string): unknown {
  try {
    return parseJson(text)
  } catch {
    return undefined
  }
}

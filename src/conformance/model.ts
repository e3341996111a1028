/**
 * The model remote: a local server made of a connector's own declaration. It pages, filters and sorts as the manifest
 * says that the system does, in the shape of recorded answers where there are any, and can be made to change records
 * between pages, to lag, to fail and to lose answers. What a declaration does not say it cannot show: `cannot` then
 * tells why, and the check says so.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Call } from '../connector/manifest-call.ts'
import { VERBS } from '../connector/request.ts'
import { resolveSettings, type Settings } from '../connector/settings.ts'
import { fillText, plainText } from '../connector/template.ts'
import { createTools } from '../connector/tools.ts'
import { parseJson, parseJsonBytes } from '../core/json.ts'
import { CONTEXT } from '../mapping/check.ts'
import { type Captured, captureCall, type Seen } from './capture.ts'
import { bytesOf, put, successful } from './envelope.ts'
import { answerBytes } from './fixture.ts'
import { answerFetch, answerList } from './model-lists.ts'
import { emptyState, type ModelParts, type ModelState, type Reply } from './model-parts.ts'
import { answerById, answerFind, answerWrite } from './model-writes.ts'
import { askedOf, fitting, isUsual } from './replay.ts'
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

/** Starts one on a free port of this machine. `only`: it takes documents of this kind and no other. */
export async function startModel(
  subject: Subject,
  settings = subject.settings,
  only?: string,
): Promise<Model> {
  const parts = partsOf(subject, settings)
  const routes = routesOf(parts, resolveSettings(subject.connector.manifest, settings, 'shop'), only)
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
    supporting(seen) {
      const uri = seen.query.size > 0 ? `${seen.path}?${seen.query}` : seen.path
      const asked = askedOf(seen.method, uri, seen.text, basePath(subject))
      const fixtures = subject.fixtures.filter((f) => !isUsual(f) && f.what !== 'duplicate')
      return fitting(fixtures, asked) ?? undefined
    },
    recorded(of, what) {
      const body = fixture(of, what)?.response.body
      return body !== null && typeof body === 'object' ? opened(subject, settings, body) : undefined
    },
  }
}

/** With the settings in its path, so that calls whose paths are settings can be told apart. */
function settled<C extends Call>(call: C, settings: Settings): C {
  const verb = VERBS.find((v) => call[v] !== undefined)
  if (!verb) return call
  const fill = (whole: string, name: string) =>
    Object.hasOwn(settings, name) ? encodeURIComponent(plainText(settings[name])) : whole
  return { ...call, [verb]: call[verb]!.replace(/\{(\w+)\}/g, fill) }
}

/** A recorded body as the declaration reads it: the connector's own hand at answers goes first. */
function opened({ connector }: Subject, settings: Settings, body: object): unknown {
  const decode = connector.hooks.http?.decode
  if (!decode) return body
  const context = { connection: 'shop', entity: 'main', settings: {}, company: CONTEXT.company }
  const mapping = () => Promise.reject(new Error('nothing is mapped here'))
  const tools = createTools({ connection: 'shop', settings, client: null, reactions: {}, mapping, context })
  const answer = { status: 200, headers: {}, body: Buffer.from(JSON.stringify(body)) }
  return parseJsonBytes(decode(answer, { token: 'kit' }, tools('read')).body)
}

function routesOf(parts: ModelParts, settings: Settings, only?: string): Route[] {
  const { manifest } = parts
  const routes: Route[] = []
  const add = (call: Call | undefined, answer: Route['answer'], write = false) => {
    if (call) routes.push({ call: settled(call, settings), answer, write })
  }
  const { token } = manifest.http ?? {}
  for (const call of [token?.get, token?.refresh]) add(call, () => tokenReply(parts))
  for (const [name, { list, fetch }] of Object.entries(manifest.read ?? {})) {
    add(list, (values, seen) => answerList(parts, name, values, addressOf(seen)))
    add(fetch, (values) => answerFetch(parts, name, values))
  }
  for (const [kind, write] of Object.entries(manifest.write ?? {})) {
    if (only !== undefined && kind !== only) continue
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

/** The declared calls that this may be, the likeliest first. */
function fittingRoutes(parts: ModelParts, routes: Route[], base: string, seen: Seen) {
  return routes
    .map((route) => ({ route, found: captureCall(parts.manifest.http!, route.call, base, seen) }))
    .filter((f) => f.found !== null)
    .sort(
      (a, b) =>
        b.found!.literals - a.found!.literals ||
        fixedLength(b.route) - fixedLength(a.route) ||
        Object.keys(b.found!.values).length - Object.keys(a.found!.values).length,
    )
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
  const fits = fittingRoutes(parts, routes, base, seen)
  // where more speaks against it than for it, the call is rather one that only a hook makes
  const doubtful = fits.length === 0 || (fits[0]!.found!.literals < 0 && parts.supporting(seen) !== undefined)
  if (doubtful) return asRecorded(parts, seen, res)
  const cursor = seen.query.get('kit_cursor')
  let called = fits[0]!
  let reply: Reply | null = null
  // one call may read a record and look for a document: what one of them does not know the other may
  for (const fit of fits) {
    called = fit
    reply = fit.route.answer({ ...fit.found!.values, ...(cursor ? { next: cursor } : {}) }, seen)
    if (reply && reply.status !== 404) break
  }
  if (!reply) return cannot(parts, res, 'an answer of success cannot be made of the declaration alone')
  if (called.route.write && parts.state.loseAnswers > 0) {
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

/** A call that only a hook makes: as it was recorded. */
function asRecorded(parts: ModelParts, seen: Seen, res: ServerResponse): void {
  const fixture = parts.supporting(seen)
  if (!fixture) {
    cannot(parts, res, `${seen.method} ${seen.path} is no declared call`)
    return
  }
  const { status, headers } = fixture.response
  res
    .writeHead(status, headers ?? { 'content-type': 'application/json' })
    .end(answerBytes(fixture, fixture.text))
}

/**
 * Answers calls for a token as the declaration wants it, for servers that do nothing else well; null for any other call.
 */
export function tokenAnswers(subject: Subject): (req: IncomingMessage) => Promise<Buffer | null> {
  const parts = partsOf(subject, subject.settings)
  const { http } = subject.connector.manifest
  const calls = [http?.token?.get, http?.token?.refresh].flatMap((call) => call ?? [])
  return async (req) => {
    const seen = await seenOf(req)
    if (!calls.some((call) => captureCall(http!, call, basePath(subject), seen))) return null
    const reply = tokenReply(parts)
    return reply && bytesOf(reply.tree, http!.answers ?? 'json')
  }
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

/** Answers calls from the fixtures of a connector (nock). Loaded when a kit runs, never by the product. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { ClientRequest } from 'node:http'
import type { Socket } from 'node:net'
import { parseJson } from '../core/json.ts'
import { answerBytes, type Fixture } from './fixture.ts'
import { basePath, type Subject } from './subject.ts'

export interface Replay {
  /** Calls that no fixture answers: method and path. */
  strangers: string[]
  /** The push key of writes; `{key}` in a recorded answer stands for it. */
  key: string
}

/** Runs with every call to `origin` answered from the fixtures; all else goes its way. */
export async function replaying<T>(
  subject: Subject,
  origin: string,
  run: (replay: Replay) => Promise<T>,
): Promise<T> {
  const { default: nock } = await import('nock')
  const replay: Replay = { strangers: [], key: 'KITKEY0000000000000000001' }
  const base = basePath(subject)
  if (!nock.isActive()) nock.activate()
  const scope = nock(origin).persist()
  for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
    scope.intercept(/.*/, method).reply(async (request: Request) => {
      const { pathname, search } = new URL(request.url)
      const asked = askedOf(method, `${pathname}${search}`, await request.text(), base)
      const fixture = fitting(subject.fixtures, asked)
      if (!fixture) {
        replay.strangers.push(`${method} ${asked.path}`)
        return [501, '']
      }
      const { status, headers } = fixture.response
      const text = answerBytes(fixture, fixture.text).toString('utf8').replaceAll('{key}', replay.key)
      // a kept connection would stay open behind the interceptor
      return [status, text, { ...(headers ?? { 'content-type': typeOf(fixture) }), connection: 'close' }]
    })
  }
  const sockets = watchSockets()
  try {
    return await run(replay)
  } finally {
    nock.cleanAll()
    nock.restore()
    sockets.close()
  }
}

const CREATED = 'http.client.request.created'

/** The interceptor's sockets end without closing their handles, which would keep a process alive. */
function watchSockets(): { close(): void } {
  const sockets = new Set<Socket>()
  const seen = (message: unknown) => {
    const { request } = message as { request: ClientRequest }
    request.once('socket', (socket) => sockets.add(socket))
  }
  subscribe(CREATED, seen)
  return {
    close() {
      unsubscribe(CREATED, seen)
      for (const socket of sockets)
        if (socket.destroyed) (socket as Socket & { _handle?: { close(): void } | null })._handle?.close()
    },
  }
}

const typeOf = ({ response }: Fixture): string =>
  typeof response.body === 'string' && response.body.startsWith('<') ? 'text/xml' : 'application/json'

export interface Asked {
  method: string
  path: string
  /** Parameters and members of the body, flat. */
  members: Map<string, string>
}

/** A request as fixtures are compared with it. `uri`: path and query; `base`: what its path begins with. */
export function askedOf(method: string, uri: string, body: unknown, base: string): Asked {
  const [path = '', query = ''] = uri.split('?')
  const own = path.startsWith(base) ? path.slice(base.length) : path
  return { method, path: own || '/', members: membersOf(query, body) }
}

function membersOf(query: string, body: unknown): Map<string, string> {
  const members = new Map<string, string>()
  for (const [name, value] of new URLSearchParams(query)) members.set(name, value)
  const tree = typeof body === 'string' ? parsed(body) : body
  if (tree !== null && typeof tree === 'object') flatten(tree, '', members)
  else if (typeof body === 'string' && body !== '') members.set('', body)
  return members
}

function parsed(text: string): unknown {
  try {
    return parseJson(text)
  } catch {
    return /^[\w.~%*+-]+=/.test(text) ? Object.fromEntries(new URLSearchParams(text)) : null
  }
}

function flatten(tree: object, path: string, into: Map<string, string>): void {
  for (const [key, value] of Object.entries(tree)) {
    const at = path === '' ? key : `${path}.${key}`
    if (value !== null && typeof value === 'object') flatten(value, at, into)
    else into.set(at, String(value))
  }
}

/**
 * The recorded exchange of the same method, path and parameter names with the most equal values: times, keys and
 * signatures differ each time. A text of a fixture's request that begins with `~` must be contained. Of two that fit
 * equally, one of the usual course is meant rather than one that supports others.
 */
export function fitting(fixtures: Fixture[], asked: Asked): Fixture | null {
  let best: { fixture: Fixture; rank: number } | null = null
  for (const fixture of fixtures) {
    if (fixture.what === 'webhook' || fixture.request.method.toUpperCase() !== asked.method) continue
    const [path = '', query = ''] = fixture.request.path.split('?')
    if (!samePath(path, asked.path)) continue
    const equal = likeness(membersOf(query, fixture.request.body), asked.members)
    if (equal === null) continue
    const rank = equal * 2 + (isUsual(fixture) ? 1 : 0)
    if (best === null || rank > best.rank) best = { fixture, rank }
  }
  return best?.fixture ?? null
}

/** Recorded as what a stream or write is made of; any other case only supports those. */
export const isUsual = ({ what }: Fixture): boolean => /^(list|fetch|write|find)$/.test(what)

/** A step of the recorded path that is written `*` stands for any. */
function samePath(recorded: string, asked: string): boolean {
  const [a, b] = [recorded.split('/'), asked.split('/')]
  return a.length === b.length && a.every((step, i) => step === '*' || step === b[i])
}

function likeness(recorded: Map<string, string>, asked: Map<string, string>): number | null {
  let equal = 0
  for (const [name, value] of recorded) {
    const given = asked.get(name)
    if (given === undefined) return null
    if (value.startsWith('~')) {
      if (!given.includes(value.slice(1))) return null
      equal += 2
    } else if (value === given) equal += 1
  }
  return equal
}

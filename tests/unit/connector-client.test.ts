import { createServer, type Server } from 'node:http'
import { type AddressInfo, createServer as createTcp, type Server as TcpServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { mustBeOk, outcomeOf, outcomeOfFailure } from '../../src/connector/answer.ts'
import { type CallEvent, type Client, createClient, retryAfter } from '../../src/connector/client.ts'
import type { HttpFailure } from '../../src/connector/hooks.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

async function listen(server: Server | TcpServer): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => {
    if ('closeAllConnections' in server) server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function client(
  base: string,
  options: { timeout?: number; limit?: number; onCall?: (e: CallEvent) => void } = {},
): Client {
  const made = createClient({
    base,
    headers: { 'X-Token': 'hunter2' },
    timeout: 2000,
    limit: 1_000_000,
    ...options,
  })
  closing.push(() => made.close())
  return made
}

const get = (c: Client, path = '/', signal = new AbortController().signal) =>
  c.call({ method: 'GET', path, signal })

async function failureOf(promise: Promise<unknown>): Promise<HttpFailure> {
  return promise.then(
    () => expect.fail('an answer came'),
    (error: HttpFailure) => error,
  )
}

describe('the HTTP client', () => {
  it('gives every answer as it is, redirects included, and keeps its connection', async () => {
    let connections = 0
    const server = createServer((req, res) => {
      res.writeHead(req.url === '/moved' ? 302 : 418, { Location: '/else', 'X-A': ['1', '2'] })
      res.end(`${req.headers['x-token']} ${req.headers['user-agent']}`)
    })
    server.on('connection', () => connections++)
    const c = client(await listen(server))
    expect((await get(c, '/moved')).status).toBe(302)
    const answer = await get(c)
    expect(answer.status).toBe(418)
    expect(answer.headers['x-a']).toBe('1, 2')
    expect(answer.body.toString()).toBe('hunter2 Tributary')
    expect(connections).toBe(1)
  })

  it('sends bytes untouched', async () => {
    const bytes = Buffer.from([0, 255, 0xd6, 0xd0, 13, 10])
    const server = createServer((req, res) => req.pipe(res))
    const signal = new AbortController().signal
    const answer = await client(await listen(server)).call({ method: 'POST', path: '/', body: bytes, signal })
    expect(answer.body.equals(bytes)).toBe(true)
  })

  it('knows what proves that nothing was sent', async () => {
    const server = createTcp()
    const url = await listen(server)
    await closing.pop()!()
    const refused = await failureOf(get(client(url)))
    expect(refused).toMatchObject({ name: 'HttpFailure', code: 'ECONNREFUSED', sent: false })
    expect(outcomeOfFailure(refused).kind).toBe('not-done')
    const unknown = await failureOf(get(client('http://name.invalid')))
    expect(unknown.sent).toBe(false)
  })

  it('takes a failed TLS handshake as not sent', async () => {
    const plain = createServer((_, res) => res.end('no TLS here'))
    const url = await listen(plain)
    expect(await failureOf(get(client(url.replace('http:', 'https:'))))).toMatchObject({ sent: false })
    const hangsUp = createTcp((socket) => {
      socket.on('error', () => socket.destroy())
      socket.once('data', () => socket.destroy())
    })
    const other = (await listen(hangsUp)).replace('http:', 'https:')
    expect(await failureOf(get(client(other)))).toMatchObject({ code: 'ECONNRESET', sent: false })
  })

  it.each([
    ['a reset after the request', 'HTTP/1.1', false, 'ECONNRESET'],
    [
      'half an answer',
      'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf',
      true,
      /ECONNRESET|ECONNABORTED|ERR_BAD_RESPONSE/,
    ],
  ])('calls %s unknown', async (_, text, graceful, code) => {
    const server = createTcp((socket) => {
      socket.on('error', () => socket.destroy())
      socket.once('data', () => {
        if (graceful) socket.end(text)
        else socket.resetAndDestroy()
      })
    })
    const failure = await failureOf(get(client(await listen(server))))
    expect(failure.sent).toBe(true)
    expect(failure.code).toMatch(code)
    expect(outcomeOfFailure(failure).kind).toBe('unknown')
  })

  it('gives up after its time limit, on the caller’s word, and on too large an answer', async () => {
    const server = createServer((req, res) => {
      if (req.url === '/large') res.end(Buffer.alloc(50_000))
    })
    const url = await listen(server)
    expect(await failureOf(get(client(url, { timeout: 100 })))).toMatchObject({
      code: 'ETIMEDOUT',
      sent: true,
    })
    const stop = AbortSignal.abort()
    expect(await failureOf(get(client(url), '/', stop))).toMatchObject({ code: 'ABORTED' })
    const large = await failureOf(get(client(url, { limit: 10_000 }), '/large'))
    expect(large).toMatchObject({ code: 'ANSWER_TOO_LARGE', sent: true })
  })

  it('counts an answer after it is unpacked, and never leaves its host', async () => {
    const server = createServer((_, res) => {
      res.setHeader('Content-Encoding', 'gzip')
      res.end(gzipSync(Buffer.alloc(5_000_000)))
    })
    const url = await listen(server)
    expect(await failureOf(get(client(url, { limit: 1_000_000 })))).toMatchObject({
      code: 'ANSWER_TOO_LARGE',
    })
    expect((await get(client(url, { limit: 6_000_000 }))).body.length).toBe(5_000_000)
    expect(await failureOf(get(client(url), '@elsewhere.example/'))).toMatchObject({
      code: 'ERR_INVALID_URL',
      sent: false,
    })
  })

  it('lets no header, body or query out: neither in errors nor in what it reports', async () => {
    const server = createTcp((socket) => socket.once('data', () => socket.resetAndDestroy()))
    const events: CallEvent[] = []
    const c = client(await listen(server), { onCall: (e) => events.push(e) })
    const signal = new AbortController().signal
    const failure = await failureOf(
      c.call({ method: 'POST', path: '/a?phone=13800000000', body: 'secret-body', signal }),
    )
    const seen = JSON.stringify([events, failure, failure.message, failure.stack, Object.entries(failure)])
    expect(seen).not.toMatch(/hunter2|13800000000|secret-body/)
    expect(events).toEqual([
      { method: 'POST', path: '/a', status: null, code: 'ECONNRESET', milliseconds: expect.any(Number) },
    ])
    expect(Object.keys(failure).sort()).toEqual(['code', 'name', 'sent'])
  })

  it('goes through the proxy of the environment, but not for NO_PROXY', async () => {
    const seen: string[] = []
    const proxy = await listen(
      createServer((req, res) => {
        seen.push(req.url ?? '')
        res.end('by proxy')
      }),
    )
    vi.stubEnv('HTTP_PROXY', proxy)
    vi.stubEnv('http_proxy', proxy)
    vi.stubEnv('NO_PROXY', 'localhost')
    vi.stubEnv('no_proxy', 'localhost')
    expect((await get(client('http://erp.example:8080'), '/x')).body.toString()).toBe('by proxy')
    expect(seen).toEqual(['http://erp.example:8080/x'])
    const direct = await listen(createServer((_, res) => res.end('direct')))
    const answer = await get(client(direct.replace('127.0.0.1', 'localhost')))
    expect(answer.body.toString()).toBe('direct')
  })
})

const answer = (status: number, headers: Record<string, string> = {}) => ({
  status,
  headers,
  body: Buffer.alloc(0),
})

describe('what an answer proves', () => {
  it.each([
    [200, null],
    [204, null],
    [302, 'unknown'],
    [400, 'refused'],
    [401, 'not-done'],
    [403, 'not-done'],
    [404, 'refused'],
    [408, 'unknown'],
    [409, 'refused'],
    [422, 'refused'],
    [429, 'not-done'],
    [500, 'unknown'],
    [502, 'unknown'],
    [503, 'unknown'],
    [504, 'unknown'],
  ])('%i → %s', (status, kind) => {
    expect(outcomeOf(answer(status), {})?.kind ?? null).toBe(kind)
  })

  it('pauses on refused credentials and waits as long as asked', () => {
    expect(outcomeOf(answer(401), {})).toMatchObject({ pause: true })
    expect(outcomeOf(answer(429, { 'retry-after': '2' }), {})).toMatchObject({ retryAfter: 2000 })
  })

  it('follows the manifest, an exact status before its class', () => {
    const reactions = { '5xx': 'transient', 500: 'unknown', 404: 'transient', 409: 'duplicate' } as const
    expect(outcomeOf(answer(503), reactions)?.kind).toBe('not-done')
    expect(outcomeOf(answer(500), reactions)?.kind).toBe('unknown')
    expect(outcomeOf(answer(404), reactions)?.kind).toBe('not-done')
    expect(outcomeOf(answer(409), reactions)).toMatchObject({ kind: 'refused', duplicate: true })
  })

  it.each([
    [401, 'CONNECTOR_DENIED', 'config'],
    [404, 'CONNECTOR_ANSWER_REFUSED', 'config'],
    [429, 'CONNECTOR_THROTTLED', 'transient'],
    [500, 'CONNECTOR_ANSWER_FAILED', 'transient'],
  ])('a read that gets %i throws %s', (status, code, kind) => {
    expect(() => mustBeOk(answer(status), { connection: 'c', host: 'h' }, {})).toThrow(
      expect.objectContaining({ code, kind }),
    )
  })

  it('reads Retry-After as seconds and as a date', () => {
    expect(retryAfter({ 'retry-after': '1.5' })).toBe(1500)
    const now = Date.parse('2026-11-22T10:00:00Z')
    expect(retryAfter({ 'retry-after': 'Sun, 22 Nov 2026 10:00:07 GMT' }, now)).toBe(7000)
    expect(retryAfter({ 'retry-after': 'Sun, 22 Nov 2026 09:00:00 GMT' }, now)).toBe(0)
    expect(retryAfter({ 'retry-after': 'soon' })).toBeUndefined()
    expect(retryAfter({})).toBeUndefined()
  })

  it('takes our own stop while waiting as unknown', async () => {
    const stopped = await sleep(1000, undefined, { signal: AbortSignal.abort() }).catch((e: unknown) => e)
    expect(outcomeOfFailure(stopped)).toMatchObject({ kind: 'unknown', code: 'ABORTED' })
  })

  it('does not take a bug for a failure of the remote', () => {
    expect(() => outcomeOfFailure(new TypeError('x is not a function'))).toThrow(TypeError)
  })
})

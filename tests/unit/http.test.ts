// biome-ignore-all lint/suspicious/noExplicitAny: answers are looked at as any caller would
import { connect } from 'node:net'
import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { configError } from '../../src/core/errors/config.ts'
import { connectorError } from '../../src/core/errors/connector.ts'
import { ledgerError } from '../../src/core/errors/ledger.ts'
import { runtimeError } from '../../src/core/errors/runtime.ts'
import { DOCUMENT_KINDS } from '../../src/core/states.ts'
import { ROUTES } from '../../src/http/api-routes.ts'
import { type HttpServer, startHttp } from '../../src/http/server.ts'
import { createLog } from '../../src/runtime/log.ts'
import type { Readiness, Running } from '../../src/runtime/operations.ts'
import { until, untilText } from '../support/answers.ts'
import { RAW } from '../support/ledgers.ts'
import { type Office, openOffice, type Seeded } from '../support/office.ts'

let office: Office
let written = ''
const log = createLog({
  level: 'debug',
  destination: {
    write: (line: string) => {
      written = written + line
    },
  },
})
let receive: Running['receiveWebhook']
let readiness: Readiness | 'hangs'
let server: HttpServer

beforeAll(async () => {
  office = await openOffice()
  const running = {
    operations: office.operations,
    receiveWebhook: (...args: Parameters<Running['receiveWebhook']>) => receive(...args),
    ready: async () =>
      readiness === 'hangs' ? new Promise<never>(() => undefined) : Promise.resolve(readiness),
  }
  server = await startHttp({ running, host: '127.0.0.1', port: 0, log })
}, 60_000)
afterAll(async () => {
  await server.close()
  await office.close()
})
beforeEach(() => {
  office.calls.length = 0
  written = ''
  readiness = { ready: true, checks: { database: 'ok' } }
  receive = async () => ({ status: 202, body: 'taken', contentType: 'text/plain' })
})

/** `reader` and `operator` stand for the tokens of that scope. */
const bearer = (token?: string): Record<string, string> =>
  token ? { authorization: `Bearer ${{ ...office.tokens }[token] ?? token}` } : {}

const get = (path: string, token?: string, headers: Record<string, string> = {}) =>
  fetch(server.url + path, {
    headers: { ...headers, ...bearer(token) },
  })
const post = (path: string, body: unknown, token?: string) =>
  fetch(server.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...bearer(token) },
    body: JSON.stringify(body),
  })
const hook = (body: Buffer<ArrayBuffer> | string, headers: Record<string, string> = {}) =>
  fetch(`${server.url}/webhooks/web/orders`, { method: 'POST', body, headers })

describe('webhooks', () => {
  test('hand over the untouched bytes and headers and answer what the connector wants, after the commit', async () => {
    const bytes = Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x00, 0x7d, 0x0a])
    let seen: unknown[] = []
    let committed = false
    receive = async (connection, topic, headers, body) => {
      seen = [connection, topic, headers['x-signature'], headers['content-type'], body]
      await new Promise((r) => setTimeout(r, 30))
      committed = true
      return { status: 202, body: '<ok/>', contentType: 'application/xml' }
    }
    const r = await hook(bytes, { 'content-type': 'application/json', 'x-signature': 'abc' })
    expect(committed).toBe(true)
    expect([r.status, await r.text()]).toEqual([202, '<ok/>'])
    expect(r.headers.get('content-type')).toContain('application/xml')
    const seconds = /tributary_webhook_seconds_sum\{connection="web"\} (\S+)/.exec(
      await (await get('/metrics')).text(),
    )
    expect(Number(seconds?.[1])).toBeGreaterThan(0.025)
    expect(seen).toEqual(['web', 'orders', 'abc', 'application/json', bytes])
  })

  test('take any content type, none, and an empty body', async () => {
    let size = -1
    receive = async (_c, _t, _h, body) => {
      size = body.length
      return { status: 200, body: '', contentType: 'text/plain' }
    }
    expect(
      (await hook(Buffer.from('a=b'), { 'content-type': 'application/x-www-form-urlencoded' })).status,
    ).toBe(200)
    expect(size).toBe(3)
    for (const odd of ['', 'json', 'application/json; charset', 'text/xml;;;']) {
      expect((await hook(Buffer.from('abcd'), { 'content-type': odd })).status).toBe(200)
      expect(size).toBe(4)
    }
    expect((await fetch(`${server.url}/webhooks/web/orders`, { method: 'POST' })).status).toBe(200)
    expect(size).toBe(0)
  })

  test('refuse more than 10 MB with 413, and the receive hop never sees it', async () => {
    let seen = false
    receive = async () => {
      seen = true
      return { status: 200, body: '', contentType: 'text/plain' }
    }
    const r = await hook(Buffer.alloc(11 * 1024 * 1024), { 'content-type': 'application/json' })
    expect(r.status).toBe(413)
    expect(((await r.json()) as { code: string }).code).toBe('RUNTIME_TOO_LARGE')
    expect(seen).toBe(false)
  })

  test.each([
    [connectorError('WEBHOOK_SIGNATURE', { topic: 'orders', reason: 'x' }), 401],
    [connectorError('WEBHOOK_UNREADABLE', { topic: 'orders', reason: 'x' }), 400],
    [runtimeError('RUNTIME_UNKNOWN', { what: 'connection', id: 'x' }), 404],
    [ledgerError('LEDGER_BUSY', { waiting: 9 }), 503],
    [configError('CONFIG_VALUE'), 500],
  ])('%s becomes %i', async (error, status) => {
    receive = async () => {
      throw error
    }
    const r = await hook('{}')
    expect(r.status).toBe(status)
    expect(r.headers.get('retry-after')).toBe(status === 503 ? '5' : null)
    expect(((await r.json()) as { code: string }).code).toBe(error.code)
    expect(written).toContain('"event":"webhook.refused"')
  })

  test('a failure of ours shows neither its message nor its data', async () => {
    receive = async () => {
      throw Object.assign(new Error('cannot read "Maria"'), { query: 'Maria' })
    }
    const r = await hook('{}')
    expect(r.status).toBe(500)
    expect(await r.text()).not.toContain('Maria')
    expect(written).not.toContain('Maria')
  })

  test('more than the memory set aside for bodies is asked to come again, until it has gone', async () => {
    const { hostname, port } = new URL(server.url)
    const head = `POST /webhooks/web/orders HTTP/1.1\r\nhost: x\r\ncontent-length: ${10 * 1024 * 1024}\r\n\r\n{`
    const slow = await Promise.all(
      Array.from({ length: 12 }, async () => {
        const socket = connect(Number(port), hostname)
        await new Promise((sent) => socket.on('connect', () => socket.write(head, sent)))
        return socket
      }),
    )
    const busy = await until(() => hook(Buffer.alloc(9 * 1024 * 1024)), 503)
    expect(busy.headers.get('retry-after')).toBe('5')
    expect((await hook('{}')).status).toBe(202)
    for (const socket of slow) socket.destroy()
    await until(() => hook(Buffer.alloc(9 * 1024 * 1024)), 202)
  })

  test('names that strangers invent do not become metrics', async () => {
    receive = async () => {
      throw runtimeError('RUNTIME_UNKNOWN', { what: 'connection', id: 'x' })
    }
    await fetch(`${server.url}/webhooks/guess-4711/x`, { method: 'POST', body: '{}' })
    await fetch(`${server.url}/webhooks/guess-4712/x`, {
      method: 'POST',
      body: Buffer.alloc(11 * 1024 * 1024),
    })
    const text = await (await get('/metrics')).text()
    expect(text).toContain('tributary_webhook_total{connection="unknown",status="404"}')
    expect(text).not.toContain('guess-471')
  })
})

describe('health and metrics', () => {
  test('/healthz and /readyz', async () => {
    expect((await get('/healthz')).status).toBe(200)
    expect((await get('/readyz')).status).toBe(200)
    readiness = { ready: false, checks: { database: 'unreachable' } }
    const r = await get('/readyz')
    expect([r.status, await r.json()]).toEqual([503, readiness])
    expect((await get('/healthz')).status).toBe(200)
  })

  test('/readyz says no when there is no answer', async () => {
    readiness = 'hangs'
    const r = await get('/readyz')
    expect(r.status).toBe(503)
  }, 6000)

  test('/metrics shows the ledger', async () => {
    const { operations, desk } = office
    await office.seed()
    await operations.pause({ connection: 'nc', why: 'stock-taking', by: 'ann' })
    await desk.db.query(
      `insert into stream (connection, stream, watermark) values ('web', 'orders', now() - interval '1 minute')`,
    )
    const stats = await operations.stats({})
    // older figures are shown for a second
    const text = await untilText(
      async () => (await get('/metrics')).text(),
      'tributary_paused{connection="nc"} 1',
    )
    expect((await get('/metrics')).headers.get('content-type')).toContain('text/plain')
    for (const line of [
      `tributary_received_records ${stats.received}`,
      `tributary_waiting{hop="planned"} ${stats.waiting.planned}`,
      'tributary_pushes{connection="nc",state="rejected"} 1',
      'tributary_parked 1',
    ]) {
      expect(text).toContain(line)
    }
    expect(stats.received).toBeGreaterThan(0)
    const age = /tributary_watermark_age_seconds\{connection="web",stream="orders"\} (\S+)/.exec(text)?.[1]
    expect(Math.abs(Number(age) - 60)).toBeLessThan(10)
    expect(text).toContain('process_resident_memory_bytes')
    await operations.resume({ connection: 'nc', by: 'ann' })
  })
})

describe('/v1', () => {
  let seeded: Seeded
  beforeEach(async () => {
    seeded = await office.seed()
    // what goes on again must have been paused
    const resumed = expect.getState().currentTestName?.includes('/resume')
    if (resumed) await office.desk.ops.backfillPause({ id: seeded.backfill, by: 'ann' })
    office.calls.length = 0
  })
  const concrete = (path: string) =>
    `/v1${path
      .replace(':connection', 'web')
      .replace(':kind', 'order')
      .replace(':externalId', seeded.externalId)
      .replace(':id', idOf(path))}`
  const idOf = (path: string) => {
    const ids = {
      records: seeded.record,
      backfills: seeded.backfill,
      completeness: seeded.check,
      alerts: seeded.alert,
      configuration: seeded.activation,
    }
    return ids[path.split('/')[1] as keyof typeof ids] ?? seeded.push
  }
  const bodies = (): Record<string, unknown> => ({
    '/pushes/retry': { ids: [seeded.push] },
    '/pushes/:id/resolve': { as: 'written', remoteId: `R${seeded.push}` },
    '/parked/retry': { filter: { connection: 'web' } },
    '/parked/discard': { ids: [seeded.parked], why: 'test order' },
    '/replay': { connection: 'web', since: '2026-01-01T00:00:00Z' },
    '/alerts/mute': { cause: 'silence:*', for: '4h', why: 'stock-taking' },
    '/alerts/unmute': { cause: 'clock' },
    '/alerts/test': { channel: 'ops' },
    '/pauses': { connection: 'nc', why: 'stock-taking' },
    '/pauses/resume': { connection: 'nc' },
    '/backfills': { connection: 'web', stream: 'orders', ids: ['1', '2'], why: 'a gap' },
    '/backfills/preview': { connection: 'web', stream: 'orders', since: '2026-01-01T00:00:00Z' },
    '/backfills/:id/pause': {},
    '/backfills/:id/resume': { why: 'after the sale' },
    '/backfills/:id/cancel': {},
    '/completeness/check': { connection: 'web', since: '2026-01-01', until: '2026-01-02', list: true },
    '/codes/import': {
      entries: [{ connection: 'nc', table: 'material', key: 'A', value: '1', factor: '12' }],
    },
  })
  const ask = (method: string, path: string, token?: string) => {
    const query = { '/find': `?term=${seeded.externalId}`, '/records': `?order=${seeded.order}` }[path] ?? ''
    return method === 'GET' ? get(concrete(path) + query, token) : post(concrete(path), bodies()[path], token)
  }

  test.each(ROUTES.map((r) => [r.method, r.path, r.scope] as const))(
    '%s %s: no token 401, wrong token 401, scope %s, answer as described',
    async (method, path, scope) => {
      expect((await ask(method, path)).status).toBe(401)
      expect((await ask(method, path, 'guess')).status).toBe(401)
      expect(office.calls).toEqual([])
      expect((await ask(method, path, 'reader')).status).toBe(scope === 'read' ? 200 : 403)
      const r = await ask(method, path, 'operator')
      expect(r.status).toBe(200)
      const document = (await (await get('/v1/openapi.json')).json()) as any
      const described = document.paths[`/v1${path.replace(/:(\w+)/g, '{$1}')}`][method.toLowerCase()]
      const { content } = described.responses[200]
      if (content['*/*']) return
      const ajv = new Ajv2020({ strict: false, allErrors: true })
      formats.default(ajv)
      const validate = ajv.compile(content['application/json'].schema)
      expect(validate(await r.json()) || validate.errors).toBe(true)
    },
  )

  test('the description is OpenAPI 3.1, has every route and needs no token', async () => {
    const document = (await (await get('/v1/openapi.json')).json()) as any
    expect(document.openapi).toBe('3.1.0')
    const operations = Object.values(document.paths).flatMap((p) => Object.values(p as object))
    expect(operations).toHaveLength(ROUTES.length)
    expect(new Set(operations.map((o) => o.operationId)).size).toBe(ROUTES.length)
    expect(document.paths['/v1/orders/{connection}/{externalId}'].get.parameters).toHaveLength(2)
    expect(document.components.securitySchemes.token.scheme).toBe('bearer')
  })

  test('the exact bytes of a push need the scope operate', async () => {
    expect((await get(`/v1/pushes/${seeded.push}?body=true`, 'reader')).status).toBe(403)
    const r = (await (await get(`/v1/pushes/${seeded.push}?body=true`, 'operator')).json()) as any
    expect(Buffer.from(r.rendered.body, 'base64')).toEqual(RAW)
    expect(
      ((await (await get(`/v1/pushes/${seeded.push}`, 'operator')).json()) as any).rendered.body,
    ).toBeUndefined()
  })

  test('the fields of a document need the scope operate; the description has the shape of every kind', async () => {
    const path = `/v1/documents/web/order/${seeded.externalId}`
    expect((await get(`${path}?content=true`, 'reader')).status).toBe(403)
    const whole = (await (await get(`${path}?content=true`, 'operator')).json()) as any
    expect(whole).toMatchObject({ kind: 'order', content: { buyer: { name: 'Maria' } } })
    expect(((await (await get(path, 'reader')).json()) as any).content).toBeUndefined()
    expect((await get('/v1/documents?kind=parcel', 'reader')).status).toBe(400)
    expect((await get('/v1/documents/web/return/nobody', 'reader')).status).toBe(404)
    const { components } = (await (await get('/v1/openapi.json')).json()) as any
    const names = DOCUMENT_KINDS.map((kind) => `${kind[0]!.toUpperCase()}${kind.slice(1)}`)
    expect(Object.keys(components.schemas)).toEqual(['Error', ...names])
    const ajv = new Ajv2020({ strict: false, allErrors: true })
    formats.default(ajv)
    expect(ajv.compile(components.schemas.Order)(whole.content)).toBe(true)
    expect(ajv.compile(components.schemas.Return)(whole.content)).toBe(false)
  })

  test('queries become filters with their types', async () => {
    await get('/v1/orders?limit=10&progress=parked&connection=web&after=n1', 'reader')
    expect(office.calls[0]).toEqual([
      'ordersList',
      { limit: 10, progress: 'parked', connection: 'web', after: 'n1' },
    ])
  })

  test('who asked is the token, not the body', async () => {
    const r = await post('/v1/pauses', { connection: 'nc', by: 'someone else' }, 'operator')
    expect(r.status).toBe(400)
    await post('/v1/pauses', { connection: 'nc', why: 'x' }, 'operator')
    expect(office.calls.at(-1)).toEqual(['pause', { connection: 'nc', by: 'token desk', why: 'x' }])
    expect(written).toContain('"event":"api.operate"')
  })

  test.each([
    ['/v1/orders?limit=0', 'limit'],
    ['/v1/orders?progress=gone', 'progress'],
    ['/v1/orders?colour=red', 'colour'],
    ['/v1/orders?since=yesterday', 'since'],
    ['/v1/find', 'term'],
  ])('%s is refused naming the field', async (path, field) => {
    const r = await get(path, 'reader')
    const body = (await r.json()) as any
    expect([r.status, body.code]).toEqual([400, 'RUNTIME_REQUEST'])
    expect(body.message).toContain(field)
    expect(office.calls).toEqual([])
  })

  test.each([
    ['/v1/pushes/retry', {}],
    ['/v1/pushes/retry', { ids: ['1'], filter: { connection: 'nc' } }],
    ['/v1/parked/discard', { filter: {} }],
    ['/v1/pushes/17/resolve', { as: 'written' }],
    ['/v1/pauses', { why: 'everything' }],
    ['/v1/replay', { since: '2026-01-01T00:00:00Z' }],
  ])('POST %s %j is refused', async (path, body) => {
    const r = await post(path, body, 'operator')
    expect(r.status).toBe(400)
    expect(office.calls).toEqual([])
  })

  test('unknown things are 404, in the language asked for', async () => {
    const r = await get('/v1/pushes/999999', 'reader', { 'accept-language': 'zh-CN,zh;q=0.9' })
    expect(r.status).toBe(404)
    expect(((await r.json()) as any).message).toContain('没有')
    expect((await get('/v2/orders')).status).toBe(404)
    const broken = await fetch(`${server.url}/v1/pauses`, {
      method: 'POST',
      headers: { ...bearer('operator'), 'content-type': 'application/json' },
      body: '{not json',
    })
    expect(broken.status).toBe(400)
  })

  test('an order is found by its key', async () => {
    const r = await get(`/v1/orders/${seeded.order}`, 'reader')
    expect(((await r.json()) as any).key).toBe(seeded.order)
    expect(office.calls[0]).toEqual(['orderShow', { ref: seeded.order }])
  })
})

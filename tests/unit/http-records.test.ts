// biome-ignore-all lint/suspicious/noExplicitAny: answers are looked at as any caller would
/** `/v1/records`: untouched bytes from outside, handed out with care. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type HttpServer, startHttp } from '../../src/http/server.ts'
import { createLog } from '../../src/runtime/log.ts'
import type { Running } from '../../src/runtime/operations.ts'
import { type Office, openOffice, type Seeded } from '../support/office.ts'

let office: Office
let server: HttpServer
let seeded: Seeded
let written = ''
const destination = {
  write: (line: string) => {
    written = written + line
  },
}

beforeAll(async () => {
  office = await openOffice()
  const running = {
    operations: office.operations,
    receiveWebhook: () => Promise.reject(new Error('nothing comes in here')),
    ready: async () => ({ ready: true, checks: {} }),
  } satisfies Omit<Running, 'close'>
  server = await startHttp({
    running,
    host: '127.0.0.1',
    port: 0,
    log: createLog({ level: 'info', destination }),
  })
}, 60_000)
afterAll(async () => {
  await server.close()
  await office.close()
})
beforeEach(async () => {
  seeded = await office.seed()
  office.calls.length = 0
  written = ''
})

const get = (path: string, token: 'reader' | 'operator') =>
  fetch(server.url + path, { headers: { authorization: `Bearer ${office.tokens[token]}` } })

describe('/v1/records', () => {
  test('the bytes of a record are what came, to be saved and never shown by a browser', async () => {
    const { db } = office.desk
    const path = `/v1/records/${seeded.record}/body`
    const r = await get(path, 'operator')
    const body = Buffer.from(await r.arrayBuffer())
    expect(JSON.parse(body.toString())).toMatchObject({ externalId: seeded.externalId })
    const listed = (await (await get(`/v1/records?order=${seeded.externalId}`, 'reader')).json()) as any
    expect(listed.items).toMatchObject([{ id: seeded.record, size: body.length, bytes: 'kept' }])
    expect(Object.fromEntries(r.headers)).toMatchObject({
      'content-type': 'application/json',
      'content-disposition': `attachment; filename="record-${seeded.record}"`,
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    })
    const typed = async (type: string) => {
      await db.query('update inbox set content_type = $2 where id = $1', [seeded.record, type])
      return (await get(path, 'operator')).headers.get('content-type')
    }
    expect(await typed('text/xml; charset="GBK"')).toBe('text/xml; charset="GBK"')
    for (const odd of ['', 'json', 'a/b\r\nset-cookie: x=1', 'text/html, text/plain', 'text/xml;;;']) {
      expect(await typed(odd)).toBe('application/octet-stream')
    }
  })

  test('the bytes need the scope operate; who asked for which stands in the log', async () => {
    expect((await get(`/v1/records/${seeded.record}/body`, 'reader')).status).toBe(403)
    expect(office.calls.filter(([method]) => method === 'recordBody')).toEqual([])
    await get(`/v1/records/${seeded.record}/body`, 'operator')
    expect(written).toContain(`"operation":"recordBody","id":"${seeded.record}","by":"token desk"`)
  })

  test('bytes that are not there any more are said: trimmed, damaged, never kept', async () => {
    const { db } = office.desk
    const body = async () => {
      const r = await get(`/v1/records/${seeded.record}/body`, 'operator')
      const shown = (await (await get(`/v1/records/${seeded.record}`, 'reader')).json()) as any
      expect(shown.sha256).toBeNull()
      return [r.status, ((await r.json()) as any).code, shown.bytes]
    }
    const block = 'select block from inbox where id = $1'
    await db.query(`update inbox_block set body = '\\x00' where id = (${block})`, [seeded.record])
    expect(await body()).toEqual([500, 'RECORD_DAMAGED', 'damaged'])
    await db.query('update inbox set block = null where id = $1', [seeded.record])
    expect(await body()).toEqual([410, 'RUNTIME_BYTES_TRIMMED', 'trimmed'])
    await db.query('update inbox set size = null where id = $1', [seeded.record])
    expect(await body()).toEqual([404, 'RUNTIME_BYTES_NONE', 'none'])
    expect((await get('/v1/records/999999/body', 'operator')).status).toBe(404)
  })

  test('an order is needed; ones that nobody knows are 404', async () => {
    const missing = (await (await get('/v1/records', 'reader')).json()) as any
    expect([missing.code, missing.message]).toEqual(['RUNTIME_REQUEST', expect.stringContaining('order')])
    expect((await get('/v1/records?order=nobody', 'reader')).status).toBe(404)
    expect((await get('/v1/records/nobody', 'reader')).status).toBe(404)
  })
})

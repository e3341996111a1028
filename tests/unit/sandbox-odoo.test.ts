/** The sandbox Odoo's interfaces: authentication, binding, errors, sessions, series. */
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import type { OdooOptions } from '../../src/sandbox/odoo/options.ts'
import { startOdoo } from '../../src/sandbox/odoo/server.ts'
import { client2, control, executeKw, json2, jsonrpc } from '../support/odoo-client.ts'

const running = new Set<{ close(): Promise<void> }>()
const folders: string[] = []
afterEach(async () => {
  for (const server of running) await server.close()
  running.clear()
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

async function start(options: Partial<OdooOptions> = {}) {
  const odoo = await startOdoo({ apiKey: 'key', ...options })
  running.add(odoo)
  const stop = async () => {
    running.delete(odoo)
    await odoo.close()
  }
  return { url: odoo.url, stop, ...client2(odoo.url) }
}

const faults = (url: string, patch: unknown) => control(url, 'faults', patch)
const ONCE = { probability: 1, times: 1 }

describe('JSON-2', () => {
  test('one call is authenticated, bound and answered raw', async () => {
    const { url } = await start()
    const answer = await json2(url, 'res.partner/create', { vals_list: { name: '王小明' } })
    expect(answer).toMatchObject({ status: 200, body: [expect.any(Number)] })
    const [id] = answer.body
    const read = await json2(url, 'res.partner/read', { ids: [id], fields: ['name', 'ref'] })
    expect(read.body).toEqual([{ id, name: '王小明', ref: false }])
    const version = await (await fetch(`${url}/web/version`)).json()
    expect(version).toEqual({ version_info: [19, 0, 0, 'final', 0, ''], version: '19.0' })
  })

  test.each([
    [
      'no key',
      'res.partner/search',
      { domain: [] },
      { Authorization: '' },
      401,
      'werkzeug.exceptions.Unauthorized',
    ],
    [
      'a wrong key',
      'res.partner/search',
      { domain: [] },
      { Authorization: 'bearer no' },
      401,
      'Unauthorized',
    ],
    ['an unknown model', 'res.nothing/search', { domain: [] }, {}, 404, 'werkzeug.exceptions.NotFound'],
    ['an unknown method', 'res.partner/frobnicate', {}, {}, 404, 'werkzeug.exceptions.NotFound'],
    ['a private method', 'res.partner/_read', {}, {}, 403, 'odoo.exceptions.AccessError'],
    ['a missing argument', 'res.partner/create', {}, {}, 422, 'werkzeug.exceptions.UnprocessableEntity'],
    ['an unknown argument', 'res.partner/search', { domain: [], foo: 1 }, {}, 422, 'UnprocessableEntity'],
    [
      'ids for a model method',
      'res.partner/search',
      { domain: [], ids: [1] },
      {},
      422,
      'UnprocessableEntity',
    ],
    ['broken JSON', 'res.partner/search', '{"domain": [', {}, 400, 'werkzeug.exceptions.BadRequest'],
    [
      'a record that is gone',
      'res.partner/write',
      { ids: [999], vals: {} },
      {},
      404,
      'odoo.exceptions.MissingError',
    ],
    ['an unknown field', 'res.partner/create', { vals_list: { nam: 'x' } }, {}, 500, 'builtins.ValueError'],
    ['a wrong domain', 'res.partner/search', { domain: [['nam', '=', 1]] }, {}, 500, 'builtins.ValueError'],
    [
      'an empty mandatory field',
      'res.partner/create',
      { vals_list: {} },
      {},
      422,
      'odoo.exceptions.ValidationError',
    ],
    [
      'an instant with a T',
      'sale.order/create',
      { vals_list: { partner_id: 1, date_order: '2026-01-01T00:00:00' } },
      {},
      500,
      'builtins.ValueError',
    ],
  ])('refuses %s', async (_, path, body, headers, status, name) => {
    const { url } = await start()
    const answer = await json2(url, path, body, headers as Record<string, string>)
    expect(answer.status).toBe(status)
    expect(Object.keys(answer.body)).toEqual(['name', 'message', 'arguments', 'context', 'debug'])
    expect(answer.body.name).toContain(name)
    expect(answer.body.arguments[0]).toBe(answer.body.message)
    if (status === 401) expect(answer.headers.get('www-authenticate')).toBe('Bearer')
  })

  test('a list as the body counts as no arguments at all', async () => {
    const { url } = await start()
    const answer = await json2(url, 'res.partner/search', [['name', '=', 'x']])
    expect(answer).toMatchObject({ status: 422, body: { message: "missing a required argument: 'domain'" } })
  })

  test('several databases need the header, and 18 has no JSON-2', async () => {
    const two = await start({ databases: ['odoo', 'test'] })
    expect(await json2(two.url, 'res.partner/search', { domain: [] })).toMatchObject({
      status: 404,
      body: undefined,
    })
    const named = await json2(two.url, 'res.partner/search', { domain: [] }, { 'X-Odoo-Database': 'odoo' })
    expect(named.status).toBe(200)
    const one = await start()
    const other = await json2(one.url, 'res.partner/search', { domain: [] }, { 'X-Odoo-Database': 'prod' })
    expect(other.status).toBe(404)
    const old = await start({ series: 18 })
    expect((await json2(old.url, 'res.partner/search', { domain: [] })).status).toBe(404)
    expect((await json2(one.url, 'res.partner/search', '{}', { 'Content-Type': 'text/plain' })).status).toBe(
      415,
    )
  })
})

describe('JSON-RPC', () => {
  test('version, login and execute_kw', async () => {
    const { url } = await start({ series: 18 })
    const common = (method: string, args: unknown[]) =>
      jsonrpc(url, '/jsonrpc', { service: 'common', method, args })
    expect((await common('version', [])).body).toMatchObject({ id: 7, result: { server_version: '18.0' } })
    const login = ['odoo', 'api@example.com', 'key', {}]
    expect((await common('authenticate', login)).body.result).toBe(2)
    expect((await common('authenticate', ['odoo', 'api@example.com', 'no', {}])).body.result).toBe(false)
    const id = await executeKw(url, 'res.partner', 'create', [{ name: 'A' }])
    expect(id).toEqual(expect.any(Number))
    expect(await executeKw(url, 'res.partner', 'create', [[{ name: 'B' }, { name: 'C' }]])).toHaveLength(2)
    expect(await executeKw(url, 'res.partner', 'read', [id], { fields: ['name'] })).toEqual([
      { id, name: 'A' },
    ])
    const found = await executeKw(url, 'res.partner', 'search', [[['name', 'in', ['B', 'C']]]], { limit: 1 })
    expect(found).toHaveLength(1)
  })

  test('every failure is inside a 200', async () => {
    const { url } = await start({ series: 17 })
    const error = await executeKw(url, 'sale.order', 'create', [{ nothing: 1 }])
    expect(error).toMatchObject({
      code: 200,
      message: 'Odoo Server Error',
      data: { name: 'builtins.ValueError', message: "Invalid field 'nothing' on model 'sale.order'" },
    })
    const denied = {
      service: 'object',
      method: 'execute_kw',
      args: ['odoo', 2, 'no', 'res.partner', 'search', [[]]],
    }
    const answer = await jsonrpc(url, '/jsonrpc', denied)
    expect(answer).toMatchObject({
      status: 200,
      body: { error: { data: { name: 'odoo.exceptions.AccessDenied' } } },
    })
    expect(await executeKw(url, 'res.nothing', 'search', [[]])).toMatchObject({
      data: { name: 'odoo.exceptions.UserError', message: "Object res.nothing doesn't exist" },
    })
    expect(await executeKw(url, 'res.partner', '_read', [])).toMatchObject({
      data: { name: 'odoo.exceptions.AccessError' },
    })
    const broken = await fetch(`${url}/jsonrpc`, { method: 'POST', body: '{' })
    expect(broken.status).toBe(400)
    await broken.text()
  })

  test('the services can be switched off, or be gone', async () => {
    const off = await start({ rpc: 'off' })
    expect(await executeKw(off.url, 'res.partner', 'search', [[]])).toMatchObject({ code: 404 })
    const version = await jsonrpc(off.url, '/jsonrpc', { service: 'common', method: 'version', args: [] })
    expect(version.body.result.server_version).toBe('19.0')
    const gone = await start({ rpc: 'gone' })
    expect((await jsonrpc(gone.url, '/jsonrpc', {})).status).toBe(404)
    expect((await json2(gone.url, 'res.partner/search', { domain: [] })).status).toBe(200)
  })

  test('the web client needs a session, which can end', async () => {
    const { url } = await start({ series: 18 })
    const search = { model: 'res.partner', method: 'search_count', args: [[]], kwargs: {} }
    const call = (cookie: string) =>
      jsonrpc(url, '/web/dataset/call_kw/res.partner/search_count', search, cookie)
    const expired = {
      code: 100,
      message: 'Odoo Session Expired',
      data: { name: 'odoo.http.SessionExpiredException' },
    }
    expect((await call('')).body.error).toMatchObject(expired)
    const login = { db: 'odoo', login: 'api@example.com', password: 'key' }
    const answer = await jsonrpc(url, '/web/session/authenticate', login)
    const cookie = answer.headers.get('set-cookie')!.split(';')[0]!
    expect((await call(cookie)).body.result).toBeGreaterThan(0)
    await faults(url, { expireSession: ONCE })
    expect((await call(cookie)).body.error).toMatchObject(expired)
  })
})

test('what was answered is there after a restart, also after a torn last line', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sandbox-odoo-'))
  folders.push(folder)
  const log = join(folder, 'odoo.jsonl')
  const first = await start({ log })
  const { ids } = await first.load('res.partner', ['id', 'name'], [['m.k', 'Kept']])
  await first.stop()
  appendFileSync(log, '{"t":"commit","rows":[["res.par')
  const second = await start({ log })
  expect(await second.search('res.partner', [['name', '=', 'Kept']])).toEqual(ids)
  expect((await second.load('res.partner', ['id', 'name'], [['m.k', 'Kept']])).ids).toEqual(ids)
  const [next] = await second.create('res.partner', { name: 'Next' })
  expect(next).toBeGreaterThan(ids[0])
  expect(await second.call('res.currency', 'search_count', { domain: [] })).toBe(5)
})

test('field names follow the series', async () => {
  const fields = async (version: number, model: string) => {
    const { url } = await start({ series: version, extraFields: ['sale.order.line.x_ref:char'] })
    return Object.keys(await executeKw(url, model, 'fields_get', [], { attributes: ['type'] }))
  }
  const old = await fields(18, 'sale.order.line')
  expect(old).toEqual(expect.arrayContaining(['tax_id', 'product_uom', 'x_ref']))
  expect(old).not.toContain('tax_ids')
  const now = await fields(19, 'sale.order.line')
  expect(now).toEqual(expect.arrayContaining(['tax_ids', 'product_uom_id']))
  expect(now).not.toContain('tax_id')
  await expect(start({ series: 16 })).rejects.toThrow(RangeError)
  await expect(start({ extraFields: ['nothing.x_a:char'] })).rejects.toThrow(RangeError)
})

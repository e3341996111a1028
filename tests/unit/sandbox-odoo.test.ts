/** The sandbox Odoo's interfaces: authentication, binding, errors, searches, load, faults. */
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
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
    const old = await start({ version: 18 })
    expect((await json2(old.url, 'res.partner/search', { domain: [] })).status).toBe(404)
    expect((await json2(one.url, 'res.partner/search', '{}', { 'Content-Type': 'text/plain' })).status).toBe(
      415,
    )
  })
})

describe('JSON-RPC', () => {
  test('version, login and execute_kw', async () => {
    const { url } = await start({ version: 18 })
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
    const { url } = await start({ version: 17 })
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
    const { url } = await start({ version: 18 })
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

describe('values and searches', () => {
  test('floats keep their point, empties are false, references carry names', async () => {
    const odoo = await start()
    const [id] = await odoo.create('res.partner', { name: 'A', email: '' })
    const answer = await json2(odoo.url, 'product.product/search_read', {
      domain: [['default_code', '=', 'TEA-001']],
      fields: ['lst_price', 'uom_id', 'barcode', 'qty_available'],
    })
    expect(answer.text).toMatch(
      /"lst_price": 108\.0, "uom_id": \[1, "Units"\], "barcode": false, "qty_available": 100000\.0/,
    )
    const bare = await odoo.call('product.product', 'read', { ids: [1], fields: ['uom_id'], load: '' })
    expect(bare).toEqual([{ id: 1, uom_id: 1 }])
    expect(await odoo.read('res.partner', id!, ['write_date'])).toEqual({
      id,
      write_date: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/),
    })
    expect(await odoo.call('res.partner', 'read', { ids: [999] })).toEqual([])
  })

  test('domains: prefix logic, operators, paths, archived records', async () => {
    const odoo = await start()
    const country = { CN: 0, DE: 0 }
    for (const code of ['CN', 'DE'] as const)
      [country[code]] = (await odoo.search('res.country', [['code', '=', code]])) as [number]
    const values = [
      { name: 'Anna', ref: 'a-1', email: 'Anna@X.example', country_id: country.CN },
      { name: 'Bea', ref: 'a_2', country_id: country.DE },
      { name: 'Cleo', ref: 'b%3', active: false, customer_rank: 5 },
    ]
    await odoo.create('res.partner', values)
    const names = async (domain: unknown, more = {}) =>
      (
        await odoo.call('res.partner', 'search_read', {
          domain: ['&', ['ref', '!=', false], ...(domain as [])],
          fields: ['name'],
          ...more,
        })
      ).map((row: { name: string }) => row.name)
    expect(await names([['ref', '=', 'a-1']])).toEqual(['Anna'])
    expect(await names(['|', ['name', '=', 'Anna'], ['name', '=', 'Bea']])).toEqual(['Anna', 'Bea'])
    expect(await names(['!', ['name', 'ilike', 'an'], ['ref', '!=', 'WEB']])).toEqual(['Bea'])
    expect(await names([['email', 'ilike', 'anna@x']])).toEqual(['Anna'])
    expect(await names([['email', 'like', 'anna@x']])).toEqual([])
    expect(await names([['ref', '=like', 'a\\_%']])).toEqual(['Bea'])
    expect(await names([['country_id.code', 'in', ['CN', 'DE']]])).toEqual(['Anna', 'Bea'])
    expect(await names([['country_id', '=', 'DE']])).toEqual(['Bea'])
    expect(await names([['country_id', 'any', [['code', '=', 'CN']]]])).toEqual(['Anna'])
    expect(
      await names([
        ['country_id', '=', false],
        ['ref', '!=', 'WEB'],
        ['active', 'in', [true, false]],
      ]),
    ).toEqual(['Cleo'])
    expect(await names([['customer_rank', '>=', 5]], { context: { active_test: false } })).toEqual(['Cleo'])
    expect(
      await names([
        ['name', '=?', false],
        ['ref', 'not in', ['a-1', 'WEB']],
      ]),
    ).toEqual(['Bea'])
    expect(await names([[1, '=', 1]], { order: 'name desc', offset: 1, limit: 1 })).toEqual(['Bea'])
    expect(await odoo.call('res.partner', 'search_count', { domain: [['ref', 'like', 'a']] })).toBe(2)
    const wrong = await json2(odoo.url, 'res.partner/search', { domain: ['|', ['name', '=', 'x']] })
    expect(wrong).toMatchObject({ status: 500, body: { name: 'builtins.ValueError' } })
    const order = await json2(odoo.url, 'res.partner/search', { domain: [], order: 'nothing' })
    expect(order).toMatchObject({ status: 422, body: { name: 'odoo.exceptions.UserError' } })
  })

  test('a second is a second: what `>` finds depends on the series', async () => {
    for (const version of [18, 19]) {
      const { url } = await start({ version })
      const execute = (method: string, args: unknown[], kwargs = {}) =>
        executeKw(url, 'res.partner', method, args, kwargs)
      await sleep(1000 - (Date.now() % 1000) + 20)
      const id = await execute('create', [{ name: 'A' }])
      const [{ write_date: seen }] = await execute('read', [id], { fields: ['write_date'] })
      const later = await execute('search', [
        [
          ['write_date', '>', seen],
          ['id', '=', id],
        ],
      ])
      expect(later, `${version}`).toEqual(version === 18 ? [id] : [])
      expect(
        await execute('search', [
          [
            ['write_date', '>=', seen],
            ['id', '=', id],
          ],
        ]),
      ).toEqual([id])
    }
  })

  test('x2many commands', async () => {
    const odoo = await start()
    const [parent] = await odoo.create('res.partner', {
      name: 'P',
      child_ids: [
        [0, 0, { name: 'a' }],
        [0, 0, { name: 'b' }],
      ],
    })
    const children = async () =>
      (await odoo.read('res.partner', parent!, ['child_ids'])).child_ids as number[]
    const [a, b] = await children()
    await odoo.write('res.partner', [parent!], {
      child_ids: [
        [1, a, { name: 'A' }],
        [3, b],
        [0, 0, { name: 'c' }],
      ],
    })
    expect(await children()).toHaveLength(2)
    expect(await odoo.read('res.partner', a!, ['name'])).toMatchObject({ name: 'A' })
    expect(await odoo.read('res.partner', b!, ['parent_id'])).toMatchObject({ parent_id: false })
    await odoo.write('res.partner', [parent!], { child_ids: [[6, 0, [b]]] })
    expect(await children()).toEqual([b])
    await odoo.write('res.partner', [parent!], { child_ids: [[2, b]] })
    expect(await odoo.search('res.partner', [['id', '=', b]])).toEqual([])
    const [tea] = await odoo.search('product.product', [['default_code', '=', 'TEA-001']])
    const taxes = await odoo.search('account.tax', [['name', 'in', ['13%', '5%']]])
    await odoo.write('product.product', [tea!], { taxes_id: [[4, taxes[0]]] })
    await odoo.write('product.product', [tea!], {
      taxes_id: [
        [4, taxes[1]],
        [3, taxes[0]],
      ],
    })
    expect((await odoo.read('product.product', tea!, ['taxes_id'])).taxes_id).toEqual([taxes[1]])
  })

  test('a call is one transaction: what fails leaves nothing', async () => {
    const odoo = await start()
    const before = await odoo.call('res.partner', 'search_count', { domain: [] })
    const values = [{ name: 'kept?' }, { name: 'x', country_id: 999 }]
    const answer = await json2(odoo.url, 'res.partner/create', { vals_list: values })
    expect(answer.body).toMatchObject({ name: 'odoo.exceptions.ValidationError' })
    expect(answer.body.message).toContain('res_partner_country_id_fkey')
    expect(await odoo.call('res.partner', 'search_count', { domain: [] })).toBe(before)
  })
})

describe('load', () => {
  const FIELDS = ['id', 'name', 'country_id', 'child_ids/id', 'child_ids/name']

  test('creates, then updates what the external ids name', async () => {
    const odoo = await start()
    const rows = [
      ['shop.p1', 'First', 'CN', 'shop.p1_a', 'a'],
      ['', '', '', 'shop.p1_b', 'b'],
      ['p2', 'Second', '', '', ''],
    ]
    const first = await odoo.load('res.partner', FIELDS, rows)
    expect(first).toEqual({ ids: [expect.any(Number), expect.any(Number)], messages: [], nextrow: 0 })
    const again = await odoo.load('res.partner', FIELDS, [
      ['shop.p1', 'Other', 'CN', 'shop.p1_b', 'B'],
      ...rows.slice(2),
    ])
    expect(again.ids).toEqual(first.ids)
    const partner = await odoo.read('res.partner', first.ids[0], ['name', 'child_ids'])
    expect(partner).toMatchObject({ name: 'Other' })
    expect(
      (await odoo.call('res.partner', 'read', { ids: partner.child_ids, fields: ['name'] })).map(
        (c: { name: string }) => c.name,
      ),
    ).toEqual(['a', 'B'])
    const [data] = await odoo.find('ir.model.data', [
      ['res_id', '=', first.ids[1]],
      ['model', '=', 'res.partner'],
    ])
    expect(data.complete_name).toBe('__import__.p2')
  })

  test('lines without an external id are added by every load', async () => {
    const odoo = await start()
    const row = [['shop.p1', 'First', '', '', 'a']]
    const { ids } = await odoo.load('res.partner', FIELDS, row)
    await odoo.load('res.partner', FIELDS, row)
    expect((await odoo.read('res.partner', ids[0], ['child_ids'])).child_ids).toHaveLength(2)
  })

  test('with any error nothing is kept, and all are told', async () => {
    const odoo = await start()
    const fields = ['id', 'name', 'country_id', 'customer_rank', 'parent_id/id']
    const answer = await odoo.load('res.partner', fields, [
      ['a.1', 'Good', 'CN', '1', ''],
      ['a.2', 'Bad', 'Atlantis', 'many', ''],
      ['a.3', '', '', '', 'a.none'],
    ])
    expect(answer.ids).toBe(false)
    expect(answer.messages.map((m: { message: string }) => m.message)).toEqual([
      "No matching record found for name 'Atlantis' in field 'Country'",
      "'many' does not seem to be an integer for field 'Customer rank'",
      "No matching record found for external id 'a.none' in field 'Parent'",
    ])
    expect(answer.messages[0]).toMatchObject({
      type: 'error',
      rows: { from: 1, to: 1 },
      record: 1,
      field: 'country_id',
    })
    expect(await odoo.search('res.partner', [['name', '=', 'Good']])).toEqual([])
    expect(await odoo.search('ir.model.data', [['module', '=', 'a']])).toEqual([])
  })

  test('instants are read in the time zone of the caller', async () => {
    const odoo = await start({ zone: 'Asia/Shanghai' })
    const [partner] = await odoo.search('res.partner', [['ref', '=', 'WEB']])
    const fields = ['id', 'partner_id/.id', 'date_order']
    const { ids } = await odoo.load('sale.order', fields, [['s.1', String(partner), '2026-03-01 08:00:00']])
    expect(await odoo.read('sale.order', ids[0], ['date_order'])).toMatchObject({
      date_order: '2026-03-01 00:00:00',
    })
  })
})

describe('faults', () => {
  const partner = { vals_list: { name: 'N', ref: 'R-1' } }
  const count = async (url: string) =>
    ((await control(url, 'records?model=res.partner')) as { ref: string }[]).filter(
      (row) => row.ref === 'R-1',
    ).length

  test.each([
    ['status500', 0],
    ['resetBefore', 0],
    ['html', 0],
    ['serialization', 0],
    ['resetAfter', 1],
    ['empty200', 1],
    ['error500After', 1],
    ['htmlAfter', 1],
    ['half', 1],
    ['twice', 2],
  ])('%s: %i records afterwards, and no proof of it in the answer', async (fault, left) => {
    const { url } = await start()
    await faults(url, { [fault]: ONCE })
    const answer = await json2(url, 'res.partner/create', partner).catch((cause: Error) => cause)
    expect(await count(url)).toBe(left)
    if (fault === 'twice') expect(answer).toMatchObject({ status: 200 })
    else if (fault === 'html')
      expect(answer).toMatchObject({ status: 200, type: expect.stringContaining('text/html') })
    else if (fault === 'serialization')
      expect(answer).toMatchObject({ status: 500, body: { name: 'psycopg2.errors.SerializationFailure' } })
    else if (fault === 'empty200') expect(answer).toMatchObject({ status: 200, text: '' })
    else if (answer instanceof Error) expect(['resetBefore', 'resetAfter', 'half']).toContain(fault)
    else expect(answer.status).toBeGreaterThanOrEqual(500)
    expect((await control(url, 'stats')).faults).toEqual({ [fault]: 1 })
  })

  test('a load that is carried out twice makes one record', async () => {
    const { url } = await start()
    await faults(url, { twice: ONCE })
    const load = { fields: ['id', 'name', 'ref'], data: [['m.k1', 'N', 'R-1']] }
    expect((await json2(url, 'res.partner/load', load)).body.ids).toHaveLength(1)
    expect(await count(url)).toBe(1)
  })

  test('a caller that gives up does not stop a slow call', async () => {
    const { url } = await start()
    await faults(url, { slow: { ...ONCE, min: 200, max: 200 } })
    const gone = fetch(`${url}/json/2/res.partner/create`, {
      method: 'POST',
      headers: { Authorization: 'bearer key', 'Content-Type': 'application/json' },
      body: JSON.stringify(partner),
      signal: AbortSignal.timeout(50),
    })
    await expect(gone).rejects.toThrow()
    expect(await count(url)).toBe(0)
    await expect.poll(() => count(url)).toBe(1)
  })

  test('searches lag behind, reads and load do not', async () => {
    const odoo = await start()
    await faults(odoo.url, { lag: { probability: 1, min: 400, max: 400 } })
    const fields = ['id', 'name', 'ref']
    const { ids } = await odoo.load('res.partner', fields, [['m.k', 'N', 'R-1']])
    const found = () => odoo.search('res.partner', [['ref', '=', 'R-1']])
    expect(await found()).toEqual([])
    expect(await odoo.read('res.partner', ids[0], ['ref'])).toMatchObject({ ref: 'R-1' })
    expect((await odoo.load('res.partner', fields, [['m.k', 'N', 'R-1']])).ids).toEqual(ids)
    await expect.poll(found, { timeout: 3000 }).toEqual(ids)
    await odoo.write('res.partner', ids, { ref: 'R-2' })
    expect(await found()).toEqual(ids)
    await expect.poll(found, { timeout: 3000 }).toEqual([])
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
    const { url } = await start({ version, extraFields: ['sale.order.line.x_ref:char'] })
    return Object.keys(await executeKw(url, model, 'fields_get', [], { attributes: ['type'] }))
  }
  const old = await fields(18, 'sale.order.line')
  expect(old).toEqual(expect.arrayContaining(['tax_id', 'product_uom', 'x_ref']))
  expect(old).not.toContain('tax_ids')
  const now = await fields(19, 'sale.order.line')
  expect(now).toEqual(expect.arrayContaining(['tax_ids', 'product_uom_id']))
  expect(now).not.toContain('tax_id')
  await expect(start({ version: 16 })).rejects.toThrow(RangeError)
  await expect(start({ extraFields: ['nothing.x_a:char'] })).rejects.toThrow(RangeError)
})

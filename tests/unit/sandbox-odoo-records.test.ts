/** The sandbox Odoo's records: values, searches, x2many commands, load. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import type { OdooOptions } from '../../src/sandbox/odoo/options.ts'
import { startOdoo } from '../../src/sandbox/odoo/server.ts'
import { Store } from '../../src/sandbox/odoo/store.ts'
import { client2, executeKw, json2 } from '../support/odoo-client.ts'

const running = new Set<{ close(): Promise<void> }>()
afterEach(async () => {
  for (const server of running) await server.close()
  running.clear()
})

async function start(options: Partial<OdooOptions> = {}) {
  const odoo = await startOdoo({ apiKey: 'key', ...options })
  running.add(odoo)
  return { url: odoo.url, ...client2(odoo.url) }
}

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
      const { url } = await start({ series: version })
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

describe('the store', () => {
  const INDEXED = new Map([['m', ['f']]])

  test('after any mixture of transactions, kept or undone, it holds what a plain map holds', () => {
    const step = fc.record({
      kept: fc.boolean(),
      writes: fc.array(fc.tuple(fc.integer({ min: 1, max: 5 }), fc.option(fc.integer({ min: 0, max: 2 })))),
    })
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const folder = mkdtempSync(join(tmpdir(), 'sandbox-odoo-store-'))
        const log = join(folder, 'log.jsonl')
        const store = new Store(log, INDEXED)
        const plain = new Map<number, number>()
        for (const { kept, writes } of steps) {
          const work = () => {
            for (const [id, f] of writes) f === null ? store.remove('m', id) : store.put('m', { id, f })
            if (!kept) throw new RangeError('undo')
          }
          if (kept) store.transaction(work)
          else expect(() => store.transaction(work)).toThrow(RangeError)
          if (kept) for (const [id, f] of writes) f === null ? plain.delete(id) : plain.set(id, f)
        }
        store.close()
        const again = new Store(log, INDEXED)
        for (const one of [store, again]) {
          const rows = [...one.rows('m').values()].map(({ id, f }) => [id, f])
          expect(new Map(rows as [number, number][])).toEqual(plain)
          for (const f of [0, 1, 2]) {
            const ids = [...plain].filter(([, value]) => value === f).map(([id]) => id)
            expect([...one.withValue('m', 'f', f)].sort()).toEqual(ids.sort())
          }
        }
        again.close()
        rmSync(folder, { recursive: true })
      }),
      { numRuns: 60 },
    )
  })
})

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { DOCUMENT_KINDS } from '../../src/core/states.ts'
import { CONTEXT } from '../../src/mapping/check.ts'
import { inspectMapping } from '../../src/mapping/inspect.ts'
import { loadMapping } from '../../src/mapping/load.ts'
import { mappingSkeleton } from '../../src/mapping/skeleton.ts'

const folder = mkdtempSync(join(tmpdir(), 'tributary-skeleton-'))
afterAll(() => rmSync(folder, { recursive: true }))
let count = 0

function written(sample: unknown, to = 'order'): { file: string; text: string } {
  const file = join(folder, `s${count++}.in.yaml`)
  const text = mappingSkeleton({ to, from: 'acme/x', sample, sampleName: 'sample.json' })
  writeFileSync(file, text)
  return { file, text }
}

/** As WooCommerce sends it, in short. */
const WOO = {
  id: 727,
  number: '727',
  currency: 'JPY',
  prices_include_tax: false,
  date_created: '2026-03-22T16:28:02',
  date_created_gmt: '2026-03-22T19:28:02Z',
  date_modified_gmt: '2026-03-22T19:28:08Z',
  discount_total: '0',
  shipping_total: '1000',
  total: '2937',
  customer_note: 'soon',
  shipping: {
    first_name: 'Taro',
    address_1: '1-1',
    address_2: '',
    city: 'Kyoto',
    postcode: '600',
    country: 'JP',
  },
  line_items: [
    { id: 315, name: 'Tea', sku: 'TEA', quantity: 2, price: 968.5, total: '1937', total_tax: '0' },
  ],
}
/** As Taobao sends a trade: flat, local time. */
const TAOBAO = {
  tid: '4400000000000000001',
  payment: '20.00',
  created: '2026-03-01 10:00:00',
  modified: '2026-03-01 10:01:00',
  receiver_name: '张三',
  receiver_city: '杭州市',
  receiver_address: '某路 1 号',
  post_fee: '0.00',
  orders: {
    order: [{ oid: '1', outer_sku_id: 'SKU', title: '茶', num: 2, price: '10.00', discount_fee: '0.00' }],
  },
}

describe('a skeleton from a sample', () => {
  test('guesses by name, tries each guess on the sample, says what is missing', async () => {
    const { file, text } = written(WOO)
    for (const line of [
      'externalId: $string(id) # guess',
      'version: $instant(date_modified_gmt) # guess',
      'placedAt: $instant(date_created_gmt) # guess',
      'state: "\'open\'" # fixed: one of open, cancelled, closed',
      '$each: line_items # guess',
      'goods: $lineMoney(price, quantity, $currency) # guess',
      'amount: $money(shipping_total, $currency) # guess',
      'total: $money(total, $currency) # guess',
      '$if: $exists(shipping)',
      'buyer: $firstOf(customer_note) # guess',
      'payments: [] # missing',
    ]) {
      expect(text).toContain(line)
    }
    const made = (await (await loadMapping(file)).map(WOO, CONTEXT)) as { lines: object[]; totals: object }
    expect(made).toMatchObject({ externalId: '727', taxIncluded: false, totals: { total: 2937 } })
    expect(made.lines).toMatchObject([{ sku: 'TEA', quantity: '2', goods: 1937, tax: 0 }])
  })

  test('flat trades; a clock without zone is no guess', async () => {
    const { file, text } = written(TAOBAO)
    expect(text).toContain('placedAt: null # missing: an instant in UTC')
    expect(text).toContain('$each: orders.order # guess')
    expect(text).toContain('currency: "\'CNY\'" # missing')
    const made = await (await loadMapping(file)).map(TAOBAO, CONTEXT)
    expect(made).toMatchObject({
      externalId: '4400000000000000001',
      shipTo: { name: '张三', city: '杭州市', lines: ['某路 1 号'] },
      lines: [{ sku: 'SKU', name: '茶', quantity: '2', goods: 2000, discount: 0 }],
      totals: { total: 2000 },
    })
  })

  test.each(DOCUMENT_KINDS)('%s: whatever the sample, the check finds no error', async (kind) => {
    for (const sample of [WOO, TAOBAO, {}, { a: null }, { lines: [] }]) {
      const { complaints, runs } = await inspectMapping(written(sample, kind).file)
      expect(complaints.filter((c) => c.severity === 'error')).toEqual([])
      expect(runs).toBe('compiled')
      // every field that a document must have is set
      expect(complaints.filter((c) => c.code === 'MAPPING_FIELD_ABSENT')).toEqual([])
    }
  })

  test('names that are code or YAML stay names', async () => {
    const sample = {
      'id"; $error("x")': 1,
      'id`: {': 2,
      "name\n# '": 'n',
      number: '\n#: {',
      'line items': [{ 'sku: x': 'S', and: 1 }],
      __proto__: { id: 3 },
    }
    const { file, text } = written(sample)
    const { complaints } = await inspectMapping(file)
    expect(complaints.filter((c) => c.severity === 'error')).toEqual([])
    expect(text).toContain('$each: "`line items`" # guess')
    expect(text).not.toContain('$error')
    const named = mappingSkeleton({ to: 'order', from: 'a/b', sample, sampleName: 'x\nfrom: evil' })
    expect(named).not.toMatch(/^from: evil/m)
  })
})

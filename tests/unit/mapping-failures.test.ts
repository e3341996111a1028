/** What a mapping says of records that it cannot use: broken orders of a Shopify shop, and every kind of field. */
import { readdirSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import type { TributaryError } from '../../src/core/errors/error.ts'
import type { MapContext } from '../../src/core/ports.ts'
import { explain } from '../../src/mapping/explain.ts'
import { codeFunctions } from '../../src/mapping/functions.ts'
import { loadMapping } from '../../src/mapping/load.ts'
import { probe } from '../../src/mapping/probe.ts'
import { readMapping } from '../../src/mapping/read.ts'
import { validateDocument } from '../../src/mapping/validate.ts'

const context: MapContext = {
  connection: 'c1',
  entity: 'e1',
  settings: { dept: null },
  company: { zone: 'Asia/Shanghai', currency: 'CNY' },
}
const shopify = await loadMapping('mappings/shopify/order.in.yaml')

/** A private name in every place for one; no message may show it. */
const SECRET = 'Zhang San'
const money = (amount: unknown) => ({ shopMoney: { amount, currencyCode: 'CNY' } })
// biome-ignore lint/suspicious/noExplicitAny: the cases break it in every way.
const order = (): any => ({
  legacyResourceId: '1',
  name: '#1001',
  createdAt: '2026-03-01T10:00:00Z',
  processedAt: '2026-03-01T10:00:00Z',
  updatedAt: '2026-03-01T10:00:00Z',
  currencyCode: 'CNY',
  displayFinancialStatus: 'PAID',
  shippingAddress: { name: SECRET },
  lineItems: {
    nodes: ['11', '12'].map((id) => ({
      id: `gid://shopify/LineItem/${id}`,
      sku: 'A',
      name: 'Shirt',
      quantity: 1,
      originalUnitPriceSet: money('10.00'),
      discountAllocations: [],
      taxLines: [{ rate: 0.13, priceSet: money('1.15') }],
    })),
  },
  shippingLines: { nodes: [] },
  totalPriceSet: money('20.00'),
})

type Break = (o: ReturnType<typeof order>) => void

/** What the record says when it goes the way of the pipe. */
async function refusal(broken: Break): Promise<TributaryError> {
  const input = order()
  broken(input)
  const map = async () => {
    const value = (await shopify.map(input, context)) as object
    validateDocument('order', { ...value, connection: 'c1', entity: 'e1' }, (field) =>
      shopify.origin(field, input, context),
    )
  }
  return map().then(
    () => expect.unreachable('the order was taken'),
    (error: TributaryError) => error,
  )
}

describe('broken Shopify orders', () => {
  const file = 'mappings/shopify/order.in.yaml'
  test.each<[string, Break, string, string]>([
    [
      'no id',
      (o) => delete o.legacyResourceId,
      'MAPPING_REQUIRED',
      `${file}: externalId is required and the record gives nothing for it (line 13: $string(legacyResourceId)); legacyResourceId is missing`,
    ],
    [
      'no clock',
      (o) => {
        o.updatedAt = null
      },
      'MAPPING_REQUIRED',
      'version is required and the record gives nothing for it (line 14: $instant(updatedAt)); updatedAt is null',
    ],
    [
      'a number of nothing',
      (o) => {
        o.name = ''
      },
      'MAPPING_REQUIRED',
      'number is required and the record gives nothing for it (line 15: name); name is empty text',
    ],
    [
      'neither of two instants',
      (o) => {
        o.createdAt = null
        delete o.processedAt
      },
      'MAPPING_REQUIRED',
      '$instant($firstOf(createdAt, processedAt))); createdAt is null, processedAt is missing',
    ],
    [
      'no id of a line',
      (o) => delete o.lineItems.nodes[0].id,
      'RECORD_INVALID',
      '$gidTail(id); lineItems.nodes[0].id is missing)',
    ],
    [
      'no currency: a variable is followed to what it is made of',
      (o) => delete o.currencyCode,
      'MAPPING_VALUE',
      'lines.goods: $moneyRounded cannot use undefined: the currency must be an ISO 4217 code; currencyCode is missing',
    ],
    [
      'a currency that is none',
      (o) => {
        o.currencyCode = 'RMB'
      },
      'MAPPING_VALUE',
      '$moneyRounded cannot use "RMB": the currency must be an ISO 4217 code; currencyCode is text of 3 characters',
    ],
    [
      'a local time',
      (o) => {
        o.updatedAt = '2026-03-01 10:00:00'
      },
      'MAPPING_VALUE',
      `${file}:14: version: $instant cannot use text of 19 characters: an instant is written like 2026-01-01T00:00:00+08:00, zone included; updatedAt is text of 19 characters`,
    ],
    [
      'no price on the second line',
      (o) => {
        o.lineItems.nodes[1].originalUnitPriceSet = null
      },
      'RECORD_INVALID',
      `lines.1.unitPrice is missing, found undefined (${file}:70: $decimal($price); nothing at lineItems.nodes[1].originalUnitPriceSet.shopMoney.amount (originalUnitPriceSet is null))`,
    ],
    [
      'text for a price on the second line',
      (o) => {
        o.lineItems.nodes[1].originalUnitPriceSet = money(SECRET)
      },
      'MAPPING_VALUE',
      `${file}:70: lines.unitPrice: $decimal cannot use text of 9 characters: not a decimal: text of 9 characters; lineItems.nodes[1].originalUnitPriceSet.shopMoney.amount is text of 9 characters`,
    ],
    [
      'an object for a quantity',
      (o) => {
        o.lineItems.nodes[0].quantity = { value: SECRET }
      },
      'MAPPING_VALUE',
      'lines.quantity: $decimal cannot use object with 1 keys: it takes text or a number; lineItems.nodes[0].quantity is object with 1 keys',
    ],
    [
      'more decimals than the currency has',
      (o) => {
        o.lineItems.nodes[1].taxLines[0].priceSet = money('1.155')
      },
      'MAPPING_VALUE',
      '$money cannot use text of 5 characters: more than 2 decimals for CNY; lineItems.nodes[1].taxLines.priceSet.shopMoney.amount is text of 5 characters',
    ],
    [
      'text for a tip',
      (o) => {
        o.totalTipReceivedSet = money(SECRET)
      },
      'MAPPING_FAILED',
      'charges.0.$if: the expression failed on this record: cannot make a number of (text of 9 characters); totalTipReceivedSet.shopMoney.amount is text of 9 characters',
    ],
    [
      'no lines',
      (o) => delete o.lineItems,
      'RECORD_INVALID',
      'found list of 0 (mappings/shopify/order.in.yaml:59: lineItems.nodes; nothing at lineItems.nodes (lineItems is missing))',
    ],
    [
      'no name of a line: the fallback is taken, the list is not at fault',
      (o) => {
        o.lineItems.nodes[1].name = { first: SECRET }
      },
      'RECORD_INVALID',
      "lines.1.name must be string, found object with 1 keys (mappings/shopify/order.in.yaml:66: $firstOf(name, title, '-'); lineItems.nodes[1].name is object with 1 keys)",
    ],
  ])('%s', async (_, broken, code, says) => {
    const error = await refusal(broken)
    expect(error.message).toContain(says)
    expect(error).toMatchObject({ code, kind: 'input' })
    for (const language of ['en', 'zh'] as const) {
      expect(error.say(language)).not.toContain(SECRET)
      expect(error.say(language)).not.toMatch(/[{}]|\?:/)
    }
  })

  test('a whole order is taken', async () => {
    await expect(refusal(() => {})).rejects.toThrow('the order was taken')
  })
})

const folder = await mkdtemp(path.join(tmpdir(), 'tributary-failures-'))
afterAll(() => rm(folder, { recursive: true }))
let count = 0
async function failing(text: string, input: unknown, compile = true): Promise<TributaryError> {
  const file = path.join(folder, `m${count++}.yaml`)
  await writeFile(file, `from: a\nto: b\n${text}`)
  const mapping = await loadMapping(file, { compile })
  return mapping.map(input, context).then(
    (value) => expect.unreachable(JSON.stringify(value)),
    (error: TributaryError) => error,
  )
}

describe('the path that gave nothing', () => {
  test.each([
    [
      'in a list in a list',
      'require: [l.m.v]\nfields:\n  l: { $each: a, m: { $each: b.c, v: d.e + 1 } }',
      { a: [{ b: { c: { d: { e: 1 } } } }, { b: { c: [{ d: { e: 1 } }, { d: {} }] } }] },
      '; a[1].b.c[1].d.e is missing',
    ],
    [
      'through $let and let',
      'require: [l.v]\nlet: { one: x.y }\nfields:\n  l: { $each: a, $let: { two: $one }, v: 1 + $two }',
      { a: [1], x: {} },
      '; x.y is missing',
    ],
    ['of a setting', 'require: [d]\nfields: { d: $settings.dept }', {}, '; $settings.dept is null'],
    [
      'behind a condition',
      'require: [o.v]\nfields:\n  o: { $if: yes, v: w }',
      {},
      '(line 5: yes); yes is missing',
    ],
    [
      'beside a fallback',
      'require: [o]\nfields:\n  o: { $value: a, $default: b.c }',
      { b: { c: '' } },
      '(line 5: a); a is missing',
    ],
    ['by position', 'require: [o]\nfields: { o: "a[1].b & c[0]" }', { a: [{}, {}] }, ''],
    [
      'of a quoted name',
      'require: [o]\nfields: { o: "`first name`.`@id`" }',
      { 'first name': {} },
      '; `first name`.`@id` is missing',
    ],
    [
      'in a variable of the expression',
      'require: [o]\nfields: { o: "($x := a; $x.b)" }',
      { a: {} },
      '; a is object with 0 keys',
    ],
    [
      'with all there',
      'require: [o]\nfields: { o: "a = 1 ? b" }',
      { a: 2, b: 3 },
      '; a is number, b is number',
    ],
    ['on two sides', 'fields: { o: a.b * c }', { a: {}, c: null }, '; a.b is missing, c is null'],
    [
      'of many',
      'require: [o]\nfields: { o: "$firstOf(a, b, c, d, e)" }',
      {},
      '; a is missing, b is missing, c is missing, and 2 more',
    ],
    ['in let', 'let: { a: $number(b) }\nfields: { c: $a }', { b: 'no' }, '; b is text of 2 characters'],
    ['in $each', 'fields: { c: { $each: "$number(b)", d: e } }', { b: 'no' }, '; b is text of 2 characters'],
  ])('%s', async (_, text, input, says) => {
    const error = await failing(text, input).catch((e: TributaryError) => e)
    expect(error.message).toContain(says)
    const interpreted = await failing(text, input, false).catch((e: TributaryError) => e)
    expect(interpreted.message.split('; ').at(-1)).toBe(error.message.split('; ').at(-1))
  })

  test('is in the detail, for machines', async () => {
    const error = await failing('require: [l.v]\nfields:\n  l: { $each: a, v: b.c }', {
      a: [{ b: { c: 1 } }, {}],
    })
    expect(error.detail).toMatchObject({ path: 'a[1].b.c', field: 'l.1.v', expression: 'b.c', line: 5 })
    expect(error.say('zh')).toContain('；a[1].b.c 处没有内容（b 缺失）')
  })

  test('an expression that ran out of time is not run again', async () => {
    const file = path.join(folder, 'slow.yaml')
    await writeFile(file, 'from: a\nto: b\nfields:\n  a: "($f := function($n) { $f($n + 1) }; $f(x))"')
    const mapping = await loadMapping(file, { timeout: 200 })
    const start = performance.now()
    await expect(mapping.map({ x: 0 }, context)).rejects.toMatchObject({
      code: 'MAPPING_FAILED',
      detail: { read: '' },
    })
    expect(performance.now() - start).toBeLessThan(2000)
  })
})

describe('every field of the bundled mappings', async () => {
  const files = readdirSync('mappings', { recursive: true, encoding: 'utf8' }).filter((f) =>
    /(in|out)\.yaml$/.test(f),
  )

  test.each(files)('%s can be looked into', async (name) => {
    const { whole } = await readMapping(path.join('mappings', name))
    expect(whole.source.segments.length).toBeGreaterThan(0)
    for (const { node } of whole.source.segments) {
      for (const input of [{}, order(), null]) {
        const { sights, failed } = probe(
          whole,
          node,
          input,
          { ...context, ...codeFunctions() },
          { timeout: 1000 },
        )
        for (const sight of failed ? [failed, ...sights] : sights) explain(sight, () => false)
      }
    }
  })
})

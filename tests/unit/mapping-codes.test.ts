/** What a mapping says of the codes that it lacks. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { TributaryError } from '../../src/core/errors/error.ts'
import type { MapContext } from '../../src/core/ports.ts'
import { codeFunctions } from '../../src/mapping/functions.ts'
import { loadMapping } from '../../src/mapping/load.ts'

const folder = await mkdtemp(path.join(tmpdir(), 'tributary-codes-'))
afterAll(() => rm(folder, { recursive: true }))
let count = 0
const context: MapContext = {
  connection: 'nc',
  entity: 'main',
  settings: {},
  company: { zone: 'Asia/Shanghai', currency: 'CNY' },
  codes: { material: { A: 'M-A' } },
  factors: { material: { A: '12' } },
}

async function lacks(text: string, input: unknown, compile = true): Promise<TributaryError> {
  const file = path.join(folder, `m${count++}.yaml`)
  await writeFile(file, text)
  const mapping = await loadMapping(file, { compile })
  const failed = await mapping.map(input, context).catch((error: unknown) => error)
  if (!(failed instanceof TributaryError)) throw new Error('it went through, or failed otherwise')
  return failed
}

const OUT = `from: order
to: erp/order
let: { rate: "$code('rate', currency)" }
fields:
  lines:
    $each: lines
    item: $code('material', sku)
    amount: $decimalMultiply(price, $rate)`
const order = {
  currency: 'USD',
  totals: { total: 1234 },
  lines: [
    { sku: 'B', price: '1' },
    { sku: 'A', price: '1' },
    { sku: 'C', price: '1' },
    { sku: 'B', price: '1' },
  ],
}

describe('a record that lacks codes', () => {
  test.each([true, false])(
    'names all of them at once, once each, and what is at stake (compiled: %s)',
    async (compile) => {
      const error = await lacks(OUT, order, compile)
      expect(error).toMatchObject({ code: 'MAPPING_CODE_MISSING', kind: 'input' })
      expect(error.detail).toMatchObject({
        connection: 'nc',
        table: 'rate',
        key: 'USD',
        keys: JSON.stringify([
          ['rate', 'USD'],
          ['material', 'B'],
          ['material', 'C'],
        ]),
        amount: 1234,
        currency: 'USD',
      })
      expect(error.say('en')).toMatch(
        /^code table "rate" has no entry for "USD" and lacks 2 more \(.*m\d+\.yaml:3, rate\)$/,
      )
      expect(error.say('zh')).toContain('另缺 2 项')
      expect(error.fix('en')).toContain('tributary codes missing')
    },
  )

  test('what breaks only for want of the code is not the error that is told', async () => {
    const error = await lacks(
      `from: a\nto: b\nfields:\n  a: $money($code('price', x), 'USD') + 1\n  b: $code('unit', y)`,
      {
        x: 'X',
        y: 'Y',
      },
    )
    expect(error.detail).toMatchObject({ table: 'price', key: 'X', line: 4, field: 'a' })
    expect(JSON.parse(String(error.detail.keys))[0]).toEqual(['price', 'X'])
  })

  test('incoming: the amount is that of the order it would have become; others have none', async () => {
    const fields = `fields:
  currency: cur
  totals: { total: "$money(sum, cur)" }
  shop: $code('shop', s)`
    const input = { cur: 'JPY', sum: '500', s: 'x' }
    expect((await lacks(`from: a\nto: order\n${fields}`, input)).detail).toMatchObject({
      amount: 500,
      currency: 'JPY',
    })
    expect((await lacks(`from: a\nto: shipment\n${fields}`, input)).detail).not.toHaveProperty('amount')
  })

  test('a key that no database keeps does not spoil the list', async () => {
    const error = await lacks(`from: a\nto: b\nfields:\n  a: $code('t', x)\n  b: $code('t', y)`, {
      x: 'ok',
      y: 'bad\u0000\ud800',
    })
    expect(JSON.parse(String(error.detail.keys))).toEqual([
      ['t', 'ok'],
      ['t', 'bad\ufffd'],
    ])
  })
})

describe('$codeFactor', () => {
  const { codeFactor } = codeFunctions({ material: { A: 'M', B: 'N' } }, { material: { A: '12' } })
  test('of an entry, else the default; it never parks anything', () => {
    expect(codeFactor('material', 'A')).toBe('12')
    expect(codeFactor('material', 'B', '1')).toBe('1')
    expect(codeFactor('material', 'constructor')).toBeUndefined()
    expect(codeFactor('other', 'A', '1')).toBe('1')
    expect(codeFactor('material', undefined, '1')).toBe('1')
  })

  test('in a mapping: boxes become pieces', async () => {
    const file = path.join(folder, 'box.yaml')
    await writeFile(
      file,
      `from: a\nto: b\nfields:\n  n: $decimalMultiply(q, $codeFactor('material', sku, '1'))`,
    )
    const mapping = await loadMapping(file)
    expect(mapping.interpreted).toBeNull()
    expect(await mapping.map({ q: '3', sku: 'A' }, context)).toEqual({ n: '36' })
    expect(await mapping.map({ q: '3', sku: 'Z' }, context)).toEqual({ n: '3' })
  })
})

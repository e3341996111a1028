/** Identifiers beyond 2^53 and decimals beyond 15 digits keep their value from the wire to the document. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { parseRecord } from '../../src/connector/record.ts'
import { escapeXml, xmlElement } from '../../src/connector/xml.ts'
import { decimal } from '../../src/core/money.ts'
import type { MapContext } from '../../src/core/ports.ts'
import { type LoadedMapping, loadMapping } from '../../src/mapping/load.ts'

const folder = await mkdtemp(path.join(tmpdir(), 'tributary-exact-'))
afterAll(() => rm(folder, { recursive: true }))
const context: MapContext = {
  connection: 'c1',
  entity: 'e1',
  settings: {},
  company: { zone: 'UTC', currency: 'CNY' },
}

async function mapping(name: string, order: string, lines: string, compile: boolean): Promise<LoadedMapping> {
  const file = path.join(folder, `${name}-${compile}.in.yaml`)
  await writeFile(
    file,
    `from: a/order
to: order
let: { order: ${order} }
fields:
  externalId: $string($order.id)
  same: $order.id
  total: $decimal($order.total)
  minor: $money($order.amount, 'CNY', 'minor')
  lines:
    $each: ${lines}
    externalId: $string(id)
    unitPrice: $decimal(price)
    weight: $decimalMultiply(price, '1')
    hash: $hash($)`,
  )
  return loadMapping(file, { compile })
}

/** Wire formats: how a record is written, and how it is mapped. */
interface Wire {
  id: string
  total: string
  amount: string
  lines: { id: string; price: string }[]
}
const xml = (name: string, value: unknown) => xmlElement(name, value, escapeXml)
const FORMATS = {
  json: {
    contentType: 'application/json',
    // Numbers are written bare, as systems do that count in 64-bit integers and decimals.
    write: (o: Wire) =>
      `{"order":{"id":${o.id},"total":${o.total},"amount":${o.amount},"lines":[${o.lines
        .map((l) => `{"id":${l.id},"price":${l.price}}`)
        .join()}]}}`,
    order: 'order',
    lines: '$order.lines',
  },
  form: {
    contentType: 'application/x-www-form-urlencoded',
    write: (o: Wire) =>
      new URLSearchParams({
        id: o.id,
        total: o.total,
        amount: o.amount,
        line: o.lines[0]?.id ?? '',
        price: o.lines[0]?.price ?? '',
      }).toString(),
    order: '$',
    lines: "\"line ? {'id': line, 'price': price}\"",
  },
  xml: {
    contentType: 'text/xml',
    write: (o: Wire) => xml('order', { id: o.id, total: o.total, amount: o.amount, lines: o.lines }),
    order: 'order',
    lines: '$order.lines',
  },
}

const digits = (max: number) => fc.stringMatching(new RegExp(`^[1-9][0-9]{0,${max - 1}}$`))
const number = fc
  .tuple(fc.constantFrom('', '-'), digits(25), fc.stringMatching(/^[0-9]{0,25}$/))
  .map(([sign, whole, fraction]) => `${sign}${whole}${fraction === '' ? '' : `.${fraction}`}`)
const amount = fc.integer({ min: -Number.MAX_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER }).map(String)
const wire: fc.Arbitrary<Wire> = fc.record({
  id: digits(30),
  total: number,
  amount,
  lines: fc.array(fc.record({ id: digits(30), price: number }), { maxLength: 3 }),
})

describe.each(Object.entries(FORMATS))('%s', async (name, format) => {
  const both = await Promise.all(
    [true, false].map((compile) => mapping(name, format.order, format.lines, compile)),
  )

  async function mapped(order: Wire, one: LoadedMapping) {
    const record = { body: Buffer.from(format.write(order)), contentType: format.contentType }
    return JSON.parse(JSON.stringify(await one.map(parseRecord(record), context)))
  }

  test.each([
    ['2^53 and its neighbours', '9007199254740993', '9007199254740992.5'],
    ['a 64-bit identifier', '18446744073709551615', '0.1'],
    ['more digits than a double has', '7000000000001', '12345678901234567890.123456789'],
    ['a price of many decimals', '1', '0.12345678901234567891'],
  ])('%s', async (_, id, price) => {
    for (const one of both) {
      const found = await mapped({ id, total: price, amount: '1050', lines: [{ id, price }] }, one)
      expect(found).toMatchObject({ externalId: id, total: price, minor: 1050 })
      expect(found.lines).toMatchObject([{ externalId: id, unitPrice: price, weight: price }])
    }
  })

  test('property: every number keeps its value', async () => {
    await fc.assert(
      fc.asyncProperty(wire, async (order) => {
        const lines = name === 'form' ? order.lines.slice(0, 1) : order.lines
        const [compiled, interpreted] = [await mapped(order, both[0]!), await mapped(order, both[1]!)]
        expect(compiled).toEqual(interpreted)
        expect(compiled.externalId).toBe(order.id)
        expect(String(compiled.same)).toBe(order.id)
        expect(compiled.total).toBe(decimal(order.total))
        expect(compiled.minor).toBe(Number(order.amount))
        expect(
          compiled.lines.map((l: Record<string, string>) => [l.externalId, l.unitPrice, l.weight]),
        ).toEqual(lines.map((l) => [l.id, decimal(l.price), decimal(l.price)]))
      }),
      { numRuns: 200 },
    )
  })
})

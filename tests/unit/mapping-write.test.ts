/** Mappings into other systems: fields of the first write alone, XML trees, and bundled files that are extended. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { loadConnector } from '../../src/connector/load.ts'
import { openConnection } from '../../src/connector/open.ts'
import { parseRecord } from '../../src/connector/record.ts'
import { encodeXml, escapeXml, parseXml, xmlElement } from '../../src/connector/xml.ts'
import type { MapContext } from '../../src/core/ports.ts'
import { loadMapping } from '../../src/mapping/load.ts'
import { readMapping } from '../../src/mapping/read.ts'

const root = path.resolve(import.meta.dirname, '../..')
const folder = await mkdtemp(path.join(tmpdir(), 'tributary-write-'))
afterAll(() => rm(folder, { recursive: true }))
let count = 0
async function file(text: string, name = `w${count++}.out.yaml`): Promise<string> {
  await writeFile(path.join(folder, name), text)
  return path.join(folder, name)
}
const company = { zone: 'Asia/Shanghai', currency: 'CNY' }
const held = { id: 'R1', state: 'final' as const }
const context = (previous: typeof held | null | undefined, revision = 1): MapContext => ({
  connection: 'c1',
  entity: 'e1',
  settings: {},
  company,
  push: { key: 'K', revision, ...(previous === undefined ? {} : { previous }) },
})
const plain = (value: unknown) => JSON.parse(JSON.stringify(value))
const head = 'from: order\nto: erp/order\n'

describe('onCreate', () => {
  const text = `${head}require: [number, status, lines.sku, lines.state]
let: { n: number }
fields:
  number: $n
  lines: { $each: lines, sku: sku }
onCreate:
  status: "'new for ' & $n"
  lines: { state: "'open'" }
`
  const input = { number: '#1', lines: [{ sku: 'A' }, { sku: 'B' }] }
  const created = {
    number: '#1',
    status: 'new for #1',
    lines: [
      { sku: 'A', state: 'open' },
      { sku: 'B', state: 'open' },
    ],
  }
  const updated = { number: '#1', lines: [{ sku: 'A' }, { sku: 'B' }] }

  test.each([
    ['the first revision', 1, null, created],
    ['nothing is known of an earlier one', 1, undefined, created],
    ['the first revision was refused: the second is the first that is written', 2, null, created],
    ['the remote holds an earlier revision', 2, held, updated],
    ['the remote held it before us', 1, held, updated],
  ])('%s', async (_, revision, previous, expected) => {
    for (const compile of [true, false]) {
      const mapping = await loadMapping(await file(text), { compile })
      expect(plain(await mapping.map(input, context(previous, revision)))).toEqual(expected)
    }
  })

  test('what only onCreate makes is required only then', async () => {
    const mapping = await loadMapping(await file(text.replace("'new for ' & $n", 'status')))
    await expect(mapping.map(input, context(null))).rejects.toThrow(
      /status is required .*\(line 9: status\); status is missing/,
    )
    expect(plain(await mapping.map(input, context(held)))).toEqual(updated)
    await expect(mapping.map({ lines: [] }, context(held))).rejects.toThrow('number is required')
  })

  test('its expressions fail with their own line', async () => {
    const mapping = await loadMapping(await file(text.replace("'new for ' & $n", '$number(x)')))
    await expect(mapping.map({ ...input, x: 'no' }, context(null))).rejects.toThrow(
      /:9: status: the expression failed .*; x is text of 2 characters/,
    )
  })

  test('extends merges it field by field, and the nearest file has the last word', async () => {
    await file(text, 'base.out.yaml')
    const upper = await file(
      `extends: base.out.yaml\nonCreate:\n  status: "'mine'"\n  lines: { from: $push.previous.id, state: sku }\nfields: { status: "'seen'" }`,
    )
    const mapping = await loadMapping(upper)
    expect(plain(await mapping.map(input, context(null)))).toEqual({
      number: '#1',
      status: 'mine',
      lines: [
        { sku: 'A', state: 'A' },
        { sku: 'B', state: 'B' },
      ],
    })
    expect(plain(await mapping.map(input, context(held)))).toEqual({ ...updated, status: 'seen' })
    expect(mapping.version).not.toBe((await readMapping(path.join(folder, 'base.out.yaml'))).version)
  })

  test.each([
    [
      `from: acme/order\nto: order\nfields: { a: b }\nonCreate: { c: d }`,
      /:4:1: onCreate: onCreate is for mappings into another system; "order" is a document/,
    ],
    [`${head}fields: { a: b }\nonCreate: { c: "d[" }`, /:4:16: onCreate\.c: not a JSONata expression/],
    [`${head}fields: { a: b }\nonCreate: [c]`, /:4:11: onCreate/],
    [`${head}fields: { a: b }\nonCreate: { c: $each }`, undefined],
    [`${head}onCreate: { c: d }`, /"fields" is missing/],
    [
      `${head}fields: { a: b }\nonCreat: { c: d }`,
      /:4:1: onCreat is not known here \(did you mean "onCreate"/,
    ],
    [
      `${head}fields: { a: b }\nonCreate: { c: $nmae }\nlet: { name: x }`,
      /:4:13: onCreate\.c: \$nmae is not known \(did you mean "\$name"/,
    ],
  ])('mistakes: %j', async (mistaken, says) => {
    const loading = loadMapping(await file(mistaken))
    if (says) await expect(loading).rejects.toThrow(says)
    else expect((await loading).interpreted).toBe(null)
  })
})

/** Enough of an order for every bundled mapping. */
const order = {
  connection: 'shop',
  entity: 'main',
  externalId: '7001',
  number: '#1001',
  placedAt: '2026-03-01T17:00:00.000Z',
  currency: 'CNY',
  taxIncluded: true,
  buyer: {},
  lines: [
    {
      externalId: '1',
      sku: 'A<&>"1"',
      quantity: '2',
      unitPrice: '5.00',
      goods: 1000,
      discount: 0,
      tax: 115,
      taxRate: '0.13',
    },
    { externalId: '2', sku: 'B', quantity: '1', unitPrice: '1.00', goods: 100, discount: 100, tax: 0 },
  ],
  shipping: { amount: 500, discount: 0, tax: 0 },
  charges: [],
  totals: { total: 1500 },
  remarks: { buyer: '请\n包好 🍵' },
}

async function render(
  use: string,
  mapping: string,
  settings: Record<string, unknown>,
  previous: typeof held | null,
) {
  const connector = await loadConnector(path.join(root, `connectors/${use}`))
  const config = { id: 'erp', entity: 'main', company, settings: { base: 'http://127.0.0.1:9', ...settings } }
  const connection = await openConnection(connector, config, (name) =>
    loadMapping(name === 'order.out' ? mapping : path.join(root, `mappings/${use}/${name}.yaml`)),
  )
  try {
    const { body } = await connection.writes[0]!.render(order, { key: 'K7', revision: 2, previous })
    return body.toString()
  } finally {
    await connection.close()
  }
}

const NC = {
  account: 'A1',
  group: 'G1',
  sender: 's',
  pkOrg: 'ORG',
  bizType: 'SO',
  customer: 'WEB',
  dept: 'D',
  taxCode: 'T',
}
const extending = (use: string, rest: string) =>
  file(`extends: ${path.relative(folder, path.join(root, `mappings/${use}/order.out.yaml`))}\n${rest}`)

describe('bundled mappings, extended', () => {
  test('NC: XML with attributes, rows and escaped text; onCreate only where NC holds nothing', async () => {
    const mapping = await extending(
      'yonyou-nc',
      `fields: { billhead: { vdef6: $connection, vnote: "$fit(remarks.buyer, 8, 'bytes:gbk abbreviate')" } }
onCreate: { billhead: { cdeptid: "'FIRST'", so_saleorder_b: { item: { vbdef3: "'first ' & ref" } } } }`,
    )
    const first = await render('yonyou-nc', mapping, NC, null)
    const again = await render('yonyou-nc', mapping, NC, held)
    for (const xml of [first, again]) {
      expect(xml).toMatch(/^<bill id="K7"><billhead>/)
      expect(xml).toContain('<vdef6>erp</vdef6>')
      expect(xml).toContain('<cmaterialvid>A&lt;&amp;&gt;&quot;1&quot;</cmaterialvid>')
      expect(xml.match(/<item>/g)).toHaveLength(3)
      expect(xml).not.toContain('undefined')
      const tree = parseXml(Buffer.from(xml)) as {
        bill: { '@id': string; billhead: Record<string, unknown> }
      }
      expect(tree.bill.billhead.vnote).toBe('请\n包…')
      expect(tree.bill.billhead.dbilldate).toBe('2026-03-02')
    }
    expect(first.match(/<vbdef3>.*?<\/vbdef3>/g)).toEqual(
      ['1', '2', 'shipping'].map((r) => `<vbdef3>first ${r}</vbdef3>`),
    )
    expect(first).toContain('<cdeptid>FIRST</cdeptid>')
    expect(again).not.toContain('vbdef3')
    expect(again).toContain('<cdeptid>D</cdeptid>')
  })

  test('a REST connector hands on what the remote holds', async () => {
    const mapping = await extending(
      'naive-erp',
      'fields: { replaces: $push.previous.id }\nonCreate: { stage: "\'draft\'" }',
    )
    const settings = { token: 't' }
    expect(JSON.parse(await render('naive-erp', mapping, settings, null))).toMatchObject({
      reference: 'K7',
      stage: 'draft',
    })
    const again = JSON.parse(await render('naive-erp', mapping, settings, held))
    expect(again).toMatchObject({ reference: 'K7', replaces: 'R1' })
    expect(again).not.toHaveProperty('stage')
  })
})

describe('XML trees', () => {
  const body = `<?xml version="1.0" encoding="gbk"?><orders shop="甲&amp;乙">
    <order id="0012"><buyer lang="zh">张三</buyer><item sku="A" qty="2"/><item sku="B" qty="1"><note>轻放</note></item></order>
    <order id="9007199254740993"><item sku="C" qty="0.12345678901234567890"/></order></orders>`
  const record = { body: encodeXml(body, 'gbk'), contentType: 'application/xml' }
  const out = `from: order\nto: erp/orders
fields:
  "@shop": shop
  order:
    $each: orders
    "@id": id
    buyer: { $if: $exists(buyer), "@lang": "'zh'", "#text": buyer }
    item:
      - $each: lines
        $let: { weight: "$decimalMultiply(quantity, '0.5')" }
        "@sku": sku
        "@qty": quantity
        note: { $value: note, $default: "'-'" }
        weight: { $if: "sku != 'B'", $value: $weight, $default: "'none'" }
      - { $if: $count(lines) > 1, "@sku": "'GIFT'", "@qty": "'1'" }
    empty: missing
    blank: "''"`
  const incoming = [
    'from: erp/orders\nto: order\nfields:',
    '  shop: orders.`@shop`',
    '  orders:',
    '    $each: orders.order',
    '    id: "`@id`"',
    '    buyer: buyer.`#text`',
    '    lines: { $each: item, sku: "`@sku`", quantity: "$decimal(`@qty`)", note: note }',
  ].join('\n')

  test('are read, written, and read again as the same', async () => {
    const read = await loadMapping(await file(incoming))
    const write = await loadMapping(await file(out))
    const found = plain(await read.map(parseRecord(record), context(null)))
    expect(found).toEqual({
      shop: '甲&乙',
      orders: [
        {
          id: '0012',
          buyer: '张三',
          lines: [
            { sku: 'A', quantity: '2' },
            { sku: 'B', quantity: '1', note: '轻放' },
          ],
        },
        { id: '9007199254740993', lines: [{ sku: 'C', quantity: '0.1234567890123456789' }] },
      ],
    })
    const xml = xmlElement('orders', await write.map(found, context(null)), escapeXml)
    expect(xml).toBe(
      '<orders shop="甲&amp;乙"><order id="0012"><buyer lang="zh">张三</buyer>' +
        '<item sku="A" qty="2"><note>-</note><weight>1</weight></item>' +
        '<item sku="B" qty="1"><note>轻放</note><weight>none</weight></item><item sku="GIFT" qty="1"></item></order>' +
        '<order id="9007199254740993"><item sku="C" qty="0.1234567890123456789"><note>-</note>' +
        '<weight>0.06172839450617283945</weight></item></order></orders>',
    )
    const again = parseRecord({ body: encodeXml(xml, 'gbk'), contentType: 'application/xml; charset=gbk' })
    expect(plain(await read.map(again, context(null))).orders[0].lines[1]).toEqual({
      sku: 'B',
      quantity: '1',
      note: '轻放',
    })
  })
})

/** Bills beside the sales order of 6.x, and those of NC 5.x, against the sandbox; and what NC posts to us. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Connection, DocumentKind } from '../../src/core/ports.ts'
import type { YonyouNcOptions } from '../../src/sandbox/yonyou-nc/options.ts'
import { startYonyouNc } from '../../src/sandbox/yonyou-nc/server.ts'
import { documentOf, itemOf, openConnector } from '../support/connection.ts'
import { post, rawBills, setFaults } from '../support/nc-client.ts'

const open: { close(): Promise<unknown> }[] = []
let signal: AbortSignal
beforeEach(() => {
  signal = AbortSignal.timeout(60_000)
})
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close()
})

const RELEASE = { 6: { group: 'G1' }, 5: { release: '5', receiver: '1001', operator: 'op1' } } as const

async function nc(
  release: '6' | '5',
  settings: Record<string, unknown> = {},
  options: Partial<YonyouNcOptions> = {},
) {
  const { url, close } = await startYonyouNc({
    account: 'A1',
    group: 'G1',
    release,
    receiver: '1001',
    senders: ['tributary'],
    fieldsStrict: true,
    orgs: ['ORG'],
    customers: ['WEB'],
    ...options,
  })
  open.push({ close })
  const own = { base: url, account: 'A1', sender: 'tributary', pkOrg: 'ORG', bizType: 'SO', customer: 'WEB' }
  const rest = { dept: 'D1', taxCode: 'CN13', outboundToken: 't', ...RELEASE[release], ...settings }
  const connection = await openConnector(
    'yonyou-nc',
    { ...own, ...rest },
    { codes: { rate: { USD: '7.1' } } },
  )
  open.push(connection)
  return { url, connection }
}

const write = async (connection: Connection, kind: DocumentKind, document: object, key = 'K1') => {
  const item = await itemOf(connection, kind, document, key)
  return { item, outcome: (await connection.writes.find((w) => w.kind === kind)!.write([item], signal))[0]! }
}

const line = {
  externalId: '1',
  sku: 'TEA-001',
  name: '大红袍',
  kind: 'goods',
  quantity: '3',
  unitPrice: '10.80',
}
const ORDER = {
  externalId: '693647669244001001',
  number: '#1001',
  placedAt: '2026-03-01T10:00:00.000Z',
  currency: 'USD',
  taxIncluded: true,
  buyer: {},
  shipTo: { name: '林**', lines: ['前埔****'], city: '厦门市' },
  remarks: { buyer: '请发顺丰 🙏 ' },
  lines: [{ ...line, goods: 3240, discount: 181, tax: 227, taxRate: '0.08' }],
  shipping: { amount: 770, discount: 0, tax: 70, taxRate: '0.1' },
  charges: [],
  totals: { total: 3829 },
}
const RETURN = {
  externalId: 'R1',
  kind: 'exchange',
  order: ORDER.externalId,
  requestedAt: '2026-03-02T17:00:00.000Z',
  currency: 'CNY',
  reason: '尺码不合',
  lines: [{ line: '1', sku: 'TEA-001', quantity: '2', amount: 2040, tax: 152 }],
  freight: 770,
  total: 2810,
  exchange: { lines: [{ externalId: 'x', sku: 'TEA-002', quantity: '1', amount: 1000, tax: 0 }] },
}
const RECEIPT = {
  externalId: 'P1',
  order: ORDER.externalId,
  currency: 'USD',
  amount: 3829,
  method: 'alipay',
  payment: '2026030122001',
  at: '2026-03-01T17:00:00.000Z',
}
const REFUND = {
  externalId: 'F1',
  order: ORDER.externalId,
  state: 'settled',
  settledAt: '2026-03-01T17:00:00.000Z',
  currency: 'USD',
  amount: 1180,
  reason: '破损',
  components: [
    { kind: 'goods', line: '1', sku: 'TEA-001', amount: 1080, tax: 80 },
    { kind: 'adjustment', amount: 100 },
  ],
}
const DOCUMENTS: [DocumentKind, object, Record<'6' | '5', string>, string][] = [
  ['order', ORDER, { 6: '30', 5: '30' }, '38.29'],
  ['return', RETURN, { 6: '30', 5: '30' }, '-18.1'],
  ['receipt', RECEIPT, { 6: 'F2', 5: 'D2' }, '38.29'],
  ['refund', REFUND, { 6: 'F0', 5: 'D0' }, '-11.8'],
]

describe.each(['6', '5'] as const)('NC %s.x', (release) => {
  it.each(['UTF-8', 'GBK'] as const)('writes each kind as its bill, %s', async (charset) => {
    const { url, connection } = await nc(release, { charset }, { encoding: charset })
    for (const [kind, document, types, total] of DOCUMENTS) {
      const { item, outcome } = await write(connection, kind, document, `KEY-${kind}`)
      const held = (await rawBills(url)).find((b) => b.id === `KEY-${kind}`)!
      expect(outcome).toEqual({ kind: 'done', remote: { id: held.pk, state: 'final' } })
      expect(held).toMatchObject({ billtype: types[release], total })
      expect(Number(item.check.total)).toBe(Number(total))
      expect(item.check.lines).toBe(held.rows.length)
    }
    const texts = JSON.stringify((await rawBills(url)).map((b) => b.head))
    for (const text of ['林**', '请发顺丰 🙏', '尺码不合', '破损']) expect(texts).toContain(text)
  })

  it('one whose answer was lost is there once, whatever its kind', async () => {
    const { url, connection } = await nc(release)
    for (const [kind, document] of DOCUMENTS) {
      await setFaults(url, { resetAfter: { probability: 1, times: 1 } })
      const { item, outcome } = await write(connection, kind, document, `KEY-${kind}`)
      expect(outcome.kind).toBe('unknown')
      const again = await connection.writes.find((w) => w.kind === kind)!.write([item], signal)
      expect(again).toMatchObject([{ kind: 'refused', code: '-31000', duplicate: true }])
    }
    expect(await rawBills(url)).toHaveLength(DOCUMENTS.length)
  })

  it('one bad return of three leaves the others alone', async () => {
    const { url, connection } = await nc(release)
    const operation = connection.writes.find((w) => w.kind === 'return')!
    const bad = { ...RETURN, lines: [{ ...RETURN.lines[0]!, sku: 'NOWHERE' }] }
    const items = await Promise.all(
      [RETURN, bad, RETURN].map((document, i) => itemOf(connection, 'return', document, `K${i}`)),
    )
    expect(await operation.write(items, signal)).toMatchObject([
      { kind: 'done' },
      { kind: 'refused', code: '-31206' },
      { kind: 'done' },
    ])
    expect((await rawBills(url)).map((b) => b.id)).toEqual(['K0', 'K2'])
  })

  it('check() expects the refusal of an unknown bill type', async () => {
    const { connection } = await nc(release)
    expect(await connection.check(signal)).toMatchObject({ ok: true })
  })
})

describe('rows of a return', () => {
  it('6.x: negative quantities with fretexchange 1, what goes out in exchange with 2', async () => {
    const { url, connection } = await nc('6')
    await write(connection, 'return', RETURN)
    const [bill] = await rawBills(url)
    expect(bill!.head).toMatchObject({ ctrantypeid: '30-02', vdef1: 'R1', vdef6: ORDER.externalId })
    expect(bill!.head.dbilldate).toBe('2026-03-03')
    expect(bill!.rows).toMatchObject([
      { nnum: '-2', fretexchange: '1', norigtaxmny: '-20.40', ntax: '-1.52', nqtorigtaxprice: '10.2' },
      { vbdef1: 'shipping', nnum: '-1', fretexchange: '1', norigtaxmny: '-7.70' },
      { cmaterialvid: 'TEA-002', nnum: '1', fretexchange: '2', norigtaxmny: '10.00' },
    ])
  })

  it('5.x: the head says that it is one', async () => {
    const { url, connection } = await nc('5')
    await write(connection, 'return', RETURN)
    const [bill] = await rawBills(url)
    expect(bill!.head).toMatchObject({ bretinvflag: 'Y', creceipttype: '30', coperatorid: 'op1' })
    expect(bill!.rows.map((r) => [r.nnumber, r.noriginalcursummny])).toEqual([
      ['-2', '-20.40'],
      ['-1', '-7.70'],
      ['1', '10.00'],
    ])
  })
})

describe('the platform refuses', () => {
  const doc = (billtype: string, tag: string, bill: string, more = '') =>
    `<ufinterface billtype="${billtype}" filename="" isexchange="Y" replace="N" proc="add" receiver="1001" roottag="${tag}" sender="tributary"${more}>${bill}</ufinterface>`
  const order = '<so_order id="a"><so_order_head/><so_order_body/></so_order>'
  const ask = async (url: string, xml: string, query = 'account=A1&receiver=1001') =>
    (await post(url, xml, query)).results[0]!.code

  it('documents of the other release, another company, another tag, another purpose', async () => {
    const { url } = await nc('5')
    expect(await ask(url, doc('30', 'so_order', order))).toBe('-31200')
    expect(await ask(url, doc('30', 'bill', order))).toBe('-31005')
    expect(await ask(url, doc('30', 'so_order', order).replace('1001', '1002'))).toBe('-31101')
    expect(await ask(url, doc('30', 'so_order', order).replace('proc="add"', 'proc="delete"'))).toBe('-31100')
    expect(await ask(url, doc('F2', 'bill', '<bill id="a"/>'))).toBe('-31103')
    expect(await ask(url, doc('30', 'so_order', order), 'account=A1&receiver=9')).toBe('-31005')
    expect(await ask(url, doc('D2', 'voucher', order))).toBe('-31006')
    const headless = '<so_order id="a"><so_order_head/></so_order>'
    expect(await ask(url, doc('30', 'so_order', headless))).toBe('-31007')
  })

  it.each([
    [
      '6',
      'return',
      (xml: string) => xml.replace('<nnum>-2</nnum>', '<nnum>2</nnum>'),
      /退货行的数量必须为负/,
    ],
    ['6', 'return', (xml: string) => xml.replaceAll('<fretexchange>1', '<fretexchange>7'), /fretexchange/],
    ['6', 'return', (xml: string) => xml.replaceAll('tax>-1.52', 'tax>1.52'), /价税合计不平/],
    ['6', 'order', (xml: string) => xml.replaceAll('price>10.80<', 'price>-10.80<'), /单价不能小于0/],
    ['6', 'receipt', (xml: string) => xml.replace('<money_cr>38', '<money_cr>39'), /表头 money 与表体/],
    ['6', 'refund', (xml: string) => xml.replace(/<local_tax_de>[^<]*/, '<local_tax_de>1'), /local_money_de/],
    ['5', 'order', (xml: string) => xml.replace(/<nsummny>[^<]*/, '<nsummny>1'), /nsummny = nmny \+ ntaxmny/],
    ['5', 'return', (xml: string) => xml.replace('<bretinvflag>Y', '<bretinvflag>N'), /非退货订单/],
    ['5', 'receipt', (xml: string) => xml.replace('Type>D2', 'Type>D0'), /businessType/],
    [
      '5',
      'refund',
      (xml: string) => xml.replace(/<debit_local_tax>[^<]*/, '<debit_local_tax>1'),
      /debit_local_sum/,
    ],
  ] as const)('%s.x: a %s whose figures do not agree', async (release, kind, spoil, says) => {
    const { connection } = await nc(release)
    const [, document] = DOCUMENTS.find(([k]) => k === kind)!
    const item = await itemOf(connection, kind, document, 'K1')
    const body = Buffer.from(spoil(item.body.toString()))
    expect(body.equals(item.body)).toBe(false)
    const [outcome] = await connection.writes.find((w) => w.kind === kind)!.write([{ ...item, body }], signal)
    expect(outcome).toMatchObject({ kind: 'refused', code: '-32000', message: expect.stringMatching(says) })
  })
})

describe('what NC posts', () => {
  const stockOut = (id: string, key: string) =>
    `<bill id="${id}"><billhead><cgeneralhid>${id}</cgeneralhid><vbillcode>XC-${id}</vbillcode><cwarehouseid>WH1</cwarehouseid>
    <dbilldate>2026-03-02 09:00:00</dbilldate><vdef2>SF1</vdef2><cgeneralbid><item><cmaterialvid>TEA-001</cmaterialvid><nnum>2.50000000</nnum>
    <vbdef1>1</vbdef1><vbdef20>${key}</vbdef20></item></cgeneralbid></billhead></bill>`

  it('several stock-outs in one document are parcels of their own', async () => {
    const { connection } = await nc('6')
    const body = Buffer.from(
      `<?xml version="1.0"?><ufinterface billtype="4C">${stockOut('A', 'K1')}${stockOut('B', 'K2')}</ufinterface>`,
    )
    const delivery = connection.webhooks[0]!.receive({ ':query': 'token=t' }, body)
    expect(delivery.stream).toBe('shipment')
    const parcels = await Promise.all(
      delivery.records.map((r) => documentOf(connection, 'shipment', { ...r, id: r.id ?? '' })),
    )
    expect(parcels).toMatchObject([
      {
        externalId: 'A',
        order: 'K1',
        site: 'WH1',
        trackingNumber: 'SF1',
        lines: [{ line: '1', quantity: '2.5' }],
      },
      { externalId: 'B', order: 'K2' },
    ])
  })

  it.each(['6', '5'] as const)(
    '%s.x: a receipt that was imported later settles its push',
    async (release) => {
      const got: { url: string; body: Buffer; type: string }[] = []
      const { createServer } = await import('node:http')
      const receiver = createServer(async (req, res) => {
        const chunks: Buffer[] = []
        for await (const chunk of req) chunks.push(chunk as Buffer)
        got.push({ url: req.url ?? '', body: Buffer.concat(chunks), type: req.headers['content-type'] ?? '' })
        res.end('1')
      })
      await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
      open.push({ close: () => new Promise((resolve) => receiver.close(resolve)) })
      const { port } = receiver.address() as { port: number }
      const { connection } = await nc(
        release,
        { bigFile: true },
        {
          bigFile: true,
          processAfter: 1,
          encoding: 'GBK',
          acknowledgeUrl: `http://127.0.0.1:${port}/?token=t`,
        },
      )
      const { outcome } = await write(connection, 'receipt', RECEIPT)
      expect(outcome).toMatchObject({ kind: 'done', accepted: true })
      while (got.length === 0) await new Promise((resolve) => setTimeout(resolve, 20))
      const [{ url, body, type }] = got as [(typeof got)[0]]
      const headers = { 'content-type': type, ':query': url.split('?')[1] }
      const { stream, records } = connection.webhooks[0]!.receive(headers, body)
      const told = await documentOf(connection, stream, { ...records[0]!, id: 'K1' })
      expect(told).toMatchObject({ key: 'K1', total: '38.29', remoteId: expect.stringMatching(/^\w{20}$/) })
    },
  )

  it('a bill of a type that nobody reads is sent back', async () => {
    const { connection } = await nc('6')
    const body = Buffer.from('<ufinterface billtype="21"><bill id="A"><billhead/></bill></ufinterface>')
    expect(() => connection.webhooks[0]!.receive({ ':query': 'token=t' }, body)).toThrow(
      expect.objectContaining({ code: 'WEBHOOK_UNREADABLE' }),
    )
  })
})

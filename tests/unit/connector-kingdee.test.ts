/** The Kingdee connector against a server that speaks its protocol, over HTTP, faults included. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Connection, DocumentKind, WriteItem } from '../../src/core/ports.ts'
import { documentOf, itemOf, openConnector, readAll } from '../support/connection.ts'
import { ACCOUNT, SECRET, startKingdee } from '../support/kingdee-server.ts'

const open: { close(): Promise<unknown> }[] = []
let signal: AbortSignal
beforeEach(() => {
  signal = AbortSignal.timeout(60_000)
})
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close()
})

const KEY = (n: number) => `KEY${String(n).padStart(22, '0')}`

async function kingdee(
  settings: Record<string, unknown> = {},
  options: Parameters<typeof startKingdee>[0] = {},
) {
  const server = await startKingdee(options)
  open.push(server)
  const own = { ...ACCOUNT, appSecret: SECRET, base: server.base, org: '100', customer: 'WEB', settle: '0s' }
  const connection = await openConnector('kingdee-k3cloud', { ...own, ...settings })
  open.push(connection)
  return { server, connection }
}

const operation = (connection: Connection, kind: DocumentKind) =>
  connection.writes.find((w) => w.kind === kind)!

function order(more: object = {}) {
  const line = { externalId: '6936476692440000010', sku: 'TEA-001', name: '大红袍', kind: 'goods' }
  const money = { quantity: '3', unitPrice: '10.80', goods: 3240, discount: 181, tax: 227, taxRate: '0.08' }
  return {
    externalId: '693647669244001001',
    number: '#1001',
    placedAt: '2026-03-01T10:00:00.000Z',
    currency: 'CNY',
    taxIncluded: true,
    buyer: {},
    shipTo: { name: '林**', phone: '139****0003', lines: ['前埔****'], city: '厦门市' },
    lines: [{ ...line, ...money }],
    shipping: { amount: 770, discount: 0, tax: 70, taxRate: '0.1' },
    charges: [],
    totals: { total: 3829 },
    ...more,
  }
}
const RETURN = {
  externalId: 'R1',
  order: KEY(1),
  requestedAt: '2026-03-01T10:00:00.000Z',
  currency: 'CNY',
  lines: [{ line: '1', sku: 'TEA-001', quantity: '2', amount: 2040, tax: 151 }],
  freight: 770,
  total: 2810,
}
const RECEIPT = {
  externalId: 'P1',
  order: KEY(1),
  currency: 'CNY',
  amount: 3829,
  at: '2026-03-01T10:00:00.000Z',
}

/** As the push protocol goes: write, then the steps until the last is done. */
async function push(connection: Connection, kind: DocumentKind, item: WriteItem) {
  const own = operation(connection, kind)
  const [written] = await own.write([item], signal)
  return written!.kind === 'done' ? own.advance!(item, written!.remote, signal) : written!
}

describe.each(['session', 'headers'] as const)('documents, by %s', (auth) => {
  it('are saved, submitted and approved, and found by their number', async () => {
    const { server, connection } = await kingdee({ auth }, { auth })
    const documents: [DocumentKind, object, string, object][] = [
      ['order', order(), 'SAL_SaleOrder', { total: '38.29' }],
      ['return', RETURN, 'SAL_RETURNSTOCK', {}],
      ['receipt', RECEIPT, 'AR_RECEIVEBILL', {}],
    ]
    for (const [kind, document, form, told] of documents) {
      const item = await itemOf(connection, kind, document, KEY(1))
      const own = operation(connection, kind)
      expect(await own.find!(item, signal)).toEqual({ hits: [] })
      expect(await push(connection, kind, item)).toMatchObject({ kind: 'done', remote: { state: 'final' } })
      const [bill, more] = server.bills.filter((b) => b.form === form)
      expect(more).toBeUndefined()
      expect(bill!.fields).toMatchObject({ FBillNo: KEY(1), FDocumentStatus: 'C' })
      const remote = { id: String(bill!.fields.FID), ...told }
      expect(await own.find!(item, signal)).toMatchObject({ hits: [remote] })
    }
    const { model } = server.bills[0]!
    expect(model).toMatchObject({
      FLinkMan: '林**',
      FNote: '#1001 693647669244001001',
      FCustId: { FNumber: 'WEB' },
    })
    expect(model.FSaleOrderEntry[0]).toMatchObject({
      FQty: '3',
      FTaxPrice: '10.1966666667',
      FEntryTaxRate: '8',
    })
  })
})

describe('doubt', () => {
  it.each(['resetAfter', 'empty200', 'error500After', 'html', 'half', 'exception'])(
    'an order whose answer was lost (%s) is found by its number, and finished where it stands',
    async (fault) => {
      const { server, connection } = await kingdee()
      const item = await itemOf(connection, 'order', order(), KEY(1))
      const own = operation(connection, 'order')
      server.faults.set({ [fault]: { probability: 1, times: 1 } })
      expect(await own.write([item], signal)).toMatchObject([{ kind: 'unknown' }])
      const answer = (await own.find!(item, signal)) as {
        hits: [Parameters<NonNullable<typeof own.advance>>[1]]
      }
      expect(answer.hits).toMatchObject([{ state: 'draft', total: '38.29' }])
      expect(await own.advance!(item, answer.hits[0], signal)).toMatchObject({ remote: { state: 'final' } })
      // Kingdee itself keeps numbers apart
      expect(await own.write([item], signal)).toMatchObject([{ kind: 'refused' }])
      expect(server.bills).toHaveLength(1)
    },
  )

  it('a step whose answer was lost is not done twice', async () => {
    const { server, connection } = await kingdee()
    const item = await itemOf(connection, 'order', order(), KEY(1))
    const own = operation(connection, 'order')
    await own.write([item], signal)
    server.calls.length = 0
    server.faults.set({ resetAfter: { probability: 0.5 }, seed: 3 })
    for (let n = 0; n < 40; n++) {
      const answer = await own.find!(item, signal)
      if ('failed' in answer) continue
      const outcome = await own.advance!(item, answer.hits[0]!, signal)
      if (outcome.kind === 'done') break
      expect(outcome.kind).toBe('unknown')
    }
    expect(server.bills[0]!.fields.FDocumentStatus).toBe('C')
    expect(server.calls.filter((c) => c === 'Submit')).toHaveLength(1)
    expect(server.calls.filter((c) => c === 'Audit')).toHaveLength(1)
  })

  it('throttled and unreachable are not done; an unknown material refuses, and says which', async () => {
    const { server, connection } = await kingdee()
    const item = await itemOf(connection, 'order', order(), KEY(1))
    const own = operation(connection, 'order')
    server.faults.set({ status429: { probability: 1, times: 1 } })
    expect(await own.write([item], signal)).toMatchObject([{ kind: 'not-done', retryAfter: 1000 }])
    const lines = [{ ...order().lines[0], sku: 'NO-SUCH' }]
    const bad = await itemOf(connection, 'order', order({ lines }), KEY(2))
    const [refused] = await own.write([bad], signal)
    expect(refused).toMatchObject({ kind: 'refused', message: expect.stringContaining('NO-SUCH') })
    expect(server.bills).toHaveLength(0)
  })

  it('an approval that Kingdee refuses leaves the order submitted, with the reason', async () => {
    const { server, connection } = await kingdee()
    server.refuseAudits('客户信用超额')
    const item = await itemOf(connection, 'order', order(), KEY(1))
    expect(await push(connection, 'order', item)).toMatchObject({
      kind: 'refused',
      message: expect.stringContaining('客户信用超额'),
    })
    expect(server.bills[0]!.fields.FDocumentStatus).toBe('B')
  })
})

describe('sessions', () => {
  it('one for all calls; a lost one is renewed once and the call repeated', async () => {
    const { server, connection } = await kingdee()
    const own = operation(connection, 'order')
    const item = await itemOf(connection, 'order', order(), KEY(1))
    await own.find!(item, signal)
    expect(await push(connection, 'order', item)).toMatchObject({ kind: 'done' })
    expect(server.calls.filter((c) => c === 'LoginBySign')).toHaveLength(1)
    server.dropSessions()
    expect(await own.find!(item, signal)).toMatchObject({ hits: [{ total: '38.29' }] })
    server.dropSessions()
    const other = await itemOf(connection, 'order', order(), KEY(2))
    expect(await own.write([other], signal)).toMatchObject([{ kind: 'done' }])
    expect(server.calls.filter((c) => c === 'LoginBySign')).toHaveLength(3)
    expect(server.bills).toHaveLength(2)
  })

  it.each([
    ['session', { appSecret: 'another-secret' }],
    ['headers', { appSecret: 'another-secret' }],
  ] as const)('a wrong secret (%s) pauses, and is not told', async (auth, settings) => {
    const { connection } = await kingdee({ auth, ...settings }, { auth })
    const item = await itemOf(connection, 'order', order(), KEY(1))
    const [outcome] = await operation(connection, 'order').write([item], signal)
    expect(outcome).toMatchObject({ kind: 'not-done', pause: true })
    const { ok, say } = await connection.check(signal)
    expect(ok).toBe(false)
    expect(say).not.toContain('another-secret')
  })

  it('check() asks for nothing in particular', async () => {
    const { connection } = await kingdee()
    expect(await connection.check(signal)).toEqual({ ok: true, say: 'Kingdee answers' })
  })
})

describe('cancellations', () => {
  const cancel = async (connection: Connection, key: string) => {
    const item = await itemOf(connection, 'cancellation', { order: key, lines: null }, `C-${key}`)
    return (await operation(connection, 'cancellation').write([item], signal))[0]!
  }

  it('an approved order is taken back and deleted, once; one that was shipped is not', async () => {
    const { server, connection } = await kingdee()
    for (const n of [1, 2]) {
      const item = await itemOf(connection, 'order', order(), KEY(n))
      await push(connection, 'order', item)
    }
    server.ship([{ sku: 'TEA-001', quantity: 3, order: KEY(2) }])
    expect(await cancel(connection, KEY(2))).toMatchObject({
      kind: 'refused',
      message: expect.stringContaining('下游单据'),
    })
    server.faults.set({ resetAfter: { probability: 1, times: 1 } })
    expect(await cancel(connection, KEY(1))).toMatchObject({ kind: 'unknown' })
    expect(await cancel(connection, KEY(1))).toMatchObject({ kind: 'done' })
    expect(await cancel(connection, KEY(1))).toMatchObject({ kind: 'done' })
    expect(server.bills.filter((b) => b.form === 'SAL_SaleOrder').map((b) => b.fields.FBillNo)).toEqual([
      KEY(2),
    ])
  })

  it('one that is being approved is refused by Kingdee', async () => {
    const { server, connection } = await kingdee()
    server.refuseAudits('待会签')
    await push(connection, 'order', await itemOf(connection, 'order', order(), KEY(1)))
    expect(await cancel(connection, KEY(1))).toMatchObject({ kind: 'refused' })
    expect(server.bills).toHaveLength(1)
  })
})

describe('reading', () => {
  it('parcels name our key; rows of other orders are left out, two orders are two parcels', async () => {
    const { server, connection } = await kingdee()
    const id = server.ship([
      { sku: 'TEA-001', quantity: 3, order: KEY(1) },
      { sku: 'TEA-002', quantity: 0.5, order: KEY(2) },
      { sku: 'TEA-001', quantity: 9, order: 'XSDD000001' },
      { sku: 'TEA-002', quantity: 1, order: KEY(1) },
    ])
    server.ship([{ sku: 'TEA-001', quantity: 1, order: '' }])
    server.ship([{ sku: 'TEA-001', quantity: 1, order: KEY(3) }], { FDocumentStatus: 'A' })
    const records = await readAll(connection, 'shipment', signal)
    const parcels = await Promise.all(records.map((r) => documentOf(connection, 'shipment', r)))
    expect(parcels).toMatchObject([
      {
        externalId: `${id}:${KEY(1)}`,
        order: KEY(1),
        carrier: 'SF',
        trackingNumber: 'SF1',
        site: 'CK001',
        lines: [
          { sku: 'TEA-001', quantity: '3' },
          { sku: 'TEA-002', quantity: '1' },
        ],
      },
      { externalId: `${id}:${KEY(2)}`, lines: [{ quantity: '0.5' }] },
    ])
    expect(parcels).toHaveLength(2)
  })

  it('every order of ours arrives although others change while the pages are read', async () => {
    const { server, connection } = await kingdee()
    const own = operation(connection, 'order')
    const document = order()
    for (let n = 0; n < 1200; n++)
      await own.write([await itemOf(connection, 'order', document, KEY(n))], signal)
    server.bills.forEach((bill, n) => {
      bill.fields.FModifyDate = new Date(Date.now() + 8 * 3_600_000 - 1_200_000 + n * 700)
        .toISOString()
        .slice(0, 23)
    })
    server.bills.push({
      ...server.bills[0]!,
      fields: { ...server.bills[0]!.fields, FID: 1, FBillNo: 'XSDD000001' },
    })
    const stream = connection.streams.find((s) => s.name === 'status')!
    const window = { since: new Date(Date.now() - 3_600_000), until: new Date(Date.now() + 60_000) }
    const seen = new Set<string>()
    let resume: unknown = null
    for (let n = 0; ; n++) {
      const page = await stream.page({ ...window, resume }, signal)
      for (const { id } of page.records) seen.add(id)
      if (page.next === null) break
      resume = JSON.parse(JSON.stringify(page.next))
      server.bills[n * 10]!.fields.FModifyDate = new Date(Date.now() + 8 * 3_600_000)
        .toISOString()
        .slice(0, 23)
    }
    expect(seen.size).toBe(1200)
    const [record] = await readAll(connection, 'status', signal)
    expect(await documentOf(connection, 'status', record!)).toMatchObject({
      total: '38.29',
      key: record && expect.stringMatching(/^KEY/),
    })
  }, 60_000)

  it('stock is one level per stock and material, whole also at the edge of a page', async () => {
    const { server, connection } = await kingdee()
    for (let n = 0; n < 1999; n++) server.lay('CK001', `A${String(n).padStart(5, '0')}`, 1)
    for (let n = 0; n < 3; n++) server.lay('CK001', 'B', 0.25)
    server.lay('CK002', 'B', 7)
    const records = await readAll(connection, 'stock', signal)
    const levels = await Promise.all(records.map((r) => documentOf(connection, 'stock', r)))
    expect(levels).toHaveLength(2001)
    expect(levels.filter((l) => l.sku === 'B')).toMatchObject([
      { externalId: 'CK001:B', site: 'CK001', onHand: '0.75' },
      { externalId: 'CK002:B', site: 'CK002', onHand: '7' },
    ])
  })

  it.each(['html', 'half', 'exception', 'status500', 'status429'])(
    'a page fails as transient: %s',
    async (fault) => {
      const { server, connection } = await kingdee()
      await connection.check(signal)
      server.faults.set({ [fault]: 1 })
      for (const name of ['shipment', 'stock', 'status'])
        await expect(readAll(connection, name, signal)).rejects.toMatchObject({ kind: 'transient' })
    },
  )
})

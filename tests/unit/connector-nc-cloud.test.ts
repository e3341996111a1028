/** The NC Cloud connector against the sandbox, over HTTP, faults included. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Connection, RawRecord } from '../../src/core/ports.ts'
import { createTokenMemory } from '../../src/core/token-store.ts'
import type { NcCloudOptions } from '../../src/sandbox/nc-cloud/options.ts'
import { startNcCloud } from '../../src/sandbox/nc-cloud/server.ts'
import { type ConnectionOptions, documentOf, itemOf, openConnector, readAll } from '../support/connection.ts'
import { type Any, APP_SECRET, CENTER, CLIENT, control } from '../support/nc-cloud-client.ts'

const open: { close(): Promise<unknown> }[] = []
let signal: AbortSignal
beforeEach(() => {
  signal = AbortSignal.timeout(60_000)
})
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close()
})

async function connect(
  base: string,
  settings: Record<string, unknown> = {},
  options: ConnectionOptions = {},
) {
  const app = (await control(base, 'app')).body
  const own = {
    base,
    clientId: CLIENT,
    clientSecret: APP_SECRET,
    publicKey: app.publicKey,
    bizCenter: CENTER,
  }
  const booked = { pkOrg: 'O1', bizType: 'B', customer: 'WEB', dept: 'D', taxCode: 'CN13', settle: '0s' }
  const connection = await openConnector('nc-cloud', { ...own, ...booked, ...settings }, options)
  open.push(connection)
  return connection
}

async function cloud(options: Partial<NcCloudOptions> = {}, settings: Record<string, unknown> = {}) {
  const all = { clientId: CLIENT, clientSecret: APP_SECRET, bizCenters: [CENTER], ...options }
  const running = await startNcCloud(all)
  open.push(running)
  const { url } = running
  const bills = async (): Promise<Any[]> => (await control(url, 'bills')).body
  const faults = (rules: object) => control(url, 'faults', rules)
  return { url, bills, faults, connection: await connect(url, settings) }
}

const write = (connection: Connection, kind: string) => connection.writes.find((w) => w.kind === kind)!
const byId = (records: RawRecord[]) => new Map(records.map((r) => [r.id, r]))

function order(number: string, more: object = {}) {
  const line = { externalId: '6936476692440000010', sku: 'TEA-001', name: '大红袍', kind: 'goods' }
  const money = { unitPrice: '10.80', goods: 3240, discount: 181, tax: 227, taxRate: '0.08' }
  return {
    externalId: `69364766924400${number}`,
    number,
    placedAt: '2026-03-01T10:00:00.000Z',
    paidAt: '2026-03-01T17:00:00.000Z',
    currency: 'CNY',
    taxIncluded: true,
    buyer: {},
    shipTo: { name: '林**', phone: '139****0003', lines: ['前埔****'], opaqueId: '#address', city: '厦门市' },
    lines: [{ ...line, quantity: '3', ...money }],
    shipping: { amount: 770, discount: 0, tax: 70, taxRate: '0.1' },
    charges: [],
    totals: { total: 3829 },
    ...more,
  }
}

describe('orders', () => {
  it.each(['L0', 'L1', 'L2', 'L3', 'L4'] as const)('are written and found at level %s', async (level) => {
    const { connection, bills } = await cloud({ securityLevel: level })
    const item = await itemOf(connection, 'order', order('1001'), 'KEY1')
    const operation = write(connection, 'order')
    expect(await operation.find!(item, signal)).toEqual({ hits: [] })
    const [outcome] = await operation.write([item], signal)
    const [bill] = await bills()
    const remote = { id: bill.pk, number: bill.code, state: 'final', total: '38.29', lines: 2 }
    expect(outcome).toEqual({ kind: 'done', remote })
    expect(await operation.find!(item, signal)).toEqual({ hits: [remote] })
    expect(bill.head).toMatchObject({
      vdef20: 'KEY1',
      vdef1: '693647669244001001',
      vdef3: '林**',
      vcooppohcode: '1001',
    })
    expect(bill.rows).toMatchObject([
      {
        vbdef1: '6936476692440000010',
        cmaterialvid: 'TEA-001',
        nnum: '3',
        norigtaxmny: '30.59',
        ntax: '2.27',
      },
      { vbdef1: 'shipping', cmaterialvid: 'SHIPPING', norigtaxmny: '7.70' },
    ])
  })

  it.each([
    [{ salt: 'token' as const }, { salt: 'token' }],
    [
      { salt: 'none' as const, padding: 'pkcs1' as const },
      { salt: 'none', padding: 'pkcs1' },
    ],
    [
      { username: 'user1', password: 'pwd1' },
      { grant: 'password', username: 'user1', password: 'pwd1' },
    ],
  ])('are signed and sealed as the release wants it: %j', async (options, settings) => {
    const { connection, bills } = await cloud({ ...options, securityLevel: 'L1' }, settings)
    const item = await itemOf(connection, 'order', order('1001'), 'KEY1')
    expect(await write(connection, 'order').write([item], signal)).toMatchObject([{ kind: 'done' }])
    expect(await bills()).toHaveLength(1)
  })

  it.each(['resetAfter', 'empty200', 'error500After', 'malformed', 'html', 'wrongLevel'])(
    'one whose answer was lost (%s) is in doubt, and found by its key',
    async (fault) => {
      const { connection, bills, faults } = await cloud({ securityLevel: 'L3' })
      await connection.check(signal)
      const item = await itemOf(connection, 'order', order('1001'), 'KEY1')
      const operation = write(connection, 'order')
      await faults({ [fault]: { probability: 1, times: 1 } })
      const [outcome] = await operation.write([item], signal)
      // an answer that is legible at another level proves what it says
      expect(outcome!.kind).toBe(fault === 'wrongLevel' ? 'done' : 'unknown')
      expect(await operation.find!(item, signal)).toMatchObject({ hits: [{ total: '38.29', lines: 2 }] })
      // and the same bytes once more are a repeat to NC: still doubt, never a refusal
      expect(await operation.write([item], signal)).toMatchObject([{ kind: 'unknown' }])
      expect(await bills()).toHaveLength(1)
    },
  )

  it('an unknown material refuses, and says which; a missing permission stops the connection', async () => {
    const { connection } = await cloud()
    const lines = [{ ...order('1').lines[0], sku: 'NO-SUCH' }]
    const item = await itemOf(connection, 'order', order('1002', { lines }), 'KEY2')
    const [refused] = await write(connection, 'order').write([item], signal)
    expect(refused).toMatchObject({ kind: 'refused', message: expect.stringContaining('NO-SUCH') })
    const other = await cloud({ apis: ['/nccloud/api/so/saleorder/query'] })
    const ours = await itemOf(other.connection, 'order', order('1003'), 'KEY3')
    expect(await write(other.connection, 'order').write([ours], signal)).toMatchObject([
      { kind: 'not-done', pause: true, code: '1000000010' },
    ])
  })
})

describe('returns and cancellations', () => {
  it('a return is an order of negative quantities', async () => {
    const { connection, bills } = await cloud()
    const document = {
      externalId: 'R1',
      order: '693647669244001001',
      requestedAt: '2026-03-01T10:00:00.000Z',
      currency: 'CNY',
      lines: [{ line: '6936476692440000010', sku: 'TEA-001', quantity: '1', amount: 1020, tax: 76 }],
      freight: 770,
      total: 1790,
    }
    const item = await itemOf(connection, 'return', document, 'KEY9')
    const operation = write(connection, 'return')
    const [outcome] = await operation.write([item], signal)
    expect(outcome).toMatchObject({ kind: 'done', remote: { total: '-17.90', lines: 2 } })
    expect(await operation.find!(item, signal)).toMatchObject({ hits: [{ total: '-17.90' }] })
    const [bill] = await bills()
    expect(bill.head).toMatchObject({ ctrantypeid: '30-02', vdef6: '693647669244001001' })
    expect(bill.rows).toMatchObject([
      { nnum: '-1', fretexchange: '1', norigtaxmny: '-10.20', ntax: '-0.76' },
      { vbdef1: 'shipping', norigtaxmny: '-7.70' },
    ])
  })

  it('a free order is deleted once; an approved one is not', async () => {
    const { url, connection, bills, faults } = await cloud()
    const orders = await Promise.all(
      ['KEY1', 'KEY2'].map((key, i) => itemOf(connection, 'order', order(`100${i}`), key)),
    )
    await write(connection, 'order').write(orders, signal)
    const cancel = async (key: string) => {
      const item = await itemOf(connection, 'cancellation', { order: key, lines: null }, `C-${key}`)
      return (await write(connection, 'cancellation').write([item], signal))[0]
    }
    const second = (await bills()).find((b) => b.head.vdef20 === 'KEY2')
    await control(url, `bills/${second.pk}/approve`, {})
    expect(await cancel('KEY2')).toMatchObject({ kind: 'refused', code: 'NOT_FREE' })
    await faults({ resetAfter: { probability: 1 } })
    expect(await cancel('KEY1')).toMatchObject({ kind: 'unknown' })
    await faults({ off: 1 })
    expect(await cancel('KEY1')).toMatchObject({ kind: 'done' })
    expect(await cancel('KEY1')).toMatchObject({ kind: 'done' })
    expect((await bills()).map((b) => b.head.vdef20)).toEqual(['KEY2'])
  })
})

describe('reading', () => {
  it('parcels name our key and lines; stock-outs of other orders are left out', async () => {
    const { url, connection, bills } = await cloud({ securityLevel: 'L4' })
    const item = await itemOf(connection, 'order', order('1001'), 'KEY1')
    const foreign = { ...JSON.parse(item.body.toString()) }
    foreign.so_saleorder.vdef20 = ''
    const operation = write(connection, 'order')
    await operation.write([item, { ...item, body: Buffer.from(JSON.stringify(foreign)) }], signal)
    const numbers: string[] = []
    for (const { pk } of await bills()) {
      const { body } = await control(url, 'saleouts', { order: pk, carrier: 'SF', tracking: `T-${pk}` })
      numbers.push(body.ic_saleout_h.vbillcode)
    }
    const records = await readAll(connection, 'shipment', signal)
    expect(records).toHaveLength(1)
    const mine = (await bills()).find((b) => b.head.vdef20 === 'KEY1')
    expect(await documentOf(connection, 'shipment', records[0]!)).toMatchObject({
      order: 'KEY1',
      trackingNumber: `T-${mine.pk}`,
      carrier: 'SF',
      lines: [{ line: '6936476692440000010', sku: 'TEA-001', quantity: '3' }],
    })
    const status = await readAll(connection, 'status', signal)
    expect(status).toHaveLength(1)
    expect(await documentOf(connection, 'status', status[0]!)).toMatchObject({
      key: 'KEY1',
      remoteId: mine.pk,
      number: mine.code,
      total: '38.29',
    })
    expect(numbers).toHaveLength(2)
  })

  it('every order of ours arrives although others change while the pages are read', async () => {
    const { url, connection, bills } = await cloud()
    const operation = write(connection, 'order')
    const items = await Promise.all(
      Array.from({ length: 230 }, (_, i) => itemOf(connection, 'order', order(`${2000 + i}`), `K${i}`)),
    )
    for (const item of items) await operation.write([item], signal)
    const pks = (await control(url, 'bills?limit=500')).body.map((b: Any) => b.pk) as string[]
    const stream = connection.streams.find((s) => s.name === 'status')!
    const seen = new Set<string>()
    let resume: unknown = null
    const [since, until] = [new Date(Date.now() - 3_600_000), new Date(Date.now() + 60_000)]
    for (let n = 0; ; n++) {
      const page = await stream.page({ since, until, resume }, signal)
      for (const { id } of page.records) seen.add(id)
      if (page.next === null) break
      resume = JSON.parse(JSON.stringify(page.next))
      await control(url, `bills/${pks[n]}/approve`, {})
    }
    expect(seen.size).toBe(230)
    expect((await bills()).length).toBeGreaterThan(0)
  })

  it('stock is a snapshot of each poll, by warehouse and material', async () => {
    const { url, connection } = await cloud()
    await control(url, 'stock', { material: 'TEA-001', quantity: '10.5' })
    await control(url, 'stock', { material: 'TEA-001', warehouse: 'WH02', quantity: '3' })
    const read = byId(await readAll(connection, 'stock', signal))
    expect([...read.keys()].sort()).toEqual(['WH01:TEA-001', 'WH02:TEA-001'])
    const level = await documentOf(connection, 'stock', read.get('WH01:TEA-001')!)
    expect(level).toMatchObject({ site: 'WH01', sku: 'TEA-001', onHand: '10.5' })
  })
})

describe('tokens and failures', () => {
  it('several workers share one token with its key; a token that ended is renewed once', async () => {
    const { url } = await cloud({ securityLevel: 'L3' })
    const tokens = createTokenMemory()
    const workers = await Promise.all([1, 2, 3].map(() => connect(url, {}, { tokens })))
    const asked = async () => (await control(url, 'stats')).body.tokens
    const all = () => Promise.all(workers.map((worker) => worker.check(signal)))
    expect(await all()).toEqual([1, 2, 3].map(() => ({ ok: true, say: 'NC Cloud answers' })))
    expect(await asked()).toBe(1)
    await control(url, 'tokens/expire', {})
    expect((await all()).every((one) => one.ok)).toBe(true)
    expect(await asked()).toBe(2)
    expect(await tokens.read('my-nc-cloud')).toMatchObject({ extra: { level: 'L3' } })
  })

  it.each([
    [{ clientSecret: 'not-the-secret' }, 'not authorized'],
    [{ bizCenter: '9999' }, '无效的账套编码'],
    [{ salt: 'none' }, 'Failed to verify signature'],
  ])('wrong settings stop the connection and are named: %j', async (settings, says) => {
    const { url } = await cloud()
    const wrong = await connect(url, settings)
    const failed = (await readAll(wrong, 'status', signal).catch((error: unknown) => error)) as Error
    expect(failed).toMatchObject({ code: 'CONNECTOR_TOKEN_DEAD', kind: 'config' })
    expect(failed.message).toContain(says)
    expect(JSON.stringify(failed)).not.toContain('not-the-secret')
    expect(await wrong.check(signal)).toMatchObject({ ok: false })
  })

  it.each([
    [{ html: { probability: 1 } }, 'CONNECTOR_ANSWER_UNREADABLE'],
    [{ malformed: { probability: 1 } }, 'CONNECTOR_ANSWER_UNREADABLE'],
    [{ resetBefore: { probability: 1 } }, 'CONNECTOR_UNREACHABLE'],
    [{ status429: { probability: 1 } }, 'CONNECTOR_THROTTLED'],
  ])('a page fails by kind: %j', async (rules, code) => {
    const { connection, faults } = await cloud({ securityLevel: 'L2' })
    await connection.check(signal)
    await faults(rules)
    await expect(readAll(connection, 'status', signal)).rejects.toMatchObject({ code, kind: 'transient' })
  })

  it('a path that differs on a release is a setting', async () => {
    const paths = { 'so/saleorder/query': 'so/saleorder/list' }
    const { connection } = await cloud({}, { paths })
    const { ok, say } = await connection.check(signal)
    expect([ok, say.includes('so/saleorder/list')]).toEqual([false, true])
  })
})

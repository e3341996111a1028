/** The Odoo connector over real HTTP, against the sandbox, by both interfaces. */
import path from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { loadConnector } from '../../src/connector/load.ts'
import { openConnection } from '../../src/connector/open.ts'
import type { Connection, WriteItem } from '../../src/core/ports.ts'
import type { DocumentKind } from '../../src/core/states.ts'
import { loadMapping } from '../../src/mapping/load.ts'
import { validateDocument } from '../../src/mapping/validate.ts'
import type { OdooOptions } from '../../src/sandbox/odoo/options.ts'
import { startOdoo } from '../../src/sandbox/odoo/server.ts'
import { control } from '../support/odoo-client.ts'

const root = path.resolve(import.meta.dirname, '../..')
const connector = await loadConnector(path.join(root, 'connectors/odoo'))
const company = { zone: 'Asia/Shanghai', currency: 'CNY' }
const signal = AbortSignal.timeout(300_000)
const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

const codes = { tax: { '13': 'sandbox.tax_13', '13 incl': 'sandbox.tax_13_incl', '19': 'sandbox.tax_19' } }

async function open(options: Partial<OdooOptions> = {}, settings: Record<string, unknown> = {}) {
  const odoo = await startOdoo({ apiKey: 'key', zone: 'Asia/Tokyo', ...options })
  const older = { interface: 'json-rpc', database: 'odoo', login: 'api@example.com', series: options.series }
  const connection = await openConnection(
    connector,
    {
      id: 'erp',
      entity: 'main',
      company,
      codes,
      settings: {
        base: odoo.url,
        apiKey: 'key',
        customer: 'sandbox.partner_web',
        ...((options.series ?? 19) < 19 ? older : {}),
        ...settings,
      },
    },
    (name) => loadMapping(path.join(root, `mappings/odoo/${name}.yaml`)),
  )
  closing.push(
    () => odoo.close(),
    () => connection.close(),
  )
  return { url: odoo.url, erp: connection }
}

const line = (externalId: string, sku: string, quantity: string, goods: number, tax: number) => ({
  externalId,
  sku,
  name: `Name of ${sku} <b>`,
  kind: 'goods',
  quantity,
  unitPrice: '1',
  goods,
  discount: 0,
  tax,
  taxRate: '0.13',
})
const ORDER = {
  externalId: '7000000000000000123',
  number: '#9',
  currency: 'CNY',
  taxIncluded: true,
  placedAt: '2026-03-01T08:30:15.000Z',
  buyer: { name: 'Wang' },
  shipTo: {
    name: '王*',
    opaqueId: 'oaid~1/+=',
    phone: '138****0000',
    lines: ['文一路 1 & 2 号'],
    city: '杭州',
  },
  lines: [line('88', 'TEA-001', '3', 10000, 1150), line('89', 'TEA-001', '1', 0, 0)],
  shipping: { amount: 800, discount: 0, tax: 92, taxRate: '0.13' },
  charges: [{ kind: 'fee', amount: 100, tax: 0, name: 'Gift wrap' }],
}

async function item(
  erp: Connection,
  kind: DocumentKind,
  document: unknown,
  key = 'KEY1',
): Promise<WriteItem> {
  const { body, check } = await operation(erp, kind).render(document, { key, revision: 1, previous: null })
  return { key, kind, revision: 1, body, check }
}
const operation = (erp: Connection, kind: DocumentKind) => erp.writes.find((w) => w.kind === kind)!

/** As the pipe does: write, and finish what is a draft. */
async function put(erp: Connection, kind: DocumentKind, document: unknown, key = 'KEY1') {
  const op = operation(erp, kind)
  const one = await item(erp, kind, document, key)
  const [outcome] = await op.write([one], signal)
  if (outcome?.kind !== 'done' || outcome.remote.state === 'final') return outcome!
  return op.advance!(one, outcome.remote, signal)
}

const fault = (url: string, name: string, rule: object = {}) =>
  control(url, 'faults', { [name]: { probability: 1, times: 1, ...rule } })
const orders = (url: string) => control(url, 'orders')
const window = () => ({
  since: new Date(Date.now() - 60_000),
  until: new Date(Date.now() + 60_000),
  resume: null,
})

async function read(erp: Connection, name: string, document: DocumentKind) {
  const stream = erp.streams.find((s) => s.name === name)!
  const { records } = await stream.page(window(), signal)
  const context = { connection: 'erp', entity: 'main', settings: {}, company }
  const fetched = await stream.fetch!(
    records.map((r) => r.id),
    signal,
  )
  expect(fetched.map((r) => r.body.toString())).toEqual(records.map((r) => r.body.toString()))
  return Promise.all(
    records.map(async (r) => {
      const value = (await stream.mappings[r.shape]!.map(erp.parse(r), context)) as object
      return validateDocument(document, { ...value, connection: 'erp', entity: 'main' })
    }),
  )
}

const SERIES = [{ series: 19 }, { series: 18, priceDigits: 6 }, { series: 17, priceDigits: 6 }]

describe.each(SERIES)('series $series', (options) => {
  const connect = (settings = {}) =>
    open(options, { ...(options.priceDigits ? { priceDigits: options.priceDigits } : {}), ...settings })

  test('an order arrives confirmed, with its date, its amounts, masked address and the ids of the shop', async () => {
    const { url, erp } = await connect()
    expect(await put(erp, 'order', ORDER)).toMatchObject({
      kind: 'done',
      remote: { state: 'final', number: '#9', total: '109' },
    })
    const [held] = await orders(url)
    expect(held).toMatchObject({
      externalId: 'tributary.KEY1',
      number: '#9',
      source: '7000000000000000123',
      state: 'sale',
      total: '109',
      tax: '12.42',
    })
    expect(held.lines.map((l: { ref: string; gross: string }) => [l.ref, Number(l.gross)])).toEqual([
      ['88', 100],
      ['89', 0],
      ['shipping', 8],
      ['charge:0', 1],
    ])
    const [sale] = await control(url, 'records?model=sale.order')
    expect(sale.date_order).toBe('2026-03-01 08:30:15')
    expect(sale.note).toContain('oaid~1/+=')
    expect(sale.note).toContain('文一路 1 &amp; 2 号')
  })

  test.each([
    'resetBefore',
    'resetAfter',
    'empty200',
    'error500After',
    'status500',
    'html',
    'half',
    'htmlBefore',
    'serialization',
    'twice',
    'status429',
  ])(
    'fault %s makes one order, whenever it strikes',
    async (name) => {
      const { url, erp } = await connect()
      // after each refusal for too many calls everything waits for a second
      const seeds = name === 'status429' ? [1] : [1, 2, 3]
      for (const seed of seeds) {
        const op = operation(erp, 'order')
        const one = await item(erp, 'order', ORDER, `KEY${seed}`)
        await control(url, 'faults', { [name]: { probability: 0.3 }, seed })
        const step = async () => {
          const [outcome] = await op.write([one], signal)
          const draft = outcome?.kind === 'done' && outcome.remote.state === 'draft'
          return draft ? op.advance!(one, outcome.remote, signal) : outcome!
        }
        let outcome = await step()
        for (let i = 0; i < 40 && outcome.kind !== 'done'; i++) {
          expect(['unknown', 'not-done']).toContain(outcome.kind)
          expect(JSON.stringify(outcome)).not.toContain('key"')
          const found = await op.find!(one, signal)
          if ('hits' in found) expect(found.hits.length).toBeLessThan(2)
          outcome = await step()
        }
        expect(outcome).toMatchObject({ kind: 'done', remote: { state: 'final' } })
        const held = await orders(url)
        expect(held).toHaveLength(seed)
        expect(held.at(-1)).toMatchObject({ state: 'sale', lines: { length: 4 } })
      }
      expect((await control(url, 'stats')).faults[name]).toBeGreaterThan(0)
    },
    60_000,
  )

  test('a search that lags behind makes no second order', async () => {
    const { url, erp } = await connect()
    await fault(url, 'lag', { times: 50, min: 400, max: 400 })
    const op = operation(erp, 'order')
    const one = await item(erp, 'order', ORDER)
    await op.write([one], signal)
    expect(await op.find!(one, signal)).toEqual({ hits: [] })
    expect(op.settle).toBe(120_000)
    // even a write that comes too early only writes the same again
    expect(await op.write([one], signal)).toMatchObject([{ kind: 'done', remote: { state: 'draft' } }])
    await vi.waitFor(
      async () => expect(await op.find!(one, signal)).toMatchObject({ hits: [{ id: '1' }] }),
      5000,
    )
    const [held] = await orders(url)
    expect([(await orders(url)).length, held.lines.length, held.total]).toEqual([1, 4, '109'])
    expect(await op.discard!(one, { id: '1', state: 'draft' }, signal)).toMatchObject({ kind: 'done' })
    expect(await orders(url)).toEqual([])
  })

  test('what Odoo would make something else of is refused, and no draft stays', async () => {
    const { url, erp } = await connect()
    const off = { ...ORDER, lines: [line('88', 'TEA-001', '3', 10000, 1149)] }
    await fault(url, 'twice', { times: 20 })
    expect(await put(erp, 'order', off)).toMatchObject({ kind: 'refused', code: 'ODOO_DIFFERS' })
    expect(await put(erp, 'order', { ...ORDER, currency: 'EUR' })).toMatchObject({
      kind: 'refused',
      message: 'the order is in CNY instead of EUR',
    })
    const nowhere = { ...ORDER, lines: [line('1', 'NOWHERE', '1', 100, 0)] }
    expect(await put(erp, 'order', nowhere)).toMatchObject({ kind: 'refused', code: 'ODOO_LOAD' })
    expect(await orders(url)).toEqual([])
    const lenient = await connect({ taxTolerance: '0.01' })
    expect(await put(lenient.erp, 'order', off)).toMatchObject({ kind: 'done' })
  })

  test('parcels, what is left over, returns, stock and status', async () => {
    const { url, erp } = await connect()
    await put(erp, 'order', ORDER)
    expect(await read(erp, 'status', 'acknowledgement')).toMatchObject([
      { key: 'KEY1', remoteId: '1', number: 'S00001', total: '109' },
    ])
    await control(url, 'ship', { order: 'S00001', lines: { 'TEA-001': 1 }, tracking: 'SF1' })
    await control(url, 'ship', { order: 'S00001', tracking: 'SF2' })
    const parcels = await read(erp, 'shipment', 'shipment')
    expect(parcels).toMatchObject([
      { order: 'KEY1', state: 'shipped', site: 'WH', trackingNumber: 'SF1' },
      { order: 'KEY1', trackingNumber: 'SF2' },
    ])
    const lines = parcels.flatMap((p) => (p as { lines: { line: string; quantity: string }[] }).lines)
    const shipped = (id: string) => lines.filter((l) => l.line === id).map((l) => Number(l.quantity))
    expect([shipped('88').reduce((a, b) => a + b), shipped('89').reduce((a, b) => a + b)]).toEqual([3, 1])
    const levels = await read(erp, 'stock', 'stock')
    expect(levels.find((l) => (l as { sku: string }).sku === 'TEA-001')).toMatchObject({
      site: 'WH',
      onHand: '99996',
      reserved: '0',
    })
    const back = {
      externalId: 'R1',
      order: 'KEY1',
      kind: 'return',
      lines: [{ line: '88', sku: 'TEA-001', quantity: '2' }],
    }
    for (let i = 0; i < 2; i++)
      expect(await put(erp, 'return', back, 'RET1')).toMatchObject({
        kind: 'done',
        remote: { state: 'final' },
      })
    const pickings = await control(url, 'records?model=stock.picking')
    expect(pickings.filter((p: { origin: string }) => p.origin === 'Return R1')).toMatchObject([
      { state: 'assigned' },
    ])
    expect(await put(erp, 'return', { ...back, order: 'KEY9' }, 'RET2')).toMatchObject({ kind: 'refused' })
  })

  test('a cancellation stops a confirmed order, again it is still one', async () => {
    const { url, erp } = await connect()
    await put(erp, 'order', ORDER)
    for (let i = 0; i < 2; i++)
      expect(await put(erp, 'cancellation', { order: 'KEY1' }, 'C1')).toMatchObject({
        kind: 'done',
        remote: { id: '1', state: 'final' },
      })
    expect(await orders(url)).toMatchObject([{ state: 'cancel' }])
    expect(await put(erp, 'cancellation', { order: 'KEY9' }, 'C2')).toMatchObject({
      kind: 'refused',
      code: 'ODOO_ABSENT',
    })
    const part = { order: 'KEY1', lines: [{ sku: 'TEA-001', quantity: '1' }] }
    await expect(put(erp, 'cancellation', part, 'C3')).rejects.toMatchObject({ kind: 'input' })
  })

  test('every record is read once, page by page, also while records change', async () => {
    const { url, erp } = await connect()
    const stream = erp.streams.find((s) => s.name === 'stock')!
    const first = await stream.page(window(), signal)
    await control(url, 'stock', { sku: 'TEA-002', quantity: 5 })
    const later = await stream.page(window(), signal)
    expect(later.records.map((r) => r.id)).toEqual(first.records.map((r) => r.id))
    const changed = later.records.filter((r, i) => !r.body.equals(first.records[i]!.body))
    expect(changed).toHaveLength(1)
  })

  test('a key that counts no more pauses; throttling, half an answer and HTML are passing', async () => {
    const { url, erp } = await connect()
    const { page } = erp.streams[0]!
    expect(await erp.check(signal)).toEqual({ ok: true, say: 'Odoo answers; company My Company' })
    await fault(url, 'keyExpired', { times: 2 })
    expect(await put(erp, 'order', ORDER)).toMatchObject({ kind: 'not-done', pause: true })
    await expect(page(window(), signal)).rejects.toMatchObject({ kind: 'config' })
    for (const name of ['status429', 'half', 'html', 'status500', 'serialization', 'resetAfter']) {
      await fault(url, name)
      await expect(page(window(), signal), name).rejects.toMatchObject({ kind: 'transient' })
    }
    expect((await page(window(), signal)).next).toBeNull()
  })
})

test('RPC services that are off or gone, and JSON-2 before 19, stop the connection', async () => {
  for (const rpc of ['off', 'gone']) {
    const { erp } = await open({ series: 18, rpc: rpc as 'off' })
    expect(await put(erp, 'order', ORDER)).toMatchObject({ kind: 'not-done', pause: true })
  }
  const { erp } = await open({ series: 18 }, { interface: 'json-2' })
  expect(await put(erp, 'order', ORDER)).toMatchObject({ kind: 'not-done', pause: true })
  const several = await open({ databases: ['odoo', 'other'] }, { database: 'odoo' })
  expect((await several.erp.check(signal)).ok).toBe(true)
})

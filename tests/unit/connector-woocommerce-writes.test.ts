/** Parcels, stock and refunds into a stand-in that keeps orders, notes, products and refunds as WooCommerce does. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { loadConnector } from '../../src/connector/load.ts'
import { openConnection } from '../../src/connector/open.ts'
import type { Connection, WriteItem } from '../../src/core/ports.ts'
import { loadMapping } from '../../src/mapping/load.ts'
import { validateDocument } from '../../src/mapping/validate.ts'

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into freely here
type Any = any
const signal = new AbortController().signal
const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

const line = (id: number, quantity: number) => ({
  id,
  quantity,
  taxes: [
    { id: 1, total: '3.00' },
    { id: 2, total: '1.00' },
  ],
})

/** One shop. `lose`: the answer to the next call of this method and path is lost after its work was done. */
function stand() {
  const shop = {
    order: {
      id: 5001,
      number: '5001',
      currency: 'EUR',
      status: 'processing',
      meta_data: [{ id: 1, key: 'is_vat_exempt', value: 'no' }] as Any[],
      line_items: [line(61, 2), line(62, 1.5)],
      shipping_lines: [line(81, 1)],
      refunds: [] as Any[],
    },
    notes: [] as Any[],
    refunds: [] as Any[],
    products: [
      {
        id: 310,
        sku: '',
        type: 'variable',
        parent_id: 0,
        manage_stock: true,
        stock_quantity: 40,
        name: 'Brett',
      },
      {
        id: 320,
        sku: 'KAESE',
        type: 'simple',
        parent_id: 0,
        manage_stock: true,
        stock_quantity: 5,
        name: 'Käse',
      },
      {
        id: 330,
        sku: 'TWICE',
        type: 'simple',
        parent_id: 0,
        manage_stock: false,
        stock_quantity: null,
        name: 'a',
      },
      {
        id: 340,
        sku: 'TWICE',
        type: 'simple',
        parent_id: 0,
        manage_stock: false,
        stock_quantity: null,
        name: 'b',
      },
    ] as Any[],
    variations: [
      { id: 311, sku: 'BRETT-GR', type: 'variation', parent_id: 310, manage_stock: true, stock_quantity: 7 },
      {
        id: 312,
        sku: 'BRETT-KL',
        type: 'variation',
        parent_id: 310,
        manage_stock: 'parent',
        stock_quantity: 40,
      },
    ] as Any[],
    lose: '' as string,
    asked: [] as string[],
    answer,
  }

  function setAll(list: Any[], { update }: Any) {
    const error = {
      code: 'woocommerce_rest_product_invalid_id',
      message: 'Invalid ID.',
      data: { status: 400 },
    }
    return {
      update: update.map(({ id, ...change }: Any) => {
        const one = list.find((p) => p.id === id)
        return one ? Object.assign(one, change) : { id, error }
      }),
    }
  }

  function answer(method: string, url: URL, body: Any): [status: number, body: unknown] {
    const path = url.pathname.replace('/wp-json/wc/v3', '')
    const gone = {
      code: 'woocommerce_rest_shop_order_invalid_id',
      message: 'Invalid ID.',
      data: { status: 404 },
    }
    const m = /^\/orders\/(\d+)(\/\w+)?$/.exec(path)
    if (m && m[1] !== '5001') return [404, gone]
    if (m && !m[2] && method === 'PUT') {
      for (const meta of body.meta_data ?? []) {
        const known = shop.order.meta_data.find((k) => k.key === meta.key)
        if (known) known.value = meta.value
        else shop.order.meta_data.push({ id: shop.order.meta_data.length + 1, ...meta })
      }
      if (body.status) shop.order.status = body.status
    }
    if (m && !m[2]) return [200, shop.order]
    if (m?.[2] === '/notes' && method === 'POST')
      shop.notes.push({ ...body, note: body.note.replaceAll('&', '&amp;') })
    if (m?.[2] === '/notes')
      return [method === 'POST' ? 201 : 200, method === 'POST' ? shop.notes.at(-1) : shop.notes]
    if (m?.[2] === '/refunds' && method === 'POST') {
      if (Number(body.amount) > 100)
        return [
          500,
          { code: 'woocommerce_rest_cannot_create_order_refund', message: 'Invalid refund amount.' },
        ]
      shop.refunds.push({ id: 5100 + shop.refunds.length, line_items: [], ...body })
      return [201, shop.refunds.at(-1)]
    }
    if (m?.[2] === '/refunds') return [200, shop.refunds]
    if (path === '/orders') return [200, [{ id: 5001, number: '5001', currency: 'EUR' }]]
    if (path === '/refunds') return [200, url.searchParams.get('page') === '1' ? shop.refunds : []]
    if (path === '/products/batch') return [200, setAll(shop.products, body)]
    if (path === '/products/310/variations/batch') return [200, setAll(shop.variations, body)]
    if (path === '/products/310/variations') return [200, shop.variations]
    const skus = url.searchParams.get('sku')?.split(',')
    if (skus) return [200, [...shop.products, ...shop.variations].filter((p) => skus.includes(p.sku))]
    return [200, url.searchParams.get('page') === '1' ? shop.products : []]
  }
  return shop
}

async function open(shop: ReturnType<typeof stand>, settings: object = {}): Promise<Connection> {
  const server: Server = createServer(async (req, res) => {
    const text = Buffer.concat(await Array.fromAsync(req as AsyncIterable<Buffer>)).toString()
    const url = new URL(req.url!, 'http://x')
    const call = `${req.method} ${url.pathname.replace('/wp-json/wc/v3', '')}`
    shop.asked.push(call)
    const [status, body] = shop.answer(req.method!, url, text ? JSON.parse(text) : null)
    if (shop.lose === call) {
      shop.lose = ''
      return req.socket.destroy()
    }
    res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const config = {
    id: 'my-shop',
    entity: 'main',
    settings: { base, key: 'ck_1', secret: 'cs_1', ...settings },
    company: { zone: 'Europe/Berlin', currency: 'EUR' },
  }
  closing.push(() => {
    server.closeAllConnections()
    return new Promise((done) => server.close(done))
  })
  const mapping = (name: string) => loadMapping(`mappings/woocommerce/${name}.yaml`)
  const connection = await openConnection(await loadConnector('connectors/woocommerce'), config, mapping)
  closing.push(() => connection.close())
  return connection
}

const of = (c: Connection, kind: string) => c.writes.find((w) => w.kind === kind)!
async function item(c: Connection, kind: string, document: object, key = 'K1'): Promise<WriteItem> {
  const { body, check } = await of(c, kind).render(document, { key, revision: 1, previous: null })
  return { key, kind, revision: 1, body, check } as WriteItem
}
const parcel = (name: string, taken: [number, string][], more: object = {}) => ({
  parcel: name,
  order: { externalId: '5001' },
  carrier: 'DHL & Co',
  trackingNumber: `TRK-${name}`,
  lines: taken.map(([id, quantity]) => ({ line: String(id), quantity })),
  ...more,
})

describe('parcels', () => {
  it('are kept in the order and told once; the last one completes it', async () => {
    const shop = stand()
    const c = await open(shop)
    const first = await item(c, 'shipment', parcel('a', [[61, '2']]))
    expect(await of(c, 'shipment').find!(first, signal)).toEqual({ hits: [] })
    for (let n = 0; n < 2; n++) {
      const done = { kind: 'done', remote: { id: '5001(a)', state: 'final' } }
      expect(await of(c, 'shipment').write([first], signal)).toEqual([done])
    }
    expect(shop.notes.map((n) => n.note)).toEqual(['DHL &amp; Co TRK-a (a)'])
    expect(shop.order.status).toBe('processing')
    const last = await item(c, 'shipment', parcel('b', [[62, '1.5']]))
    await of(c, 'shipment').write([last], signal)
    expect(shop.order.status).toBe('completed')
    for (const one of [first, last])
      expect(await of(c, 'shipment').find!(one, signal)).toMatchObject({ hits: [{ state: 'final' }] })
  })

  it.each(['PUT /orders/5001', 'POST /orders/5001/notes'])(
    'a lost answer of %s doubles nothing',
    async (lost) => {
      const shop = stand()
      const c = await open(shop)
      const one = await item(
        c,
        'shipment',
        parcel('a', [
          [61, '2'],
          [62, '1.5'],
        ]),
      )
      shop.lose = lost
      expect(await of(c, 'shipment').write([one], signal)).toMatchObject([{ kind: 'unknown' }])
      const { hits } = (await of(c, 'shipment').find!(one, signal)) as Any
      expect(hits).toEqual([{ id: '5001(a)', state: 'draft' }])
      expect(await of(c, 'shipment').advance!(one, hits[0], signal)).toMatchObject({ kind: 'done' })
      expect(shop.notes).toHaveLength(1)
      expect(shop.order.meta_data.filter((m) => m.key === '_tributary_parcel_a')).toHaveLength(1)
      expect(shop.order.status).toBe('completed')
    },
  )

  it('what was refunded need not be shipped; a corrected number replaces the parcel and is told', async () => {
    const shop = stand()
    const meta_data = [{ key: '_refunded_item_id', value: '62' }]
    shop.order.refunds = [{ id: 1 }]
    shop.refunds = [{ id: 1, amount: '1', reason: '', line_items: [{ id: 9, quantity: -1.5, meta_data }] }]
    const c = await open(shop, { completeOrder: true })
    await of(c, 'shipment').write([await item(c, 'shipment', parcel('a', [[61, '2']]))], signal)
    expect(shop.order.status).toBe('completed')
    const other = await item(c, 'shipment', parcel('a', [[61, '2']], { trackingNumber: 'NEW' }))
    expect(await of(c, 'shipment').find!(other, signal)).toEqual({ hits: [] })
    await of(c, 'shipment').write([other], signal)
    expect(shop.notes.map((n) => n.note).at(-1)).toBe('DHL &amp; Co NEW (a)')
    expect(shop.order.meta_data.at(-1)).toMatchObject({
      key: '_tributary_parcel_a',
      value: '61:2|DHL & Co NEW',
    })
  })

  it('of an order that is not there are refused', async () => {
    const c = await open(stand())
    const strange = await item(c, 'shipment', parcel('a', [[61, '2']], { order: { externalId: '7' } }))
    const refused = { kind: 'refused', code: 'woocommerce_rest_shop_order_invalid_id' }
    expect(await of(c, 'shipment').write([strange], signal)).toMatchObject([refused])
  })
})

describe('stock', () => {
  it('is set for products and variations together, with a result for each', async () => {
    const shop = stand()
    const c = await open(shop)
    const levels = [
      ['KAESE', '3.9'],
      ['BRETT-GR', '11'],
      ['NONE', '1'],
      ['TWICE', '1'],
    ].map(([sku, onHand], i) => item(c, 'stock', { site: 'm', sku, onHand }, `K${i}`))
    expect(await of(c, 'stock').write(await Promise.all(levels), signal)).toMatchObject([
      { kind: 'done', remote: { id: '320' } },
      { kind: 'done', remote: { id: '311' } },
      { kind: 'refused', code: 'WOO_SKU_UNKNOWN' },
      { kind: 'refused', code: 'WOO_SKU_AMBIGUOUS' },
    ])
    expect([shop.products[1].stock_quantity, shop.variations[0].stock_quantity]).toEqual([3, 11])
    expect(shop.asked).toEqual([
      'GET /products',
      'POST /products/batch',
      'POST /products/310/variations/batch',
    ])
  })

  it('a lost answer leaves those of its request in doubt, and only those', async () => {
    const shop = stand()
    const c = await open(shop)
    shop.lose = 'POST /products/310/variations/batch'
    const levels = ['KAESE', 'BRETT-GR'].map((sku) => item(c, 'stock', { site: 'm', sku, onHand: '4' }, sku))
    const items = await Promise.all(levels)
    expect((await of(c, 'stock').write(items, signal)).map((o) => o.kind)).toEqual(['done', 'unknown'])
    expect(await of(c, 'stock').write([items[1]!], signal)).toMatchObject([{ kind: 'done' }])
    shop.lose = 'GET /products'
    expect((await of(c, 'stock').write(items, signal)).map((o) => o.kind)).toEqual(['not-done', 'not-done'])
  })

  it('is read with the variations in place of their product, without what is not counted', async () => {
    const c = await open(stand())
    const stream = c.streams.find((s) => s.name === 'stock')!
    const until = new Date('2026-11-23T06:00:00Z')
    const { records } = await stream.page({ since: new Date(0), until, resume: null }, signal)
    const read = records.map(async (r) => {
      const value = (await stream.mappings[r.shape]!.map(c.parse(r), {} as never)) as object
      return validateDocument('stock', { connection: 'x', entity: 'main', ...value }) as Any
    })
    const told = (await Promise.all(read)).map((d) => [d.sku, d.site, d.onHand, d.version])
    expect(told).toEqual([
      ['BRETT-GR', 'shop', '7', '2026-11-23T06:00:00.000Z'],
      ['BRETT-KL', 'shop', '40', '2026-11-23T06:00:00.000Z'],
      ['KAESE', 'shop', '5', '2026-11-23T06:00:00.000Z'],
    ])
  })
})

const refund = {
  externalId: 'r-7',
  order: '5001',
  currency: 'EUR',
  amount: 2240,
  reason: 'broken',
  components: [
    { kind: 'goods', line: '61', quantity: '1', amount: 2140, tax: 341 },
    { kind: 'shipping', amount: 100, tax: 0 },
  ],
}

describe('refunds', () => {
  it('are recorded with their tax by rate, and found by the end of their reason', async () => {
    const shop = stand()
    const c = await open(shop)
    const one = await item(c, 'refund', refund)
    expect(await of(c, 'refund').find!(one, signal)).toEqual({ hits: [] })
    expect(await of(c, 'refund').write([one], signal)).toMatchObject([
      { kind: 'done', remote: { total: '22.40' } },
    ])
    const rates = (a: number, b: number) => [
      { id: 1, refund_total: a },
      { id: 2, refund_total: b },
    ]
    expect(shop.refunds).toMatchObject([
      {
        amount: '22.40',
        reason: 'broken (r-7)',
        api_refund: false,
        api_restock: true,
        line_items: [
          { id: 61, quantity: 1, refund_total: 17.99, refund_tax: rates(2.56, 0.85) },
          { id: 81, quantity: 0, refund_total: 1, refund_tax: rates(0, 0) },
        ],
      },
    ])
    expect(await of(c, 'refund').find!(one, signal)).toEqual({
      hits: [{ id: '5100', state: 'final', total: '22.40' }],
    })
    const other = await item(c, 'refund', { ...refund, externalId: '7' })
    expect(await of(c, 'refund').find!(other, signal)).toEqual({ hits: [] })
  })

  it('are found after a lost answer; what the shop cannot record is refused', async () => {
    const shop = stand()
    const c = await open(shop, { payBack: true })
    const one = await item(c, 'refund', refund)
    shop.lose = 'POST /orders/5001/refunds'
    expect(await of(c, 'refund').write([one], signal)).toMatchObject([{ kind: 'unknown' }])
    expect(await of(c, 'refund').find!(one, signal)).toMatchObject({ hits: [{ id: '5100' }] })
    expect(shop.refunds).toMatchObject([{ api_refund: true }])
    const much = await item(c, 'refund', { ...refund, externalId: 'r-8', amount: 99_900 })
    expect(await of(c, 'refund').write([much], signal)).toMatchObject([
      { kind: 'refused', code: 'WOO_REFUND_REFUSED' },
    ])
  })
})

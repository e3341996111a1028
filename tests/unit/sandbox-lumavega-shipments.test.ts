/** Shipments of the marketplace sandbox: accepted, looked at later, found again by reference. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Any, type Market, market, recent, until } from '../support/lumavega-client.ts'

const start = market()

/** A shop with one order of several packages, as the API shows it. */
async function opened(options: Parameters<typeof start>[0] = {}): Promise<{ shop: Market; order: Any }> {
  const shop = await start(options)
  await shop.control('orders', { count: 40, seed: 11, hard: false })
  const { orders } = await shop.data('lumavega.orders.search', recent({ page_size: 50 }))
  const order = orders.find((o: Any) => o.packages.length > 1 && o.packages[0].lines.length > 1)
  return { shop, order }
}

const whole = (p: Any) => p.lines.map((l: Any) => ({ line_id: l.line_id, quantity: l.quantity }))
const parcel = (tracking_no: string, lines: object[], more: object = {}) => ({
  carrier: 'CHX',
  tracking_no,
  lines,
  ...more,
})
const found = async (shop: Market, biz: object) =>
  (await shop.data('lumavega.shipments.search', biz)).shipments
const settled = (shop: Market, accepted_id: string) =>
  until(async () => {
    const [one] = await found(shop, { accepted_id })
    return one.state !== 'ACCEPTED' && one
  })
const shown = async (shop: Market, order: Any) =>
  (await shop.data('lumavega.order.get', { order_id: order.order_id })).order

describe('shipments', () => {
  it('are accepted first and done later; the order moves with each', async () => {
    const { shop, order } = await opened({ processAfter: [80, 80] })
    const { order_id } = order
    const [one, ...others] = order.packages
    const first = await shop.data('lumavega.shipment.create', {
      order_id,
      reference: 'A-1',
      parcels: [parcel('CHX9900001', whole(one))],
    })
    expect(first).toEqual({ accepted_id: '4203150000000000001', state: 'ACCEPTED' })
    const [waiting] = await found(shop, { reference: 'A-1' })
    expect(waiting).toMatchObject({ state: 'ACCEPTED', done_at: null, parcels: [{ parcel_id: null }] })
    expect((await shown(shop, order)).status).toBe('PAID')
    expect(await settled(shop, first.accepted_id)).toMatchObject({
      state: 'DONE',
      reference: 'A-1',
      fail_code: null,
      parcels: [{ parcel_id: '4203160000000000001', package_id: one.package_id, carrier: 'CHX' }],
    })
    const part = await shown(shop, order)
    expect(part).toMatchObject({ status: 'PART_SHIPPED', revision: order.revision + 1 })
    expect(part.packages[0].lines.map((l: Any) => l.shipped_quantity)).toEqual(
      one.lines.map((l: Any) => l.quantity),
    )
    const rest = await shop.data('lumavega.shipment.create', {
      order_id: String(order_id),
      reference: 'A-2',
      parcels: others.map((p: Any, i: number) => parcel(`CHX990001${i}`, whole(p))),
    })
    await settled(shop, rest.accepted_id)
    expect((await shown(shop, order)).status).toBe('SHIPPED')
    expect((await found(shop, { order_id })).map((s: Any) => s.reference)).toEqual(['A-2', 'A-1'])
    await shop.control(`orders/${order_id}/deliver`, {})
    expect((await shown(shop, order)).status).toBe('DELIVERED')
  })

  it('under one reference are two shipments: only what is still open stops the second', async () => {
    const { shop, order } = await opened()
    const line =
      order.packages[0].lines.find((l: Any) => Number(l.quantity) > 1) ?? order.packages[0].lines[0]
    const create = (tracking: string, quantity: string) =>
      shop.data('lumavega.shipment.create', {
        order_id: order.order_id,
        reference: 'SAME',
        parcels: [parcel(tracking, [{ line_id: line.line_id, quantity }])],
      })
    const ids = [await create('TWICE-1', line.quantity), await create('TWICE-2', line.quantity)]
    const done = await Promise.all(ids.map((one) => settled(shop, one.accepted_id)))
    expect(done.map((s) => [s.state, s.fail_code, s.fail_text])).toEqual([
      ['DONE', null, null],
      ['REJECTED', 4002, 'quantity.open'],
    ])
    expect(await found(shop, { reference: 'SAME' })).toHaveLength(2)
    // half and half would both be done: the platform does not know that they are one
    const other = order.packages[1].lines[0]
    const half = String(Number(other.quantity) / 2)
    const twice = await Promise.all(
      ['HALF-01', 'HALF-02'].map((t) =>
        shop.data('lumavega.shipment.create', {
          order_id: order.order_id,
          reference: 'HALVES',
          parcels: [parcel(t, [{ line_id: other.line_id, quantity: half }])],
        }),
      ),
    )
    for (const { accepted_id } of twice) expect((await settled(shop, accepted_id)).state).toBe('DONE')
  })

  it('are rejected later for the state of the order and for a tracking number in use', async () => {
    const { shop, order } = await opened()
    const line = { line_id: order.packages[0].lines[0].line_id, quantity: '0.001' }
    const create = async (tracking: string, reference: string) => {
      const parcels = [parcel(tracking, [line])]
      const made = await shop.data('lumavega.shipment.create', {
        order_id: order.order_id,
        reference,
        parcels,
      })
      const { state, fail_code } = await settled(shop, made.accepted_id)
      return [state, fail_code]
    }
    expect(await create('TRACK-1', 'r1')).toEqual(['DONE', null])
    expect(await create('TRACK-1', 'r2')).toEqual(['REJECTED', 4003])
    const other = (await shop.control('orders')).find((o: Any) => o.id !== order.order_id)
    await shop.control(`orders/${other.id}/cancel`, {})
    const parcels = [parcel('TRACK-2', [{ line_id: other.packages[0].lines[0].id, quantity: '0.001' }])]
    const made = await shop.data('lumavega.shipment.create', { order_id: other.id, reference: 'r3', parcels })
    expect(await settled(shop, made.accepted_id)).toMatchObject({ state: 'REJECTED', fail_code: 4001 })
  })

  it.each<[string, (order: Any) => object, number]>([
    [
      'an unknown order',
      (o) => ({ order_id: '4203110000000009999', parcels: [parcel('T-00001', whole(o.packages[0]))] }),
      3001,
    ],
    ['a line of no order', () => ({ parcels: [parcel('T-00001', [{ line_id: '7', quantity: '1' }])] }), 3003],
    [
      'lines of two packages',
      (o) => ({ parcels: [parcel('T-00001', [...whole(o.packages[0]), ...whole(o.packages[1])])] }),
      3004,
    ],
    [
      'an unknown carrier',
      (o) => ({ parcels: [parcel('T-00001', whole(o.packages[0]), { carrier: 'DHL' })] }),
      3005,
    ],
    [
      'small letters in a tracking number',
      (o) => ({ parcels: [parcel('t-00001', whole(o.packages[0]))] }),
      2003,
    ],
    ['no tracking number', (o) => ({ parcels: [{ carrier: 'CHX', lines: whole(o.packages[0]) }] }), 2002],
    ['no parcels', () => ({ parcels: [] }), 2003],
    ['no lines', () => ({ parcels: [parcel('T-00001', [])] }), 2003],
    [
      'a line twice',
      (o) => ({ parcels: [parcel('T-00001', [...whole(o.packages[0]), ...whole(o.packages[0])])] }),
      2003,
    ],
    [
      'nothing of a line',
      (o) => ({ parcels: [parcel('T-00001', [{ line_id: o.packages[0].lines[0].line_id, quantity: '0' }])] }),
      2003,
    ],
    [
      'less than nothing',
      (o) => ({
        parcels: [parcel('T-00001', [{ line_id: o.packages[0].lines[0].line_id, quantity: '-1' }])],
      }),
      2003,
    ],
    [
      'four decimals',
      (o) => ({
        parcels: [parcel('T-00001', [{ line_id: o.packages[0].lines[0].line_id, quantity: '0.0001' }])],
      }),
      2003,
    ],
    [
      'a reference with spaces',
      (o) => ({ reference: 'a b', parcels: [parcel('T-00001', whole(o.packages[0]))] }),
      2003,
    ],
    [
      'a reference of 41 characters',
      (o) => ({ reference: 'x'.repeat(41), parcels: [parcel('T-00001', whole(o.packages[0]))] }),
      2003,
    ],
    [
      'an unknown field in a parcel',
      (o) => ({ parcels: [parcel('T-00001', whole(o.packages[0]), { note: 'x' })] }),
      2004,
    ],
    ['a parcel that is none', () => ({ parcels: ['x'] }), 2003],
  ])('with %s are refused at once and leave nothing', async (_, biz, code) => {
    const { shop, order } = await opened()
    const asked = { order_id: order.order_id, reference: 'R', ...biz(order) }
    expect((await shop.call('lumavega.shipment.create', asked)).code).toBe(code)
    expect(await shop.control('shipments')).toEqual([])
  })

  it('are searched by exactly one of three keys, page by page, once the index has them', async () => {
    const { shop, order } = await opened()
    for (let n = 1; n <= 3; n++) {
      const parcels = [
        parcel(`PAGE-0${n}`, [{ line_id: order.packages[0].lines[0].line_id, quantity: '0.001' }]),
      ]
      await shop.data('lumavega.shipment.create', { order_id: order.order_id, reference: 'PAGED', parcels })
    }
    const page = (page_no: number) =>
      shop.data('lumavega.shipments.search', { reference: 'PAGED', page_no, page_size: 2 })
    const [one, two] = [await page(1), await page(2)]
    expect([one.has_next, two.has_next]).toEqual([true, false])
    const ids = [...one.shipments, ...two.shipments].map((s: Any) => s.accepted_id)
    expect(ids).toEqual([...ids].sort().reverse())
    const code = async (biz: object) => (await shop.call('lumavega.shipments.search', biz)).code
    expect(await code({})).toBe(2002)
    expect(await code({ reference: 'PAGED', order_id: order.order_id })).toBe(2003)
    expect(await found(shop, { reference: 'PAGE' })).toEqual([])
    await shop.control('faults', { searchLag: { probability: 1, min: 5000, max: 5000 } })
    expect(await found(shop, { reference: 'PAGED' })).toEqual([])
  })

  it('have parcels whose tracking can be corrected, again and again', async () => {
    const { shop, order } = await opened()
    const lines = whole(order.packages[0])
    const made = await shop.data('lumavega.shipment.create', {
      order_id: order.order_id,
      reference: 'C',
      parcels: [parcel('WRONG-1', lines.slice(0, 1)), parcel('OTHER-1', lines.slice(1))],
    })
    const [{ parcel_id }] = (await settled(shop, made.accepted_id)).parcels
    const correct = (tracking_no: string, id = parcel_id) =>
      shop.call('lumavega.parcel.correct', { parcel_id: id, carrier: 'BLX', tracking_no })
    expect(await correct('RIGHT-1')).toMatchObject({ code: 0, data: { parcel_id } })
    expect((await correct('RIGHT-1')).code).toBe(0)
    expect((await correct('OTHER-1')).code).toBe(4003)
    expect((await correct('RIGHT-2', '4203160000000000999')).code).toBe(3006)
    const [one] = await found(shop, { reference: 'C' })
    expect(one.parcels.map((p: Any) => [p.carrier, p.tracking_no])).toEqual([
      ['BLX', 'RIGHT-1'],
      ['CHX', 'OTHER-1'],
    ])
  })

  it('that were accepted before a restart are looked at after it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tributary-lumavega-'))
    try {
      const log = join(folder, 'market.jsonl')
      const { shop, order } = await opened({ log, processAfter: [60_000, 60_000] })
      const parcels = [parcel('LATER-1', whole(order.packages[0]))]
      const made = await shop.data('lumavega.shipment.create', {
        order_id: order.order_id,
        reference: 'L',
        parcels,
      })
      await shop.close()
      const again = await start({ log })
      expect((await settled(again, made.accepted_id)).state).toBe('DONE')
      expect((await shown(again, order)).status).toBe('PART_SHIPPED')
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

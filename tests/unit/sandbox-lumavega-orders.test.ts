/** Orders of the marketplace sandbox: searched by windows of local time, changed by buyers and sellers. */
import { describe, expect, it } from 'vitest'
import { toMinor } from '../../src/core/money.ts'
import {
  type Any,
  clockText,
  HOUR,
  type Market,
  make,
  market,
  recent,
  span,
  walk,
} from '../support/lumavega-client.ts'

const start = market()

describe('reading orders', () => {
  it('pages through a window, newest first, every order once and complete', async () => {
    const shop = await start()
    await make(shop, 60)
    for (const page_size of [7, 50, undefined]) {
      const orders = await walk(shop, recent(page_size ? { page_size } : {}))
      expect(orders).toHaveLength(60)
      const keys = orders.map((o) => `${o.modified_at} ${o.order_id}`)
      expect(keys).toEqual([...keys].sort().reverse())
      const one = orders[0]
      expect((await shop.data('lumavega.order.get', { order_id: one.order_id })).order).toEqual(one)
    }
    const paid = await walk(shop, recent({ statuses: ['UNPAID', 'CANCELLED'] }))
    expect(new Set(paid.map((o) => o.status))).toEqual(new Set(['UNPAID', 'CANCELLED']))
  })

  it('states amounts that add up, to the peso', async () => {
    const shop = await start()
    await make(shop, 120)
    const pesos = (text: string) => {
      expect(text).toMatch(/^-?\d+\.00$/)
      return toMinor(text, 'CLP')
    }
    const orders = await walk(shop, recent({ page_size: 50 }))
    for (const { amounts: a, packages, payments, status } of orders) {
      const lines: Any[] = packages.flatMap((p: Any) => p.lines)
      const sum = (list: Any[], field: string) => list.reduce((n, one) => n + pesos(one[field]), 0)
      expect(sum(lines, 'goods')).toBe(pesos(a.goods))
      expect(sum(lines, 'seller_discount')).toBe(pesos(a.seller_discount))
      expect(sum(lines, 'platform_discount')).toBe(pesos(a.platform_discount))
      expect(sum(packages, 'freight')).toBe(pesos(a.freight))
      const pays =
        pesos(a.goods) -
        pesos(a.seller_discount) -
        pesos(a.platform_discount) +
        pesos(a.freight) -
        pesos(a.freight_discount)
      expect(pays).toBe(pesos(a.buyer_pays))
      expect(pesos(a.seller_receives)).toBe(pays + pesos(a.platform_discount))
      if (status !== 'UNPAID') expect(sum(payments, 'amount')).toBe(pays)
      if (status === 'CANCELLED' && payments.length > 0) expect(pesos(a.refunded)).toBe(pays)
      for (const l of lines) {
        expect(l.unit_price).toMatch(/^\d+\.\d{4}$/)
        expect(l.quantity).toMatch(/^\d+(\.\d{1,3})?$/)
        const net = pesos(l.goods) - pesos(l.seller_discount)
        expect(pesos(l.tax)).toBe(Math.floor((net * 19) / 119 + 0.5))
        const exact = BigInt(l.unit_price.replace('.', '')) * BigInt(Math.round(Number(l.quantity) * 1000))
        expect(BigInt(pesos(l.goods))).toBe((exact * 2n + 10_000_000n) / 20_000_000n)
      }
    }
    // there are goods sold by weight, gifts, several packages, articles without a code
    const all = orders.flatMap((o) => o.packages.flatMap((p: Any) => p.lines))
    expect(all.some((l) => l.quantity.includes('.') && !l.unit_price.endsWith('.0000'))).toBe(true)
    expect(all.some((l) => l.gift && toMinor(l.goods, 'CLP') > 0)).toBe(true)
    expect(orders.some((o) => o.packages.length === 3)).toBe(true)
    expect(all.some((l) => l.sku === null)).toBe(true)
  })

  it.each([
    [{ modified_to: '2026-06-01 10:00:00' }, 2002],
    [{ modified_from: null, modified_to: '2026-06-01 10:00:00' }, 2002],
    [{ ...recent(), page_size: 51 }, 2003],
    [{ ...recent(), page_size: '50' }, 2003],
    [{ ...recent(), page_no: 0 }, 2003],
    [{ ...recent(), page_no: 1.5 }, 2003],
    [{ ...recent(), statuses: [] }, 2003],
    [{ ...recent(), statuses: ['OPEN'] }, 2003],
    [{ ...recent(), pageSize: 50 }, 2004],
    [{ ...recent(), modified_from: new Date().toISOString() }, 2003],
    [{ ...recent(), modified_from: '2026-09-06 00:30:00' }, 2003],
    [{ ...recent(), modified_from: '2026-02-30 00:30:00' }, 2003],
    [span(Date.now(), Date.now() - HOUR), 2003],
    [span(Date.now(), Date.now()), 2003],
    [span(Date.now() - 24 * HOUR - 2000, Date.now()), 2003],
    [span(Date.now() - 91 * 24 * HOUR, Date.now() - 90.5 * 24 * HOUR), 2003],
    [span(Date.now() - 24 * HOUR, Date.now()), 0],
  ])('search %j is answered with %i', async (biz, code) => {
    const shop = await start()
    expect((await shop.call('lumavega.orders.search', biz)).code).toBe(code)
  })

  it.each([
    [{ order_id: '4203110000000000999' }, 3001],
    [{ order_id: 'x' }, 2003],
    [{ order_id: '' }, 2003],
    [{ order_id: 1.5 }, 2003],
    [{ order_id: -1 }, 2003],
    [{}, 2002],
  ])('get %j is answered with %i', async (biz, code) => {
    expect((await (await start()).call('lumavega.order.get', biz)).code).toBe(code)
  })

  it('knows the hour that happens twice: from means the earlier, to the later', async () => {
    const shop = await start({ history: 400 })
    // the first Saturday of April: 23:30 summer time is 02:30Z, 23:30 winter time is 03:30Z
    const fold = lastFold()
    const [summer, winter] = [fold - 30 * 60_000, fold + 30 * 60_000]
    for (const at of [summer, winter]) {
      const biz = { count: 1, seed: 1, hard: false, at: new Date(at).toISOString() }
      await shop.control('orders', biz)
    }
    const text = clockText(summer)
    expect(clockText(winter)).toBe(text)
    const found = async (from: string, to: string) =>
      (await walk(shop, { modified_from: from, modified_to: to })).map((o) => o.order_no)
    const second = (n: number) => clockText(summer + n * 1000)
    expect(await found(text, second(1))).toEqual(['LV-000002', 'LV-000001'])
    expect(await found(second(-1), text)).toEqual(['LV-000001'])
    expect(await found(second(1), clockText(fold + 2 * HOUR))).toEqual(['LV-000002'])
    const [newer, older] = await walk(shop, { modified_from: text, modified_to: second(1) })
    expect(newer.modified_at).toBe(older.modified_at)
  })

  it('shows a change only when its index has caught up', async () => {
    const shop = await start()
    await make(shop, 2, { hard: false })
    await shop.control('faults', { searchLag: { probability: 1, min: 60_000, max: 60_000 } })
    expect(await walk(shop, recent())).toEqual([])
    await shop.control('faults', { searchLag: null })
    expect(await walk(shop, recent())).toHaveLength(2)
  })
})

/** The instant (ms) at which the last summer time that has ended did so. */
function lastFold(): number {
  const offset = (at: number) =>
    Date.parse(`${clockText(at).replace(' ', 'T')}Z`) - Math.floor(at / 1000) * 1000
  let at = Math.floor(Date.now() / HOUR) * HOUR
  while (!(offset(at - HOUR) > offset(at))) at -= HOUR
  return at
}

describe('what happens to an order', () => {
  const first = async (shop: Market) => (await shop.control('orders'))[0]
  const shown = async (shop: Market, id: string) =>
    (await shop.data('lumavega.order.get', { order_id: id })).order

  it('every change is a revision; refunds of a line add up to what was paid for it', async () => {
    const shop = await start()
    await make(shop, 1, { hard: false, seed: 8 })
    const { id, packages } = await first(shop)
    const line = packages[0].lines[0]
    const third = { line: line.id, quantity: String(Number(line.quantity) / 4) }
    const paid = line.goods - line.sellerDiscount - line.platformDiscount
    let before = 0
    for (let n = 1; n <= 4; n++) {
      await shop.control(`orders/${id}/refund`, third)
      const order = await shown(shop, id)
      expect(order.revision).toBe(1 + n)
      const amount = toMinor(order.packages[0].lines[0].refunded_amount, 'CLP')
      expect(amount).toBeGreaterThanOrEqual(before)
      before = amount
    }
    expect(before).toBe(paid)
    expect(await shop.control(`orders/${id}/refund`, third)).toMatchObject({ error: /not so much left/ })
  })

  it('pays, edits, delivers and cancels, and declares what must become of it', async () => {
    const shop = await start()
    await make(shop, 60)
    const expected: Any[] = await shop.control('expected')
    for (const reason of ['paid', 'unpaid', 'missing-sku', 'unknown-sku', 'cancelled'])
      expect(expected.map((e) => e.reason)).toContain(reason)
    const of = (reason: string) => expected.find((e) => e.reason === reason).orderId as string
    const unpaid = of('unpaid')
    expect((await shown(shop, unpaid)).status).toBe('UNPAID')
    const paid = await shop.control(`orders/${unpaid}/pay`, {})
    expect(paid.expected).toMatchObject({ expect: 'document', changes: [{ kind: 'paid' }] })
    expect(await shown(shop, unpaid)).toMatchObject({
      status: 'PAID',
      revision: 2,
      payments: [{ method: 'WEBPAY' }],
    })
    await shop.control(`orders/${unpaid}/edit`, { sellerNote: 'x', recipient: { street: 'Otra' } })
    expect(await shown(shop, unpaid)).toMatchObject({
      seller_note: 'x',
      recipient: { street: 'Otra' },
      revision: 3,
    })
    await shop.control(`orders/${unpaid}/cancel`, {})
    const gone = await shown(shop, unpaid)
    expect(gone).toMatchObject({ status: 'CANCELLED', cancel_reason: 'BUYER_CHANGED_MIND' })
    expect(gone.amounts.refunded).toBe(gone.amounts.buyer_pays)
    expect(await shop.control(`orders/${unpaid}/cancel`, {})).toMatchObject({ error: /cannot be cancelled/ })
    expect(await shop.control(`orders/${of('paid')}/deliver`, {})).toMatchObject({ error: /only a shipped/ })
  })

  it('a stream makes orders at a rate and changes them later; the same seed makes the same orders', async () => {
    const [one, two] = [await start(), await start()]
    const asked = { count: 40, seed: 9, hard: true }
    await one.control('orders', { ...asked, rate: 400, changes: true, changeWithin: 200 })
    await two.control('orders', asked)
    const done = async () => {
      const { streams } = await one.control('stats')
      return (
        streams[0].created === 40 &&
        streams[0].changesDue > 3 &&
        streams[0].changesDone === streams[0].changesDue
      )
    }
    for (const end = Date.now() + 10_000; !(await done()); ) {
      if (Date.now() > end) throw new Error('the stream did not end')
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    const lines = async (shop: Market) =>
      (await shop.control('orders')).map((o: Any) => o.versions[0].order.packages)
    expect(await lines(one)).toEqual(await lines(two))
    expect((await one.control('stats')).versions).toBeGreaterThan(40)
  })
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Order, type OrderLine, orderTotal } from '../../src/core/documents/order.ts'
import {
  addDecimal,
  compareDecimal,
  multiplyDecimal,
  subtractDecimal,
  toMinor,
} from '../../src/core/money.ts'
import { orderContentHash, whyNotPushed, workOrderDocument } from '../../src/orders/work-order.ts'

const line = (given: Partial<OrderLine> = {}): OrderLine => ({
  externalId: '1',
  sku: 'A',
  name: 'A',
  kind: 'goods',
  quantity: '3',
  unitPrice: '10.00',
  goods: 3000,
  discount: 100,
  tax: 290,
  ...given,
})

const order = (given: Partial<Order> = {}): Order => ({
  connection: 'shop',
  entity: 'main',
  externalId: '7',
  version: '1',
  number: '#7',
  state: 'open',
  payment: 'paid',
  fulfillment: 'none',
  placedAt: '2026-03-01T10:00:00.000Z',
  paidAt: '2026-03-01T10:05:00.000Z',
  currency: 'USD',
  taxIncluded: false,
  buyer: { name: 'B' },
  lines: [line()],
  shipping: { amount: 500, discount: 0, tax: 50 },
  charges: [],
  payments: [],
  totals: { total: 3740 },
  ...given,
})

describe('workOrderDocument', () => {
  test('without refunds it is the order itself', () => {
    const source = order()
    expect(workOrderDocument(source)).toBe(source)
    expect(source.totals.total).toBe(3740)
  })

  test('a partial refund leaves quantity, money and tax that are not refunded', () => {
    const refunded = { quantity: '1', amount: 966, tax: 97 }
    const work = workOrderDocument(order({ lines: [line({ refunded })] }))!
    expect(work.lines).toEqual([line({ quantity: '2', goods: 2000, discount: 66, tax: 193 })])
    expect(work.totals.total).toBe(3740 - 966 - 97)
  })

  test('a line without quantity is dropped; the freight that was paid back is taken off', () => {
    const gone = line({ refunded: { quantity: '3', amount: 2900, tax: 290 } })
    const work = workOrderDocument(
      order({
        lines: [gone, line({ externalId: '2' })],
        shipping: { amount: 500, discount: 100, tax: 40, refunded: { amount: 400, tax: 40 } },
      }),
    )!
    expect(work.lines.map((l) => l.externalId)).toEqual(['2'])
    expect(work.shipping).toEqual({ amount: 0, discount: 0, tax: 0 })
    expect(work.charges).toEqual([])
    expect(work.totals.total).toBe(2900 + 290)
  })

  test('money kept of a line that went back whole becomes a charge', () => {
    const gone = line({ name: 'Cup', refunded: { quantity: '3', amount: 2400, tax: 240 } })
    const work = workOrderDocument(order({ lines: [gone, line({ externalId: '2' })] }))!
    expect(work.charges).toEqual([{ kind: 'fee', amount: 500, tax: 50, name: 'Cup' }])
  })

  test('nothing left is null', () => {
    const gone = line({ refunded: { quantity: '3', amount: 2900, tax: 290 } })
    expect(workOrderDocument(order({ lines: [gone] }))).toBeNull()
  })

  test.each([
    ['quantity', { quantity: '4', amount: 0, tax: 0 }],
    ['amount', { quantity: '1', amount: 3000, tax: 0 }],
    ['amount', { quantity: '1', amount: 0, tax: 291 }],
  ])('more %s refunded than ordered is refused by line', (problem, refunded) => {
    expect(() => workOrderDocument(order({ lines: [line({ refunded })] }))).toThrow(
      `line 1: more was refunded than was ordered (${problem})`,
    )
  })

  const money = fc.integer({ min: 0, max: 5_000_000 })
  /** A line and a refund of a part of it, as a channel would state them: never more than there was. */
  const anyLine = fc
    .record({
      quantity: fc.integer({ min: 1, max: 50 }),
      price: fc.integer({ min: 0, max: 99_999 }),
      discountShare: fc.double({ min: 0, max: 1, noNaN: true }),
      tax: fc.integer({ min: 0, max: 100_000 }),
      back: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined }),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    })
    .map(({ quantity, price, discountShare, tax, back, share }) => {
      const unitPrice = `${Math.floor(price / 100)}.${String(price % 100).padStart(2, '0')}`
      const goods = toMinor(multiplyDecimal(unitPrice, String(quantity)), 'USD')
      const discount = Math.floor(goods * discountShare)
      const full = line({ quantity: String(quantity), unitPrice, goods, discount, tax })
      if (back === undefined) return full
      const pieces = Math.round(quantity * back)
      const whole = pieces === quantity
      const part = (amount: number) => (whole ? amount : Math.floor(amount * back * share))
      const refunded = { quantity: String(pieces), amount: part(goods - discount), tax: part(tax) }
      return { ...full, refunded }
    })

  test('property: what is left and what was refunded are the whole, for every line, freight and the total', () => {
    fc.assert(
      fc.property(
        fc.array(anyLine, { minLength: 1, maxLength: 8 }),
        fc.boolean(),
        money,
        money,
        (lines, taxIncluded, freight, freightTax) => {
          const numbered = lines.map((l, i) => ({ ...l, externalId: String(i) }))
          const refunded = { amount: Math.floor(freight / 3), tax: Math.floor(freightTax / 3) }
          const shipping = { amount: freight, discount: 0, tax: freightTax, refunded }
          const whole = order({ lines: numbered, taxIncluded, shipping })
          const work = workOrderDocument(whole)
          const taxed = (tax: number) => (taxIncluded ? 0 : tax)
          const back = numbered.reduce(
            (sum, l) => sum + (l.refunded ? l.refunded.amount + taxed(l.refunded.tax) : 0),
            0,
          )
          const expected = orderTotal(whole) - back - refunded.amount - taxed(refunded.tax)
          if (!work) {
            expect(numbered.every((l) => l.refunded?.quantity === l.quantity)).toBe(true)
            return
          }
          expect(work.totals.total).toBe(expected)
          expect(orderTotal(work)).toBe(expected)
          for (const left of work.lines) {
            const source = numbered[Number(left.externalId)]!
            const gone = source.refunded ?? { quantity: '0', amount: 0, tax: 0 }
            expect(addDecimal(left.quantity, gone.quantity)).toBe(source.quantity)
            expect(left.goods - left.discount + gone.amount).toBe(source.goods - source.discount)
            expect(left.tax + gone.tax).toBe(source.tax)
            expect(left.discount).toBeGreaterThanOrEqual(0)
            expect(
              compareDecimal(subtractDecimal(source.quantity, left.quantity), '0'),
            ).toBeGreaterThanOrEqual(0)
            expect('refunded' in left).toBe(false)
          }
        },
      ),
      { numRuns: 500 },
    )
  })
})

describe('orderContentHash', () => {
  test('the order of keys, and null or missing or empty, do not matter', () => {
    const one = orderContentHash(order({ buyer: { name: 'B', phone: null }, shipTo: null }))
    const two = orderContentHash(order({ buyer: { email: '', name: 'B' } }))
    expect(one).toBe(two)
    expect(one).toMatch(/^[0-9a-f]{32}$/)
  })

  test.each([
    ['a quantity', { lines: [line({ quantity: '4' })] }],
    ['a price', { lines: [line({ unitPrice: '10.01' })] }],
    ['a tax', { lines: [line({ tax: 291 })] }],
    ['the address', { shipTo: { lines: ['x'] } }],
    ['the remark', { remarks: { buyer: 'soon' } }],
    ['the freight', { shipping: { amount: 501, discount: 0, tax: 50 } }],
    ['a charge', { charges: [{ kind: 'tip' as const, amount: 1, tax: 0 }] }],
  ])('%s matters', (_, change) => {
    expect(orderContentHash(order(change))).not.toBe(orderContentHash(order()))
  })

  test.each([
    ['version', { version: '2' }],
    ['fulfillment', { fulfillment: 'complete' as const }],
    ['tags', { tags: ['x'] }],
  ])('%s does not', (_, change) => {
    expect(orderContentHash(order(change))).toBe(orderContentHash(order()))
  })
})

describe('whyNotPushed', () => {
  const from = new Date('2026-03-01T00:00:00Z')
  test('a paid order after the start is pushed, also when a part was refunded', () => {
    expect(whyNotPushed(order(), from)).toEqual({ push: true })
    expect(whyNotPushed(order({ payment: 'part-refunded' }), from)).toEqual({ push: true })
  })

  const gone = line({ refunded: { quantity: '3', amount: 2900, tax: 290 } })
  test.each([
    ['unpaid', { payment: 'unpaid' as const }],
    ['unpaid', { payment: 'part-paid' as const }],
    ['cancelled', { state: 'cancelled' as const, payment: 'refunded' as const }],
    ['refunded', { payment: 'refunded' as const }],
    ['before-from', { paidAt: '2026-02-28T23:59:59.999Z' }],
    ['before-from', { paidAt: null, placedAt: '2026-02-01T00:00:00.000Z' }],
    ['empty', { payment: 'part-refunded' as const, lines: [gone] }],
  ])('%s', (reason, change) => {
    const decision = whyNotPushed(order(change), from)
    expect(decision).toMatchObject({ push: false, reason })
    expect('say' in decision && decision.say.length).toBeGreaterThan(10)
  })

  test('paid at the very start counts', () => {
    expect(whyNotPushed(order({ paidAt: from.toISOString() }), from).push).toBe(true)
  })
})

import { describe, expect, test } from 'vitest'
import type { Order } from '../../src/core/documents/order.ts'
import { checkOrder } from '../../src/mapping/check-order.ts'
import { validateDocument } from '../../src/mapping/validate.ts'

const line = {
  externalId: '1',
  sku: 'A',
  name: 'A',
  kind: 'goods' as const,
  quantity: '3',
  unitPrice: '1',
  goods: 300,
  discount: 0,
  tax: 30,
}
const order: Order = {
  connection: 'c',
  entity: 'e',
  externalId: '7',
  version: '1',
  number: '#7',
  state: 'open',
  payment: 'paid',
  fulfillment: 'none',
  placedAt: '2026-03-01T10:00:00.000Z',
  currency: 'USD',
  taxIncluded: false,
  buyer: {},
  lines: [line],
  shipping: { amount: 0, discount: 0, tax: 0 },
  charges: [],
  payments: [],
  totals: { total: 330 },
}
const invalid = (value: unknown) => () => validateDocument('order', value)

describe('validateDocument', () => {
  test('a valid one is returned as it is', () => expect(validateDocument('order', order)).toBe(order))

  test.each([
    [{ ...order, number: undefined }, 'number is missing, found undefined'],
    [
      { ...order, state: 'secret value' },
      'state must be one of open, cancelled, closed, found text of 12 characters',
    ],
    [{ ...order, lines: [{ ...line, goods: 1.5 }] }, 'lines.0.goods must be integer, found number'],
    [{ ...order, lines: [{ ...line, quantity: '1e3' }] }, 'lines.0.quantity must match pattern'],
    [{ ...order, lines: [] }, 'lines must NOT have fewer than 1 items, found list of 0'],
    [{ ...order, placedAt: '2026-03-01' }, 'placedAt must match format "date-time"'],
    [{ ...order, buyer: { nmae: 'Zhang' } }, 'buyer.nmae must NOT have additional properties'],
    [{ ...order, shipTo: { lines: 'x' } }, 'shipTo'],
    [null, 'the document must be object, found null'],
  ])('%# names field, problem and shape', (value, says) => {
    expect(invalid(value)).toThrow(expect.objectContaining({ code: 'RECORD_INVALID', kind: 'input' }))
    expect(invalid(value)).toThrow(says)
    expect(invalid(value)).not.toThrow(/secret|Zhang/)
  })

  test('lines without SKU are named', () => {
    const lines = [line, { ...line, externalId: '2', sku: undefined }, { ...line, externalId: '3', sku: '' }]
    expect(invalid({ ...order, lines })).toThrow('2 line(s) have no SKU: 2, 3')
  })

  test('an acknowledgement needs its key', () => {
    const head = { connection: 'c', entity: 'e', externalId: 'K', version: '1', remoteId: null }
    expect(validateDocument('acknowledgement', { ...head, key: 'K' }).key).toBe('K')
    expect(() => validateDocument('acknowledgement', head)).toThrow(
      'acknowledgement is not valid: key is missing',
    )
  })
})

describe('checkOrder', () => {
  test('sums that agree change nothing', () => expect(checkOrder(order)).toBe(order))

  test.each([1, -1])('a difference of %i becomes a rounding charge', (difference) => {
    const checked = checkOrder({ ...order, totals: { total: 330 + difference } })
    expect(checked.charges).toEqual([{ kind: 'rounding', amount: difference, tax: 0, name: null }])
    expect(checkOrder(checked)).toBe(checked)
  })

  test('the tolerance is one minor unit per line', () => {
    const lines = [line, line, line]
    expect(checkOrder({ ...order, lines, totals: { total: 993 } }).charges[0]!.amount).toBe(3)
    expect(() => checkOrder({ ...order, lines, totals: { total: 994 } })).toThrow(
      'the parts add up to 9.90 USD, the order states 9.94; the difference of 0.04 is more than the tolerance of 0.03',
    )
    expect(() => checkOrder({ ...order, totals: { total: 332 } })).toThrow(
      expect.objectContaining({ code: 'RECORD_SUMS' }),
    )
  })

  test('a currency that nobody knows', () => {
    expect(() => checkOrder({ ...order, currency: 'QQQ' })).toThrow(
      expect.objectContaining({ code: 'RECORD_CURRENCY' }),
    )
  })
})

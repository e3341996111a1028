/** The sandbox Odoo's orders: totals under taxes, confirm and cancel, invoices and refunds. */
import { afterEach, describe, expect, test } from 'vitest'
import type { OdooOptions } from '../../src/sandbox/odoo/options.ts'
import { startOdoo } from '../../src/sandbox/odoo/server.ts'
import { client2, control, executeKw, json2, type Odoo2 } from '../support/odoo-client.ts'
import { draft, type Line, one } from '../support/odoo-draft.ts'

const running = new Set<{ close(): Promise<void> }>()
afterEach(async () => {
  for (const server of running) await server.close()
  running.clear()
})

async function start(options: Partial<OdooOptions> = {}) {
  const odoo = await startOdoo({ apiKey: 'key', ...options })
  running.add(odoo)
  return { url: odoo.url, ...client2(odoo.url) }
}

const TOTALS = ['amount_untaxed', 'amount_tax', 'amount_total']
const confirm = (odoo: Odoo2, id: number) => odoo.call('sale.order', 'action_confirm', { ids: [id] })
const state = async (odoo: Odoo2, id: number) => (await odoo.read('sale.order', id, ['state'])).state

describe('orders', () => {
  test.each([
    ['on top', [{ sku: 'TEA-001', price: 100, tax: '13%' }], [100, 13, 113]],
    ['contained', [{ sku: 'TEA-001', price: 100, tax: '13% incl' }], [88.5, 11.5, 100]],
    ['half a cent away from zero', [{ sku: 'TEA-001', price: 0.5, tax: '13%' }], [0.5, 0.07, 0.57]],
    [
      'each line by itself',
      [
        { sku: 'TEA-001', price: 0.34, tax: '13%' },
        { sku: 'TEA-002', price: 0.34, tax: '13%' },
      ],
      [0.68, 0.08, 0.76],
    ],
    [
      'a discount and a quantity',
      [{ sku: 'TEA-001', price: 9.99, quantity: 3, discount: 10, tax: '20%' }],
      [26.97, 5.39, 32.36],
    ],
    [
      'a discount of 33.333 is kept as 33.33',
      [{ sku: 'TEA-001', price: 300, discount: 33.333 }],
      [200.01, 0, 200.01],
    ],
    [
      'three digits of a price',
      [{ sku: 'BAG-0001', price: 0.125, quantity: 1000, tax: '13% incl' }],
      [110.62, 14.38, 125],
    ],
  ])('totals: tax %s', async (_, lines, [untaxed, tax, total]) => {
    const odoo = await start()
    const id = await draft(odoo, lines as Line[])
    expect(await odoo.read('sale.order', id, TOTALS)).toEqual({
      id,
      amount_untaxed: untaxed,
      amount_tax: tax,
      amount_total: total,
    })
  })

  test('round_globally rounds a tax once, and old series keep two digits of a price', async () => {
    const two = [
      { sku: 'TEA-001', price: 0.34, tax: '13%' },
      { sku: 'TEA-002', price: 0.34, tax: '13%' },
    ]
    const odoo = await start({ rounding: 'round_globally' })
    expect(await odoo.read('sale.order', await draft(odoo, two), TOTALS)).toMatchObject({ amount_tax: 0.09 })
    const { url } = await start({ series: 18 })
    const [partner] = await executeKw(url, 'res.partner', 'search', [[['ref', '=', 'WEB']]])
    const [bag] = await executeKw(url, 'product.product', 'search', [[['default_code', '=', 'BAG-0001']]])
    const line = { product_id: bag, product_uom_qty: 1000, price_unit: 0.125, tax_id: [[5]] }
    const id = await executeKw(url, 'sale.order', 'create', [
      { partner_id: partner, order_line: [[0, 0, line]] },
    ])
    const [order] = await executeKw(url, 'sale.order', 'read', [[id]], { fields: TOTALS })
    expect(order).toMatchObject({ amount_total: 130 })
  })

  test('the pricelist decides the currency', async () => {
    const odoo = await start()
    const yen = await one(odoo, 'product.pricelist', 'currency_id', 'JPY')
    const id = await draft(odoo, [{ sku: 'TEA-001', price: 1005, tax: '10% incl' }], { pricelist_id: yen })
    const order = await odoo.read('sale.order', id, [...TOTALS, 'currency_id', 'name', 'state'])
    expect(order).toMatchObject({
      currency_id: [expect.any(Number), 'JPY'],
      amount_untaxed: 914,
      amount_tax: 91,
      name: 'S00001',
      state: 'draft',
    })
  })

  test('confirm sets the date, makes a transfer, and cannot be repeated', async () => {
    const odoo = await start()
    const lines = [{ sku: 'TEA-001', quantity: 2 }, { sku: 'SHIPPING' }]
    const id = await draft(odoo, lines, { date_order: '2026-01-01 00:00:00', client_order_ref: '#1001' })
    expect(await confirm(odoo, id)).toBe(true)
    const order = await odoo.read('sale.order', id, [
      'state',
      'date_order',
      'picking_ids',
      'delivery_status',
      'invoice_status',
    ])
    expect(order).toMatchObject({ state: 'sale', delivery_status: 'pending', invoice_status: 'to invoice' })
    expect(order.date_order > '2026-01-01 00:00:00').toBe(true)
    const picking = await odoo.read('stock.picking', order.picking_ids[0], [
      'state',
      'origin',
      'move_ids',
      'picking_type_code',
      'name',
    ])
    expect(picking).toMatchObject({
      state: 'assigned',
      origin: 'S00001',
      picking_type_code: 'outgoing',
      name: 'WH/OUT/00001',
    })
    expect(picking.move_ids).toHaveLength(1)
    const again = await json2(odoo.url, 'sale.order/action_confirm', { ids: [id] })
    expect(again).toMatchObject({
      status: 422,
      body: { message: 'Some orders are not in a state requiring confirmation.' },
    })
  })

  test('cancel: a draft at once, a confirmed one through the dialogue', async () => {
    const odoo = await start()
    const first = await draft(odoo, [{ sku: 'TEA-001' }])
    expect(await odoo.call('sale.order', 'action_cancel', { ids: [first] })).toBe(true)
    expect(await state(odoo, first)).toBe('cancel')
    const id = await draft(odoo, [{ sku: 'TEA-001', quantity: 5 }])
    await confirm(odoo, id)
    const dialogue = await odoo.call('sale.order', 'action_cancel', { ids: [id] })
    expect(dialogue).toMatchObject({ type: 'ir.actions.act_window', res_model: 'sale.order.cancel' })
    expect(await state(odoo, id)).toBe('sale')
    const context = { disable_cancel_warning: true }
    expect(await odoo.call('sale.order', 'action_cancel', { ids: [id], context })).toBe(true)
    expect(await state(odoo, id)).toBe('cancel')
    expect((await odoo.find('stock.picking', [['sale_id', '=', id]], ['state']))[0]).toMatchObject({
      state: 'cancel',
    })
    const [tea] = await odoo.find('product.product', [['default_code', '=', 'TEA-001']], ['free_qty'])
    expect(tea.free_qty).toBe(100_000)
    const locked = await draft(odoo, [{ sku: 'TEA-001' }])
    await odoo.call('sale.order', 'action_lock', { ids: [locked] })
    const refused = await json2(odoo.url, 'sale.order/action_cancel', { ids: [locked] })
    expect(refused.body.message).toContain('cannot cancel a locked order')
  })

  test('a confirmed order cannot be deleted, nor can its lines; quantities follow into the transfer', async () => {
    const odoo = await start()
    const id = await draft(odoo, [{ sku: 'TEA-001', quantity: 2 }])
    await confirm(odoo, id)
    const [line] = (await odoo.read('sale.order', id, ['order_line'])).order_line
    for (const [model, ids] of [
      ['sale.order', [id]],
      ['sale.order.line', [line]],
    ] as const) {
      expect((await json2(odoo.url, `${model}/unlink`, { ids })).status).toBe(422)
    }
    await odoo.write('sale.order.line', [line], { product_uom_qty: 3 })
    const moves = await odoo.find(
      'stock.move',
      [['sale_line_id', '=', line]],
      ['product_uom_qty', 'quantity', 'state'],
    )
    expect(moves).toMatchObject([{ product_uom_qty: 3, quantity: 3, state: 'assigned' }])
    expect(await odoo.read('sale.order', id, ['amount_total'])).toMatchObject({ amount_total: 300 })
  })
})

test('invoices and refunds', async () => {
  const odoo = await start()
  const id = await draft(odoo, [{ sku: 'TEA-001', quantity: 2, tax: '13% incl' }], { client_order_ref: '#9' })
  await confirm(odoo, id)
  const [wizard] = await odoo.create('sale.advance.payment.inv', { sale_order_ids: [[6, 0, [id]]] })
  const action = await odoo.call('sale.advance.payment.inv', 'create_invoices', { ids: [wizard] })
  const invoice = action.res_id as number
  expect(await odoo.call('account.move', 'action_post', { ids: [invoice] })).toBe(false)
  const posted = await odoo.read('account.move', invoice, [
    'name',
    'state',
    'amount_total',
    'amount_tax',
    'ref',
    'invoice_origin',
  ])
  expect(posted).toMatchObject({
    state: 'posted',
    amount_total: 200,
    amount_tax: 23.01,
    ref: '#9',
    invoice_origin: 'S00001',
  })
  expect(posted.name).toMatch(/^INV\/\d{4}\/00001$/)
  expect(await odoo.read('sale.order', id, ['invoice_status', 'invoice_ids'])).toMatchObject({
    invoice_status: 'invoiced',
    invoice_ids: [invoice],
  })
  expect((await json2(odoo.url, 'account.move/action_post', { ids: [invoice] })).body.message).toContain(
    'must be in draft',
  )
  expect(
    (await json2(odoo.url, 'sale.advance.payment.inv/create_invoices', { ids: [wizard] })).body.message,
  ).toContain('Cannot create an invoice')
  await control(odoo.url, 'pay', { invoice })
  expect(await odoo.read('account.move', invoice, ['payment_state', 'amount_residual'])).toMatchObject({
    payment_state: 'paid',
    amount_residual: 0,
  })
  const [reversal] = await odoo.create('account.move.reversal', {
    move_ids: [[6, 0, [invoice]]],
    reason: 'damaged',
  })
  const refund = await odoo.call('account.move.reversal', 'refund_moves', { ids: [reversal] })
  const credit = await odoo.read('account.move', refund.res_id, [
    'move_type',
    'amount_total',
    'reversed_entry_id',
    'state',
  ])
  expect(credit).toMatchObject({
    move_type: 'out_refund',
    amount_total: 200,
    state: 'draft',
    reversed_entry_id: [invoice, posted.name],
  })
})

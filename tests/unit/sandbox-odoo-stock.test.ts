/** The sandbox Odoo's warehouse: transfers, backorders, returns, receipts, stock counts. */
import { afterEach, describe, expect, test } from 'vitest'
import type { OdooOptions } from '../../src/sandbox/odoo/options.ts'
import { startOdoo } from '../../src/sandbox/odoo/server.ts'
import { client2, control, executeKw, json2, type Odoo2 } from '../support/odoo-client.ts'
import { draft, one } from '../support/odoo-draft.ts'

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

const confirm = (odoo: Odoo2, id: number) => odoo.call('sale.order', 'action_confirm', { ids: [id] })

describe('transfers', () => {
  async function confirmed(odoo: Odoo2, quantity = 5) {
    const id = await draft(
      odoo,
      [
        { sku: 'TEA-001', quantity },
        { sku: 'CUP-001', quantity: 1 },
      ],
      { client_order_ref: '#7' },
    )
    await confirm(odoo, id)
    const [picking] = (await odoo.read('sale.order', id, ['picking_ids'])).picking_ids as number[]
    const moves = (await odoo.read('stock.picking', picking!, ['move_ids'])).move_ids as number[]
    return { id, picking: picking!, moves }
  }
  const validate = (odoo: Odoo2, id: number, context = {}) =>
    odoo.call('stock.picking', 'button_validate', { ids: [id], context })

  test('validate ships what is reserved, once', async () => {
    const odoo = await start()
    const { id, picking } = await confirmed(odoo)
    expect(await validate(odoo, picking)).toBe(true)
    expect(await validate(odoo, picking)).toBe(true)
    const order = await odoo.read('sale.order', id, ['delivery_status', 'effective_date', 'order_line'])
    expect(order).toMatchObject({ delivery_status: 'full', effective_date: expect.any(String) })
    expect(await odoo.read('sale.order.line', order.order_line[0], ['qty_delivered'])).toMatchObject({
      qty_delivered: 5,
    })
    const stock = [
      ['product_id.default_code', '=', 'TEA-001'],
      ['location_id.usage', '=', 'internal'],
    ]
    expect(
      await odoo.find('stock.quant', stock, ['quantity', 'reserved_quantity', 'available_quantity']),
    ).toMatchObject([{ quantity: 99_995, reserved_quantity: 0, available_quantity: 99_995 }])
  })

  test('a part asks what becomes of the rest: an action, then a backorder', async () => {
    const odoo = await start()
    const { id, picking, moves } = await confirmed(odoo)
    await odoo.write('stock.move', [moves[0]!], { quantity: 2 })
    const action = await validate(odoo, picking)
    expect(action).toMatchObject({
      res_model: 'stock.backorder.confirmation',
      context: { button_validate_picking_ids: [picking] },
    })
    expect(await odoo.read('stock.picking', picking, ['state'])).toMatchObject({ state: 'assigned' })
    const [wizard] = await odoo.create('stock.backorder.confirmation', { pick_ids: [[6, 0, [picking]]] })
    expect(
      await odoo.call('stock.backorder.confirmation', 'process', { ids: [wizard], context: action.context }),
    ).toBe(true)
    const [rest] = await odoo.find(
      'stock.picking',
      [['backorder_id', '=', picking]],
      ['state', 'sale_id', 'move_ids'],
    )
    expect(rest).toMatchObject({ state: 'assigned', sale_id: [id, 'S00001'] })
    expect(await odoo.read('stock.move', rest.move_ids[0], ['product_uom_qty'])).toMatchObject({
      product_uom_qty: 3,
    })
    expect(await odoo.read('sale.order', id, ['delivery_status'])).toMatchObject({
      delivery_status: 'partial',
    })
  })

  test('the context drops the rest without asking', async () => {
    const odoo = await start()
    const { id, picking, moves } = await confirmed(odoo)
    await odoo.write('stock.move', [moves[0]!], { quantity: 2 })
    expect(
      await validate(odoo, picking, { skip_backorder: true, picking_ids_not_to_backorder: [picking] }),
    ).toBe(true)
    expect(await odoo.search('stock.picking', [['sale_id', '=', id]])).toEqual([picking])
    const [tea] = await odoo.find(
      'product.product',
      [['default_code', '=', 'TEA-001']],
      ['free_qty', 'qty_available', 'virtual_available'],
    )
    expect(tea).toMatchObject({ free_qty: 99_998, qty_available: 99_998, virtual_available: 99_998 })
  })

  test('nothing in stock: nothing to validate; more stock: reserved on demand', async () => {
    const odoo = await start({ stock: 0 })
    const { picking } = await confirmed(odoo)
    expect(await odoo.read('stock.picking', picking, ['state'])).toMatchObject({ state: 'confirmed' })
    const refused = await json2(odoo.url, 'stock.picking/button_validate', { ids: [picking] })
    expect(refused).toMatchObject({
      status: 422,
      body: { message: expect.stringContaining('no quantities are reserved') },
    })
    await control(odoo.url, 'stock', { sku: 'TEA-001', quantity: 3 })
    await odoo.call('stock.picking', 'action_assign', { ids: [picking] })
    const moves = await odoo.find('stock.move', [['picking_id', '=', picking]], ['state', 'quantity'])
    expect(moves).toMatchObject([
      { state: 'partially_available', quantity: 3 },
      { state: 'confirmed', quantity: 0 },
    ])
  })

  test('a figure that follows from another record does not move write_date', async () => {
    const odoo = await start()
    const { id, picking } = await confirmed(odoo)
    const [before] = await control(odoo.url, 'records?model=sale.order')
    await new Promise((resolve) => setTimeout(resolve, 5))
    await validate(odoo, picking)
    const [after] = await control(odoo.url, 'records?model=sale.order')
    expect(after.write_date).toBe(before.write_date)
    expect(await odoo.read('sale.order', id, ['delivery_status'])).toMatchObject({ delivery_status: 'full' })
    const [moved] = await control(odoo.url, 'records?model=stock.picking')
    expect(moved.write_date > before.write_date).toBe(true)
  })

  test('the warehouse ships part by part with tracking numbers', async () => {
    const odoo = await start()
    const { id } = await confirmed(odoo)
    await control(odoo.url, 'ship', { order: '#7', lines: { 'TEA-001': 2 }, tracking: 'SF100' })
    await control(odoo.url, 'ship', { order: 'S00001', tracking: 'SF101' })
    const shipped = await odoo.find(
      'stock.picking',
      [['sale_id', '=', id]],
      ['state', 'carrier_tracking_ref', 'date_done'],
    )
    expect(shipped).toHaveLength(2)
    expect(shipped.map((p) => `${p.state} ${p.carrier_tracking_ref}`).sort()).toEqual([
      'done SF100',
      'done SF101',
    ])
    await expect(control(odoo.url, 'ship', { order: '#7' })).rejects.toThrow('nothing to ship')
  })

  test.each([17, 18])('a return comes back through the wizard of %i', async (version) => {
    const { url } = await start({ series: version })
    const call = (model: string, method: string, args: unknown[], kwargs = {}) =>
      executeKw(url, model, method, args, kwargs)
    const [partner] = await call('res.partner', 'search', [[['ref', '=', 'WEB']]])
    const [tea] = await call('product.product', 'search', [[['default_code', '=', 'TEA-001']]])
    const line = { product_id: tea, product_uom_qty: 3, price_unit: 10 }
    const id = await call('sale.order', 'create', [{ partner_id: partner, order_line: [[0, 0, line]] }])
    await call('sale.order', 'action_confirm', [[id]])
    await control(url, 'ship', { order: id })
    const [{ picking_ids, order_line }] = await call('sale.order', 'read', [[id]])
    const [{ move_ids }] = await call('stock.picking', 'read', [picking_ids], { fields: ['move_ids'] })
    const [moved] = await call('stock.move', 'read', [move_ids], { fields: ['product_id'] })
    const back = { product_id: moved.product_id[0], quantity: 2, move_id: moved.id }
    const wizard = await call('stock.return.picking', 'create', [
      { picking_id: picking_ids[0], product_return_moves: [[0, 0, back]] },
    ])
    const button = version === 17 ? 'create_returns' : 'action_create_returns'
    const action = await call('stock.return.picking', button, [[wizard]])
    expect(action).toMatchObject({ res_model: 'stock.picking', res_id: expect.any(Number) })
    expect(await call('stock.picking', 'button_validate', [[action.res_id]])).toBe(true)
    const [returned] = await call('stock.picking', 'read', [[action.res_id]])
    expect(returned).toMatchObject({
      state: 'done',
      picking_type_code: 'incoming',
      return_id: [picking_ids[0], 'WH/OUT/00001'],
    })
    const [delivered] = await call('sale.order.line', 'read', [order_line], { fields: ['qty_delivered'] })
    expect(delivered.qty_delivered).toBe(1)
    const [{ qty_available }] = await call('product.product', 'read', [[tea]], { fields: ['qty_available'] })
    expect(qty_available).toBe(99_999)
  })

  test('a receipt from outside, and a stock count', async () => {
    const odoo = await start({ warehouses: ['WH', 'SH'] })
    const tea = await one(odoo, 'product.product', 'default_code', 'TEA-001')
    const [type] = await odoo.search('stock.picking.type', [
      ['code', '=', 'incoming'],
      ['warehouse_id.code', '=', 'SH'],
    ])
    const [id] = await odoo.create('stock.picking', {
      picking_type_id: type,
      move_ids: [[0, 0, { product_id: tea, product_uom_qty: 7 }]],
    })
    await odoo.call('stock.picking', 'action_confirm', { ids: [id] })
    expect(await validate(odoo, id!)).toBe(true)
    const stock = async (warehouse: string) => {
      const warehouse_id = await one(odoo, 'stock.warehouse', 'code', warehouse)
      const rows = await odoo.call('product.product', 'read', {
        ids: [tea],
        fields: ['qty_available'],
        context: { warehouse_id },
      })
      return rows[0].qty_available
    }
    expect([await stock('WH'), await stock('SH')]).toEqual([100_000, 100_007])
    const [quant] = await odoo.search('stock.quant', [
      ['product_id', '=', tea],
      ['warehouse_id.code', '=', 'SH'],
    ])
    await odoo.write('stock.quant', [quant!], { inventory_quantity: 12 })
    await odoo.call('stock.quant', 'action_apply_inventory', { ids: [quant] })
    expect(await stock('SH')).toBe(12)
  })
})

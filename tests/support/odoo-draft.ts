/** Sales orders for tests of the Odoo sandbox. */
import type { Odoo2 } from './odoo-client.ts'

/** The first record with this value in a field. */
export const one = async (odoo: Odoo2, model: string, field: string, value: unknown) =>
  (await odoo.search(model, [[field, '=', value]]))[0]!

export interface Line {
  sku: string
  quantity?: number
  price?: number
  tax?: string
  discount?: number
}

/** A draft of the web customer; without a tax the line has none. */
export async function draft(odoo: Odoo2, lines: Line[], more: Record<string, unknown> = {}): Promise<number> {
  const order_line = []
  for (const { sku, quantity = 1, price = 100, tax, discount = 0 } of lines) {
    const tax_ids = tax ? [[4, await one(odoo, 'account.tax', 'name', tax)]] : [[5]]
    const product_id = await one(odoo, 'product.product', 'default_code', sku)
    order_line.push([0, 0, { product_id, product_uom_qty: quantity, price_unit: price, discount, tax_ids }])
  }
  const partner_id = await one(odoo, 'res.partner', 'ref', 'WEB')
  const [id] = await odoo.create('sale.order', { partner_id, order_line, ...more })
  return id!
}

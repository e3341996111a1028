/** How a stage speaks to the sandbox Odoo, and what it finds there. */
import { DEFAULT_CURRENCIES, DEFAULT_TAXES, type OdooOptions } from '../../src/sandbox/odoo/options.ts'

/** The sandbox's masters: contact, pricelists, and each tax on top of prices and within them. */
export function odooConnection(base: string, apiKey: string, { series = 19 }: Partial<OdooOptions> = {}) {
  const older = { interface: 'json-rpc', database: 'odoo', login: 'api@example.com', series }
  const taxes = DEFAULT_TAXES.flatMap((rate) => {
    const xmlid = `sandbox.tax_${rate.replace('.', '_')}`
    return [
      [rate, xmlid],
      [`${rate} incl`, `${xmlid}_incl`],
    ]
  })
  const lists = DEFAULT_CURRENCIES.map((code) => [
    code,
    code === 'CNY' ? 'product.list0' : `sandbox.pricelist_${code}`,
  ])
  return {
    use: 'odoo',
    settings: {
      base,
      apiKey,
      customer: 'sandbox.partner_web',
      settle: '300ms',
      ...(series < 19 ? older : {}),
    },
    codes: { tax: Object.fromEntries(taxes), pricelist: Object.fromEntries(lists) },
  }
}

interface OdooSale {
  externalId: string | null
  number: string
  source: string
  total: string
  state: string
  lines: unknown[]
}

/** Orders that stand, drafts too, in the form that all ERPs of a stage have. */
export function heldInOdoo(sales: OdooSale[]) {
  return sales
    .filter((sale) => sale.state !== 'cancel')
    .map(({ externalId, number, source: orderId, total, lines, state }) => {
      const key = externalId?.replace('tributary.', '') ?? ''
      return { key, number, orderId, total, lines: lines.length, state }
    })
}

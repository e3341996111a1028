/** Refunds of an order. */
import type { Remote } from 'tributary/hooks'
import {
  type At,
  ask,
  before,
  type Order,
  type OrderLine,
  type Refund,
  refunds,
  refused,
} from './hooks-shop.ts'

type Wanted = { order: string; name: string; reason?: string; amount: string; restock: boolean } & {
  parts: { kind: string; line?: string; quantity?: string; net: string; tax: string }[]
}

/** A refund is known by the end of its reason, which is written with it. */
export async function findRefund(at: At, { order, name }: Wanted): Promise<Remote[]> {
  const found = (await refunds(at, order)).filter((r) => r.reason.endsWith(name))
  return found.map((r) => ({ id: String(r.id), state: 'final', total: r.amount }))
}

/** WooCommerce wants the tax of a line by rate: it is spread as the order's own line has it, the rest on the last. */
export function taxes(line: OrderLine, tax: string) {
  const whole = line.taxes.reduce((n, t) => n + Number(t.total), 0)
  const digits = tax.split('.')[1]?.length ?? 0
  let left = Number(tax)
  return line.taxes.map(({ id, total }, i) => {
    const last = i === line.taxes.length - 1
    const part = last ? left : Number(((Number(tax) * Number(total)) / (whole || 1)).toFixed(digits))
    left = Number((left - part).toFixed(digits))
    return { id, refund_total: part }
  })
}

export async function payBack(at: At, wanted: Wanted): Promise<Remote> {
  const order = await before(ask<Order>(at, 'GET', `/orders/${wanted.order}`), at.tools)
  const line_items = wanted.parts.flatMap(({ kind, line: id, quantity, net, tax }) => {
    const line =
      kind === 'shipping' ? order.shipping_lines[0] : order.line_items.find((l) => String(l.id) === id)
    if (!line) throw refused('LINE_MISSING', 'the order has no such line')
    return {
      id: line.id,
      quantity: Number(quantity ?? 0),
      refund_total: Number(net),
      refund_tax: taxes(line, tax),
    }
  })
  const { amount, name, restock: api_restock } = wanted
  const about = { amount, reason: `${wanted.reason ?? ''} ${name}`.trim(), api_restock, line_items }
  const content = { ...about, api_refund: at.tools.settings.payBack === true }
  const made = await ask<Refund>(at, 'POST', `/orders/${wanted.order}/refunds`, content)
  return { id: String(made.id), state: 'final', total: made.amount }
}

/** Refunds: recorded, and paid back where the settings say so. */
import type { Remote, WriteItem } from 'tributary/hooks'
import { type At, gid, money, read, tail } from './hooks-graph.ts'
import { before, change, keyOf, type Line, parsed, refused, WRONG } from './hooks-write.ts'

/** What mappings/shopify/refund.out.yaml makes; `name` (in brackets) ends the note. */
type PayBack = {
  order: string
  name: string
  reason?: string
  amount: string
  shipping: string
  notify: boolean
} & {
  lines: (Line & { restock: string; location?: string })[]
}
type Transaction = { id: string; kind: string; status: string; gateway: string } & {
  amountSet: { shopMoney: { amount: string } }
  parentTransaction: { id: string } | null
}
const PAID = money(`id refunds(first: 100) { id note }
  transactions(first: 100) { id kind status gateway amountSet$ parentTransaction { id } }`)
const REFUND_NOW = `mutation Refund($input: RefundInput!, $key: String!) {
  done: refundCreate(input: $input) @idempotent(key: $key) { made: refund { id } ${WRONG} } }`
/** Refunds are known by the end of their note, which is written with them. */
export async function lookBack(at: At, { order, name }: PayBack) {
  const [found] = await read(at, 'Order', [gid('Order', order)], PAID)
  if (!found) throw refused('ORDER_MISSING', 'the shop has no such order')
  const ours = found.refunds.filter((r) => String(r.note ?? '').endsWith(name))
  const hits = ours.map((r) => ({ id: tail(r.id), state: 'final' as const }))
  return { hits, paid: found.transactions as Transaction[] }
}

/** Where money goes back to: what is left of each payment, until the amount is reached. */
function moneyBack({ order, amount }: PayBack, paid: Transaction[]) {
  const value = (t: Transaction) => Math.round(Number(t.amountSet.shopMoney.amount) * 1000)
  let left = Math.round(Number(amount) * 1000)
  const back = paid.flatMap(({ id, kind, status, gateway, amountSet }) => {
    if (!['SALE', 'CAPTURE'].includes(kind) || status !== 'SUCCESS') return []
    const of = paid.filter(
      (t) => t.parentTransaction?.id === id && t.kind === 'REFUND' && t.status !== 'FAILURE',
    )
    const free = value({ amountSet } as Transaction) - of.reduce((n, t) => n + value(t), 0)
    const part = Math.min(left, free)
    left -= Math.max(0, part)
    const about = { orderId: gid('Order', order), parentId: id, gateway, kind: 'REFUND' }
    return part > 0 ? [{ ...about, amount: String(part / 1000) }] : []
  })
  if (left > 0) throw refused('NOTHING_PAID', 'not that much of what was paid is left')
  return back
}

export async function payBack(at: At, item: WriteItem): Promise<Remote> {
  const { tools } = at
  const wanted = parsed<PayBack>(item)
  const { paid } = await before(lookBack(at, wanted), tools)
  const refundLineItems = wanted.lines.map(({ line, quantity, restock, location }) => {
    const place = restock === 'RETURN' && location ? { locationId: gid('Location', location) } : {}
    return { lineItemId: gid('LineItem', line), quantity, restockType: restock, ...place }
  })
  const transactions = tools.settings.payBack === true ? moneyBack(wanted, paid) : []
  const shipping = Number(wanted.shipping) > 0 ? { shipping: { amount: wanted.shipping } } : {}
  const about = { orderId: gid('Order', wanted.order), note: `${wanted.reason ?? ''} ${wanted.name}`.trim() }
  const input = { ...about, notify: wanted.notify, refundLineItems, transactions, ...shipping }
  const made = await change(at, REFUND_NOW, { input, key: keyOf(tools, item.key) })
  return { id: tail(made.id!), state: 'final' }
}

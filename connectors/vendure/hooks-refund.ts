/** Refunds: an amount that goes back on a payment. */
import type { Remote, WriteItem } from 'tributary/hooks'
import { ask, before, type Call, failedOf, type Result, refused, type Scale, stop } from './hooks-graph.ts'

/** What mappings/vendure/refund.out.yaml makes; `name` (in brackets) ends the reason; `settle`: the money has gone out, under this number. */
type PayBack = { order: string; name: string; reason?: string; amount: string; settle?: string } & {
  shipping: string
  lines: { orderLineId: string; quantity: number }[]
}
type Refund = Result & { total: number; reason: string | null }
export type Payment = Result & { amount: number; refunds: Refund[] }
const PAID = `query($id: ID!) { globalSettings { serverConfig { moneyStrategyPrecision } }
  order(id: $id) { payments { id state amount refunds { id state total reason } } } }`
const BACK = '{ __typename ... on Refund { id state total reason } ... on ErrorResult { errorCode message } }'
const REFUND = `mutation($input: RefundOrderInput!) { result: refundOrder(input: $input) ${BACK} }`
const SETTLE = `mutation($input: SettleRefundInput!) { result: settleRefund(input: $input) ${BACK} }`
export const wantedBack = (item: WriteItem) => JSON.parse(item.body.toString()) as PayBack
export async function lookBack(call: Call, wanted: PayBack) {
  type Paid = Scale & { order: { payments: Payment[] } | null }
  const { order, globalSettings } = await ask<Paid>(call, PAID, { id: wanted.order })
  if (!order) throw refused('ORDER_MISSING', 'the shop has no such order')
  const digits = globalSettings.serverConfig.moneyStrategyPrecision
  const ours = (p: Payment) =>
    p.refunds.filter((r) => r.state !== 'Failed' && r.reason?.endsWith(wanted.name))
  return { payments: order.payments, digits, parts: order.payments.map(ours).filter((r) => r.length > 0) }
}

/** Vendure may spread one refund over several payments: together they are one. Twice on one payment are two. */
export function refundsOf(
  { parts, digits }: Awaited<ReturnType<typeof lookBack>>,
  { settle }: PayBack,
): Remote[] {
  const remoteOf = (of: Refund[]): Remote => {
    const total = of.reduce((n, r) => n + r.total, 0) / 10 ** digits
    const open = settle !== undefined && of.some((r) => r.state === 'Pending')
    return {
      id: of.map((r) => r.id).join(','),
      state: open ? 'draft' : 'final',
      total: total.toFixed(digits),
    }
  }
  if (parts.some((p) => p.length > 1)) return parts.flat().map((r) => remoteOf([r]))
  return parts.length > 0 ? [remoteOf(parts.flat())] : []
}

/** Asks for the money back on the payment that has most of it left, then says that it has gone out, where it has. */
export async function payBack(call: Call, wanted: PayBack): Promise<Remote> {
  let now = await before(lookBack(call, wanted), call.tools)
  if (now.parts.length === 0) {
    const left = ({ amount, refunds }: Payment) =>
      refunds.reduce((n, r) => (r.state === 'Failed' ? n : n - r.total), amount)
    const [payment] = now.payments.filter((p) => p.state === 'Settled').sort((a, b) => left(b) - left(a))
    if (!payment) throw refused('NOTHING_PAID', 'the order has no settled payment')
    const scaled = (text: string) => Math.round(Number(text) * 10 ** now.digits)
    const about = { paymentId: payment.id, reason: `${wanted.reason ?? ''} ${wanted.name}`.trim() }
    // both are deprecated, but 3.7.3 fails without them, after the payment service has paid
    const old = { shipping: scaled(wanted.shipping), adjustment: 0 }
    const input = { ...about, amount: scaled(wanted.amount), lines: wanted.lines, ...old }
    await ask(call, REFUND, { input }).catch((error) => {
      const failed = failedOf(error, call.tools)
      // the server's own error may come after the payment service was asked: no second try by itself
      throw failed.kind === 'unknown' && failed.code.startsWith('VENDURE_')
        ? refused('REFUND_FAILED', failed.message)
        : error
    })
    now = await lookBack(call, wanted)
  }
  for (const { id, state } of now.parts.flat())
    if (wanted.settle !== undefined && state === 'Pending')
      await ask(call, SETTLE, { input: { id, transactionId: wanted.settle } })
  const [made] = refundsOf(now, wanted)
  if (!made) throw stop({ kind: 'unknown', code: 'NO_RESULT', message: 'the refund does not show' })
  return { ...made, state: 'final' }
}

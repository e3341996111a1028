/**
 * The message service's REST twin (china.md §6, [2+] for the methods; parameters and answers as published [1]; topics and
 * contents [M]). A message comes again until it is confirmed, and only for topics that were permitted before it arose.
 */
import type { Message } from '../marketplace/store.ts'
import { paymentOf, type RefundCase, stateOf, type Trade } from '../marketplace/trade.ts'
import { beijing, wireJson, yuan } from '../marketplace/wire.ts'
import { invalid } from './errors.ts'
import { type Context, type Method, whole } from './methods.ts'
import { statusOf } from './view.ts'

/** The seller's number. */
export const USER_ID = 2_200_000_000_001

type Caused = Omit<Message, 'id' | 'at'>

/** The messages that a new version of a trade causes, in the order of what happened. */
export function messagesOf(before: Trade | undefined, after: Trade, seller: string): Caused[] {
  const topics: string[] = []
  const paid = after.paidAt !== null && !before?.paidAt
  if (!before) topics.push('TradeCreate')
  if (paid) topics.push('TradeBuyerPay')
  if (after.parcels.length > (before?.parcels.length ?? 0))
    topics.push(stateOf(after) === 'shipped' ? 'TradeSellerShip' : 'TradePartlySellerShip')
  if (after.finishedAt && !before?.finishedAt) topics.push('TradeSuccess')
  if (after.closedAt && !before?.closedAt) topics.push('TradeClose')
  if (before && after.memo !== before.memo) topics.push('TradeMemoModified')
  if (before && after.receiver !== before.receiver) topics.push('TradeLogisticsAddressChanged')
  const content = wireJson({
    tid: BigInt(after.id),
    oid: BigInt(after.lines[0]!.id),
    seller_nick: seller,
    buyer_open_uid: after.buyer.openUid,
    payment: yuan(paymentOf(after)),
    post_fee: yuan(after.freight),
    status: statusOf(after),
    type: 'guarantee_trade',
  })
  const changed = after.refunds.filter((one) => !before?.refunds.includes(one))
  return [
    ...topics.map((topic) => ({ topic: `taobao_trade_${topic}`, content })),
    ...changed.map((one) => refundMessage(after, one, seller)),
  ]
}

const REFUND_TOPICS: Record<RefundCase['state'], string> = {
  requested: 'RefundCreated',
  approved: 'RefundSellerAgreeAgreement',
  'sent-back': 'RefundBuyerReturnGoods',
  settled: 'RefundSuccess',
  refused: 'RefundSellerRefuseAgreement',
  withdrawn: 'RefundClosed',
}

function refundMessage(trade: Trade, one: RefundCase, seller: string): Caused {
  const content = wireJson({
    refund_id: BigInt(one.id),
    tid: BigInt(trade.id),
    oid: BigInt(one.line),
    seller_nick: seller,
    refund_fee: yuan(one.amount),
    modified: beijing(one.modifiedAt),
    bill_type: one.goodsBack ? 'return_bill' : 'refund_bill',
  })
  return { topic: `taobao_refund_${REFUND_TOPICS[one.state]}`, content }
}

/** `taobao.tmc.user.permit`: the given topics replace the earlier ones; none given: all of the application's [1]. */
const permit: Method = {
  required: [],
  session: true,
  run(params, { shop }) {
    const topics = params.get('topics')
    shop.store.permit(topics ? topics.split(',').map((t) => t.trim()) : null)
    return { is_success: true }
  },
}

/** Makes the methods of one shop; which messages are out just now is forgotten when it stops. */
export function createMessages(redeliverSeconds: number): Readonly<Record<string, Method>> {
  const out = new Map<string, number>()
  const consume: Method = {
    required: [],
    session: false,
    run(params, context) {
      noGroup(params.get('group_name'))
      const quantity = whole(params, 'quantity', 100, 200, 10)
      const now = context.now.getTime()
      const waiting = [...context.shop.store.messages.values()].filter((m) => (out.get(m.id) ?? 0) <= now)
      const taken = waiting.slice(0, quantity)
      for (const m of taken) out.set(m.id, now + redeliverSeconds * 1000)
      return taken.length === 0 ? {} : { messages: { tmc_message: taken.map((m) => shown(m, context)) } }
    },
  }
  const confirm: Method = {
    required: ['s_message_ids'],
    session: false,
    run(params, { shop }) {
      noGroup(params.get('group_name'))
      const ids = params
        .get('s_message_ids')!
        .split(',')
        .filter((id) => shop.store.messages.has(id))
      shop.store.confirm(ids)
      for (const id of ids) out.delete(id)
      return { is_success: true }
    },
  }
  return {
    'taobao.tmc.user.permit': permit,
    'taobao.tmc.messages.consume': consume,
    'taobao.tmc.messages.confirm': confirm,
  }
}

function shown(message: Message, { options, seller }: Context): Record<string, unknown> {
  return {
    id: BigInt(message.id),
    topic: message.topic,
    content: message.content,
    pub_time: beijing(message.at),
    pub_app_key: options.appKey,
    user_id: USER_ID,
    user_nick: seller,
  }
}

/** This application has only the group that everybody has; naming another is refused [1]. */
function noGroup(name: string | undefined): void {
  if (name && name !== 'default') throw invalid('group_name', '用户分组不存在')
}

/**
 * Shipping. A sub-order goes out whole; `is_split=1` with `sub_tid` ships some of a trade. Sub codes are the published
 * ones [2+ for B04, B60 and P38: quoted by several integrations].
 */
import { ship } from '../marketplace/change.ts'
import type { Store } from '../marketplace/store.ts'
import { lineState, type Trade } from '../marketplace/trade.ts'
import type { Params } from '../marketplace/wire.ts'
import { refused } from './errors.ts'
import { digits, type Method, whole } from './methods.ts'
import { COMPANIES } from './view.ts'

/** What a carrier's number looks like. It may stand on several trades only where they go to one receiver. */
const NUMBER = /^[A-Za-z0-9-]{6,30}$/

/**
 * `taobao.logistics.offline.send` and `online.send`. The platform takes the latter without a number too and then waits
 * for `online.confirm`; here the number must be there, as nothing else says that the goods have left.
 */
function send(kind: 'offline' | 'online'): Method {
  return {
    required: ['tid', 'out_sid', 'company_code'],
    session: true,
    run(params, { shop, now }) {
      const fail = (code: string, why: string) => refused(`isv.logistics-${kind}-service-error:${code}`, why)
      const trade = shop.store.trade(digits(params, 'tid'))
      if (!trade) throw fail('B01', '订单不存在')
      const company = params.get('company_code')!
      if (!Object.hasOwn(COMPANIES, company)) throw fail('B56', '没有选择物流公司或者物流公司格式不对')
      const lines = linesOf(trade, params, fail)
      const number = params.get('out_sid')!
      if (!NUMBER.test(number) || usedElsewhere(shop.store, trade, company, number))
        throw fail('B60', '运单号不符合规则或已经被使用')
      shop.commit([ship(trade, { company, number, lines }, now)], 'other')
      return { shipping: { is_success: true } }
    },
  }
}

function usedElsewhere(store: Store, trade: Trade, company: string, number: string): boolean {
  const receiver = JSON.stringify(trade.receiver)
  return [...store.held.values()].some(({ versions }) => {
    const other = versions.at(-1)!.trade
    const same = other.parcels.some((p) => p.company === company && p.number === number)
    return same && JSON.stringify(other.receiver) !== receiver
  })
}

type Fail = (code: string, why: string) => Error

/** The sub-orders that a call ships. Throws TopError where one is not waiting, or the split is said by halves. */
function linesOf(trade: Trade, params: Params, fail: Fail): string[] {
  const named = (params.get('sub_tid') ?? '').split(',').filter((id) => id !== '')
  const split = whole(params, 'is_split', 0, 1, 0) === 1
  if (split && named.length === 0) throw fail('CD26', '拆分的子订单没有传子订单号')
  if (!split && named.length > 0) throw fail('CD25', '拆单标记和子订单列表两者必须都填或者都不填')
  const waiting = trade.lines.filter((line) => lineState(trade, line) === 'paid').map((line) => line.id)
  if (waiting.length === 0) throw fail('B04', '订单状态不对该物流订单已经发货或者已关闭，不能重复发货')
  if (!split) {
    if (trade.parcels.length > 0) throw fail('CD22', '订单已拆单，必须传入子交易号列表')
    return waiting
  }
  if (named.some((id) => !waiting.includes(id))) throw fail('P38', '拆单校验未通过')
  return [...new Set(named)]
}

export const LOGISTICS_METHODS: Readonly<Record<string, Method>> = Object.freeze({
  'taobao.logistics.offline.send': send('offline'),
  'taobao.logistics.online.send': send('online'),
})

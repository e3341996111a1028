/** What must become of a Douyin order, declared by the shop's side from the order alone. */
import { KNOWN_SKUS } from '../generate/catalogue.ts'
import type { Expectation } from '../generate/expectation.ts'
import { type Random, random } from '../generate/random.ts'
import { advance, apply } from './after-sale.ts'
import { pay, readdress, remark } from './change.ts'
import { mix } from './generate.ts'
import { type DouyinOrder, orderStatus } from './order.ts'
import { RECEIVER_COUNT, receiver } from './receivers.ts'

const KNOWN = new Set(KNOWN_SKUS)

/** Lines that belong into the ERP's order: a refund before shipping takes a line out, a return does not. */
export function bookedLines(order: DouyinOrder): DouyinOrder['skus'] {
  return order.skus.filter((s) => s.closed !== 21)
}

/**
 * Declares what must become of one version of an order. A missing merchant code outweighs everything, as no
 * usable document can be made of the record.
 */
export function expectationOf(order: DouyinOrder): Pick<Expectation, 'expect' | 'reason'> {
  if (order.skus.some((s) => s.code === '')) return { expect: 'parked', reason: 'missing-sku' }
  const status = orderStatus(order)
  if (order.stage === 'cancelled') return { expect: 'none', reason: 'cancelled' }
  if (status === 1) return { expect: 'none', reason: 'unpaid' }
  if (status === 105) return { expect: 'none', reason: 'in-review' }
  const lines = bookedLines(order)
  if (lines.length === 0) return { expect: 'none', reason: 'fully-refunded' }
  if (lines.some((s) => !KNOWN.has(s.code))) return { expect: 'parked', reason: 'unknown-sku' }
  return { expect: 'document', reason: 'paid' }
}

/** A change that happens to an order some time after it was placed. */
export type LaterChange = Expectation['changes'][number]['kind']

/**
 * Draws what happens later to an order of a seed, if anything: every second unpaid one is paid, and of those
 * worth a document about one in five is changed or has a line refunded. `delay` is 0..1 of the time allowed.
 */
export function laterChange(
  seed: number,
  order: DouyinOrder,
): { kind: LaterChange; delay: number; make(order: DouyinOrder, now: number): DouyinOrder } | null {
  const dice = random(mix(seed, Number(BigInt(order.id) % 1_000_000_007n), 0xc4a6))
  const { expect, reason } = expectationOf(order)
  if (reason === 'unpaid') {
    return dice.chance(0.5) ? { kind: 'paid', delay: dice.next(), make: (o, now) => pay(o, now) } : null
  }
  if (expect !== 'document' || !dice.chance(0.2)) return null
  const kind = dice.pick(['edited', 'edited', 'refunded'] as const)
  return { kind, delay: dice.next(), make: (o, now) => carryOut(o, kind, dice, now) }
}

function carryOut(order: DouyinOrder, kind: 'edited' | 'refunded', dice: Random, now: number): DouyinOrder {
  if (kind === 'refunded') {
    const applied = apply(order, { type: 2, reason: '拍错了' }, now)
    return advance(applied, applied.afterSales.at(-1)!.id, 'agree', now)
  }
  if (dice.chance(0.5)) return remark(order, '改发圆通，谢谢', dice.whole(1, 5), now)
  return readdress(order, receiver(dice.whole(0, RECEIVER_COUNT - 1)), now)
}

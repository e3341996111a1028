/** Which bill types have a registered plugin, by release. */
import type { BillType, Release } from './bill-type.ts'
import { RECEIVABLES, RECEIVABLES_5 } from './receivables.ts'
import { SALES_ORDER } from './sales-order.ts'
import { SALES_ORDER_5 } from './sales-order-5.ts'

const byCode = (types: readonly BillType[]) => new Map(types.map((type) => [type.code, type]))

/** By bill type code (`billtype` of the root). */
export const BILL_TYPES: Readonly<Record<Release, ReadonlyMap<string, BillType>>> = Object.freeze({
  6: byCode([SALES_ORDER, ...RECEIVABLES]),
  5: byCode([SALES_ORDER_5, ...RECEIVABLES_5]),
})

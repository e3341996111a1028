/** The warehouse at work: its clock and numbers, its stock, and refusals of what it cannot do. */
import type { Faults } from '../faults.ts'
import type { QimenOptions } from './options.ts'
import { type Put, type Stock, type Store, stockKey, type WmsOrder } from './store.ts'

/** The running sandbox as its parts see it. */
export interface Wms {
  readonly options: QimenOptions
  readonly warehouses: ReadonlySet<string>
  readonly owners: ReadonlySet<string>
  readonly store: Store
  readonly faults: Faults
  /** Queues messages that the store already holds. */
  send(messages: readonly number[]): void
}

/** Why a request was not carried out: `code` and `message` of the answer. */
export class Refusal extends Error {
  readonly code: string
  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

/** Pieces on hand, by the five parts of the key. */
export function onHand(wms: Wms, at: Pick<Stock, 'warehouse' | 'owner' | 'item' | 'type' | 'batch'>): number {
  return wms.store.stock.get(stockKey(at))?.quantity ?? 0
}

/** Pieces that open orders still want, all batches together. */
export function locked(wms: Wms, at: Pick<Stock, 'warehouse' | 'owner' | 'item' | 'type'>): number {
  let sum = 0
  for (const order of wms.store.orders.values()) {
    if (!isOpen(order) || !isOutbound(order) || order.warehouse !== at.warehouse) continue
    for (const line of order.lines) {
      const same = line.itemCode === at.item && line.owner === at.owner && line.inventoryType === at.type
      if (same) sum += Math.max(0, line.planQty - line.actualQty)
    }
  }
  return sum
}

export const isOutbound = (order: WmsOrder) => order.kind === 'delivery' || order.kind === 'stockout'

const FINISHED = new Set(['DELIVERED', 'FULFILLED', 'CANCELED', 'CLOSED', 'REJECT'])
export const isOpen = (order: WmsOrder) => !FINISHED.has(order.status)

/** The stock row after a change. Throws Refusal when more would go out than is there. */
export function changed(wms: Wms, at: Omit<Stock, 'quantity'>, change: number): Put {
  const before = wms.store.stock.get(stockKey(at))
  const quantity = (before?.quantity ?? 0) + change
  if (quantity < 0) {
    throw new Refusal('STOCK', `${at.item}: ${-change} wanted, ${before?.quantity ?? 0} on hand`)
  }
  const dates = {
    productDate: at.productDate || before?.productDate || '',
    expireDate: at.expireDate || before?.expireDate || '',
  }
  return ['stock', { ...at, ...dates, quantity }]
}

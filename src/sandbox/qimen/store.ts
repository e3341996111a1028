/**
 * What the warehouse system holds: orders of all kinds, items, stock and the messages it still owes to the
 * ERP. Every change is one event in the append-only log, with all rows that belong together.
 */
import { type Log, openLog } from '../log.ts'

/** Outbound for shops, other outbound, inbound, and inbound from buyers. */
export type Kind = 'delivery' | 'stockout' | 'entry' | 'return'

export interface OrderLine {
  readonly lineNo: string
  readonly itemCode: string
  readonly owner: string
  /** ZP good, CC damaged … */
  readonly inventoryType: string
  readonly planQty: number
  /** Confirmed so far. */
  readonly actualQty: number
  readonly sourceOrderCode: string
  readonly subSourceOrderCode: string
}

export interface Package {
  readonly logisticsCode: string
  readonly expressCode: string
  readonly packageCode: string
  readonly weight: string
  readonly items: readonly { readonly itemCode: string; readonly quantity: number }[]
}

/** A step of an order's way, as `orderprocess.*` tells it. */
export interface Step {
  readonly status: string
  /** Epoch ms. */
  readonly at: number
  readonly info: string
}

export interface WmsOrder {
  readonly kind: Kind
  readonly code: string
  /** The warehouse system's own id. */
  readonly id: string
  readonly warehouse: string
  readonly owner: string
  readonly orderType: string
  readonly status: string
  /** Epoch ms of its create. */
  readonly at: number
  /** Queries find it from then on (epoch ms). */
  readonly visibleAt: number
  readonly logisticsCode: string
  readonly lines: readonly OrderLine[]
  readonly packages: readonly Package[]
  readonly steps: readonly Step[]
  /** The request as it came. */
  readonly raw: string
}

export interface Item {
  readonly owner: string
  readonly code: string
  readonly id: string
  readonly fields: Readonly<Record<string, string>>
}

export interface Stock {
  readonly warehouse: string
  readonly owner: string
  readonly item: string
  readonly type: string
  /** '' for goods without a batch. */
  readonly batch: string
  readonly productDate: string
  readonly expireDate: string
  readonly quantity: number
}

/** A confirm or report that the ERP has to take; `body` never changes. */
export interface Message {
  readonly n: number
  /** Without prefix: deliveryorder.confirm … */
  readonly method: string
  /** Messages about the same order are sent one after the other. */
  readonly about: string
  readonly outBizCode: string
  readonly body: string
  readonly at: number
  readonly attempts: number
  readonly state: 'owed' | 'taken' | 'lost'
  /** What the last attempt met. */
  readonly last: string
}

interface Tables {
  order: WmsOrder
  item: Item
  stock: Stock
  message: Message
}

export type Put = { [T in keyof Tables]: readonly [table: T, row: Tables[T]] }[keyof Tables]

type Event = { t: 'put'; rows: Put[] }

/** Codes are unique per kind and owner. */
export const orderKey = (kind: Kind, owner: string, code: string) => `${kind} ${owner} ${code}`
export const itemKey = (owner: string, code: string) => `${owner} ${code}`
export const stockKey = (s: Pick<Stock, 'warehouse' | 'owner' | 'item' | 'type' | 'batch'>) =>
  [s.warehouse, s.owner, s.item, s.type, s.batch].join(' ')

/** The store; it lives as long as the server and owns the log. */
export class Store {
  readonly orders = new Map<string, WmsOrder>()
  readonly items = new Map<string, Item>()
  readonly stock = new Map<string, Stock>()
  readonly messages = new Map<number, Message>()
  readonly #byCode = new Map<string, Set<string>>()
  readonly #log: Log<Event>

  /** Opens it over the log at `path`, or empty and forgetful without one. Throws when the log is damaged. */
  constructor(path: string | undefined) {
    this.#log = openLog<Event>(path, ({ rows }) => this.#apply(rows))
  }

  /** Writes rows that belong together; the log has them before this returns. */
  commit(rows: readonly Put[]): void {
    if (rows.length === 0) return
    this.#log.append({ t: 'put', rows: [...rows] })
    this.#apply(rows)
  }

  /** Every order of this code, whatever its kind and owner. */
  withCode(code: string): WmsOrder[] {
    return [...(this.#byCode.get(code) ?? [])].map((key) => this.orders.get(key)!)
  }

  close(): void {
    this.#log.close()
  }

  #apply(rows: readonly Put[]): void {
    for (const [table, row] of rows) {
      if (table === 'item') this.items.set(itemKey(row.owner, row.code), row)
      else if (table === 'stock') this.stock.set(stockKey(row), row)
      else if (table === 'message') this.messages.set(row.n, row)
      else this.#putOrder(row)
    }
  }

  #putOrder(row: WmsOrder): void {
    const key = orderKey(row.kind, row.owner, row.code)
    this.orders.set(key, row)
    const keys = this.#byCode.get(row.code)
    if (keys) keys.add(key)
    else this.#byCode.set(row.code, new Set([key]))
  }
}

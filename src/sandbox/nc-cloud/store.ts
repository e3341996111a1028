/**
 * What this NC Cloud holds: the app's key, the newest token, sales orders, stock-outs, stock on hand, and the
 * repeats it has seen. Everything is an event in the log before it is answered for.
 */
import { openLog } from '../log.ts'
import type { Fields } from '../yonyou-nc/bill-type.ts'

export interface Token {
  access: string
  refresh: string
  securityKey: string
  /** Epoch ms. */
  until: number
}

/** A sales order. A change replaces the whole object. */
export interface SaleOrder {
  /** `csaleorderid`, 20 characters. */
  pk: string
  /** `vbillcode`. */
  code: string
  /** `fstatusflag`: 1 free, 2 approved. */
  status: 1 | 2
  head: Fields
  /** With `csaleorderbid`. */
  rows: readonly Fields[]
  /** First commit, ISO 8601 in UTC with milliseconds. */
  received: string
  /** Last change, epoch ms. */
  changed: number
  updates: number
}

/** A sales stock-out (4C): what has left the warehouse for an order. */
export interface SaleOut {
  pk: string
  code: string
  order: string
  /** Warehouse code. */
  warehouse: string
  carrier: string
  tracking: string
  lines: { pk: string; row: string; material: string; quantity: string }[]
  /** Epoch ms. */
  at: number
}

/** A saved body that must not be saved again within the window. */
export interface Repeat {
  key: string
  at: number
}

type Event =
  | { t: 'key'; pem: string }
  | { t: 'token'; token: Token }
  | { t: 'expire'; at: number }
  | { t: 'orders'; orders: SaleOrder[]; repeat: Repeat | null }
  | { t: 'deleted'; pks: string[] }
  | { t: 'saleout'; saleOut: SaleOut; stock: [key: string, quantity: string][] }
  | { t: 'stock'; stock: [key: string, quantity: string][] }

/** Stock is kept per warehouse and material. */
export const stockKey = (warehouse: string, material: string) => `${warehouse}\n${material}`

/** 20 characters as NC's own keys. */
function keyOf(sequence: number): string {
  return `1001B1${sequence.toString(36).toUpperCase().padStart(14, '0')}`
}

interface State {
  orders: Map<string, SaleOrder>
  byCode: Map<string, string>
  saleOuts: Map<string, SaleOut>
  stock: Map<string, string>
  repeats: Map<string, number>
  pem: string | undefined
  token: Token | undefined
  /** The number in the newest key; it goes on after those that the log holds. */
  sequence: number
}

function emptyState(): State {
  const maps = {
    orders: new Map(),
    byCode: new Map(),
    saleOuts: new Map(),
    stock: new Map(),
    repeats: new Map(),
  }
  return { ...maps, pem: undefined, token: undefined, sequence: 0 }
}

function replay(state: State, event: Event): void {
  switch (event.t) {
    case 'key':
      state.pem = event.pem
      break
    case 'token':
      state.token = event.token
      break
    case 'expire':
      if (state.token) state.token = { ...state.token, until: Math.min(state.token.until, event.at) }
      break
    case 'orders':
      for (const order of event.orders) putOrder(state, order)
      if (event.repeat) state.repeats.set(event.repeat.key, event.repeat.at)
      break
    case 'deleted':
      for (const pk of event.pks) removeOrder(state, pk)
      break
    case 'saleout':
      state.saleOuts.set(event.saleOut.pk, event.saleOut)
      seen(state, event.saleOut.pk, ...event.saleOut.lines.map((l) => l.pk))
      for (const [key, quantity] of event.stock) state.stock.set(key, quantity)
      break
    case 'stock':
      for (const [key, quantity] of event.stock) state.stock.set(key, quantity)
  }
}

function putOrder(state: State, order: SaleOrder): void {
  const before = state.orders.get(order.pk)
  if (before) state.byCode.delete(before.code)
  state.orders.set(order.pk, order)
  state.byCode.set(order.code, order.pk)
  seen(state, order.pk, ...order.rows.map((row) => row.csaleorderbid!))
}

function removeOrder({ orders, byCode }: State, pk: string): void {
  const before = orders.get(pk)
  if (before) byCode.delete(before.code)
  orders.delete(pk)
}

function seen(state: State, ...keys: string[]): void {
  for (const key of keys) state.sequence = Math.max(state.sequence, Number.parseInt(key.slice(6), 36))
}

/** Opens the store over the log at `path`, or empty and forgetful without one. */
export function openStore(path: string | undefined) {
  const state = emptyState()
  const { orders, byCode, saleOuts, stock, repeats } = state
  const log = openLog<Event>(path, (event) => replay(state, event))
  const commit = (event: Event) => {
    log.append(event)
    replay(state, event)
  }
  return {
    orders,
    saleOuts,
    stock,
    /** The app's private key as PEM; undefined before the first start. */
    pem: () => state.pem,
    keepKey: (text: string) => commit({ t: 'key', pem: text }),
    token: () => state.token,
    issue: (next: Token) => commit({ t: 'token', token: next }),
    expireToken: () => commit({ t: 'expire', at: Date.now() }),
    /** The primary key of the order that has this `vbillcode`. */
    ownerOf: (code: string): string | undefined => byCode.get(code),
    nextKey(): string {
      state.sequence += 1
      return keyOf(state.sequence)
    },
    /** Stores orders with one write. */
    put: (changed: SaleOrder[], repeat: Repeat | null) => commit({ t: 'orders', orders: changed, repeat }),
    remove: (pks: string[]) => commit({ t: 'deleted', pks }),
    repeatedAt: (key: string): number | undefined => repeats.get(key),
    ship: (saleOut: SaleOut, changed: [string, string][]) =>
      commit({ t: 'saleout', saleOut, stock: changed }),
    setStock: (changed: [string, string][]) => commit({ t: 'stock', stock: changed }),
    close: () => log.close(),
  }
}

/** The open store. */
export type Store = ReturnType<typeof openStore>

/** Orders, newest first, and the refunds in them. */
import type { RawRecord } from 'tributary/hooks'
import { type Call, type Scale, told } from './hooks-graph.ts'

export type Orders = Scale & {
  orders: { totalItems: number; items: { id: string; orderPlacedAt: string }[] }
}

export const REFUNDED = `id code currencyCode orderPlacedAt payments { id method
  refunds { id createdAt updatedAt state total items shipping adjustment reason transactionId lines { orderLineId quantity } } }`
/** Nothing moves an order's clock when money goes back: orders of so many days are looked at. */
export const REACH = 60 * 86_400_000
export const ORDERS = (fields: unknown) => `query($options: OrderListOptions) {
  globalSettings { serverConfig { moneyStrategyPrecision } } orders(options: $options) { totalItems items { ${fields} } } }`
const PAGE = 50
export async function readOrders(call: Call, options: object, fields = call.tools.settings.orderFields) {
  const { globalSettings, orders } = await told<Orders>(call, ORDERS(fields), options)
  const body = (order: object) => Buffer.from(JSON.stringify({ ...globalSettings.serverConfig, ...order }))
  const kind = { contentType: 'application/json', shape: 'order', total: orders.totalItems }
  return orders.items.map((o) => ({ id: o.id, body: body(o), placed: new Date(o.orderPlacedAt), ...kind }))
}

/** Newest first, cut here: the server's date filters are off by its zone, and new orders only shift known ones. */
export async function placedSince(call: Call, since: Date, resume: unknown, fields?: string) {
  const skip = Number(resume ?? 0)
  const filter = { active: { eq: false }, orderPlacedAt: { isNull: false } }
  const sort = { orderPlacedAt: 'DESC', id: 'DESC' }
  const orders = await readOrders(call, { filter, sort, skip, take: PAGE }, fields)
  const more = orders.length === PAGE && orders.at(-1)!.placed >= since
  return { orders: orders.filter((o) => o.placed >= since), next: more ? skip + PAGE : null }
}

export const recordOf = (id: string, shape: string, value: object): RawRecord => {
  return { id, body: Buffer.from(JSON.stringify(value)), contentType: 'application/json', shape }
}

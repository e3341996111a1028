/** Calls, and what they prove. */
import type { Outcome, Remote, Tools, WriteItem } from 'tributary/hooks'

export type Failed = Exclude<Outcome, { kind: 'done' }>
export type At = { tools: Tools; signal: AbortSignal }
export type Meta = { key: string; value: unknown }
export type OrderLine = { id: number; quantity: number; taxes: { id: number; total: string }[] }
export type Order = { currency: string; number: string; status: string; meta_data: Meta[] } & {
  line_items: OrderLine[]
  shipping_lines: OrderLine[]
  refunds: { id: number }[]
}

export type Refund = {
  id: number
  amount: string
  reason: string
  line_items: (OrderLine & { meta_data: Meta[] })[]
}

export type Product = {
  id: number
  sku: string
  type: string
  parent_id: number
  manage_stock: boolean | 'parent'
}
const stop = (failed: Failed) => Object.assign(new Error(failed.message), { failed })
export const failedOf = (e: unknown, tools: Tools) => (e as { failed?: Failed }).failed ?? tools.failed(e)
export const parsed = <T>(item: WriteItem) => JSON.parse(item.body.toString()) as T
export const refused = (code: string, message: string) =>
  stop({ kind: 'refused', code: `WOO_${code}`, message })
export async function ask<T>(
  { tools, signal }: At,
  method: string,
  path: string,
  content?: object,
): Promise<T> {
  const headers: Record<string, string> = content ? { 'Content-Type': 'application/json' } : {}
  const body = content ? { body: JSON.stringify(content) } : {}
  const answer = await tools.http({ method, path, headers, ...body, signal })
  const failed = tools.outcome(answer)
  if (!failed) return tools.json(answer.body) as T
  let told: { code?: string; message?: string } = {}
  if (answer.body[0] === 123) told = tools.json(answer.body) as typeof told
  // a 500, but WooCommerce has deleted the refund that it could not finish
  const undone = told.code === 'woocommerce_rest_cannot_create_order_refund'
  if (undone) throw refused('REFUND_REFUSED', String(told.message).slice(0, 300))
  throw stop({ ...failed, ...(told.code ? { code: told.code } : {}) })
}

/** What is asked before anything is written: nothing was written then, whatever fails. */
export async function before<T>(asking: Promise<T>, tools: Tools): Promise<T> {
  return asking.catch((error) => {
    const failed = failedOf(error, tools)
    throw stop(failed.kind === 'unknown' ? { ...failed, kind: 'not-done' } : failed)
  })
}

export const refunds = (at: At, order: string) =>
  ask<Refund[]>(at, 'GET', `/orders/${order}/refunds?per_page=100`)
export const refundedLine = (line: { meta_data: Meta[] }) =>
  String(line.meta_data.find((m) => m.key === '_refunded_item_id')?.value ?? '')
export const proved = (work: Promise<Remote>, tools: Tools): Promise<Outcome> =>
  work.then((done): Outcome => ({ kind: 'done', remote: done })).catch((error) => failedOf(error, tools))

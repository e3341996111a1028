/** What every TOP method is given, and how its parameters are read. */
import type { Shop } from '../marketplace/shop.ts'
import { type Params, parseBeijing } from '../marketplace/wire.ts'
import { invalid } from './errors.ts'
import type { TaobaoOptions } from './options.ts'

/** What a method works on. */
export interface Context {
  shop: Shop
  options: TaobaoOptions
  seller: string
  now: Date
}

/** One method: which parameters it must have, whether it acts for a seller, and its work. Throws TopError. */
export interface Method {
  required: readonly string[]
  session: boolean
  run(params: Params, context: Context): Record<string, unknown>
}

/** A whole number within bounds; `fallback` when it was not given. Throws TopError. */
export function whole(
  params: Params,
  name: string,
  fallback: number,
  most = Number.MAX_SAFE_INTEGER,
  least = 1,
): number {
  const text = params.get(name)
  if (!text) return fallback
  const value = Number(text)
  if (!/^-?\d+$/.test(text) || value < least || value > most)
    throw invalid(name, `${name}的取值范围:${least}到${most}`)
  return value
}

/** An instant given in Beijing time; undefined when it was not given. Throws TopError. */
export function clock(params: Params, name: string): string | undefined {
  const text = params.get(name)
  if (!text) return undefined
  const at = parseBeijing(text)
  if (at === null) throw invalid(name, '格式:yyyy-MM-dd HH:mm:ss')
  return new Date(at).toISOString().replace('.000', '')
}

/** Digits, kept as text. Throws TopError. */
export function digits(params: Params, name: string): string {
  const text = params.get(name) ?? ''
  if (!/^\d{1,19}$/.test(text)) throw invalid(name, `${name}必须是数字`)
  return text
}

const DAY = 86_400_000

/** How far back lists reach: three months. */
export const reach = (now: Date): string =>
  new Date(now.getTime() - 90 * DAY).toISOString().replace(/\.\d+/, '')

/**
 * Lists have pages from 1 with at most `most` entries; `use_has_next` leaves the count out and says whether there is
 * more. An empty list is not there at all [M].
 */
export function listing(
  params: Params,
  total: number,
  entries: { items: Record<string, unknown>[]; more: boolean },
  [outer, inner]: [string, string],
): Record<string, unknown> {
  const list = entries.items.length > 0 ? { [outer]: { [inner]: entries.items } } : {}
  return params.get('use_has_next') === 'true'
    ? { has_next: entries.more, ...list }
    : { total_results: total, ...list }
}

/** A window that is there, goes forward and is at most a day long [2+]. Throws TopError. */
export function dayWindow(params: Params, from: string, to: string): [string, string] {
  const start = clock(params, from)!
  const end = clock(params, to)!
  const length = Date.parse(end) - Date.parse(start)
  if (length <= 0) throw invalid(to, `${to}必须大于${from}`)
  if (length > DAY) throw invalid(from, `${from}和${to}的时间跨度不能大于一天`)
  return [start, end]
}

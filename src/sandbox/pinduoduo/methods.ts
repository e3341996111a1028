/** What every Pinduoduo method is given, and how its parameters are read. */
import type { Shop } from '../marketplace/shop.ts'
import type { Params } from '../marketplace/wire.ts'
import { invalid } from './errors.ts'
import type { PinduoduoOptions } from './options.ts'

/** What a method works on. */
export interface Context {
  shop: Shop
  options: PinduoduoOptions
  now: Date
}

/**
 * One method: the key that its answer stands under (null: under none), the parameters it must have, whether it acts for
 * a merchant, and its work. Throws PddError.
 */
export interface Method {
  key: string | null
  required: readonly string[]
  token: boolean
  run(params: Params, context: Context): Record<string, unknown>
}

/** A whole number within bounds; `fallback` when it was not given. Throws PddError. */
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
    throw invalid(`${name}的取值范围:${least}到${most}`)
  return value
}

/** One of a list of numbers. Throws PddError. */
export function oneOf(params: Params, name: string, values: readonly number[]): number {
  const value = Number(params.get(name))
  if (!values.includes(value)) throw invalid(`${name}的取值:${values.join(',')}`)
  return value
}

/** A window in seconds since 1970 that goes forward and is at most so long; as instants. Throws PddError. */
export function windowOf(params: Params, from: string, to: string, most: number): [string, string] {
  const start = whole(params, from, 0)
  const end = whole(params, to, 0)
  if (end <= start) throw invalid(`${to}必须大于${from}`)
  if (end - start > most) throw invalid(`${from}和${to}的间距不超过${most}秒`)
  return [instant(start), instant(end)]
}

const instant = (seconds: number): string => new Date(seconds * 1000).toISOString().replace('.000', '')

/**
 * A window of an incremental list: at most half an hour [2+]. Its end must lie three minutes back: what changes later
 * would come in front and push others off pages already read. The documentation only warns of orders lost that way;
 * here it is refused, so that a client that does not keep to it shows at once.
 */
export function incrementOf(params: Params, { options, now }: Context): [string, string] {
  const window = windowOf(params, 'start_updated_at', 'end_updated_at', 1800)
  const tail = (options.tailSeconds ?? 180) * 1000
  if (tail > 0 && Date.parse(window[1]) > now.getTime() - tail)
    throw invalid(`end_updated_at不得晚于系统时间前${tail / 1000}秒`)
  return window
}

const DAY = 86_400_000

/** How far back anything can be read: three months. */
export const reach = (now: Date): string =>
  new Date(now.getTime() - 90 * DAY).toISOString().replace(/\.\d+/, '')

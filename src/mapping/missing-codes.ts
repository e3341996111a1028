/** All the codes that a record lacks: a person who must fill them in shall see them at once, not one after another. */
import { type ErrorDetail, TributaryError } from '../core/errors/error.ts'
import type { MapContext } from '../core/ports.ts'
import { codeFunctions, type MissingCode } from './functions.ts'

interface Direction {
  /** `order`: the mapping reads an order document. */
  from: string
  to: string
}

/**
 * Called with whatever a mapping threw. Where that was MAPPING_CODE_MISSING, the mapping runs once more with nothing
 * in place of the codes that are missing, and what it then asked for is told: `connection`, whose tables they are;
 * `keys`, JSON text, all pairs of table and key, the first being the one that stopped it (those after it may be
 * wanted only because it was missing); `more`, words for the message; `amount` (minor units) and `currency` of the
 * order, where they are known. Empty for any other error.
 */
export async function missingCodes(
  { from, to }: Direction,
  error: unknown,
  run: (input: unknown, bindings: Record<string, unknown>) => unknown,
  input: unknown,
  context: MapContext,
): Promise<ErrorDetail> {
  if (!(error instanceof TributaryError) || error.code !== 'MAPPING_CODE_MISSING') return {}
  const { codes, factors, ...rest } = context
  const found: MissingCode[] = [[String(error.detail.table), String(error.detail.key)]]
  let output: unknown
  try {
    output = await run(input, { ...rest, ...codeFunctions(codes, factors, found) })
  } catch {
    // it follows from what was missing: the first error is the one to tell
    output = undefined
  }
  const keys = [...new Map(found.map((pair) => [JSON.stringify(pair), pair])).values()].map(storable)
  const others = keys.length - 1
  return {
    connection: context.connection,
    keys: JSON.stringify(keys),
    more: others === 0 ? '' : { en: ` and lacks ${others} more`, zh: `，另缺 ${others} 项` },
    ...atStake(from === 'order' ? input : to === 'order' ? output : undefined),
  }
}

/** What no database keeps must not keep the others from being listed. */
const storable = (pair: MissingCode) => pair.map((text) => text.replaceAll('\0', '').toWellFormed())

/** What the order comes to. */
function atStake(order: unknown): ErrorDetail {
  const { currency, totals } = (order ?? {}) as { currency?: unknown; totals?: { total?: unknown } }
  const amount = totals?.total
  if (typeof currency !== 'string' || !/^[A-Z]{3}$/.test(currency)) return {}
  return Number.isSafeInteger(amount) ? { amount: amount as number, currency } : {}
}

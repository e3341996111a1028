/** How many records a source has in a window, as `read.<stream>` declares it. */
import { connectorError } from '../core/errors/connector.ts'
import type { ReadStream } from '../core/ports.ts'
import type { Answered, Caller } from './caller.ts'
import { pick } from './dotted.ts'
import { edges } from './list.ts'
import type { Call } from './manifest-call.ts'
import type { Clock } from './manifest-http.ts'
import type { StreamManifest } from './manifest-read.ts'

export interface CountOptions {
  declared: StreamManifest
  caller: Caller
  /** Of the list. */
  clock: Clock
}

type Count = NonNullable<ReadStream['count']>

/** A call of its own, or the total that each page of the list states; null where neither is declared. */
export function declaredCount({ declared, caller, clock }: CountOptions): Count | null {
  const { count, list } = declared
  const own = count && (count.get ?? count.post) !== undefined
  // of a list's total nobody knows what is left out on the way to a record
  const exact = count?.exact ?? own === true
  const first = { page: list?.page?.first ?? 1, offset: 0, next: '', size: list?.page?.size ?? '' }
  const ask = (call: Call, at: string | undefined, more: object): Count => {
    return async (window, signal) => {
      const answered = await caller.read({ call, values: { ...more, ...edges(list, clock, window) }, signal })
      return { count: numberAt(answered, at), exact }
    }
  }
  if (own) return ask(count, count.at, {})
  return list?.page?.total ? ask(list, list.page.total, first) : null
}

/** Throws CONNECTOR_ANSWER_UNREADABLE where there is no whole number. */
function numberAt({ value }: Answered, at: string | undefined): number {
  const found = pick(value, at)
  if (/^\d{1,15}$/.test(String(found))) return Number(found)
  throw connectorError('CONNECTOR_ANSWER_UNREADABLE', { reason: `no whole number at ${at ?? 'the top'}` })
}

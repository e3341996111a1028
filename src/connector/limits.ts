/** The limits of a connection: its manifest's, and its own `rate` in place of the manifest's `default`. */
import { parseDuration } from '../core/time.ts'
import type { ClassLimit } from './budget.ts'
import type { Manifest } from './manifest.ts'
import type { LimitManifest } from './manifest-http.ts'

/** `per`: milliseconds or a duration like `1s`. A rate of one's own counts calls, whatever the remote counts. */
export function classLimits(
  manifest: Manifest,
  rate: { calls: number; per: number | string } | null | undefined,
): Record<string, ClassLimit> {
  const declared = Object.entries(manifest.http?.limits ?? {}).map(([name, limit]) => [
    name,
    { limit: limitOf(limit), announced: limit.announced ?? null },
  ])
  const own = rate ? { default: { limit: limitOf(rate), announced: null } } : {}
  return { ...Object.fromEntries(declared), ...own }
}

type Rate = Omit<LimitManifest, 'per' | 'announced'> & { per: number | string }

/** No time is no limit. */
function limitOf({ calls, per, burst = 1 }: Rate): ClassLimit['limit'] {
  const time = typeof per === 'number' ? per : parseDuration(per)
  return time > 0 ? { capacity: burst, perSecond: (calls * 1000) / time } : null
}

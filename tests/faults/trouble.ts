/** The seeded plan of a run: which trouble comes when. */
import { CRASH_POINTS, type CrashPoint } from '../../src/core/crash-point.ts'
import type { Random } from '../../src/sandbox/generate/random.ts'
import type { Erp, Shop, Storage } from './world.ts'

export type Trouble =
  /** SIGKILL to the process that holds the ledger. */
  | { do: 'kill' }
  /** The next life dies at this point. */
  | { do: 'crash'; at: CrashPoint; pass: number }
  | { do: 'postgres'; how: 'fast' | 'crash' }
  | { do: 'redis'; how: 'flush' | 'restart' }
  | { do: 'erp' }

/** `after`: milliseconds that the product has lived before this trouble comes. */
export type Step = Trouble & { after: number }

/**
 * Points that a run can reach: drafts and finds are for remotes that protect nothing; nobody asks for history; a shop
 * that sends no webhooks gives nothing to receive and nothing to fetch.
 */
function reachable(erp: Erp, shop: Shop): CrashPoint[] {
  const onlyNaive: CrashPoint[] = ['deliver.advanced', 'find.answered']
  const asked: CrashPoint[] = ['backfill.page-committed', 'completeness.page-committed']
  const sent: CrashPoint[] = ['receive.taken', 'receive.committed', 'fetch.committed']
  const never = [...asked, ...(erp === 'naive' ? [] : onlyNaive), ...(shop === 'shopify' ? [] : sent)]
  return CRASH_POINTS.filter((p) => !never.includes(p))
}

export interface TroubleOptions {
  storage: Storage
  erp: Erp
  shop?: Shop
  /** Kills at random moments. */
  kills: number
  /** Crash points to pass through: all, how many of them (drawn), or just these, each at its first pass. */
  crashes: 'all' | number | CrashPoint[]
  /** Longest life before a trouble, milliseconds. */
  longest: number
}

/** Same seed, same plan. */
export function planTroubles(options: TroubleOptions, dice: Random): Step[] {
  const { storage, erp, shop = 'shopify', kills, crashes, longest } = options
  const drawn = shuffled(reachable(erp, shop), dice)
  const points = Array.isArray(crashes) ? crashes : drawn.slice(0, crashes === 'all' ? undefined : crashes)
  const troubles: Trouble[] = [
    ...Array.from({ length: kills }, (): Trouble => ({ do: 'kill' })),
    ...points.map(
      (at): Trouble => ({ do: 'crash', at, pass: Array.isArray(crashes) ? 1 : dice.whole(1, 2) }),
    ),
    { do: 'erp' },
  ]
  if (storage !== 'embedded') troubles.push({ do: 'postgres', how: 'fast' }, { do: 'postgres', how: 'crash' })
  if (storage === 'postgres-redis')
    troubles.push({ do: 'redis', how: 'flush' }, { do: 'redis', how: 'restart' })
  return shuffled(troubles, dice).map((t) => ({ ...t, after: Math.round(dice.next() ** 2 * longest) }))
}

export function shuffled<T>(of: T[], dice: Random): T[] {
  const list = [...of]
  for (let i = list.length - 1; i > 0; i--) {
    const j = dice.whole(0, i)
    ;[list[i], list[j]] = [list[j]!, list[i]!]
  }
  return list
}

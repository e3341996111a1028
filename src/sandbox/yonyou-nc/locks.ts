/**
 * The platform's lock on bill type + document id (china.md §1.1): who meets a lock tries again for about
 * 1.5 s and then fails that bill.
 */
import { setTimeout as sleep } from 'node:timers/promises'

/** How long a contender tries, and how often, ms. */
const PATIENCE = 1500
const EVERY = 50

export interface Held {
  /** For each wanted key, in order: whether it was got. An empty key is never locked and always got. */
  readonly got: readonly boolean[]
  release(): void
}

export interface Locks {
  /** Waits for all keys at once. The same key twice in one call is one lock. */
  take(keys: readonly string[]): Promise<Held>
}

/** A table of locks, held in memory: they end with the process, as NC's do. */
export function createLocks(): Locks {
  const taken = new Set<string>()
  return {
    async take(keys) {
      const mine = new Set<string>()
      const grab = () => {
        let missing = false
        for (const key of keys) {
          if (key === '' || mine.has(key)) continue
          if (taken.has(key)) missing = true
          else {
            taken.add(key)
            mine.add(key)
          }
        }
        return !missing
      }
      const until = performance.now() + PATIENCE
      while (!grab() && performance.now() < until) await sleep(EVERY)
      return {
        got: keys.map((key) => key === '' || mine.has(key)),
        release: () => {
          for (const key of mine) taken.delete(key)
        },
      }
    },
  }
}

/** Budgets of one process: for the embedded size, and for as long as the store that is shared does not answer. */
import {
  type Bucket,
  type BudgetLimit,
  type BudgetOf,
  type Budgets,
  earn,
  fullBucket,
  hearOf,
  passed,
  takeFrom,
} from '../core/budget.ts'

/** `now`: milliseconds of a clock, by default one that never jumps. */
export function memoryBudgets(now: () => number = () => performance.now()): Budgets {
  const kept = new Map<string, { at: number; bucket: Bucket }>()
  const upToDate = (of: BudgetOf, limit: BudgetLimit) => {
    const key = JSON.stringify([of.connection, of.class])
    const found = kept.get(key) ?? { at: now(), bucket: fullBucket(limit) }
    const { elapsed, at } = passed(found.at, now())
    const entry = { at, bucket: earn(found.bucket, limit, elapsed) }
    kept.set(key, entry)
    return entry
  }
  return {
    async take(of, limit, request) {
      const entry = upToDate(of, limit)
      const { bucket, turn } = takeFrom(entry.bucket, limit, request)
      entry.bucket = bucket
      return turn
    },
    async hear(of, limit, heard) {
      const entry = upToDate(of, limit)
      entry.bucket = hearOf(entry.bucket, limit, heard)
    },
    async close() {
      kept.clear()
    },
  }
}

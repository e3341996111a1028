/** Opens the budgets where all processes find them: Redis where there is one, else PostgreSQL, else in this process. */
import { memoryBudgets } from '../connector/budget-memory.ts'
import type { Budgets } from '../core/budget.ts'
import { ledgerBudgets } from '../ledger/budget.ts'
import type { Database } from '../ledger/database.ts'
import { redisBudgets } from '../queue/budget.ts'
import type { Config } from './config.ts'
import type { Log } from './log.ts'

/** Without an answer in this time the process paces itself. Milliseconds. */
const ANSWERS_WITHIN = 3_000
/** Then for so long, until the store is asked again. Milliseconds. */
const ALONE = 5_000

/** `close` closes what was opened here, not the database. */
export function openBudgets(storage: Config['storage'], db: Database, log: Log): Budgets {
  if (storage.redis) {
    const trouble = (what: string, error: Error) => log.debug({ event: 'budget.trouble', what, error })
    return orAlone(redisBudgets(storage.redis, trouble), log)
  }
  return db.kind === 'postgres' ? orAlone(ledgerBudgets(db), log) : memoryBudgets()
}

/** As long as the shared store does not answer each process paces itself: no call waits for a store, or fails with it. */
export function orAlone(store: Budgets, log: Log, alone: Budgets = memoryBudgets()): Budgets {
  let away = 0
  const asked = new Set<Promise<unknown>>()
  const ask = async <T>(shared: () => Promise<T>, own: () => Promise<T>): Promise<T> => {
    if (performance.now() < away) return own()
    const asking = within(shared())
    asked.add(asking)
    try {
      const answer = await asking
      if (away > 0) log.info({ event: 'budget.shared-again' })
      away = 0
      return answer
    } catch (error) {
      if (away === 0) log.warn({ event: 'budget.alone', error })
      away = performance.now() + ALONE
      return own()
    } finally {
      asked.delete(asking)
    }
  }
  return {
    take: (...request) =>
      ask(
        () => store.take(...request),
        () => alone.take(...request),
      ),
    hear: (...heard) =>
      ask(
        () => store.hear(...heard),
        () => alone.hear(...heard),
      ),
    async close() {
      await Promise.allSettled(asked)
      await store.close()
    },
  }
}

function within<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ANSWERS_WITHIN} ms`)), ANSWERS_WITHIN)
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}

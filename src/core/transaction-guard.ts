/**
 * No I/O inside a transaction. The embedded database has one session: a remote call or a queue call made
 * while a transaction is open would hold up every webhook, or wait for itself for ever.
 */
import { AsyncLocalStorage } from 'node:async_hooks'

const open = new AsyncLocalStorage<true>()

/** Runs `work` marked as being inside a transaction. Called by the database adapters only. */
export function insideTransaction<T>(work: () => Promise<T>): Promise<T> {
  return open.run(true, work)
}

/** Throws when called inside a transaction; called first by everything that does I/O of its own. */
export function refuseInsideTransaction(what: string): void {
  if (open.getStore()) throw new Error(`${what} inside a database transaction: do it before or after`)
}

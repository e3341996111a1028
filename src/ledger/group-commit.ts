/**
 * Group commit: single rows that arrive while a statement runs are written together by the next one. The
 * caller's promise resolves only when its row is committed. One poisonous row does not fail its neighbours:
 * on a data error the batch is halved until the row is alone.
 */
import { ledgerError } from '../core/errors/ledger.ts'
import { isDataError } from './database.ts'

interface Waiting<T, R> {
  item: T
  resolve: (result: R) => void
  reject: (error: unknown) => void
}

export interface GroupCommitOptions {
  /** Most items of one statement. */
  most: number
  /** Statements at a time; more than one only helps where the database has more than one session. */
  parallel?: number
  /** Beyond this many waiting items `add` refuses with LEDGER_BUSY, so memory stays bounded. */
  waiting: number
}

export class GroupCommit<T, R> {
  #write: (items: T[]) => Promise<R[]>
  #options: GroupCommitOptions
  #queue: Waiting<T, R>[] = []
  #running = 0

  /** `write` commits a batch and answers one result per item, in order. */
  constructor(write: (items: T[]) => Promise<R[]>, options: GroupCommitOptions) {
    this.#write = write
    this.#options = options
  }

  /** Resolves when the item is committed. Throws LEDGER_BUSY at once when too many wait. */
  add(item: T): Promise<R> {
    if (this.#queue.length >= this.#options.waiting) {
      return Promise.reject(ledgerError('LEDGER_BUSY', { waiting: this.#queue.length }))
    }
    const promise = new Promise<R>((resolve, reject) => this.#queue.push({ item, resolve, reject }))
    if (this.#running < (this.#options.parallel ?? 1)) void this.#run()
    return promise
  }

  get waiting(): number {
    return this.#queue.length
  }

  async #run(): Promise<void> {
    this.#running++
    // let everything that arrives in this turn of the event loop join the first statement
    await new Promise((resolve) => setImmediate(resolve))
    while (this.#queue.length > 0) {
      const batch = this.#queue.splice(0, this.#options.most)
      await bisect(
        batch,
        async (part) => {
          const results = await this.#write(part.map((w) => w.item))
          part.forEach((w, i) => {
            w.resolve(results[i]!)
          })
        },
        (w, error) => w.reject(error),
      )
    }
    this.#running--
  }
}

/**
 * Runs `write` on the whole batch; on a data error on its halves, down to the one item that fails alone.
 * Other errors (the database is away) fail every item of the part.
 */
export async function bisect<T>(
  items: T[],
  write: (part: T[]) => Promise<void>,
  failed: (item: T, error: unknown) => void,
): Promise<void> {
  if (items.length === 0) return
  try {
    await write(items)
  } catch (error) {
    if (items.length === 1 || !isDataError(error)) {
      for (const item of items) failed(item, error)
      return
    }
    const middle = items.length >> 1
    await bisect(items.slice(0, middle), write, failed)
    await bisect(items.slice(middle), write, failed)
  }
}

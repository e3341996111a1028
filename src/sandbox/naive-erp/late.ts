/** Writes that never answer: the caller waits, gives up, and the write is committed some time later. */
import type { ServerResponse } from 'node:http'
import type { Store, Write } from './store.ts'

export interface LateOptions {
  store: Store
  /** Longest silence before the connection is cut, ms. */
  holdMs: number
}

/** The late writes of one server; it lives as long as the server. */
export class LateWrites {
  readonly #store: Store
  readonly #holdMs: number
  readonly #timers = new Set<NodeJS.Timeout>()
  #stopped = false

  /** Commits at once what an earlier process had accepted: its callers gave up when it died. */
  constructor({ store, holdMs }: LateOptions) {
    this.#store = store
    this.#holdMs = holdMs
    for (const pending of store.pending) store.commitPending(pending)
  }

  /** Accepts a write without answering; it commits `delay` ms after the caller has gone. */
  hold(write: Write, res: ServerResponse, delay: number): void {
    const pending = this.#store.accept(write)
    const cut = this.#after(this.#holdMs, () => res.socket?.resetAndDestroy())
    const gone = () => {
      this.#cancel(cut)
      if (!this.#stopped) this.#after(delay, () => this.#store.commitPending(pending))
    }
    // A caller that left while its body was being read or a latency passed is gone already.
    if (res.destroyed || res.closed) gone()
    else res.once('close', gone)
  }

  /** Stops the timers; what is pending stays in the log and is committed at the next start. */
  close(): void {
    this.#stopped = true
    for (const timer of this.#timers) clearTimeout(timer)
    this.#timers.clear()
  }

  #after(ms: number, then: () => void): NodeJS.Timeout {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      then()
    }, ms)
    this.#timers.add(timer)
    return timer
  }

  #cancel(timer: NodeJS.Timeout): void {
    clearTimeout(timer)
    this.#timers.delete(timer)
  }
}

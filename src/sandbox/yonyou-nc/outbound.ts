/** Posts the outbound documents that report imported bills, again and again until the receiver takes them. */
import { setTimeout as sleep } from 'node:timers/promises'
import { acknowledgementDocument } from './answer.ts'
import type { BillType } from './bill-type.ts'
import { encodeDocument, type OutputCharset } from './charset.ts'
import type { Store, StoredBill } from './store.ts'

const AT_ONCE = 4
const FIRST_WAIT = 100
const LONGEST_WAIT = 3000
const TIMEOUT = 10_000

export interface OutboundOptions {
  url: string
  account: string
  charset: OutputCharset
  store: Store
  types: ReadonlyMap<string, BillType>
}

/** The reporter; it lives as long as the server. */
export class Outbound {
  readonly #options: OutboundOptions
  readonly #queue: StoredBill[]
  readonly #stop = new AbortController()
  readonly #running = new Set<Promise<void>>()
  #posts = 0
  #taken = 0

  /** Starts at once; bills left unreported by an earlier run come first. */
  constructor(options: OutboundOptions) {
    this.#options = options
    this.#queue = options.store.unacknowledged()
    this.#fill()
  }

  /** Queues the report of a committed bill. */
  report(bill: StoredBill): void {
    this.#queue.push(bill)
    this.#fill()
  }

  stats(): { waiting: number; posts: number; taken: number } {
    return { waiting: this.#queue.length + this.#running.size, posts: this.#posts, taken: this.#taken }
  }

  /** Stops; what is not taken yet is reported again after the next start. */
  async close(): Promise<void> {
    this.#stop.abort()
    await Promise.all(this.#running)
  }

  #fill(): void {
    while (this.#running.size < AT_ONCE && this.#queue.length > 0 && !this.#stop.signal.aborted) {
      const job: Promise<void> = this.#deliver(this.#queue.shift()!).finally(() => {
        this.#running.delete(job)
        this.#fill()
      })
      this.#running.add(job)
    }
  }

  async #deliver(bill: StoredBill): Promise<void> {
    const { signal } = this.#stop
    for (let wait = FIRST_WAIT; !signal.aborted; wait = Math.min(wait * 2, LONGEST_WAIT)) {
      if (await this.#post(bill)) {
        if (signal.aborted) return
        this.#options.store.markAcknowledged(bill)
        this.#taken += 1
        return
      }
      await sleep(wait, undefined, { signal }).catch((cause: unknown) => {
        if (!signal.aborted) throw cause
      })
    }
  }

  /** True when the receiver answered 2xx. */
  async #post(bill: StoredBill): Promise<boolean> {
    const { url, account, charset, types } = this.#options
    this.#posts += 1
    const body = encodeDocument(
      acknowledgementDocument(bill, types.get(bill.billtype)!, account, charset),
      charset,
    )
    try {
      const answer = await fetch(url, {
        method: 'POST',
        headers: { 'Content-Type': `text/xml; charset=${charset}` },
        body: new Uint8Array(body),
        signal: AbortSignal.any([this.#stop.signal, AbortSignal.timeout(TIMEOUT)]),
      })
      await answer.arrayBuffer()
      return answer.ok
    } catch (cause) {
      // The receiver is down, slow or cut the line: all of them mean "not taken", and it is sent again.
      if (cause instanceof Error) return false
      throw cause
    }
  }
}

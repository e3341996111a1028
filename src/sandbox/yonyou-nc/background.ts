/** Big-file mode (china.md §1.1): stored documents are imported one after the other, some time later. */
import { setTimeout as sleep } from 'node:timers/promises'
import { parseXml } from '../xml.ts'
import { type ImportContext, importDocument } from './import.ts'
import type { Outbound } from './outbound.ts'
import type { StoredFile } from './store.ts'

export interface BackgroundOptions {
  context: ImportContext
  /** The least age of a document at its import, ms. */
  processAfter: number
  outbound: Outbound | null
  /** Told of every bill that could not be imported; nobody outside ever is. */
  refused(code: string): void
}

/** The pool of one; it lives as long as the server. */
export class Background {
  readonly #options: BackgroundOptions
  readonly #queue: StoredFile[]
  readonly #stop = new AbortController()
  #running: Promise<void> | null = null

  /** Starts at once; documents left over from an earlier run come first. */
  constructor(options: BackgroundOptions) {
    this.#options = options
    this.#queue = options.context.store.waitingFiles()
    this.#wake()
  }

  /** Queues a document that the store already keeps. */
  add(file: StoredFile): void {
    this.#queue.push(file)
    this.#wake()
  }

  /** Stops after the document in hand; the rest is imported after the next start. */
  async close(): Promise<void> {
    this.#stop.abort()
    await this.#running
  }

  #wake(): void {
    if (this.#running || this.#queue.length === 0 || this.#stop.signal.aborted) return
    this.#running = this.#drain().finally(() => {
      this.#running = null
      this.#wake()
    })
  }

  async #drain(): Promise<void> {
    for (let file = this.#queue[0]; file; file = this.#queue[0]) {
      const wait = Date.parse(file.at) + this.#options.processAfter - Date.now()
      if (wait > 0) {
        await sleep(wait, undefined, { signal: this.#stop.signal }).catch((cause: unknown) => {
          if (!this.#stop.signal.aborted) throw cause
        })
      }
      if (this.#stop.signal.aborted) return
      await this.#import(file)
      this.#queue.shift()
    }
  }

  async #import(file: StoredFile): Promise<void> {
    const { context, outbound, refused: tell } = this.#options
    const { results, committed } = await importDocument(parseXml(file.text), file.text, context, file.n)
    for (const { refused } of results) if (refused) tell(refused.code)
    for (const bill of committed) outbound?.report(bill)
  }
}

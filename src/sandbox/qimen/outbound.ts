/**
 * Posts confirms and reports to the ERP, again and again until it answers `flag` success: same body, new
 * timestamp and signature. Messages about one order go one after the other, others side by side. Faults of the
 * way: `confirmTwice` (sent once more after it was taken), `confirmReorder` (held back min..max ms, so that
 * later ones overtake), `confirmLose` (never sent).
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { delayOf, type Faults } from '../faults.ts'
import { parseXml, XmlError } from '../xml.ts'
import { text } from './message.ts'
import type { QimenOptions } from './options.ts'
import { chinaTime, signatureOf } from './sign.ts'
import type { Message, Store } from './store.ts'

export const OUTBOUND_FAULTS = ['confirmTwice', 'confirmReorder', 'confirmLose'] as const

const AT_ONCE = 8
const LONGEST_WAIT = 60_000
const TIMEOUT = 10_000

/** The sender; it lives as long as the server. */
export class Outbound {
  readonly #options: QimenOptions
  readonly #store: Store
  readonly #faults: Faults
  readonly #ready: number[] = []
  readonly #busy = new Set<string>()
  readonly #running = new Set<Promise<void>>()
  readonly #stop = new AbortController()
  #posts = 0

  /** Starts at once with what an earlier run still owed. */
  constructor(options: QimenOptions, store: Store, faults: Faults) {
    this.#options = options
    this.#store = store
    this.#faults = faults
    const owed = [...store.messages.values()].filter((message) => message.state === 'owed')
    this.#ready.push(...owed.map(({ n }) => n))
    this.#fill()
  }

  /** Takes messages on; the faults of the way are drawn here. */
  send(messages: readonly number[]): void {
    for (const n of messages) {
      const held = this.#faults.hit('confirmReorder')
      if (this.#faults.hit('confirmLose')) this.#put(n, { state: 'lost', last: 'lost on purpose' })
      else if (held) this.#later(n, delayOf({ min: 200, max: 2000, ...held }, this.#faults.random()))
      else this.#ready.push(n)
    }
    this.#fill()
  }

  stats(): { posts: number; owed: number; taken: number; lost: number } {
    const states = { owed: 0, taken: 0, lost: 0 }
    for (const { state } of this.#store.messages.values()) states[state] += 1
    return { posts: this.#posts, ...states }
  }

  /** Stops; what is not taken yet is sent again after the next start. */
  async close(): Promise<void> {
    this.#stop.abort()
    await Promise.all(this.#running)
  }

  #put(n: number, change: Partial<Message>): void {
    const message = this.#store.messages.get(n)!
    this.#store.commit([['message', { ...message, ...change }]])
  }

  #later(n: number, ms: number): void {
    this.#run(async () => {
      await this.#sleep(ms)
      this.#ready.push(n)
    })
  }

  #fill(): void {
    if (this.#options.callbackUrl === undefined) return
    for (let i = 0; i < this.#ready.length && this.#busy.size < AT_ONCE && !this.#stop.signal.aborted; ) {
      const message = this.#store.messages.get(this.#ready[i]!)!
      if (this.#busy.has(message.about)) {
        i += 1
        continue
      }
      this.#ready.splice(i, 1)
      this.#busy.add(message.about)
      this.#run(async () => {
        await this.#deliver(message.n)
        this.#busy.delete(message.about)
      })
    }
  }

  #run(work: () => Promise<void>): void {
    const job: Promise<void> = work().finally(() => {
      this.#running.delete(job)
      this.#fill()
    })
    this.#running.add(job)
  }

  async #sleep(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#stop.signal }).catch((cause: unknown) => {
      if (!this.#stop.signal.aborted) throw cause
    })
  }

  async #deliver(n: number): Promise<void> {
    const first = this.#options.retryAfter ?? 1000
    for (let wait = first; !this.#stop.signal.aborted; wait = Math.min(wait * 2, LONGEST_WAIT)) {
      const message = this.#store.messages.get(n)!
      const last = await this.#post(message)
      if (this.#stop.signal.aborted) return
      const state = last === 'success' ? 'taken' : 'owed'
      this.#put(n, { attempts: message.attempts + 1, last, state })
      if (state === 'taken') {
        if (this.#faults.hit('confirmTwice')) await this.#post(message)
        return
      }
      await this.#sleep(wait)
    }
  }

  /** `success`, or why the message counts as not taken. */
  async #post({ method, body }: Message): Promise<string> {
    const { appKey, customerId, secret, wrap, callbackUrl, callbackPrefix = 'taobao.qimen.' } = this.#options
    this.#posts += 1
    const bytes = Buffer.from(body)
    const url = new URL(callbackUrl!)
    const params = {
      app_key: appKey,
      customerId,
      format: 'xml',
      method: callbackPrefix + method,
      sign_method: 'md5',
    }
    const all = { ...params, timestamp: chinaTime(Date.now()), v: '2.0' }
    for (const [name, value] of Object.entries(all)) url.searchParams.set(name, value)
    url.searchParams.set('sign', signatureOf(url.searchParams, bytes, secret, wrap))
    try {
      const answer = await fetch(url, {
        method: 'POST',
        headers: { 'Content-Type': 'text/xml; charset=utf-8' },
        body: bytes,
        signal: AbortSignal.any([this.#stop.signal, AbortSignal.timeout(TIMEOUT)]),
      })
      return verdict(answer.status, await answer.text())
    } catch (cause) {
      // Down, slow, or cut in the middle: not taken, and sent again.
      if (cause instanceof Error) return cause.message
      throw cause
    }
  }
}

function verdict(status: number, body: string): string {
  if (status !== 200) return `HTTP ${status}`
  try {
    const root = parseXml(body)
    if (root.name !== 'response') return `root ${root.name}`
    const flag = text(root, 'flag')
    return flag === 'success'
      ? 'success'
      : `${flag || 'no flag'}: ${text(root, 'code')} ${text(root, 'message')}`
  } catch (cause) {
    if (!(cause instanceof XmlError)) throw cause
    return `no XML: ${cause.message}`
  }
}

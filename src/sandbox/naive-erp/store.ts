/**
 * What the naive ERP holds. Nothing is unique: the same reference may stand in any number of documents.
 * Replayed from the append-only log, including writes that were accepted but had not been committed yet.
 */
import { type Log, openLog } from '../log.ts'
import type { Body } from './document.ts'

export type State = 'draft' | 'confirmed' | 'deleted'

/** One change of a document. `at`: commit; `visibleAt`: when finds begin to show it (both epoch ms). */
export interface Change {
  readonly state: State
  readonly at: number
  readonly visibleAt: number
  /** It was committed after its caller had given up. */
  readonly late: boolean
}

export interface Stored {
  readonly id: string
  readonly body: Body
  /** Oldest first; never empty. */
  readonly changes: readonly Change[]
}

/** A write that changes one document: `id` for all but create, `body` for create. */
export type Write =
  | { readonly op: 'create'; readonly body: Body }
  | { readonly op: 'confirm' | 'delete'; readonly id: string }

/** A write that was accepted in silence and is still to be committed. */
export interface Pending {
  readonly n: number
  readonly write: Write
  /** Epoch ms of the acceptance. */
  readonly at: number
}

type StoredEvent =
  | { t: 'change'; id: string; body?: Body; change: Change; pending?: number }
  | ({ t: 'accepted' } & Pending)
  | { t: 'dropped'; pending: number }

const STATE_AFTER = { create: 'draft', confirm: 'confirmed', delete: 'deleted' } as const

/** The state a document is in now. */
export function stateOf(document: Stored): State {
  return document.changes.at(-1)!.state
}

/** The state that a find at `now` shows: null while nothing is visible yet and after a visible deletion. */
export function visibleState(document: Stored, now: number): Exclude<State, 'deleted'> | null {
  const seen = document.changes.findLast((change) => change.visibleAt <= now)?.state
  return seen === undefined || seen === 'deleted' ? null : seen
}

/** The store; it lives as long as the server and owns the log. */
export class Store {
  readonly #documents = new Map<string, Stored>()
  readonly #byReference = new Map<string, string[]>()
  readonly #pending = new Map<number, Pending>()
  readonly #log: Log<StoredEvent>
  readonly #lag: () => number
  #accepted = 0
  #dropped = 0

  /** `lag` draws the ms between a commit and its visibility to finds. Throws when the log is damaged. */
  constructor(path: string | undefined, lag: () => number) {
    this.#lag = lag
    this.#log = openLog<StoredEvent>(path, (event) => this.#replay(event))
  }

  get documents(): ReadonlyMap<string, Stored> {
    return this.#documents
  }

  /** Late writes not committed yet, oldest first. */
  get pending(): Pending[] {
    return [...this.#pending.values()]
  }

  /** Late writes that came to nothing, because their document had moved on. */
  get dropped(): number {
    return this.#dropped
  }

  /** Every document with this reference, in order of creation, in whatever state. */
  withReference(reference: string): Stored[] {
    return (this.#byReference.get(reference) ?? []).map((id) => this.#documents.get(id)!)
  }

  /** Why the write cannot be done now, or null. */
  objection(write: Write): 'missing' | 'not a draft' | null {
    if (write.op === 'create') return null
    const document = this.#documents.get(write.id)
    if (!document || stateOf(document) === 'deleted') return 'missing'
    return stateOf(document) === 'draft' ? null : 'not a draft'
  }

  /** Promises a write: from now on it will be committed, be it by the next process. */
  accept(write: Write): Pending {
    const pending = { n: this.#accepted + 1, write, at: Date.now() }
    this.#log.append({ t: 'accepted', ...pending })
    this.#accepted = pending.n
    this.#pending.set(pending.n, pending)
    return pending
  }

  /** Commits a write that has no objection; returns the document's id. Logged before it returns. */
  commit(write: Write): string {
    return this.#commit(write)
  }

  /** Commits an accepted write, or drops it when its document is no longer a draft. */
  commitPending(pending: Pending): void {
    if (this.objection(pending.write) === null) {
      this.#commit(pending.write, pending.n)
      return
    }
    const event = { t: 'dropped', pending: pending.n } as const
    this.#log.append(event)
    this.#replay(event)
  }

  close(): void {
    this.#log.close()
  }

  #commit(write: Write, pending?: number): string {
    const id = write.op === 'create' ? `D${String(this.#documents.size + 1).padStart(7, '0')}` : write.id
    const at = Date.now()
    // Changes become visible in the order in which they were made.
    const before = this.#documents.get(id)?.changes.at(-1)?.visibleAt ?? 0
    const visibleAt = Math.max(before, at + this.#lag())
    const change = { state: STATE_AFTER[write.op], at, visibleAt, late: pending !== undefined }
    const event: StoredEvent = {
      t: 'change',
      id,
      ...(write.op === 'create' ? { body: write.body } : {}),
      change,
      ...(pending === undefined ? {} : { pending }),
    }
    this.#log.append(event)
    this.#replay(event)
    return id
  }

  #replay(event: StoredEvent): void {
    if (event.t === 'accepted') {
      this.#pending.set(event.n, { n: event.n, write: event.write, at: event.at })
      this.#accepted = Math.max(this.#accepted, event.n)
      return
    }
    if (event.pending !== undefined) this.#pending.delete(event.pending)
    if (event.t === 'dropped') {
      this.#dropped += 1
      return
    }
    const { id, change } = event
    const before = this.#documents.get(id)
    const body = before?.body ?? event.body!
    this.#documents.set(id, { id, body, changes: [...(before?.changes ?? []), change] })
    if (before) return
    const same = this.#byReference.get(body.reference)
    if (same) same.push(id)
    else this.#byReference.set(body.reference, [id])
  }
}

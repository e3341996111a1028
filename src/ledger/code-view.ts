/**
 * The code tables in memory, kept up to date: those of tributary.yaml with the ledger's over them. Mappings look up
 * in plain objects that are changed in place, so a record costs no query. An import in any process is heard at once
 * (NOTIFY); a notification that was lost is made up for within seconds, and before anything is parked for a missing
 * code (`refresh`).
 */
import { CODES_CHANGED, type CodeKey, codeRevision, listCodes } from './code.ts'
import type { Database } from './database.ts'

/** Table → key → text. */
export type CodeTables = Record<string, Record<string, string>>

/** What one connection's mappings read. The objects stay the same; their contents change. */
export interface ConnectionCodes {
  codes: CodeTables
  /** Table → key → factor (decimal text), where an entry has one. */
  factors: CodeTables
}

/** How often the revision is looked at, for a notification may be lost. Milliseconds. */
const CHECK_EVERY = 5_000
const PAGE = 10_000

export class CodeView {
  #stated: readonly CodeKey[]
  #db: Database
  #connections = new Map<string, ConnectionCodes>()
  #revision = 0
  #turn: Promise<unknown> = Promise.resolve()
  #timer: NodeJS.Timeout | undefined
  #unlisten: (() => Promise<void>) | undefined

  constructor(db: Database, base: Record<string, CodeTables>) {
    this.#db = db
    const stated = statedCodes(base)
    for (const entry of stated) this.#set(entry, entry.value, null)
    this.#stated = stated.map(({ connection, table, key }) => ({ connection, table, key }))
  }

  /** What the configuration states. */
  get stated(): readonly CodeKey[] {
    return this.#stated
  }

  /** Which import was the last that this process knows. */
  get revision(): number {
    return this.#revision
  }

  /** For the mappings of a connection; also of one that has no table yet. */
  of(connection: string): ConnectionCodes {
    const known = this.#connections.get(connection)
    if (known) return known
    const made: ConnectionCodes = { codes: empty(), factors: empty() }
    this.#connections.set(connection, made)
    return made
  }

  /** Reads on from the last known revision; answers the newest. Throws what the database throws. */
  refresh(): Promise<number> {
    const next = this.#turn.then(() => this.#readOn())
    this.#turn = next.catch(() => undefined)
    return next
  }

  /** Loads everything, then listens. `onError` hears of checks that failed; the next one makes up for it. */
  async start(onError: (error: unknown) => void): Promise<this> {
    await this.refresh()
    const look = () => void this.refresh().catch(onError)
    this.#unlisten = await this.#db.listen(CODES_CHANGED, look)
    this.#timer = setInterval(look, CHECK_EVERY)
    this.#timer.unref()
    return this
  }

  /**
   * Prepares for other tables of the configuration under those of the ledger. The answer puts them in place at once,
   * in the objects that mappings read; an import that came meanwhile is read on after. Throws what the database throws.
   */
  async restate(base: Record<string, CodeTables>): Promise<() => void> {
    const next = new CodeView(this.#db, base)
    await next.refresh()
    return () => {
      for (const id of new Set([...this.#connections.keys(), ...next.#connections.keys()])) {
        const [held, wanted] = [this.of(id), next.of(id)]
        for (const part of ['codes', 'factors'] as const) {
          for (const table of Object.keys(held[part])) delete held[part][table]
          Object.assign(held[part], wanted[part])
        }
      }
      this.#stated = next.#stated
      this.#revision = next.#revision
      void this.refresh().catch(() => undefined)
    }
  }

  /** Ends the checks; what is being read is read to its end. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#unlisten?.()
    await this.#turn
  }

  async #readOn(): Promise<number> {
    const newest = await codeRevision(this.#db)
    if (newest <= this.#revision) return this.#revision
    let after: CodeKey | null = null
    do {
      const rows = await listCodes(this.#db, { since: this.#revision }, after, PAGE)
      for (const row of rows) this.#set(row, row.value, row.factor)
      after = rows.length === PAGE ? rows.at(-1)! : null
    } while (after)
    // not what the pages may have held beyond it: that is read once more
    this.#revision = newest
    return newest
  }

  #set({ connection, table, key }: CodeKey, value: string, factor: string | null): void {
    const { codes, factors } = this.of(connection)
    codes[table] ??= empty()
    codes[table][key] = value
    if (factor === null) {
      if (factors[table]) delete factors[table][key]
      return
    }
    factors[table] ??= empty()
    factors[table][key] = factor
  }
}

/** The code tables of a configuration, by connection, as entries. */
export function statedCodes(base: Record<string, CodeTables>): (CodeKey & { value: string })[] {
  return Object.entries(base).flatMap(([connection, tables]) =>
    Object.entries(tables).flatMap(([table, entries]) =>
      Object.entries(entries).map(([key, value]) => ({ connection, table, key, value })),
    ),
  )
}

/** Without a prototype: `__proto__` and `constructor` are keys like any other. */
function empty<T>(): Record<string, T> {
  return Object.create(null) as Record<string, T>
}

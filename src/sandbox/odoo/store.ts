/**
 * The database of the sandbox Odoo: rows by model and id, one transaction per call, equality indexes, and the
 * view of a replica that lags behind. Everything committed is in the append-only log.
 */
import { type Log, openLog } from '../log.ts'

/** Decimals are text, instants "YYYY-MM-DD HH:MM:SS[.mmm]" in UTC, references ids; false stands for empty. */
export type Value = string | number | boolean | readonly number[]

export interface Row {
  readonly id: number
  readonly [field: string]: Value
}

/** A committed transaction: final rows (null: deleted) and the counters it moved. */
interface Commit {
  t: 'commit'
  rows: [model: string, id: number, row: Row | null][]
  counters: Record<string, number>
}

/** What a search still shows of a record: its row before (null: not there yet), until then (epoch ms). */
interface Hidden {
  model: string
  id: number
  before: Row | null
  until: number
}

type Index = Map<Value, Set<number>>

const NOTHING: ReadonlySet<number> = new Set()

/** The store; it lives as long as the server and owns the log. */
export class Store {
  readonly #tables = new Map<string, Map<number, Row>>()
  /** Model → field → value → ids. */
  readonly #indexes = new Map<string, Map<string, Index>>()
  readonly #counters = new Map<string, number>()
  readonly #hidden = new Map<string, Hidden>()
  readonly #log: Log<Commit>
  readonly #lag: () => number
  /** First rows before the open transaction, by "model id"; null outside one. */
  #undo: Map<string, { model: string; id: number; before: Row | undefined }> | null = null
  #moved = new Set<string>()

  /**
   * `indexed` names the fields of each model that are looked up by value; `lag` draws the ms after which
   * searches show a commit. Throws when the log is damaged.
   */
  constructor(
    path: string | undefined,
    indexed: ReadonlyMap<string, readonly string[]>,
    lag: () => number = () => 0,
  ) {
    for (const [model, fields] of indexed) {
      this.#indexes.set(model, new Map(fields.map((field) => [field, new Map() as Index])))
    }
    this.#lag = lag
    this.#log = openLog<Commit>(path, ({ rows, counters }) => {
      for (const [model, id, row] of rows) this.#set(model, id, row ?? undefined)
      for (const [name, value] of Object.entries(counters)) this.#counters.set(name, value)
    })
  }

  get(model: string, id: number): Row | undefined {
    return this.#tables.get(model)?.get(id)
  }

  /** All rows of a model, in order of creation. */
  rows(model: string): ReadonlyMap<number, Row> {
    return this.#tables.get(model) ?? new Map()
  }

  /** Ids of the rows with this value in an indexed field. */
  withValue(model: string, field: string, value: Value): ReadonlySet<number> {
    return this.#indexes.get(model)?.get(field)?.get(value) ?? NOTHING
  }

  isIndexed(model: string, field: string): boolean {
    return this.#indexes.get(model)?.has(field) ?? false
  }

  /** The next number of a counter. As in PostgreSQL it is used up even if the transaction fails. */
  next(name: string): number {
    const value = (this.#counters.get(name) ?? 0) + 1
    this.#counters.set(name, value)
    this.#moved.add(name)
    return value
  }

  put(model: string, row: Row): void {
    this.#remember(model, row.id)
    this.#set(model, row.id, row)
  }

  remove(model: string, id: number): void {
    this.#remember(model, id)
    this.#set(model, id, undefined)
  }

  /** Does `work` in one transaction: all of it is in the log when this returns, or nothing happened. */
  transaction<T>(work: () => T): T {
    this.#undo = new Map()
    let done = false
    try {
      const result = work()
      this.#commit()
      done = true
      return result
    } finally {
      if (!done) for (const { model, id, before } of this.#undo.values()) this.#set(model, id, before)
      this.#undo = null
    }
  }

  /** The row as a search at `now` (epoch ms) shows it; undefined: not at all. */
  shown(model: string, id: number, now: number): Row | undefined {
    const hidden = this.#hiddenAt(model, id, now)
    return hidden ? (hidden.before ?? undefined) : this.get(model, id)
  }

  /** Ids of records that a search at `now` shows otherwise than they are. */
  *lagging(model: string, now: number): Generator<number> {
    for (const hidden of this.#hidden.values()) {
      if (hidden.model === model && this.#hiddenAt(model, hidden.id, now)) yield hidden.id
    }
  }

  close(): void {
    this.#log.close()
  }

  #hiddenAt(model: string, id: number, now: number): Hidden | undefined {
    if (this.#hidden.size === 0) return undefined
    const key = `${model} ${id}`
    const hidden = this.#hidden.get(key)
    if (!hidden || hidden.until > now) return hidden
    this.#hidden.delete(key)
    return undefined
  }

  #commit(): void {
    const touched = [...this.#undo!.values()]
    if (touched.length === 0) return
    const counters = Object.fromEntries([...this.#moved].map((name) => [name, this.#counters.get(name)!]))
    this.#log.append({
      t: 'commit',
      rows: touched.map(({ model, id }) => [model, id, this.get(model, id) ?? null]),
      counters,
    })
    this.#moved.clear()
    const lag = this.#lag()
    if (lag === 0) return
    const until = Date.now() + lag
    for (const { model, id, before } of touched) {
      const earlier = this.#hiddenAt(model, id, Date.now())
      const first = earlier ? earlier.before : (before ?? null)
      this.#hidden.set(`${model} ${id}`, { model, id, before: first, until })
    }
  }

  #remember(model: string, id: number): void {
    if (!this.#undo) throw new Error('a write outside a transaction')
    const key = `${model} ${id}`
    if (!this.#undo.has(key)) this.#undo.set(key, { model, id, before: this.get(model, id) })
  }

  #set(model: string, id: number, row: Row | undefined): void {
    let table = this.#tables.get(model)
    if (!table) {
      table = new Map()
      this.#tables.set(model, table)
    }
    const before = table.get(id)
    if (row) table.set(id, row)
    else table.delete(id)
    for (const [field, index] of this.#indexes.get(model) ?? []) {
      const old = before?.[field]
      const now = row?.[field]
      if (old === now) continue
      if (old !== undefined) index.get(old)?.delete(id)
      if (now === undefined) continue
      const ids = index.get(now)
      if (ids) ids.add(id)
      else index.set(now, new Set([id]))
    }
  }
}

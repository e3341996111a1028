/**
 * Counts over whole tables without reading them whole: rows are counted by windows of ids, and a window in
 * which nothing can change any more is remembered. So a look at a large ledger costs its newest part only.
 */
import type { Queryable } from './database.ts'

export interface TallyOf {
  /** Table with an ascending `id`. */
  table: string
  /** SQL expressions that the rows are counted by. */
  by: string[]
  /** SQL condition of a row that will always be counted as it is now. */
  final: string
}

const WINDOW = 2000
/** Ids this close to the newest one may still be committed, so their windows are never remembered. */
const YOUNG = 10_000
const SEPARATOR = '\u0001'

/** Keeps what it has counted; one per process and table. Calls must not overlap: `count` queues them. */
export class Tally {
  #of: TallyOf
  #sealed = new Map<string, number>()
  /** Windows (by their lower end) that are in `#sealed`. */
  #windows = new Set<number>()
  #running: Promise<Map<string, number>> = Promise.resolve(new Map())

  constructor(of: TallyOf) {
    this.#of = of
  }

  /** Counts per combination of `by`, joined by U+0001. */
  count(db: Queryable): Promise<Map<string, number>> {
    const next = this.#running.catch(() => undefined).then(() => this.#count(db))
    this.#running = next
    return next
  }

  async #count(db: Queryable): Promise<Map<string, number>> {
    const { rows } = await db.query<{ id: number | null }>(`select max(id) as id from ${this.#of.table}`)
    const last = rows[0]?.id ?? 0
    const open = new Map<string, number>()
    for (let after = 0; after < last; after += WINDOW) {
      if (this.#windows.has(after)) continue
      const window = await this.#window(db, after)
      const seal = window.final && after + WINDOW < last - YOUNG
      add(seal ? this.#sealed : open, window.counts)
      if (seal) this.#windows.add(after)
    }
    const total = new Map(this.#sealed)
    add(total, open)
    return total
  }

  async #window(db: Queryable, after: number): Promise<{ counts: Map<string, number>; final: boolean }> {
    const { table, by, final } = this.#of
    const fields = by.map((expression, i) => `${expression} as k${i}`).join(', ')
    const { rows } = await db.query<Record<string, string | number | boolean>>(
      `select ${fields}, count(*) as n, bool_and(${final}) as final from ${table}
        where id > $1 and id <= $2 group by ${by.map((_, i) => i + 1).join(', ')}`,
      [after, after + WINDOW],
    )
    const counts = new Map(
      rows.map((r) => [by.map((_, i) => String(r[`k${i}`])).join(SEPARATOR), Number(r.n)]),
    )
    return { counts, final: rows.every((r) => r.final === true) }
  }
}

function add(to: Map<string, number>, counts: Map<string, number>): void {
  for (const [key, n] of counts) to.set(key, (to.get(key) ?? 0) + n)
}

/** The parts of a key of `Tally.count`. */
export function tallyKey(key: string): string[] {
  return key.split(SEPARATOR)
}

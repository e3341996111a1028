/**
 * What the rest of the product knows of the database: the same dialect and the same JavaScript types
 * whether PostgreSQL runs as a server (`postgres.ts`) or inside the process (`pglite.ts`).
 *
 * Types, both ways: bigint and count are numbers (throws beyond 2^53), numeric is a string, timestamptz is
 * a Date, bytea is a Buffer, json and jsonb are parsed values.
 */

export interface Result<R> {
  rows: R[]
  rowCount: number
}

export interface Queryable {
  query<R = Record<string, unknown>>(sql: string, params?: unknown[]): Promise<Result<R>>
}

export interface Database extends Queryable {
  readonly kind: 'pglite' | 'postgres'
  /**
   * Runs `work` in one transaction. Serialization failures and dead-locks (40001, 40P01) are run again, so
   * `work` must be repeatable. Remote calls and queue calls inside throw (core/transaction-guard.ts).
   */
  transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T>
  /** Subscribes to NOTIFY on one listening connection per process; returns the unsubscriber. */
  listen(channel: string, receive: (payload: string) => void): Promise<() => Promise<void>>
  /** A `pg.Pool` look-alike for BullMQ's PostgreSQL backend: its listening clients cost nothing. */
  pool(): PoolShape
  /**
   * Embedded database only: a copy of its files in `folder` that `openPglite` opens as a ledger of its own,
   * consistent as of one instant. Statements wait while the last part is copied (backup.ts).
   */
  snapshot?(folder: string): Promise<void>
  /**
   * Does what autovacuum does where none runs: reclaims dead rows, and counts tables anew that have grown. To be called
   * every few seconds; does nothing on a PostgreSQL server.
   */
  tidy(): Promise<void>
  close(): Promise<void>
}

/** The part of `pg.Pool` that BullMQ uses. */
// biome-ignore-start lint/suspicious/noExplicitAny: the shapes of node's own EventEmitter
export interface PoolShape {
  options: Record<string, unknown>
  query(
    text: string | { text: string; values?: unknown[] },
    params?: unknown[],
  ): Promise<Result<Record<string, unknown>>>
  connect(): Promise<ClientShape>
  on(event: string, listener: (...args: any[]) => void): unknown
  removeListener(event: string, listener: (...args: any[]) => void): unknown
  end(): Promise<void>
}

/** The part of `pg.PoolClient` that BullMQ uses. */
export interface ClientShape {
  query(
    text: string | { text: string; values?: unknown[] },
    params?: unknown[],
  ): Promise<Result<Record<string, unknown>>>
  release(destroy?: boolean): void
  on(event: string, listener: (...args: any[]) => void): unknown
  removeListener(event: string, listener: (...args: any[]) => void): unknown
  removeAllListeners(event?: string): unknown
}

// biome-ignore-end lint/suspicious/noExplicitAny: the shapes of node's own EventEmitter

/** A prepared statement's table was changed by a migration; prepared anew it goes through. */
export const STALE_PLAN = '0A000'

/** SQLSTATEs after which the same transaction may simply run again. */
const AGAIN = ['40001', '40P01', STALE_PLAN]

/** Runs `work` again on dead-lock, serialization failure or a stale plan, at most five times. */
export async function again<T>(work: () => Promise<T>, on: string[] = AGAIN): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (attempt >= 5 || !on.includes(sqlState(error) ?? '')) throw error
      await new Promise((resolve) => setTimeout(resolve, attempt * 10 + Math.random() * 20))
    }
  }
}

/** The SQLSTATE of a database error, or undefined. */
export function sqlState(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined
}

/**
 * True when the error is about the data of one row (class 22: bad values; 23: constraints), so a batch may
 * be split to find it. Connection losses and the like are not.
 */
export function isDataError(error: unknown): boolean {
  const state = sqlState(error)
  return state !== undefined && (state.startsWith('22') || state.startsWith('23'))
}

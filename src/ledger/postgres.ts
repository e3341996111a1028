/** The ledger on a PostgreSQL server (15 or newer), through `pg`. */
import pg from 'pg'
import { insideTransaction } from '../core/transaction-guard.ts'
import {
  again,
  type Database,
  type PoolShape,
  type Queryable,
  type Result,
  STALE_PLAN,
  sqlState,
} from './database.ts'
import { forgetNames, statementName } from './prepared.ts'
import { pgTypes, toParameter } from './types.ts'
import { type Session, VirtualClient } from './virtual-client.ts'

const SEARCH_PATH = 'tributary,bullmq,public'

export interface PostgresOptions {
  url: string
  /** Most connections of this process; one more listens. */
  max?: number
  /** Called with errors of idle connections (the server went away); the pool reconnects by itself. */
  onError?: (error: Error) => void
}

class Postgres implements Database {
  readonly kind = 'postgres' as const
  #pool: pg.Pool
  #options: PostgresOptions
  #listener: Promise<pg.Client> | null = null
  #channels = new Map<string, Set<(payload: string) => void>>()
  #closing = false

  constructor(options: PostgresOptions) {
    this.#options = options
    this.#pool = new pg.Pool({ ...this.#config(), max: options.max ?? 10 })
    this.#pool.on('error', (error) => options.onError?.(error))
  }

  #config(): pg.ClientConfig {
    return {
      connectionString: this.#options.url,
      options: `-c search_path=${SEARCH_PATH} -c timezone=UTC`,
      types: pgTypes as unknown as pg.CustomTypesConfig,
      application_name: 'tributary',
      connectionTimeoutMillis: 10_000,
      keepAlive: true,
    }
  }

  query<R>(sql: string, params?: unknown[]): Promise<Result<R>> {
    return again(() => run<R>(this.#pool, sql, params), [STALE_PLAN])
  }

  transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T> {
    return again(async () => {
      const client = await this.#pool.connect()
      let broken: Error | undefined
      try {
        await client.query('begin')
        const value = await insideTransaction(() =>
          work({ query: (sql, params) => run(client, sql, params) }),
        )
        await client.query('commit')
        return value
      } catch (error) {
        await client.query('rollback').catch((lost: Error) => {
          broken = lost
        })
        throw error
      } finally {
        client.release(broken)
      }
    })
  }

  async listen(channel: string, receive: (payload: string) => void): Promise<() => Promise<void>> {
    const known = this.#channels.get(channel)
    if (known) known.add(receive)
    else {
      this.#channels.set(channel, new Set([receive]))
      const client = await this.#listening()
      await client.query(`listen "${channel}"`)
    }
    return async () => {
      this.#channels.get(channel)?.delete(receive)
    }
  }

  #listening(): Promise<pg.Client> {
    this.#listener ??= this.#connectListener()
    return this.#listener
  }

  async #connectListener(): Promise<pg.Client> {
    const client = new pg.Client(this.#config())
    client.on('notification', (n) => {
      for (const receive of this.#channels.get(n.channel) ?? []) receive(n.payload ?? '')
    })
    client.on('error', (error) => {
      this.#options.onError?.(error)
      this.#listener = null
      void client.end().catch(() => undefined)
      if (!this.#closing) setTimeout(() => void this.#relisten(), 500).unref()
    })
    await client.connect()
    return client
  }

  /** After a lost connection: subscribe again and wake everyone, for a notification may have been missed. */
  async #relisten(): Promise<void> {
    try {
      const client = await this.#listening()
      for (const [channel, receivers] of this.#channels) {
        await client.query(`listen "${channel}"`)
        for (const receive of receivers) receive('')
      }
    } catch (error) {
      this.#listener = null
      this.#options.onError?.(error as Error)
      if (!this.#closing) setTimeout(() => void this.#relisten(), 1000).unref()
    }
  }

  pool(): PoolShape {
    const session: Session = {
      run: (sql, params) => run(this.#pool, sql, params),
      pin: async () => {
        const client = await this.#pool.connect()
        return {
          run: (sql, params) => run(client, sql, params),
          unpin: async (broken) => client.release(broken),
        }
      },
      listen: (channel, receive) => this.listen(channel, receive),
    }
    return poolShape(session)
  }

  /** The server's autovacuum does it. */
  async tidy(): Promise<void> {}

  async close(): Promise<void> {
    this.#closing = true
    const listener = await this.#listener?.catch(() => null)
    await listener?.end().catch(() => undefined)
    await this.#pool.end()
  }
}

/** The pool look-alike over a session; shared with the embedded adapter. */
export function poolShape(session: Session): PoolShape {
  const none = { on: () => undefined, removeListener: () => undefined }
  return {
    ...none,
    options: { keepAlive: true },
    query: (text, params) =>
      typeof text === 'string' ? session.run(text, params) : session.run(text.text, text.values ?? params),
    connect: async () => new VirtualClient(session),
    // the ledger owns the database; BullMQ closing its backend must not close it for us
    end: async () => undefined,
  }
}

/** One statement, prepared when it comes often (prepared.ts). Of several in one text the last one's rows count. */
export async function run<R>(
  on: pg.Pool | pg.PoolClient | pg.Client,
  text: string,
  params?: unknown[],
): Promise<Result<R>> {
  const name = params && statementName(text)
  const values = params?.map(toParameter)
  try {
    const result: pg.QueryResult | pg.QueryResult[] = await on.query(
      name ? { name, text, values } : { text, values },
    )
    const last = Array.isArray(result) ? result[result.length - 1]! : result
    return { rows: last.rows as R[], rowCount: last.rowCount ?? 0 }
  } catch (error) {
    if (name && sqlState(error) === STALE_PLAN) forgetNames()
    throw error
  }
}

/** Connects lazily: the first statement opens the first connection. */
export function openPostgres(options: PostgresOptions): Database {
  return new Postgres(options)
}

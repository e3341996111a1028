/** PostgreSQL by `pg`, which the ledger uses too. */
import type { PoolClient } from 'pg'
import { untilAborted } from '../give-up.ts'
import { type Address, CONNECT, type Database, type Kind, POOL, type Raw, type Rows } from './database.ts'
import { judged, sqlFailure } from './failure.ts'

/** Types by OID (pg_type.dat); all others are text. */
export const POSTGRES_KINDS: Record<number, Kind> = {
  16: 'boolean',
  17: 'bytes',
  20: 'integer',
  21: 'integer',
  23: 'integer',
  26: 'integer',
  114: 'json',
  700: 'float',
  701: 'float',
  1082: 'date',
  1114: 'local',
  1184: 'instant',
  1700: 'decimal',
  3802: 'json',
}

/** Every value stays the text that PostgreSQL sent: drivers' own numbers and dates are not exact. */
const TEXT = { getTypeParser: () => (value: string) => value }

export async function openPostgres(address: Address): Promise<Database> {
  const { Pool } = (await import('pg')).default
  const { host, port, database, user, password, tls, timeout } = address
  const pool = new Pool({
    ...{ host, database, user, password, max: POOL, idleTimeoutMillis: 10_000, allowExitOnIdle: true },
    ...(port === null ? {} : { port }),
    ...(tls === 'off' ? {} : { ssl: { rejectUnauthorized: tls === 'on' } }),
    connectionTimeoutMillis: CONNECT,
    application_name: 'tributary',
  })
  // a connection that dies while nobody uses it is replaced
  pool.on('error', () => {})
  const judge = (error: unknown) => judged(address, sqlFailure(error, SQLSTATES))
  return {
    dialect: 'postgres',
    async read(work, signal) {
      const connecting = pool.connect()
      const client = await untilAborted(signal, () => connecting).catch((error: unknown) => {
        void connecting.then((late) => late.release(true)).catch(() => {})
        throw judge(error)
      })
      let whole = false
      try {
        const result = await untilAborted(signal, async () => {
          await client.query(begin(timeout))
          const done = await work({ query: (sql, values) => ask(client, sql, values).catch(throwing(judge)) })
          await client.query('rollback')
          return done
        })
        whole = true
        return result
      } catch (error) {
        throw judge(error)
      } finally {
        // after a failure nobody knows what state it is in
        client.release(!whole)
      }
    },
    close: () => pool.end(),
  }
}

const throwing =
  (judge: (error: unknown) => unknown) =>
  (error: unknown): never => {
    throw judge(error)
  }

/** Read-only, of one state, times and bytes in one form. */
export const begin = (timeout: number) =>
  [
    'begin isolation level repeatable read read only',
    `set local statement_timeout = ${timeout}`,
    "set local time zone 'UTC'",
    "set local datestyle = 'ISO, YMD'",
    "set local bytea_output = 'hex'",
    'set local extra_float_digits = 1',
  ].join('; ')

async function ask(client: PoolClient, sql: string, values: readonly string[]): Promise<Rows> {
  const found = await client.query({ text: sql, values: [...values], rowMode: 'array', types: TEXT })
  const columns = found.fields.map((f) => ({ name: f.name, kind: POSTGRES_KINDS[f.dataTypeID] ?? 'text' }))
  const rows = (found.rows as Raw[][]).map((row) =>
    row.map((value, i) => (columns[i]!.kind === 'bytes' && value !== null ? String(value).slice(2) : value)),
  )
  return { columns, rows }
}

/** What an SQLSTATE means, by its whole or its class (PostgreSQL, appendix A). */
const SQLSTATES: Record<string, 'config' | 'slow'> = {
  '57014': 'slow',
  '28': 'config',
  '3D': 'config',
  '3F': 'config',
  '42': 'config',
  '22': 'config',
  '0A': 'config',
  // the query would write
  '25006': 'config',
}

/** MariaDB and MySQL by `mysql2`, loaded only when used. */
import type { FieldPacket, PoolConnection } from 'mysql2/promise'
import { untilAborted } from '../give-up.ts'
import {
  type Address,
  CONNECT,
  type Column,
  type Database,
  type Kind,
  POOL,
  type Raw,
  type Rows,
} from './database.ts'
import { driver, judged, sqlFailure } from './failure.ts'

type Driver = typeof import('mysql2/promise')

/** Column types of the wire protocol (MariaDB: "Result Set Packets", field types); all others are text. */
const KINDS: Record<number, Kind> = {
  0: 'decimal',
  1: 'integer',
  2: 'integer',
  3: 'integer',
  4: 'float',
  5: 'float',
  7: 'instant',
  8: 'integer',
  9: 'integer',
  10: 'date',
  12: 'local',
  13: 'integer',
  16: 'bytes',
  245: 'json',
  246: 'decimal',
}

/** Blobs, and texts that are binary. */
const BLOBS = new Set([249, 250, 251, 252, 253, 254])
/** The character set "binary". */
const BINARY = 63

export async function openMariadb(address: Address): Promise<Database> {
  const { createPool } = await driver<Driver>(address.connection, 'mysql2/promise')
  const { host, port, database, user, password, tls } = address
  const pool = createPool({
    ...{ host, database, user, password, connectionLimit: POOL, maxIdle: 0, idleTimeout: 10_000 },
    ...(port === null ? {} : { port }),
    ...(tls === 'off' ? {} : { ssl: { rejectUnauthorized: tls === 'on' } }),
    ...{ charset: 'utf8mb4', connectTimeout: CONNECT, multipleStatements: false, disableEval: true },
    // a file of this machine must not be read because a server asks for it
    ...{ flags: ['-LOCAL_FILES'], rowsAsArray: true },
    // the bytes as they came: the driver's own numbers and dates are not exact
    typeCast: false,
  })
  const judge = (error: unknown) => judged(address, sqlFailure(error, CODES))
  return {
    dialect: address.dialect,
    async read(work, signal) {
      const connecting = pool.getConnection()
      const client = await untilAborted(signal, () => connecting).catch((error: unknown) => {
        void connecting.then((late) => late.destroy()).catch(() => {})
        throw judge(error)
      })
      let whole = false
      try {
        const result = await untilAborted(signal, async () => {
          for (const statement of begin(address)) await client.query(statement)
          const done = await work({ query: (sql, values) => ask(client, sql, values).catch(throwing(judge)) })
          await client.query('rollback')
          return done
        })
        whole = true
        return result
      } catch (error) {
        throw judge(error)
      } finally {
        if (whole) client.release()
        else client.destroy()
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

/** MariaDB counts a statement's time in seconds, MySQL in milliseconds. */
const begin = ({ dialect, timeout }: Address) => [
  dialect === 'mariadb'
    ? `set session max_statement_time = ${timeout / 1000}`
    : `set session max_execution_time = ${timeout}`,
  "set session time_zone = '+00:00'",
  'set session transaction isolation level repeatable read',
  'start transaction with consistent snapshot, read only',
]

async function ask(client: PoolConnection, sql: string, values: readonly string[]): Promise<Rows> {
  const [rows, fields] = await client.query({ sql, values: [...values], rowsAsArray: true })
  const columns = (fields as FieldPacket[]).map(columnOf)
  const raw = (value: Buffer | null, i: number): Raw =>
    value === null || columns[i]!.kind === 'bytes' ? value : value.toString('utf8')
  return { columns, rows: (rows as (Buffer | null)[][]).map((row) => row.map(raw)) }
}

function columnOf(field: FieldPacket): Column {
  const { name, columnType: type = 253 } = field
  const { characterSet } = field as { characterSet?: number }
  if (BLOBS.has(type)) return { name, kind: characterSet === BINARY ? 'bytes' : 'text' }
  return { name, kind: KINDS[type] ?? 'text' }
}

/** By the driver's names of the server's errors; by number those that it does not know (MariaDB's own). */
const CODES: Record<string, 'config' | 'slow'> = {
  '1969': 'slow',
  ER_QUERY_TIMEOUT: 'slow',
  ER_ACCESS_DENIED_ERROR: 'config',
  ER_DBACCESS_DENIED_ERROR: 'config',
  ER_TABLEACCESS_DENIED_ERROR: 'config',
  ER_COLUMNACCESS_DENIED_ERROR: 'config',
  ER_SPECIFIC_ACCESS_DENIED_ERROR: 'config',
  ER_BAD_DB_ERROR: 'config',
  ER_NO_SUCH_TABLE: 'config',
  ER_BAD_FIELD_ERROR: 'config',
  ER_PARSE_ERROR: 'config',
  ER_VIEW_INVALID: 'config',
  ER_DUP_FIELDNAME: 'config',
  ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION: 'config',
  ER_NOT_SUPPORTED_AUTH_MODE: 'config',
  ER_HOST_NOT_PRIVILEGED: 'config',
}

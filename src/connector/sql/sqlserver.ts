/**
 * SQL Server by `mssql`, which a project installs itself. The driver reads decimals and times as JavaScript's, which
 * are not exact: the server is asked for the types first, and writes those columns as text.
 */
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

/** What is used of mssql 10 and later. */
interface Driver {
  ConnectionPool: new (config: object) => Pool
  Transaction: new (pool: Pool) => Transaction
  Request: new (transaction: Transaction) => Request
  NVarChar: (length: number) => unknown
  ISOLATION_LEVEL: Record<string, number>
  MAX: number
}
interface Pool {
  connect(): Promise<Pool>
  close(): Promise<void>
  on(event: 'error', listener: () => void): void
}
interface Transaction {
  begin(level: number): Promise<void>
  rollback(): Promise<void>
}
interface Request {
  arrayRowMode: boolean
  input(name: string, type: unknown, value: unknown): Request
  query(sql: string): Promise<{ recordset: unknown[][]; columns: { name: string }[][] }>
}

const KINDS: [RegExp, Kind][] = [
  [/^(bigint|int|smallint|tinyint)/, 'integer'],
  [/^(decimal|numeric|money|smallmoney)/, 'decimal'],
  [/^(float|real)/, 'float'],
  [/^bit/, 'boolean'],
  [/^datetimeoffset/, 'instant'],
  [/^(datetime|smalldatetime)/, 'local'],
  [/^date/, 'date'],
  [/^(binary|varbinary|image|timestamp|rowversion)/, 'bytes'],
]

export async function openSqlServer(address: Address): Promise<Database> {
  const { default: mssql } = await driver<{ default: Driver }>(address.connection, 'mssql')
  const { host, port, database, user, password, tls, timeout } = address
  const pool = new mssql.ConnectionPool({
    ...{ server: host, database, user, password, connectionTimeout: CONNECT, requestTimeout: timeout },
    ...(port === null ? {} : { port }),
    pool: { max: POOL, min: 0, idleTimeoutMillis: 10_000 },
    options: {
      encrypt: tls !== 'off',
      trustServerCertificate: tls !== 'on',
      useUTC: true,
      readOnlyIntent: true,
    },
  })
  pool.on('error', () => {})
  let connected: Promise<Pool> | null = null
  const judge = (error: unknown) => judged(address, sqlFailure(error, CODES))
  return {
    dialect: 'sqlserver',
    async read(work, signal) {
      try {
        connected ??= pool.connect().catch((error: unknown) => {
          connected = null
          throw error
        })
        const transaction = new mssql.Transaction(await connected)
        await transaction.begin(mssql.ISOLATION_LEVEL.READ_COMMITTED!)
        try {
          return await untilAborted(signal, () =>
            work({ query: (sql, values) => ask(mssql, transaction, sql, values) }),
          )
        } finally {
          await transaction.rollback().catch(() => {})
        }
      } catch (error) {
        throw judge(error)
      }
    },
    close: () => pool.close(),
  }
}

async function ask(
  mssql: Driver,
  transaction: Transaction,
  sql: string,
  values: readonly string[],
): Promise<Rows> {
  const request = () => {
    const made = new mssql.Request(transaction)
    made.arrayRowMode = true
    for (const [i, value] of values.entries()) made.input(`p${i + 1}`, mssql.NVarChar(4000), value)
    return made
  }
  const columns = await typesOf(mssql, transaction, sql, values.length)
  const top = /^select (?:top \(\d+\) )?t\.\*/.exec(sql)
  // only the columns of an integrator's query are of other types than a count
  const exact = top ? sql.replace('t.*', columns.map(textColumn).join(', ')) : sql
  const { recordset } = await request().query(`set dateformat ymd; ${exact}`)
  return { columns, rows: recordset.map((row) => row.map(rawOf)) }
}

async function typesOf(
  mssql: Driver,
  transaction: Transaction,
  sql: string,
  values: number,
): Promise<Column[]> {
  const parameters = Array.from({ length: values }, (_, i) => `@p${i + 1} nvarchar(4000)`).join(', ')
  const request = new mssql.Request(transaction)
  request.input('sql', mssql.NVarChar(mssql.MAX), sql)
  request.input('parameters', mssql.NVarChar(4000), parameters)
  const { recordset } = await request.query('exec sp_describe_first_result_set @sql, @parameters')
  return (recordset as unknown as { name: string | null; system_type_name: string | null }[]).map(
    (found) => ({
      name: found.name ?? '',
      kind: KINDS.find(([pattern]) => pattern.test(found.system_type_name ?? ''))?.[1] ?? 'text',
    }),
  )
}

/** Style 121: `yyyy-mm-dd hh:mi:ss.mmm`, with all digits of a datetime2. */
function textColumn({ name, kind }: Column): string {
  const column = `t.[${name.replaceAll(']', ']]')}]`
  if (kind === 'instant')
    return `convert(nvarchar(40), cast(switchoffset(${column}, 0) as datetime2(7)), 121) as [${name.replaceAll(']', ']]')}]`
  const style = kind === 'local' || kind === 'date' ? ', 121' : kind === 'float' ? ', 3' : ''
  const plain = kind === 'text' || kind === 'bytes'
  return plain ? column : `convert(nvarchar(50), ${column}${style}) as [${name.replaceAll(']', ']]')}]`
}

function rawOf(value: unknown): Raw {
  if (value === null || value === undefined) return null
  return Buffer.isBuffer(value) ? value : String(value)
}

/** By the driver's names. */
const CODES: Record<string, 'config' | 'slow'> = { ETIMEOUT: 'slow', ELOGIN: 'config', EREQUEST: 'config' }

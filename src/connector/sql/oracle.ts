/**
 * Oracle by `oracledb` in its thin mode, which a project installs itself. Numbers and times are fetched as text, in a
 * form that the session is told.
 */
import { untilAborted } from '../give-up.ts'
import { type Address, type Database, type Kind, POOL, type Raw, type Rows } from './database.ts'
import { driver, judged, sqlFailure } from './failure.ts'

/** What is used of oracledb 6 and later. */
interface Driver {
  createPool(config: object): Promise<Pool>
  STRING: number
  BUFFER: number
  CLOB: number
  OUT_FORMAT_ARRAY: number
}
interface Pool {
  getConnection(): Promise<Session>
  close(seconds: number): Promise<void>
}
interface Meta {
  name: string
  dbTypeName: string
  scale?: number
}
interface Session {
  callTimeout: number
  execute(sql: string, binds: unknown[], options: object): Promise<{ rows?: unknown[][]; metaData?: Meta[] }>
  rollback(): Promise<void>
  close(options?: object): Promise<void>
}

const SESSION = [
  "alter session set nls_date_format = 'YYYY-MM-DD HH24:MI:SS'",
  "alter session set nls_timestamp_format = 'YYYY-MM-DD HH24:MI:SS.FF'",
  "alter session set nls_timestamp_tz_format = 'YYYY-MM-DD HH24:MI:SS.FF TZH:TZM'",
  "alter session set nls_numeric_characters = '.,'",
  "alter session set nls_sort = 'BINARY'",
  "alter session set nls_comp = 'BINARY'",
  "alter session set time_zone = '+00:00'",
  'set transaction read only',
]

export async function openOracle(address: Address): Promise<Database> {
  const { default: oracledb } = await driver<{ default: Driver }>(address.connection, 'oracledb')
  const { host, port, database, user, password, tls, timeout } = address
  const connectString = `${tls === 'off' ? 'tcp' : 'tcps'}://${host}:${port ?? 1521}/${database}`
  let pool: Promise<Pool> | null = null
  const judge = (error: unknown) => judged(address, sqlFailure(error, CODES))
  return {
    dialect: 'oracle',
    async read(work, signal) {
      let session: Session | null = null
      let whole = false
      try {
        pool ??= oracledb.createPool({ user, password, connectString, poolMin: 0, poolMax: POOL })
        session = await (await pool).getConnection()
        const own = session
        own.callTimeout = timeout
        const result = await untilAborted(signal, async () => {
          for (const statement of SESSION) await own.execute(statement, [], {})
          const done = await work({ query: (sql, values) => ask(oracledb, own, sql, values) })
          await own.rollback()
          return done
        })
        whole = true
        return result
      } catch (error) {
        throw judge(error)
      } finally {
        await session?.close(whole ? undefined : { drop: true }).catch(() => {})
      }
    },
    close: async () => (await pool?.catch(() => null))?.close(0),
  }
}

async function ask(
  oracledb: Driver,
  session: Session,
  sql: string,
  values: readonly string[],
): Promise<Rows> {
  const found = await session.execute(sql, [...values], {
    outFormat: oracledb.OUT_FORMAT_ARRAY,
    fetchTypeHandler: ({ dbTypeName }: Meta) => ({
      type: /RAW|BLOB/.test(dbTypeName) ? oracledb.BUFFER : oracledb.STRING,
    }),
  })
  const columns = (found.metaData ?? []).map(({ name, dbTypeName, scale }) => ({
    name,
    kind: kindOf(dbTypeName, scale),
  }))
  const rows = (found.rows ?? []).map((row) => row.map((value) => value as Raw))
  return { columns, rows }
}

/** A NUMBER without a fixed scale of 0 may be anything, so it is a decimal. */
function kindOf(type: string, scale: number | undefined): Kind {
  if (/WITH (LOCAL )?TIME ZONE/.test(type)) return 'instant'
  if (/^(DATE|TIMESTAMP)/.test(type)) return 'local'
  if (/^NUMBER/.test(type)) return scale === 0 ? 'integer' : 'decimal'
  if (/^BINARY_(FLOAT|DOUBLE)/.test(type)) return 'float'
  return /RAW|BLOB/.test(type) ? 'bytes' : 'text'
}

/** `ORA-…` and `NJS-…` of the driver. */
const CODES: Record<string, 'config' | 'slow'> = {
  'NJS-123': 'slow',
  'DPI-1067': 'slow',
  'ORA-01017': 'config',
  'ORA-00942': 'config',
  'ORA-00904': 'config',
  'ORA-00933': 'config',
  'ORA-01031': 'config',
  'ORA-28000': 'config',
  'ORA-12514': 'config',
}

/**
 * Oracle by `oracledb` in its thin mode, which a project installs itself. Numbers are fetched as text, and
 * times written as text by the server.
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
  /** Describes a statement without running it. */
  getStatementInfo(sql: string): Promise<{ metaData?: Meta[] }>
  execute(sql: string, binds: unknown[], options: object): Promise<{ rows?: unknown[][] }>
  rollback(): Promise<void>
  close(options?: object): Promise<void>
}

const SESSION = [
  "alter session set nls_numeric_characters = '.,'",
  "alter session set nls_sort = 'BINARY'",
  "alter session set nls_comp = 'BINARY'",
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

/** The driver would write times in JavaScript's way: the server does, so its types are asked for first. */
async function ask(
  oracledb: Driver,
  session: Session,
  sql: string,
  values: readonly string[],
): Promise<Rows> {
  const { metaData = [] } = await session.getStatementInfo(sql)
  const exact = sql.replace(/^select t\.\*/, `select ${metaData.map(textColumn).join(', ')}`)
  const found = await session.execute(exact, [...values], {
    outFormat: oracledb.OUT_FORMAT_ARRAY,
    fetchTypeHandler: ({ dbTypeName }: Meta) => ({
      type: /RAW|BLOB/.test(dbTypeName) ? oracledb.BUFFER : oracledb.STRING,
    }),
  })
  const columns = metaData.map(({ name, dbTypeName, scale }) => ({ name, kind: kindOf(dbTypeName, scale) }))
  const rows = (found.rows ?? []).map((row) => row.map((value) => value as Raw))
  return { columns, rows }
}

function textColumn({ name, dbTypeName }: Meta): string {
  const quoted = `"${name.replaceAll('"', '""')}"`
  const shown = (value: string, format: string) => `to_char(${value}, '${format}') as ${quoted}`
  if (/WITH (LOCAL )?TIME ZONE/.test(dbTypeName))
    return shown(`sys_extract_utc(t.${quoted})`, 'YYYY-MM-DD HH24:MI:SS.FF')
  if (/^TIMESTAMP/.test(dbTypeName)) return shown(`t.${quoted}`, 'YYYY-MM-DD HH24:MI:SS.FF')
  return dbTypeName === 'DATE' ? shown(`t.${quoted}`, 'YYYY-MM-DD HH24:MI:SS') : `t.${quoted}`
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

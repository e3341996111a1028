/** The database of a connection, by the driver of its dialect. */
import { connectorError } from '../../core/errors/connector.ts'
import { shapePhrase } from '../../core/errors/error.ts'
import { parseDuration } from '../../core/time.ts'
import { oneOf } from '../../core/yaml-words.ts'
import { DIALECTS, type DialectName, type SqlManifest } from '../manifest-source.ts'
import { fillText } from '../template.ts'
import type { Address, Database } from './database.ts'

const DRIVERS: Record<DialectName, (address: Address) => Promise<Database>> = {
  postgres: async (address) => (await import('./postgres.ts')).openPostgres(address),
  mariadb: async (address) => (await import('./mariadb.ts')).openMariadb(address),
  mysql: async (address) => (await import('./mariadb.ts')).openMariadb(address),
  sqlserver: async (address) => (await import('./sqlserver.ts')).openSqlServer(address),
  oracle: async (address) => (await import('./oracle.ts')).openOracle(address),
}

/** Where `sql` of a manifest points to. Throws CONNECTOR_SETTING_VALUE for a dialect or port that is none. */
export function addressOf(
  connection: string,
  declared: SqlManifest,
  settings: Record<string, unknown>,
): Address {
  const filled = (template: string | undefined) => fillText(template ?? '', settings)
  const dialect = filled(declared.dialect)
  const fail = (setting: string, expected: { en: string; zh: string }, value: string) =>
    connectorError('CONNECTOR_SETTING_VALUE', {
      ...{ connection, setting, expected, found: shapePhrase(value) },
      description: { en: 'See docs/guide/sql.md.', zh: '见 docs/guide/sql.md。' },
    })
  if (!(DIALECTS as readonly string[]).includes(dialect)) throw fail('dialect', oneOf(DIALECTS), dialect)
  const tls = filled(declared.tls) || 'off'
  if (tls !== 'off' && tls !== 'on' && tls !== 'unchecked')
    throw fail('tls', oneOf(['off', 'on', 'unchecked']), tls)
  const port = filled(declared.port)
  if (!/^\d{0,5}$/.test(port)) throw fail('port', { en: 'a port number', zh: '端口号' }, port)
  return {
    ...{ connection, dialect: dialect as DialectName, tls },
    ...{ host: filled(declared.host), database: filled(declared.database), user: filled(declared.user) },
    port: port === '' ? null : Number(port),
    password: filled(declared.password),
    timeout: parseDuration(filled(declared.timeout) || '30s'),
  }
}

/** Loads the driver with the first statement. */
export function openDatabase(address: Address): Database {
  let opened: Promise<Database> | null = null
  const database = () => {
    opened ??= DRIVERS[address.dialect](address).catch((error: unknown) => {
      opened = null
      throw error
    })
    return opened
  }
  return {
    dialect: address.dialect,
    read: async (work, signal) => (await database()).read(work, signal),
    close: async () => (await opened?.catch(() => null))?.close(),
  }
}

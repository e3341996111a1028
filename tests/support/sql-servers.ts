/** Real databases under one interface, so that the same tests run over each dialect. */
import pg from 'pg'
import { type MariadbService, startMariadb } from './mariadb.ts'
import { startPostgres } from './services.ts'

export interface SqlServer {
  dialect: 'postgres' | 'mariadb'
  /** Settings of the connector `sql` by which a user comes in who may only read. */
  settings: Record<string, unknown>
  /** Runs statements as one who may everything. */
  run(...statements: string[]): Promise<void>
  stop(): Promise<void>
}

/** In a database of its own; a user `reader` may read what is made afterwards. */
export async function startPostgresServer(encoding = 'UTF8'): Promise<SqlServer> {
  const service = await startPostgres()
  const name = `shop_${process.pid}_${Date.now()}`
  const role = `reader_${process.pid}_${Date.now()}`
  const admin = await open(service.url)
  await admin.query(
    `create database ${name} encoding '${encoding}' lc_collate 'C' lc_ctype 'C' template template0`,
  )
  await admin.query(`create role ${role} login password 'example-reader'`)
  const url = new URL(service.url)
  url.pathname = `/${name}`
  const client = await open(url.href)
  await client.query(`alter default privileges in schema public grant select on tables to ${role}`)
  return {
    dialect: 'postgres',
    settings: {
      ...{ dialect: 'postgres', host: url.hostname, port: Number(url.port || 5432), database: name },
      ...{ user: role, password: 'example-reader' },
    },
    async run(...statements) {
      for (const statement of statements) await client.query(statement)
    },
    async stop() {
      await client.end()
      await admin.query(`drop database ${name} with (force)`)
      await admin.query(`drop role ${role}`)
      await admin.end()
      await service.stop()
    },
  }
}

async function open(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  return client
}

export async function startMariadbServer(): Promise<SqlServer> {
  const service: MariadbService = await startMariadb()
  return {
    dialect: 'mariadb',
    settings: {
      ...{ dialect: 'mariadb', host: '127.0.0.1', port: service.port, database: 'shop' },
      ...{ user: 'reader', password: 'example-reader' },
    },
    async run(...statements) {
      await service.run(...statements)
    },
    stop: () => service.stop(),
  }
}

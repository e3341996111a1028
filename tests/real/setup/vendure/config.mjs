// Configuration of the Vendure shop that the tests run: PostgreSQL, no admin UI, no mail, bearer sessions.
import { createRequire } from 'node:module'
import path from 'node:path'

const require = createRequire(import.meta.url)
const { DefaultJobQueuePlugin, DefaultSearchPlugin, DefaultLogger, LogLevel, dummyPaymentHandler } =
  require('@vendure/core')

export const config = () => ({
  apiOptions: {
    hostname: '127.0.0.1',
    port: Number(process.env.VENDURE_PORT),
    adminApiPath: 'admin-api',
    shopApiPath: 'shop-api',
    trustProxy: false,
  },
  authOptions: {
    tokenMethod: ['bearer'],
    requireVerification: false,
    sessionCacheTTL: 300,
    superadminCredentials: { identifier: 'superadmin', password: 'superadmin' },
    cookieOptions: { secret: 'local-only' },
  },
  dbConnectionOptions: {
    type: 'postgres',
    host: '127.0.0.1',
    port: Number(process.env.VENDURE_PG_PORT),
    username: process.env.VENDURE_PG_USER,
    password: '',
    database: process.env.VENDURE_DB,
    synchronize: false,
    logging: false,
  },
  paymentOptions: { paymentMethodHandlers: [dummyPaymentHandler] },
  importExportOptions: { importAssetsDir: path.resolve('assets') },
  logger: new DefaultLogger({ level: LogLevel.Warn, timestamp: true }),
  plugins: [
    DefaultJobQueuePlugin.init({ useDatabaseForBuffer: true }),
    DefaultSearchPlugin.init({ bufferUpdates: false }),
  ],
})

/** Whether a file says what is active, without opening the ledger for work: for `check` and `doctor`. */
import { TributaryError } from '../core/errors/error.ts'
import { sqlState } from '../ledger/database.ts'
import { openPostgres } from '../ledger/postgres.ts'
import type { Config } from './config.ts'
import { captureConfiguration } from './configuration-files.ts'
import { configurationState } from './operations-configuration.ts'
import type { ConfigurationState } from './operations-configuration-types.ts'
import { version } from './version.ts'

/** What is active on a PostgreSQL server, which may be away or hold no ledger yet: then null. Writes nothing. */
export async function peekConfiguration(url: string): Promise<ConfigurationState | null> {
  const db = openPostgres({ url, onError: () => undefined })
  try {
    return await configurationState(db)
  } catch (error) {
    // no ledger there, an older one, or no answer: others say so
    if (sqlState(error) !== undefined || typeof (error as { code?: unknown }).code === 'string') return null
    throw error
  } finally {
    await db.close()
  }
}

/** True when something was applied and the file says something else. */
export async function hasUnapplied(config: Config, state: ConfigurationState): Promise<boolean> {
  if (!state.applied || !state.active) return false
  try {
    return (await captureConfiguration(config, version())).hash !== state.active.hash
  } catch (error) {
    // what cannot be stored cannot be what is active
    if (error instanceof TributaryError) return true
    throw error
  }
}

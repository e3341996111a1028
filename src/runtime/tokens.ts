/** Where the tokens of connections are kept: sealed in the ledger when there is a key, else in memory. */
import { configError } from '../core/errors/config.ts'
import { shapePhrase } from '../core/errors/error.ts'
import { runtimeError } from '../core/errors/runtime.ts'
import { createSeal, readKey } from '../core/seal.ts'
import type { TokenStore } from '../core/token-store.ts'
import type { Database } from '../ledger/database.ts'
import { createTokenTable } from '../ledger/remote-token.ts'

/** `key`: TRIBUTARY_KEY; null without one. Throws CONFIG_KEY where it is no key. */
export function openTokens(db: Database, key: string | undefined): TokenStore | null {
  if (!key) return null
  const bytes = readKey(key)
  if (!bytes) throw configError('CONFIG_KEY', { found: shapePhrase(key) })
  return createTokenTable(db, createSeal(bytes))
}

/**
 * For a connection whose refresh tokens serve once, where there is no place to keep the next one: renewing it here would
 * take the token away from whoever keeps it. `running`: this process is the one that carries the orders.
 */
export function tokensElsewhere(running: boolean): TokenStore {
  return {
    read: async () => null,
    async renew(connection) {
      if (running) throw configError('CONFIG_KEY_MISSING', { connection })
      throw runtimeError('RUNTIME_TOKENS_ELSEWHERE', { connection })
    },
  }
}

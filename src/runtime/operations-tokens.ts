/** Operations on API tokens. */
import { runtimeError } from '../core/errors/runtime.ts'
import { createToken, listTokens, revokeToken, type TokenRow, useToken } from '../ledger/api-token.ts'
import type { Operations, TokenScope, TokenSummary } from './operations.ts'
import type { Desk } from './operations-desk.ts'
import { iso } from './operations-page.ts'

/** Who may operate may read. */
const SCOPES: Record<TokenScope, string[]> = { read: ['read'], operate: ['read', 'operate'] }

/** The operations on tokens. */
export function tokenOperations(
  desk: Desk,
): Pick<Operations, 'tokenCreate' | 'tokenList' | 'tokenRevoke' | 'verifyToken'> {
  return {
    async tokenCreate({ name, scope, days, by }) {
      checkName(name)
      if (days !== undefined && !(Number.isInteger(days) && days > 0 && days <= 36_500)) {
        throw runtimeError('RUNTIME_REQUEST', { field: 'days', reason: 'a whole number of days' })
      }
      const made = await createToken(desk.db, { name, scopes: SCOPES[scope], days: days ?? null, by })
      if (!made)
        throw runtimeError('RUNTIME_REQUEST', {
          field: 'name',
          reason: `there is a valid token ${name} already`,
        })
      return { ...toToken(made.row), token: made.token }
    },
    tokenList: async () => (await listTokens(desk.db)).map(toToken),
    async tokenRevoke({ id }) {
      const row = await revokeToken(desk.db, id)
      if (!row) throw runtimeError('RUNTIME_UNKNOWN', { what: 'token', id })
      return toToken(row)
    },
    async verifyToken({ token }) {
      const row = await useToken(desk.db, token)
      return row ? { id: String(row.id), name: row.name, scope: scopeOf(row) } : null
    },
  }
}

/** Digits alone would be taken for an id. */
function checkName(name: string): void {
  if (name.trim() === '' || name.length > 100 || /^\d+$/.test(name)) {
    throw runtimeError('RUNTIME_REQUEST', { field: 'name', reason: '1 to 100 characters, not digits alone' })
  }
}

function scopeOf(row: TokenRow): TokenScope {
  return row.scopes.includes('operate') ? 'operate' : 'read'
}

function toToken(row: TokenRow): TokenSummary {
  return {
    id: String(row.id),
    name: row.name,
    scope: scopeOf(row),
    createdAt: row.created_at.toISOString(),
    expiresAt: iso(row.expires_at),
    revokedAt: iso(row.revoked_at),
    lastUsedAt: iso(row.last_used_at),
  }
}

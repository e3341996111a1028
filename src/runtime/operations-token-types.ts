/** What the operations on API tokens take and give; see operations.ts. */
import type { Actor } from './operations-parts.ts'

export type TokenScope = 'read' | 'operate'

export interface TokenSummary {
  id: string
  name: string
  scope: TokenScope
  createdAt: string
  expiresAt: string | null
  revokedAt: string | null
  lastUsedAt: string | null
}

export interface TokenOperations {
  /** `token` is shown this once; only its SHA-256 is stored. `days`: valid that long; without, until revoked. */
  tokenCreate(
    request: { name: string; scope: TokenScope; days?: number } & Actor,
  ): Promise<TokenSummary & { token: string }>
  tokenList(request: Record<string, never>): Promise<TokenSummary[]>
  /** `id`: token id or name. Throws RUNTIME_UNKNOWN. */
  tokenRevoke(request: { id: string } & Actor): Promise<TokenSummary>
  /** Null for an unknown, revoked or expired token. Not reachable over the API. */
  verifyToken(request: { token: string }): Promise<{ id: string; name: string; scope: TokenScope } | null>
}

/** Their names; see OPERATIONS. */
export const TOKEN_OPERATIONS = ['tokenCreate', 'tokenList', 'tokenRevoke', 'verifyToken'] as const

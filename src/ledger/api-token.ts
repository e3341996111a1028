/** API tokens: only their SHA-256 is stored. */
import { createHash, randomBytes } from 'node:crypto'
import type { Queryable } from './database.ts'

export interface TokenRow {
  id: number
  name: string
  scopes: string[]
  created_at: Date
  expires_at: Date | null
  last_used_at: Date | null
  revoked_at: Date | null
}

const FIELDS = 'id, name, scopes, created_at, expires_at, last_used_at, revoked_at'

/** Tells people (and secret scanners) what it is. */
const PREFIX = 'trib_'

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}

/** Makes a token of 256 random bits; it is in the answer and nowhere else. Null: a living one has this name. */
export async function createToken(
  db: Queryable,
  token: { name: string; scopes: string[]; days: number | null; by: string },
): Promise<{ row: TokenRow; token: string } | null> {
  const text = PREFIX + randomBytes(32).toString('base64url')
  const { rows } = await db.query<TokenRow>(
    `insert into api_token (name, hash, scopes, created_by, expires_at)
     select $1, $2, $3::text[], $4, now() + make_interval(days => $5)
      where not exists (select 1 from api_token where name = $1 and revoked_at is null
                           and (expires_at is null or expires_at > now()))
     returning ${FIELDS}`,
    [token.name, hashOf(text), token.scopes, token.by, token.days],
  )
  return rows[0] ? { row: rows[0], token: text } : null
}

/** Newest first, at most 500. */
export async function listTokens(db: Queryable): Promise<TokenRow[]> {
  const { rows } = await db.query<TokenRow>(`select ${FIELDS} from api_token order by id desc limit 500`)
  return rows
}

/** By id or name; revoking twice keeps the first instant. Null when there is none. */
export async function revokeToken(db: Queryable, ref: string): Promise<TokenRow | null> {
  const id = /^\d{1,15}$/.test(ref) ? Number(ref) : null
  const { rows } = await db.query<TokenRow>(
    `update api_token set revoked_at = coalesce(revoked_at, now())
      where id = (select id from api_token where id = $1 or name = $2
                   order by (revoked_at is not null), (id = $1) desc nulls last, id desc limit 1)
      returning ${FIELDS}`,
    [id, ref],
  )
  return rows[0] ?? null
}

/** The living token, or null. Its last use is noted once a minute, so that reading costs no write. */
export async function useToken(db: Queryable, token: string): Promise<TokenRow | null> {
  if (!token.startsWith(PREFIX) || token.length > 100) return null
  const { rows } = await db.query<TokenRow & { stale: boolean }>(
    `select ${FIELDS}, last_used_at is null or last_used_at < now() - interval '1 minute' as stale from api_token
      where hash = $1 and revoked_at is null and (expires_at is null or expires_at > now())`,
    [hashOf(token)],
  )
  const found = rows[0]
  if (found?.stale) await db.query('update api_token set last_used_at = now() where id = $1', [found.id])
  return found ?? null
}

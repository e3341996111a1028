/**
 * Authorisation as the Chinese platforms do it: the merchant grants an application access in the browser, the code
 * from there buys a token, a refresh token buys the next. A new grant voids everything older at once (china.md §7.2
 * for Pinduoduo [1]; for Taobao [M]).
 */
import { randomUUID } from 'node:crypto'

/** Everything there is to know; kept in the log. Instants are milliseconds since 1970. */
export interface AuthState {
  code: { value: string; until: number } | null
  token: Token | null
}

/** One grant. A refreshed token never lives longer than the grant it came from. */
export interface Token {
  access: string
  refresh: string
  accessUntil: number
  refreshUntil: number
}

/** Why a token cannot be had or used. */
export type AuthFailure = 'unknown' | 'expired'

/** How long things live, in seconds. */
export interface Lifetimes {
  access: number
  refresh: number
}

const CODE_LIFE = 10 * 60_000

/** Makes the authorisation of one shop; `save` keeps every new state. */
export function createAuth(life: Lifetimes, save: (state: AuthState) => void) {
  let state: AuthState = { code: null, token: null }
  const change = (next: AuthState): void => {
    state = next
    save(next)
  }
  const issue = (now: number, refreshUntil: number): Token => {
    const access = randomUUID().replaceAll('-', '')
    const token: Token = {
      access,
      refresh: randomUUID().replaceAll('-', ''),
      accessUntil: Math.min(now + life.access * 1000, refreshUntil),
      refreshUntil,
    }
    change({ code: null, token })
    return token
  }
  return {
    /** Sets what the log or the options say, without saving it. */
    restore(known: AuthState): void {
      state = known
    },
    /** The merchant's click on "authorise"; returns the code, which lives ten minutes. */
    grant(now: number): string {
      const code = randomUUID().replaceAll('-', '')
      change({ code: { value: code, until: now + CODE_LIFE }, token: null })
      return code
    },
    /** A code buys one token once. */
    exchange(code: string, now: number): Token | AuthFailure {
      if (state.code?.value !== code) return 'unknown'
      if (state.code.until < now) return 'expired'
      return issue(now, now + life.refresh * 1000)
    },
    /** The next token; the one before is void from here on. */
    refresh(refresh: string, now: number): Token | AuthFailure {
      if (state.token?.refresh !== refresh) return 'unknown'
      if (state.token.refreshUntil < now) return 'expired'
      return issue(now, state.token.refreshUntil)
    },
    /** Null when the token may be used now. */
    check(access: string, now: number): AuthFailure | null {
      if (state.token?.access !== access) return 'unknown'
      return state.token.accessUntil < now ? 'expired' : null
    },
    /** Lets the access token end now; it can still be refreshed. */
    expire(now: number): void {
      if (state.token) change({ ...state, token: { ...state.token, accessUntil: now - 1 } })
    },
    /** The token that counts; null between a grant and its exchange. */
    current: (): Token | null => state.token,
  }
}

/** The authorisation of one shop. */
export type Auth = ReturnType<typeof createAuth>

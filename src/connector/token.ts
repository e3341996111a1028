/**
 * Tokens that must be got before anything can be asked, and renewed before they end. Where they are kept (and that
 * only one process renews one) is the store's matter.
 */
import { connectorError } from '../core/errors/connector.ts'
import { parseDuration } from '../core/time.ts'
import type { StoredToken, TokenStore } from '../core/token-store.ts'
import { isHttpFailure } from './client.ts'
import { clockInstant } from './clock.ts'
import { textAt } from './dotted.ts'
import type { Call } from './manifest-call.ts'
import type { Clock, TokenManifest } from './manifest-http.ts'
import type { Settings } from './settings.ts'
import { fillText } from './template.ts'

/** A token, and what came with it. */
export type HeldToken = Pick<StoredToken, 'token' | 'extra'>

export interface TokenKeeper {
  /** A token that is not known to have ended; gets or renews one where there is none. */
  current(signal: AbortSignal): Promise<HeldToken>
  /** The remote refused this one: another one. Throws CONNECTOR_TOKEN_DEAD when none can be had. */
  renewed(refused: string, signal: AbortSignal): Promise<HeldToken>
}

export interface TokenOptions {
  connection: string
  declared: TokenManifest
  settings: Settings
  clock: Clock
  store: TokenStore
  /** Sends a call and gives the parsed answer of a success; throws CONNECTOR_* for anything else. */
  ask(call: Call, values: Record<string, unknown>, signal: AbortSignal): Promise<unknown>
}

const AHEAD = '5m'

/**
 * OAuth 2's `client_secret_basic` (RFC 6749, section 2.3.1): id and secret are form-encoded before they are joined, so
 * that a colon in either is none between them.
 */
export function clientCredentials(id: string, secret: string): string {
  const encoded = (text: string) => new URLSearchParams([['', text]]).toString().slice(1)
  return `Basic ${Buffer.from(`${encoded(id)}:${encoded(secret)}`).toString('base64')}`
}

/** Made once per connection whose connector declares `http.token`. */
export function createTokenKeeper(options: TokenOptions): TokenKeeper {
  const { connection, declared, store } = options
  const ahead = parseDuration(declared.ahead ?? AHEAD)
  const renew = (refused: string | null, signal: AbortSignal) =>
    store.renew(connection, refused, (old) => obtain(options, old, signal))
  return {
    async current(signal) {
      const kept = (await store.read(connection)) ?? first(options)
      // a little life left is enough to ask with while another process renews it
      const ends = kept?.expiresAt ? Date.parse(kept.expiresAt) - ahead : Number.POSITIVE_INFINITY
      if (kept?.token && Date.now() < ends) return kept
      return renew(kept?.token ?? null, signal)
    },
    renewed: renew,
  }
}

/** What a person gave with the settings. */
function first({ declared, settings }: TokenOptions): StoredToken | null {
  const token = fillText(declared.first?.token ?? '', settings)
  const refresh = fillText(declared.first?.refresh ?? '', settings)
  return token === '' && refresh === '' ? null : { token, refresh: refresh || null, expiresAt: null }
}

/** Renews with the refresh token where there is one, else gets a new one. */
async function obtain(
  options: TokenOptions,
  old: StoredToken | null,
  signal: AbortSignal,
): Promise<StoredToken> {
  const { declared, connection } = options
  const refresh = old?.refresh ?? first(options)?.refresh ?? null
  if (declared.refresh && refresh) {
    try {
      return await asked(options, declared.refresh, refresh, signal)
    } catch (error) {
      // a refresh token that is dead: where a new token can be had without a person, that is the way
      if (!declared.get || isHttpFailure(error) || (error as { kind?: string }).kind === 'transient')
        throw dead(error, connection)
    }
  }
  if (!declared.get)
    throw connectorError('CONNECTOR_TOKEN_DEAD', { connection, reason: 'no refresh token is left' })
  try {
    return await asked(options, declared.get, refresh, signal)
  } catch (error) {
    throw dead(error, connection)
  }
}

/** Network trouble stays what it is; a refusal needs a person. */
function dead(error: unknown, connection: string): unknown {
  if (isHttpFailure(error) || (error as { kind?: string }).kind === 'transient') return error
  return connectorError('CONNECTOR_TOKEN_DEAD', { connection, reason: (error as Error).message }, error)
}

async function asked(
  { declared, clock, ask }: TokenOptions,
  call: Call,
  refresh: string | null,
  signal: AbortSignal,
): Promise<StoredToken> {
  const before = Date.now()
  const answer = await ask(call, { refresh: refresh ?? '' }, signal)
  const token = textAt(answer, declared.token)
  if (!token)
    throw connectorError('CONNECTOR_ANSWER_UNREADABLE', { reason: `${declared.token} is not there` })
  return {
    token,
    // a platform that sends no new one goes on taking the old one
    refresh: textAt(answer, declared.refreshToken) ?? refresh,
    expiresAt: endOf(declared, answer, before, clock),
    ...(declared.extra ? { extra: extraOf(declared.extra, answer) } : {}),
  }
}

/** What is not there is left out: a hook says what it misses. */
function extraOf(paths: Record<string, string>, answer: unknown): Record<string, string> {
  const found = Object.entries(paths).map(([name, path]) => [name, textAt(answer, path)] as const)
  return Object.fromEntries(found.filter((entry): entry is [string, string] => entry[1] !== null))
}

function endOf(declared: TokenManifest, answer: unknown, before: number, clock: Clock): string | null {
  const seconds = textAt(answer, declared.expires)
  if (seconds !== null && /^\d+(\.\d+)?$/.test(seconds))
    return new Date(before + Number(seconds) * 1000).toISOString()
  const at = textAt(answer, declared.expiresAt)
  return at === null ? null : (clockInstant(at, clock)?.toISOString() ?? null)
}

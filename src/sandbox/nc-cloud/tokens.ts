/**
 * Tokens of NC Cloud (facts §2): the request's checks in the order of the real server (business centre, app,
 * secret, signature), and what is issued. A new token ends the one before, and its security key with it.
 */
import { type KeyObject, randomBytes, randomUUID } from 'node:crypto'
import { FILTER } from './answer.ts'
import { openSecret, signatureOf } from './crypto.ts'
import type { NcCloudOptions } from './options.ts'
import type { Store, Token } from './store.ts'

/** The app's key pair; `publicKey` is the text that goes into signatures: Base64 without header and breaks. */
export interface AppKey {
  privateKey: KeyObject
  publicKey: string
}

const SECOND = 1000

/** Makes the tokens of one app. */
export function createTokens(store: Store, key: AppKey, options: NcCloudOptions) {
  const { clientId, clientSecret, padding = 'oaep' } = options
  const salted = options.salt !== 'none'

  function secretOf(text: string | null): string {
    try {
      return openSecret(text ?? '', key.privateKey, padding)
    } catch (cause) {
      if (cause instanceof Error) throw FILTER.decryption()
      throw cause
    }
  }

  /** What the grant adds to the signed text, between the secret and the key. */
  function grantParts(query: URLSearchParams): string[] {
    const grant = query.get('grant_type')
    if (grant === 'client_credentials') return []
    if (grant === 'refresh_token') return [query.get('refresh_token') ?? '']
    if (grant === 'password') return [query.get('username') ?? '', secretOf(query.get('password'))]
    throw FILTER.grant()
  }

  function checkGrant(query: URLSearchParams, parts: readonly string[]): void {
    const grant = query.get('grant_type')
    if (grant === 'password') {
      const { username, password } = options
      if (username === undefined || parts[0] !== username || parts[1] !== password) throw FILTER.login()
    }
    if (grant === 'refresh_token' && store.token()?.refresh !== parts[0]) throw FILTER.refresh()
  }

  function shown(token: Token): object {
    return {
      access_token: token.access,
      refresh_token: token.refresh,
      security_key: token.securityKey,
      security_level: options.securityLevel ?? 'L0',
      expires_in: Math.max(0, Math.round((token.until - Date.now()) / SECOND)),
      ts: Date.now(),
    }
  }

  return {
    /** Answers a request for a token; every parameter is in the query. Throws Refused. */
    issue(query: URLSearchParams, contentType: string): object {
      if (!/^application\/x-www-form-urlencoded\b/i.test(contentType)) throw FILTER.contentType()
      // a refresh names no business centre in the reference client
      const center = query.get('biz_center')
      const refreshes = query.get('grant_type') === 'refresh_token'
      if (center === null ? !refreshes : !options.bizCenters.includes(center)) throw FILTER.bizCenter()
      if (query.get('client_id') !== clientId) throw FILTER.notRegistered()
      if (secretOf(query.get('client_secret')) !== clientSecret) throw FILTER.notAuthorized()
      const parts = grantParts(query)
      const signature = signatureOf([clientId, clientSecret, ...parts], key.publicKey, salted)
      if (query.get('signature') !== signature) throw FILTER.tokenSignature()
      checkGrant(query, parts)
      const token = {
        access: randomUUID(),
        refresh: randomUUID(),
        securityKey: randomBytes(32).toString('base64'),
        until: Date.now() + (options.tokenLife ?? 1_000_000) * SECOND,
      }
      store.issue(token)
      return shown(token)
    },
    /** The token of a call. Throws Refused when it is not the newest or has ended. */
    check(access: string | undefined): Token {
      const token = store.token()
      if (!access || token?.access !== access) throw FILTER.noToken()
      if (token.until <= Date.now()) throw FILTER.expired()
      return token
    },
  }
}

export type Tokens = ReturnType<typeof createTokens>

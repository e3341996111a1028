/**
 * What a call passes before it reaches an API (facts §2): headers, token, the body opened at the app's level,
 * the signature over the plain body, the permission, and the check for repeats.
 */
import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { parseExact } from '../exact-json.ts'
import type { Faults } from '../faults.ts'
import { business, FILTER } from './answer.ts'
import { openBody, signatureOf } from './crypto.ts'
import type { NcCloudOptions } from './options.ts'
import type { Repeat, Store, Token } from './store.ts'
import type { AppKey, Tokens } from './tokens.ts'

/** One API. `writes`: an identical repeat of it is refused when the caller wants that. */
export interface Api {
  writes: boolean
  call(body: unknown, repeat: Repeat | null): unknown
}

/** A call that has passed. */
export interface Passed {
  api: Api
  body: unknown
  repeat: Repeat | null
}

export interface FilterParts {
  store: Store
  tokens: Tokens
  key: AppKey
  faults: Faults
  options: NcCloudOptions
  apis: Readonly<Record<string, Api>>
}

const header = (headers: IncomingHttpHeaders, name: string): string => {
  const value = headers[name]
  return Array.isArray(value) ? value.join(',') : (value ?? '')
}

/** Makes the filter. */
export function createFilter({ store, tokens, key, faults, options, apis }: FilterParts) {
  const { clientId, securityLevel = 'L0', repeatWindow = 600_000 } = options
  const salted = (options.salt ?? 'both') === 'both'
  const running = new Set<string>()

  function opened(text: string, token: Token): string {
    try {
      return openBody(text, securityLevel, token.securityKey)
    } catch (cause) {
      if (cause instanceof Error) throw FILTER.decryption()
      throw cause
    }
  }

  function repeatOf(path: string, plain: string, api: Api, headers: IncomingHttpHeaders): Repeat | null {
    if (!api.writes || header(headers, 'repeat_check') !== 'Y') return null
    const digest = createHash('sha256').update(`${path}\n${plain}`).digest('hex')
    const before = store.repeatedAt(digest)
    if (running.has(digest) || (before !== undefined && Date.now() - before < repeatWindow)) {
      throw FILTER.repeat()
    }
    return { key: digest, at: Date.now() }
  }

  return {
    /** The newest token when the caller holds it. Throws Refused. */
    token(headers: IncomingHttpHeaders): Token {
      const client = header(headers, 'client_id')
      if (client === '') throw FILTER.noClient()
      if (client !== clientId) throw FILTER.notRegistered()
      if (header(headers, 'ucg_flag') !== 'y') throw FILTER.gateway()
      if (faults.hit('tokenExpired')) store.expireToken()
      return tokens.check(header(headers, 'access_token'))
    },
    /** The call behind a body. Throws Refused. */
    pass(path: string, headers: IncomingHttpHeaders, text: string, token: Token): Passed {
      if (!/^application\/json\b/i.test(header(headers, 'content-type'))) throw FILTER.jsonType()
      const plain = opened(text, token)
      const signature = signatureOf([clientId, plain], key.publicKey, salted)
      if (header(headers, 'signature') !== signature) throw FILTER.callSignature()
      const api = Object.hasOwn(apis, path) ? apis[path]! : null
      if (!api || (options.apis && !options.apis.includes(path))) throw FILTER.permission(clientId, path)
      const body = parseExact(plain)
      if (body === undefined) throw business('参数格式错误: 请求体不是 JSON')
      return { api, body, repeat: repeatOf(path, plain, api, headers) }
    },
    /** Runs the work of a call; meanwhile the same call is a repeat. */
    async run<T>(repeat: Repeat | null, work: () => Promise<T>): Promise<T> {
      if (!repeat) return work()
      running.add(repeat.key)
      try {
        return await work()
      } finally {
        running.delete(repeat.key)
      }
    },
  }
}

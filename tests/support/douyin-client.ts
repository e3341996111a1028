/** Calls the Douyin sandbox as a merchant's software does, signing with code of its own. */
import { createHash, createHmac } from 'node:crypto'

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into freely here
export type Any = any

export const KEY = '3456789012345678901'
export const SECRET = 'dy-secret'
export const SHOP = '4463798'

/** Sorted, compact JSON; a text like `#123` (what `big` makes) becomes a bare number. */
export function canonical(value: unknown): string {
  const sort = (v: Any): Any =>
    Array.isArray(v)
      ? v.map(sort)
      : v && typeof v === 'object'
        ? new Map(
            Object.keys(v)
              .sort()
              .map((k) => [k, sort(v[k])]),
          )
        : v
  const show = (v: Any): string =>
    v instanceof Map
      ? `{${[...v].map(([k, one]) => `"${k}":${show(one)}`).join(',')}}`
      : Array.isArray(v)
        ? `[${v.map(show).join(',')}]`
        : typeof v === 'string' && /^#\d+$/.test(v)
          ? v.slice(1)
          : JSON.stringify(v)
  return show(sort(value))
}

/** A 64-bit number for a body. */
export const big = (digits: string) => `#${digits}`

export interface Asked {
  token?: string
  timestamp?: string
  by?: 'hmac-sha256' | 'md5'
  /** Sent instead of what is signed. */
  body?: string
  secret?: string
  path?: string
  query?: Record<string, string>
}

export function sign(secret: string, method: string, param: string, timestamp: string, by: string): string {
  const middle = [
    'app_key',
    KEY,
    'method',
    method,
    'param_json',
    param,
    'timestamp',
    timestamp,
    'v',
    '2',
  ].join('')
  const text = secret + middle + secret
  return by === 'md5'
    ? createHash('md5').update(text, 'utf8').digest('hex')
    : createHmac('sha256', secret).update(text, 'utf8').digest('hex')
}

/** The bare answer of one call. */
export function send(url: string, method: string, params: unknown, asked: Asked = {}): Promise<Response> {
  const { by = 'hmac-sha256', secret = SECRET, timestamp = String(Math.floor(Date.now() / 1000)) } = asked
  const param = canonical(params)
  const query = new URLSearchParams({
    app_key: KEY,
    method,
    v: '2',
    timestamp,
    sign_method: by,
    sign: sign(secret, method, param, timestamp, by),
    ...(asked.token === undefined ? {} : { access_token: asked.token }),
    ...asked.query,
  })
  const path = asked.path ?? `/${method.split('.').join('/')}`
  return fetch(`${url}${path}?${query}`, { method: 'POST', body: asked.body ?? param })
}

/** The envelope, and the text that it came in, for ids that JavaScript numbers cannot hold. */
export async function call(url: string, method: string, params: unknown, asked: Asked = {}): Promise<Any> {
  const response = await send(url, method, params, asked)
  if (response.status !== 200) throw new Error(`HTTP ${response.status}`)
  const text = await response.text()
  return { ...JSON.parse(text), text }
}

/** An access token for the shop. */
export async function tokenOf(url: string): Promise<string> {
  const answer = await call(url, 'token.create', {
    grant_type: 'authorization_self',
    shop_id: SHOP,
    code: '',
  })
  return answer.data.access_token
}

/** `GET` or, with a body, `POST` under `/_sandbox/`. */
export async function control(url: string, path: string, body?: unknown): Promise<Any> {
  const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }
  const response = await fetch(`${url}/_sandbox/${path}`, init)
  return { status: response.status, body: await response.json() }
}

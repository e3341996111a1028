/**
 * Signatures of the Douyin shop's gateway and of its pushes (facts §7.3). Written from the rule, apart from
 * what the product signs with.
 */
import { createHash, createHmac } from 'node:crypto'
import { isNumberText, parseExact } from '../exact-json.ts'

export type SignMethod = 'hmac-sha256' | 'md5'

/**
 * `param_json` in the form that is signed: keys sorted at every depth, no blanks, nothing escaped but what
 * JSON must, whole numbers without a fraction. Null for what is no JSON object.
 */
export function canonicalParam(text: string): string | null {
  const value = text === '' ? {} : parseExact(text)
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? print(value) : null
}

function print(value: unknown): string {
  if (isNumberText(value)) return value.rawJSON.replace(/\.0+$/, '')
  if (Array.isArray(value)) return `[${value.map(print).join(',')}]`
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
    return `{${entries.map(([key, one]) => `${JSON.stringify(key)}:${print(one)}`).join(',')}}`
  }
  return JSON.stringify(value)
}

/** The signed parts of a call; access_token and sign_method stay out. */
export interface Signed {
  appKey: string
  method: string
  paramJson: string
  timestamp: string
  v: string
}

/** The signature as lower hex: HMAC-SHA256 with the secret, or the old md5, over the same wrapped text. */
export function signCall(
  secret: string,
  { appKey, method, paramJson, timestamp, v }: Signed,
  by: SignMethod,
) {
  const sorted = `app_key${appKey}method${method}param_json${paramJson}timestamp${timestamp}v${v}`
  const text = `${secret}${sorted}${secret}`
  if (by === 'md5') return createHash('md5').update(text).digest('hex')
  return createHmac('sha256', secret).update(text).digest('hex')
}

/** `event-sign` of a push: lower md5 over key, raw body and secret. */
export function signPush(appKey: string, body: string, secret: string): string {
  return createHash('md5').update(`${appKey}${body}${secret}`).digest('hex')
}

/** Signatures of the marketplace: of calls (api.md, chapter 2) and of notifications (chapter 7). */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

/** What is hashed: the fields sorted by name, without `sign` and empty ones, and the secret behind them. */
export function signedText(fields: Iterable<[string, string]>, secret: string): string {
  const pairs = [...fields].filter(([name, value]) => name !== 'sign' && value !== '')
  pairs.sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  return [...pairs, ['app_secret', secret]].map(([name, value]) => `${name}=${value}`).join('&')
}

/** 64 hexadecimal digits in capital letters. */
export function signatureOf(fields: Iterable<[string, string]>, secret: string): string {
  return createHash('sha256').update(signedText(fields, secret), 'utf8').digest('hex').toUpperCase()
}

/** 64 hexadecimal digits in small letters; `timestamp`: seconds since 1970. */
export function hookSignatureOf(timestamp: number, body: string | Buffer, secret: string): string {
  return createHmac('sha256', secret).update(`${timestamp}.`).update(body).digest('hex')
}

/** Compares in constant time. */
export function isSame(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)]
  return a.length === b.length && timingSafeEqual(a, b)
}

/**
 * The signature of Qimen calls, the same in both directions (china.md §6.1): upper-case MD5 over the secret,
 * all query parameters but `sign` sorted by name and joined, the exact bytes of the body, and the secret.
 * Empty parameters are skipped, the text "0" is not. Test vector: china-sign-vectors.json, system qimen.
 */
import { createHash } from 'node:crypto'

/** Where the secret stands: at both ends, or only behind (a variant seen once). */
export type Wrap = 'both' | 'tail'

/** The signature of a call; `body` as it is on the wire. */
export function signatureOf(
  params: Iterable<readonly [string, string]>,
  body: Uint8Array,
  secret: string,
  wrap: Wrap = 'both',
): string {
  const text = [...params]
    .filter(([name, value]) => name !== 'sign' && value !== '')
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([name, value]) => name + value)
    .join('')
  const hash = createHash('md5')
  if (wrap === 'both') hash.update(secret, 'utf8')
  return hash.update(text, 'utf8').update(body).update(secret, 'utf8').digest('hex').toUpperCase()
}

/** An instant as the platform writes it: yyyy-MM-dd HH:mm:ss in GMT+8. */
export function chinaTime(ms: number): string {
  return new Date(ms + 8 * 3_600_000).toISOString().slice(0, 19).replace('T', ' ')
}

/** Reads such an instant (epoch ms); null when it is none. */
export function readChinaTime(text: string): number | null {
  if (!/^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/.test(text)) return null
  const ms = Date.parse(`${text.replace(' ', 'T')}+08:00`)
  return Number.isNaN(ms) || chinaTime(ms) !== text ? null : ms
}

/** TOP's signature (china.md §6): every parameter but `sign`, sorted by the code points of its name. */
import { createHash, createHmac } from 'node:crypto'
import type { Params } from '../marketplace/wire.ts'

/** What goes into the digest: name and value in one, without any separator; empty ones are left out [1, SDK]. */
function baseText(params: Params): string {
  return [...params]
    .filter(([name, value]) => name !== 'sign' && name !== '' && value !== '')
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => name + value)
    .join('')
}

/** The digests by `sign_method`: md5 wraps the text in the secret, the two others have it as their key [2+]. */
const DIGESTS: Record<string, (text: string, secret: string) => string> = {
  md5: (text, secret) => createHash('md5').update(`${secret}${text}${secret}`).digest('hex'),
  hmac: (text, secret) => createHmac('md5', secret).update(text).digest('hex'),
  'hmac-sha256': (text, secret) => createHmac('sha256', secret).update(text).digest('hex'),
}

/** The signature that a call must carry, upper hex; null for an unknown `sign_method`. */
export function signatureOf(params: Params, secret: string): string | null {
  const method = params.get('sign_method') ?? ''
  const digest = Object.hasOwn(DIGESTS, method) ? DIGESTS[method] : undefined
  return digest ? digest(baseText(params), secret).toUpperCase() : null
}

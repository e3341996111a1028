/** Pinduoduo's signature (china.md §7.2, published vector): md5 of everything sent, wrapped in the secret, upper hex. */
import { createHash } from 'node:crypto'
import type { Params } from '../marketplace/wire.ts'

/** The signature that a call must carry: common and own parameters, sorted by name, without any separator. */
export function signatureOf(params: Params, secret: string): string {
  const text = [...params]
    .filter(([name]) => name !== 'sign')
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => name + value)
    .join('')
  return createHash('md5').update(`${secret}${text}${secret}`).digest('hex').toUpperCase()
}

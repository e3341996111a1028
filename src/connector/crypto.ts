/** The cryptography that hooks may use (hooks.ts, `Crypto`): Node's own, with limits where data of others comes in. */
import {
  constants,
  createCipheriv,
  createDecipheriv,
  createHash,
  createPublicKey,
  publicEncrypt,
  timingSafeEqual,
} from 'node:crypto'
import { gunzipSync, gzipSync } from 'node:zlib'
import type { Crypto } from './hooks.ts'

/** Largest answer that is unpacked, in bytes. */
const UNPACKED = 64 * 1024 * 1024

export const crypto: Crypto = Object.freeze({
  digest: (algorithm, data) => createHash(algorithm).update(data).digest(),
  rsa(data, publicKey, padding, block) {
    const key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' })
    const how =
      padding === 'pkcs1'
        ? { key, padding: constants.RSA_PKCS1_PADDING }
        : { key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }
    const bytes = Buffer.from(data)
    const sealed: Buffer[] = []
    for (let at = 0; at < bytes.length; at += block)
      sealed.push(publicEncrypt(how, bytes.subarray(at, at + block)))
    return Buffer.concat(sealed)
  },
  aesCtr(data, key, counter) {
    const cipher = createCipheriv('aes-256-ctr', key, counter)
    return Buffer.concat([cipher.update(data), cipher.final()])
  },
  aesCbcOpen(data, key, iv) {
    if (data.length === 0 || data.length % 16 !== 0) throw new RangeError('no whole blocks')
    const decipher = createDecipheriv('aes-256-cbc', key, iv).setAutoPadding(false)
    return Buffer.concat([decipher.update(data), decipher.final()])
  },
  same(a, b) {
    const [one, other] = [a, b].map((text) => createHash('sha256').update(text).digest())
    return timingSafeEqual(one!, other!)
  },
  gzip: (data) => gzipSync(data),
  gunzip: (data) => gunzipSync(data, { maxOutputLength: UNPACKED }),
} satisfies Crypto)

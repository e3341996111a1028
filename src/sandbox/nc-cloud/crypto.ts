/**
 * The cryptography of NC Cloud's OpenAPI (facts §2), from the server's side: salted signatures, secrets under
 * RSA, and the five security levels of bodies. Written from the rule, apart from what the product uses.
 */
import {
  constants,
  createCipheriv,
  createDecipheriv,
  createHash,
  type KeyObject,
  privateDecrypt,
} from 'node:crypto'
import { gunzipSync, gzipSync } from 'node:zlib'

/** L0 plain, L1 AES, L2 gzip, L3 gzip then AES, L4 AES then gzip; requests and answers alike. */
export const LEVELS = ['L0', 'L1', 'L2', 'L3', 'L4'] as const
export type Level = (typeof LEVELS)[number]

/** How an app's secret is encrypted: releases before 2005 use PKCS#1 v1.5. */
export type Padding = 'oaep' | 'pkcs1'

/**
 * The salt of an app: Base64 of the first 16 bytes that Java's SHA1PRNG gives when it is seeded with the text
 * of the public key, which are SHA1(SHA1(text)).
 */
export function saltOf(publicKey: string): string {
  const once = createHash('sha1').update(publicKey).digest()
  return createHash('sha1').update(once).digest().subarray(0, 16).toString('base64')
}

/** Lower hex SHA-256 over the parts, the public key and (unless `salted` is false) the salt. */
export function signatureOf(parts: readonly string[], publicKey: string, salted: boolean): string {
  const text = [...parts, publicKey].join('')
  return createHash('sha256')
    .update(salted ? text + saltOf(publicKey) : text)
    .digest('hex')
}

/**
 * The plain text of a secret: Base64 (line breaks allowed) of one or more blocks, each encrypted with the
 * app's public key. Throws when it is none.
 */
export function openSecret(text: string, key: KeyObject, padding: Padding): string {
  const bytes = Buffer.from(text, 'base64')
  const block = (key.asymmetricKeyDetails?.modulusLength ?? 2048) / 8
  if (bytes.length === 0 || bytes.length % block !== 0) throw new RangeError('no whole block')
  const parts: Buffer[] = []
  for (let at = 0; at < bytes.length; at += block) {
    const one = bytes.subarray(at, at + block)
    parts.push(
      padding === 'oaep'
        ? privateDecrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }, one)
        : privateDecrypt({ key, padding: constants.RSA_PKCS1_PADDING }, one),
    )
  }
  return Buffer.concat(parts).toString('utf8')
}

/** AES/CTR with the decoded key; the first 16 characters of the key's Base64 text are the counter. */
const cipherOf = (key: string) =>
  [Buffer.from(key, 'base64'), Buffer.from(key.slice(0, 16), 'latin1')] as const

function encrypt(text: string, key: string): string {
  const cipher = createCipheriv('aes-256-ctr', ...cipherOf(key))
  return Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]).toString('base64')
}

function decrypt(text: string, key: string): string {
  const cipher = createDecipheriv('aes-256-ctr', ...cipherOf(key))
  return Buffer.concat([cipher.update(Buffer.from(text, 'base64')), cipher.final()]).toString('utf8')
}

const zip = (text: string): string => gzipSync(text).toString('base64')
const unzip = (text: string): string => gunzipSync(Buffer.from(text, 'base64')).toString('utf8')

/** A body as it travels. Every step works on text: what gzip makes is Base64 before AES sees it. */
export function sealBody(text: string, level: Level, key: string): string {
  if (level === 'L0') return text
  if (level === 'L1') return encrypt(text, key)
  if (level === 'L2') return zip(text)
  return level === 'L3' ? encrypt(zip(text), key) : zip(encrypt(text, key))
}

/** The plain body. Throws when it has not been sealed at this level. */
export function openBody(text: string, level: Level, key: string): string {
  if (level === 'L0') return text
  if (level === 'L1') return decrypt(text, key)
  if (level === 'L2') return unzip(text)
  return level === 'L3' ? unzip(decrypt(text, key)) : decrypt(unzip(text), key)
}

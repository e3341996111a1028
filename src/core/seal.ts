/**
 * Secrets that must be kept at rest: AES-256-GCM (NIST SP 800-38D) with a fresh 96-bit nonce each time, bound to what
 * the secret is about, so that a row copied to another place does not open.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

export interface Seal {
  /** `about` must be given again to open it. */
  close(text: string, about: string): Buffer
  /** Null when it was sealed with another key, about something else, or is damaged. */
  open(sealed: Buffer, about: string): string | null
}

const FORMAT = 1
const NONCE = 12
const TAG = 16

/** The 32 bytes of a key written as base64 or hexadecimal; null for anything else. */
export function readKey(text: string): Buffer | null {
  const trimmed = text.trim()
  if (/^[0-9a-f]{64}$/i.test(trimmed)) return Buffer.from(trimmed, 'hex')
  if (!/^[A-Za-z0-9+/_-]{43}=?$/.test(trimmed)) return null
  const bytes = Buffer.from(trimmed, 'base64')
  return bytes.length === 32 ? bytes : null
}

/** `key`: 32 bytes. */
export function createSeal(key: Buffer): Seal {
  return {
    close(text, about) {
      const nonce = randomBytes(NONCE)
      const cipher = createCipheriv('aes-256-gcm', key, nonce)
      cipher.setAAD(Buffer.from(about))
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
      return Buffer.concat([Buffer.from([FORMAT]), nonce, cipher.getAuthTag(), body])
    },
    open(sealed, about) {
      if (sealed[0] !== FORMAT || sealed.length < 1 + NONCE + TAG) return null
      const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(1, 1 + NONCE))
      decipher.setAAD(Buffer.from(about))
      decipher.setAuthTag(sealed.subarray(1 + NONCE, 1 + NONCE + TAG))
      try {
        const body = decipher.update(sealed.subarray(1 + NONCE + TAG))
        return Buffer.concat([body, decipher.final()]).toString('utf8')
      } catch {
        return null
      }
    },
  }
}

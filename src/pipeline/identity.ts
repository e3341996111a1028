/** What documents and pushes are known by: versions, hashes, keys and the terms people search with. */
import { createHash } from 'node:crypto'
import type { DocumentKind } from '../core/ports.ts'

/**
 * A version as text that sorts: instants as UTC with milliseconds, counters padded to twenty digits.
 * Throws RangeError for anything else.
 */
export function sortableVersion(version: string): string {
  if (/^\d{1,20}$/.test(version)) return version.padStart(20, '0')
  const at = new Date(version)
  if (Number.isNaN(at.getTime())) throw new RangeError('version is neither an instant nor a whole number')
  return at.toISOString()
}

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/**
 * Identity of a push: 125 bits over installation, target, kind, what it is made of and revision, as 25
 * letters and digits, which fits the narrowest key field known (NC's 36, Tryton's reference). Never a
 * sequence number: the same order gives the same key after a restore.
 */
export function pushKey(
  installation: string,
  connection: string,
  kind: DocumentKind,
  parts: string[],
  revision: number,
): string {
  const text = [installation, connection, kind, ...[...parts].sort(), String(revision)].join('\u001f')
  const digest = createHash('sha256').update(text).digest()
  let bits = 0n
  for (const byte of digest.subarray(0, 16)) bits = (bits << 8n) | BigInt(byte)
  let key = ''
  for (let i = 0; i < 25; i++) {
    key += BASE32[Number(bits & 31n)]
    bits >>= 5n
  }
  return key
}

/** The last seven digits of the receiver's or buyer's phone, to find an order by; null without a phone. */
export function phoneTail(content: Record<string, unknown>): string | null {
  const phone = (value: unknown) => (value as { phone?: string | null } | null | undefined)?.phone
  const digits = (phone(content.shipTo) ?? phone(content.buyer) ?? '').replace(/\D/g, '')
  return digits.length >= 4 ? digits.slice(-7) : null
}

/** By kind, the fields whose texts a document is found by. */
const TERMS: { [K in DocumentKind]?: readonly string[] } = {
  shipment: ['trackingNumber', 'order'],
  return: ['order'],
  refund: ['order', 'return'],
  cancellation: ['order'],
  receipt: ['order', 'payment'],
  // a site is no term: it would find every SKU there
  stock: ['sku'],
  product: ['sku', 'barcodes'],
}

/** Other terms that a document is found by: tracking numbers, the order it belongs to. */
export function searchTerms(kind: DocumentKind, content: Record<string, unknown>): string[] | null {
  const named = (TERMS[kind] ?? []).flatMap((name) => content[name] as unknown)
  const terms = named.filter((t): t is string => typeof t === 'string' && t !== '')
  return kind in TERMS ? [...new Set(terms)] : null
}

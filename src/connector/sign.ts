/**
 * Signatures over parameters and body, as marketplaces ask for them: one text put together by a template, one digest
 * over it. The same for calls that we sign and for webhooks that others sign.
 */
import { createHash, createHmac, createSecretKey, type KeyObject } from 'node:crypto'
import type { Signed } from './manifest-call.ts'
import { fillWith, type Lookup } from './template.ts'

export interface Signing {
  /** Query and form parameters as texts, before they are encoded. */
  params: readonly (readonly [string, string])[]
  body: Buffer
  /** Settings, and for webhooks `header.<name>` and `query.<name>`. */
  lookup: Lookup
}

/** The signature under one key (of `hmac-…`; '' for the others). */
export function signature(signed: Signed, key: string, signing: Signing): string {
  const [kind, algorithm] = signed.with.startsWith('hmac-')
    ? ['hmac', signed.with.slice(5)]
    : ['hash', signed.with]
  const digest = kind === 'hmac' ? createHmac(algorithm!, keyOf(key)) : createHash(algorithm!)
  for (const part of signedParts(signed, signing)) digest.update(part)
  if (signed.as === 'base64') return digest.digest('base64')
  const hex = digest.digest('hex')
  return signed.as === 'upper' ? hex.toUpperCase() : hex
}

/** Standard Webhooks write their keys as `whsec_` and base64. A plain text is three times as fast as its bytes. */
function keyOf(key: string): string | KeyObject {
  return key.startsWith('whsec_') ? createSecretKey(Buffer.from(key.slice(6), 'base64')) : key
}

/** The keys of an hmac that are set: one, or several while one is being replaced. */
export function keysOf(signed: Signed, lookup: Lookup): string[] {
  return [signed.key ?? []]
    .flat()
    .map((template) => fillWith(template, lookup))
    .filter((key) => key !== '')
}

/** What is signed, in its order: the body goes in as it is, everything else as UTF-8. */
function signedParts(signed: Signed, { params, body, lookup }: Signing): (Buffer | string)[] {
  const named = new Map(params)
  const find: Lookup = (name) => {
    if (name === 'pairs') return pairs(signed, params)
    return named.get(name) ?? lookup(name)
  }
  const parts = signed.text.split(/(\{body\})/)
  return parts.map((part) => (part === '{body}' ? body : fillWith(part, find)))
}

/** Sorted by name as bytes, empty ones left out (TOP, Pinduoduo, Qimen: an empty parameter is not signed). */
function pairs({ of, not, pair = '{name}{value}', join = '' }: Signed, params: Signing['params']): string {
  return params
    .filter(([name, value]) => value !== '' && (of?.includes(name) ?? true) && !not?.includes(name))
    .toSorted(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    .map(([name, value]) => fillWith(pair, (which) => (which === 'name' ? name : value)))
    .join(join)
}

/** The NC Cloud connector's signatures and seals against the computed vectors, where ../shared is beside the clone. */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Outgoing } from '../../src/connector/hooks.ts'
import { loadConnector } from '../../src/connector/load.ts'
import { createTools } from '../../src/connector/tools.ts'

interface Vector {
  system: string
  algorithm: string
  inputs: { pubKey: string; parts: string[]; security_key: string; plaintext: string }
  expected: string
}

const FILE = new URL('../../../shared/protocols/china-sign-vectors.json', import.meta.url)
const found = existsSync(FILE)
const vectors = found
  ? (JSON.parse(readFileSync(FILE, 'utf8')) as Vector[]).filter((v) => v.system.startsWith('ncc'))
  : []
const { hooks } = await loadConnector('connectors/nc-cloud')

function toolsWith(settings: Record<string, unknown>) {
  const tools = createTools({
    connection: 'nc',
    settings: { paths: {}, ...settings },
    client: null,
    reactions: {},
    mapping: () => Promise.reject(new Error('nothing is mapped here')),
    context: { connection: 'nc', entity: 'main', settings: {}, company: { zone: 'UTC', currency: 'CNY' } },
  })('read')
  // the vectors' public key is text that goes into signatures, and none that anything can be encrypted with
  return { ...tools, crypto: { ...tools.crypto, rsa: () => Buffer.from('sealed') } }
}

type Held = { token: string; extra?: Record<string, string> } | null
const encode = (request: Outgoing, held: Held, settings: Record<string, unknown>) =>
  hooks.http!.encode!(request, held, toolsWith(settings))

/** The signature of a token request whose grant adds these parts. */
function tokenSignature(parts: string[], salt: string): string {
  const [clientId, clientSecret, ...rest] = parts
  const publicKey = rest.pop()!
  const grants = ['client_credentials', 'refresh_token', 'password'] as const
  const query = new URLSearchParams({ grant_type: grants[rest.length]!, refresh_token: rest[0] ?? '' })
  const [username, password] = rest
  const settings = { clientId, clientSecret, publicKey, username, password, salt, padding: 'oaep' }
  const { path } = encode({ method: 'POST', path: `/nccloud/opm/accesstoken?${query}` }, null, settings)
  return new URLSearchParams(path.split('?')[1]).get('signature')!
}

const CHECKS: Record<string, (vector: Vector) => [unknown, unknown]> = {
  // the salt shows in the signature of a call without a body
  'ncc-salt': ({ inputs: { pubKey }, expected }) => {
    const settings = { clientId: 'testapp', publicKey: pubKey, salt: 'both' }
    const { headers } = encode({ method: 'POST', path: '/' }, { token: 't' }, settings)
    const text = `testapp${pubKey}${expected}`
    return [headers!.signature, createHash('sha256').update(text).digest('hex')]
  },
  'ncc-sha256-salted': ({ inputs: { parts }, expected }) => [tokenSignature(parts, 'both'), expected],
  'sha256-concat-lower': ({ inputs: { parts }, expected }) => [tokenSignature(parts, 'none'), expected],
  'ncc-aes-ctr-base64': ({ inputs: { security_key, plaintext }, expected }) => {
    const held = { token: 't', extra: { securityKey: security_key, level: 'L1' } }
    const settings = { clientId: 'testapp', publicKey: 'key', salt: 'both' }
    const { body } = encode({ method: 'POST', path: '/', body: plaintext }, held, settings)
    return [body, expected]
  },
}

describe.skipIf(!found)('signing vectors of NC Cloud (needs ../shared/protocols)', () => {
  it('are all there', () => {
    expect(new Set(vectors.map((v) => v.algorithm))).toEqual(new Set(Object.keys(CHECKS)))
  })

  it.each(vectors)('$system $algorithm $expected', (vector) => {
    const [made, expected] = CHECKS[vector.algorithm]!(vector)
    expect(made).toBe(expected)
  })
})

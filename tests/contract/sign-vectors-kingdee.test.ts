/** The Kingdee connector's signatures against published and computed vectors, where ../shared is beside the clone. */
import { existsSync, readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Outgoing } from '../../src/connector/hooks.ts'
import { loadConnector } from '../../src/connector/load.ts'
import { createTools } from '../../src/connector/tools.ts'

interface Vector {
  system: string
  algorithm: string
  inputs: Record<string, string> & { parts: string[] }
  expected: string
}

const FILE = new URL('../../../shared/protocols/china-sign-vectors.json', import.meta.url)
const found = existsSync(FILE)
const vectors = found
  ? (JSON.parse(readFileSync(FILE, 'utf8')) as Vector[]).filter((v) => v.system === 'kingdee-k3cloud')
  : []
const { hooks } = await loadConnector('connectors/kingdee-k3cloud')

/** What is signed, and under which key, is kept: one vector is about each. `key`: instead of the one that is made. */
function encode(
  path: string,
  held: { token: string } | null,
  settings: Record<string, unknown>,
  key?: string,
) {
  const asked: { key: string; content: string }[] = []
  const tools = createTools({
    connection: 'k3',
    settings: { lcid: 2052, ...settings },
    client: null,
    reactions: {},
    mapping: () => Promise.reject(new Error('nothing is mapped here')),
    context: { connection: 'k3', entity: 'main', settings: {}, company: { zone: 'UTC', currency: 'CNY' } },
  })('read')
  const hmac: typeof tools.hmac = (algorithm, own, body, encoding) => {
    asked.push({ key: own, content: body.toString() })
    return tools.hmac(algorithm, key ?? own, body, encoding)
  }
  const request: Outgoing = { method: 'POST', path }
  return { ...hooks.http!.encode!(request, held, { ...tools, hmac }), asked }
}

const headersOf = ({ url, acctId, userName, orgNum, appId, appSecret }: Vector['inputs']) => {
  const base = 'https://erp.example.com/K3Cloud'
  const settings = { base, auth: 'headers', acctId, user: userName, org: orgNum, appId, appSecret }
  return encode(url!.slice(base.length), { token: 'headers' }, settings).headers!
}

const CHECKS: Record<string, (vector: Vector) => unknown> = {
  'k3-decode-app-secret': ({ inputs: { value } }) => {
    const settings = { base: 'https://erp.example.com', auth: 'headers', appId: `1_${value}`, appSecret: 's' }
    return encode('/test', { token: 'headers' }, settings).asked[0]!.key
  },
  // what a call to /test at second 1 signs
  'k3-hmac': ({ inputs: { content, key } }) => {
    vi.setSystemTime(1000)
    const settings = { base: 'https://erp.example.com', auth: 'headers', appId: '1_2', appSecret: 's' }
    const { asked, headers } = encode('/test', { token: 'headers' }, settings, key)
    expect(asked[0]!.content).toBe(content)
    return headers!['X-Api-Signature']
  },
  'k3-header-x-api-signature': ({ inputs }) => headersOf(inputs)['X-Api-Signature'],
  'k3-header-x-kd-appdata': ({ inputs }) => headersOf(inputs)['X-Kd-Appdata'],
  'k3-header-x-kd-signature': ({ inputs }) => headersOf(inputs)['X-Kd-Signature'],
  'sha256-sorted': ({ inputs: { parts } }) => {
    const [acctId, user, appId, appSecret] = parts
    const { body } = encode('/login', null, { auth: 'session', acctId, user, appId, appSecret })
    return (JSON.parse(body!.toString()) as { parameters: unknown[] }).parameters[4]
  },
}

describe.skipIf(!found)('signing vectors of Kingdee (needs ../shared/protocols)', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: 1_700_000_000_000, toFake: ['Date'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('are all there', () => {
    expect(new Set(vectors.map((v) => v.algorithm))).toEqual(new Set(Object.keys(CHECKS)))
  })

  it.each(vectors)('$algorithm $expected', (vector) => {
    expect(CHECKS[vector.algorithm]!(vector)).toBe(vector.expected)
  })
})

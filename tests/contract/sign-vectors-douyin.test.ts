/** The Douyin connector's signatures against the published and computed vectors, where ../shared is beside the clone. */
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { loadConnector } from '../../src/connector/load.ts'
import type { Signed } from '../../src/connector/manifest-call.ts'
import { signature } from '../../src/connector/sign.ts'
import { lookupIn, sortedJson } from '../../src/connector/template.ts'

interface Vector {
  system: string
  algorithm: string
  inputs: { secret: string; params: Record<string, string>; value: unknown; parts: string[] }
  expected: string
}

const FILE = new URL('../../../shared/protocols/china-sign-vectors.json', import.meta.url)
const found = existsSync(FILE)
const vectors = found
  ? (JSON.parse(readFileSync(FILE, 'utf8')) as Vector[]).filter((v) => /^(douyin|doudian)/.test(v.system))
  : []
const { manifest } = await loadConnector('connectors/douyin')

/** Signs parameters as connector.yaml declares it; what is sent as the body stands among them in the vectors. */
function signed({ secret, params }: Vector['inputs'], how: Signed): string {
  const { param_json, ...query } = params
  return signature(how, secret, {
    params: Object.entries(query),
    body: Buffer.from(param_json!),
    lookup: lookupIn({ appKey: params.app_key, appSecret: secret }),
  })
}

const CHECKS: Record<string, (inputs: Vector['inputs']) => string> = {
  'wrap-hmac-sha256-lower': (inputs) => signed(inputs, manifest.http!.sign!),
  'wrap-md5-lower': (inputs) => signed(inputs, { ...manifest.http!.sign!, with: 'md5' }),
  'doudian-param-json': ({ value }) => sortedJson(value),
  'md5-concat-lower': ({ parts: [appKey, body, appSecret] }) =>
    signature(manifest.webhooks!.push!.verify!, '', {
      params: [],
      body: Buffer.from(body!),
      lookup: lookupIn({ appKey, appSecret }),
    }),
}

describe.skipIf(!found)('signing vectors of Douyin (needs ../shared/protocols)', () => {
  it('are all there', () => {
    expect(new Set(vectors.map((v) => v.algorithm))).toEqual(new Set(Object.keys(CHECKS)))
  })

  it.each(vectors)('$system $algorithm $expected', ({ algorithm, inputs, expected }) => {
    expect(CHECKS[algorithm]!(inputs)).toBe(expected)
  })
})

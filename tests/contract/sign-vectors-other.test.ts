/**
 * Signing vectors of systems that have no test of their own: what the declarative vocabulary can say is made as it was
 * published; every other vector is named here with the reason why nothing needs it.
 */
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Signed } from '../../src/connector/manifest-call.ts'
import { signature } from '../../src/connector/sign.ts'
import { lookupIn } from '../../src/connector/template.ts'

interface Vector {
  system: string
  algorithm: string
  inputs: Record<string, string> & { params: Record<string, string>; parts: [string, string, string] }
  expected: string
}

const FILE = new URL('../../../shared/protocols/china-sign-vectors.json', import.meta.url)
const found = existsSync(FILE)
/** Tested beside their connectors: sign-vectors-<system>.test.ts. */
const ELSEWHERE = /^(taobao|qimen|pinduoduo$|jd-|douyin|doudian|ncc|wechat|kingdee|wangdiantong-flagship)/
const vectors = found
  ? (JSON.parse(readFileSync(FILE, 'utf8')) as Vector[]).filter((v) => !ELSEWHERE.test(v.system))
  : []

function sign(how: Signed, values: Record<string, string>, params: object = {}, body = ''): string {
  const lookup = lookupIn(values)
  const key = how.key ? String(lookup('key') ?? '') : ''
  return signature(how, key, { params: Object.entries(params), body: Buffer.from(body), lookup })
}

const KV = { pair: '{name}={value}', join: '&' }

const CHECKS: Record<string, (inputs: Vector['inputs']) => string> = {
  'kuaishou kv-amp-md5-lower': ({ params, signSecret }) =>
    sign({ with: 'md5', text: '{pairs}&signSecret={secret}', ...KV }, { secret: signSecret! }, params),
  'kuaishou kv-amp-hmac-sha256-base64': ({ params, signSecret }) =>
    sign(
      { with: 'hmac-sha256', key: '{key}', text: '{pairs}&signSecret={key}', as: 'base64', ...KV },
      { key: signSecret! },
      params,
    ),
  'xiaohongshu xhs-md5-lower': (inputs) =>
    sign(
      {
        with: 'md5',
        text: '{method}?appId={appId}&timestamp={timestamp}&version={version}{appSecret}',
      },
      inputs,
    ),
  'youzan-push md5-concat-lower': ({ parts: [id, body, secret] }) =>
    sign({ with: 'md5', text: '{id}{body}{secret}' }, { id, secret }, {}, body),
  'yonbip yonbip-hmac-sha256-base64-urlencoded': ({ params, appSecret }) =>
    // the address encodes it
    encodeURIComponent(
      sign({ with: 'hmac-sha256', key: '{key}', text: '{pairs}', as: 'base64' }, { key: appSecret! }, params),
    ),
  'kuaidi100-query md5-concat-upper': ({ parts: [param, key, customer] }) =>
    sign({ with: 'md5', text: '{param}{key}{customer}', as: 'upper' }, { param, key, customer }),
  'kuaidi100-push md5-concat-upper': ({ parts: [param, salt] }) =>
    sign({ with: 'md5', text: '{param}{salt}', as: 'upper' }, { param, salt }),
  'sf-express sf-simple-md5': (inputs) =>
    sign({ with: 'md5', text: '{msgData}{timestamp}{checkWord}', as: 'base64' }, inputs),
  'cainiao-link cainiao-digest': ({ logistics_interface, secretKey }) =>
    sign(
      { with: 'md5', text: '{content}{secret}', as: 'base64' },
      { content: logistics_interface!, secret: secretKey! },
    ),
  'jushuitan prefix-md5-lower': ({ params, secret }) =>
    sign({ with: 'md5', text: '{secret}{pairs}' }, { secret: secret! }, params),
}

/** No connector of the pack speaks to them; one that will is free to sign in a hook (`http.encode`). */
const NOT_NEEDED: Record<string, string> = {
  'pinduoduo-message pdd-ws-token': 'of the message socket; orders are polled',
  'sf-express sf-standard-md5': 'signs form-encoded text; carriers are not in the pack',
  'sf-express sf-sm3': 'SM3; carriers are not in the pack',
  'wangdiantong-enterprise wdt-pack-md5-lower': 'signs lengths; not in the pack',
}

describe.skipIf(!found)('signing vectors of other systems (needs ../shared/protocols)', () => {
  it('are all accounted for', () => {
    const names = new Set(vectors.map((v) => `${v.system} ${v.algorithm}`))
    expect(names).toEqual(new Set([...Object.keys(CHECKS), ...Object.keys(NOT_NEEDED)]))
  })

  it.each(vectors.filter((v) => `${v.system} ${v.algorithm}` in CHECKS))(
    '$system $algorithm $expected',
    ({ system, algorithm, inputs, expected }) => {
      expect(CHECKS[`${system} ${algorithm}`]!(inputs)).toBe(expected)
    },
  )
})

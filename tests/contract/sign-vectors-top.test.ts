/** Signatures of TOP and its kin: `signature()` makes what the published and recorded vectors say. */
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadConnector } from '../../src/connector/load.ts'
import type { Signed } from '../../src/connector/manifest-call.ts'
import { signature } from '../../src/connector/sign.ts'

interface Vector {
  system: string
  algorithm: string
  inputs: { secret: string; params: Record<string, string>; body?: string }
  expected: string
}

const file = path.resolve(import.meta.dirname, '../../../shared/protocols/china-sign-vectors.json')

/** How each algorithm is declared. */
const DECLARED: Record<string, Signed> = {
  'wrap-md5-upper': { with: 'md5', text: '{secret}{pairs}{body}{secret}', as: 'upper' },
  'wrap-md5-lower': { with: 'md5', text: '{secret}{pairs}{body}{secret}', as: 'lower' },
  'hmac-md5-upper': { with: 'hmac-md5', key: '{secret}', text: '{pairs}', as: 'upper' },
  'hmac-sha256-upper': { with: 'hmac-sha256', key: '{secret}', text: '{pairs}', as: 'upper' },
}

function sign(declared: Signed, { secret, params, body = '' }: Vector['inputs']): string {
  const pairs = Object.entries(params).filter(([name]) => name !== 'sign')
  const lookup = (name: string) => (name === 'secret' ? secret : undefined)
  return signature(declared, secret, { params: pairs, body: Buffer.from(body), lookup })
}

const found = existsSync(file)
const vectors = found
  ? (JSON.parse(readFileSync(file, 'utf8')) as Vector[]).filter(
      (v) => v.algorithm in DECLARED && v.inputs.params,
    )
  : []

describe.skipIf(!found)('signing vectors of TOP and its kin', () => {
  it('are made as they were published', () => {
    for (const v of vectors)
      expect([v.system, sign(DECLARED[v.algorithm]!, v.inputs)]).toEqual([v.system, v.expected])
    const systems = vectors.map((v) => v.system)
    expect(systems).toEqual(expect.arrayContaining(['taobao-top', 'pinduoduo', 'jd-jos', 'qimen']))
  })
})

it('jd makes the signature of the example in its guide', async () => {
  const { manifest } = await loadConnector('connectors/jd')
  const params = {
    '360buy_param_json':
      '{"end_date":null,"optional_fields":null,"order_state":"WAIT_SELLER_STOCK_OUT","page":"1","page_size":"200","start_date":null}',
    access_token: 'yourtoken',
    app_key: 'yourappkey',
    method: 'jingdong.pop.order.search',
    timestamp: '2021-05-07 09:20:39.683+0800',
    v: '2.0',
  }
  const lookup = (name: string) => (name === 'appSecret' ? 'yourappSecret' : undefined)
  const given = { params: Object.entries(params), body: Buffer.alloc(0), lookup }
  expect(signature(manifest.http!.sign!, '', given)).toBe('D70825340F4084360B9362B60DFD7930')
})

it.each([
  ['taobao', 'appSecret'],
  ['pinduoduo', 'clientSecret'],
  ['jd', 'appSecret'],
])('%s declares its signature so', async (id, secret) => {
  const { manifest } = await loadConnector(`connectors/${id}`)
  const { into, ...declared } = manifest.http!.sign!
  expect(into).toEqual({ param: 'sign' })
  expect(declared).toEqual({ with: 'md5', text: `{${secret}}{pairs}{${secret}}`, as: 'upper' })
  // the example of TOP's own guide
  const params = {
    method: 'taobao.item.seller.get',
    app_key: '12345678',
    session: 'test',
    timestamp: '2016-01-01 12:00:00',
    format: 'json',
    v: '2.0',
    sign_method: 'md5',
    fields: 'num_iid,title,nick,price,num',
    num_iid: '11223344',
    empty: '',
  }
  const lookup = (name: string) => (name === secret ? 'helloworld' : undefined)
  const made = signature(declared, '', { params: Object.entries(params), body: Buffer.alloc(0), lookup })
  expect(made).toBe('66987CB115214E59E6EC978214934FB8')
})

import { createHash, createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { Signed } from '../../src/connector/manifest-call.ts'
import { signature } from '../../src/connector/sign.ts'
import { lookupIn } from '../../src/connector/template.ts'

const settings = { secret: 's3cret', appKey: 'k1' }
const sign = (signed: Signed, params: [string, string][], body = '', key = '') =>
  signature(signed, key, { params, body: Buffer.from(body), lookup: lookupIn(settings) })
const md5 = (text: string) => createHash('md5').update(text).digest('hex')

describe('signatures over parameters', () => {
  const params: [string, string][] = [
    ['method', 'a.b'],
    ['app_key', 'k1'],
    ['empty', ''],
    ['zero', '0'],
    ['名', '值'],
  ]

  it('are wrapped in the secret, sorted by the bytes of their names, empty ones left out', () => {
    const text = 's3cretapp_keyk1methoda.bzero0名值s3cret'
    expect(sign({ with: 'md5', text: '{secret}{pairs}{secret}', as: 'upper' }, params)).toBe(
      md5(text).toUpperCase(),
    )
  })

  it('take the bytes of the body as they are', () => {
    const body = Buffer.from([0xc4, 0xe3, 0xff])
    const signed: Signed = { with: 'md5', text: '{secret}{pairs}{body}{secret}' }
    const wanted = createHash('md5').update('s3creta1').update(body).update('s3cret').digest('hex')
    expect(signature(signed, '', { params: [['a', '1']], body, lookup: lookupIn(settings) })).toBe(wanted)
  })

  it('know pairs of another form, and parameters by name', () => {
    const kuaishou: Signed = {
      with: 'md5',
      text: '{pairs}&signSecret={secret}',
      pair: '{name}={value}',
      join: '&',
    }
    expect(
      sign(kuaishou, [
        ['b', '2'],
        ['a', '1'],
      ]),
    ).toBe(md5('a=1&b=2&signSecret=s3cret'))
    const named: Signed = { with: 'md5', text: '{method}?appId={appKey}{secret}' }
    expect(sign(named, params)).toBe(md5('a.b?appId=k1s3cret'))
  })

  it('are over some of the parameters, or all but some', () => {
    const some: Signed = { with: 'md5', text: '{pairs}', of: ['a', 'b'] }
    const allBut: Signed = { with: 'md5', text: '{pairs}', not: ['c'] }
    const three: [string, string][] = [
      ['a', '1'],
      ['b', '2'],
      ['c', '3'],
    ]
    expect(sign(some, three)).toBe(md5('a1b2'))
    expect(sign(allBut, three)).toBe(md5('a1b2'))
  })

  it('are keyed, in base64 too; a Standard Webhooks key is base64 itself', () => {
    const signed: Signed = { with: 'hmac-sha256', key: '{secret}', text: '{body}', as: 'base64' }
    const plain = createHmac('sha256', 's3cret').update('x').digest('base64')
    expect(sign(signed, [], 'x', 's3cret')).toBe(plain)
    const standard = createHmac('sha256', Buffer.from('c2VjcmV0', 'base64')).update('x').digest('base64')
    expect(sign(signed, [], 'x', 'whsec_c2VjcmV0')).toBe(standard)
  })

  it('never read a value as a template', () => {
    expect(sign({ with: 'md5', text: '{pairs}' }, [['a', '{secret}']])).toBe(md5('a{secret}'))
  })
})

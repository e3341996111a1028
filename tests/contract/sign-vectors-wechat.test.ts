/** Recorded signatures and sealed messages of WeChat callbacks: the connector takes what they say. */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { crypto } from '../../src/connector/crypto.ts'
import { openConnector } from '../support/connection.ts'

const FILE = path.resolve(import.meta.dirname, '../../../shared/protocols/china-sign-vectors.json')

interface Vector {
  system: string
  algorithm: string
  // biome-ignore lint/suspicious/noExplicitAny: each algorithm has its own
  inputs: any
  expected: string
}

const vectors: Vector[] = existsSync(FILE)
  ? (JSON.parse(readFileSync(FILE, 'utf8')) as Vector[]).filter((v) => v.system === 'wechat-callback')
  : []
const of = (algorithm: string) => vectors.find((v) => v.algorithm === algorithm)!

async function pushOf(settings: object) {
  const given = { appId: 'wx-made-up', appSecret: 'made-up', ...settings }
  const connection = await openConnector('wechat-shop', given)
  return { push: connection.webhooks[0]!, close: () => connection.close() }
}

describe.skipIf(vectors.length === 0)('signing vectors of WeChat callbacks', () => {
  it('the check of the address', async () => {
    const { inputs, expected } = of('sha1-sorted')
    const [token, timestamp, nonce] = inputs.parts as string[]
    const { push, close } = await pushOf({ callbackToken: token })
    const query = new URLSearchParams({
      signature: expected,
      timestamp: timestamp!,
      nonce: nonce!,
      echostr: 'e',
    })
    expect(push.receive({ ':query': query.toString() }, Buffer.alloc(0))).toMatchObject({
      answer: { body: 'e' },
    })
    await close()
  })

  it('the published sealed message', async () => {
    const { inputs, expected } = of('wechat-aes-encrypt')
    const key = Buffer.from(`${inputs.encodingAESKey}=`, 'base64')
    const plain = crypto
      .aesCbcOpen(Buffer.from(expected, 'base64'), key, key.subarray(0, 16))
      .toString('utf8')
    expect(plain).toContain(`${inputs.message}${inputs.appid}`)
    expect(plain.startsWith(inputs.random16)).toBe(true)
    const settings = { appId: inputs.appid, callbackToken: 't', encodingAesKey: inputs.encodingAESKey }
    const { push, close } = await pushOf(settings)
    const msg_signature = createHash('sha1').update(['t', '1', '2', expected].sort().join('')).digest('hex')
    const query = new URLSearchParams({ timestamp: '1', nonce: '2', msg_signature }).toString()
    // opened and found to be of this application; its message is no JSON
    expect(() =>
      push.receive({ ':query': query }, Buffer.from(JSON.stringify({ Encrypt: expected }))),
    ).toThrow(expect.objectContaining({ code: 'WEBHOOK_UNREADABLE' }))
    await close()
  })
})

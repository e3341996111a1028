/** Signatures and credentials of systems outside China, by the published vectors; each is made or named with a reason. */
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { loadConnector } from '../../src/connector/load.ts'
import type { HttpManifest } from '../../src/connector/manifest-http.ts'
import type { VerifyManifest } from '../../src/connector/manifest-webhook.ts'
import { openConnection } from '../../src/connector/open.ts'
import { commonHeaders } from '../../src/connector/request.ts'
import { signature } from '../../src/connector/sign.ts'
import { lookupIn } from '../../src/connector/template.ts'
import { clientCredentials } from '../../src/connector/token.ts'
import { verifySignature } from '../../src/connector/verify.ts'
import { loadMapping } from '../../src/mapping/load.ts'

interface Vector {
  system: string
  algorithm: string
  inputs: Record<string, string> & { query: Record<string, string>; login_result: [number, string] }
  expected: string
}

const FILE = new URL('../../../shared/protocols/global-sign-vectors.json', import.meta.url)
const found = existsSync(FILE)
const vectors = found ? (JSON.parse(readFileSync(FILE, 'utf8')) as Vector[]) : []
const STANDARD = (await loadConnector('connectors/standard-webhooks')).manifest.webhooks!.order!.verify!
const SHOPIFY = (await loadConnector('connectors/shopify')).manifest.webhooks!['orders-create']!.verify!
const WOO = (await loadConnector('connectors/woocommerce')).manifest

/** `accept`, or `reject`, at the second that the vector was signed. */
function judged(
  scheme: VerifyManifest,
  settings: Record<string, string>,
  headers: Record<string, string>,
  body: string,
): string {
  const at = Number(headers['webhook-timestamp'] ?? 0) * 1000
  try {
    verifySignature('t', scheme, settings, headers, Buffer.from(body), at)
    return 'accept'
  } catch (error) {
    expect((error as { code: string }).code).toBe('WEBHOOK_SIGNATURE')
    return 'reject'
  }
}

/** A delivery with the vector's signature: it is taken. Gives the signature, so that it is compared, too. */
function taken({ inputs, expected }: Vector, secret: string, prefix = 'webhook'): string {
  const headers = {
    'webhook-id': inputs[`${prefix}-id`]!,
    'webhook-timestamp': inputs[`${prefix}-timestamp`]!,
    'webhook-signature': expected,
  }
  const verdict = judged(STANDARD, { secret, previousSecret: '' }, headers, inputs.body!)
  return verdict === 'accept' ? expected : verdict
}

const basic = (user: string, password: string): string =>
  auth({ basic: { user: '{user}', password: '{password}' } }, { user, password })
const auth = (how: HttpManifest['auth'], settings: Record<string, string>): string =>
  commonHeaders({ base: 'http://x', auth: how }, lookupIn(settings)).Authorization!
const hex = (key: string, text: string) =>
  signature({ with: 'hmac-sha256', key: '{k}', text: '{body}' }, key, {
    params: [],
    body: Buffer.from(text),
    lookup: () => undefined,
  })
const shopify = ({ inputs, expected }: Vector) => {
  const headers = { 'X-Shopify-Hmac-Sha256': inputs['X-Shopify-Hmac-Sha256'] ?? expected }
  const settings = { secret: inputs.client_secret!, previousSecret: '' }
  const verdict = judged(SHOPIFY, settings, headers, inputs.body!)
  return verdict === 'accept' && expected !== 'reject' ? expected : verdict
}

/** What the connector sends after it logged in: its hook makes it. */
async function trytonSession(username: string, login: [number, string]): Promise<string> {
  let sent = ''
  const server = createServer(async (req, res) => {
    const { method } = JSON.parse((await Array.fromAsync(req)).join('')) as { method: string }
    if (method !== 'common.db.login') sent = String(req.headers.authorization)
    res.writeHead(200, { 'content-type': 'application/json' })
    res.end(JSON.stringify({ result: method === 'common.db.login' ? login : {} }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const settings = {
    base: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ...{ database: 'example', username, password: 'example' },
  }
  const company = { zone: 'Europe/Berlin', currency: 'EUR' }
  const connection = await openConnection(
    await loadConnector('connectors/tryton'),
    { id: 'tryton', entity: 'main', settings, company },
    (name) => loadMapping(`mappings/tryton/${name}.yaml`),
  )
  try {
    await connection.check(AbortSignal.timeout(5_000))
    return sent
  } finally {
    await connection.close()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
}

/** By system and the beginning of the algorithm. */
const CHECKS: [system: string, algorithm: RegExp, check: (vector: Vector) => string | Promise<string>][] = [
  ['generic', /./, ({ inputs }) => hex(inputs.key_utf8!, inputs.message_utf8!)],
  ['standard-webhooks', /^v1[: ]/, (v) => taken(v, v.inputs.secret!)],
  [
    'standard-webhooks',
    /^negative/,
    ({ inputs }) => judged(STANDARD, { secret: inputs.secret!, previousSecret: '' }, inputs, inputs.body!),
  ],
  // headers of the other name carry the same text
  ['svix', /./, (v) => taken(v, v.inputs.secret!, 'svix')],
  ['bigcommerce', /./, (v) => taken(v, v.inputs.client_secret!)],
  ['shopify', /^(webhook|negative)/, shopify],
  ['shopify-events', /./, shopify],
  [
    'shopify',
    /^OAuth/,
    ({ inputs }) =>
      signature(
        { with: 'hmac-sha256', key: '{k}', text: '{pairs}', pair: '{name}={value}', join: '&' },
        inputs.client_secret!,
        { params: Object.entries(inputs.query), body: Buffer.alloc(0), lookup: () => undefined },
      ),
  ],
  [
    'woocommerce',
    /^webhook/,
    ({ inputs, expected }) => {
      const { verify } = WOO.webhooks!['order-created']!
      const headers = { 'X-WC-Webhook-Signature': expected }
      const verdict = judged(verify!, { webhookSecret: inputs.secret! }, headers, inputs.body!)
      return verdict === 'accept' ? expected : verdict
    },
  ],
  [
    'woocommerce',
    /^HTTPS/,
    ({ inputs }) => auth(WOO.http!.auth, { key: inputs.consumer_key!, secret: inputs.consumer_secret! }),
  ],
  [
    'frappe',
    /token form/,
    ({ inputs }) =>
      auth(
        { header: 'Authorization', value: 'token {k}:{s}' },
        { k: inputs.api_key!, s: inputs.api_secret! },
      ),
  ],
  ['frappe', /Basic/, ({ inputs }) => basic(inputs.api_key!, inputs.api_secret!)],
  ['medusa', /./, ({ inputs }) => basic(inputs.secret_api_key!, '')],
  ['tryton', /./, ({ inputs }) => trytonSession(inputs.login!, inputs.login_result)],
  ['oauth2', /./, ({ inputs }) => clientCredentials(inputs.client_id!, inputs.client_secret!)],
]

/** Nothing of the pack needs these; one that will may sign in a hook (`http.encode`). */
const NOT_NEEDED: [system: string, algorithm: RegExp, why: string][] = [
  ['standard-webhooks', /^v1a/, 'Ed25519 signatures are not offered; the README says so'],
  ['shopify', /^app proxy/, 'no app proxy is served'],
  ['woocommerce', /^plain-HTTP/, 'OAuth 1.0a over plain HTTP is not built; the README says so'],
  ['magento', /./, 'not in the pack'],
  ['ebay', /./, 'not in the pack'],
  ['rfc9421', /./, 'no system of the pack signs messages so'],
  ['rfc9530', /./, 'the same'],
  ['cloudevents', /./, 'not taken in'],
]

const fits = ([system, algorithm]: readonly [string, RegExp, unknown], v: Vector): boolean =>
  system === v.system && algorithm.test(v.algorithm)

describe.skipIf(!found)('signing vectors of the world (needs ../shared/protocols)', () => {
  it('are all accounted for, by one line each', () => {
    for (const v of vectors) {
      const lines = [...CHECKS, ...NOT_NEEDED].filter((line) => fits(line, v)).length
      expect([v.system, v.algorithm, lines]).toEqual([v.system, v.algorithm, 1])
    }
  })

  it.each(vectors.filter((v) => CHECKS.some((line) => fits(line, v))))(
    '$system $algorithm $expected',
    async (vector) => {
      const [, , check] = CHECKS.find((line) => fits(line, vector))!
      expect(await check(vector)).toBe(vector.expected)
    },
  )
})

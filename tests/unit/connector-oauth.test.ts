/** OAuth 2 client credentials as `client_secret_basic`: the header of the token's call, and of no other. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { acme, signal, window } from '../support/acme.ts'

const { open } = acme()

const YAML = `id: acme
title: Acme
settings:
  base: { type: string, description: Address }
  client: { type: string, description: Id }
  secret: { type: string, secret: true, description: Secret }
http:
  base: "{base}"
  auth: { bearer: "{token}" }
  token:
    client: { id: "{client}", secret: "{secret}" }
    get: { post: /token, form: { grant_type: client_credentials } }
    token: access_token
    expires: expires_in
read: { order: { document: order, shapes: { order: order.in }, list: { get: /orders, id: id } } }
`

it('asks for a token with form-encoded credentials, and for orders with the token', async () => {
  const seen: string[] = []
  const server = createServer(async (req, res) => {
    const body = (await Array.fromAsync(req)).join('')
    seen.push([req.url!.split('?')[0], req.headers.authorization, body].join(' | '))
    const answer = req.url === '/token' ? { access_token: 't1', expires_in: 3600 } : []
    res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const c = await open(YAML, { base, client: 'erp sync:1', secret: 'p+a/s=s%w&rd' })
    await c.streams[0]!.page({ ...window, resume: null }, signal)
    expect(seen).toEqual([
      '/token | Basic ZXJwK3N5bmMlM0ExOnAlMkJhJTJGcyUzRHMlMjV3JTI2cmQ= | grant_type=client_credentials',
      '/orders | Bearer t1 | ',
    ])
  } finally {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
})

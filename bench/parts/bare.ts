/** Baseline "bare": the same raw-body and HMAC handler on Fastify, without a database. Prints its address. */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { fastify } from 'fastify'
import { SECRET } from './orders.ts'

const app = fastify({ logger: false })
app.removeAllContentTypeParsers()
app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
app.post('/webhook', async (request, reply) => {
  const given = Buffer.from(String(request.headers['x-shopify-hmac-sha256']), 'base64')
  const wanted = createHmac('sha256', SECRET)
    .update(request.body as Buffer)
    .digest()
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return reply.code(401).send()
  return reply.code(200).send('')
})
console.log(JSON.stringify({ url: await app.listen({ host: '127.0.0.1', port: 0 }) }))

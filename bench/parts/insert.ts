/** Baseline "one row per request": verified, inserted, answered. Argument: address of the database. Prints its address. */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { fastify } from 'fastify'
import { openPostgres } from '../../src/ledger/postgres.ts'
import { SECRET } from './orders.ts'

const db = openPostgres({ url: process.argv[2]! })
await db.query(
  'create table if not exists one_row (id bigint generated always as identity primary key, delivery text unique, body bytea)',
)
const app = fastify({ logger: false })
app.removeAllContentTypeParsers()
app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
app.post('/webhook', async (request, reply) => {
  const body = request.body as Buffer
  const given = Buffer.from(String(request.headers['x-shopify-hmac-sha256']), 'base64')
  const wanted = createHmac('sha256', SECRET).update(body).digest()
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return reply.code(401).send()
  const delivery = request.headers['x-shopify-webhook-id']
  await db.query('insert into one_row (delivery, body) values ($1, $2) on conflict do nothing', [
    delivery,
    body,
  ])
  return reply.code(200).send('')
})
console.log(JSON.stringify({ url: await app.listen({ host: '127.0.0.1', port: 0 }) }))
process.on('SIGTERM', () => void app.close().then(() => db.close()))

/**
 * Baseline "naive handler": what a first version in a hurry does. Per request: insert the body, map it, post
 * it to NC as a bill of its own, update the row, answer. Same database, same mapping, same NC sandbox.
 * Arguments: database kind, database address or folder, NC address.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { join } from 'node:path'
import { fastify } from 'fastify'
import { openPglite } from '../../src/ledger/pglite.ts'
import { openPostgres } from '../../src/ledger/postgres.ts'
import { SECRET } from './orders.ts'
import { startSilently } from './product-config.ts'

const [kind, where, erp] = process.argv.slice(2) as [string, string, string]
const db = kind === 'pglite' ? await openPglite(join(where, 'naive')) : openPostgres({ url: where })
await db.query(
  'create table if not exists naive (id bigint generated always as identity primary key, body bytea, state text)',
)
const { shop, nc } = await startSilently(erp)
const mapping = shop.streams[0]!.mappings.webhook!
const write = nc.writes.find((w) => w.kind === 'order')!
const context = {
  connection: 'shop',
  entity: 'main',
  settings: {},
  company: { zone: 'Asia/Shanghai', currency: 'CNY' },
}

const app = fastify({ logger: false })
app.removeAllContentTypeParsers()
app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
app.post('/webhook', async (request, reply) => {
  const body = request.body as Buffer
  const given = Buffer.from(String(request.headers['x-shopify-hmac-sha256']), 'base64')
  const wanted = createHmac('sha256', SECRET).update(body).digest()
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return reply.code(401).send()
  const { rows } = await db.query<{ id: number }>(
    `insert into naive (body, state) values ($1, 'new') returning id`,
    [body],
  )
  const order = await mapping.map(JSON.parse(body.toString()), context)
  const key = `naive-${rows[0]!.id}-${process.pid}`
  const rendered = await write.render(
    { connection: 'shop', entity: 'main', ...(order as object) },
    { key, revision: 1, previous: null },
  )
  const item = { key, kind: 'order' as const, revision: 1, body: rendered.body, check: rendered.check }
  const [outcome] = await write.write([item], AbortSignal.timeout(30_000))
  await db.query('update naive set state = $2 where id = $1', [rows[0]!.id, outcome!.kind])
  return reply.code(outcome!.kind === 'done' ? 200 : 500).send('')
})
console.log(JSON.stringify({ url: await app.listen({ host: '127.0.0.1', port: 0 }) }))
process.on('SIGTERM', () => void app.close().then(() => db.close()))

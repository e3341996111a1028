/** A sandbox shop of so many orders in pages of 250, cheap enough to share two cores with who reads it. Prints its address. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { generateOrder } from '../../src/sandbox/generate/order.ts'
import { restOrder } from '../../src/sandbox/shopify/rest.ts'

const SIZE = 250
/** Different pages; ids differ in all. */
const POOL = 8
const ID = 'ID-OF-ONE'
const count = Number(process.argv[2])
const pages = Math.ceil(count / SIZE)

const now = new Date()
const pool = Array.from({ length: POOL }, (_, n) => {
  const orders = Array.from({ length: SIZE }, (_, i) => {
    const order = restOrder(generateOrder(11, n * SIZE + i, now, false)) as Record<string, unknown>
    return JSON.stringify({ ...order, id: ID })
  })
  return orders.join(',').split(`"${ID}"`)
})

/** Ids of 16 digits, as marketplaces have them. */
function pageOf(page: number): Buffer {
  const parts = pool[page % POOL]!
  const size = page === pages ? count - (pages - 1) * SIZE : SIZE
  let text = parts[0]!
  for (let i = 0; i < size; i++) text += `${4_203_110_000_000_000 + (page - 1) * SIZE + i}${parts[i + 1]}`
  if (size < SIZE) text = text.slice(0, text.lastIndexOf('},{') + 1)
  return Buffer.from(`{"has_more":${page < pages},"orders":[${text}]}`)
}

const server = createServer((req, res) => {
  const page = Number(new URL(req.url ?? '/', 'http://bench').searchParams.get('page') ?? 1)
  const body = pageOf(page)
  res.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length }).end(body)
})
server.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }))
})
process.on('SIGTERM', () => process.exit(0))

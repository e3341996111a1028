/** Documents out as Standard Webhooks and in again, with an idempotent receiver between that fails in every way. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { loadConnector } from '../../src/connector/load.ts'
import { openConnection } from '../../src/connector/open.ts'
import type { Connection, DocumentKind } from '../../src/core/ports.ts'
import { readCases } from '../../src/mapping/check.ts'
import { loadMapping } from '../../src/mapping/load.ts'

const SECRET = `whsec_${Buffer.from('example-secret-of-32-bytes-long!').toString('base64')}`
const OLD = `whsec_${Buffer.from('example-older-one-of-32-bytes!!!').toString('base64')}`
const KINDS: DocumentKind[] = ['order', 'return', 'refund', 'cancellation', 'shipment', 'stock']
const signal = new AbortController().signal
const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function open(settings: object): Promise<Connection> {
  const config = {
    id: 'partner',
    entity: 'main',
    settings: { secret: SECRET, ...settings },
    company: { zone: 'Asia/Shanghai', currency: 'EUR' },
  }
  const mapping = (name: string) => loadMapping(`mappings/standard-webhooks/${name}.yaml`)
  const made = await openConnection(await loadConnector('connectors/standard-webhooks'), config, mapping)
  closing.push(() => made.close())
  return made
}

interface Delivery {
  path: string
  headers: IncomingHttpHeaders
  body: Buffer
}

/** Keeps one delivery per webhook-id and answers 204, unless told otherwise. */
async function receiver() {
  const kept = new Map<string, Delivery>()
  const all: Delivery[] = []
  const at = { url: '', kept, all, answer: (res: ServerResponse): unknown => res.writeHead(204).end() }
  const server = createServer(async (req, res) => {
    const body = Buffer.concat(await Array.fromAsync(req as AsyncIterable<Buffer>))
    const delivery = { path: `${req.method} ${req.url}`, headers: req.headers, body }
    all.push(delivery)
    if (req.method === 'POST')
      kept.set(String(req.headers['webhook-id']), kept.get(String(req.headers['webhook-id'])) ?? delivery)
    at.answer(res)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })
  at.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks/tributary`
  return at
}

async function itemOf(c: Connection, kind: DocumentKind, key = 'K0001') {
  const write = c.writes.find((w) => w.kind === kind)!
  const [sample] = await readCases(`mappings/standard-webhooks/${kind}.out.test.yaml`)
  const { body, check } = await write.render(sample!.input, { key, revision: 1, previous: null })
  const send = async () => (await write.write([{ key, kind, revision: 1, body, check }], signal))[0]!
  return { input: sample!.input as Record<string, unknown>, send }
}

describe('standard webhooks', () => {
  it.each(KINDS)('%s: what is sent is taken in by another, and is the same document', async (kind) => {
    const there = await receiver()
    const from = await open({ url: there.url })
    const to = await open({})
    const { input, send } = await itemOf(from, kind)
    expect(await send()).toMatchObject({ kind: 'done', remote: { id: 'K0001' } })
    const [{ path, headers, body }] = there.all as [Delivery]
    expect([path, headers['content-type'], headers['webhook-id']]).toEqual([
      'POST /hooks/tributary',
      'application/json; charset=UTF-8',
      'K0001',
    ])
    expect(JSON.parse(body.toString())).toMatchObject({ id: 'K0001', type: `${kind}.updated`, data: input })
    const delivery = to.webhooks.find((w) => w.topic === kind)!.receive(headers, body)
    expect([delivery.deliveryId, delivery.records.length]).toEqual(['K0001', 1])
    const stream = to.streams.find((s) => s.name === kind)!
    const value = to.parse(delivery.records[0]!)
    expect(stream.identify(value, 'document')).toBe(input.externalId)
    const { connection: _, entity: __, ...own } = input
    expect(await stream.mappings.document!.map(value, {} as never)).toEqual(own)
  })

  it('a delivery in doubt goes again under the same id with the same body, and is kept once', async () => {
    const there = await receiver()
    const { send } = await itemOf(await open({ url: there.url }), 'order')
    there.answer = (res) => res.socket!.resetAndDestroy()
    expect(await send()).toMatchObject({ kind: 'unknown' })
    there.answer = (res) => res.writeHead(200).end()
    expect(await send()).toMatchObject({ kind: 'done', remote: { id: 'K0001' } })
    expect(there.kept.size).toBe(1)
    expect(there.all[0]!.body.equals(there.all[1]!.body)).toBe(true)
  })

  it.each<[string, (res: ServerResponse) => void, object]>([
    [
      'a page',
      (res) => res.writeHead(200, { 'content-type': 'text/html' }).end('<h1>thanks'),
      { kind: 'done' },
    ],
    ['plain text', (res) => res.writeHead(202, { 'content-type': 'text/plain' }).end('ok'), { kind: 'done' }],
    ['409', (res) => res.writeHead(409).end(), { kind: 'refused', duplicate: true }],
    ['410', (res) => res.writeHead(410).end(), { kind: 'not-done', pause: true }],
    ['400', (res) => res.writeHead(400).end('{}'), { kind: 'refused' }],
    [
      '429',
      (res) => res.writeHead(429, { 'retry-after': '7' }).end(),
      { kind: 'not-done', retryAfter: 7000 },
    ],
    ['500', (res) => res.writeHead(500).end(), { kind: 'unknown' }],
    ['302', (res) => res.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(), { kind: 'unknown' }],
    [
      'half an answer',
      (res) => {
        res.writeHead(200, { 'content-length': '400' }).write('{')
        setTimeout(() => res.socket?.destroy(), 20)
      },
      { kind: 'unknown' },
    ],
  ])('an answer of %s', async (_, answer, outcome) => {
    const there = await receiver()
    there.answer = answer
    const { send } = await itemOf(await open({ url: there.url }), 'shipment')
    expect(await send()).toMatchObject(outcome)
  })

  it('while a secret is replaced both sign, either is taken, and no other', async () => {
    const there = await receiver()
    const { send } = await itemOf(await open({ url: there.url, previousSecret: OLD }), 'stock')
    await send()
    const { headers, body } = there.all[0]!
    expect(headers['webhook-signature']).toMatch(/^v1,\S{44} v1,\S{44}$/)
    const taken = async (settings: object, changed: object = {}, bytes = body) => {
      const c = await open(settings)
      try {
        return c.webhooks.find((w) => w.topic === 'stock')!.receive({ ...headers, ...changed }, bytes).records
          .length
      } catch (error) {
        return (error as { code: string }).code
      }
    }
    expect(await taken({})).toBe(1)
    expect(await taken({ secret: OLD })).toBe(1)
    expect(await taken({ secret: 'whsec_AAAA', previousSecret: OLD })).toBe(1)
    const refused = 'WEBHOOK_SIGNATURE'
    expect(await taken({ secret: 'whsec_AAAA' })).toBe(refused)
    expect(await taken({}, { 'webhook-id': 'K0002' })).toBe(refused)
    expect(await taken({}, { 'webhook-timestamp': String(Number(headers['webhook-timestamp']) - 1) })).toBe(
      refused,
    )
    expect(await taken({}, { 'webhook-timestamp': undefined })).toBe(refused)
    expect(await taken({}, { 'webhook-signature': 'v1a,AAAA' })).toBe(refused)
    expect(await taken({}, {}, Buffer.concat([body, Buffer.from(' ')]))).toBe(refused)
  })

  it('without an address it only takes in; with one it is looked at and nothing is sent', async () => {
    const silent = await open({})
    expect(await silent.check(signal)).toEqual({ ok: true, say: expect.stringContaining('no address') })
    const { send } = await itemOf(silent, 'order')
    expect(await send()).toMatchObject({ kind: 'not-done', code: 'NO_ADDRESS', pause: true })
    const there = await receiver()
    there.answer = (res) => res.writeHead(405).end()
    const c = await open({ url: there.url })
    expect(await c.check(signal)).toEqual({ ok: true, say: expect.stringContaining('HTTP 405') })
    expect(there.all.map((d) => d.path)).toEqual(['HEAD /hooks/tributary'])
    await expect(open({ url: 'receiver.example.com' })).rejects.toMatchObject({ code: 'CONNECTOR_ADDRESS' })
  })
})

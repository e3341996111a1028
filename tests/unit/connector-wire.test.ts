/** What hooks do to declared calls and records, and small words of the vocabulary that need no marketplace. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sortedJson } from '../../src/connector/template.ts'
import type { Connection } from '../../src/core/ports.ts'
import { createTokenMemory } from '../../src/core/token-store.ts'
import type { Pipe } from '../../src/pipeline/pipe.ts'
import { createReceiver } from '../../src/pipeline/receive.ts'
import { acme, HEAD, signal, window } from '../support/acme.ts'
import { LEDGERS, type TestLedger } from '../support/ledgers.ts'

const { open, serve } = acme()

const SEALED = `id: acme
title: Acme
settings:
  base: { type: string, description: b }
  tenant: { type: string, optional: true, description: t }
http:
  base: "{base}"
  headers: { X-Token: "{token}", X-Tenant: "{tenant}" }
  token: { get: { post: /token }, token: token, extra: { key: sealed.key, none: sealed.none } }
  answer: { ok: ok = true, code: [sub, code], codes: { "7": transient, "bad*": input, "*": conflict } }
read:
  order:
    document: order
    shapes: { o: m }
    list: { post: /list, json: { z: 1, a: { y: 2, b: "{since}" } }, each: list, id: id }
    fetch: { post: /get, json: { id: "{id}" }, each: one }
write:
  stock: { class: none, mapping: m, post: /stock, json: "{document}", remote: { id: "{document.sku}" } }
`

/** Turns bodies round; what begins with "!" it cannot open. */
const HOOKS = `import type { Hooks } from 'tributary/hooks'
const turn = (text) => [...text].reverse().join('')
export default {
  http: {
    encode: (request, held) => held ? { ...request, headers: { ...request.headers, 'X-Key': held.extra.key }, body: turn(String(request.body)) } : { ...request, body: 'token please' },
    decode(answer, held) {
      const text = answer.body.toString()
      if (text.startsWith('!')) throw new Error('what it holds is nobody\\'s business')
      return held ? { ...answer, body: Buffer.from(turn(text)) } : answer
    },
  },
  read: { order: { refine: async (records, request) => records.filter((r) => r.id !== '2').map((r) => ({ ...r, id: r.id + (request ? 'p' : 'f') })) } },
} satisfies Hooks
`

const turn = (text: string) => [...text].reverse().join('')

async function sealed(answers: Record<string, unknown>) {
  const { createServer } = await import('node:http')
  const seen: { path: string; body: string; key: unknown; tenant: unknown }[] = []
  const server = createServer(async (req, res) => {
    const body = (await Array.fromAsync(req)).join('')
    seen.push({ path: req.url!, body, key: req.headers['x-key'], tenant: req.headers['x-tenant'] })
    const answer = answers[req.url!]
    if (req.url === '/token') return res.end(JSON.stringify({ ok: true, token: 't1', sealed: { key: 'k1' } }))
    res.end(typeof answer === 'string' ? answer : turn(JSON.stringify(answer)))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const connection = await open(SEALED, { base: `http://127.0.0.1:${port}` }, HOOKS)
  return { connection, seen, close: () => server.close() }
}

const page = (c: Connection) => c.streams[0]!.page({ ...window, resume: null }, signal)

describe('hooks around declared calls', () => {
  it('encode what is sent with what came with the token, and decode what comes', async () => {
    const { connection, seen, close } = await sealed({
      '/list': { ok: true, list: [{ id: 1 }, { id: 2 }] },
      '/get': { ok: true, one: { id: 1 } },
    })
    expect((await page(connection)).records.map((r) => r.id)).toEqual(['1p'])
    expect((await connection.streams[0]!.fetch!(['1'], signal)).map((r) => r.id)).toEqual(['1f'])
    expect(seen[0]).toMatchObject({ path: '/token', body: 'token please', tenant: undefined })
    expect(seen[1]).toMatchObject({ path: '/list', key: 'k1', tenant: undefined })
    // keys are sorted, so that a body has one text
    expect(turn(seen[1]!.body)).toBe('{"a":{"b":"2026-11-18T00:00:00.500Z","y":2},"z":1}')
    close()
  })

  it('an answer that cannot be opened is unreadable, and its text stays out of the message', async () => {
    const { connection, close } = await sealed({ '/list': '!secret', '/stock': '!secret' })
    await expect(page(connection)).rejects.toMatchObject({ code: 'CONNECTOR_ANSWER_UNREADABLE' })
    const item = { key: 'K', kind: 'stock' as const, revision: 1, body: Buffer.from('{"sku":"A"}') }
    const check = { number: null, total: null, lines: null }
    const [outcome] = await connection.writes[0]!.write([{ ...item, check }], signal)
    expect(outcome).toMatchObject({ kind: 'unknown', code: 'CONNECTOR_ANSWER_UNREADABLE' })
    expect(JSON.stringify(outcome)).not.toContain('business')
    close()
  })

  it.each([
    [{ ok: true }, { kind: 'done', remote: { id: 'A' } }],
    [
      { ok: false, sub: 'nobody-listed', code: 7 },
      { kind: 'not-done', code: 'nobody-listed' },
    ],
    [
      { ok: false, sub: 'bad-sku', code: 7 },
      { kind: 'refused', code: 'bad-sku' },
    ],
    [
      { ok: false, code: 8 },
      { kind: 'refused', code: '8' },
    ],
    [{ ok: false }, { kind: 'unknown', code: 'NOT_OK' }],
  ])(
    'what was sent names a document without an answer of its own; the first listed code counts: %j',
    async (answer, outcome) => {
      const { connection, close } = await sealed({ '/stock': answer })
      const item = { key: 'K', kind: 'stock' as const, revision: 1, body: Buffer.from('{"sku":"A"}') }
      const check = { number: null, total: null, lines: null }
      expect(await connection.writes[0]!.write([{ ...item, check }], signal)).toMatchObject([outcome])
      close()
    },
  )

  it.each([
    [
      { status: 200, body: { ok: false, sub: 'bad-app' } },
      { code: 'CONNECTOR_TOKEN_DEAD', pause: true },
    ],
    [{ status: 200, body: { ok: false, code: 7 } }, { code: 'CONNECTOR_THROTTLED' }],
    [{ status: 500 }, { code: 'CONNECTOR_ANSWER_FAILED' }],
  ])('without a token nothing was written, which is no doubt: %j', async (reply, outcome) => {
    const base = await serve(() => reply)
    const connection = await open(SEALED, { base })
    const item = { key: 'K', kind: 'stock' as const, revision: 1, body: Buffer.from('{"sku":"A"}') }
    const check = { number: null, total: null, lines: null }
    expect(await connection.writes[0]!.write([{ ...item, check }], signal)).toMatchObject([
      { kind: 'not-done', ...outcome },
    ])
  })

  it('what came with a token is kept with it', async () => {
    const store = createTokenMemory()
    const made = { token: 't', refresh: null, expiresAt: null, extra: { key: 'k' } }
    await store.renew('c', null, async () => made)
    expect(await store.read('c')).toEqual(made)
  })
})

describe('lists by clock', () => {
  const LIST = `${HEAD}read:
  order:
    document: order
    shapes: { o: m }
    list:
      get: /list
      query: { from: "{since}", to: "{until}", page: "{page}" }
      clock: seconds
      each: list
      id: id
      page: { style: clock, at: at, first: 0, size: 2, total: total, order: ORDER }
`
  it.each(['ascending', 'descending'])(
    'read many records of one instant while they change, %s',
    async (order) => {
      const at = Date.parse('2026-11-18T10:00:00Z') / 1000
      const records = Array.from({ length: 9 }, (_, id) => ({
        id,
        at: at + (id === 0 ? -5 : id === 8 ? 5 : 0),
      }))
      let asked = 0
      const base = await serve((path) => {
        const query = new URL(path, 'http://x').searchParams
        const [from, to] = [Number(query.get('from')), Number(query.get('to'))]
        // now and then one of them changes, which moves it out of its instant
        asked += 1
        const one = records[asked]
        if (asked % 2 === 1 && one && one.at === at) one.at = at + 60 + asked
        const sign = order === 'descending' ? -1 : 1
        const found = records
          .filter((r) => r.at >= from && r.at < to)
          .sort((a, b) => sign * (a.at - b.at || a.id - b.id))
        const start = Number(query.get('page')) * 2
        return { body: { total: found.length, list: found.slice(start, start + 2) } }
      })
      const c = await open(LIST.replace('ORDER', order), { base })
      const seen = new Set<string>()
      let resume: unknown = null
      do {
        const read = await c.streams[0]!.page({ ...window, resume }, signal)
        for (const { id } of read.records) seen.add(id)
        resume = read.next
      } while (resume !== null && asked < 100)
      const still = records.filter((r) => r.at <= at + 5).map((r) => String(r.id))
      expect(still.filter((id) => !seen.has(id))).toEqual([])
      expect(still.length).toBeGreaterThan(3)
    },
  )
})

it('sorted JSON sorts keys that look like numbers as texts, and escapes nothing more than it must', () => {
  expect(sortedJson({ b: [{ '10': 1, '9': '<&中>' }, null], a: 1.0, gone: undefined })).toBe(
    '{"a":1,"b":[{"10":1,"9":"<&中>"},null]}',
  )
})

describe.each(LEDGERS)('a delivery that names things of several streams, on $name', (kind) => {
  let ledger: TestLedger
  beforeAll(async () => {
    if (!kind.missing) ledger = await kind.open()
  })
  afterAll(async () => {
    await ledger?.close()
  })

  it.skipIf(kind.missing)('leaves a hint for each, and a repeat none', async () => {
    const queue = { wake: async () => undefined } as unknown as Pipe['queue']
    const receiver = createReceiver({ db: ledger.db, queue } as unknown as Pipe)
    const also = ['return', 'refund'].map((stream) => ({ stream, fetch: ['8'] }))
    const delivery = { stream: 'order', deliveryId: null, records: [], fetch: ['7'], also }
    for (let i = 0; i < 2; i++) await receiver.webhook('shop', 'push', delivery, Buffer.from('[1]'))
    const { rows } = await ledger.db.query('select stream, external_id, state from inbox order by id')
    expect(rows).toEqual([
      { stream: 'order', external_id: '7', state: 'hint' },
      { stream: 'return', external_id: '8', state: 'hint' },
      { stream: 'refund', external_id: '8', state: 'hint' },
    ])
  })
})

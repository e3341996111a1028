import { describe, expect, it } from 'vitest'
import { acme, HEAD, type Reply, signal } from '../support/acme.ts'

const { open, serve } = acme()

describe('a declared write', () => {
  const yaml = `${HEAD}write:
  order:
    class: find
    drafts: true
    mapping: order.out
    post: /documents
    key: head.reference
    find: { get: "/documents?reference={key}", each: documents }
    steps: [{ post: "/documents/{id}/confirm", json: {}, done: state = "confirmed" }]
    discard: { delete: "/documents/{id}" }
    remote: { id: id, number: no, total: total, lines: lines, state: state, final: [confirmed] }
    check: { number: no, total: total, lines: lines }
`
  const item = {
    key: 'K1',
    kind: 'order',
    revision: 1,
    body: Buffer.from('{"a":1}'),
    check: { number: null, total: null, lines: null },
  } as const
  const order = async (reply: Reply) =>
    (await open(yaml, { base: await serve(reply), token: 't' })).writes[0]!
  const draft = { id: '7', state: 'draft' } as const

  it('renders with the key and what a find is compared with', async () => {
    const w = await order(() => ({}))
    const document = { no: 'A-1', total: '12.30', lines: [1, 2], head: { x: 1 } }
    const rendered = await w.render(document, { key: 'K1', revision: 1, previous: null })
    expect(JSON.parse(rendered.body.toString())).toEqual({ ...document, head: { x: 1, reference: 'K1' } })
    expect(rendered).toMatchObject({
      mappingVersion: 'v1',
      check: { number: 'A-1', total: '12.30', lines: 2 },
    })
    expect(document.head).toEqual({ x: 1 })
  })

  it('sends the frozen bytes and reads the draft', async () => {
    const seen: string[] = []
    const w = await order((path, body, method) => {
      seen.push(`${method} ${path} ${body}`)
      return { status: 201, body: { id: 7, no: 'D7', total: 12.3, lines: [1], state: 'draft' } }
    })
    expect(await w.write([item], signal)).toEqual([
      { kind: 'done', remote: { id: '7', number: 'D7', total: '12.3', lines: 1, state: 'draft' } },
    ])
    expect(seen).toEqual(['POST /documents {"a":1}'])
  })

  it.each([
    [
      { status: 201, body: {} },
      { kind: 'unknown', code: 'NO_ID' },
    ],
    [{ status: 500 }, { kind: 'unknown', code: 'HTTP_500' }],
    [{ status: 422 }, { kind: 'refused', code: 'HTTP_422' }],
    [{ status: 429 }, { kind: 'not-done' }],
    [{ status: 401 }, { kind: 'not-done', pause: true }],
  ])('%j proves %j', async (reply, outcome) => {
    expect((await (await order(() => reply)).write([item], signal))[0]).toMatchObject(outcome)
  })

  it('finds by key only what has the very key', async () => {
    const documents = [
      { id: 1, head: { reference: 'K1' }, state: 'confirmed', lines: [1, 2], total: '5' },
      { id: 2, head: { reference: 'K12' }, state: 'draft' },
    ]
    const w = await order((path) => ({ body: path === '/documents?reference=K1' ? { documents } : {} }))
    expect(await w.find!(item, signal)).toEqual({
      hits: [{ id: '1', number: null, total: '5', lines: 2, state: 'final' }],
    })
  })

  it.each([[{ status: 503 }], [{ body: {} }], [{ body: { documents: [{ head: { reference: 'K1' } }] } }]])(
    'a find that gets %j has failed, not found nothing',
    async (reply) => {
      expect(await (await order(() => reply)).find!(item, signal)).toMatchObject({
        failed: { kind: 'unknown' },
      })
    },
  )

  it('confirms a draft; done already is done; a refusal is checked by looking', async () => {
    let late = false
    const w = await order((path) => {
      if (path === '/documents/7/confirm') return { body: { id: 7, state: 'confirmed' } }
      if (path.endsWith('/confirm')) {
        late = true
        return { status: 409 }
      }
      const states = { 7: 'draft', 8: late ? 'confirmed' : 'draft', 9: 'draft', 10: 'confirmed' }
      const documents = Object.entries(states).map(([id, state]) => ({
        id,
        head: { reference: 'K1' },
        state,
      }))
      return { body: { documents } }
    })
    const done = { kind: 'done', remote: { state: 'final' } }
    expect(await w.advance!(item, draft, signal)).toMatchObject(done)
    expect(await w.advance!(item, { ...draft, id: '10' }, signal)).toMatchObject(done)
    expect(late).toBe(false)
    expect(await w.advance!(item, { ...draft, id: '8' }, signal)).toMatchObject(done)
    expect(late).toBe(true)
    expect(await w.advance!(item, { ...draft, id: '9' }, signal)).toMatchObject({ kind: 'refused' })
  })

  it('does not believe a confirm whose answer still says draft', async () => {
    const drafted = { id: 7, head: { reference: 'K1' }, state: 'draft' }
    const w = await order((path) => ({ body: path.includes('?') ? { documents: [drafted] } : drafted }))
    expect(await w.advance!(item, draft, signal)).toMatchObject({ kind: 'unknown', code: 'STILL_DRAFT' })
  })

  it('deletes a draft; gone already is deleted', async () => {
    const w = await order((path) => ({ status: path.endsWith('/7') ? 204 : path.endsWith('/8') ? 404 : 409 }))
    expect(await w.discard!(item, draft, signal)).toMatchObject({ kind: 'done' })
    expect(await w.discard!(item, { ...draft, id: '8' }, signal)).toMatchObject({ kind: 'done' })
    expect(await w.discard!(item, { ...draft, id: '9' }, signal)).toMatchObject({ kind: 'refused' })
  })
})

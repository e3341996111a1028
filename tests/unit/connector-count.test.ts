/** How many records a source says it has: declared, from the list itself, by hook; and what streams say of themselves. */
import { describe, expect, it } from 'vitest'
import { acme, HEAD, signal, window } from '../support/acme.ts'

const { open, serve } = acme()
const stream = (more: string) =>
  `${HEAD}read:\n  order: { document: order, shapes: { order: order.in }, ${more} }\n`

async function counting(more: string, reply: (path: string) => { status?: number; body?: unknown }) {
  const asked: string[] = []
  const base = await serve((path) => {
    asked.push(path)
    return reply(path)
  })
  const connection = await open(stream(more), { base })
  return { stream: connection.streams[0]!, asked }
}

describe('count', () => {
  it('by a call of its own, in the clock of the list', async () => {
    const list = "list: { get: '/o?s={since}&u={until}', id: id, clock: seconds }"
    const { stream: s, asked } = await counting(
      `${list}, count: { get: '/n?s={since}&u={until}', at: data.n }`,
      () => ({
        body: { data: { n: 12 } },
      }),
    )
    expect(await s.count!(window, signal)).toEqual({ count: 12, exact: true })
    expect(asked).toEqual(['/n?s=1794960000&u=1795046400'])
  })

  it('as the whole answer, and as an estimate', async () => {
    const { stream: s } = await counting("count: { get: '/n', exact: false }", () => ({ body: 7 }))
    expect(await s.count!(window, signal)).toEqual({ count: 7, exact: false })
  })

  it('from the first page of the list, where that states the total', async () => {
    const list =
      "list: { get: '/o?since={since}&page={page}&size={size}', each: items, id: id, page: { style: number, size: 2, total: meta.total } }"
    const { stream: s, asked } = await counting(list, () => ({ body: { items: [], meta: { total: '31' } } }))
    expect(await s.count!(window, signal)).toEqual({ count: 31, exact: false })
    expect(asked).toEqual(['/o?since=2026-11-18T00%3A00%3A00.500Z&page=1&size=2'])
  })

  it('from the list of an API that leaves out the edges, and whose total is what its list gives', async () => {
    const list =
      "list: { get: '/o?s={since}&u={until}', each: items, id: id, clock: seconds, exclusive: true, page: { style: number, total: n } }"
    const { stream: s, asked } = await counting(`${list}, count: { exact: true }`, () => ({
      body: { items: [], n: 3 },
    }))
    expect(await s.count!(window, signal)).toEqual({ count: 3, exact: true })
    expect(asked).toEqual(['/o?s=1794959999&u=1795046401'])
  })

  it.each([[{ data: {} }], [{ data: { n: 'many' } }], [{ data: { n: 1.5 } }], [null]])(
    'says that %j holds no number',
    async (body) => {
      const { stream: s } = await counting("count: { get: '/n', at: data.n }", () => ({ body }))
      await expect(s.count!(window, signal)).rejects.toMatchObject({ code: 'CONNECTOR_ANSWER_UNREADABLE' })
    },
  )

  it('fails as reading fails', async () => {
    const { stream: s } = await counting("count: { get: '/n' }", () => ({ status: 401 }))
    await expect(s.count!(window, signal)).rejects.toMatchObject({ kind: 'config' })
  })

  it('by hook', async () => {
    const hooks = `export default { read: { order: {
      async count({ since }, tools) { return { count: since.getUTCDate(), exact: tools.connection === 'my-shop' } } } } }`
    const connection = await open(stream('lag: 1m'), { base: 'http://127.0.0.1:9' }, hooks)
    expect(await connection.streams[0]!.count!(window, signal)).toEqual({ count: 18, exact: true })
  })
})

describe('a stream', () => {
  it('says what its windows and numbers are like', async () => {
    const more = 'history: 12h, sequential: externalId, count: { by: version }'
    const [s] = (await open(stream(more), { base: 'http://127.0.0.1:9' })).streams
    expect(s).toMatchObject({
      history: 43_200_000,
      sequential: 'externalId',
      byVersion: true,
      unlisted: true,
    })
    expect(s!.count).toBeUndefined()
  })

  it('that is listed says no such thing', async () => {
    const list = "list: { get: '/o', id: id }"
    const [s] = (await open(stream(list), { base: 'http://127.0.0.1:9' })).streams
    for (const key of ['window', 'history', 'sequential', 'byVersion', 'unlisted', 'count'])
      expect(s).not.toHaveProperty(key)
  })
})

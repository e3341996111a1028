/** What marketplaces need of declared calls: counted lists, pages that emptied, parcels known by number, JSON in a text. */
import { describe, expect, it } from 'vitest'
import { pick, textAt } from '../../src/connector/dotted.ts'
import type { WriteItem } from '../../src/core/ports.ts'
import { acme, signal, window } from '../support/acme.ts'

const { open, serve } = acme()

const MARKET = `id: acme
title: Acme
settings:
  base: { type: string, description: b }
http: { base: "{base}", answer: { ok: $exists(body) } }
read:
  order:
    document: order
    shapes: { o: m }
    list:
      get: /orders
      query: { page: "{page}", more: "{counted}" }
      each: body.orders
      id: id
      page: { style: number, size: 2, total: body.total, more: body.next, backwards: true }
write:
  shipment:
    class: find
    mapping: m
    post: /ship
    as: form
    remote: { id: "{document.number}" }
    find:
      get: /orders/{document.order}
      hits: "body.order.parcels[number = $document.number and owner = $key] ? {}"
`

describe('a list read from its last page to its first', () => {
  /** Two pages when counted; then one record leaves. */
  async function read(left: (page: string) => unknown) {
    const asked: string[] = []
    const base = await serve((path) => {
      const query = new URL(path, 'http://x').searchParams
      asked.push(`${query.get('page')} ${query.get('more')}`)
      if (query.get('more') === 'false')
        return { body: { body: { total: 3, orders: [{ id: '3' }, { id: '2' }] } } }
      return { body: { body: left(query.get('page')!) } }
    })
    const { page } = (await open(MARKET, { base })).streams[0]!
    const ids: string[] = []
    let resume: unknown = null
    do {
      const one = await page({ ...window, resume }, signal)
      ids.push(...one.records.map((r) => r.id))
      resume = one.next === null ? null : JSON.parse(JSON.stringify(one.next))
    } while (resume !== null)
    return { asked, ids }
  }

  it('is counted once, and a page that emptied meanwhile may leave its list out', async () => {
    const { asked, ids } = await read((page) =>
      page === '2' ? { next: false } : { next: false, orders: [{ id: '3' }, { id: '1' }] },
    )
    expect(asked).toEqual(['1 false', '2 true', '1 true'])
    expect(new Set(ids)).toEqual(new Set(['3', '2', '1']))
  })

  it('the same where every answer counts', async () => {
    const { ids } = await read((page) =>
      page === '2' ? { total: 2 } : { total: 2, orders: [{ id: '2' }, { id: '1' }] },
    )
    expect(new Set(ids)).toEqual(new Set(['3', '2', '1']))
  })

  it('a list that is missing where there must be records is no empty one', async () => {
    await expect(read(() => ({ total: 3 }))).rejects.toMatchObject({ code: 'CONNECTOR_ANSWER_UNREADABLE' })
    await expect(read(() => ({ next: true }))).rejects.toMatchObject({ code: 'CONNECTOR_ANSWER_UNREADABLE' })
  })
})

describe('a find with hits', () => {
  const item: WriteItem = {
    key: 'K1',
    kind: 'shipment',
    revision: 1,
    body: Buffer.from('{"order":"7","number":"N1"}'),
    check: { number: null, total: null, lines: null },
  }
  async function find(order: unknown) {
    const base = await serve((path) => ({ body: path === '/orders/7' ? order : null }))
    return (await open(MARKET, { base })).writes[0]!.find!(item, signal)
  }
  const parcels = (...list: object[]) => ({ body: { order: { parcels: list } } })

  it('picks what was sent out of what else there is, and names it by what was sent', async () => {
    const ours = { number: 'N1', owner: 'K1' }
    expect(await find(parcels({ number: 'N2', owner: 'K1' }, ours))).toMatchObject({ hits: [{ id: 'N1' }] })
    expect(await find(parcels({ number: 'N2', owner: 'K1' }))).toEqual({ hits: [] })
    expect(await find(parcels({ number: 'N1', owner: 'K2' }))).toEqual({ hits: [] })
  })

  it('an answer that proves nothing is no absence', async () => {
    expect(await find(null)).toMatchObject({ failed: { kind: 'unknown' } })
  })
})

describe('JSON inside a text', () => {
  it('is stepped into, its long numbers kept; other texts are ends', () => {
    const answer = {
      result: '{"token":"t","id":4100000000000000001,"more":"[{\\"a\\":1}]"}',
      plain: 'x',
      cut: '{"a":',
    }
    expect(textAt(answer, 'result.token')).toBe('t')
    expect(textAt(answer, 'result.id')).toBe('4100000000000000001')
    expect(pick(answer, 'result.more.0.a')).toBe(1)
    expect(pick(answer, 'result')).toBe(answer.result)
    expect(pick(answer, 'plain.a')).toBeUndefined()
    expect(pick(answer, 'cut.a')).toBeUndefined()
  })
})

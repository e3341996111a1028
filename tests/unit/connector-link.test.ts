/** Lists that go on by the header `Link` (RFC 8288), where the base of the calls has a path of its own. */
import { describe, expect, it } from 'vitest'
import type { Page } from '../../src/core/ports.ts'
import { acme, signal, window } from '../support/acme.ts'

const { open, serve } = acme()

const YAML = `id: acme
title: Acme
settings: { base: { type: string, description: Address } }
http: { base: "{base}" }
read:
  order:
    document: order
    shapes: { order: order.in }
    list:
      get: /orders
      query: { since: "{since}", per_page: "{size}" }
      headers: { X-Version: "3" }
      id: id
      page: { style: link, size: 1 }
`

/** Reads to the end; `next`: the address of the second page, by the address of the server. */
async function read(path: string, next: (url: string) => string) {
  const asked: string[] = []
  const url = await serve((at) => {
    asked.push(at)
    const second = at.includes('page=2')
    return {
      ...(second ? {} : { headers: { Link: `<${next(url)}>; rel="next", <${url}/last>; rel="last"` } }),
      body: [{ id: second ? '2' : '1' }],
    }
  })
  const c = await open(YAML, { base: `${url}${path}` })
  const ids: string[] = []
  let page: Page = { records: [], next: null }
  do {
    page = await c.streams[0]!.page({ ...window, resume: page.next }, signal)
    ids.push(...page.records.map((r) => r.id))
  } while (page.next !== null && ids.length < 5)
  return { ids, second: asked[1] }
}

describe('the address of the next page', () => {
  it.each<[string, string, (url: string) => string, string]>([
    [
      'whole, under the base',
      '/wp-json/wc/v3',
      (u) => `${u}/wp-json/wc/v3/orders?page=2`,
      '/wp-json/wc/v3/orders?page=2',
    ],
    [
      'whole, of a base that ends with a slash',
      '/api/',
      (u) => `${u}/api/orders?page=2`,
      '/api/orders?page=2',
    ],
    ['a path of the host', '/api/v1', () => '/api/v1/orders?page=2', '/api/v1/orders?page=2'],
    ['relative to the list', '/api/v1', () => '?page=2', '/api/v1/orders?page=2'],
    ['relative to its folder', '/api/v1', () => 'orders?page=2', '/api/v1/orders?page=2'],
    [
      'without the path that a gateway puts before',
      '/shop-a',
      (u) => `${u}/orders?page=2`,
      '/shop-a/orders?page=2',
    ],
    [
      'of another host, which gets no credentials',
      '',
      () => 'https://elsewhere.example/orders?page=2',
      '/orders?page=2',
    ],
    ['like the base, but longer', '/api', (u) => `${u}/api2/orders?page=2`, '/api/api2/orders?page=2'],
    [
      'with braces, which name no setting',
      '',
      (u) => `${u}/orders?q={base}&page=2`,
      '/orders?q=%7Bbase%7D&page=2',
    ],
  ])('%s', async (_, base, next, wanted) => {
    expect(await read(base, next)).toEqual({ ids: ['1', '2'], second: wanted })
  })
})

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { connectorFolder, findConnectors, loadConnector } from '../../src/connector/load.ts'
import type { Connection, MapContext } from '../../src/core/ports.ts'
import { acme, HEAD, signal, window } from '../support/acme.ts'

const { folder, open, serve, contexts, root } = acme()

describe('loading a connector', () => {
  it.each([
    [
      `${HEAD}reed: {}`,
      'YAML_UNKNOWN_KEY',
      /connector\.yaml:7:1: reed is not known here \(did you mean "read"\?\)/,
    ],
    [HEAD.replace('{base}', '{bass}'), 'YAML_VALUE', /:6:15: http\.base .*did you mean "base"/],
    [
      `${HEAD}webhooks: { a: { stream: ordr } }\nread: { order: { document: order, shapes: { o: m } } }`,
      'YAML_VALUE',
      /webhooks\.a\.stream must be one of order.*did you mean "order"/,
    ],
    [
      `${HEAD}write: { order: { class: fined, mapping: m, post: /o } }`,
      'YAML_VALUE',
      /one of find, resend-safe, none.*did you mean "find"/,
    ],
    [
      `${HEAD}write: { order: { class: find, mapping: m, post: /o } }`,
      'CONNECTOR_HOOKS',
      /write\.order lacks find/,
    ],
    [
      `${HEAD}write: { order: { class: none, drafts: true } }`,
      'CONNECTOR_HOOKS',
      /lacks mapping.*post or put.*steps.*discard/,
    ],
    [
      `${HEAD}write: { order: { class: none, mapping: m, post: /o, settle: "{setle}" } }`,
      'YAML_VALUE',
      /write\.order\.settle must be one of base, token/,
    ],
    [
      `${HEAD}read: { order: { document: order, shapes: { o: m }, every: "61 * * * *" } }`,
      'YAML_VALUE',
      /connector\.yaml:7:60: read\.order\.every must be a cron line .*found "61 \* \* \* \*"/,
    ],
    [
      HEAD.replace('http: {', 'http: { answer: { ok: "code =" },'),
      'YAML_VALUE',
      /connector\.yaml:6:23: http\.answer\.ok must be a JSONata expression \(.+\), found "code ="/,
    ],
    [
      `${HEAD}write:
  shipment:
    class: find
    mapping: m
    post: /s
    codes: { ok: "(" }
    results: { each: r, answer: { ok: "a[" } }
    find: { get: /s, hits: "$document.(" }
    steps: [{ post: /s, done: state = 1 }, { post: /t, done: "'x" }]`,
      'YAML_VALUE',
      /:12:18: write\.shipment\.codes\.ok .*also wrong: write\.shipment\.results\.answer\.ok \(line 13\), write\.shipment\.find\.hits \(line 14\), write\.shipment\.steps\.1\.done \(line 15\)/,
    ],
    [HEAD.replace('id: acme', 'id: acne'), 'CONNECTOR_FOLDER', /its id is "acne", but the folder is "acme"/],
  ])('refuses %#', async (yaml, code, message) => {
    const error = await loadConnector(await folder('acme', yaml)).catch((e: unknown) => e)
    expect(error).toMatchObject({ code, kind: 'config' })
    expect((error as Error).message).toMatch(message)
  })

  it.each([
    ['export default { raed: {} }', /"raed" is no hook/],
    ['export default { read: { ordre: {} } }', /read\.ordre is not declared.*did you mean "order"/],
    ['export const x = 1', /default export is not an object/],
    ['export default {', /cannot be loaded/],
  ])('refuses the hooks %j', async (hooks, message) => {
    const yaml = `${HEAD}read: { order: { document: order, shapes: { o: m } } }`
    const path = await folder('acme', yaml, hooks)
    await expect(loadConnector(path)).rejects.toThrow(expect.objectContaining({ code: 'CONNECTOR_HOOKS' }))
    await expect(loadConnector(path)).rejects.toThrow(message)
  })

  it('finds folders with a connector.yaml, the later directory first, and the nearest name', async () => {
    await folder('a/acme', HEAD)
    const own = await folder('b/acme', HEAD)
    await mkdir(join(root(), 'a', 'notes'))
    const found = await findConnectors([join(root(), 'a'), join(root(), 'b'), join(root(), 'gone')])
    expect([...found.keys()]).toEqual(['acme'])
    expect(connectorFolder('acme', found)).toBe(own)
    expect(() => connectorFolder('acm', found)).toThrow('did you mean "acme"')
  })
})

describe('settings', () => {
  const yaml = `id: acme
title: Acme
settings:
  shop: { type: string, optional: true, description: Shop }
  base: { type: string, default: "https://{shop}.example.com", description: Address }
  size: { type: integer, default: 5, description: Size }
  on: { type: boolean, optional: true, description: On }
  kind: { type: string, default: a, values: [a, b], description: Kind }
  token: { type: string, secret: true, description: Token }
http: { base: "{base}" }
read: { order: { document: order, shapes: { o: m } } }
`
  it.each([
    [{ shop: 's' }, 'CONNECTOR_SETTING_MISSING', /"token" is missing \(Token\)/],
    [{ token: 't' }, 'CONNECTOR_SETTING_MISSING', /"shop" is missing/],
    [{ token: 't', shop: '' }, 'CONNECTOR_SETTING_MISSING', /"shop" is missing/],
    [
      { token: 't', shop: 's', tokn: 1 },
      'CONNECTOR_SETTING_UNKNOWN',
      /no setting "tokn" \(did you mean "token"/,
    ],
    [
      { token: 't', shop: 's', size: 'big' },
      'CONNECTOR_SETTING_VALUE',
      /"size" must be a whole number, found text of 3/,
    ],
    [{ token: 't', shop: 's', kind: 'c' }, 'CONNECTOR_SETTING_VALUE', /one of a, b/],
    [{ token: 't', base: 'ftp://x' }, 'CONNECTOR_ADDRESS', /http:\/\//],
    [{ token: { secret: 'hunter2' }, shop: 's' }, 'CONNECTOR_SETTING_VALUE', /^(?!.*hunter2)/],
  ])('%j is refused', async (settings, code, message) => {
    const error = await open(yaml, settings).catch((e: unknown) => e)
    expect(error).toMatchObject({ code, kind: 'config' })
    expect((error as Error).message).toMatch(message)
  })

  it('are converted from text, filled with defaults, and reach mappings without the secrets', async () => {
    const c = await open(yaml, { token: 't', shop: 's', size: '7', on: 'true' })
    contexts.length = 0
    await c.streams[0]!.mappings.o!.map({}, {} as MapContext)
    expect(contexts[0]).toEqual({
      connection: 'my-shop',
      entity: 'main',
      settings: { shop: 's', base: 'https://s.example.com', size: 7, on: true, kind: 'a' },
      company: { zone: 'Asia/Shanghai', currency: 'CNY' },
      codes: { material: { A: 'B' } },
    })
  })
})

describe('a declared stream', () => {
  const list = (rest: string) => `${HEAD}read:
  order: { document: order, shapes: { o: m }, list: { each: data.orders, id: id, ${rest} }, fetch: { get: "/orders/{id}" } }`

  async function readAll(c: Connection): Promise<string[]> {
    const ids: string[] = []
    let resume: unknown = null
    do {
      const page = await c.streams[0]!.page({ ...window, resume: JSON.parse(JSON.stringify(resume)) }, signal)
      ids.push(...page.records.map((r) => r.id))
      resume = page.next
    } while (resume !== null)
    return ids
  }

  it('reads pages by number until one is not full, with the window in the address', async () => {
    const asked: string[] = []
    const base = await serve((path) => {
      asked.push(path)
      const page = Number(new URL(path, 'http://x').searchParams.get('page'))
      return {
        body: { data: { orders: page < 3 ? [{ id: page * 10 }, { id: page * 10 + 1 }] : [{ id: 30 }] } },
      }
    })
    const c = await open(
      list('get: "/orders?since={since}&until={until}&page={page}", page: { style: number, size: 2 }'),
      {
        base,
        token: 't',
      },
    )
    expect(await readAll(c)).toEqual(['10', '11', '20', '21', '30'])
    expect(asked[0]).toBe(
      '/orders?since=2026-11-18T00%3A00%3A00.500Z&until=2026-11-19T00%3A00%3A00.000Z&page=1',
    )
  })

  it('follows a token, and stops when it comes back unchanged', async () => {
    const base = await serve((path) => {
      const at = new URL(path, 'http://x').searchParams.get('at')
      const next = { '': 'b', b: 'c', c: 'c' }[at ?? '']
      return { body: { data: { orders: [{ id: at || 'a' }] }, next } }
    })
    const c = await open(list('get: "/orders?at={next}", page: { style: token, next: next }'), {
      base,
      token: 't',
    })
    expect(await readAll(c)).toEqual(['a', 'b', 'c'])
  })

  it('fetches by id and leaves out what is gone; big numbers keep their value', async () => {
    const base = await serve((path) =>
      path === '/orders/a%2F1' ? { body: { id: 'a/1', n: 1 } } : { status: 404 },
    )
    const c = await open(list('get: /orders'), { base, token: 't' })
    const records = await c.streams[0]!.fetch!(['a/1', 'b'], signal)
    expect(records.map((r) => [r.id, r.shape, c.parse(r)])).toEqual([['a/1', 'o', { id: 'a/1', n: 1 }]])
  })

  it.each([
    [{ status: 401 }, 'CONNECTOR_DENIED'],
    [{ status: 500 }, 'CONNECTOR_ANSWER_FAILED'],
    [{ body: { data: {} } }, 'CONNECTOR_ANSWER_UNREADABLE'],
    [{ body: { data: { orders: [{}] } } }, 'CONNECTOR_ANSWER_UNREADABLE'],
  ])('%j throws %s', async (reply, code) => {
    const c = await open(list('get: /orders'), { base: await serve(() => reply), token: 't' })
    await expect(c.streams[0]!.page({ ...window, resume: null }, signal)).rejects.toMatchObject({ code })
  })

  it('throws a transient error when nobody answers', async () => {
    const c = await open(list('get: /orders'), { base: 'http://name.invalid', token: 't' })
    const page = c.streams[0]!.page({ ...window, resume: null }, signal)
    await expect(page).rejects.toMatchObject({ code: 'CONNECTOR_UNREACHABLE', kind: 'transient' })
  })
})

describe('hooks', () => {
  it('replace what is declared and get the tools of their connection', async () => {
    const yaml = `${HEAD}read: { order: { document: order, shapes: { o: m } } }\nwrite: { order: { class: none } }\n`
    const base = await serve((path, body) => ({ body: { path, body } }))
    const hooks = `export default {
      read: { order: { async page(request, tools, signal) {
        const answer = tools.ok(await tools.http({ method: 'POST', path: '/x', body: 'b', signal }))
        const seen = (tools.memory.get('n') ?? 0) + 1
        tools.memory.set('n', seen)
        const body = Buffer.from(JSON.stringify([tools.json(answer.body), tools.connection, tools.settings.token]))
        return { records: [{ id: String(seen), body, contentType: 'application/json', shape: 'o' }], next: null }
      } } },
      write: { order: {
        async render(document, context, tools) {
          const { value, version } = await tools.map('any.out', document, { key: context.key, revision: 1 })
          return { body: Buffer.from(JSON.stringify(value)), contentType: 'application/json', mappingVersion: version, check: {} }
        },
        async write(items, tools, signal) {
          try { await tools.http({ method: 'GET', path: '/', signal: AbortSignal.abort() }) } catch (e) { return [tools.failed(e)] }
        },
      } },
      async check(tools) { return { ok: true, say: tools.hash('md5', 'a') } },
    }`
    const c = await open(yaml, { base, token: 't' }, hooks)
    await c.streams[0]!.page({ ...window, resume: null }, signal)
    const { records } = await c.streams[0]!.page({ ...window, resume: null }, signal)
    expect(records[0]!.id).toBe('2')
    expect(c.parse(records[0]!)).toEqual([{ path: '/x', body: 'b' }, 'my-shop', 't'])
    const rendered = await c.writes[0]!.render({ a: 1 }, { key: 'K', revision: 1, previous: null })
    expect(rendered.body.toString()).toBe('{"a":1}')
    expect(contexts.at(-1)?.push).toEqual({ key: 'K', revision: 1 })
    expect(await c.writes[0]!.write([], signal)).toMatchObject([{ kind: 'unknown', code: 'ABORTED' }])
    expect(await c.check(signal)).toEqual({ ok: true, say: '0cc175b9c0f1b6a831c399e269772661' })
  })

  it('a declared check says what it found, or what went wrong', async () => {
    const yaml = `${HEAD}check: { get: /shop, say: "Shop {shop.name}" }`
    const base = await serve((path) =>
      path === '/shop' ? { body: { shop: { name: 'Acme' } } } : { status: 404 },
    )
    expect(await (await open(yaml, { base, token: 't' })).check(signal)).toEqual({
      ok: true,
      say: 'Shop Acme',
    })
    const bad = await open(yaml.replace('/shop', '/shup'), { base, token: 't' })
    expect(await bad.check(signal)).toMatchObject({ ok: false, say: expect.stringContaining('HTTP 404') })
  })
})

import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { Connection } from '../../src/core/ports.ts'
import { acme, type Reply, signal, window } from '../support/acme.ts'

const { open, serve } = acme()

/** A marketplace as many are: one address, everything in a form, everything answered with 200. */
const MARKET = `id: acme
title: Acme
settings:
  base: { type: string, description: b }
  appKey: { type: string, description: k, default: k1 }
  secret: { type: string, secret: true, description: s, default: s3 }
  refresh: { type: string, secret: true, description: r, default: r0 }
http:
  base: "{base}"
  form: { app_key: "{appKey}", session: "{token}", timestamp: "{now}" }
  clock: { format: "yyyy-MM-dd HH:mm:ss", zone: Asia/Shanghai }
  sign: { with: md5, text: "{secret}{pairs}{secret}", as: upper, into: { param: sign } }
  token:
    refresh: { post: /token, form: { method: refresh, refresh_token: "{refresh}", session: "" } }
    token: access_token
    refreshToken: refresh_token
    expires: expires_in
    first: { refresh: "{refresh}" }
  answer:
    code: [error_response.sub_code, error_response.code]
    message: error_response.msg
    codes: { "27": token, "7": transient, "isv.not-exist*": absent, "isv.sent": done, "isv.*": input, "40": config }
read:
  order:
    document: order
    shapes: { o: m }
    list:
      post: /
      form: { method: list, start: "{since}", end: "{until}", page: "{page}" }
      each: list_response.trades
      id: tid
      page: { style: number, size: 2, total: list_response.total, backwards: true }
    fetch: { post: /, form: { method: get, tid: "{id}" }, each: get_response.trade }
write:
  shipment:
    class: none
    mapping: m
    post: /
    as: form
    form: { method: send }
    answer: send_response
    remote: { id: id }
`

interface Asked {
  path: string
  form: Record<string, string>
}

/** Checks every signature, so that a wrong one shows as code 25. */
function market(answer: (asked: Asked) => unknown, seen: Asked[] = []): Reply {
  return (path, body) => {
    const form = Object.fromEntries(new URLSearchParams(body))
    seen.push({ path, form })
    const { sign, ...rest } = form
    const pairs = Object.keys(rest)
      .filter((k) => rest[k] !== '')
      .sort()
      .map((k) => k + rest[k])
      .join('')
    const wanted = createHash('md5').update(`s3${pairs}s3`).digest('hex').toUpperCase()
    if (sign !== wanted) return { body: { error_response: { code: 25, msg: 'bad sign' } } }
    if (path === '/token')
      return { body: { access_token: `t-${form.refresh_token}`, refresh_token: 'r1', expires_in: 3600 } }
    return { body: answer({ path, form }) }
  }
}

const connect = async (reply: Reply) => open(MARKET, { base: await serve(reply) })

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

describe('declared calls', () => {
  it('carry common parameters, the source clock and a signature over all of them', async () => {
    const seen: Asked[] = []
    const c = await connect(market(() => ({ list_response: { total: 0 } }), seen))
    expect(await readAll(c)).toEqual([])
    const { form } = seen.at(-1)!
    expect(form).toMatchObject({ app_key: 'k1', session: 't-r0', method: 'list', page: '1' })
    expect(form.start).toBe('2026-11-18 08:00:00')
    expect(form.timestamp).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/)
  })

  it('renew a token that is refused, once, and go on with the next refresh token', async () => {
    const sessions: string[] = []
    const c = await connect(
      market(({ form }) => {
        sessions.push(form.session!)
        if (form.session === 't-r0') return { error_response: { code: 27, msg: 'Invalid session' } }
        return { list_response: { total: 0 } }
      }),
    )
    expect(await readAll(c)).toEqual([])
    expect(sessions).toEqual(['t-r0', 't-r1'])
  })

  it('stop the connection where the new token is refused as well, or none can be had', async () => {
    const refused = market(() => ({ error_response: { code: 27 } }))
    await expect(readAll(await connect(refused))).rejects.toMatchObject({ code: 'CONNECTOR_DENIED' })
    const dead: Reply = () => ({ body: { error_response: { code: 'isv.refresh-dead' } } })
    await expect(readAll(await connect(dead))).rejects.toMatchObject({
      code: 'CONNECTOR_TOKEN_DEAD',
      kind: 'config',
    })
  })

  it.each([
    [{ code: 7 }, 'CONNECTOR_THROTTLED'],
    [{ code: 40 }, 'CONNECTOR_DENIED'],
    [{ code: 15, sub_code: 'isv.bad-window' }, 'CONNECTOR_ANSWER_REFUSED'],
    [{ code: 99 }, 'CONNECTOR_ANSWER_FAILED'],
  ])('a failure inside a 200 is told by its code: %j', async (error, code) => {
    const c = await connect(market(() => ({ error_response: error })))
    await expect(readAll(c)).rejects.toMatchObject({ code })
  })

  it('an answer without the list, and without saying that there is nothing, is no empty list', async () => {
    const c = await connect(market(() => ({ list_response: {} })))
    await expect(readAll(c)).rejects.toMatchObject({ code: 'CONNECTOR_ANSWER_UNREADABLE' })
  })

  it('what is gone is left out of a fetch, everything else fails it', async () => {
    const c = await connect(
      market(({ form }) => {
        if (form.tid === '2') return { error_response: { code: 15, sub_code: 'isv.not-exist:trade' } }
        if (form.tid === '3') return { error_response: { code: 99 } }
        return { get_response: { trade: { tid: form.tid } } }
      }),
    )
    const fetch = c.streams[0]!.fetch!
    expect((await fetch(['1', '2'], signal)).map((r) => r.id)).toEqual(['1'])
    await expect(fetch(['1', '3'], signal)).rejects.toMatchObject({ code: 'CONNECTOR_ANSWER_FAILED' })
  })

  it('lose no record when others leave the list between two pages', async () => {
    const trades = ['9', '8', '7', '6', '5', '4', '3', '2', '1']
    let asked = 0
    const c = await connect(
      market(({ form }) => {
        // a newer change moves a record out of the window while it is read
        asked += 1
        if (asked === 2 || asked === 4) trades.splice(trades.indexOf(asked === 2 ? '8' : '3'), 1)
        const from = (Number(form.page) - 1) * 2
        const page = trades.slice(from, from + 2).map((tid) => ({ tid }))
        return { list_response: { total: trades.length, trades: page } }
      }),
    )
    const left = ['9', '7', '6', '5', '4', '2', '1']
    expect([...new Set(await readAll(c))].filter((id) => left.includes(id)).sort()).toEqual(left.toSorted())
    expect(trades).toEqual(left)
  })

  it('keep the bytes of each record as they came', async () => {
    const c = await connect(
      market(() => ({ list_response: { total: 1, trades: [{ tid: '1', price: '1.10' }] } })),
    )
    const page = await c.streams[0]!.page({ ...window, resume: null }, signal)
    expect(page.records[0]!.body.toString()).toBe('{"tid":"1","price":"1.10"}')
  })
})

describe('declared writes into such a marketplace', () => {
  const item = (body: object) => ({
    key: 'K1',
    kind: 'shipment' as const,
    revision: 1,
    body: Buffer.from(JSON.stringify(body)),
    check: { number: null, total: null, lines: null },
  })
  const write = async (answer: unknown, body: object, seen: Asked[] = []) => {
    const c = await connect(market(() => answer, seen))
    return (await c.writes[0]!.write([item(body)], signal))[0]
  }

  it('put the document among the parameters, never reading it as a template', async () => {
    const seen: Asked[] = []
    const body = { tid: '1', memo: '{secret} {token}', goods: [{ b: 1, a: 2 }] }
    expect(await write({ send_response: { id: 5 } }, body, seen)).toMatchObject({
      kind: 'done',
      remote: { id: '5' },
    })
    expect(seen.at(-1)!.form).toMatchObject({ memo: '{secret} {token}', goods: '[{"a":2,"b":1}]' })
  })

  it.each([
    [{ code: 7 }, { kind: 'not-done' }],
    [{ code: 40 }, { kind: 'not-done', pause: true }],
    [
      { code: 15, sub_code: 'isv.no-such-carrier' },
      { kind: 'refused', code: 'isv.no-such-carrier' },
    ],
    [{ code: 99 }, { kind: 'unknown', code: '99' }],
  ])('a code proves: %j → %j', async (error, outcome) => {
    expect(await write({ error_response: error }, {})).toMatchObject(outcome)
  })
})

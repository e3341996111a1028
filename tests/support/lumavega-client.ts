/**
 * A client of the marketplace sandbox, written from its published text (src/sandbox/lumavega/api.md) alone: nothing
 * of the sandbox's own signing or clock is used here.
 */
import { createHash, randomBytes } from 'node:crypto'
import { afterEach } from 'vitest'
import type { LumavegaOptions } from '../../src/sandbox/lumavega/options.ts'
import { type Running, startLumavega } from '../../src/sandbox/lumavega/server.ts'

export const SECRETS = {
  appKey: '10020030',
  appSecret: 'app-5ec2e7',
  session: 'se-1',
  hookSecret: 'hook-5ec2e7',
}

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into freely here
export type Any = any

export interface Answer {
  code: number
  sub: string
  message: string
  request_id: string
  data: Any
}

/** Santiago's civil time by the platform's own tables; a second way beside the sandbox's. */
export function clockText(at: Date | number | string): string {
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone: 'America/Santiago',
    dateStyle: 'short',
    timeStyle: 'medium',
  }).formatToParts(new Date(at))
  const of = (type: string) => parts.find((p) => p.type === type)!.value
  return `${of('year')}-${of('month')}-${of('day')} ${of('hour')}:${of('minute')}:${of('second')}`
}

/** Chapter 2, "The signature", step by step. */
export function sign(fields: Record<string, string>, secret: string): string {
  const names = Object.keys(fields)
    .filter((name) => name !== 'sign' && fields[name] !== '')
    .sort()
  const text = `${names.map((name) => `${name}=${fields[name]}`).join('&')}&app_secret=${secret}`
  return createHash('sha256').update(text, 'utf8').digest('hex').toUpperCase()
}

/** The fields of a call; `more` replaces some, an undefined one is left out. Signed unless `more` has a signature. */
export function fieldsOf(
  method: string,
  biz: unknown,
  more: Record<string, string | undefined> = {},
): Record<string, string> {
  const given = {
    app_key: SECRETS.appKey,
    method,
    session: SECRETS.session,
    stamp: clockText(Date.now()),
    nonce: randomBytes(8).toString('hex'),
    v: '3.0',
    biz: typeof biz === 'string' ? biz : JSON.stringify(biz),
    ...more,
  }
  const fields = Object.fromEntries(
    Object.entries(given).filter((e): e is [string, string] => e[1] !== undefined),
  )
  return { ...fields, sign: more.sign ?? sign(fields, SECRETS.appSecret) }
}

/** Numbers beyond 2^53 become text, as whoever reads the marketplace must. */
export function parseExact(text: string): Any {
  const reviver = (_: string, value: unknown, context: { source: string }) =>
    typeof value === 'number' && !Number.isSafeInteger(value) && /^\d+$/.test(context.source)
      ? context.source
      : value
  return JSON.parse(text, reviver as (key: string, value: unknown) => unknown)
}

export interface Market extends Running {
  send(fields: Record<string, string>): Promise<Response>
  /** Calls a method; the body must be the envelope. */
  call(method: string, biz?: unknown, more?: Record<string, string | undefined>): Promise<Answer>
  /** The data of a call that must succeed. */
  data(method: string, biz?: unknown): Promise<Any>
  /** `/_sandbox/<path>`: POST with a body, GET without. */
  control(path: string, body?: unknown): Promise<Any>
}

/** Registers the clean-up; called once at the top of a test file. */
export function market() {
  const running: Running[] = []
  afterEach(async () => {
    for (const one of running.splice(0)) await one.close()
  })
  return async (options: Partial<LumavegaOptions> = {}): Promise<Market> => {
    const one = await startLumavega({ rate: 10_000, processAfter: [0, 0], ...SECRETS, ...options })
    running.push(one)
    return marketOf(one)
  }
}

function marketOf(running: Running): Market {
  const send: Market['send'] = (fields) =>
    fetch(`${running.url}/gateway`, { method: 'POST', body: new URLSearchParams(fields) })
  const call: Market['call'] = async (method, biz = {}, more = {}) => {
    const response = await send(fieldsOf(method, biz, more))
    if (response.status !== 200) throw new Error(`HTTP ${response.status}`)
    return parseExact(await response.text())
  }
  return {
    ...running,
    send,
    call,
    async data(method, biz) {
      const answer = await call(method, biz)
      if (answer.code !== 0) throw new Error(`${method}: ${answer.code} ${answer.message}`)
      return answer.data
    },
    async control(path, body) {
      const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }
      return parseExact(await (await fetch(`${running.url}/_sandbox/${path}`, init)).text())
    },
  }
}

/** Waits until `done` answers something. */
export async function until<T>(done: () => Promise<T | null | false> | T | null | false): Promise<T> {
  for (const end = Date.now() + 10_000; ; ) {
    const found = await done()
    if (found) return found
    if (Date.now() > end) throw new Error('waited 10 s for nothing')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

export const HOUR = 3600_000

/** The parameters of a search over [from, to), ms. */
export const span = (from: number, to: number, more: object = {}) => ({
  modified_from: clockText(from),
  modified_to: clockText(to),
  ...more,
})

/** The last hour, and the next. */
export const recent = (more: object = {}) => span(Date.now() - HOUR, Date.now() + HOUR, more)

/** Makes orders with what hurts elsewhere. */
export const make = (shop: Market, count: number, more: object = {}): Promise<Any> =>
  shop.control('orders', { count, seed: 5, hard: true, ...more })

/** Every order of a search, page by page. */
export async function walk(shop: Market, biz: object): Promise<Any[]> {
  const orders: Any[] = []
  for (let page_no = 1; ; page_no++) {
    const page = await shop.data('lumavega.orders.search', { ...biz, page_no })
    orders.push(...page.orders)
    if (!page.has_next) return orders
  }
}

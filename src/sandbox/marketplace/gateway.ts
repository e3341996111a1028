/**
 * The gateway in front of a marketplace shop: what goes wrong there, and how an answer leaves. Every answer is an
 * HTTP 200, whatever it says.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { delayOf, type Faults, faultAfter, faultBefore } from '../faults.ts'
import { readBody, sendJson } from '../serve.ts'
import type { Auth } from './auth.ts'
import { type Params, readParams, wireJson } from './wire.ts'

/**
 * Faults beside those of every sandbox. Nothing is done: `html` (a page instead of JSON), `throttled`,
 * `sessionExpired` (the token counts again in the next call). It is done: `half` (the answer is cut, its length says
 * so nowhere), `timeoutIn200` (an envelope that says "timed out"), `slow` (min..max ms between the work and the
 * answer). Reading: `searchLag` (lists show what was there min..max ms ago), `changeBetweenPages` (after a page, a
 * trade of the list changes). Messages: `messageLost`, `messageTwice`.
 */
export const GATEWAY_FAULTS = [
  'html',
  'throttled',
  'sessionExpired',
  'half',
  'timeoutIn200',
  'slow',
  'searchLag',
  'changeBetweenPages',
  'messageLost',
  'messageTwice',
] as const

/** One call as the platform answers it: the body, and whether it is the platform's refusal. */
export interface Reply {
  body: object
  refused: boolean
}

/** A platform's own part. */
export interface Dialect {
  contentType: string
  /** The answer to a request that is no set of parameters. */
  unreadable(): object
  /** Does the work of one call, or refuses it. */
  call(params: Params): Reply
  /** What the platform says when its own service did not answer in time. */
  timedOut(params: Params): object
}

const BODY_LIMIT = 2 * 1024 * 1024
const PAGE =
  '<!DOCTYPE html><html><head><title>502</title></head><body><h1>系统繁忙，请稍后再试</h1></body></html>'

/** Serves one call from its first byte to its last. */
export async function serveCall(
  req: IncomingMessage,
  res: ServerResponse,
  url: URL,
  parts: { dialect: Dialect; faults: Faults },
): Promise<void> {
  const { dialect, faults } = parts
  const body = await readBody(req, BODY_LIMIT)
  if (await faultBefore(faults, res)) return
  if (faults.hit('html')) return send(res, 'text/html; charset=utf-8', PAGE)
  const params = body && readParams(req, url, body)
  const reply = params ? dialect.call(params) : { body: dialect.unreadable(), refused: true }
  const slow = faults.hit('slow')
  if (slow) await sleep(delayOf(slow, faults.random()))
  if (faultAfter(faults, res)) return
  const late = !reply.refused && params !== null && faults.hit('timeoutIn200') !== null
  const text = wireJson(late ? dialect.timedOut(params) : reply.body)
  send(res, dialect.contentType, faults.hit('half') ? halfOf(text) : text)
}

/** Cut inside a text or a number, as a proxy that gave up would; never at a place where it could still be read. */
const halfOf = (text: string): string => text.slice(0, Math.max(1, text.length >> 1))

/** Answers text with status 200. */
export function send(res: ServerResponse, type: string, text: string): void {
  const bytes = Buffer.from(text)
  res.writeHead(200, { 'Content-Type': type, 'Content-Length': bytes.length }).end(bytes)
}

/**
 * The page where a merchant would log in and click "authorise": it grants at once and sends the browser back with a
 * code. Whatever was granted before is void from here on.
 */
export function authorize(res: ServerResponse, url: URL, clientId: string, auth: Auth): void {
  const back = url.searchParams.get('redirect_uri')
  const known = url.searchParams.get('client_id') === clientId
  if (!known || !back || !URL.canParse(back)) {
    sendJson(res, 400, { error: 'invalid_request' })
    return
  }
  const target = new URL(back)
  target.searchParams.set('code', auth.grant(Date.now()))
  const state = url.searchParams.get('state')
  if (state) target.searchParams.set('state', state)
  res.writeHead(302, { Location: target.href }).end()
}

/** So many calls a second, and twice as many at once at first; `perSecond` 0 lets everything through. */
export function createLimit(perSecond: number, now: () => number = () => performance.now()) {
  let left = perSecond * 2
  let then = now()
  return (): boolean => {
    if (perSecond <= 0) return true
    const at = now()
    left = Math.min(perSecond * 2, left + ((at - then) / 1000) * perSecond)
    then = at
    if (left < 1) return false
    left -= 1
    return true
  }
}

/** One page of a list that is newest first. `page` counts from 1. */
export function pageBack<T>(
  oldestFirst: readonly T[],
  page: number,
  size: number,
): { items: T[]; more: boolean } {
  const end = oldestFirst.length - (page - 1) * size
  const items = end <= 0 ? [] : oldestFirst.slice(Math.max(0, end - size), end).reverse()
  return { items, more: end - size > 0 }
}

/** The instant up to which an index that lags shows anything, ms since 1970; undefined when it does not lag now. */
export function lagOf(faults: Faults): number | undefined {
  const lag = faults.hit('searchLag')
  return lag ? Date.now() - delayOf(lag, faults.random()) : undefined
}

/**
 * HTTP for connectors: axios with keep-alive, one time limit for the whole call, size limits and the
 * environment's proxy. Whatever the status, the answer comes back; only a missing answer is thrown, as a
 * clean HttpFailure that says whether the request may have reached the remote. Errors of axios (which carry
 * headers and bodies) never leave this file.
 */
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import axios, { type AxiosInstance, type AxiosResponse } from 'axios'
import type { Lane } from '../core/budget.ts'
import { refuseInsideTransaction } from '../core/transaction-guard.ts'
import type { HttpAnswer, HttpFailure } from './hooks.ts'
import type { Pace } from './pace.ts'

/** What one call was, for logs and metrics: no query, no headers, no bodies. */
export interface CallEvent {
  method: string
  /** Path without its query. */
  path: string
  /** HTTP status, or null when no answer came. */
  status: number | null
  /** Failure code when no answer came. */
  code: string | null
  milliseconds: number
}

export interface ClientOptions {
  /** Absolute address that every path is appended to. */
  base: string
  /** Sent with every call, credentials included; only ever to the base's own origin. */
  headers: Record<string, string>
  /** Limit of a whole call in milliseconds. */
  timeout: number
  /** Largest answer in bytes. */
  limit: number
  onCall?: ((event: CallEvent) => void) | undefined
  /** Each call waits for its turn; left out: none does. */
  pace?: Pace | undefined
}

export interface ClientRequest {
  method: string
  path: string
  headers?: Record<string, string>
  body?: Buffer | string
  signal: AbortSignal
  /** Who calls; default read. */
  lane?: Lane
  /** The class of its limit; default `default`. */
  limit?: string | undefined
  /** What it costs where points are counted; default 1. */
  cost?: number | undefined
}

export interface Client {
  /** Host of the base, for messages. */
  host: string
  /** What every path is appended to, without a slash at its end. */
  base: string
  /** Throws HttpFailure when no whole answer came. */
  call(request: ClientRequest): Promise<HttpAnswer>
  /** An answer says by its body that it was too much: the class of the call holds back. Never rejects. */
  throttled(limit: string | undefined, answer: HttpAnswer): Promise<void>
  /** How far the host's clock is behind ours, by the Date of its last answer; 0 below `SKEW`. Milliseconds. */
  behind(): number
  /** Closes the kept connections. */
  close(): void
}

/**
 * Idle connections are given up before common servers (Node 5 s, most proxies 15 s and more) close them:
 * a request on a connection that is just being closed ends as a reset, which proves nothing.
 */
const IDLE = 4_000

/** `Date` counts whole seconds and an answer travels: less than this says nothing about a clock. */
const SKEW = 3_000

/** One client per connection, made by `openConnection`. */
export function createClient(options: ClientOptions): Client {
  const base = options.base.replace(/\/+$/, '')
  const agents = {
    httpAgent: new HttpAgent({ keepAlive: true, timeout: IDLE }),
    httpsAgent: new HttpsAgent({ keepAlive: true, timeout: IDLE }),
  }
  const instance = axios.create({
    ...agents,
    responseType: 'arraybuffer',
    validateStatus: () => true,
    transformRequest: [(data) => data],
    transformResponse: [(data) => data],
    // A redirect could carry the credentials elsewhere or turn a POST into a GET: it is an answer like any.
    maxRedirects: 0,
    maxContentLength: options.limit,
    maxBodyLength: Number.POSITIVE_INFINITY,
    headers: { 'User-Agent': 'Tributary', Accept: '*/*', ...options.headers },
  })
  let behind = 0
  return {
    host: new URL(base).host,
    base,
    async call(request) {
      refuseInsideTransaction('calling a remote')
      const { lane = 'read', limit = 'default', cost = 1, signal } = request
      await options.pace?.turn({ lane, limit, cost, signal })
      const answer = await call(instance, base, options, request)
      behind = clockBehind(answer.headers.date) ?? behind
      await options.pace?.answered(limit, answer)
      return answer
    },
    throttled: async (limit = 'default', answer) => options.pace?.throttled(limit, answer),
    behind: () => behind,
    close() {
      agents.httpAgent.destroy()
      agents.httpsAgent.destroy()
    },
  }
}

/** The client for whoever calls: the lane, and the class of those calls that name none. */
export function onLane(client: Client, lane: Lane, limit: string): Client {
  return {
    ...client,
    call: (request) => client.call({ ...request, lane, limit: request.limit ?? limit }),
    throttled: (own, answer) => client.throttled(own ?? limit, answer),
  }
}

/** Undefined where the answer names no instant. */
function clockBehind(date: string | undefined): number | undefined {
  const at = Date.parse(date ?? '')
  if (Number.isNaN(at)) return undefined
  const off = Date.now() - at
  return off > SKEW ? off : 0
}

async function call(
  instance: AxiosInstance,
  base: string,
  options: ClientOptions,
  { method, path, headers, body, signal }: ClientRequest,
): Promise<HttpAnswer> {
  const started = performance.now()
  const timer = AbortSignal.timeout(options.timeout)
  const report = (status: number | null, code: string | null) => {
    const milliseconds = Math.round(performance.now() - started)
    options.onCall?.({ method, path: path.split('?')[0]!, status, code, milliseconds })
  }
  try {
    // `http://erp.example` + `@elsewhere` would be another host.
    if (!path.startsWith('/')) throw Object.assign(new Error('path'), { code: 'ERR_INVALID_URL' })
    const response: AxiosResponse<Buffer> = await instance.request({
      method,
      // the base itself, where that is the whole address
      url: base + path.replace(/^\/(?=$|\?)/, ''),
      headers,
      data: body,
      signal: AbortSignal.any([signal, timer]),
    })
    report(response.status, null)
    return {
      status: response.status,
      headers: flat(response.headers),
      body: bytes(response.data),
    }
  } catch (error) {
    const failed = failureOf(error, timer.aborted && !signal.aborted)
    report(null, failed.code)
    throw failed
  }
}

/** axios gives a Buffer; nothing at all for an empty answer to some methods. */
const bytes = (data: Buffer | undefined): Buffer => (Buffer.isBuffer(data) ? data : Buffer.alloc(0))

function flat(headers: object): Record<string, string> {
  const out: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && value !== null) out[name.toLowerCase()] = String(value)
  }
  return out
}

/** Codes that can only come up before the first byte of a request leaves this machine for the remote. */
const NOT_SENT =
  /^(ENOTFOUND|EAI_\w+|ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|ERR_TLS_\w+|ERR_SSL_\w+|CERT_\w+|UNABLE_TO_\w+|SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT|EPROTO|ERR_INVALID_URL|ERR_FR_TOO_MANY_REDIRECTS|ERR_INVALID_CHAR)$/

interface NetworkError {
  code?: unknown
  message?: unknown
  syscall?: unknown
  cause?: unknown
  errors?: unknown
}

function failureOf(error: unknown, timedOut: boolean): HttpFailure {
  if (timedOut) return failure('ETIMEDOUT', true)
  if (axios.isCancel(error) || (error as { name?: string }).name === 'AbortError')
    return failure('ABORTED', true)
  const code = codeOf(error)
  return failure(code, !provesNothingSent(error))
}

function codeOf(error: unknown): string {
  const e = error as NetworkError
  if (String(e.message).startsWith('maxContentLength')) return 'ANSWER_TOO_LARGE'
  return typeof e.code === 'string' ? e.code : 'ENETWORK'
}

/** Looks through the wrappers of axios and of Node's "happy eyeballs" (one error per address tried). */
function provesNothingSent(error: unknown): boolean {
  const e = error as NetworkError
  if (Array.isArray(e.errors) && e.errors.length > 0) return e.errors.every(provesNothingSent)
  if (typeof e.code === 'string' && NOT_SENT.test(e.code)) return true
  if (e.syscall === 'connect') return true
  // Reset while shaking hands: node:_tls_wrap says so only in words.
  if (/before secure TLS connection was established/.test(String(e.message))) return true
  return e.cause !== undefined && e.cause !== null && provesNothingSent(e.cause)
}

/** What `Client.call` throws. `sent`: the remote may have got the request. */
export function failure(code: string, sent: boolean): HttpFailure {
  const error = new Error(sent ? `no whole answer (${code})` : `not reached (${code})`)
  return Object.assign(error, { name: 'HttpFailure', code, sent })
}

/** True for what `Client.call` throws. */
export function isHttpFailure(error: unknown): error is HttpFailure {
  return error instanceof Error && error.name === 'HttpFailure'
}

/** `Retry-After` as seconds or HTTP date (RFC 9110, section 10.2.3), in milliseconds from `now`. */
export function retryAfter(headers: Record<string, string>, now = Date.now()): number | undefined {
  const text = headers['retry-after']?.trim()
  if (!text) return undefined
  if (/^\d+(\.\d+)?$/.test(text)) return Math.ceil(Number(text) * 1000)
  const at = Date.parse(text)
  return Number.isNaN(at) ? undefined : Math.max(0, at - now)
}

/** Speaks TOP to a server, signing with code of its own; for tests of the Taobao sandbox. */
import { createHash, createHmac } from 'node:crypto'

export const APP = { appKey: '87654321', appSecret: 'made-up-secret', session: 'made-up-session' }

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into freely
type Any = any

/** Beijing's clock at an instant (ms). */
export const beijing = (at: number): string =>
  new Date(at + 28_800_000).toISOString().slice(0, 19).replace('T', ' ')

/** The signature of parameters, as the platform's guide words it. */
export function topSign(params: Record<string, string>, secret: string): string {
  let text = ''
  for (const name of Object.keys(params).sort()) if (params[name] !== '') text += name + params[name]
  if (params.sign_method === 'md5')
    return createHash('md5')
      .update(secret + text + secret, 'utf8')
      .digest('hex')
      .toUpperCase()
  const hash = params.sign_method === 'hmac' ? 'md5' : 'sha256'
  return createHmac(hash, secret).update(text, 'utf8').digest('hex').toUpperCase()
}

export interface TopAnswer {
  status: number
  type: string
  text: string
  /** What is under the method's response key; undefined for a refusal. */
  body: Any
  error: Any
}

export interface TopCall {
  /** Common parameters that are to be different; undefined leaves one out. */
  common?: Record<string, string | undefined>
  /** Parameters added after signing. */
  unsigned?: Record<string, string>
  /** Sent in the query instead of a form. */
  query?: boolean
}

/** A client of one server. */
export function topClient(url: string) {
  async function call(
    method: string,
    own: Record<string, string> = {},
    how: TopCall = {},
  ): Promise<TopAnswer> {
    const common = {
      method,
      app_key: APP.appKey,
      session: APP.session,
      timestamp: beijing(Date.now()),
      format: 'json',
      v: '2.0',
      sign_method: 'md5',
      ...how.common,
    }
    const all = Object.entries({ ...common, ...own }).filter(([, value]) => value !== undefined)
    const params = Object.fromEntries(all) as Record<string, string>
    const signed = new URLSearchParams({
      ...params,
      ...(params.sign === undefined ? { sign: topSign(params, APP.appSecret) } : {}),
      ...how.unsigned,
    })
    const response = how.query
      ? await fetch(`${url}/router/rest?${signed}`, { method: 'POST' })
      : await fetch(`${url}/router/rest`, { method: 'POST', body: signed })
    const text = await response.text()
    const json: Any = readJson(text)
    const key = `${method.replace('taobao.', '').replaceAll('.', '_')}_response`
    const type = response.headers.get('content-type') ?? ''
    return { status: response.status, type, text, body: json?.[key], error: json?.error_response }
  }

  async function control(path: string, body?: unknown): Promise<{ status: number; body: Any }> {
    const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }
    const response = await fetch(`${url}/_sandbox/${path}`, init)
    return { status: response.status, body: await response.json() }
  }
  return { call, control }
}

/** JSON with whole numbers beyond 2^53 as text; undefined for what is no JSON. */
export function readJson(text: string): unknown {
  const exact = (_: string, value: unknown, context: { source: string }) =>
    typeof value === 'number' && Math.abs(value) > Number.MAX_SAFE_INTEGER ? context.source : value
  try {
    return JSON.parse(text, exact as Parameters<typeof JSON.parse>[1])
  } catch (cause) {
    if (cause instanceof SyntaxError) return undefined
    throw cause
  }
}

/** Speaks Pinduoduo's protocol to a server, signing with code of its own; for tests of that sandbox. */
import { createHash } from 'node:crypto'
import { readJson } from './top-client.ts'

export const APP = {
  clientId: 'made-up-client',
  clientSecret: 'made-up-secret',
  accessToken: 'made-up-token',
}

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into freely
type Any = any

/** Now in seconds, with an offset. */
export const at = (offset = 0): string => String(Math.floor(Date.now() / 1000) + offset)

export interface PddAnswer {
  status: number
  type: string
  text: string
  /** The whole answer; undefined for what is no JSON. */
  json: Any
  error: Any
}

export interface PddCall {
  /** Common parameters that are to be different; undefined leaves one out. */
  common?: Record<string, string | undefined>
  /** Parameters added after signing. */
  unsigned?: Record<string, string>
  /** As a JSON object instead of a form. */
  asJson?: boolean
}

function sign(params: Record<string, string>): string {
  const names = Object.keys(params).sort()
  const text = names.reduce((all, name) => all + name + params[name], APP.clientSecret) + APP.clientSecret
  return createHash('md5').update(text, 'utf8').digest('hex').toUpperCase()
}

/** A client of one server. */
export function pddClient(url: string) {
  async function call(type: string, own: Record<string, string> = {}, how: PddCall = {}): Promise<PddAnswer> {
    const common = {
      type,
      client_id: APP.clientId,
      access_token: APP.accessToken,
      timestamp: at(),
      data_type: 'JSON',
      version: 'V1',
      ...how.common,
    }
    const all = Object.entries({ ...common, ...own }).filter(([, value]) => value !== undefined)
    const params = Object.fromEntries(all) as Record<string, string>
    const signed = {
      ...(params.sign === undefined ? { sign: sign(params) } : {}),
      ...params,
      ...how.unsigned,
    }
    const response = await fetch(`${url}/api/router`, {
      method: 'POST',
      ...(how.asJson
        ? { body: JSON.stringify(signed), headers: { 'content-type': 'application/json' } }
        : { body: new URLSearchParams(signed) }),
    })
    const text = await response.text()
    const json: Any = readJson(text)
    const sent = response.headers.get('content-type') ?? ''
    return { status: response.status, type: sent, text, json, error: json?.error_response }
  }

  async function control(path: string, body?: unknown): Promise<{ status: number; body: Any }> {
    const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }
    const response = await fetch(`${url}/_sandbox/${path}`, init)
    return { status: response.status, body: await response.json() }
  }
  return { call, control }
}

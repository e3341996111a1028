/** A declared call made into one HTTP request: parameters filled in, body written, signed. Nothing is sent here. */
import { randomBytes } from 'node:crypto'
import iconv from 'iconv-lite'
import type { ClientRequest } from './client.ts'
import { clockValue } from './clock.ts'
import type { Call, Sign } from './manifest-call.ts'
import type { Clock, HttpManifest } from './manifest-http.ts'
import type { Settings } from './settings.ts'
import { keysOf, signature } from './sign.ts'
import {
  fillParameters,
  fillTree,
  fillWith,
  type Lookup,
  lookupIn,
  plainText,
  sortedJson,
} from './template.ts'
import { encodeXml, escapeXml, xmlElement } from './xml.ts'

export const VERBS = ['get', 'post', 'put', 'patch', 'delete'] as const

/** What a call is filled with, beside settings, `{now}` and `{nonce}`. */
export interface Values extends Record<string, unknown> {
  token?: string
}

export interface RequestParts {
  http: HttpManifest
  settings: Settings
  /** With its zone, where a setting holds that. */
  clock: Clock
}

/**
 * A document that goes with a call where no template of it says so: its frozen bytes as the body, or its members as
 * parameters. They are never read as templates: what a buyer wrote in braces stays what he wrote.
 */
export type Payload =
  | { as: 'json'; bytes: Buffer }
  | { as: 'form' | 'query' | 'xml'; members: Record<string, unknown> }

export type Request = Omit<ClientRequest, 'signal'>

/** Puts one request together. Throws TypeError for an XML body with more than one root. */
export function makeRequest(
  { http, settings, clock }: RequestParts,
  call: Call,
  values: Values,
  payload: Payload | null = null,
): Request {
  const once = { now: clockValue(new Date(), clock, 'now'), nonce: randomBytes(16).toString('hex') }
  const lookup = lookupIn(values, once, settings)
  const verb = VERBS.find((v) => call[v] !== undefined)!
  const query = [...fillParameters({ ...http.query, ...call.query }, lookup), ...membersAs('query', payload)]
  const form = isForm(http, call, verb, payload)
    ? [...fillParameters({ ...http.form, ...call.form }, lookup), ...membersAs('form', payload)]
    : null
  const headers = commonHeaders(http, lookup)
  for (const [name, text] of Object.entries(call.headers ?? {})) headers[name] = fillWith(text, lookup)
  const charset = fillWith(http.charset ?? 'UTF-8', lookup)
  let body: Body | null = form ? null : bodyOf(call, lookup, charset, payload)
  if (http.sign) {
    const params = [...query, ...(form ?? [])]
    const { sign } = http
    const signing = { params, body: body?.bytes ?? Buffer.alloc(0), lookup }
    const keys = keysOf(sign, lookup)
    const signed = (keys.length > 0 ? keys : ['']).map(
      (key) => `${sign.prefix ?? ''}${signature(sign, key, signing)}`,
    )
    place(sign.into, signed.join(' '), { query, form, headers })
  }
  if (form) body = { bytes: Buffer.from(encodePairs(form, charset)), contentType: FORM }
  if (body) headers['Content-Type'] ??= withCharset(body.contentType, charset)
  return {
    method: verb.toUpperCase(),
    path: address(call[verb]!, lookup, encodePairs(query, charset)),
    headers,
    ...(body ? { body: body.bytes } : {}),
    ...(call.limit ? { limit: call.limit } : {}),
  }
}

const FORM = 'application/x-www-form-urlencoded'

/** Where `http.form` has parameters for all, a call with a body of no other kind posts a form. */
function isForm(http: HttpManifest, call: Call, verb: string, payload: Payload | null): boolean {
  if (call.form || payload?.as === 'form') return true
  const other =
    call.json !== undefined || call.xml !== undefined || payload?.as === 'json' || payload?.as === 'xml'
  return http.form !== undefined && verb !== 'get' && verb !== 'delete' && !other
}

export function commonHeaders(http: HttpManifest, lookup: Lookup): Record<string, string> {
  const fill = (text: string) => fillWith(text, lookup)
  const headers: Record<string, string> = {}
  for (const [name, text] of Object.entries(http.headers ?? {})) {
    const value = fill(text)
    // an optional setting that nobody gave
    if (value !== '') headers[name] = value
  }
  const { auth } = http
  if (!auth) return headers
  if ('header' in auth) headers[fill(auth.header)] = fill(auth.value)
  else if ('bearer' in auth) headers.Authorization = `Bearer ${fill(auth.bearer)}`
  else {
    const pair = `${fill(auth.basic.user)}:${fill(auth.basic.password)}`
    headers.Authorization = `Basic ${Buffer.from(pair).toString('base64')}`
  }
  return headers
}

/** The members of a document as parameters; trees as compact JSON. */
function membersAs(as: 'form' | 'query', payload: Payload | null): [string, string][] {
  if (payload?.as !== as) return []
  const given = Object.entries(payload.members).filter(([, value]) => value !== undefined && value !== null)
  return given.map(([name, value]) => [name, plainText(value)])
}

interface Body {
  bytes: Buffer
  contentType: string
}

function bodyOf(call: Call, lookup: Lookup, charset: string, payload: Payload | null): Body | null {
  if (call.json !== undefined) {
    const text = sortedJson(fillTree(call.json, lookup))
    return { bytes: iconv.encode(text, charset), contentType: 'application/json' }
  }
  if (call.xml) return xmlBody(fillTree(call.xml, lookup) as Record<string, unknown>, charset)
  if (payload?.as === 'xml') return xmlBody(payload.members, charset)
  return payload?.as === 'json' ? { bytes: payload.bytes, contentType: 'application/json' } : null
}

function xmlBody(tree: Record<string, unknown>, charset: string): Body {
  const [root, ...more] = Object.entries(tree)
  if (!root || more.length > 0) throw new TypeError('an XML body has one root')
  const text = `<?xml version="1.0" encoding="${charset}"?>${xmlElement(root[0], root[1], escapeXml)}`
  return { bytes: encodeXml(text, charset), contentType: 'text/xml' }
}

function place(
  into: Sign['into'],
  signed: string,
  parts: { query: [string, string][]; form: [string, string][] | null; headers: Record<string, string> },
): void {
  if ('header' in into) parts.headers[into.header] = signed
  else if ('query' in into) parts.query.push([into.query, signed])
  else (parts.form ?? parts.query).push([into.param, signed])
}

/** The path's own names are percent-encoded; a query that it already has is gone on with. */
function address(template: string, lookup: Lookup, query: string): string {
  const path = fillWith(template, lookup, (value) => encodeURIComponent(plainText(value)))
  if (query === '') return path
  return `${path}${path.includes('?') ? '&' : '?'}${query}`
}

function encodePairs(pairs: readonly [string, string][], charset: string): string {
  return pairs.map(([name, value]) => `${encodeIn(name, charset)}=${encodeIn(value, charset)}`).join('&')
}

/** As browsers write forms, in the charset of the API: what is not a letter, digit or one of `-_.*` as %XX. */
function encodeIn(text: string, charset: string): string {
  if (/^utf-?8$/i.test(charset)) return encodeURIComponent(text).replace(/[!'()~]/g, percent)
  const bytes = iconv.encode(text, charset)
  return [...bytes]
    .map((byte) => (/[\w.*-]/.test(String.fromCharCode(byte)) ? String.fromCharCode(byte) : hex(byte)))
    .join('')
}

const hex = (byte: number) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
const percent = (character: string) => hex(character.charCodeAt(0))

function withCharset(contentType: string, charset: string): string {
  return contentType.includes('charset') ? contentType : `${contentType}; charset=${charset}`
}

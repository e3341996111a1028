/** Templates read backwards: what of a request is as the declaration says, and what stood where it has names. */

import type { Call } from '../connector/manifest-call.ts'
import type { HttpManifest } from '../connector/manifest-http.ts'
import { VERBS } from '../connector/request.ts'
import { parseXml } from '../connector/xml.ts'
import { parseJson } from '../core/json.ts'

/** A request as a remote sees it. */
export interface Seen {
  method: string
  path: string
  query: URLSearchParams
  form: URLSearchParams | null
  /** Parsed, where it is JSON. */
  json: unknown
  /** The body as text, whatever it is. */
  text: string
  headers: Record<string, string>
}

/** Names and what stood in their place. */
export type Captured = Record<string, unknown>

/**
 * Null where the request is not this call; `literals`: how much says that it is: fixed parameters most, then those that
 * were filled in; those that are not there say the contrary.
 */
export function captureCall(
  http: HttpManifest,
  call: Call,
  base: string,
  seen: Seen,
): { values: Captured; literals: number } | null {
  const verb = VERBS.find((v) => call[v] !== undefined)
  if (!verb || seen.method !== verb.toUpperCase()) return null
  const [path = '', inline = ''] = call[verb]!.split('?')
  const values: Captured = {}
  if (!captureText(base + path, decodePath(seen.path), values)) return null
  let literals = 0
  const queries = { ...http.query, ...Object.fromEntries(inlineOf(inline)), ...call.query }
  const forms = seen.form ? { ...http.form, ...call.form } : call.form
  for (const [template, given] of [
    [queries, seen.query],
    [forms ?? {}, seen.form ?? new URLSearchParams()],
  ] as const) {
    for (const [name, wanted] of Object.entries(template)) {
      const fit = captureValue(wanted, given.get(name) ?? undefined, values)
      if (fit === null) return null
      literals += fit
    }
  }
  const [template, body] = call.xml === undefined ? [call.json, seen.json] : [call.xml, xmlOf(seen.text)]
  const fit = template === undefined ? 0 : captureTree(template, body, values)
  return fit === null ? null : { values, literals: literals + fit }
}

function xmlOf(text: string): unknown {
  try {
    return parseXml(Buffer.from(text))
  } catch {
    return undefined
  }
}

/** Split by hand: `{name}` must not be read as a parameter of its own form. */
const inlineOf = (inline: string): [string, string][] =>
  inline === ''
    ? []
    : inline.split('&').map((pair) => {
        const [name = '', ...rest] = pair.split('=')
        return [name, rest.join('=')]
      })

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

/** What a literal that fits, a name that was filled in, and one that was left out say. */
const [LITERAL, FILLED, LEFT_OUT] = [2, 1, -1]

/** A parameter: text, or a tree that travels as JSON. */
function captureValue(template: unknown, given: string | undefined, values: Captured): number | null {
  if (template !== null && typeof template === 'object') {
    if (given === undefined) return null
    try {
      return captureTree(template, parseJson(given), values)
    } catch {
      return null
    }
  }
  const text = String(template)
  if (!text.includes('{')) return given === text ? LITERAL : null
  // what has no value is left out
  if (given === undefined) return LEFT_OUT
  return captureText(text, given, values) ? FILLED : null
}

function captureTree(template: unknown, given: unknown, values: Captured): number | null {
  if (typeof template === 'string') {
    const name = /^\{([\w.-]+)\}$/.exec(template)?.[1]
    if (name) {
      if (given !== undefined) values[name] = given
      return given === undefined ? LEFT_OUT : FILLED
    }
    if (given === undefined) return null
    return captureValue(template, String(given), values)
  }
  if (template === null || typeof template !== 'object') return given === template ? LITERAL : null
  if (given === null || typeof given !== 'object') return null
  let literals = 0
  // a member that the call does not have is a sign of another
  for (const key of Object.keys(given)) if (!Object.hasOwn(template, key)) literals += LEFT_OUT
  for (const [key, inner] of Object.entries(template)) {
    const fit = captureTree(inner, (given as Record<string, unknown>)[key], values)
    if (fit === null) return null
    literals += fit
  }
  return literals
}

function captureText(template: string, text: string, values: Captured): boolean {
  const names: string[] = []
  const parts = template.split(/(\{\w[\w.-]*\})/)
  const pattern = parts.map((part) => {
    if (!/^\{.+\}$/.test(part)) return part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    names.push(part.slice(1, -1))
    return '([\\s\\S]*?)'
  })
  const found = new RegExp(`^${pattern.join('')}$`).exec(text)
  if (!found) return false
  for (const [i, name] of names.entries()) values[name] = found[i + 1]!
  return true
}

/** Templates of `connector.yaml`: `{name}` in a text stands for a setting or for what the call is about. */
import { pick } from './dotted.ts'

/** Names are letters, digits and `_`; a dotted one points into a tree: `{document.order.id}`. */
const NAME = /\{(\w[\w.-]*)\}/g
const WHOLE = /^\{(\w[\w.-]*)\}$/

/** The value of a name; undefined where there is none. */
export type Lookup = (name: string) => unknown

/** The names that a template mentions. */
export function namesIn(template: string): string[] {
  return [...template.matchAll(NAME)].map((m) => m[1]!)
}

/** Looks names up in the values of a call first, then in the settings; dotted names point into trees. */
export function lookupIn(...places: Record<string, unknown>[]): Lookup {
  return (name) => {
    const [first, ...rest] = name.split('.')
    for (const values of places) {
      if (!Object.hasOwn(values, first!)) continue
      return rest.length > 0 ? pick(values[first!], rest.join('.')) : values[first!]
    }
    return undefined
  }
}

/** A text with its names filled in; what is missing becomes empty. `write` tells how a value becomes text. */
export function fillWith(
  template: string,
  lookup: Lookup,
  write: (value: unknown) => string = plainText,
): string {
  return template.replace(NAME, (_, name: string) => write(lookup(name)))
}

/** A text filled in from plain values: settings, mostly. */
export function fillText(template: string, values: Record<string, unknown>): string {
  return fillWith(template, lookupIn(values))
}

/** Scalars as they are, nothing as empty text, trees as compact JSON with sorted keys. */
export function plainText(value: unknown): string {
  if (value === undefined || value === null) return ''
  return typeof value === 'object' ? sortedJson(value) : String(value)
}

/**
 * Compact JSON with the keys of every depth sorted and nothing escaped but what must be: the same text for the same
 * content, as gateways want that sign a body (Douyin) or a tree among parameters.
 */
export function sortedJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((one) => sortedJson(one ?? null)).join(',')}]`
  if (value === null || typeof value !== 'object') return JSON.stringify(value ?? null)
  // not through an object: its keys that look like numbers would come first
  const members = Object.entries(value)
    .filter(([, one]) => one !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([key, one]) => `${JSON.stringify(key)}:${sortedJson(one)}`).join(',')}}`
}

/**
 * A tree of templates with its names filled in. A text that is one name alone keeps the value's type; where that is
 * missing, the member is left out.
 */
export function fillTree(template: unknown, lookup: Lookup): unknown {
  if (typeof template === 'string') {
    const whole = WHOLE.exec(template)
    return whole ? lookup(whole[1]!) : fillWith(template, lookup)
  }
  if (Array.isArray(template)) return template.map((inner) => fillTree(inner, lookup))
  if (template === null || typeof template !== 'object') return template
  const out: Record<string, unknown> = {}
  for (const [key, inner] of Object.entries(template)) {
    const value = fillTree(inner, lookup)
    if (value !== undefined) out[key] = value
  }
  return out
}

/** Parameters as texts; those without a value are left out. */
export function fillParameters(
  templates: Record<string, unknown> | undefined,
  lookup: Lookup,
): [string, string][] {
  return Object.entries(templates ?? {}).flatMap(([name, template]): [string, string][] => {
    const value = fillTree(template, lookup)
    return value === undefined || value === null ? [] : [[name, plainText(value)]]
  })
}

/** Settings of a connection against its connector's manifest, and templates that name them. */
import { connectorError } from '../core/errors/connector.ts'
import { shapeOf } from '../core/errors/error.ts'
import { nearest } from '../core/yaml.ts'
import type { Manifest, Setting } from './manifest.ts'

export type Settings = Record<string, unknown>

/**
 * The settings as hooks and mappings see them: checked, defaults filled in, numbers and booleans that came
 * from the environment as text converted. Throws TributaryError CONNECTOR_SETTING_*; values are never shown.
 */
export function resolveSettings(manifest: Manifest, given: Settings, connection: string): Settings {
  const known = Object.keys(manifest.settings)
  for (const setting of Object.keys(given)) {
    if (known.includes(setting)) continue
    const near = nearest(setting, known)
    throw connectorError('CONNECTOR_SETTING_UNKNOWN', {
      connection,
      connector: manifest.id,
      setting,
      near: near ? ` (did you mean "${near}"?)` : '',
      known: known.join(', '),
    })
  }
  const out: Settings = {}
  const missing = (setting: string) =>
    connectorError('CONNECTOR_SETTING_MISSING', {
      connection,
      setting,
      description: manifest.settings[setting]?.description ?? '',
    })
  const resolve = (name: string, chain: string[]): unknown => {
    if (name in out) return out[name]
    const setting = manifest.settings[name]
    if (!setting || chain.includes(name)) throw missing(name)
    const value = given[name]
    if (isGiven(value)) out[name] = checked(name, setting, value, connection)
    else if (typeof setting.default === 'string')
      out[name] = fillTemplate(setting.default, (inner) => {
        const found = resolve(inner, [...chain, name])
        if (!isGiven(found)) throw missing(inner)
        return String(found)
      })
    else if (setting.default !== undefined) out[name] = setting.default
    else if (setting.optional) out[name] = undefined
    else throw missing(name)
    return out[name]
  }
  for (const name of known) resolve(name, [])
  return Object.freeze(out)
}

const isGiven = (value: unknown): boolean => value !== undefined && value !== null && value !== ''

function checked(name: string, setting: Setting, value: unknown, connection: string): unknown {
  const fail = (expected: string) =>
    connectorError('CONNECTOR_SETTING_VALUE', {
      connection,
      setting: name,
      expected,
      found: shapeOf(value),
      description: setting.description,
    })
  const converted = convert(setting.type, value)
  if (converted === undefined) throw fail(setting.type)
  if (setting.values && !setting.values.includes(String(converted)))
    throw fail(`one of ${setting.values.join(', ')}`)
  return converted
}

function convert(type: Setting['type'], value: unknown): unknown {
  const text = typeof value === 'string' ? value.trim() : String(value)
  const scalar = typeof value !== 'object'
  switch (type) {
    case 'string':
      return scalar ? String(value) : undefined
    case 'integer':
      return scalar && /^-?\d+$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : undefined
    case 'decimal':
      return scalar && /^-?\d+(\.\d+)?$/.test(text) ? text : undefined
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : undefined
    case 'list':
      return Array.isArray(value) ? value : undefined
    case 'map':
      return value !== null && typeof value === 'object' && !Array.isArray(value) ? value : undefined
  }
}

/** Settings without the secrets: what mappings may read as `$settings`. */
export function openSettings(manifest: Manifest, settings: Settings): Settings {
  return Object.fromEntries(Object.entries(settings).filter(([name]) => !manifest.settings[name]?.secret))
}

/** Replaces every `{name}` of a template. */
export function fillTemplate(template: string, value: (name: string) => string): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => value(name))
}

/** Fills a text (base, header) from the settings; an optional setting that is not given becomes empty. */
export function fillText(template: string, settings: Settings): string {
  return fillTemplate(template, (name) => String(settings[name] ?? ''))
}

/** Fills a path from the settings and the values given; every value is percent-encoded. */
export function fillPath(
  template: string,
  settings: Settings,
  values: Record<string, string | number>,
): string {
  return fillTemplate(template, (name) => encodeURIComponent(String(values[name] ?? settings[name] ?? '')))
}

/** Follows a dotted path into plain data; undefined where it ends. No path gives the value itself. */
export function pick(value: unknown, path: string | undefined): unknown {
  if (path === undefined) return value
  let at = value
  for (const step of path.split('.')) {
    if (at === null || typeof at !== 'object' || !Object.hasOwn(at, step)) return undefined
    at = (at as Record<string, unknown>)[step]
  }
  return at
}

/** A scalar as text, or null: ids, numbers and totals of remotes come as numbers or as text. */
export function textAt(value: unknown, path: string | undefined): string | null {
  if (path === undefined) return null
  const found = pick(value, path)
  return typeof found === 'string' || typeof found === 'number' || typeof found === 'bigint'
    ? String(found)
    : null
}

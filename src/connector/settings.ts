/** Settings of a connection against its connector's manifest, and templates that name them. */
import { connectorError } from '../core/errors/connector.ts'
import { type Phrase, shapePhrase } from '../core/errors/error.ts'
import { nearest } from '../core/yaml.ts'
import { didYouMean, oneOf } from '../core/yaml-words.ts'
import type { Manifest, Setting } from './manifest.ts'
import { fillWith } from './template.ts'

/** What a setting of each type looks like, for people. */
export const settingType = {
  string: { en: 'text (in quotes where it looks like a number)', zh: '文本（看起来像数字时请加引号）' },
  integer: { en: 'a whole number', zh: '整数' },
  decimal: { en: 'a number, best in quotes', zh: '数字（最好加引号）' },
  boolean: { en: 'true or false', zh: 'true 或 false' },
  list: { en: 'a list', zh: '列表' },
  map: { en: 'a map', zh: '映射（键: 值）' },
} satisfies Record<string, Phrase>

/** What a setting is for; a connector that has no Chinese for it is quoted as it is. */
export function settingWords(setting: Setting | undefined): Phrase {
  const en = setting?.description ?? ''
  return { en, zh: setting?.zh ?? en }
}

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
      near: didYouMean(near),
      known: known.join(', '),
    })
  }
  const out: Settings = {}
  const missing = (setting: string) =>
    connectorError('CONNECTOR_SETTING_MISSING', {
      connection,
      setting,
      description: settingWords(manifest.settings[setting]),
    })
  const resolve = (name: string, chain: string[]): unknown => {
    if (name in out) return out[name]
    const setting = manifest.settings[name]
    if (!setting || chain.includes(name)) throw missing(name)
    const value = given[name]
    if (isGiven(value)) out[name] = checked(name, setting, value, connection)
    else if (typeof setting.default === 'string')
      out[name] = fillWith(setting.default, (inner) => {
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
  const fail = (expected: Phrase) =>
    connectorError('CONNECTOR_SETTING_VALUE', {
      connection,
      setting: name,
      expected,
      found: shapePhrase(value),
      description: settingWords(setting),
    })
  const converted = convert(setting.type, value)
  if (converted === undefined) throw fail(settingType[setting.type])
  if (setting.values && !setting.values.includes(String(converted))) throw fail(oneOf(setting.values))
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

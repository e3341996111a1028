/** `${NAME}` in tributary.yaml: where secrets come from, and where they are looked for before they are printed. */
import type { ParsedYaml, YamlPath } from '../core/yaml.ts'
import { type Problems, suggestion } from './config-problems.ts'

export type Environment = Record<string, string | undefined>

/** `$${` stands for a literal `${`. */
const REFERENCE = /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g

/** Stands in a stored configuration where a secret was left out. No reference looks like it. */
export const MARK = '${=file}'

/** The file with its references filled in. */
export interface Resolved {
  parsed: ParsedYaml
  /** Dotted paths of values that came out of the environment: not to be shown. */
  fromEnvironment: ReadonlySet<string>
}

/**
 * Replaces `${NAME}` and `${NAME:-default}` in every text of the file. A variable that is not set or empty,
 * without default, is a CONFIG_SECRET_MISSING naming variable, file and line; so is a mark that nobody filled in.
 */
export function resolveEnvironment(parsed: ParsedYaml, env: Environment, problems: Problems): Resolved {
  const fromEnvironment = new Set<string>()
  const names = Object.keys(env)
  const resolveText = (text: string, path: YamlPath): string =>
    text.replace(REFERENCE, (whole, name: string | undefined, fallback: string | undefined) => {
      if (!name) return '${'
      fromEnvironment.add(path.join('.'))
      const value = env[name]
      if (value !== undefined && value !== '') return value
      if (fallback !== undefined) return fallback
      problems.add('CONFIG_SECRET_MISSING', path, { name, near: suggestion(name, names) })
      return whole
    })
  const resolve = (value: unknown, path: YamlPath): unknown => {
    if (value === MARK) problems.add('CONFIG_SECRET_MARK', path)
    if (typeof value === 'string') return resolveText(value, path)
    if (Array.isArray(value)) return value.map((v, i) => resolve(v, [...path, i]))
    if (value === null || typeof value !== 'object') return value
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, resolve(v, [...path, k])]))
  }
  return { parsed: { ...parsed, value: resolve(parsed.value, []) }, fromEnvironment }
}
